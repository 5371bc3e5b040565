"""Expansion along the axes of the conventional cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.plots import thermal as plots
from properties.plots import thermal_gruneisen
from properties.vibrations.thermal_result import AXES_BY_GRUNEISEN, EQUAL_AXES

if TYPE_CHECKING:
    from properties.results import ThermalResult

WITH_SHAPE = (
    "The volume comes from the equation of state. At fixed volume the shape gives way to the "
    "stress of the vibrations: Grüneisen functions of the axes, γⱼ = (1/C_V) ∂S/∂εⱼ from cells "
    "strained by ±1 % along each axis with the ions at rest, act through the static compliance "
    "for changes of shape. This is linear in the change of shape: it assumes that stiffness "
    "and γⱼ stay those of the relaxed cell."
)
STATIC_SHAPE = (
    "Quasistatic: at each volume the cell has the shape of least static energy, so that the "
    "vibrations act on the volume alone. Where they pull harder at one axis than at another, "
    "this misses it."
)
CUBIC = "All axes are equal by symmetry: each expands by a third of the volume expansion."
LINES = (
    "Dashed: as reported. Dotted: quasistatic, without the action of the vibrations on the "
    "shape. Dash-dotted: linear response alone, α = S·γ C_V/V of the relaxed cell."
)


def draw(result: ThermalResult) -> None:
    """Draw lattice constants, expansion of each axis, and what it rests on."""
    st.markdown(f"**Method:** {_method(result)}")
    left, right = st.columns(2, gap="large")
    with left:
        caption = LINES if result.axes is not None else ""
        components.plot(plots.expansion_routes(result), key="expansion-axes", caption=caption)
    with right:
        if result.lattice_a:
            components.plot(plots.lattice(result), key="lattice-axes")
        if result.axes is not None:
            components.plot(thermal_gruneisen.of_axes(result), key="gruneisen-axes")
    components.table([_row(row) for row in plots.axis_rows(result)])


def _method(result: ThermalResult) -> str:
    if result.axis_method == AXES_BY_GRUNEISEN:
        return WITH_SHAPE
    if result.axis_method == EQUAL_AXES:
        return CUBIC
    return f"{STATIC_SHAPE} {text.sentence(result.axis_note)}".rstrip()


def _row(row: dict[str, float]) -> dict[str, str]:
    written = {"T (K)": text.fixed(row["temperatures_k"], 0)}
    for axis in "abc":
        written[f"{axis} (Å)"] = text.fixed(row[f"{axis}_a"], 5)
    for axis in "abc":
        alpha = text.PER_MILLION * row[f"alpha_{axis}_per_k"]
        written[f"α {axis} (10⁻⁶/K)"] = text.fixed(alpha, 2)
    return written
