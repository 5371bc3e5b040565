"""Measured expansion and heat capacity beside the computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components
from properties import reference_vibrations
from properties.plots import thermal_experiment as plots
from properties.results import RelaxResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from properties.results import StageResult, ThermalResult

NOTHING_KNOWN = (
    "No measured expansion or heat capacity of this crystal comes with the project. The "
    "computed curves are drawn alone."
)
RECALLED = "recalled from handbooks, good to some percent"
READ = "read in this source"


def draw(result: ThermalResult, results: Mapping[str, StageResult]) -> None:
    """Draw α(T) and C_p(T) with what is known of the crystal, and cite it."""
    curves = _known(results)
    if not curves:
        components.nothing(NOTHING_KNOWN, icon=":material/info:")
    left, right = st.columns(2, gap="large")
    for column, which in ((left, plots.ALPHA), (right, plots.HEAT)):
        with column:
            st.markdown(f"**{which}**")
            components.plot(plots.chart(result, curves, which), key=f"experiment-{which}")
    for curve in curves:
        evidence = READ if curve.evidence == "stored" else RECALLED
        st.caption(
            f"{reference_vibrations.QUANTITIES[curve.quantity]}: {curve.source} ({evidence})."
        )


def _known(
    results: Mapping[str, StageResult],
) -> tuple[reference_vibrations.MeasuredCurve, ...]:
    relaxed = results.get("relax")
    if not isinstance(relaxed, RelaxResult):
        return ()
    return reference_vibrations.curves(relaxed.primitive.formula, relaxed.space_group_number)
