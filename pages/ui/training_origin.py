"""Where training data come from, in the words of their file, set as one writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping

CITATION, K_POINTS = "citation", "k_points"
HERE = "this project (CITATION.cff)"
_OURS = re.compile(r"(Lattice Lab, )?computed for this project")
_TIMES = re.compile(r"(?<=\d)x(?=\d)")


def citation(written: str) -> str:
    """Return what to cite; for data of our own, the file of the project that says it."""
    return _OURS.sub(HERE, written)


def k_points(written: str) -> str:
    """Return a sampling of the Brillouin zone with true signs: ``4×4×4 without Γ``."""
    return _TIMES.sub("×", written).replace("Gamma", "Γ")


def draw(settings: Mapping[str, Any], titles: Mapping[str, str]) -> None:
    """Show the settings of a data set that are known, each under its title."""
    written = {CITATION: citation, K_POINTS: k_points}
    known = [
        f":gray[{title}:] {written.get(key, str)(str(settings[key]))}"
        for key, title in titles.items()
        if settings.get(key)
    ]
    if known:
        st.markdown("  \n".join(known))
