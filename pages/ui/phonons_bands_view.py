"""Dispersion, density of states and the motion of a mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, mode_player
from properties.plots import committee as committee_plots
from properties.plots import phonons as plots
from properties.plots import phonons_colour

if TYPE_CHECKING:
    from properties.committee.result import CommitteeResult
    from properties.crystal import Crystal
    from properties.plots.phonons_colour import Colouring
    from properties.results import PhononResult, ThermalResult

PLAIN, SPEED, GRUNEISEN, SHARE = "Plain", "Group velocity", "Grüneisen", "Share of "
DOS_TITLES = {
    plots.TOTAL: "DOS: total",
    plots.BY_ELEMENT: "DOS: by element",
    plots.BY_SITE: "DOS: by site",
}
CHART = "bands"
BAND_HELP = (
    "How far the members of the committee are apart at each q-point: their standard deviation, "
    "calibrated where the model is. See the tab Uncertainty."
)


@dataclass(frozen=True)
class Look:
    """How bands and density of states are drawn."""

    colouring: Colouring | None
    dos: str
    committee: CommitteeResult | None = None


def choose(
    result: PhononResult,
    crystal: Crystal | None,
    thermal: ThermalResult | None,
    committee: CommitteeResult | None,
) -> Look:
    """Let the user choose the colours, as far as the result has values for them."""
    known = _colourings(result, crystal, thermal)
    colour = st.selectbox(
        "Colour of the bands",
        [PLAIN, *known],
        key="phonon-colour",
        format_func=lambda name: f"Bands: {name[:1].lower()}{name[1:]}",
        label_visibility="collapsed",
        width=230,
        disabled=not known,
    )
    projected = crystal is not None and result.projected_dos_per_thz.size > 0
    dos = st.selectbox(
        "Density of states",
        list(DOS_TITLES) if projected else [plots.TOTAL],
        index=int(projected and len(set(crystal.symbols if crystal else ())) > 1),
        key="phonon-dos",
        format_func=DOS_TITLES.__getitem__,
        label_visibility="collapsed",
        width=180,
        disabled=not projected,
    )
    if committee is None or not committee.band_frequency_thz.size:
        return Look(known.get(str(colour)), str(dos))
    banded = st.toggle("± of the committee", True, key="phonon-doubt", help=BAND_HELP)
    return Look(known.get(str(colour)), str(dos), committee if banded else None)


def _colourings(
    result: PhononResult, crystal: Crystal | None, thermal: ThermalResult | None
) -> dict[str, Colouring]:
    found = {
        SPEED: phonons_colour.group_speed(result),
        GRUNEISEN: phonons_colour.gruneisen(result, thermal),
    }
    elements = phonons_colour.element_colours(crystal) if crystal else {}
    if crystal is not None and len(elements) > 1:
        for symbol in elements:
            found[SHARE + symbol] = phonons_colour.element_share(result, crystal, symbol)
    return {name: colouring for name, colouring in found.items() if colouring is not None}


def draw(result: PhononResult, crystal: Crystal | None, unit: str, look: Look) -> None:
    """Draw the chart, and beside it the player that shows the mode clicked."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        doubt = look.committee and committee_plots.dispersion_band(result, look.committee, unit)
        chart = plots.bands_and_dos(
            result,
            unit,
            crystal=crystal,
            dos=look.dos,
            colouring=look.colouring,
            band=doubt,
        )
        components.plot(chart, key=CHART)
    with right:
        if crystal is not None:
            mode_player.draw(result, crystal, key="player", chart_key=CHART)
