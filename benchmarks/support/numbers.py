"""Sums over measurements: medians, ratios, growth with size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median


def paired_ratio(slower: Sequence[float], faster: Sequence[float]) -> float:
    """Median of the ratios of measurements that were taken side by side."""
    return median(a / b for a, b in zip(slower, faster, strict=True))


def growth_exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Exponent p of seconds ∝ sizes^p by least squares of the logarithms; 1 is linear."""
    x, y = ([math.log(v) for v in values] for values in (sizes, seconds))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return over / sum((a - mean_x) ** 2 for a in x)


def figures(value: float | None, digits: int = 3) -> str:
    """Write a number with so many significant digits and no exponent; a dash for none."""
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:.{max(0, digits - 1 - exponent)}f}"
