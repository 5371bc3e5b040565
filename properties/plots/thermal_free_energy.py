"""Free energies against volume, their minima, and how well an equation of state fits them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from mlpcore.units import EV_PER_A3_IN_GPA
from properties.plots import style
from properties.results import ThermalResult
from properties.vibrations import equations_of_state as eos

FloatArray = NDArray[np.float64]

MEV = 1e3
CURVE_POINTS = 80


def free_energy(result: ThermalResult) -> go.Figure:
    """F(V, T) above its lowest sampled point with the fitted curve, V(T) marked on each.

    Under pressure the potential with a minimum at V(T) is F + pV; that is then drawn.
    """
    figure = go.Figure()
    symbol = "F + pV" if result.pressure_gpa else "F"
    hover = style.hover("V:.3f", f"{symbol}:.2f", "Å³/atom", "meV/atom")
    temperatures = result.free_energy_temperatures_k
    work = result.pressure_gpa / EV_PER_A3_IN_GPA * result.sampled_volume_per_atom_a3
    sampled = result.free_energy_per_atom_ev + work
    lowest = sampled.min(1)
    for kelvin, energy, zero, shade in zip(
        temperatures, sampled, lowest, shades(len(temperatures)), strict=True
    ):
        figure.add_scatter(
            x=result.sampled_volume_per_atom_a3,
            y=MEV * (energy - zero),
            mode="markers",
            marker={"color": shade, "size": 7},
            name=f"{kelvin:.0f} K",
            legendgroup=f"{kelvin:.0f}",
            hovertemplate=hover,
        )
        _add_fit(figure, result, kelvin, zero, shade)
    minima = _minima(result, lowest)
    figure.add_scatter(
        x=minima[:, 0],
        y=MEV * minima[:, 1],
        mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": style.GREEN},
        name="V(T)",
        hovertemplate=hover,
    )
    figure.update_xaxes(title="volume (Å³/atom)")
    figure.update_yaxes(title=f"{symbol} above its lowest point (meV/atom)")
    return style.finish(figure, height=420)


def _add_fit(
    figure: go.Figure, result: ThermalResult, kelvin: float, zero: float, shade: str
) -> None:
    """The equation of state through the points of one temperature, if it was kept."""
    row = np.flatnonzero(result.temperatures_k == kelvin)
    if not (len(row) and result.eos_parameters.size):
        return
    volumes = result.sampled_volume_per_atom_a3
    fine = np.linspace(volumes[0], volumes[-1], CURVE_POINTS)
    curve = eos.FORMS[result.eos](fine, result.eos_parameters[row[0]])
    figure.add_scatter(
        x=fine,
        y=MEV * (curve - zero),
        mode="lines",
        line=style.line(shade, width=1.8),
        legendgroup=f"{kelvin:.0f}",
        showlegend=False,
        name=f"{kelvin:.0f} K, fit",
        hovertemplate=style.hover("V:.3f", "F:.2f", "Å³/atom", "meV/atom"),
    )


def _minima(result: ThermalResult, lowest: FloatArray) -> FloatArray:
    """V(T) and the depth of each curve there, for the temperatures that are valid."""
    if not result.eos_parameters.size:
        return np.zeros((0, 2))
    rows = [
        (result.volume_per_atom_a3[at], result.eos_parameters[at, 0] - zero)
        for kelvin, zero in zip(result.free_energy_temperatures_k, lowest, strict=True)
        for at in np.flatnonzero(result.temperatures_k == kelvin)
    ]
    return np.array(rows, dtype=float).reshape(-1, 2)


def misfit(result: ThermalResult) -> go.Figure:
    """How far the fitted curves of the shown temperatures miss the points."""
    figure = go.Figure()
    work = result.pressure_gpa / EV_PER_A3_IN_GPA * result.sampled_volume_per_atom_a3
    temperatures = result.free_energy_temperatures_k
    for kelvin, energy, shade in zip(
        temperatures,
        result.free_energy_per_atom_ev + work,
        shades(len(temperatures)),
        strict=True,
    ):
        for at in np.flatnonzero(result.temperatures_k == kelvin):
            fit = eos.FORMS[result.eos](
                result.sampled_volume_per_atom_a3, result.eos_parameters[at]
            )
            figure.add_scatter(
                x=result.sampled_volume_per_atom_a3,
                y=MEV * (energy - fit),
                mode="lines+markers",
                line=style.line(shade, width=1.5),
                name=f"{kelvin:.0f} K",
                hovertemplate=style.hover("V:.3f", "misfit:.4f", "Å³/atom", "meV/atom"),
            )
    figure.update_xaxes(title="volume (Å³/atom)")
    figure.update_yaxes(title="point less curve (meV/atom)")
    return style.finish(figure, height=340)


def shades(count: int) -> list[str]:
    """Return colours from cold to hot, all of which show on a light and on a dark page."""
    stops = [list(stop) for stop in style.DIVERGING]
    return list(sample_colorscale(stops, np.linspace(0.0, 1.0, max(count, 2)).tolist()))[:count]
