"""Ticks of logarithmic scales: 1, 2 and 5 times powers of ten, each with its whole number.

Plotly's own ticks change from whole numbers to single small digits between them as a range
grows, which is hard to read and unsteady in a figure that is drawn anew while it runs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ALL, POWERS = (1, 2, 5), (1,)
MANY_DECADES = 4
"""Over more decades there are ticks at powers of ten alone."""

FEWEST = 2
"""So many ticks at least lie between the ends."""


def logarithmic(low: float, high: float) -> list[float]:
    """Return ticks for positive numbers from `low` to `high`, both ends held between ticks.

    A single number gets a tick on either side.

    Where the ends are so close that fewer than two of 1, 2, 5 × 10ⁿ lie between them, the
    ticks are multiples of a step of that kind.

    Raises
    ------
    ValueError
        An end is not positive and finite, or they are in the wrong order.
    """
    if not (0 < low <= high and math.isfinite(high)):
        raise ValueError(f"a logarithmic scale cannot reach from {low} to {high}")
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = ALL if math.log10(high / low) <= MANY_DECADES else POWERS
    every = [float(f"{step}e{power}") for power in decades for step in steps]
    if sum(low <= tick <= high for tick in every) < FEWEST and low < high:
        return _multiples(low, high)
    first = max(tick for tick in every if tick < low or tick == low < high)
    last = min(tick for tick in every if tick > high or tick == high > low)
    return [tick for tick in every if first <= tick <= last]


def _multiples(low: float, high: float) -> list[float]:
    """Return multiples of the largest step of 1, 2, 5 × 10ⁿ that puts enough between ends."""
    power = math.floor(math.log10(high - low))
    steps = [float(f"{step}e{n}") for n in (power, power - 1) for step in reversed(ALL)]
    for step in steps:
        inside = math.floor(high / step) - math.ceil(low / step) + 1
        if inside >= FEWEST:
            break
    first, last = math.floor(low / step), math.ceil(high / step)
    return [float(f"{number * step:.12g}") for number in range(max(first, 1), last + 1)]


def words(value: float) -> str:
    """Return a number in full, without a power of ten: ``0.005``, ``20000``."""
    return np.format_float_positional(value, trim="-")


def axis(values: ArrayLike) -> dict[str, Any]:
    """Return the settings of a logarithmic axis of plotly with ticks for these values.

    Values that such an axis cannot show, as those of a training that diverged, do not count;
    where there are no others, the ticks are left to plotly.
    """
    given = np.asarray(values, dtype=float)
    shown = given[np.isfinite(given) & (given > 0)]
    if not shown.size:
        return {"type": "log"}
    marked = logarithmic(float(shown.min()), float(shown.max()))
    return {
        "type": "log",
        "tickmode": "array",
        "tickvals": marked,
        "ticktext": [words(value) for value in marked],
    }
