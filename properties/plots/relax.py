"""How the relaxation went."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style
from properties.results import RelaxResult

MEV = 1e3
ZERO_FORCE_EV_PER_A = 1e-8
"""Smaller forces are rounding errors of forces that vanish by symmetry."""

HEIGHT, LOW = 300, 120


def history(result: RelaxResult) -> tuple[go.Figure, go.Figure, go.Figure]:
    """Energy above its end, largest force and largest stress, each against the step."""
    above = MEV * (result.history_energy_per_atom_ev - result.history_energy_per_atom_ev[-1])
    energy = _against_step("energy above the end", "meV/atom", above, style.BLUE)
    force = _force(result.history_max_force_ev_per_a)
    stress = _against_step("largest stress", "GPa", result.history_max_stress_gpa, style.GREEN)
    return energy, force, _logarithmic(stress)


def _force(values: NDArray[np.float64]) -> go.Figure:
    if np.all(values < ZERO_FORCE_EV_PER_A):
        return style.empty("All forces are zero by symmetry.", LOW)
    shown = np.where(values < ZERO_FORCE_EV_PER_A, np.nan, values)
    return _logarithmic(_against_step("largest force", "eV/Å", shown, style.RED))


def _logarithmic(figure: go.Figure) -> go.Figure:
    return figure.update_yaxes(type="log", exponentformat="power", dtick=1)


def _against_step(name: str, unit: str, values: NDArray[np.float64], colour: str) -> go.Figure:
    trace = go.Scatter(
        x=np.arange(len(values)),
        y=values,
        name=name,
        mode="lines+markers",
        line=style.line(colour),
        hovertemplate=style.hover("step", f"{name}:.3g", y_unit=unit),
    )
    figure = go.Figure(trace)
    figure.update_xaxes(title="step")
    figure.update_yaxes(title=f"{name} ({unit})")
    return style.finish(figure, height=HEIGHT, legend=False)
