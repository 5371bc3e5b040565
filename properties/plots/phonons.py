"""Phonon dispersion with the density of states on the same frequency axis."""

from __future__ import annotations

import re

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from mlpcore.units import THZ_IN_EV, THZ_IN_K, THZ_IN_PER_CM
from properties.crystal import Crystal
from properties.plots import phonons_colour, style
from properties.plots.phonons_colour import Colouring
from properties.results import PhononResult

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FREQUENCY_UNITS = {
    "THz": 1.0,
    "meV": THZ_IN_EV * 1e3,
    "cm⁻¹": THZ_IN_PER_CM,
    "K": THZ_IN_K,
}
DIGITS = {"THz": ".2f", "meV": ".2f", "cm⁻¹": ".1f", "K": ".1f"}
SMALLEST_DOS = 1e-2
"""Part of the highest density of states that still has to be in view."""

TOTAL, BY_ELEMENT, BY_SITE = "total", "by element", "by site"
DOS_FILL = "rgba(86, 180, 233, 0.25)"
SAME_SITE = 1e-3
"""Sites are alike where their densities of states differ by less, part of the highest."""

BAR_ROOM_PX, AXIS_ROOM_PX = 46, 64


def bands_and_dos(
    result: PhononResult,
    unit: str = "THz",
    height: int = 500,
    crystal: Crystal | None = None,
    dos: str = TOTAL,
    colouring: Colouring | None = None,
    band: go.Scatter | None = None,
) -> go.Figure:
    """Dispersion with the density of states beside it, on one frequency axis.

    Parameters
    ----------
    crystal
        The primitive cell, which names the elements of a projected density of states.
    dos
        ``total``, ``by element`` or ``by site``.
    colouring
        Values to colour the bands by.
    band
        What to draw below the bands, such as their doubt.
    """
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, column_widths=[0.76, 0.24], horizontal_spacing=0.03
    )
    if band is not None:
        figure.add_trace(band, row=1, col=1)
    figure.add_traces(_bands(result, unit, colouring), rows=1, cols=1)
    figure.add_traces(dos_traces(result, unit, crystal, dos), rows=1, cols=2)
    draw_path(figure, result)
    figure.update_yaxes(title=f"frequency ({unit})", row=1, col=1)
    figure.update_xaxes(title=f"DOS (1/{unit})", rangemode="tozero", nticks=4, row=1, col=2)
    low, high = frequency_range(result, unit)
    if band is not None:
        high = max(high, float(np.nanmax(band.y)))
    figure.update_yaxes(range=[low, high])
    if result.imaginary:
        shade_imaginary(figure, low)
    style.finish(figure, height, legend=dos != TOTAL or band is not None)
    figure.update_layout(
        uirevision=unit, hovermode="closest", legend={"x": 1, "xanchor": "right"}
    )
    if dos == TOTAL:
        figure.update_traces(showlegend=False, col=2)
    if colouring is not None:
        _make_room_for_colours(figure)
    return figure


def _make_room_for_colours(figure: go.Figure) -> None:
    """Put the colour bar below the chart, where it takes no width from a narrow screen."""
    figure.update_layout(height=figure.layout.height + BAR_ROOM_PX)
    figure.update_layout(margin={"b": AXIS_ROOM_PX + BAR_ROOM_PX})


def _bands(result: PhononResult, unit: str, colouring: Colouring | None) -> list[go.Scatter]:
    if colouring is None:
        return band_traces(result, unit)
    start = result.band_segment_start
    scaled = FREQUENCY_UNITS[unit] * result.band_frequency_thz
    drawn = phonons_colour.traces(result.band_distance, scaled, start, colouring)
    return [*band_traces(result, unit, colouring), *drawn]


def band_traces(
    result: PhononResult, unit: str = "THz", colouring: Colouring | None = None
) -> list[go.Scatter]:
    """One line a band, broken between segments.

    The band's number from 1 is the trace's ``meta``. A row of ``customdata`` holds q and the
    index of the point in ``band_qpoints``, and, where there is one, the value that colours it.
    """
    start = result.band_segment_start
    distance = with_breaks(result.band_distance, start)
    index = np.arange(len(result.band_qpoints))
    points = with_breaks(np.column_stack([result.band_qpoints, index]), start)
    scaled = with_breaks(FREQUENCY_UNITS[unit] * result.band_frequency_thz, start)
    faint = {"color": style.RULE, "width": 1.0}
    return [
        go.Scatter(
            x=distance,
            y=scaled[:, band],
            mode="lines",
            line=faint if colouring else style.line(style.BLUE, width=1.8),
            name=f"band {band + 1}",
            meta=band + 1,
            showlegend=False,
            customdata=_with_values(points, start, colouring, band),
            hovertemplate=_band_hover(unit, colouring),
        )
        for band in range(scaled.shape[1])
    ]


def _with_values(
    points: FloatArray, start: IntArray, colouring: Colouring | None, band: int
) -> NDArray[np.float32]:
    if colouring is None:
        return points.astype(np.float32)
    values = with_breaks(colouring.values[:, band], start)
    return np.column_stack([points, values]).astype(np.float32)


def _band_hover(unit: str, colouring: Colouring | None) -> str:
    text = (
        f"%{{y:{DIGITS[unit]}}} {unit}<br>q = (%{{customdata[0]:.3f}}, "
        "%{customdata[1]:.3f}, %{customdata[2]:.3f})"
    )
    if colouring is not None:
        text += f"<br>{colouring.name} %{{customdata[4]:.2f}} {colouring.unit}".rstrip()
    return text + "<extra>band %{meta}</extra>"


