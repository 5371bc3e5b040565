"""Quasiharmonic expansion and Grüneisen parameters."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale
from scipy.constants import R

from properties.plots import phonons, style
from properties.results import PhononResult, ThermalResult

FloatArray = NDArray[np.float64]

PER_MILLION = 1e6
MEV = 1e3
BEYOND_VALID = 0.09
"""Part of the temperature range that is left free beyond its end, for its label."""

COLOURED_PERCENTILES = (2.0, 98.0)
"""Colours of Grüneisen parameters end here; those of flat bands can go far beyond."""

TELLING_HEAT = 0.05
"""Part of 3 R below which C_V is too small to divide by for γ."""


def free_energy(result: ThermalResult) -> go.Figure:
    """F(V, T) above its lowest sampled point, with V(T) marked on each curve."""
    figure = go.Figure()
    temperatures = result.free_energy_temperatures_k
    curves = result.free_energy_per_atom_ev - result.free_energy_per_atom_ev.min(1)[:, None]
    for kelvin, energy, shade in zip(
        temperatures, MEV * curves, _shades(len(temperatures)), strict=True
    ):
        figure.add_scatter(
            x=result.sampled_volume_per_atom_a3,
            y=energy,
            mode="lines+markers",
            line={"color": shade, "width": 1.8, "shape": "spline"},
            name=f"{kelvin:.0f} K",
            hovertemplate=style.hover("V:.3f", "F:.2f", "Å³/atom", "meV/atom"),
        )
    minima = _minima(result, curves)
    figure.add_scatter(
        x=minima[:, 0],
        y=MEV * minima[:, 1],
        mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": style.GREEN},
        name="V(T)",
        hovertemplate=style.hover("V:.3f", "F:.2f", "Å³/atom", "meV/atom"),
    )
    figure.update_xaxes(title="volume (Å³/atom)")
    figure.update_yaxes(title="F(V, T) above its lowest point (meV/atom)")
    return style.finish(figure, height=340)


def _minima(result: ThermalResult, curves: FloatArray) -> FloatArray:
    """V(T) and the height of each curve there, for the temperatures that are valid."""
    rows = []
    volumes = result.sampled_volume_per_atom_a3
    for kelvin, energy in zip(result.free_energy_temperatures_k, curves, strict=True):
        if len(result.temperatures_k) and kelvin <= result.temperatures_k[-1]:
            volume = np.interp(kelvin, result.temperatures_k, result.volume_per_atom_a3)
            curve = np.polynomial.Polynomial.fit(volumes, energy, min(3, len(volumes) - 1))
            rows.append((float(volume), float(curve(volume))))
    return np.array(rows).reshape(-1, 2)


def _shades(count: int) -> list[str]:
    """Colours from cold to hot, all of which show on a light and on a dark page."""
    stops = [list(stop) for stop in style.DIVERGING]
    return list(sample_colorscale(stops, np.linspace(0.0, 1.0, max(count, 2)).tolist()))[:count]


def volume(result: ThermalResult) -> go.Figure:
    """Equilibrium volume against temperature."""
    return _curves(
        result,
        [("volume", result.volume_per_atom_a3, style.PINK, "solid")],
        "volume (Å³/atom)",
        ":.4f",
        "Å³/atom",
    )


def expansion(result: ThermalResult) -> go.Figure:
    """Volume and linear expansion coefficients; equal axes are drawn once."""
    curves = [("volume", PER_MILLION * result.alpha_volume_per_k, style.PINK, "solid")]
    for names, values in _distinct_axes(result.alpha_linear_per_k):
        colour = style.AXIS_COLOURS[names[0]]
        label = f"linear, along {' = '.join(names)}"
        curves.append((label, PER_MILLION * values, colour, "dash"))
    return _curves(result, curves, "expansion coefficient (10⁻⁶/K)", ":.2f", "10⁻⁶/K")


def _distinct_axes(
    linear: dict[str, FloatArray],
) -> list[tuple[tuple[str, ...], FloatArray]]:
    groups: list[tuple[tuple[str, ...], FloatArray]] = []
    for name, values in linear.items():
        for index, (names, known) in enumerate(groups):
            if np.allclose(known, values, rtol=1e-3, atol=1e-9, equal_nan=True):
                groups[index] = ((*names, name), known)
                break
        else:
            groups.append(((name,), values))
    return groups


def bulk_modulus(result: ThermalResult) -> go.Figure:
    """Isothermal bulk modulus against temperature."""
    return _curves(
        result,
        [("isothermal bulk modulus", result.bulk_modulus_gpa, style.GREEN, "solid")],
        "bulk modulus (GPa)",
        ":.2f",
        "GPa",
    )


def heat_capacity(result: ThermalResult) -> go.Figure:
    """Heat capacity at constant pressure and at constant volume."""
    curves = [
        ("C<sub>p</sub>", result.heat_capacity_p_j_per_mol_atoms_k, style.RED, "solid"),
        ("C<sub>V</sub>", result.heat_capacity_v_j_per_mol_atoms_k, style.BLUE, "dash"),
    ]
    unit = "J/(mol atoms K)"
    return _curves(result, curves, f"heat capacity ({unit})", ":.3f", unit)


def gruneisen(result: ThermalResult) -> go.Figure:
    """Thermodynamic Grüneisen parameter, where C_V is large enough to divide by."""
    telling = result.heat_capacity_v_j_per_mol_atoms_k > TELLING_HEAT * 3 * R
    shown = np.where(telling, result.gruneisen_thermodynamic, np.nan)
    return _curves(
        result,
        [("γ = α V B / C<sub>V</sub>", shown, style.PINK, "solid")],
        "thermodynamic Grüneisen parameter",
        ":.3f",
        "",
    )


Curve = tuple[str, FloatArray, str, str]


def _curves(
    result: ThermalResult, curves: list[Curve], title: str, form: str, unit: str
) -> go.Figure:
    figure = go.Figure()
    for name, values, colour, dash in curves:
        figure.add_scatter(
            x=result.temperatures_k,
            y=values,
            name=name,
            line=style.line(colour, dash),
            hovertemplate=style.hover("T:.0f", f"{name}{form}", "K", unit),
        )
    figure.update_xaxes(title="temperature (K)")
    figure.update_yaxes(title=title)
    _mark_validity(figure, result)
    return style.finish(figure, height=340)


def _mark_validity(figure: go.Figure, result: ThermalResult) -> None:
    """Draw where the result ends to hold, the temperature beyond it, clear of curves."""
    end = result.valid_up_to_k
    figure.add_vline(end, line={"color": style.NEUTRAL, "dash": "dot"})
    figure.add_annotation(
        text=f"valid up to {end:.0f} K",
        font={"color": style.NEUTRAL},
        textangle=-90,
        x=end,
        xanchor="left",
        y=0.5,
        yref="y domain",
        showarrow=False,
    )
    figure.update_xaxes(range=[-0.02 * end, (1 + BEYOND_VALID) * end])


def gruneisen_bands(
    result: ThermalResult, path: PhononResult, unit: str = "THz", height: int = 440
) -> go.Figure:
    """Dispersion with each mode in the colour of its Grüneisen parameter."""
    scale = phonons.FREQUENCY_UNITS[unit]
    bands = result.band_gruneisen.shape[1]
    distance = np.repeat(result.band_gruneisen_distance, bands)
    frequency = scale * result.band_gruneisen_frequency_thz.ravel()
    gamma = result.band_gruneisen.ravel()
    known = np.isfinite(gamma)
    figure = go.Figure()
    figure.add_scatter(
        x=distance[~known],
        y=frequency[~known],
        mode="markers",
        name="γ not known",
        marker={"size": 4, "color": style.RULE},
        hovertemplate=f"γ not known<br>%{{y:{phonons.DIGITS[unit]}}} {unit}<extra></extra>",
    )
    figure.add_scatter(
        x=distance[known],
        y=frequency[known],
        mode="markers",
        name="mode",
        marker={"size": 5, **_colours(gamma[known])},
        customdata=gamma[known],
        hovertemplate=(
            f"γ = %{{customdata:.2f}}<br>%{{y:{phonons.DIGITS[unit]}}} {unit}<extra></extra>"
        ),
    )
    phonons.draw_path(figure, path)
    figure.update_yaxes(title=f"frequency ({unit})")
    return style.finish(figure, height, legend=False)


def gruneisen_scatter(result: ThermalResult, unit: str = "THz") -> go.Figure:
    """Mode Grüneisen parameter against frequency."""
    scale = phonons.FREQUENCY_UNITS[unit]
    known = np.isfinite(result.band_gruneisen.ravel())
    gamma = result.band_gruneisen.ravel()[known]
    figure = go.Figure(
        go.Scattergl(
            x=scale * result.band_gruneisen_frequency_thz.ravel()[known],
            y=gamma,
            mode="markers",
            name="each mode",
            showlegend=True,
            marker={"size": 5, "color": style.BLUE, "opacity": 0.6},
            hovertemplate=style.hover("frequency:.2f", "γ:.2f", unit),
        )
    )
    figure.add_hline(
        result.gruneisen,
        line={"color": style.RED, "dash": "dash"},
        name=f"thermodynamic γ = {result.gruneisen:.2f}",
        showlegend=True,
    )
    figure.update_xaxes(title=f"frequency ({unit})")
    figure.update_yaxes(title="mode Grüneisen parameter")
    return style.finish(figure, height=440)


def colour_range(gamma: FloatArray) -> tuple[float, float]:
    """Range of mode Grüneisen parameters without the few extreme ones, about zero if mixed."""
    known = gamma[np.isfinite(gamma)]
    if not len(known):
        return -1.0, 1.0
    low, high = (float(value) for value in np.percentile(known, COLOURED_PERCENTILES))
    reach = max(-low, high)
    return (low, high) if low > 0 else (-reach, reach)


def _colours(gamma: FloatArray) -> dict[str, object]:
    low, high = colour_range(gamma)
    return {
        "color": gamma,
        "colorscale": style.SEQUENTIAL if low > 0 else style.DIVERGING,
        "cmin": low,
        "cmax": high,
        "colorbar": {"title": "γ", "thickness": 12},
    }


AGAINST_TEMPERATURE = (
    "temperatures_k",
    "volume_per_atom_a3",
    "alpha_volume_per_k",
    "bulk_modulus_gpa",
    "heat_capacity_p_j_per_mol_atoms_k",
    "heat_capacity_v_j_per_mol_atoms_k",
    "gruneisen_thermodynamic",
)


def at(result: ThermalResult, kelvin: float) -> dict[str, float]:
    """Return every quantity at a temperature, not-a-number outside the valid range."""
    known = result.temperatures_k
    return {
        name: float(np.interp(kelvin, known, getattr(result, name), left=np.nan, right=np.nan))
        if len(known)
        else float("nan")
        for name in AGAINST_TEMPERATURE
    }


def rows(result: ThermalResult, step_k: float = 100.0) -> list[dict[str, float]]:
    """Return every quantity at round temperatures, as far as the result holds."""
    last = float(result.temperatures_k[-1]) if len(result.temperatures_k) else -1.0
    return [at(result, float(kelvin)) for kelvin in np.arange(0.0, last + 1e-6, step_k)]
