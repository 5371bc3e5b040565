"""Elastic quantities in the three planes of a tensor's axes, as polar plots."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.elasticity import directions
from properties.plots import elastic_sheets, style
from properties.plots.elastic_sheets import Drawable, Look, Sheet, Wave

FloatArray = NDArray[np.float64]

PLANES = {
    "xy": (0.0, 0.0, 1.0),
    "xz": (0.0, -1.0, 0.0),
    "yz": (1.0, 0.0, 0.0),
}
"""Planes with the normals that make their angles count from the first axis to the second."""

ANGLES, RAY_ANGLES = 361, 1441
"""Points of a curve; of one of group velocities more, for these turn fast at their folds."""

JUMP = 0.05
"""Where two waves are equally fast, slow and fast one change places and the group velocity
jumps: neighbours further apart than this part of the largest are not joined."""

ROOM = 1.06
TICK_DEG = 30


def figures(
    what: Drawable,
    stiffness_gpa: FloatArray,
    density_kg_per_m3: float | None = None,
    height: int = 360,
) -> dict[str, go.Figure]:
    """Draw a quantity in the planes xy, xz and yz, all on one scale.

    Negative values are drawn at their size in another colour. Group velocities are
    projected on the plane.

    Parameters
    ----------
    stiffness_gpa
        Positive definite, (6, 6).
    density_kg_per_m3
        Needed for waves.
    """
    count = RAY_ANGLES if what is Wave.GROUP else ANGLES
    found = {
        plane: elastic_sheets.sheets(what, stiffness_gpa, density_kg_per_m3, unit)
        for plane, (_, unit) in ((p, _directions(p, count)) for p in PLANES)
    }
    reach = ROOM * max(
        float(_polar(sheet, plane)[0].max()) for plane, all_ in found.items() for sheet in all_
    )
    look = elastic_sheets.LOOKS[what]
    return {
        plane: _figure(plane, sheets, look, reach, height) for plane, sheets in found.items()
    }


def _directions(plane: str, count: int) -> tuple[FloatArray, FloatArray]:
    return directions.plane_directions(np.array(PLANES[plane]), count)


def _polar(sheet: Sheet, plane: str) -> tuple[FloatArray, FloatArray]:
    """Distance and angle in degrees of the drawn places in their plane."""
    first, second = ("xyz".index(letter) for letter in plane)
    u, v = sheet.places[..., first], sheet.places[..., second]
    return np.hypot(u, v), np.mod(np.degrees(np.arctan2(v, u)), 360)


def _figure(
    plane: str, sheets: tuple[Sheet, ...], look: Look, reach: float, height: int
) -> go.Figure:
    drawn = go.Figure()
    for sheet in sheets:
        for trace in _curves(sheet, plane, look):
            drawn.add_trace(trace)
    several = len(drawn.data) > 1
    style.finish(drawn, height, legend=several)
    drawn.update_layout(
        polar=_polar_axes(plane, look, reach),
        margin={"l": 34, "r": 34, "t": 30, "b": 34},
        legend={"orientation": "h", "y": -0.1, "yanchor": "top", "x": 0.5, "xanchor": "center"},
        uirevision=f"{look.title}-{plane}",
    )
    return drawn


def _curves(sheet: Sheet, plane: str, look: Look) -> list[go.Scatterpolar]:
    """One curve, and where some values are negative a second one for these."""
    distance, angle = _polar(sheet, plane)
    normal, _ = _directions(plane, len(sheet.values))
    data = np.stack([sheet.values, np.mod(np.degrees(normal), 360)], axis=-1)
    steps = np.linalg.norm(np.diff(sheet.places, axis=0, prepend=sheet.places[:1]), axis=-1)
    distance = np.where(steps > JUMP * distance.max(), np.nan, distance)
    name = f"{sheet.name} {look.symbol}".strip()
    negative = sheet.values < 0
    curves = []
    dashed = "dot" if sheet.name == elastic_sheets.LARGEST else "solid"
    for part, title, colour, dash in (
        (~negative, name, sheet.colour, "solid"),
        (negative, f"{name}, negative", elastic_sheets.NEGATIVE_COLOUR, dashed),
    ):
        if part.any():
            curves.append(
                go.Scatterpolar(
                    r=np.where(part, distance, np.nan).astype(np.float32),
                    theta=angle.astype(np.float32),
                    customdata=data.astype(np.float32),
                    mode="lines",
                    line=style.line(colour, dash, width=2.5),
                    name=title,
                    hovertemplate=_hover(look),
                )
            )
    return curves


def _hover(look: Look) -> str:
    value = f"{look.symbol} = %{{customdata[0]:.{look.decimals}f}} {look.unit}".rstrip()
    return f"{value}<br>at %{{customdata[1]:.0f}}°<extra>%{{fullData.name}}</extra>"


def _polar_axes(plane: str, look: Look, reach: float) -> dict[str, Any]:
    ticks = list(range(0, 360, TICK_DEG))
    first, second = plane[0], plane[1]
    ends = {0: f"<b>{first}</b>", 90: f"<b>{second}</b>", 180: f"<b>−{first}</b>"}
    ends |= {270: f"<b>−{second}</b>"}
    return {
        "bgcolor": "rgba(0,0,0,0)",
        "radialaxis": {
            "range": [0, reach],
            "angle": 90 - TICK_DEG / 2,
            "tickangle": 90 - TICK_DEG / 2,
            "nticks": 5,
            "gridcolor": style.GRID,
            "linecolor": style.RULE,
            "tickfont": {"size": 11},
        },
        "angularaxis": {
            "tickvals": ticks,
            "ticktext": [ends.get(tick, f"{tick}°") for tick in ticks],
            "gridcolor": style.GRID,
            "linecolor": style.RULE,
        },
    }
