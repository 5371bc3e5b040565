"""Elastic constants over a range of pressures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.plots import elastic_series as plots

if TYPE_CHECKING:
    from properties.elasticity.series import PressureResult

NOT_ASKED = (
    "No range of pressures was asked for. Under *More elastic constants* of a new calculation "
    "you can choose one: the crystal is relaxed at each pressure, and its constants are drawn "
    "here."
)
WHICH = (
    "Under load, several kinds of elastic constants differ. These are the coefficients of "
    "stress against strain (Birch, Wallace), the second derivatives of the enthalpy: they give "
    "the compressibility under load, and the crystal is stable where "
    "all their eigenvalues are positive."
)


def draw(result: PressureResult | None, why_missing: str | None) -> None:
    """Draw constants, averages and volume, and what went wrong where."""
    if result is None:
        components.nothing(why_missing or NOT_ASKED, icon=":material/compress:")
        return
    components.check_badges(result.checks)
    components.failed_notice([check for check in result.checks if not check.passed])
    components.figures(_limits(result))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Independent constants**")
        components.plot(plots.constants(result), key="pressure-constants")
    with right:
        st.markdown("**Averages and stability**")
        components.plot(plots.averages(result), key="pressure-averages")
    st.caption(WHICH)
    left, right = st.columns([3, 2], gap="large")
    with left:
        components.table(_rows(result))
    with right:
        components.plot(plots.volume(result), key="pressure-volume")


def _limits(result: PressureResult) -> list[components.Figure]:
    first, last = result.pressures_gpa[[0, -1]]
    spans = [text.span(start, end, 1, "GPa") for start, end in result.unstable_ranges_gpa]
    return [
        components.Figure("Range", text.span(first, last, 1, "GPa"), "As computed"),
        components.Figure(
            "Unstable at",
            "; ".join(spans) or "no pressure in it",
            "Where the smallest eigenvalue or the softest internal force constant is negative. "
            "Ends within the range are interpolated between the pressures computed: take them "
            "as no better than half a step.",
        ),
    ]


def _rows(result: PressureResult) -> list[dict[str, str]]:
    constants = result.constants_gpa
    return [
        {
            "Pressure (GPa)": text.fixed(pressure, 2),
            "Volume (Å³/atom)": text.fixed(result.volume_per_atom_a3[k], 3),
            **{f"{name} (GPa)": text.fixed(values[k], 1) for name, values in constants.items()},
            "Remark": text.sentence(result.problems[k]),
        }
        for k, pressure in enumerate(result.pressures_gpa)
    ]
