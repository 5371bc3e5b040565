"""Grüneisen parameters: on the dispersion, against frequency, and along the axes."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import phonons, style
from properties.plots.thermal_free_energy import shades
from properties.results import PhononResult, ThermalResult

FloatArray = NDArray[np.float64]

COLOURED_PERCENTILES = (2.0, 98.0)
"""Colours of Grüneisen parameters end here; those of flat bands can go far beyond."""


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
    """Mode Grüneisen parameters against frequency; the size of a mark is its weight.

    Modes of a mesh where it was kept, which fill the zone evenly, else those of the path.
    """
    scale = phonons.FREQUENCY_UNITS[unit]
    gamma, frequency, size, name = _modes(result)
    known = np.isfinite(gamma)
    figure = go.Figure(
        go.Scattergl(
            x=scale * frequency[known],
            y=gamma[known],
            mode="markers",
            name=name,
            showlegend=True,
            marker={"size": size[known], "color": style.BLUE, "opacity": 0.55},
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


def _modes(result: ThermalResult) -> tuple[FloatArray, FloatArray, FloatArray, str]:
    """γ, frequency and size of the mark of each mode, and what the modes are."""
    if not result.mesh_gruneisen.size:
        gamma = result.band_gruneisen.ravel()
        frequency = result.band_gruneisen_frequency_thz.ravel()
        return gamma, frequency, np.full(gamma.shape, 5.0), "modes of the path"
    bands = result.mesh_gruneisen.shape[1]
    share = np.repeat(result.mesh_weight / result.mesh_weight.max(), bands)
    size = 3.0 + 5.0 * np.sqrt(share)
    gamma, frequency = result.mesh_gruneisen.ravel(), result.mesh_frequency_thz.ravel()
    return gamma, frequency, size, "modes of the whole zone"


def bands_at_volumes(
    result: ThermalResult, path: PhononResult, unit: str = "THz", height: int = 440
) -> go.Figure:
    """Dispersion at each sampled volume, from compressed (blue) to stretched (red)."""
    scale = phonons.FREQUENCY_UNITS[unit]
    volumes = result.sampled_volume_per_atom_a3
    figure = go.Figure()
    start = path.band_segment_start
    along = phonons.with_breaks(result.band_gruneisen_distance, start)
    for volume, frequency, shade in zip(
        volumes, result.band_volume_frequency_thz, shades(len(volumes)), strict=True
    ):
        bands = phonons.with_breaks(scale * frequency, start)
        for band in range(bands.shape[1]):
            figure.add_scatter(
                x=along,
                y=bands[:, band],
                mode="lines",
                line={"color": shade, "width": 1.3},
                name=f"{volume:.3f} Å³/atom",
                legendgroup=f"{volume:.3f}",
                showlegend=band == 0,
                hovertemplate=f"%{{y:{phonons.DIGITS[unit]}}} {unit}<extra>%{{fullData.name}}"
                "</extra>",
            )
    phonons.draw_path(figure, path)
    figure.update_yaxes(title=f"frequency ({unit})")
    return style.finish(figure, height)


def of_axes(result: ThermalResult) -> go.Figure:
    """Grüneisen function of each independent axis against temperature."""
    figure = go.Figure()
    axes = result.axes
    if axes is None:
        return style.empty("Nothing was kept about the axes.")
    shown = axes.temperatures_k <= result.valid_up_to_k
    telling = axes.temperatures_k >= COOLEST_SHOWN_K
    for name, gamma in zip(axes.axes, axes.gruneisen.T, strict=True):
        figure.add_scatter(
            x=axes.temperatures_k[shown & telling],
            y=gamma[shown & telling],
            name=f"γ<sub>{name}</sub>",
            line=style.line(style.AXIS_COLOURS[name]),
            hovertemplate=style.hover("T:.0f", "γ:.3f", "K"),
        )
    figure.update_xaxes(title="temperature (K)")
    figure.update_yaxes(title="Grüneisen function of the axis (1)")
    return style.finish(figure, height=340)


COOLEST_SHOWN_K = 20.0


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
