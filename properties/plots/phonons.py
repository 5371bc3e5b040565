"""Phonon dispersion, density of states and harmonic thermodynamics."""

from __future__ import annotations

import re

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots
from scipy.constants import R

from mlpcore.units import THZ_IN_EV, THZ_IN_PER_CM
from properties.plots import style
from properties.results import PhononResult

FloatArray = NDArray[np.float64]

FREQUENCY_UNITS = {"THz": 1.0, "cm⁻¹": THZ_IN_PER_CM, "meV": THZ_IN_EV * 1e3}
SMALLEST_DOS = 1e-2
"""Part of the highest density of states that still has to be in view."""

DIGITS = {"THz": ".2f", "cm⁻¹": ".1f", "meV": ".2f"}


def bands_and_dos(result: PhononResult, unit: str = "THz", height: int = 480) -> go.Figure:
    """Dispersion with the density of states beside it, on one frequency axis."""
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, column_widths=[0.78, 0.22], horizontal_spacing=0.045
    )
    for trace in band_traces(result, unit):
        figure.add_trace(trace, row=1, col=1)
    figure.add_trace(_dos_trace(result, unit), row=1, col=2)
    draw_path(figure, result)
    figure.update_yaxes(title=f"frequency ({unit})", row=1, col=1)
    figure.update_xaxes(title=f"DOS (1/{unit})", rangemode="tozero", nticks=4, row=1, col=2)
    low, high = _frequency_range(result, unit)
    figure.update_yaxes(range=[low, high])
    if result.imaginary:
        shade_imaginary(figure, low)
    return style.finish(figure, height, legend=False)


def band_traces(result: PhononResult, unit: str = "THz") -> list[go.Scatter]:
    """One line a band, broken between segments."""
    start = result.band_segment_start
    distance = with_breaks(result.band_distance, start)
    qpoints = with_breaks(result.band_qpoints, start).astype(np.float32)
    text = (
        f"%{{y:{DIGITS[unit]}}} {unit}<br>q = (%{{customdata[0]:.3f}}, "
        "%{customdata[1]:.3f}, %{customdata[2]:.3f})<extra>band %{meta}</extra>"
    )
    return [
        go.Scatter(
            x=distance,
            y=FREQUENCY_UNITS[unit] * with_breaks(frequency, start),
            mode="lines",
            line=style.line(style.BLUE, width=1.8),
            name=f"band {band}",
            meta=band,
            customdata=qpoints,
            hovertemplate=text,
        )
        for band, frequency in enumerate(result.band_frequency_thz.T, start=1)
    ]


def with_breaks(values: FloatArray, segment_start: NDArray[np.int64]) -> FloatArray:
    """Insert a not-a-number before each segment but the first, so that lines break there."""
    return np.insert(np.asarray(values, dtype=float), segment_start[1:], np.nan, axis=0)


def draw_path(figure: go.Figure, result: PhononResult) -> None:
    """Label the high-symmetry points on the first x axis and draw a line at each."""
    ticks = [float(tick) for tick in result.band_tick_distance]
    rule = {"type": "line", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1}
    figure.update_layout(
        xaxis={
            "tickvals": ticks,
            "ticktext": [point_label(label) for label in result.band_tick_label],
            "tickfont": {"size": 14},
            "range": [ticks[0], ticks[-1]],
            "tickangle": 0,
            "showgrid": False,
            "zeroline": False,
        },
        shapes=[
            {**rule, "x0": tick, "x1": tick, "line": {"color": style.RULE, "width": 1}}
            for tick in ticks
        ],
    )


def point_label(label: str) -> str:
    """Return the name of a high-symmetry point with its index below, such as S<sub>0</sub>."""
    return re.sub(r"_(\w)", r"<sub>\1</sub>", label)


def shade_imaginary(figure: go.Figure, low: float) -> None:
    """Shade the region of imaginary modes, which are drawn as negative frequencies."""
    figure.add_hrect(
        y0=low,
        y1=0.0,
        fillcolor=style.WARNING_FILL,
        line_width=0,
        layer="below",
    )
    figure.add_annotation(
        text="imaginary",
        xref="x2 domain",
        x=0.98,
        xanchor="right",
        y=low,
        yanchor="bottom",
        showarrow=False,
        font={"color": style.RED},
    )


def _frequency_range(result: PhononResult, unit: str) -> tuple[float, float]:
    scale = FREQUENCY_UNITS[unit]
    occupied = result.dos_per_thz > SMALLEST_DOS * result.dos_per_thz.max()
    top = max(result.max_frequency_thz, float(result.dos_frequency_thz[occupied].max()))
    high = 1.03 * scale * top
    low = 1.1 * scale * float(np.min(result.band_frequency_thz)) if result.imaginary else 0.0
    return min(low, -0.015 * high), high


def _dos_trace(result: PhononResult, unit: str) -> go.Scatter:
    scale = FREQUENCY_UNITS[unit]
    return go.Scatter(
        x=result.dos_per_thz / scale,
        y=scale * result.dos_frequency_thz,
        mode="lines",
        line=style.line(style.BLUE, width=1.5),
        fill="tozerox",
        fillcolor="rgba(86, 180, 233, 0.25)",
        name="density of states",
        hovertemplate=f"%{{y:{DIGITS[unit]}}} {unit}<br>%{{x:.3g}} per {unit}<extra></extra>",
    )


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


def gamma_rows(result: PhononResult, tolerance_thz: float = 0.01) -> list[dict[str, str]]:
    """Frequencies at Γ in all units, equal ones together, as text for a table."""
    groups: list[list[float]] = []
    for frequency in np.sort(result.gamma_frequencies_thz):
        if groups and frequency - groups[-1][-1] < tolerance_thz:
            groups[-1].append(float(frequency))
        else:
            groups.append([float(frequency)])
    rows = []
    for group in groups:
        mean = float(np.mean(group))
        mean = 0.0 if abs(mean) < tolerance_thz / 2 else mean
        columns = {
            unit: f"{scale * mean:{DIGITS[unit]}}".replace("-", "−")
            for unit, scale in FREQUENCY_UNITS.items()
        }
        rows.append({"Modes": str(len(group)), **columns})
    return rows
