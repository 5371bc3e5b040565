"""The relaxed crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, crystal_view, text
from properties.plots import relax as plots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.checks import Check
    from properties.results import RelaxResult

PER_CM3 = 1e-3
PARAMETERS = {
    "a": ("a (Å)", 4),
    "b": ("b (Å)", 4),
    "c": ("c (Å)", 4),
    "alpha": ("α (°)", 2),
    "beta": ("β (°)", 2),
    "gamma": ("γ (°)", 2),
}


def draw(result: RelaxResult, failed: Sequence[Check]) -> None:
    """Draw the crystal, its cell before and after, and the way there."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        cells = (crystal_view.CONVENTIONAL, crystal_view.PRIMITIVE)
        crystal_view.viewer(result.conventional, key="relaxed", cells=cells)
    with right:
        components.figures(_figures(result), failed)
        st.markdown("**Conventional cell**")
        components.table(_cell_rows(result))
    st.markdown("**Relaxation**")
    names = ("energy", "force", "stress")
    for column, name, figure in zip(st.columns(3), names, plots.history(result), strict=True):
        with column:
            components.plot(figure, key=f"relax-{name}")


def _figures(result: RelaxResult) -> list[components.Figure]:
    density = PER_CM3 * result.conventional.density_kg_per_m3
    return [
        components.Figure(
            "Space group",
            text.space_group(result.space_group_symbol),
            f"Number {result.space_group_number}",
        ),
        components.Figure("Energy", text.fixed(result.energy_per_atom_ev, 4, "eV/atom")),
        components.Figure("Volume", text.fixed(result.volume_per_atom_a3, 3, "Å³/atom")),
        components.Figure("Density", text.fixed(density, 3, "g/cm³")),
        components.Figure("Largest force", _force(result.max_force_ev_per_a)),
        components.Figure("Residual stress", text.short(result.max_stress_gpa, "GPa", 2)),
    ]


def _force(value: float) -> str:
    if value < plots.ZERO_FORCE_EV_PER_A:
        return "0 (by symmetry)"
    return text.short(value, "eV/Å", 2)


def _cell_rows(result: RelaxResult) -> list[dict[str, str]]:
    return [
        {
            "": title,
            "As given": text.fixed(result.initial_lattice[key], decimals),
            "Relaxed": text.fixed(result.lattice[key], decimals),
        }
        for key, (title, decimals) in PARAMETERS.items()
    ]
