"""Measures of elastic anisotropy, and the constants they are built from, by Laue class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from properties.elasticity.moduli import Moduli

FloatArray = NDArray[np.float64]

CUBIC = ("m-3m", "m-3")
HEXAGONAL = ("6/mmm", "6/m")
TRIGONAL = ("-3m", "-3")
TETRAGONAL = ("4/mmm", "4/m")
LOW = ("mmm", "2/m", "-1")
"""Classes in which C44, C55 and C66 differ from each other."""


@dataclass(frozen=True)
class Index:
    """A combination of elastic constants that a Laue class has a name for.

    Attributes
    ----------
    key, symbol, formula
        Stable key, name as text, right-hand side in LaTeX.
    value
        GPa for a pressure, otherwise a pure number.
    """

    key: str
    symbol: str
    formula: str
    value: float


def log_euclidean(moduli: Moduli) -> float:
    """Log-Euclidean anisotropy √(ln²(B_V/B_R) + 5 ln²(G_V/G_R)) (Kube 2016); 0 if isotropic."""
    bulk = np.log(moduli.bulk_voigt_gpa / moduli.bulk_reuss_gpa)
    shear = np.log(moduli.shear_voigt_gpa / moduli.shear_reuss_gpa)
    return float(np.sqrt(bulk**2 + 5 * shear**2))


def percent(upper: float, lower: float) -> float:
    """Percent anisotropy 100 (V − R)/(V + R) of two bounds (Chung & Buessem 1967)."""
    return 100 * (upper - lower) / (upper + lower)


def cauchy_pressures(
    stiffness_gpa: FloatArray, laue_class: str, pressure_gpa: float = 0.0
) -> tuple[Index, ...]:
    """Differences that vanish if atoms attract by central forces at centres of symmetry.

    Of the six Cauchy relations those between diagonal shear constants and their partners;
    symmetry makes several of them equal in the higher classes. Of stress–strain
    coefficients under the pressure p, what vanishes is C_ij − C_kk − 2p (Born & Huang
    1954).
    """
    pairs = [((1, 2), 3), ((0, 2), 4), ((0, 1), 5)]
    if laue_class in CUBIC:
        pairs = pairs[2:]
    elif laue_class in (*HEXAGONAL, *TRIGONAL, *TETRAGONAL):
        pairs = pairs[1:]
    found = (_cauchy(stiffness_gpa, pair, shear, laue_class) for pair, shear in pairs)
    return tuple(_less_the_load(index, pressure_gpa) for index in found)


def zener_ratios(stiffness_gpa: FloatArray, laue_class: str) -> tuple[Index, ...]:
    """Shear anisotropies of the cube faces and their counterparts; 1 if isotropic.

    The Zener ratio of a cubic crystal; A1, A2, A3 of the planes (100), (010), (001) after
    Ravindran (1998) down to orthorhombic symmetry, each once. They are not defined where
    other constants, such as C14 or C16, couple to the shear.
    """
    c = stiffness_gpa
    with np.errstate(divide="ignore", invalid="ignore"):
        if laue_class in CUBIC:
            zener = 2 * c[3, 3] / (c[0, 0] - c[0, 1])
            formula = r"\frac{2 C_{44}}{C_{11} - C_{12}}"
            return (Index("zener", "Zener ratio A", formula, float(zener)),)
        planes = {**dict.fromkeys(HEXAGONAL, (1,)), "4/mmm": (1, 3), "mmm": (1, 2, 3)}
        return tuple(_plane(c, number) for number in planes.get(laue_class, ()))


def _cauchy(c: FloatArray, pair: tuple[int, int], shear: int, laue_class: str) -> Index:
    i, j = pair[0] + 1, pair[1] + 1
    named_c44 = shear == 4 or laue_class in CUBIC
    k = 4 if named_c44 and laue_class not in LOW else shear + 1
    value = float(c[pair] - c[k - 1, k - 1])
    return Index(
        f"cauchy_{i}{j}_{k}{k}",
        f"Cauchy pressure C{i}{j} − C{k}{k}",
        f"C_{{{i}{j}}} - C_{{{k}{k}}}",
        value,
    )


def _less_the_load(index: Index, pressure_gpa: float) -> Index:
    if pressure_gpa == 0:
        return index
    return Index(
        index.key,
        f"{index.symbol} − 2p",
        f"{index.formula} - 2p",
        index.value - 2 * pressure_gpa,
    )


def _plane(c: FloatArray, number: int) -> Index:
    """Ravindran's A1 (C44; 1, 3), A2 (C55; 2, 3), A3 (C66; 1, 2)."""
    k, i, j = {1: (4, 1, 3), 2: (5, 2, 3), 3: (6, 1, 2)}[number]
    below = c[i - 1, i - 1] + c[j - 1, j - 1] - 2 * c[i - 1, j - 1]
    return Index(
        f"shear_anisotropy_{number}",
        f"Shear anisotropy A{number}",
        rf"\frac{{4 C_{{{k}{k}}}}}{{C_{{{i}{i}}} + C_{{{j}{j}}} - 2 C_{{{i}{j}}}}}",
        float(4 * c[k - 1, k - 1] / below),
    )
