"""The job store and the stored results, kept in memory between reruns."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import streamlit as st

from jobs.settings import models_folder
from jobs.store import JobStore
from jobs.tasks import EVALUATION, TRAINING
from properties.results import RESULT_TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from jobs.store import Job
    from jobs.training import Trained
    from properties.atom_energies import AtomEnergies
    from properties.results import StageResult

ACTIVE = frozenset({"queued", "running"})


@st.cache_resource(show_spinner=False)
def store() -> JobStore:
    """Return the one store of this server."""
    found = JobStore.default()
    models_folder(found.root)
    return found


def stage_path(job: Job, stage: str) -> Path:
    """Return where the result of a stage is, or will be."""
    return job.folder / "stages" / f"{stage}.json"


def stage_version(job: Job, stage: str) -> int:
    """Return the time of the stored result in nanoseconds, 0 while there is none."""
    path = stage_path(job, stage)
    return path.stat().st_mtime_ns if path.is_file() else 0


def result(job: Job, stage: str) -> StageResult | None:
    """Return the result of a stage, read once for each version of its file."""
    version = stage_version(job, stage)
    return _result(job.id, stage, version, job) if version else None


@st.cache_resource(show_spinner=False, max_entries=64)
def _result(job_id: str, stage: str, version: int, _job: Job) -> StageResult | None:
    return _job.result(stage)


def atoms(job: Job) -> AtomEnergies | None:
    """Return the result of an evaluation, read once for each version of its file."""
    version = stage_version(job, EVALUATION)
    return _atoms(job.id, version, job) if version else None


@st.cache_resource(show_spinner=False, max_entries=32)
def _atoms(job_id: str, version: int, _job: Job) -> AtomEnergies | None:
    return _job.atoms()


def trained(job: Job) -> Trained | None:
    """Return what came out of a training, read once for each version of its file."""
    version = stage_version(job, TRAINING)
    return _trained(job.id, version, job) if version else None


@st.cache_resource(show_spinner=False, max_entries=32)
def _trained(job_id: str, version: int, _job: Job) -> Trained | None:
    return _job.trained()


def results(job: Job) -> dict[str, StageResult]:
    """Return the results that there are, in the order of the stages."""
    found = {stage: result(job, stage) for stage in RESULT_TYPES}
    return {stage: value for stage, value in found.items() if value is not None}


def signature(job: Job) -> tuple[object, ...]:
    """Return what must change for the page to be drawn anew."""
    return (job.state, *(stage_version(job, stage) for stage in job.stages))


def zipped(paths: tuple[Path, ...]) -> bytes:
    """Return the files as one archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.name)
    return buffer.getvalue()
