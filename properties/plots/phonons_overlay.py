"""Several dispersions and measured points on one path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style
from properties.plots.phonons import (
    DIGITS,
    FREQUENCY_UNITS,
    draw_path,
    shade_imaginary,
    with_breaks,
)
from properties.results import PhononResult
from properties.vibrations.band_overlay import Placed, PlacedPoints, on_same_points

FloatArray = NDArray[np.float64]

COLOURS = (style.RED, style.GREEN, style.ORANGE, style.PINK, style.SKY, style.YELLOW)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")
EMPTY_BELOW = -0.015


def overlay(
    result: PhononResult,
    own_name: str,
    others: Sequence[Placed],
    points: Sequence[PlacedPoints],
    unit: str = "THz",
    height: int = 520,
) -> go.Figure:
    """Draw a result with other dispersions and points on its path."""
    figure = go.Figure()
    own = on_same_points(own_name, result, result.band_frequency_thz)
    for k, other in enumerate(others):
        figure.add_trace(_lines(other, unit, COLOURS[k % len(COLOURS)], 1.4))
    figure.add_trace(_lines(own, unit, style.BLUE, 2.0))
    for k, found in enumerate(points):
        figure.add_trace(_points(found, unit, SYMBOLS[k % len(SYMBOLS)]))
    draw_path(figure, result)
    low, high = _range(result, others, points, unit)
    figure.update_yaxes(title=f"frequency ({unit})", range=[low, high])
    if result.imaginary:
        shade_imaginary(figure, low)
    style.finish(figure, height)
    legend = {"orientation": "h", "y": -0.1, "yanchor": "top", "x": 0, "traceorder": "reversed"}
    return figure.update_layout(uirevision=unit, hovermode="closest", legend=legend)


def _lines(placed: Placed, unit: str, colour: str, width: float) -> go.Scatter:
    """All bands of a dispersion as one broken line."""
    distance = with_breaks(placed.distance, placed.segment_start)
    frequency = with_breaks(FREQUENCY_UNITS[unit] * placed.frequency_thz, placed.segment_start)
    gap = np.full((1, frequency.shape[1]), np.nan)
    rows = np.vstack([frequency, gap])
    return go.Scatter(
        x=np.tile(np.append(distance, np.nan), rows.shape[1]),
        y=rows.T.ravel(),
        mode="lines",
        line=style.line(colour, width=width),
        name=placed.name,
        hovertemplate=f"%{{y:{DIGITS[unit]}}} {unit}<extra>%{{fullData.name}}</extra>",
    )


def _points(found: PlacedPoints, unit: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=found.distance,
        y=FREQUENCY_UNITS[unit] * found.frequency_thz,
        mode="markers",
        marker={
            "symbol": symbol,
            "size": 9,
            "color": "rgba(230, 159, 0, 0.9)",
            "line": {"color": style.NEUTRAL, "width": 1},
        },
        name=found.name,
        cliponaxis=False,
        hovertemplate=f"%{{y:{DIGITS[unit]}}} {unit}<extra>%{{fullData.name}}</extra>",
    )


def _range(
    result: PhononResult, others: Sequence[Placed], points: Sequence[PlacedPoints], unit: str
) -> tuple[float, float]:
    parts = [result.band_frequency_thz, *(o.frequency_thz for o in others)]
    values = np.concatenate([*(p.ravel() for p in parts), *(p.frequency_thz for p in points)])
    scale = FREQUENCY_UNITS[unit]
    high = 1.04 * scale * float(values.max())
    low = 1.1 * scale * float(values.min())
    return min(low, EMPTY_BELOW * high), high
