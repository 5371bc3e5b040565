"""Modes at Γ: groups of equal frequency, and their levels with and without the field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style
from properties.plots.phonons import DIGITS, FREQUENCY_UNITS, written
from properties.results import PhononResult

FloatArray = NDArray[np.float64]

SAME_THZ = 0.01
MOVED_THZ = 0.05
"""A level further than this from all those without field is drawn as moved."""

ACROSS = 0.36
"""Half the width of a level, of the distance between two columns."""


def groups(frequencies_thz: FloatArray) -> list[tuple[float, int]]:
    """Return each frequency with its degeneracy, ascending; rounding errors of zero as zero."""
    found: list[list[float]] = []
    for frequency in np.sort(frequencies_thz):
        if found and frequency - found[-1][-1] < SAME_THZ:
            found[-1].append(float(frequency))
        else:
            found.append([float(frequency)])
    means = [(float(np.mean(group)), len(group)) for group in found]
    return [(0.0 if abs(mean) < SAME_THZ / 2 else mean, count) for mean, count in means]


def splitting_thz(result: PhononResult) -> list[float]:
    """Largest rise of a mode at Γ by the field, for each direction of approach."""
    bare = np.sort(result.gamma_frequencies_thz)
    return [float((np.sort(row) - bare).max()) for row in result.limit_frequency_thz]


def levels(result: PhononResult, names: Sequence[str], unit: str = "THz") -> go.Figure:
    """Draw the levels without field, and on approach along each direction.

    Parameters
    ----------
    names
        Of the directions in ``limit_direction``.
    """
    columns = [result.gamma_frequencies_thz, *result.limit_frequency_thz]
    bare = result.gamma_frequencies_thz
    figure = go.Figure()
    for place, frequencies in enumerate(columns):
        for mean, count in groups(frequencies):
            moved = place > 0 and float(np.abs(bare - mean).min()) > MOVED_THZ
            figure.add_trace(_level(place, mean, count, moved, unit))
    ticks = ["without field", *(f"q → 0 along<br>{name}" for name in names)]
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=ticks,
        showgrid=False,
        zeroline=False,
        range=[-0.6, len(columns) - 0.4],
    )
    figure.update_yaxes(title=f"frequency at Γ ({unit})", rangemode="tozero")
    style.finish(figure, 400, legend=False)
    return figure.update_layout(margin={"b": 64})


def _level(place: int, mean: float, count: int, moved: bool, unit: str) -> go.Scatter:
    times = f" × {count}" if count > 1 else ""
    colour = style.RED if moved else style.BLUE
    return go.Scatter(
        x=[place - ACROSS, place, place + ACROSS],
        y=[FREQUENCY_UNITS[unit] * mean] * 3,
        mode="lines+text",
        text=["", f"{written(mean, unit)}{times}", ""],
        textposition="top center",
        line=style.line(colour, width=3),
        hovertemplate=f"%{{y:{DIGITS[unit]}}} {unit}<extra>{count} mode(s)</extra>",
    )


def symmetry_label(label: str) -> str:
    """Return a Mulliken symbol as people write it: ``T₂g`` for ``T2g``."""
    return label.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
