"""The files of a job to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, stored, text

if TYPE_CHECKING:
    from jobs.store import Job

WHAT = {
    "result.json": "all numbers and checks, for programs",
    "relaxed.cif": "the relaxed crystal",
    "POSCAR": "the relaxed crystal for VASP and others",
    "elastic.csv": "elastic tensor, relaxed and clamped ions",
    "elastic_pressure.csv": "elastic constants and volume against pressure",
    "bands.csv": "phonon dispersion",
    "dos.csv": "phonon density of states",
    "phonon_thermal.csv": "harmonic free energy, entropy, heat capacity",
    "phonopy_params.yaml": "force constants for phonopy",
    "thermal.csv": "expansion, bulk modulus, heat capacity against temperature",
}


def draw(job: Job) -> None:
    """Draw a download button for each file, and one for all."""
    paths = job.files()
    if not paths:
        components.nothing("There are no files yet; they are written as the parts finish.")
        return
    st.download_button(
        "Everything as one zip",
        data=lambda: stored.zipped(paths),
        file_name=f"{job.spec.structure.formula}-{job.id[:8]}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        type="primary",
        on_click="ignore",
        key="download-zip",
    )
    for path in paths:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                path.name,
                data=path.read_bytes,
                file_name=path.name,
                icon=":material/download:",
                on_click="ignore",
                key=f"download-{path.name}",
            )
            st.caption(
                f"{WHAT.get(path.name, '')} · {text.megabytes(path.stat().st_size)}".lstrip(
                    " ·"
                )
            )
