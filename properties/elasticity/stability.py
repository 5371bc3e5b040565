"""Mechanical stability: eigenvalues of the stiffness, and Born's criteria by Laue class.

F. Mouhat and F.-X. Coudert, Phys. Rev. B 90, 224104 (2014): conditions that are necessary
and sufficient for a positive definite stiffness. Under pressure they hold for the
coefficients of stress against strain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from properties.frozen import Frozen

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Criterion(Frozen):
    """One condition of stability.

    Attributes
    ----------
    expression
        Such as ``C11 − |C12| > 0``.
    value
        Left-hand side, in `unit`.
    unit
        GPa to a power.
    passed
        Whether the value is positive.
    """

    expression: str
    value: float
    unit: str
    passed: bool


def eigenvalues_gpa(stiffness_gpa: FloatArray) -> FloatArray:
    """Return the six eigenvalues of the stiffness, rising, (6,).

    Of the matrix that maps strain to stress in Kelvin's (Mandel's) notation, with factors
    √2 for shears: they do not depend on the axes, unlike those of Voigt's matrix. The
    numbers of positive ones are the same.
    """
    root = np.sqrt([1.0, 1, 1, 2, 2, 2])
    return np.asarray(np.linalg.eigvalsh(stiffness_gpa * np.outer(root, root)), dtype=float)


def born_criteria(stiffness_gpa: FloatArray, laue_class: str | None) -> tuple[Criterion, ...]:
    """Return the conditions of stability of a Laue class; all pass if the tensor is stable.

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6), with the symmetry of the class in its standard axes. Only the
        constants that the conditions name are looked at.
    laue_class
        One of the eleven; ``None`` as "-1".
    """
    c = np.asarray(stiffness_gpa, dtype=float)
    rules = _RULES.get(laue_class or "-1")
    if rules is None:
        return _leading_minors(c)
    one_based = np.pad(c, ((1, 0), (1, 0)))
    return tuple(
        _criterion(rule.left_side, rule.value(one_based), rule.power) for rule in rules
    )


def _leading_minors(c: FloatArray) -> tuple[Criterion, ...]:
    """Sylvester's criterion: the determinants of the six leading blocks."""
    minors = [float(np.linalg.det(c[:n, :n])) for n in range(1, 7)]
    texts = ["C11", "C11 C22 − C12²", *(f"det C(1…{n}, 1…{n})" for n in range(3, 7))]
    return tuple(
        _criterion(text, minor, n + 1)
        for n, (text, minor) in enumerate(zip(texts, minors, strict=True))
    )


def _criterion(left_side: str, value: float, power: int) -> Criterion:
    unit = "GPa" + ("", "²", "³", "⁴", "⁵", "⁶")[power - 1]
    return Criterion(f"{left_side} > 0", float(value), unit, bool(value > 0))


class _Rule(NamedTuple):
    """Left side of an inequality, its power of GPa, and its value from C[1, 1] … C[6, 6]."""

    left_side: str
    power: int
    value: Callable[[FloatArray], float]


def _diagonal(i: int) -> _Rule:
    return _Rule(f"C{i}{i}", 1, lambda c: c[i, i])


def _block_of_three(c: FloatArray) -> float:
    return float(np.linalg.det(c[1:4, 1:4]))


_CUBIC = (
    _Rule("C11 − C12", 1, lambda c: c[1, 1] - c[1, 2]),
    _Rule("C11 + 2 C12", 1, lambda c: c[1, 1] + 2 * c[1, 2]),
    _diagonal(4),
)
_UNIAXIAL = (
    _Rule("C11 − |C12|", 1, lambda c: c[1, 1] - abs(c[1, 2])),
    _Rule(
        "C33 (C11 + C12) − 2 C13²",
        2,
        lambda c: c[3, 3] * (c[1, 1] + c[1, 2]) - 2 * c[1, 3] ** 2,
    ),
    _diagonal(4),
)
_RULES = {
    "m-3m": _CUBIC,
    "m-3": _CUBIC,
    "6/mmm": _UNIAXIAL,
    "6/m": _UNIAXIAL,
    "-3m": (
        *_UNIAXIAL,
        _Rule(
            "C44 (C11 − C12) − 2 C14²",
            2,
            lambda c: c[4, 4] * (c[1, 1] - c[1, 2]) - 2 * c[1, 4] ** 2,
        ),
    ),
    "-3": (
        *_UNIAXIAL,
        _Rule(
            "C44 (C11 − C12) − 2 (C14² + C15²)",
            2,
            lambda c: c[4, 4] * (c[1, 1] - c[1, 2]) - 2 * (c[1, 4] ** 2 + c[1, 5] ** 2),
        ),
    ),
    "4/mmm": (*_UNIAXIAL, _diagonal(6)),
    "4/m": (
        *_UNIAXIAL,
        _Rule(
            "C66 (C11 − C12) − 2 C16²",
            2,
            lambda c: c[6, 6] * (c[1, 1] - c[1, 2]) - 2 * c[1, 6] ** 2,
        ),
    ),
    "mmm": (
        _diagonal(1),
        _Rule("C11 C22 − C12²", 2, lambda c: c[1, 1] * c[2, 2] - c[1, 2] ** 2),
        _Rule(
            "C11 C22 C33 + 2 C12 C13 C23 − C11 C23² − C22 C13² − C33 C12²", 3, _block_of_three
        ),
        _diagonal(4),
        _diagonal(5),
        _diagonal(6),
    ),
}
"""Classes not listed, monoclinic and triclinic, take the leading minors."""
