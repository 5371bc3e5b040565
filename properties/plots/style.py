"""What all figures share: colours, layout, and how numbers appear on hover.

The colours are those of Okabe and Ito, which people with any common colour
blindness can tell apart; black, their eighth, would vanish on a dark page.
Backgrounds are transparent and text takes the page's colour.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PINK, YELLOW = "#56b4e9", "#cc79a7", "#f0e442"
CYCLE = (BLUE, RED, GREEN, ORANGE, PINK, SKY, YELLOW)

NEUTRAL = "#8590a0"
"""Grey with enough contrast on white and on near-black."""

RULE = "rgba(133, 144, 160, 0.55)"
GRID = "rgba(133, 144, 160, 0.18)"
WARNING_FILL = "rgba(213, 94, 0, 0.14)"
DIVERGING = ((0.0, BLUE), (0.5, "#aab2bb"), (1.0, RED))
TINT = (
    (0.0, "rgba(0, 114, 178, 0.85)"),
    (0.5, "rgba(133, 144, 160, 0.08)"),
    (1.0, "rgba(213, 94, 0, 0.85)"),
)
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
    figure.update_xaxes(gridcolor=GRID, zerolinecolor=RULE, linecolor=RULE)
    figure.update_yaxes(gridcolor=GRID, zerolinecolor=RULE, linecolor=RULE)
    return figure


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
