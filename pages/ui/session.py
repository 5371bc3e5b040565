"""Names of what is kept in the browser session, and the address of a job."""

from __future__ import annotations

import streamlit as st

JOB_PARAMETER = "job"
RESULT_PAGE = "pages/result.py"
STRUCTURE_PAGE = "pages/structure.py"
JOBS_PAGE = "pages/jobs.py"
MODELS_PAGE = "pages/models.py"
TENSOR_PAGE = "pages/tensor.py"
TRAINING_PAGE = "pages/training.py"

LAST_JOB = "last_job"
SOURCE = "source"
MODEL = "model"
PRESET = "preset"
PROPERTIES = "properties"
PRESSURE = "pressure"
LABEL = "label"
ENGINE = "engine"
SWEEP, SWEEP_FROM, SWEEP_TO, SWEEP_COUNT = "sweep", "sweep_from", "sweep_to", "sweep_count"
OTHERS = "other_models"
EXTRA = "extra_stage"
BORN = "born"
CELL = "cell"
SEVERAL = "several_cells"
WHICH = "which"
TAB = "tab"
ELASTIC_SECTION = "elastic_section"
TENSOR = "tensor"
TENSOR_DENSITY = "tensor_density"
TENSOR_VOLUME = "tensor_volume"
UNIT = "frequency_unit"
POTENTIALS_SECTION = "potentials_section"
DATA_WAY, DATA_NAME, DATA_FILE = "data_way", "data_name", "data_file"
PLAN, TRAINING_LABEL = "training_plan", "training_label"
TRAINING_KIND = "training_kind"
WANTED_MODEL = "wanted_model"
ATOMS_SECTION = "Atom by atom"
ADMINISTRATOR = "administrator"
ATOMS_COLOUR, ATOMS_AMPLITUDE, ATOMS_JOB = "atoms_colour", "atoms_amplitude", "atoms_job"


def follow_job_address(current: str) -> None:
    """Go to the result page when the front page is called with ``?job=ID``."""
    job_id = st.query_params.get(JOB_PARAMETER)
    if job_id and current == "":
        open_job(job_id)


def open_job(job_id: str) -> None:
    """Go to the page of a job."""
    st.switch_page(RESULT_PAGE, query_params={JOB_PARAMETER: job_id})


def job_in_address() -> str | None:
    """Return the job that the address names, or else the last one of this session."""
    job_id = st.query_params.get(JOB_PARAMETER) or st.session_state.get(LAST_JOB)
    if job_id:
        st.session_state[LAST_JOB] = job_id
        st.query_params[JOB_PARAMETER] = job_id
    return job_id
