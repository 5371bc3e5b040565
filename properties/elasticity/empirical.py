"""Estimates of heat conduction, hardness and melting from elastic moduli.

These are correlations fitted to measurements, or models with one adjustable idea, not
consequences of elasticity. Each returns not-a-number outside the range where it says
anything.
"""

from __future__ import annotations

import numpy as np
from scipy import constants

_PER_A3 = 1e30
_PA = 1e9
LARGEST_PUGH_INVERSE = 1.5
"""G/B at which Poisson's ratio is zero; none of the solids behind the fits is beyond."""


def hardness_chen_gpa(bulk_gpa: float, shear_gpa: float) -> float:
    """Vickers hardness 2 (k² G)^0.585 − 3 with k = G/B (Chen et al., Intermetallics 19, 2011).

    The formula turns negative for soft and ductile solids; not-a-number there, and for
    auxetic ones.
    """
    value = 2 * (_pugh_inverse(bulk_gpa, shear_gpa) ** 2 * shear_gpa) ** 0.585 - 3
    return value if value > 0 else float("nan")


def hardness_tian_gpa(bulk_gpa: float, shear_gpa: float) -> float:
    """Vickers hardness 0.92 k^1.137 G^0.708, k = G/B (Tian, Xu & Zhao 2012).

    Not-a-number for auxetic solids.
    """
    return 0.92 * _pugh_inverse(bulk_gpa, shear_gpa) ** 1.137 * shear_gpa**0.708


def hardness_teter_gpa(shear_gpa: float) -> float:
    """Vickers hardness 0.151 G (Teter, MRS Bulletin 23, 1998)."""
    return 0.151 * shear_gpa if shear_gpa > 0 else float("nan")


def conductivity_clarke_w_per_m_k(
    young_gpa: float, density_kg_per_m3: float, volume_per_atom_a3: float
) -> float:
    """Minimum thermal conductivity 0.87 k_B Ω^(−2/3) (E/ρ)^(1/2) (Clarke 2003).

    Ω is the mean volume of an atom, so this is his 0.87 k_B M^(−2/3) E^(1/2) ρ^(1/6) with
    M the mean mass of an atom (Surface and Coatings Technology 163–164, 67).
    """
    if not young_gpa > 0:
        return float("nan")
    atoms_per_m3 = _PER_A3 / volume_per_atom_a3
    speed = np.sqrt(young_gpa * _PA / density_kg_per_m3)
    return float(0.87 * constants.k * atoms_per_m3 ** (2 / 3) * speed)


def conductivity_cahill_w_per_m_k(
    longitudinal_km_per_s: float, transverse_km_per_s: float, volume_per_atom_a3: float
) -> float:
    """Minimum thermal conductivity ½ (π/6)^(1/3) k_B n^(2/3) (v_l + 2 v_t).

    Limit of high temperature of Cahill, Watson & Pohl (Phys. Rev. B 46, 6131, 1992); n is
    the number of atoms per volume. Often printed as (k_B/2.48) n^(2/3) (v_l + 2 v_t).
    """
    atoms_per_m3 = _PER_A3 / volume_per_atom_a3
    speeds = 1e3 * (longitudinal_km_per_s + 2 * transverse_km_per_s)
    factor = (np.pi / 6) ** (1 / 3) / 2
    return float(factor * constants.k * atoms_per_m3 ** (2 / 3) * speeds)


def melting_fine_k(c11_gpa: float) -> float:
    """Melting temperature 553 K + 5.91 K/GPa · C11 of cubic metals (Fine et al. 1984)."""
    return 553.0 + 5.91 * c11_gpa


def _pugh_inverse(bulk_gpa: float, shear_gpa: float) -> float:
    """G/B where the correlations were fitted, not-a-number elsewhere."""
    positive = bulk_gpa > 0 and shear_gpa > 0
    if not positive or shear_gpa / bulk_gpa > LARGEST_PUGH_INVERSE:
        return float("nan")
    return shear_gpa / bulk_gpa
