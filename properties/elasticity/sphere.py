"""The smallest value of a function of direction, over the whole sphere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]

STEP_DEG = 3
STARTS = 3
APART_DEG = 15
"""An elastic tensor of rank 4 has no structure on the sphere finer than some 30 degrees."""

EQUAL = 1e-9
"""Values on the grid that differ by less, relative to the largest, count as equal."""
ZERO = 1e-6
"""Smaller components of a unit vector are noise of the search."""


def smallest(function: Function) -> tuple[float, FloatArray]:
    """Find where a function is smallest over the sphere.

    A grid over half of the sphere gives the starting points, Nelder and Mead's simplex
    the rest: it needs no derivatives, which have jumps where two sound velocities meet.

    Parameters
    ----------
    function
        From unit vectors (..., 3) to values (...), the same for opposite directions.

    Returns
    -------
    The value, and the direction in its canonical sign, (3,).
    """
    found = [_refine(function, start) for start in _starts(function)]
    best = min(value for value, _ in found)
    margin = EQUAL * max(abs(best), np.finfo(float).tiny)
    value, direction = next(one for one in found if one[0] <= best + margin)
    return value, canonical(direction)


def canonical(direction: FloatArray) -> FloatArray:
    """Return a unit vector or its opposite: the first component other than zero is positive."""
    clean = np.where(np.abs(direction) < ZERO, 0.0, direction)
    clean /= np.linalg.norm(clean)
    return clean * np.sign(clean[np.flatnonzero(clean)[0]]) + 0.0


def perpendicular(directions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors that make a right-handed frame with each direction."""
    smallest_part = np.argmin(np.abs(directions), axis=-1)
    first = np.cross(directions, np.eye(3)[smallest_part])
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    return first, np.cross(directions, first)


def grid(n_polar: int, n_azimuth: int, polar_end: float = np.pi) -> FloatArray:
    """Unit vectors on a grid of polar and azimuthal angle, (n_polar, n_azimuth, 3)."""
    polar, azimuth = np.meshgrid(
        np.linspace(0, polar_end, n_polar), np.linspace(0, 2 * np.pi, n_azimuth), indexing="ij"
    )
    across = np.sin(polar)
    parts = (across * np.cos(azimuth), across * np.sin(azimuth), np.cos(polar))
    return np.stack(parts, axis=-1)


def _starts(function: Function) -> list[FloatArray]:
    """Return the best points of the grid that are not close to each other."""
    half = grid(90 // STEP_DEG + 1, 360 // STEP_DEG + 1, np.pi / 2).reshape(-1, 3)
    values = function(half)
    values = np.round(values / max(np.abs(values).max(), np.finfo(float).tiny) / EQUAL)
    chosen: list[FloatArray] = []
    for index in np.argsort(values, kind="stable"):
        near = [abs(one @ half[index]) > np.cos(np.radians(APART_DEG)) for one in chosen]
        if not any(near):
            chosen.append(half[index])
        if len(chosen) == STARTS:
            break
    return chosen


def _refine(function: Function, start: FloatArray) -> tuple[float, FloatArray]:
    from scipy.optimize import minimize  # half a second to import

    first, second = perpendicular(start)
    scale = max(float(np.abs(function(start))), np.finfo(float).tiny)

    def unit(shift: FloatArray) -> FloatArray:
        moved = start + shift[0] * first + shift[1] * second
        return np.asarray(moved / np.linalg.norm(moved))

    step = np.radians(STEP_DEG) / 2
    found = minimize(
        lambda shift: float(function(unit(shift))) / scale,
        np.zeros(2),
        method="Nelder-Mead",
        options={
            "initial_simplex": step * np.array([[0, 0], [1, 0], [0, 1]]),
            "xatol": 1e-9,
            "fatol": 1e-15,
        },
    )
    return float(found.fun) * scale, unit(found.x)
