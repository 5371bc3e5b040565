"""Elastic constants under pressure, and those of several models side by side."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.elasticity.series import PressureResult, SpreadResult
from properties.plots import style

FloatArray = NDArray[np.float64]

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")


def constants(result: PressureResult, height: int = 440) -> go.Figure:
    """Independent constants against pressure; the unstable side is shaded."""
    return _lines(result, result.constants_gpa, "stress–strain coefficient (GPa)", height)


def averages(result: PressureResult, height: int = 440) -> go.Figure:
    """Hill's bulk and shear moduli, and the eigenvalue that decides the stability."""
    lines = {
        "B (Hill)": np.array([m.bulk_vrh_gpa for m in result.moduli]),
        "G (Hill)": np.array([m.shear_vrh_gpa for m in result.moduli]),
        "smallest eigenvalue (Kelvin)": result.lowest_eigenvalue_gpa,
    }
    return _lines(result, lines, "GPa", height)


def _lines(
    result: PressureResult, lines: dict[str, FloatArray], title: str, height: int
) -> go.Figure:
    figure = go.Figure()
    for k, (name, values) in enumerate(lines.items()):
        figure.add_scatter(
            x=result.pressures_gpa,
            y=values,
            name=name,
            mode="lines+markers",
            line=style.line(style.CYCLE[k % len(style.CYCLE)]),
            marker={"size": 8, "symbol": SYMBOLS[k // len(style.CYCLE) % len(SYMBOLS)]},
            hovertemplate=style.hover("pressure:.2f", "value:.2f", "GPa", "GPa"),
        )
    _mark_limits(figure, result)
    figure.add_hline(y=0, line=style.line(style.RULE, width=1))
    figure.update_xaxes(title="pressure (GPa)")
    figure.update_yaxes(title=title)
    return style.finish(figure, height)


def _mark_limits(figure: go.Figure, result: PressureResult) -> None:
    """Shade the pressures at which the crystal is unstable, and draw their ends."""
    first, last = result.pressures_gpa[[0, -1]]
    for start, end in result.unstable_ranges_gpa:
        figure.add_vrect(
            x0=start,
            x1=end,
            fillcolor=style.WARNING_FILL,
            line_width=0,
            annotation_text="unstable",
            annotation_position="bottom left",
        )
        for limit in (start, end):
            if first < limit < last:
                figure.add_vline(x=limit, line=style.line(style.RED, "dash"))


def volume(result: PressureResult, height: int = 320) -> go.Figure:
    """Volume an atom against pressure."""
    figure = go.Figure(
        go.Scatter(
            x=result.pressures_gpa,
            y=result.volume_per_atom_a3,
            name="volume",
            mode="lines+markers",
            line=style.line(style.BLUE),
            marker={"size": 8},
            hovertemplate="pressure %{x:.2f} GPa<br>volume %{y:.3f} Å³/atom<extra></extra>",
        )
    )
    figure.update_xaxes(title="pressure (GPa)")
    figure.update_yaxes(title="volume (Å³/atom)")
    return style.finish(figure, height, legend=False)


def models(result: SpreadResult, titles: tuple[str, ...], height: int = 440) -> go.Figure:
    """One point a model for each constant.

    Parameters
    ----------
    titles
        What to call the models, in their order.
    """
    figure = go.Figure()
    found = result.constants_gpa
    for k, title in enumerate(titles):
        figure.add_scatter(
            x=list(found),
            y=[float(values[k]) for values in found.values()],
            name=title,
            mode="markers",
            marker={
                "size": 13 if k == 0 else 10,
                "symbol": SYMBOLS[k % len(SYMBOLS)],
                "color": style.CYCLE[k % len(style.CYCLE)],
            },
            hovertemplate="%{x} = %{y:.1f} GPa<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(y=0, line=style.line(style.RULE, width=1))
    figure.update_yaxes(title="GPa")
    return style.finish(figure, height)
