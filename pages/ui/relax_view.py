"""The relaxed crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, crystal_view, text
from properties.plots import relax as plots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from properties.results import Check, RelaxResult, StageResult

PARAMETERS = {
    "a": ("a (Å)", 4),
    "b": ("b (Å)", 4),
    "c": ("c (Å)", 4),
    "alpha": ("α (°)", 2),
    "beta": ("β (°)", 2),
    "gamma": ("γ (°)", 2),
}


def draw(
    result: RelaxResult, failed: Sequence[Check], _results: Mapping[str, StageResult]
) -> None:
    """Draw the crystal, its cell before and after, and the way there."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        cells = (crystal_view.CONVENTIONAL, crystal_view.PRIMITIVE)
        crystal_view.viewer(result.conventional, key="relaxed", cells=cells)
    with right:
        components.figures(
            (
                components.Figure(
                    "Space group",
                    text.space_group(result.space_group_symbol),
                    f"Number {result.space_group_number}",
                ),
                components.Figure(
                    "Energy", text.fixed(result.energy_per_atom_ev, 4, "eV/atom")
                ),
                components.Figure(
                    "Volume", text.fixed(result.volume_per_atom_a3, 3, "Å³/atom")
                ),
                components.Figure(
                    "Density",
                    text.fixed(result.conventional.density_kg_per_m3 * 1e-3, 3, "g/cm³"),
                ),
                components.Figure(
                    "Largest force", text.short(result.max_force_ev_per_a, "eV/Å", 2)
                ),
                components.Figure(
                    "Residual stress", text.short(result.max_stress_gpa, "GPa", 2)
                ),
            ),
            failed,
            columns=2,
        )
    st.markdown("**Conventional cell**")
    components.table(
        [_row("as given", result.initial_lattice), _row("relaxed", result.lattice)]
    )
    st.markdown("**Relaxation**")
    names = ("energy", "force", "stress")
    for column, name, figure in zip(st.columns(3), names, plots.history(result), strict=True):
        with column:
            components.plot(figure, key=f"relax-{name}")


def _row(name: str, lattice: Mapping[str, float]) -> dict[str, str]:
    values = {
        title: text.fixed(lattice[key], decimals)
        for key, (title, decimals) in PARAMETERS.items()
    }
    return {"Cell": name, **values}
