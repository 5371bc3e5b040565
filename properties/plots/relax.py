"""How the relaxation went."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style
from properties.results import RelaxResult

MEV = 1e3


def history(result: RelaxResult) -> tuple[go.Figure, go.Figure, go.Figure]:
    """Energy above its end, largest force and largest stress, each against the step."""
    above = MEV * (result.history_energy_per_atom_ev - result.history_energy_per_atom_ev[-1])
    energy = _against_step("energy above the end", "meV/atom", above, style.BLUE)
    force = _against_step("largest force", "eV/Å", result.history_max_force_ev_per_a, style.RED)
    stress = _against_step("largest stress", "GPa", result.history_max_stress_gpa, style.GREEN)
    for figure in (force, stress):
        figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    return energy, force, stress


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
    return style.finish(figure, height=300, legend=False)
