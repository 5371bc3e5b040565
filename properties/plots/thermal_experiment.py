"""Computed expansion and heat capacity with measured ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from properties.plots import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from properties.reference_vibrations import MeasuredCurve
    from properties.results import ThermalResult

ALPHA, HEAT = "Expansion", "Heat capacity"
MARKS = ("circle", "square", "diamond", "cross", "triangle-up", "x")
_ALPHA_UNIT, _HEAT_UNIT = "10⁻⁶/K", "J/(mol atoms K)"
_AXES = {f"alpha_linear_{axis}": axis for axis in "abc"}


def panel(quantity: str) -> str | None:
    """Return the chart that a measured quantity belongs to, if there is one."""
    if quantity == "alpha_volume" or quantity in _AXES:
        return ALPHA
    return HEAT if quantity.startswith("heat_capacity_p") else None


def computed(result: ThermalResult, quantity: str) -> NDArray[np.float64]:
    """Return the computed counterpart of a measured quantity, in the units of the chart."""
    if quantity in _AXES:
        return 1e6 * result.alpha_linear_per_k[_AXES[quantity]]
    if quantity == "alpha_volume":
        return 1e6 * result.alpha_volume_per_k
    return result.heat_capacity_p_j_per_mol_atoms_k


def chart(result: ThermalResult, curves: Sequence[MeasuredCurve], which: str) -> go.Figure:
    """Draw the measured curves of one chart as marks on the computed lines.

    Parameters
    ----------
    which
        ``ALPHA`` or ``HEAT``.
    """
    figure = go.Figure()
    unit = _ALPHA_UNIT if which == ALPHA else _HEAT_UNIT
    belonging = [curve for curve in curves if panel(curve.quantity) == which]
    quantities = dict.fromkeys(curve.quantity for curve in belonging)
    for quantity in quantities or _without_measurement(which):
        figure.add_scatter(
            x=result.temperatures_k,
            y=computed(result, quantity),
            name=f"computed, {_short(quantity)}",
            line=style.line(_colour(quantity)),
            hovertemplate=style.hover("T:.0f", "computed:.2f", "K", unit),
        )
    scale = 1e6 if which == ALPHA else 1.0
    for index, curve in enumerate(belonging):
        name = f"{curve.source.split(',')[0]}, {_short(curve.quantity)}"
        figure.add_scatter(
            x=curve.temperatures_k,
            y=scale * np.asarray(curve.values),
            mode="markers",
            name=name,
            marker={
                "symbol": MARKS[index % len(MARKS)],
                "size": 8,
                "color": _colour(curve.quantity),
                "line": {"width": 1, "color": style.NEUTRAL},
            },
            hovertemplate=style.hover("T:.0f", "measured:.2f", "K", unit),
        )
    figure.update_xaxes(title="temperature (K)")
    title = "expansion coefficient" if which == ALPHA else "heat capacity at constant pressure"
    figure.update_yaxes(title=f"{title} ({unit})")
    return style.finish(figure, height=420)


def _without_measurement(which: str) -> tuple[str, ...]:
    return ("alpha_volume",) if which == ALPHA else ("heat_capacity_p_j_per_mol_atoms_k",)


def _short(quantity: str) -> str:
    if quantity in _AXES:
        return f"α along {_AXES[quantity]}"
    return "α of the volume" if quantity == "alpha_volume" else "Cₚ"


def _colour(quantity: str) -> str:
    if quantity in _AXES:
        return style.AXIS_COLOURS[_AXES[quantity]]
    return style.PINK if quantity == "alpha_volume" else style.RED
