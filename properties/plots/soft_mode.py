"""Double wells of imaginary modes."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style
from properties.results import SoftModeResult
from properties.vibrations.soft_mode_result import DistortedPhase

FloatArray = NDArray[np.float64]

FINE = 201
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")


def title(result: SoftModeResult, phase: DistortedPhase) -> str:
    """Name a direction with its mode: ``R (a, 0, 0)``."""
    return f"{result.modes[phase.mode].name} {phase.direction}"


def wells(
    result: SoftModeResult, shown: tuple[DistortedPhase, ...], height: int = 440
) -> go.Figure:
    """Energy against amplitude: points as computed, curves as fitted.

    Where symmetry makes both signs equal, the side that was computed is mirrored.
    """
    figure = go.Figure()
    for k, phase in enumerate(shown):
        colour = style.CYCLE[k % len(style.CYCLE)]
        _one(figure, title(result, phase), phase, colour, SYMBOLS[k % len(SYMBOLS)])
    figure.add_hline(y=0, line=style.line(style.RULE, width=1))
    figure.update_xaxes(title="amplitude: largest excursion of an atom (Å)")
    figure.update_yaxes(title="energy (meV/atom)")
    return style.finish(figure, height)


def _one(figure: go.Figure, name: str, phase: DistortedPhase, colour: str, symbol: str) -> None:
    amplitude, energy = _both_sides(phase)
    fine = np.linspace(amplitude[0], amplitude[-1], FINE)
    figure.add_scatter(
        x=fine,
        y=phase.fitted(fine),
        name=name,
        legendgroup=name,
        mode="lines",
        line=style.line(colour),
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=amplitude,
        y=energy,
        name=name,
        legendgroup=name,
        mode="markers",
        marker={"size": 7, "color": colour, "symbol": symbol},
        hovertemplate=style.hover("amplitude:.3f", "energy:.3f", "Å", "meV/atom"),
    )


def _both_sides(phase: DistortedPhase) -> tuple[FloatArray, FloatArray]:
    amplitude, energy = phase.amplitude_a, phase.energy_mev_per_atom
    if not phase.symmetric:
        return amplitude, energy
    return (
        np.concatenate([-amplitude[:0:-1], amplitude]),
        np.concatenate([energy[:0:-1], energy]),
    )
