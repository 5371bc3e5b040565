"""Harmonic free energy, entropy and heat capacity."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy.constants import R

from properties.plots import style
from properties.results import PhononResult

FloatArray = NDArray[np.float64]


def thermodynamics(result: PhononResult) -> tuple[go.Figure, go.Figure, go.Figure]:
    """Free energy, entropy and heat capacity C_V, each per mole of primitive cells."""
    kelvin = result.temperatures_k
    free_energy = _against_temperature(
        "free energy", "kJ/mol", kelvin, result.free_energy_kj_per_mol, style.BLUE
    )
    entropy = _against_temperature(
        "entropy", "J/(mol K)", kelvin, result.entropy_j_per_mol_k, style.GREEN
    )
    heat = _against_temperature(
        "heat capacity C<sub>V</sub>",
        "J/(mol K)",
        kelvin,
        result.heat_capacity_j_per_mol_k,
        style.RED,
    )
    heat.update_yaxes(range=[0, 3.5 * R * result.n_atoms_primitive])
    heat.add_hline(
        3 * R * result.n_atoms_primitive,
        line={"color": style.NEUTRAL, "dash": "dot"},
        annotation={"text": "Dulong–Petit", "font": {"color": style.NEUTRAL}},
        annotation_position="top right",
    )
    return free_energy, entropy, heat


def _against_temperature(
    name: str, unit: str, kelvin: FloatArray, values: FloatArray, colour: str
) -> go.Figure:
    trace = go.Scatter(
        x=kelvin,
        y=values,
        name=name,
        line=style.line(colour),
        hovertemplate=style.hover("T:.0f", f"{name}:.2f", "K", unit),
    )
    figure = go.Figure(trace)
    figure.update_xaxes(title="temperature (K)")
    figure.update_yaxes(title=f"{name} ({unit})")
    return style.finish(figure, height=320, legend=False)
