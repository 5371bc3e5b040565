"""Elastic constants: tensor, directions, and the evidence behind them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from properties.elasticity import voigt
from properties.plots import style
from properties.results import ElasticResult

FloatArray = NDArray[np.float64]

PERCENT = 100.0


def stiffness_map(stiffness_gpa: FloatArray) -> go.Figure:
    """Show a 6×6 tensor as coloured squares with its numbers in them."""
    limit = float(np.abs(stiffness_gpa).max())
    labels = [str(i) for i in range(1, 7)]
    zero = np.abs(stiffness_gpa) < limit * 1e-4
    squares = go.Heatmap(
        z=np.where(zero, np.nan, stiffness_gpa),
        x=labels,
        y=labels,
        customdata=np.array([[f"{r} {c}" for c in voigt.NAMES] for r in voigt.NAMES]),
        hovertemplate="C<sub>%{y}%{x}</sub> (%{customdata}): %{z:.2f} GPa<extra></extra>",
        colorscale=style.TINT,
        zmin=-limit,
        zmax=limit,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    numbers = go.Scatter(
        x=labels * 6,
        y=np.repeat(labels, 6),
        text=np.where(zero, "·", _written(stiffness_gpa)).ravel(),
        mode="text",
        textfont={"size": 13, "color": _inks(stiffness_gpa, zero, limit)},
        hoverinfo="skip",
    )
    figure = go.Figure([squares, numbers])
    figure.update_xaxes(title="Voigt column", side="top", type="category", showgrid=False)
    figure.update_yaxes(
        title="Voigt row", autorange="reversed", type="category", showgrid=False
    )
    figure = style.finish(figure, height=400, legend=False)
    return figure.update_layout(margin={"l": 56, "r": 8, "t": 56, "b": 8})


def _written(stiffness_gpa: FloatArray) -> NDArray[np.str_]:
    return np.char.replace(np.char.mod("%.1f", stiffness_gpa), "-", "−")


def _inks(stiffness_gpa: FloatArray, zero: NDArray[np.bool_], limit: float) -> list[str]:
    """Colour of each number, readable on its square or, where there is none, on the page."""
    places = (0.5 + stiffness_gpa / (2 * limit)).ravel().tolist()
    squares = sample_colorscale([list(stop) for stop in style.TINT], places)
    return [
        style.NEUTRAL if nothing else style.ink(square)
        for nothing, square in zip(zero.ravel(), squares, strict=True)
    ]


def finite_strain(result: ElasticResult) -> go.Figure:
    """Distance of the finite-strain constants from the exact ones, for each strain size."""
    figure = go.Figure()
    sets = (
        ("relaxed ions", result.stiffness_gpa, result.finite_strain_stiffness_gpa),
        (
            "clamped ions",
            result.stiffness_clamped_gpa,
            result.finite_strain_stiffness_clamped_gpa,
        ),
    )
    names = tuple(result.independent_constants)
    for which, (ions, exact, found) in enumerate(sets):
        for size, tensor in zip(result.finite_strains, found, strict=True):
            gaps = [float((tensor - exact)[indices(name)]) for name in names]
            figure.add_bar(
                x=names,
                y=gaps,
                name=f"{ions}, strain ±{PERCENT * size:.1f} %",
                marker_color=style.CYCLE[which],
                marker_opacity=0.4 + 0.6 * float(size / result.finite_strains.max()),
                hovertemplate="%{x}: %{y:+.3f} GPa<extra>%{fullData.name}</extra>",
            )
    figure.update_yaxes(title="finite strain − exact (GPa)")
    style.finish(figure, height=460)
    return figure.update_layout(
        barmode="group", legend={"y": -0.12, "yanchor": "top"}, margin={"t": 16, "b": 140}
    )


def indices(name: str) -> tuple[int, int]:
    """Row and column of a constant called such as ``C44``."""
    return int(name[-2]) - 1, int(name[-1]) - 1
