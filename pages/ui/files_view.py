"""The files of a job to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, stored, text

if TYPE_CHECKING:
    from pathlib import Path

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
    "phonopy_params.yaml": "force constants and Born charges for phonopy: all in one",
    "phonopy_disp.yaml": "cells and displacements for phonopy",
    "FORCE_SETS": "forces on the displaced cells for phonopy",
    "BORN": "Born charges and dielectric tensor for phonopy",
    "band.yaml": "phonon dispersion as phonopy writes it",
    "mesh.hdf5": "frequencies on the mesh as phonopy writes them",
    "total_dos.dat": "density of states as phonopy writes it",
    "thermal_properties.yaml": "harmonic functions as phonopy writes them",
    "e-v.dat": "energy against volume for phonopy-qha, per atom",
    "projected_dos.dat": "density of states of each atom as phonopy writes it",
    "thermal_properties.yaml-N": "harmonic functions of the N-th volume for phonopy-qha",
    "volumes.csv": "sampled volumes and their energies",
    "committee.csv": "final numbers of each member, with their spread",
    "committee_bands.csv": "phonon dispersion with the spread of each band",
    "committee_thermal.csv": "expansion of each member against temperature",
    "report.json": "settings, split and errors of the training, for programs",
    "history.json": "errors of every member after every epoch",
    "parity.npz": "labels, answers and spread of every structure, for numpy",
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
        file_name=f"{job.formula}-{job.id[:8]}.zip",
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
            size = text.megabytes(path.stat().st_size)
            st.caption(f"{_what(path)} · {size}".lstrip(" ·"))


def _what(path: Path) -> str:
    """Say what a file holds."""
    if path.suffix == ".safetensors":
        return "the potential: for python -m properties --model FILE, and other servers"
    return WHAT.get(_kind(path.name), "")


def _kind(name: str) -> str:
    """Name of a file with the number of a volume taken out."""
    stem, dash, number = name.rpartition("-")
    return f"{stem}-N" if dash and number.isdigit() else name
