"""The mode player: click a band of the dispersion, and the atoms move that way.

Everything after the first drawing happens in the browser: the eigenvectors are sent once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components
from properties.vibrations import player

if TYPE_CHECKING:
    from properties.crystal import Crystal
    from properties.results import PhononResult

FOLDER = Path(__file__).parent
SCRIPTS = (
    "algebra",
    "motion",
    "scene",
    "shaders",
    "renderer",
    "camera",
    "chart",
    "words",
    "gif",
    "exports",
    "controls",
    "main",
)
"""In the order in which they need each other."""

NAME = "lattice-lab-mode-player"
NOT_KEPT = (
    "How the atoms move was not kept by this older calculation. Compute it again to see its "
    "modes."
)
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def script() -> str:
    """Return the player as one script: its files without what they say of each other."""
    parts = (_text(f"{name}.js") for name in SCRIPTS)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", part)) for part in parts)


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    NAME, html=_text("player.html"), css=_text("player.css"), js=script()
)


def draw(result: PhononResult, crystal: Crystal, key: str, chart_key: str) -> None:
    """Show the moving atoms of a mode, to be chosen here or by a click on the dispersion.

    Parameters
    ----------
    crystal
        Relaxed primitive cell to which the result belongs.
    key
        Key of the player.
    chart_key
        Key of the chart of the dispersion on the same page. Its bands carry their number,
        from 1, as ``meta``, and the index of each point in ``band_qpoints`` as fourth
        column of ``customdata``.
    """
    if not player.has_modes(result):
        components.nothing(NOT_KEPT, icon=":material/history:")
        return
    _mount(key=key, data={**player.payload(result, crystal), "chart": chart_key})
