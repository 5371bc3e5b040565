"""Averages and stability of an elastic tensor, as closed formulas.

Voigt order xx yy zz yz xz xy; GPa unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import constants

FloatArray = NDArray[np.float64]

ROUNDING = 1e-12
"""Eigenvalues smaller than this, relative to the largest, are noise of the arithmetic."""


@dataclass(frozen=True)
class Moduli:
    """Polycrystal averages of Voigt (upper), Reuss (lower) and Hill (mean), in GPa."""

    bulk_voigt_gpa: float
    bulk_reuss_gpa: float
    shear_voigt_gpa: float
    shear_reuss_gpa: float

    @property
    def bulk_vrh_gpa(self) -> float:
        """Hill bulk modulus."""
        return (self.bulk_voigt_gpa + self.bulk_reuss_gpa) / 2

    @property
    def shear_vrh_gpa(self) -> float:
        """Hill shear modulus."""
        return (self.shear_voigt_gpa + self.shear_reuss_gpa) / 2

    @property
    def young_vrh_gpa(self) -> float:
        """Young's modulus 9BG/(3B + G) of the Hill averages."""
        b, g = self.bulk_vrh_gpa, self.shear_vrh_gpa
        return 9 * b * g / (3 * b + g)

    @property
    def poisson_vrh(self) -> float:
        """Poisson's ratio (3B − 2G)/(6B + 2G) of the Hill averages."""
        b, g = self.bulk_vrh_gpa, self.shear_vrh_gpa
        return (3 * b - 2 * g) / (6 * b + 2 * g)

    @property
    def universal_anisotropy(self) -> float:
        """Universal anisotropy 5 G_V/G_R + B_V/B_R − 6 (Ranganathan 2008); 0 if isotropic."""
        shear = self.shear_voigt_gpa / self.shear_reuss_gpa
        return 5 * shear + self.bulk_voigt_gpa / self.bulk_reuss_gpa - 6


def averages(stiffness_gpa: FloatArray) -> Moduli:
    """Voigt and Reuss averages of a stiffness tensor (Hill 1952).

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6). If it is not positive definite, the Reuss averages have no meaning
        and are not-a-number, and with them all that follows from Hill's.
    """
    c = stiffness_gpa
    s = compliance_per_gpa(c) if is_stable(c) else np.full((6, 6), np.nan)

    def parts(t: FloatArray) -> tuple[float, float, float]:
        normal, shear = np.trace(t[:3, :3]), np.trace(t[3:, 3:])
        return float(normal), float(t[0, 1] + t[0, 2] + t[1, 2]), float(shear)

    cn, co, cs = parts(c)
    sn, so, ss = parts(s)
    return Moduli(
        bulk_voigt_gpa=(cn + 2 * co) / 9,
        bulk_reuss_gpa=1 / (sn + 2 * so),
        shear_voigt_gpa=(cn - co + 3 * cs) / 15,
        shear_reuss_gpa=15 / (4 * sn - 4 * so + 3 * ss),
    )


def compliance_per_gpa(stiffness_gpa: FloatArray) -> FloatArray:
    """Return the inverse of a stiffness, (6, 6).

    Not-a-number throughout if the stiffness is singular or has entries that are not numbers.
    """
    if not np.isfinite(stiffness_gpa).all() or np.linalg.cond(stiffness_gpa) * ROUNDING > 1:
        return np.full((6, 6), np.nan)
    return np.asarray(np.linalg.inv(stiffness_gpa), dtype=float)


def is_stable(stiffness_gpa: FloatArray) -> bool:
    """Born criterion in its general form: every eigenvalue is positive (Mouhat 2014).

    One that is zero but for rounding counts as zero; a tensor with entries that are not
    numbers is not stable.
    """
    if not np.isfinite(stiffness_gpa).all():
        return False
    eigenvalues = np.linalg.eigvalsh(stiffness_gpa)
    return bool(eigenvalues.min() > ROUNDING * np.abs(eigenvalues).max())


def is_unstable(stiffness_gpa: FloatArray) -> bool:
    """Whether a tensor is known and not stable."""
    return bool(np.isfinite(stiffness_gpa).all()) and not is_stable(stiffness_gpa)


def debye_temperature_k(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, volume_per_atom_a3: float
) -> float:
    """Debye temperature from averaged sound velocities (Anderson 1963).

    Θ = (h/k) (3/(4πΩ))^(1/3) v_m with 3/v_m³ = 1/v_l³ + 2/v_t³. Not-a-number for an
    unstable crystal.
    """
    if not is_stable(stiffness_gpa):
        return float("nan")
    m = averages(stiffness_gpa)
    v_t = np.sqrt(m.shear_vrh_gpa * 1e9 / density_kg_per_m3)
    v_l = np.sqrt((m.bulk_vrh_gpa + 4 / 3 * m.shear_vrh_gpa) * 1e9 / density_kg_per_m3)
    v_m = (3 / (1 / v_l**3 + 2 / v_t**3)) ** (1 / 3)
    k_d = (6 * np.pi**2 / (volume_per_atom_a3 * 1e-30)) ** (1 / 3)
    return float(constants.hbar / constants.k * k_d * v_m)
