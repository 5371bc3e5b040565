"""Measured expansion and heat capacity beside the computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, guard
from properties import reference_vibrations
from properties.plots import thermal_experiment as plots
from properties.results import RelaxResult
from properties.vibrations import measured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from properties.results import StageResult, ThermalResult

NOTHING_KNOWN = (
    "No measured expansion or heat capacity of this crystal comes with the project. The "
    "computed curves are drawn alone."
)
RECALLED = "recalled from handbooks, good to some percent"
OWN = "your file"
QUANTITY, UPLOAD = "experiment_quantity", "experiment_upload"
READ = "read in this source"


def draw(result: ThermalResult, results: Mapping[str, StageResult]) -> None:
    """Draw α(T) and C_p(T) with what is known of the crystal, and cite it."""
    curves = (*_known(results), *_uploaded())
    if not curves:
        components.nothing(NOTHING_KNOWN, icon=":material/info:")
    left, right = st.columns(2, gap="large")
    for column, which in ((left, plots.ALPHA), (right, plots.HEAT)):
        with column:
            st.markdown(f"**{which}**")
            components.plot(plots.chart(result, curves, which), key=f"experiment-{which}")
    for curve in curves:
        st.caption(_citation(curve))


def _citation(curve: reference_vibrations.MeasuredCurve) -> str:
    name = reference_vibrations.QUANTITIES[curve.quantity]
    if curve.source.startswith(OWN):
        return f"{name}: {curve.source}."
    evidence = READ if curve.evidence == "stored" else RECALLED
    return f"{name}: {curve.source} ({evidence})."


def _uploaded() -> tuple[reference_vibrations.MeasuredCurve, ...]:
    """The reader's own table, if one was given."""
    with st.expander("Your own measurement"):
        quantity = st.selectbox(
            "What it is",
            list(reference_vibrations.QUANTITIES),
            format_func=lambda key: reference_vibrations.QUANTITIES[key],
            key=QUANTITY,
        )
        file = st.file_uploader(
            "CSV with a header: temperature (K), value", type=["csv", "txt", "dat"], key=UPLOAD
        )
        if file is None:
            return ()
        with guard.sentences():
            return (measured.read_curve(file.getvalue(), quantity, f"{OWN} {file.name}"),)
        return ()


def _known(
    results: Mapping[str, StageResult],
) -> tuple[reference_vibrations.MeasuredCurve, ...]:
    relaxed = results.get("relax")
    if not isinstance(relaxed, RelaxResult):
        return ()
    return reference_vibrations.curves(relaxed.primitive.formula, relaxed.space_group_number)
