"""Checks of a quasiharmonic expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from properties.checks import Check
from properties.vibrations import quasiharmonic as qha

if TYPE_CHECKING:
    from properties.elasticity.result import ElasticResult
    from properties.vibrations.thermal_result import AxisResponse

BULK_LIMIT = 0.05
GRUNEISEN_LIMIT = 0.15
AXIS_STIFFNESS_LIMIT = 0.05
AXIS_VOLUME_LIMIT = 0.1
SMALL_ALPHA_PER_K = 5e-6
"""Expansions smaller than this are compared as if they were this large."""
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


def of_gruneisen(kelvin: float, thermodynamic: float, of_modes: float) -> Check:
    """Whether the expansion is that of the modes at the relaxed volume."""
    off = abs(of_modes - thermodynamic) / max(abs(thermodynamic), 0.1)
    return Check(
        "gruneisen_agreement",
        "Grüneisen two ways",
        off < GRUNEISEN_LIMIT,
        f"Thermodynamic γ({kelvin:.0f} K) {thermodynamic:.2f}; heat-capacity-weighted mean of "
        f"the modes {of_modes:.2f} (limit {100 * GRUNEISEN_LIMIT:g} %).",
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


def of_axes(
    found: qha.Expansion, axes: AxisResponse, kelvin: float, of_modes: float, static_gpa: float
) -> tuple[Check, ...]:
    """Whether strains along the axes say the same as changes of volume.

    Both to first order at the relaxed cell: Σ m_i S_ij m_j γ_j C_V/V against γ C_V/(B V).

    Parameters
    ----------
    of_modes
        Mean γ of the modes at `kelvin`, from the volumes.
    static_gpa
        Bulk modulus of the static equation of state.
    """
    at = axes.temperatures_k
    linear = float(np.interp(kelvin, at, axes.alpha_volume_per_k))
    gamma = np.array([np.interp(kelvin, at, one) for one in axes.gruneisen.T])
    answer = np.linalg.solve(axes.stiffness_gpa, axes.multiplicity * gamma)
    compliant = float(axes.multiplicity @ answer)
    by_volume = linear / compliant * of_modes / static_gpa
    whole = float(np.interp(kelvin, found.temperatures_k, found.alpha_per_k))
    off = abs(linear - by_volume) / max(abs(by_volume), SMALL_ALPHA_PER_K)
    volume = Check(
        "axes_volume",
        "Expansion by linear response",
        off < AXIS_VOLUME_LIMIT,
        f"Volume expansion at {kelvin:.0f} K to first order: {1e6 * linear:.1f} × 10⁻⁶/K from "
        f"strains along the axes, {1e6 * by_volume:.1f} from changes of volume "
        f"(limit {100 * AXIS_VOLUME_LIMIT:g} %); {1e6 * whole:.1f} in full.",
    )
    if not axes.elastic_stiffness_gpa.size:
        return (volume,)
    scale = float(np.abs(axes.elastic_stiffness_gpa).max())
    apart = float(np.abs(axes.stiffness_gpa - axes.elastic_stiffness_gpa).max()) / scale
    return volume, Check(
        "axes_stiffness",
        "Stiffness of the axes",
        apart < AXIS_STIFFNESS_LIMIT,
        f"The stiffness against strains along the axes, from stresses at "
        f"±{100 * axes.strain:g} %, differs from the elastic constants by {100 * apart:.1f} % "
        f"of the largest (limit {100 * AXIS_STIFFNESS_LIMIT:g} %).",
    )
