"""What is in a set of training data: energies against volumes, and how large the forces are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from properties.plots import style

if TYPE_CHECKING:
    from mlpcore.dataset import Dataset

MEV = 1e3


def labels(dataset: Dataset, height: int = 360) -> go.Figure:
    """Draw the energy of each frame against its volume, coloured by its largest force."""
    frames = dataset.frames
    energy = np.array([frame.energy_ev / len(frame.atoms) for frame in frames])
    volume = np.array([frame.atoms.get_volume() / len(frame.atoms) for frame in frames])
    force = np.array([np.linalg.norm(frame.forces_ev_per_a, axis=1).max() for frame in frames])
    plot = go.Figure(
        go.Scatter(
            x=volume,
            y=MEV * (energy - energy.min()),
            mode="markers",
            marker={
                "size": 8,
                "opacity": 0.8,
                "color": force,
                "colorscale": style.SEQUENTIAL,
                "colorbar": {"title": {"text": "largest force<br>(eV/Å)"}, "thickness": 12},
            },
            customdata=np.array([frame.source for frame in frames]),
            text=[f"{value:.3g}" for value in force],
            hovertemplate=(
                "%{customdata}<br>volume %{x:.2f} Å³/atom<br>energy %{y:.0f} meV/atom"
                "<br>largest force %{text} eV/Å<extra></extra>"
            ),
        )
    )
    plot.update_xaxes(title="volume (Å³/atom)")
    plot.update_yaxes(title="energy above the lowest (meV/atom)")
    return style.finish(plot, height, legend=False)
