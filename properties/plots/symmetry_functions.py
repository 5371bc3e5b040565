"""Symmetry functions over distance and angle, with what a crystal has there as sticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from properties.plots import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.symmetry_functions import Curve, Sticks

FloatArray = NDArray[np.float64]
HEIGHT = 400
LABELLED, TINY = 0.05, 1e-300
"""Share of the largest contribution from which on a stick has its count written on it."""

BEYOND_A = 0.6
"""How far beyond the cut-off the axis of distances goes."""

FULL, ANGLES_DEG = 1.12, 183.0
"""Ends of the axes: of contributions, in units of the largest, and of angles."""

ONE_HEAD = 0.015
"""Sticks nearer than this part of the axis look like one, and share the sum of their counts."""

ROOM = (0.065, 0.05)
"""Part of each axis that a written count takes; one that another leaves no room is left out."""


def over_distance(
    curve: Curve, cutoff: Curve, sticks: Sequence[Sticks], cutoff_a: float, height: int = HEIGHT
) -> go.Figure:
    """Draw a radial function, its cut-off function, and the neighbours on it."""
    plot = go.Figure()
    plot.add_scatter(
        x=cutoff.x, y=cutoff.y, name=cutoff.name, line=style.line(style.NEUTRAL, "dash", 1.5),
        hovertemplate=style.hover("r:.2f", "f:.3f", "Å"),
    )  # fmt: skip
    plot.add_scatter(
        x=curve.x, y=curve.y, name=curve.name, line=style.line(style.BLUE, width=3),
        hovertemplate=style.hover("r:.2f", "value:.3f", "Å"),
    )  # fmt: skip
    end = cutoff_a + BEYOND_A
    for item, colour in zip(sticks, (style.RED, style.GREEN, style.ORANGE), strict=False):
        _stick(plot, item, colour, "Å", "neighbours", (end, FULL))
    plot.add_vline(x=cutoff_a, line={"color": style.RULE, "dash": "dot"})
    plot.update_xaxes(title="distance r (Å)", range=[0, end])
    plot.update_yaxes(title="contribution of a neighbour", range=[0, FULL])
    return style.finish(plot, height)


def over_angle(
    curve: Curve, positions: Sticks, contributions: Sticks, height: int = HEIGHT + 90
) -> go.Figure:
    """Draw the angular factor with the crystal's angles on it; below, what each angle adds."""
    plot = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.07
    )
    upper = go.Figure()
    upper.add_scatter(
        x=curve.x, y=curve.y, name=curve.name, line=style.line(style.BLUE, width=3),
        hovertemplate=style.hover("θ:.0f", "factor:.3f", "°"),
    )  # fmt: skip
    axes = (ANGLES_DEG, FULL * float(curve.y.max()))
    _stick(upper, positions, style.RED, "°", "pairs", axes, contributions.height)
    for trace in upper.data:
        plot.add_trace(trace, row=1, col=1)
    plot.add_bar(
        x=contributions.x, y=contributions.height, width=2.0, name=contributions.name,
        marker={"color": style.ORANGE}, customdata=contributions.count,
        hovertemplate="θ %{x:.1f}°<br>adds %{y:.4g}<br>%{customdata} pairs<extra></extra>",
        row=2, col=1,
    )  # fmt: skip
    style.finish(plot, height)
    plot.update_xaxes(range=[0, ANGLES_DEG], dtick=30)
    plot.update_xaxes(title="angle θ (°)", row=2, col=1)
    plot.update_yaxes(title="angular factor", range=[0, axes[1]], row=1, col=1)
    plot.update_yaxes(title="adds to G", rangemode="tozero", row=2, col=1)
    return plot


