"""Quasiharmonic expansion and Grüneisen parameters."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy.constants import R

from properties.plots import style
from properties.results import ThermalResult
from properties.vibrations import equations_of_state as eos

FloatArray = NDArray[np.float64]

PER_MILLION = 1e6
MEV = 1e3
BEYOND_VALID = 0.09
"""Part of the temperature range that is left free beyond its end, for its label."""

TELLING_HEAT = 0.05
"""Part of 3 R below which C_V is too small to divide by for γ."""


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
    """Isothermal and adiabatic bulk modulus against temperature."""
    curves = [("isothermal", result.bulk_modulus_gpa, style.GREEN, "solid")]
    if result.heat_capacity_v_j_per_mol_atoms_k.size:
        curves.append(("adiabatic", result.adiabatic_bulk_modulus_gpa, style.ORANGE, "dash"))
    return _curves(result, curves, "bulk modulus (GPa)", ":.2f", "GPa")


def entropy(result: ThermalResult) -> go.Figure:
    """Vibrational entropy at V(T)."""
    unit = "J/(mol atoms K)"
    curves = [("S", result.entropy_j_per_mol_atoms_k, style.BLUE, "solid")]
    return _curves(result, curves, f"entropy ({unit})", ":.3f", unit)


def expansion_routes(result: ThermalResult) -> go.Figure:
    """Expansion along each axis: as reported, by linear response alone, and quasistatic."""
    figure = expansion(result)
    for names, values in _distinct_axes(result.alpha_quasistatic_per_k):
        _add_route(figure, result.temperatures_k, values, names[0], "quasistatic", "dot")
    if result.axes is not None:
        count = len(result.temperatures_k)
        for name, values in zip(
            result.axes.axes, result.axes.alpha_linear_per_k[:count].T, strict=True
        ):
            _add_route(
                figure, result.temperatures_k, values, name, "linear response", "dashdot"
            )
    return style.finish(figure, height=420)


def _add_route(
    figure: go.Figure, kelvin: FloatArray, alpha: FloatArray, axis: str, how: str, dash: str
) -> None:
    name = f"{axis}, {how}"
    figure.add_scatter(
        x=kelvin,
        y=PER_MILLION * alpha,
        name=name,
        visible=True,
        line=style.line(style.AXIS_COLOURS[axis], dash, width=1.3),
        hovertemplate=style.hover("T:.0f", f"{name}:.2f", "K", "10⁻⁶/K"),
    )


def lattice(result: ThermalResult) -> go.Figure:
    """Lattice constants relative to those at 0 K; equal axes are drawn once."""
    curves = []
    for names, values in _distinct_axes(result.lattice_a):
        label = " = ".join(names)
        relative = 1e3 * (values / values[0] - 1)
        curves.append((label, relative, style.AXIS_COLOURS[names[0]], "solid"))
    return _curves(result, curves, "length relative to 0 K (10⁻³)", ":.3f", "× 10⁻³")


DIFFERENCES = {
    "Volume": ("volume_per_atom_a3", "volume (Å³/atom)", "Å³/atom", 1.0),
    "Expansion": ("alpha_volume_per_k", "volume expansion (10⁻⁶/K)", "10⁻⁶/K", PER_MILLION),
    "Bulk modulus": ("bulk_modulus_gpa", "bulk modulus (GPa)", "GPa", 1.0),
}
"""What both equations of state give: field, title of the axis, unit and scale."""


def both_forms(result: ThermalResult, quantity: str) -> go.Figure:
    """One quantity from both equations of state."""
    name, title, unit, scale = DIFFERENCES[quantity]
    other = result.other_fit
    own = [(eos.NAMES[result.eos], scale * getattr(result, name), style.PINK, "solid")]
    figure = _curves(result, own, title, ":.4f", unit)
    if other is not None:
        label = eos.NAMES[other.eos]
        figure.add_scatter(
            x=other.temperatures_k,
            y=scale * getattr(other, name),
            name=label,
            line=style.line(style.BLUE, "dash"),
            hovertemplate=style.hover("T:.0f", f"{label}:.4f", "K", unit),
        )
    return figure


def form_difference(result: ThermalResult, quantity: str) -> float:
    """Largest difference between both equations of state, in the unit of the plot."""
    name, _, _, scale = DIFFERENCES[quantity]
    if result.other_fit is None:
        return float("nan")
    own, other = getattr(result, name), getattr(result.other_fit, name)
    both = min(len(own), len(other))
    return float(scale * np.abs(own[:both] - other[:both]).max())


def heat_capacity(result: ThermalResult) -> go.Figure:
    """Heat capacity at constant pressure and at constant volume."""
    curves = [
        ("C<sub>p</sub>", result.heat_capacity_p_j_per_mol_atoms_k, style.RED, "solid"),
        ("C<sub>V</sub>", result.heat_capacity_v_j_per_mol_atoms_k, style.BLUE, "dash"),
    ]
    unit = "J/(mol atoms K)"
    return _curves(result, curves, f"heat capacity ({unit})", ":.3f", unit)


def gruneisen(result: ThermalResult) -> go.Figure:
    """Thermodynamic γ and the mean of the modes, where C_V is large enough to divide by."""
    telling = result.heat_capacity_v_j_per_mol_atoms_k > TELLING_HEAT * 3 * R
    shown = np.where(telling, result.gruneisen_thermodynamic, np.nan)
    curves = [("γ = α V B / C<sub>V</sub>", shown, style.PINK, "solid")]
    if result.gruneisen_mode_mean.size:
        mean = np.where(telling, result.gruneisen_mode_mean, np.nan)
        curves.append(
            ("mean of the modes, weighted by C<sub>V</sub>", mean, style.BLUE, "dash")
        )
    return _curves(result, curves, "thermodynamic Grüneisen parameter", ":.3f", "")


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
    debye = result.debye_temperature_k
    if debye < end:
        figure.add_vline(debye, line={"color": style.RULE, "dash": "dash", "width": 1})
        figure.add_annotation(
            text="Θ<sub>D</sub>",
            font={"color": style.NEUTRAL},
            x=debye,
            xanchor="right",
            y=0.02,
            yanchor="bottom",
            yref="y domain",
            showarrow=False,
        )


AGAINST_TEMPERATURE = (
    "temperatures_k",
    "volume_per_atom_a3",
    "alpha_volume_per_k",
    "bulk_modulus_gpa",
    "adiabatic_bulk_modulus_gpa",
    "entropy_j_per_mol_atoms_k",
    "heat_capacity_p_j_per_mol_atoms_k",
    "heat_capacity_v_j_per_mol_atoms_k",
    "gruneisen_thermodynamic",
)


def at(result: ThermalResult, kelvin: float) -> dict[str, float]:
    """Return every quantity at a temperature, not-a-number outside the valid range."""
    known = result.temperatures_k
    return {
        name: float(np.interp(kelvin, known, getattr(result, name), left=np.nan, right=np.nan))
        if len(known) and len(getattr(result, name))
        else float("nan")
        for name in AGAINST_TEMPERATURE
    }


def rows(result: ThermalResult, step_k: float = 100.0) -> list[dict[str, float]]:
    """Return every quantity at round temperatures, as far as the result holds."""
    last = float(result.temperatures_k[-1]) if len(result.temperatures_k) else -1.0
    return [at(result, float(kelvin)) for kelvin in np.arange(0.0, last + 1e-6, step_k)]


def axis_rows(result: ThermalResult, step_k: float = 100.0) -> list[dict[str, float]]:
    """Return lattice constants and their expansion at round temperatures."""
    last = float(result.temperatures_k[-1]) if len(result.temperatures_k) else -1.0
    found = []
    for kelvin in np.arange(0.0, last + 1e-6, step_k):
        row = {"temperatures_k": float(kelvin)}
        for axis in "abc":
            length = result.lattice_a.get(axis, np.full(len(result.temperatures_k), np.nan))
            row[f"{axis}_a"] = _at(result, float(kelvin), length)
            row[f"alpha_{axis}_per_k"] = _at(
                result, float(kelvin), result.alpha_linear_per_k[axis]
            )
        found.append(row)
    return found


def _at(result: ThermalResult, kelvin: float, values: FloatArray) -> float:
    return float(np.interp(kelvin, result.temperatures_k, values))


def form_name(result: ThermalResult) -> str:
    """Return the name of the equation of state."""
    return eos.NAMES.get(result.eos, result.eos)


NOISE_PER_K = 2e-8


def negative_ranges_k(result: ThermalResult) -> list[tuple[float, float]]:
    """Return the ranges of temperature in which the crystal shrinks on heating.

    Expansions that are smaller than the noise of the forces count as none.
    """
    below = np.concatenate([[False], result.alpha_volume_per_k < -NOISE_PER_K, [False]])
    starts = np.flatnonzero(~below[:-1] & below[1:])
    ends = np.flatnonzero(below[:-1] & ~below[1:]) - 1
    kelvin = result.temperatures_k
    return [(float(kelvin[i]), float(kelvin[j])) for i, j in zip(starts, ends, strict=True)]
