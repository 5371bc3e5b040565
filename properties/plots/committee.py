"""What the members of a committee say: bands around curves, and members one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.committee.result import CommitteeResult, Number
from properties.plots import phonons, style, thermal
from properties.results import PhononResult, ThermalResult

FloatArray = NDArray[np.float64]

PERCENT = 100.0
BAND = "rgba(230, 159, 0, 0.34)"
BAND_EDGE = "rgba(230, 159, 0, 0.55)"
FAR = 0.5
"""Numbers with a larger relative spread may reach beyond the chart, so that others are read."""

AROUND, AROUND_LEVEL, MARGIN = 1.0, 0.5, 0.05
"""How far an axis goes beyond its curves at most, in parts of their height and of their largest
value, and the free part at each of its ends."""

BEYOND = 1.15
"""Length of the axis of the overview over what it has to show."""

SYMBOLS = ("circle", "diamond", "square", "cross")
"""Members that share a colour have different ones."""

NEUTRAL_BAND = "rgba(133, 144, 160, 0.30)"
"""Under points in the colours of members."""

BAND_NAME = "± epistemic"

THERMAL = {
    "alpha_volume_per_k": (thermal.PER_MILLION, ":.2f", "10⁻⁶/K"),
    "bulk_modulus_gpa": (1.0, ":.2f", "GPa"),
    "heat_capacity_p_j_per_mol_atoms_k": (1.0, ":.3f", "J/(mol atoms K)"),
    "volume_per_atom_a3": (1.0, ":.4f", "Å³/atom"),
}
"""Scale, digits and unit of each function of temperature that has a band."""

FROM_MEMBERS = {"volume_per_atom_a3": "expansion_volume_per_atom_a3"}
"""Fields of the committee that are called otherwise than those of the whole."""


def dispersion_band(
    result: PhononResult, committee: CommitteeResult, unit: str = "THz"
) -> go.Scatter:
    """Shade each band of a dispersion by the doubt of its frequencies.

    All bands are polygons of one trace, so that one entry of the legend switches them.
    """
    scale = phonons.FREQUENCY_UNITS[unit]
    ends = [*result.band_segment_start[1:].tolist(), len(result.band_distance)]
    doubt = committee.band_doubt_thz
    across: list[FloatArray] = []
    up: list[FloatArray] = []
    for first, last in zip(result.band_segment_start.tolist(), ends, strict=True):
        distance = result.band_distance[first:last]
        for band in range(doubt.shape[1]):
            middle, half = result.band_frequency_thz[first:last, band], doubt[first:last, band]
            across += [distance, distance[::-1], GAP]
            up += [scale * (middle + half), scale * (middle - half)[::-1], GAP]
    return _shaded(across, up).update(showlegend=True)


GAP = np.array([np.nan])


def _shaded(across: Sequence[FloatArray], up: Sequence[FloatArray]) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate(across),
        y=np.concatenate(up),
        mode="lines",
        line={"width": 0.5, "color": BAND_EDGE},
        fill="toself",
        fillcolor=BAND,
        name=BAND_NAME,
        hoverinfo="skip",
    )


def with_doubt(
    figure: go.Figure, result: ThermalResult, committee: CommitteeResult | None, name: str
) -> go.Figure:
    """Shade the doubt of a function of temperature around its curve.

    A band that is much wider than the curves are high reaches beyond the chart.

    Parameters
    ----------
    committee
        ``None`` leaves the figure as it is.
    name
        Field of the thermal result, a key of :data:`THERMAL`.
    """
    if committee is None or not committee.temperatures_k.size:
        return figure
    scale = THERMAL[name][0]
    kelvin = result.temperatures_k
    members = committee.thermal_doubt(FROM_MEMBERS.get(name, name))
    half = np.interp(kelvin, committee.temperatures_k, members)
    known = np.isfinite(half)
    if not known.any():
        return figure
    kelvin, middle, half = kelvin[known], getattr(result, name)[known], half[known]
    edges = [scale * (middle + half), scale * (middle - half)[::-1]]
    curves = np.concatenate([np.asarray(trace.y, dtype=float) for trace in figure.data])
    figure.update_yaxes(range=_readable(curves, np.concatenate(edges)))
    figure.add_trace(_shaded([kelvin, kelvin[::-1]], edges))
    figure.data = (figure.data[-1], *figure.data[:-1])
    return figure


def _readable(curves: FloatArray, band: FloatArray) -> list[float]:
    """Ends of an axis that shows all curves, and of the band what leaves them readable."""
    low, high = float(np.nanmin(curves)), float(np.nanmax(curves))
    most = max(AROUND * (high - low), AROUND_LEVEL * max(abs(low), abs(high)))
    bottom = max(min(low, float(np.nanmin(band))), low - most)
    top = min(max(high, float(np.nanmax(band))), high + most)
    margin = MARGIN * (top - bottom)
    return [bottom - margin, top + margin]


def is_cut(figure: go.Figure) -> bool:
    """Tell whether the band of :func:`with_doubt` reaches beyond the chart."""
    bands = [np.asarray(trace.y) for trace in figure.data if trace.name == BAND_NAME]
    ends = figure.layout.yaxis.range
    return any(band.min() < ends[0] or band.max() > ends[1] for band in bands)


def overview(numbers: Sequence[Number], names: Sequence[str]) -> go.Figure:
    """Draw all numbers, members as points in per cent of the committee's value.

    Parameters
    ----------
    names
        Of the members.
    """
    shown = _relative(numbers)
    figure = go.Figure()
    labels = [number.name for number in shown]
    figure.add_bar(
        y=labels,
        x=[2 * PERCENT * number.relative for number in shown],
        base=[-PERCENT * number.relative for number in shown],
        orientation="h",
        marker={"color": NEUTRAL_BAND, "line": {"width": 0}},
        name=BAND_NAME,
        customdata=[[n.value, n.epistemic, n.unit, PERCENT * n.relative] for n in shown],
        hovertemplate="%{y} = %{customdata[0]:.4g} ± %{customdata[1]:.2g} %{customdata[2]}"
        " (%{customdata[3]:.2f} %)<extra></extra>",
    )
    for k, name in enumerate(names):
        figure.add_scatter(
            y=labels,
            x=[PERCENT * (n.members[k] - n.value) / abs(n.value) for n in shown],
            mode="markers",
            marker={"size": 8, "color": _colour(k), "symbol": _symbol(k), "opacity": 0.85},
            name=name,
            customdata=[[n.members[k], n.unit] for n in shown],
            hovertemplate="%{y} = %{customdata[0]:.5g} %{customdata[1]}"
            "<extra>%{fullData.name}</extra>",
        )
    figure.add_vline(x=0, line=style.line(style.NEUTRAL, width=1))
    limit = _limit(shown)
    if np.isfinite(limit):
        figure.update_xaxes(range=[-PERCENT * limit, PERCENT * limit])
    figure.update_xaxes(title="off the committee's value (%)", zeroline=False)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    style.finish(figure, height=150 + 27 * len(shown))
    return figure.update_layout(margin={"l": 8, "t": 60}, bargap=0.35)


def _relative(numbers: Sequence[Number]) -> list[Number]:
    """Numbers that can be given in per cent of themselves."""
    return [number for number in numbers if np.isfinite(number.relative)]


def _reach(number: Number) -> float:
    """Relative distance of the farthest member or, where it is larger, the spread."""
    off = np.abs(number.members / number.value - 1)
    return float(max(number.relative, off[np.isfinite(off)].max(initial=0.0)))


def _limit(shown: Sequence[Number]) -> float:
    """Half width of the axis, relative; infinite where no number would set it."""
    return BEYOND * max(
        (_reach(number) for number in shown if number.relative < FAR), default=np.inf
    )


def beyond(numbers: Sequence[Number]) -> list[Number]:
    """Return the numbers that reach beyond the chart of :func:`overview`."""
    shown = _relative(numbers)
    return [number for number in shown if _reach(number) > _limit(shown)]


def _colour(member: int) -> str:
    return style.CYCLE[member % len(style.CYCLE)]


def _symbol(member: int) -> str:
    return SYMBOLS[member // len(style.CYCLE) % len(SYMBOLS)]


def members(number: Number, names: Sequence[str]) -> go.Figure:
    """One bar a member: how far its value is from the committee's."""
    off = number.members - number.value
    figure = go.Figure(
        go.Bar(
            x=list(names),
            y=off.tolist(),
            marker={"color": [_colour(k) for k in range(len(off))]},
            customdata=number.members,
            hovertemplate=f"%{{x}}: %{{customdata:.5g}} {number.unit}<br>"
            f"%{{y:+.3g}} {number.unit} from the committee<extra></extra>",
        )
    )
    if np.isfinite(number.epistemic):
        figure.add_hrect(
            y0=-number.epistemic,
            y1=number.epistemic,
            fillcolor=NEUTRAL_BAND,
            line_width=0,
            layer="below",
        )
    figure.add_hline(y=0, line=style.line(style.NEUTRAL, width=1))
    figure.update_yaxes(title=f"member − committee ({number.unit})")
    figure.update_xaxes(showgrid=False)
    return style.finish(figure, height=330, legend=False)
