"""Checks of a quasiharmonic expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from properties.checks import Check
from properties.vibrations import quasiharmonic as qha

if TYPE_CHECKING:
    from properties.elasticity.result import ElasticResult

BULK_LIMIT = 0.05
GRUNEISEN_LIMIT = 0.15
AXIS_STIFFNESS_LIMIT = 0.05
AXIS_VOLUME_LIMIT = 0.2
EOS_LIMIT = 0.05


def of_the_fit(found: qha.Expansion, whole: bool, reason: str) -> tuple[Check, Check]:
    """Whether the volumes reach, and whether the curve goes through them."""
    return (
        Check("qha_range", "Volume range", whole, reason),
        Check(
            "qha_fit",
            "Equation of state",
            found.fit_residual_ev < qha.POOR_FIT_EV,
            f"Largest misfit {1e3 * found.fit_residual_ev:.3f} meV/atom "
            f"(limit {1e3 * qha.POOR_FIT_EV:g}).",
        ),
    )


def of_the_choice(found: qha.Expansion, deviation_per_k: float) -> Check:
    """Whether another equation of state would say the same."""
    largest = float(np.abs(found.alpha_per_k).max())
    return Check(
        "qha_eos_choice",
        "Vinet or Birch–Murnaghan",
        deviation_per_k < EOS_LIMIT * largest,
        f"The two equations of state differ by {1e6 * deviation_per_k:.2f} × 10⁻⁶/K in the "
        f"volume expansion (limit {100 * EOS_LIMIT:g} % of {1e6 * largest:.1f}).",
    )


def of_gruneisen(thermodynamic: float, of_modes: float) -> Check:
    """Whether the expansion is that of the modes at the relaxed volume."""
    off = abs(of_modes - thermodynamic) / max(abs(thermodynamic), 0.1)
    return Check(
        "gruneisen_agreement",
        "Grüneisen two ways",
        off < GRUNEISEN_LIMIT,
        f"Thermodynamic γ(300 K) {thermodynamic:.2f}; heat-capacity-weighted mean of the modes "
        f"{of_modes:.2f} (limit {100 * GRUNEISEN_LIMIT:g} %).",
    )


def of_bulk_modulus(static_gpa: float, elastic: ElasticResult | None) -> tuple[Check, ...]:
    """Whether equation of state and elastic constants agree, where the latter are known."""
    if elastic is None or not elastic.born_stable:
        return ()
    reuss = elastic.moduli.bulk_reuss_gpa
    return (
        Check(
            "bulk_modulus_agreement",
            "Bulk modulus two ways",
            abs(static_gpa / reuss - 1) < BULK_LIMIT,
            f"Bulk modulus {static_gpa:.1f} GPa from the equation of state, "
            f"{reuss:.1f} GPa from the elastic constants (limit {100 * BULK_LIMIT:g} %).",
        ),
    )
