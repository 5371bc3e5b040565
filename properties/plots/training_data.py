"""What is in a set of training data: energies against volumes, and how large the forces are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style, ticks

if TYPE_CHECKING:
    from mlpcore.dataset import Dataset

MEV = 1e3
LOWEST_EV_PER_A = 1e-2
"""Smaller forces are zero by symmetry and would stretch the scale."""

SAME_VOLUME = 1e-3


def labels(dataset: Dataset, height: int = 360) -> go.Figure:
    """Draw the energy of each frame against its volume, coloured by its largest force.

    Where all volumes are the same, the largest force takes their place.
    """
    frames = dataset.frames
    sizes = np.array([len(frame.atoms) for frame in frames])
    energy = np.array([frame.energy_ev for frame in frames]) / sizes
    volume = np.array([frame.atoms.get_volume() for frame in frames]) / sizes
    force = np.array([np.linalg.norm(f.forces_ev_per_a, axis=1).max() for f in frames])
    force = np.maximum(force, LOWEST_EV_PER_A)
    one_volume = np.ptp(volume) < SAME_VOLUME * volume.mean()
    plot = go.Figure(
        go.Scatter(
            x=force if one_volume else volume,
            y=MEV * (energy - energy.min()),
            mode="markers",
            marker={"size": 8, "opacity": 0.85, "color": np.log10(force), **_scale(force)},
            customdata=np.column_stack([volume, force]),
            text=[frame.source for frame in frames],
            hovertemplate=(
                "%{text}<br>volume %{customdata[0]:.2f} Å³/atom<br>energy %{y:.0f} meV/atom"
                "<br>largest force %{customdata[1]:.3g} eV/Å<extra></extra>"
            ),
        )
    )
    plot.update_xaxes(title="volume (Å³/atom)")
    if one_volume:
        plot.update_xaxes(title="largest force (eV/Å)", **ticks.axis(force))
    plot.update_yaxes(title="energy above the lowest (meV/atom)")
    return style.finish(plot, height, legend=False)


def _scale(force: NDArray[np.float64]) -> dict[str, Any]:
    """Colours for the logarithm of the force, with numbers beside them however near it lies."""
    marked = ticks.logarithmic(float(force.min()), float(force.max()))
    return {
        "colorscale": style.SEQUENTIAL,
        "cmin": float(np.log10(marked[0])),
        "cmax": float(np.log10(marked[-1])),
        "colorbar": {
            "title": {"text": "largest force<br>(eV/Å)"},
            "thickness": 12,
            "tickvals": np.log10(marked),
            "ticktext": [ticks.words(value) for value in marked],
        },
    }