def written(frequency_thz: float, unit: str) -> str:
    """Return a frequency in a unit, with a true minus sign and the unit's decimals."""
    text = f"{FREQUENCY_UNITS[unit] * frequency_thz:{DIGITS[unit]}}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def in_thz(value: float, unit: str) -> float:
    """Return a frequency given in a unit."""
    return value / FREQUENCY_UNITS[unit]


def with_breaks(values: FloatArray, segment_start: IntArray) -> FloatArray:
    """Insert a not-a-number before each segment but the first, so that lines break there."""
    return np.insert(np.asarray(values, dtype=float), segment_start[1:], np.nan, axis=0)


def draw_path(figure: go.Figure, result: PhononResult) -> None:
    """Label the high-symmetry points on the first x axis and draw a line at each."""
    ticks = [float(tick) for tick in result.band_tick_distance]
    rule = {"type": "line", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1}
    figure.update_layout(
        xaxis={
            "tickvals": ticks,
            "ticktext": [point_label(label) for label in result.band_tick_label],
            "tickfont": {"size": 14},
            "range": [ticks[0], ticks[-1]],
            "tickangle": 0,
            "showgrid": False,
            "zeroline": False,
        },
        shapes=[
            {**rule, "x0": tick, "x1": tick, "line": {"color": style.RULE, "width": 1}}
            for tick in ticks
        ],
    )


def point_label(label: str) -> str:
    """Return the name of a high-symmetry point with its index below, such as S<sub>0</sub>."""
    return re.sub(r"_(\w)", r"<sub>\1</sub>", label)


def shade_imaginary(figure: go.Figure, low: float) -> None:
    """Shade the region of imaginary modes, which are drawn as negative frequencies."""
    figure.add_hrect(
        y0=low,
        y1=0.0,
        fillcolor=style.WARNING_FILL,
        line_width=0,
        layer="below",
    )
    figure.add_annotation(
        text="imaginary",
        xref="x2 domain" if figure.layout.xaxis2.domain else "x domain",
        x=0.98,
        xanchor="right",
        y=low,
        yanchor="bottom",
        showarrow=False,
        font={"color": style.RED},
    )


def frequency_range(result: PhononResult, unit: str) -> tuple[float, float]:
    """Ends of the frequency axis, with all bands and nearly all states in view."""
    scale = FREQUENCY_UNITS[unit]
    occupied = result.dos_per_thz > SMALLEST_DOS * result.dos_per_thz.max()
    top = max(result.max_frequency_thz, float(result.dos_frequency_thz[occupied].max()))
    high = 1.03 * scale * top
    low = 1.1 * scale * float(np.min(result.band_frequency_thz)) if result.imaginary else 0.0
    return min(low, -0.015 * high), high


def dos_traces(
    result: PhononResult, unit: str, crystal: Crystal | None = None, kind: str = TOTAL
) -> list[go.Scatter]:
    """Total density of states and, if asked for, the parts of elements or sites.

    Raises
    ------
    ValueError
        Parts are asked for of a result that does not have them, or without a crystal.
    """
    scale = FREQUENCY_UNITS[unit]
    frequency = scale * result.dos_frequency_thz
    if kind == TOTAL:
        total = _dos_line(frequency, result.dos_per_thz / scale, "all atoms", unit, style.BLUE)
        return [total.update(fill="tozerox", fillcolor=DOS_FILL)]
    total = _dos_line(frequency, result.dos_per_thz / scale, "all atoms", unit, style.NEUTRAL)
    parts = projected(result, crystal, kind)
    shown = [total]
    for name, values, colour in parts:
        shown.append(_dos_line(frequency, values / scale, name, unit, colour))
    return shown


def _dos_line(
    frequency: FloatArray, states: FloatArray, name: str, unit: str, colour: str
) -> go.Scatter:
    return go.Scatter(
        x=states,
        y=frequency,
        mode="lines",
        line=style.line(colour, width=1.5),
        name=name,
        hovertemplate=(
            f"%{{y:{DIGITS[unit]}}} {unit}<br>%{{x:.3g}} per {unit}<extra>{name}</extra>"
        ),
    )


def projected(
    result: PhononResult, crystal: Crystal | None, kind: str
) -> list[tuple[str, FloatArray, str]]:
    """Name, states per THz and colour of each element, or of each set of like sites."""
    if crystal is None or not result.projected_dos_per_thz.size:
        raise ValueError("A projected density of states needs the crystal and its projection.")
    states = result.projected_dos_per_thz
    colours = phonons_colour.element_colours(crystal)
    if kind == BY_ELEMENT:
        numbers = np.array(crystal.symbols)
        return [(name, states[numbers == name].sum(0), c) for name, c in colours.items()]
    groups = _like_sites(states, crystal.symbols)
    return [
        (f"{name} {', '.join(str(k + 1) for k in members)}", states[members].sum(0), colour)
        for (name, members), colour in zip(
            groups, (style.CYCLE * (1 + len(groups) // len(style.CYCLE))), strict=False
        )
    ]


def _like_sites(states: FloatArray, symbols: tuple[str, ...]) -> list[tuple[str, list[int]]]:
    """Group the atoms of one element with the same density of states."""
    groups: list[tuple[str, list[int]]] = []
    limit = SAME_SITE * float(states.max())
    for atom, symbol in enumerate(symbols):
        for known, members in groups:
            if known == symbol and np.allclose(states[members[0]], states[atom], atol=limit):
                members.append(atom)
                break
        else:
            groups.append((symbol, [atom]))
    return groups
