"""Unit factors, derived from CODATA constants rather than typed in."""

from __future__ import annotations

from scipy import constants

EV_PER_A3_IN_GPA = constants.electron_volt / constants.angstrom**3 / 1e9
"""1 eV/Å³ in GPa (160.2177)."""

EV_IN_KJ_PER_MOL = constants.electron_volt * constants.Avogadro / 1e3
"""1 eV per particle in kJ/mol (96.485)."""

AMU_PER_A3_IN_KG_PER_M3 = constants.atomic_mass / constants.angstrom**3
"""1 u/Å³ in kg/m³ (1660.54)."""

THZ_IN_EV = constants.h * 1e12 / constants.electron_volt
"""Energy h·1 THz in eV (4.1357e-3)."""

THZ_IN_PER_CM = 1e12 / (constants.c * 100)
"""1 THz in cm⁻¹ (33.356)."""

THZ_IN_K = constants.h * 1e12 / constants.k
"""Temperature h·1 THz/k_B in K (47.992)."""

COULOMB_EV_A = constants.e / (4 * constants.pi * constants.epsilon_0) / constants.angstrom
"""Energy e²/(4πε₀ · 1 Å) of two elementary charges one Å apart in eV (14.39965)."""
