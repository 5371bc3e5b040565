"""Phonons on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, session, text
from properties.plots import phonons as plots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobs.store import Job
    from properties.checks import Check
    from properties.results import PhononResult, StageResult


def draw(
    _job: Job,
    result: PhononResult,
    failed: Sequence[Check],
    _results: Mapping[str, StageResult],
    _why_missing: Mapping[str, str],
) -> None:
    """Draw dispersion, density of states and thermodynamics."""
    components.figures(_figures(result), failed)
    unit = unit_switch("phonons")
    components.plot(plots.bands_and_dos(result, unit), key="bands")
    st.markdown("**Harmonic thermodynamics**, per mole of primitive cells")
    names = ("free-energy", "entropy", "heat-capacity")
    panels = plots.thermodynamics(result)
    for column, name, figure in zip(st.columns(3), names, panels, strict=True):
        with column:
            components.plot(figure, key=f"harmonic-{name}")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Frequencies at Γ**")
        components.table(plots.gamma_rows(result))
    with right:
        st.markdown("**How they were computed**")
        components.table(_method(result))


def unit_switch(key: str) -> str:
    """Let the user choose the unit of frequencies."""
    return str(
        st.segmented_control(
            "Unit of frequency",
            tuple(plots.FREQUENCY_UNITS),
            default="THz",
            required=True,
            key=f"{session.UNIT}-{key}",
            label_visibility="collapsed",
        )
    )


def _figures(result: PhononResult) -> list[components.Figure]:
    return [
        components.Figure("Highest frequency", text.fixed(result.max_frequency_thz, 2, "THz")),
        components.Figure(
            "Lowest frequency",
            text.fixed(result.min_frequency_thz, 2, "THz"),
            "Imaginary frequencies are shown as negative numbers.",
        ),
        components.Figure(
            "Cᵥ at 300 K",
            text.fixed(result.heat_capacity_300k_j_per_mol_atoms_k, 2, "J/(mol K)"),
            "Per mole of atoms",
        ),
        components.Figure(
            "Zero-point energy",
            text.fixed(result.zero_point_energy_kj_per_mol, 2, "kJ/mol"),
            "Per mole of primitive cells",
        ),
    ]


def _method(result: PhononResult) -> list[dict[str, str]]:
    length = text.fixed(result.supercell_length_a, 1, "Å")
    wanted = text.fixed(result.supercell_length_wanted_a, 1, "Å")
    matrix = "; ".join(" ".join(map(str, row)) for row in result.supercell_matrix.tolist())
    residual = text.short(result.acoustic_sum_rule_residual_thz, "THz", 2)
    rows = {
        "Supercell": f"{result.supercell_n_atoms} atoms, matrix ({matrix})",
        "Shortest vector": f"{length} ({wanted} asked for)",
        "Displacements": str(result.n_displacements),
        "Acoustic modes at Γ before the sum rule": residual,
    }
    return [{"": name, "Value": value} for name, value in rows.items()]
