"""Values that colour the bands: group speed, share of an element, Grüneisen parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from properties.crystal import Crystal
from properties.plots import style
from properties.results import PhononResult, ThermalResult

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Scale = tuple[tuple[float, str], ...]

SEQUENTIAL: Scale = ((0.0, style.BLUE), (0.5, style.PINK), (1.0, style.ORANGE))
"""Neither end of it vanishes on a white or on a nearly black page."""

CLASSES = 20
"""Number of colours: a line has one, so that a band is drawn in pieces."""

COLOURED_PERCENTILES = (2.0, 98.0)
"""Colours end here; the values of flat bands can go far beyond."""


@dataclass(frozen=True)
class Colouring:
    """One value for each point of each band.

    Attributes
    ----------
    name, unit
        For the colour bar and on hover.
    values
        (q, b), not-a-number where there is none.
    low, high
        Values at the ends of the colours.
    scale
        Colours from low to high.
    """

    name: str
    unit: str
    values: FloatArray
    low: float
    high: float
    scale: Scale = SEQUENTIAL

    @property
    def title(self) -> str:
        """Name with unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


def element_colours(crystal: Crystal) -> dict[str, str]:
    """Return a colour for each element, in the order in which they come."""
    names = list(dict.fromkeys(crystal.symbols))
    return {name: style.CYCLE[k % len(style.CYCLE)] for k, name in enumerate(names)}


def group_speed(result: PhononResult) -> Colouring | None:
    """Magnitude of the group velocity; ``None`` if the result does not have it."""
    speed = result.band_group_speed_km_per_s
    if not speed.size:
        return None
    return Colouring("group velocity", "km/s", speed, 0.0, max(float(np.nanmax(speed)), 1e-3))


def element_share(result: PhononResult, crystal: Crystal, symbol: str) -> Colouring | None:
    """Part of the motion that is of one element: the sum of |e|² over its atoms.

    Between the points whose eigenvectors are kept, those of the nearest one are taken.
    """
    if not result.band_eigenvectors.size:
        return None
    mine = np.repeat(np.array(crystal.symbols) == symbol, 3)
    weights = np.abs(result.band_eigenvectors) ** 2
    share = weights[:, mine].sum(axis=1) / weights.sum(axis=1)
    nearest = _nearest(result.band_eigenvector_index, len(result.band_qpoints))
    scale = ((0.0, style.NEUTRAL), (1.0, element_colours(crystal)[symbol]))
    return Colouring(f"share of {symbol}", "", share[nearest].astype(float), 0.0, 1.0, scale)


def _nearest(kept: IntArray, count: int) -> IntArray:
    """Place in `kept`, ascending, of the entry nearest to each of ``range(count)``."""
    wanted = np.arange(count)
    after = np.clip(np.searchsorted(kept, wanted), 1, max(len(kept) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(kept) - 1)
    closer = np.abs(kept[before] - wanted) <= np.abs(kept[after] - wanted)
    return np.where(closer, before, after)


def gruneisen(result: PhononResult, thermal: ThermalResult | None) -> Colouring | None:
    """Mode Grüneisen parameter, if the expansion was computed on the same path."""
    if thermal is None or thermal.band_gruneisen.shape != result.band_frequency_thz.shape:
        return None
    order = np.argsort(thermal.band_gruneisen_frequency_thz, axis=1, kind="stable")
    values = np.take_along_axis(thermal.band_gruneisen, order, axis=1)
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = (float(v) for v in np.percentile(known, COLOURED_PERCENTILES))
    if low > 0:
        return Colouring("Grüneisen parameter", "", values, low, high)
    reach = max(-low, high)
    return Colouring("Grüneisen parameter", "", values, -reach, reach, style.DIVERGING)


def traces(
    distance: FloatArray, frequency: FloatArray, start: IntArray, colouring: Colouring
) -> list[go.Scatter]:
    """Bands as coloured lines, one trace a colour, and the colour bar.

    Parameters
    ----------
    distance, frequency
        (q,) and (q, b).
    start
        Index of the first point of each segment.
    """
    place = (colouring.values - colouring.low) / (colouring.high - colouring.low)
    middle = (place[1:] + place[:-1]) / 2
    middle[np.asarray(start[1:], dtype=int) - 1] = np.nan
    known = np.isfinite(middle)
    shade = np.full(middle.shape, -1)
    shade[known] = np.clip((middle[known] * CLASSES).astype(int), 0, CLASSES - 1)
    stops = [list(stop) for stop in colouring.scale]
    colours = sample_colorscale(stops, ((np.arange(CLASSES) + 0.5) / CLASSES).tolist())
    lines = _lines(distance, frequency, shade)
    drawn = [
        go.Scatter(
            x=points[:, 0],
            y=points[:, 1],
            mode="lines",
            line={"color": colours[k], "width": 2.4},
            hoverinfo="skip",
            showlegend=False,
        )
        for k, points in sorted(lines.items())
    ]
    return [*drawn, _bar(distance, colouring)]


def _lines(
    distance: FloatArray, frequency: FloatArray, shade: IntArray
) -> dict[int, FloatArray]:
    """Join neighbouring steps of one colour to lines, those of a colour with gaps between."""
    pieces: dict[int, list[FloatArray]] = {}
    gap = np.full((1, 2), np.nan)
    for band, shades in zip(frequency.T, shade.T, strict=True):
        ends = np.flatnonzero(np.diff(shades)) + 1
        for first, last in zip([0, *ends], [*ends, len(shades)], strict=True):
            if shades[first] >= 0:
                points = np.column_stack([distance[first : last + 1], band[first : last + 1]])
                pieces.setdefault(int(shades[first]), []).extend([points, gap])
    return {k: np.concatenate(parts) for k, parts in pieces.items()}


def _bar(distance: FloatArray, colouring: Colouring) -> go.Scatter:
    """An unseen point whose colour bar stands for all lines."""
    return go.Scatter(
        x=[float(distance[0])],
        y=[None],
        mode="markers",
        hoverinfo="skip",
        showlegend=False,
        marker={
            "color": [colouring.low],
            "cmin": colouring.low,
            "cmax": colouring.high,
            "colorscale": [list(stop) for stop in colouring.scale],
            "showscale": True,
            "colorbar": {
                "title": {"text": colouring.title, "side": "top"},
                "orientation": "h",
                "thickness": 10,
                "len": 0.6,
                "x": 0.38,
                "y": -0.13,
                "yanchor": "top",
                "nticks": 6,
                "outlinewidth": 0,
            },
        },
    )