def _stick(
    plot: go.Figure,
    sticks: Sticks,
    colour: str,
    unit: str,
    what: str,
    axes: tuple[float, float],
    weight: FloatArray | None = None,
) -> None:
    """A thin line from the axis to the curve for each place, with a head.

    Lengths of the axes tell which counts have room. Where weights are given, what weighs
    little has a small head and no number.
    """
    share = np.ones(len(sticks.x)) if weight is None else weight / max(weight.max(), TINY)
    gaps = np.full(len(sticks.x), np.nan)
    plot.add_scatter(
        x=np.column_stack([sticks.x, sticks.x, gaps]).ravel(),
        y=np.column_stack([0 * sticks.x, sticks.height, gaps]).ravel(),
        mode="lines", line=style.line(colour, width=1.2), showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    plot.add_scatter(
        x=sticks.x, y=sticks.height, mode="markers+text", name=sticks.name,
        marker={"color": colour, "size": 4 + 6 * np.sqrt(share)}, customdata=sticks.count,
        text=_counts(sticks, share > LABELLED, axes),
        textposition="top center",
        textfont={"size": 11, "color": colour},
        hovertemplate=(
            f"%{{x:.3f}} {unit}: %{{customdata}} {what}<br>each %{{y:.4f}}"
            "<extra>%{fullData.name}</extra>"
        ),
    )  # fmt: skip


def _counts(sticks: Sticks, telling: NDArray[np.bool_], axes: tuple[float, float]) -> list[str]:
    """Counts to write on the heads; empty where there is no room for one."""
    written = [""] * len(sticks.x)
    taken: list[FloatArray] = []
    groups = _heads(sticks.x, np.flatnonzero(telling), ONE_HEAD * axes[0])
    adds = sticks.height * sticks.count
    for group in sorted(groups, key=lambda group: -adds[group].sum()):
        highest = int(group[sticks.height[group].argmax()])
        place = np.array([sticks.x[highest], sticks.height[highest]]) / axes
        if all((np.abs(place - other) > ROOM).any() for other in taken):
            taken.append(place)
            written[highest] = f"×{sticks.count[group].sum()}"
    return written


def _heads(x: FloatArray, which: NDArray[np.int64], width: float) -> list[NDArray[np.int64]]:
    """Join neighbouring sticks, ascending in place, as long as a group is not wider."""
    groups: list[list[int]] = []
    for k in which.tolist():
        if groups and x[k] - x[groups[-1][0]] < width:
            groups[-1].append(k)
        else:
            groups.append([k])
    return [np.array(group) for group in groups]


def family(
    curves: Sequence[Curve], places: Sticks, x_title: str, y_title: str, height: int = HEIGHT
) -> go.Figure:
    """Draw many functions at once, and the crystal's own places as a rug below them."""
    plot = go.Figure()
    for index, curve in enumerate(curves):
        name = curve.name.replace("r_s", "r<sub>s</sub>")
        plot.add_scatter(
            x=curve.x, y=curve.y, name=name, showlegend=False,
            line=style.line(_shade(index, len(curves)), width=1.8),
            hovertemplate=f"{name}<br>%{{x:.2f}}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    plot.add_scatter(
        x=places.x, y=np.full(len(places.x), -0.05), mode="markers", name=places.name,
        marker={"symbol": "line-ns-open", "size": 12, "color": style.RED, "line": {"width": 2}},
        customdata=places.count,
        hovertemplate="%{x:.3f}: %{customdata} times<extra>%{fullData.name}</extra>",
    )  # fmt: skip
    plot.update_xaxes(title=x_title, rangemode="tozero")
    plot.update_yaxes(title=y_title)
    return style.finish(plot, height)


def _shade(index: int, count: int) -> str:
    """From blue to green, so that neighbouring functions can be told apart."""
    share = index / max(count - 1, 1)
    ends = ((0, 114, 178), (0, 158, 115)) if share < 0.5 else ((0, 158, 115), (230, 159, 0))
    local = 2 * share if share < 0.5 else 2 * share - 1
    red, green, blue = (round(a + local * (b - a)) for a, b in zip(*ends, strict=True))
    return f"rgb({red}, {green}, {blue})"


def per_atom(labels: Sequence[str], values: FloatArray, height: int = 260) -> go.Figure:
    """Draw the value of a function for each atom."""
    plot = go.Figure(
        go.Bar(
            x=list(labels), y=values, marker={"color": style.BLUE},
            hovertemplate="%{x}: G = %{y:.5g}<extra></extra>",
        )
    )  # fmt: skip
    plot.update_xaxes(title="atom of the cell")
    plot.update_yaxes(title="G", rangemode="tozero")
    return style.finish(plot, height, legend=False)
