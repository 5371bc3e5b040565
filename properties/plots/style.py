"""What all figures share: colours, layout, and how numbers appear on hover.

The colours are those of Okabe and Ito, which people with any common colour
blindness can tell apart; in the place of black, their eighth, which would vanish
on a dark page, stands a violet as far from the others as they are from each other.
Backgrounds are transparent and text takes the page's colour.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from plotly.colors import hex_to_rgb, unlabel_rgb

BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PINK, YELLOW = "#56b4e9", "#cc79a7", "#f0e442"
VIOLET = "#8040e0"
CYCLE = (BLUE, RED, GREEN, ORANGE, PINK, SKY, YELLOW, VIOLET)

NEUTRAL = "#8590a0"
"""Grey with enough contrast on white and on near-black."""

RULE = "rgba(133, 144, 160, 0.55)"
GRID = "rgba(133, 144, 160, 0.18)"
WARNING_FILL = "rgba(213, 94, 0, 0.14)"
DIVERGING = ((0.0, BLUE), (0.5, "#aab2bb"), (1.0, RED))
TINT = ((0.0, BLUE), (0.5, "#d3d9df"), (1.0, RED))
"""Opaque, so that the colour of the numbers on it fits the light and the dark page."""

DARK_INK, LIGHT_INK = "#17202a", "#ffffff"
SEQUENTIAL = "Viridis"

LIGHT = {
    "ambient": 0.42,
    "diffuse": 0.62,
    "specular": 0.2,
    "roughness": 0.3,
    "fresnel": 0.05,
    "facenormalsepsilon": 0,
    "vertexnormalsepsilon": 0,
}
"""The last two stop plotly from taking small triangles for degenerate ones."""

LIGHT_FROM = {"x": -1e4, "y": 2e4, "z": -100}
"""From the upper left: in the orthographic view plotly measures from the eye, z inward."""

AXIS_COLOURS = {"a": RED, "b": GREEN, "c": BLUE}


def finish(figure: go.Figure, height: int = 380, legend: bool = True) -> go.Figure:
    """Give a figure the shared layout and return it."""
    figure.update_layout(
        height=height,
        margin={"l": 64, "r": 16, "t": 34, "b": 52},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0},
        hoverlabel={"namelength": -1},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL, "activecolor": BLUE},
        colorway=list(CYCLE),
    )
    axis = {"gridcolor": GRID, "zerolinecolor": RULE, "linecolor": RULE}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    figure.for_each_xaxis(_powers_of_ten)
    figure.for_each_yaxis(_powers_of_ten)
    return figure


def _powers_of_ten(axis: go.layout.XAxis | go.layout.YAxis) -> None:
    """Write 4 × 10⁻⁵ where plotly would write 40µ; decades of a logarithm stay as they are."""
    if axis.type != "log":
        axis.exponentformat = "power"


def ink(background: str) -> str:
    """Return dark or light ink, whichever contrasts more with a colour ``rgb(r, g, b)``."""
    paper = _luminance(background)
    dark, light = _luminance(DARK_INK), _luminance(LIGHT_INK)
    darker_wins = (paper + 0.05) / (dark + 0.05) > (light + 0.05) / (paper + 0.05)
    return DARK_INK if darker_wins else LIGHT_INK


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2, from 0 (black) to 1 (white)."""
    parts = hex_to_rgb(colour) if colour.startswith("#") else unlabel_rgb(colour)
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in parts)
    ]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def line(colour: str, dash: str = "solid", width: float = 2) -> dict[str, Any]:
    """Return a plotly line style."""
    return {"color": colour, "dash": dash, "width": width}


def hover(x: str, y: str, x_unit: str = "", y_unit: str = "") -> str:
    """Return a hover text of two lines with units; `x` and `y` are ``name:format``."""
    parts = []
    for axis, text, unit in (("x", x, x_unit), ("y", y, y_unit)):
        name, _, form = text.partition(":")
        value = f"%{{{axis}:{form}}}" if form else f"%{{{axis}}}"
        parts.append(f"{name} {value} {unit}".rstrip())
    return "<br>".join(parts) + "<extra>%{fullData.name}</extra>"


def empty(sentence: str, height: int = 200) -> go.Figure:
    """Return a figure that only says why there is nothing to draw."""
    figure = go.Figure()
    figure.add_annotation(text=sentence, showarrow=False, x=0.5, y=0.5, xref="paper")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return finish(figure, height, legend=False)
