"""Phonon frequencies against supercell and displacement."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style
from properties.results import ConvergenceResult
from properties.vibrations.convergence_result import TOLERANCE_THZ

FloatArray = NDArray[np.float64]

SAME_THZ = 1e-3
"""Degenerate modes are drawn once."""


def against_length(result: ConvergenceResult, point: str, height: int = 400) -> go.Figure:
    """Modes at one point of the zone against the supercell's shortest vector.

    Open symbols are interpolated: that supercell does not hold the point. The recommended
    supercell is marked by a line.
    """
    at = result.point_label.index(point)
    figure = _modes(
        result.supercell_length_a,
        result.supercell_frequency_thz[:, at],
        [f"{n} atoms" for n in result.supercell_n_atoms],
        result.supercell_holds_point[:, at],
    )
    length = float(result.supercell_length_a[result.recommended])
    _mark(figure, length, "recommended")
    if result.own != result.recommended:
        _mark(figure, float(result.supercell_length_a[result.own]), "preset", "bottom right")
    figure.update_xaxes(title="shortest vector of the supercell (Å)")
    figure.update_yaxes(title=f"frequency at {point} (THz)")
    return style.finish(figure, height, legend=False)


def against_displacement(result: ConvergenceResult, point: str, height: int = 400) -> go.Figure:
    """Modes at one point of the zone against the displacement, as changes from the smallest."""
    at = result.point_label.index(point)
    frequencies = result.displacement_frequency_thz[:, at]
    figure = _modes(
        result.displacement_a,
        frequencies - frequencies[0],
        [f"{distance:g} Å" for distance in result.displacement_a],
        np.ones(len(frequencies), dtype=bool),
        frequencies,
    )
    _mark(figure, float(result.displacement_a[result.own_displacement]), "preset")
    figure.update_xaxes(title="displacement (Å)")
    figure.update_yaxes(title=f"change of frequency at {point} (THz)")
    return style.finish(figure, height, legend=False)


def deviations(result: ConvergenceResult, height: int = 400) -> go.Figure:
    """Largest deviation from the largest supercell at each point."""
    figure = go.Figure()
    for k, name in enumerate(result.point_label):
        figure.add_scatter(
            x=result.supercell_length_a[:-1],
            y=result.supercell_deviation_thz[:-1, k],
            name=name,
            mode="lines+markers",
            line=style.line(style.CYCLE[k % len(style.CYCLE)]),
            marker={"size": 8},
            hovertemplate=style.hover("length:.1f", "deviation:.3f", "Å", "THz"),
        )
    figure.add_hline(
        y=TOLERANCE_THZ,
        line=style.line(style.NEUTRAL, "dash", 1),
        annotation_text=f"{TOLERANCE_THZ:g} THz",
    )
    figure.update_xaxes(title="shortest vector of the supercell (Å)")
    figure.update_yaxes(
        title="largest deviation from the largest supercell (THz)",
        type="log",
        exponentformat="power",
        dtick=1,
    )
    return style.finish(figure, height)


def residual(result: ConvergenceResult, height: int = 400) -> go.Figure:
    """Acoustic frequency at Γ before the sum rule against the displacement."""
    figure = go.Figure(
        go.Scatter(
            x=result.displacement_a,
            y=result.displacement_residual_thz,
            name="residual",
            mode="lines+markers",
            line=style.line(style.BLUE),
            marker={"size": 8},
            hovertemplate=style.hover("displacement:.3f", "residual:.2g", "Å", "THz"),
        )
    )
    figure.update_xaxes(title="displacement (Å)")
    figure.update_yaxes(
        title="acoustic sum rule residual (THz)", rangemode="tozero", exponentformat="power"
    )
    return style.finish(figure, height, legend=False)


def _modes(
    x: FloatArray,
    values: FloatArray,
    names: list[str],
    is_exact: NDArray[np.bool_],
    frequencies: FloatArray | None = None,
) -> go.Figure:
    """One line for each mode that differs from the one below it."""
    figure = go.Figure()
    shown = values if frequencies is None else frequencies
    symbols = ["circle" if exact else "circle-open" for exact in is_exact]
    for band in range(values.shape[1]):
        if band and np.abs(shown[:, band] - shown[:, band - 1]).max() < SAME_THZ:
            continue
        colour = style.CYCLE[band % len(style.CYCLE)]
        figure.add_scatter(
            x=x,
            y=values[:, band],
            name=f"mode {band + 1}",
            mode="lines+markers",
            line=style.line(colour, width=1.5),
            marker={"size": 8, "symbol": symbols, "color": colour},
            text=[
                f"{name}: {frequency:.3f} THz"
                for name, frequency in zip(names, shown[:, band], strict=True)
            ],
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return figure


def _mark(figure: go.Figure, x: float, label: str, position: str = "top right") -> None:
    figure.add_vline(
        x=x,
        line=style.line(style.GREEN, "dash"),
        annotation_text=label,
        annotation_position=position,
    )
