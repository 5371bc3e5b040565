"""Elastic constants: tensor, directions, and the evidence behind them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from properties.elasticity import directions
from properties.plots import style
from properties.results import ElasticResult

FloatArray = NDArray[np.float64]

VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")
PERCENT = 100.0
MEV = 1e3


def stiffness_map(stiffness_gpa: FloatArray) -> go.Figure:
    """Show a 6×6 tensor as coloured squares with its numbers in them."""
    limit = float(np.abs(stiffness_gpa).max())
    labels = [str(i) for i in range(1, 7)]
    zero = np.abs(stiffness_gpa) < limit * 1e-4
    squares = go.Heatmap(
        z=np.where(zero, np.nan, stiffness_gpa),
        x=labels,
        y=labels,
        customdata=np.array([[f"{r} {c}" for c in VOIGT] for r in VOIGT]),
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


def young_surface(result: ElasticResult, height: int = 420) -> go.Figure:
    """Young's modulus as the distance from the centre along each direction."""
    if not result.born_stable:
        return style.empty(
            "An elastically unstable crystal has no Young's modulus surface.", height
        )
    unit = directions.sphere_directions()
    modulus = directions.young_modulus_gpa(result.stiffness_gpa, unit)
    unit, modulus = unit.astype(np.float32), modulus.astype(np.float32)
    x, y, z = np.moveaxis(modulus[..., None] * unit, -1, 0)
    surface = go.Surface(
        x=x,
        y=y,
        z=z,
        surfacecolor=modulus,
        colorscale=style.SEQUENTIAL,
        colorbar={"title": "E (GPa)", "thickness": 12, "len": 0.8},
        customdata=unit,
        hovertemplate=(
            "E = %{surfacecolor:.1f} GPa<br>along [%{customdata[0]:.2f} "
            "%{customdata[1]:.2f} %{customdata[2]:.2f}]<extra></extra>"
        ),
        lighting={"ambient": 0.75, "diffuse": 0.4, "specular": 0.05},
        lightposition=style.LIGHT_FROM,
    )
    if np.ptp(modulus) < 1e-6 * modulus.max():
        surface.update(cmin=0.0, cmax=float(modulus.max()))
    figure = go.Figure(surface)
    axis = {"color": style.NEUTRAL, "gridcolor": style.RULE, "showbackground": False}
    figure.update_layout(
        scene={
            **{f"{name}axis": {**axis, "title": f"{name} (GPa)"} for name in "xyz"},
            "aspectmode": "data",
            "dragmode": "orbit",
            "camera": {"projection": {"type": "orthographic"}},
        },
        uirevision="young",
    )
    style.finish(figure, height, legend=False)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 8, "b": 0})


def strain_energy(result: ElasticResult) -> go.Figure:
    """Energies of strained cells against the parabolas of the exact second derivatives.

    The points carry the slope that a cell under pressure has; the parabola takes
    the slope of the two outermost points and the curvature of the derivatives.
    """
    figure = go.Figure()
    for row, component in enumerate(result.strain_energy_voigt):
        sets = (
            ("clamped ions", result.strain_energy_clamped_ev[row], "circle-open", "dot"),
            ("relaxed ions", result.strain_energy_relaxed_ev[row], "circle", "solid"),
        )
        for column, (ions, energy, symbol, dash) in enumerate(sets):
            look = {"color": style.CYCLE[row % len(style.CYCLE)], "dash": dash}
            curvature = float(result.strain_energy_curvature_ev[row, column])
            points, parabola = _points_and_parabola(
                result.strain_energy_strain, energy, curvature
            )
            points.update(marker={"symbol": symbol, "color": look["color"], "size": 9})
            parabola.update(line={"width": 2, **look}, showlegend=False)
            for trace in (points, parabola):
                label = f"{VOIGT[component]}, {ions}"
                figure.add_trace(trace.update(name=label, legendgroup=label))
    figure.update_xaxes(title="strain (%)")
    figure.update_yaxes(title="energy of the cell above the unstrained (meV)")
    return style.finish(figure, height=420)


def _points_and_parabola(
    strain: FloatArray, energy: FloatArray, curvature: float
) -> tuple[go.Scatter, go.Scatter]:
    first, last = np.argmin(strain), np.argmax(strain)
    slope = (energy[last] - energy[first]) / (strain[last] - strain[first])
    centre = energy[np.argmin(np.abs(strain))]
    fine = np.linspace(strain[first], strain[last], 101)
    text = style.hover("strain:.3f", "energy:.4f", "%", "meV")
    points = go.Scatter(
        x=PERCENT * strain, y=MEV * (energy - centre), mode="markers", hovertemplate=text
    )
    parabola = go.Scatter(
        x=PERCENT * fine,
        y=MEV * (slope * fine + curvature * fine**2 / 2),
        mode="lines",
        hovertemplate=text,
    )
    return points, parabola


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
                marker_opacity=0.55 if size == result.finite_strains.min() else 1.0,
                hovertemplate="%{x}: %{y:+.3f} GPa<extra>%{fullData.name}</extra>",
            )
    figure.update_yaxes(title="finite strain − exact (GPa)")
    figure.update_layout(barmode="group")
    return style.finish(figure, height=420)


def indices(name: str) -> tuple[int, int]:
    """Row and column of a constant called such as ``C44``."""
    return int(name[-2]) - 1, int(name[-1]) - 1
