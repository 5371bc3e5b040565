"""The checks of an elastic tensor: what was compared, the limit, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.elasticity import moduli, stability

FloatArray = NDArray[np.float64]

RELATIVE_LIMIT = 0.01
FLOOR_GPA = 1.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """Figures that speak for or against a tensor.

    Attributes
    ----------
    stiffness_gpa
        The tensor, relaxed ions, (6, 6).
    sizes
        The two smallest finite strains.
    residual_gpa
        What the projection on the Laue class changed at most.
    nonlinearity_gpa
        Largest difference between the tensors from both strains.
    stress_deviation_gpa, energy_deviation_gpa
        Largest difference between the exact constants and those from stress and energy
        at the smaller strain.
    softest_ev_per_a2
        Smallest internal force constant; ``None`` without second derivatives.
    """

    stiffness_gpa: FloatArray
    sizes: tuple[float, ...]
    residual_gpa: float
    nonlinearity_gpa: float
    stress_deviation_gpa: float
    energy_deviation_gpa: float
    softest_ev_per_a2: float | None

    @property
    def limit_gpa(self) -> float:
        """One per cent of the largest constant, or 1 GPa if that is more."""
        return max(FLOOR_GPA, RELATIVE_LIMIT * float(np.abs(self.stiffness_gpa).max()))

    def checks(self) -> tuple[Check, ...]:
        """Return the checks that this evidence allows."""
        common = (born_stability(self.stiffness_gpa), self._symmetry(), self._linear())
        if self.softest_ev_per_a2 is None:
            return common
        return (
            *common,
            self._stress(),
            self._energy(),
            inner_stability(self.softest_ev_per_a2),
        )

    def _symmetry(self) -> Check:
        return Check(
            "elastic_symmetry",
            "Laue symmetry",
            self.residual_gpa < self.limit_gpa,
            f"Projection on the Laue class changed the tensor by {self.residual_gpa:.2f} GPa "
            f"at most (limit {self.limit_gpa:.1f}).",
        )

    def _linear(self) -> Check:
        small, large = self.sizes
        limit = 2 * self.limit_gpa
        return Check(
            "finite_strain_linear",
            "Linear response",
            self.nonlinearity_gpa < limit,
            f"Stiffness from strains of {small:g} and {large:g} differs by "
            f"{self.nonlinearity_gpa:.2f} GPa at most (limit {limit:.1f}).",
        )

    def _stress(self) -> Check:
        return Check(
            "finite_strain_stress",
            "Stress under strain",
            self.stress_deviation_gpa < self.limit_gpa,
            f"Exact and stress-derived stiffness differ by {self.stress_deviation_gpa:.2f} GPa "
            f"at most at a strain of {self.sizes[0]:g} (limit {self.limit_gpa:.1f}).",
        )

    def _energy(self) -> Check:
        return Check(
            "finite_strain_energy",
            "Energy under strain",
            self.energy_deviation_gpa < self.limit_gpa,
            f"Exact and energy-derived stiffness differ by {self.energy_deviation_gpa:.2f} GPa "
            f"at most at a strain of {self.sizes[0]:g} (limit {self.limit_gpa:.1f}).",
        )


WOULD_TURN = (
    "at 0 K and in the harmonic approximation: free of its symmetry it would turn into another "
    "structure."
)
"""What an instability means; ends a sentence."""


def born_stability(stiffness_gpa: FloatArray) -> Check:
    """Whether the stiffness is positive definite."""
    lowest = float(stability.eigenvalues_gpa(stiffness_gpa)[0])
    return Check(
        "born_stable",
        "Born stability",
        moduli.is_stable(stiffness_gpa),
        f"Smallest eigenvalue of the stiffness {lowest:.1f} GPa (must be positive).",
    )


def inner_stability(softest_ev_per_a2: float) -> Check:
    """Whether the ions rest in a minimum."""
    return Check(
        "gamma_stable",
        "Internal stability",
        softest_ev_per_a2 > 0,
        f"Smallest internal force constant {softest_ev_per_a2:.2f} eV/Å² (must be positive, or "
        "the ions would relax to another structure).",
    )
