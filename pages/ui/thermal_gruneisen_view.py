"""Grüneisen parameters of modes on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, phonons_view, text
from properties.plots import thermal as plots
from properties.plots import thermal_gruneisen
from properties.results import PhononResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from properties.results import StageResult, ThermalResult

BY_GAMMA, BY_VOLUME = "Coloured by γ", "At each volume"
LOOK = "thermal_gruneisen_look"
AT_GAMMA = (
    "At Γ the parameter of a sound wave depends on its direction: the value of each line is "
    "that of its own direction, a little away from Γ."
)


def draw(result: ThermalResult, results: Mapping[str, StageResult]) -> None:
    """Draw the parameters on the dispersion, against frequency and against temperature."""
    st.markdown("**Grüneisen parameter of each mode**, −d ln ω / d ln V")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        unit = phonons_view.unit_switch("gruneisen")
        look = _look(result)
    left, right = st.columns(2, gap="large")
    path = results.get("phonons")
    if isinstance(path, PhononResult):
        with left:
            _dispersion(result, path, unit, look)
    with right:
        components.plot(
            thermal_gruneisen.gruneisen_scatter(result, unit),
            key="gruneisen-scatter",
            caption="The larger a mark, the more equivalent q-points it stands for.",
        )
    components.plot(
        plots.gruneisen(result),
        key="gruneisen-thermodynamic",
        caption="The mean is that of modes at the relaxed cell; α V B/C_V belongs to V(T), and "
        "departs from it as the crystal grows.",
    )


def _look(result: ThermalResult) -> str:
    if not result.band_volume_frequency_thz.size:
        return BY_GAMMA
    chosen = st.segmented_control(
        "Dispersion",
        [BY_GAMMA, BY_VOLUME],
        default=BY_GAMMA,
        required=True,
        key=LOOK,
        label_visibility="collapsed",
    )
    return str(chosen)


def _dispersion(result: ThermalResult, path: PhononResult, unit: str, look: str) -> None:
    if look == BY_VOLUME:
        components.plot(
            thermal_gruneisen.bands_at_volumes(result, path, unit), key="bands-volumes"
        )
        return
    components.plot(
        thermal_gruneisen.gruneisen_bands(result, path, unit),
        key="gruneisen-bands",
        caption=f"{_colours_in_words(result)} {AT_GAMMA}",
    )


def _colours_in_words(result: ThermalResult) -> str:
    ends = thermal_gruneisen.colour_range(result.band_gruneisen)
    low, high = (text.fixed(end, 2) for end in ends)
    return (
        f"Colours run from γ = {low} to {high}; the few modes beyond take the colour of the "
        "end. Point at a mode for its own γ."
    )
