"""The frozen result of the elastic stage, in Voigt order xx yy zz yz xz xy and IEEE axes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.elasticity import moduli
from properties.elasticity.derived import Derived, derived
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def _nothing() -> FloatArray:
    return np.zeros(0)


@dataclass(frozen=True)
class ElasticResult(Frozen):
    """Elastic constants and their checks.

    Attributes
    ----------
    stiffness_gpa, stiffness_clamped_gpa
        Relaxed-ion and clamped-ion tensors, (6, 6), IEEE axes, projected on the
        Laue class.
    method
        ``"second derivatives"`` or ``"finite strain"``.
    laue_class, independent_constants
        Name of the class, and those Voigt constants that describe the tensor.
    symmetry_residual_gpa
        Largest entry that the projection removed.
    finite_strains, finite_strain_stiffness_gpa, finite_strain_stiffness_clamped_gpa
        Strain amplitudes (s,) and the stress-derived tensors (s, 6, 6).
    strain_energy_strain, strain_energy_clamped_ev, strain_energy_relaxed_ev
        Energy of the cell against strain for each strained pattern: (m,), (p, m), (p, m).
    strain_energy_voigt
        Which Voigt component each pattern strains (0–5), (p,).
    strain_energy_curvature_ev
        Exact second derivatives for the same patterns: (p, 2) clamped, relaxed.
    strain_stress_clamped_gpa, strain_stress_relaxed_gpa
        Voigt stress of the same strained cells, zero strain included, (p, m, 6).
        Empty in results from before these were kept.
    ieee_rotation
        Rows: the IEEE axes in the Cartesian frame of the relaxed primitive cell.
    ieee_rotation_from_input
        The same in the Cartesian frame of the cell that was given. Empty in results from
        before these were kept.
    orientation
        Which crystal axes x, y and z follow, in words.
    """

    stiffness_gpa: FloatArray
    stiffness_clamped_gpa: FloatArray
    method: str
    laue_class: str
    independent_constants: dict[str, float]
    symmetry_residual_gpa: float
    finite_strains: FloatArray
    finite_strain_stiffness_gpa: FloatArray
    finite_strain_stiffness_clamped_gpa: FloatArray
    finite_strain_max_deviation_gpa: float
    strain_energy_strain: FloatArray
    strain_energy_voigt: IntArray
    strain_energy_clamped_ev: FloatArray
    strain_energy_relaxed_ev: FloatArray
    strain_energy_curvature_ev: FloatArray
    ieee_rotation: FloatArray
    density_kg_per_m3: float
    volume_per_atom_a3: float
    pressure_gpa: float
    checks: tuple[Check, ...]
    strain_stress_clamped_gpa: FloatArray = field(default_factory=_nothing)
    strain_stress_relaxed_gpa: FloatArray = field(default_factory=_nothing)
    ieee_rotation_from_input: FloatArray = field(default_factory=_nothing)
    orientation: str = ""

    @property
    def moduli(self) -> moduli.Moduli:
        """Voigt, Reuss and Hill averages and what follows from them."""
        return moduli.averages(self.stiffness_gpa)

    @property
    def born_stable(self) -> bool:
        """Whether the stiffness is positive definite."""
        return moduli.is_stable(self.stiffness_gpa)

    @property
    def debye_temperature_k(self) -> float:
        """Debye temperature from the Hill-averaged sound velocities."""
        return moduli.debye_temperature_k(
            self.stiffness_gpa, self.density_kg_per_m3, self.volume_per_atom_a3
        )

    @property
    def derived(self) -> tuple[Derived, ...]:
        """Everything that follows from the tensor, with formulas and sources."""
        return derived(
            self.stiffness_gpa,
            self.laue_class,
            self.density_kg_per_m3,
            self.volume_per_atom_a3,
            self.pressure_gpa,
        )

    def summary(self) -> dict[str, Any]:
        """The block ``elastic`` of result.json."""
        m = self.moduli
        return {
            "stiffness_gpa": self.stiffness_gpa,
            "stiffness_clamped_gpa": self.stiffness_clamped_gpa,
            "bulk_modulus_voigt_gpa": m.bulk_voigt_gpa,
            "bulk_modulus_reuss_gpa": m.bulk_reuss_gpa,
            "bulk_modulus_vrh_gpa": m.bulk_vrh_gpa,
            "shear_modulus_voigt_gpa": m.shear_voigt_gpa,
            "shear_modulus_reuss_gpa": m.shear_reuss_gpa,
            "shear_modulus_vrh_gpa": m.shear_vrh_gpa,
            "young_modulus_vrh_gpa": m.young_vrh_gpa,
            "poisson_ratio_vrh": m.poisson_vrh,
            "universal_anisotropy": m.universal_anisotropy,
            "born_stable": self.born_stable,
            "debye_temperature_k": self.debye_temperature_k,
            "finite_strain_max_deviation_gpa": self.finite_strain_max_deviation_gpa,
            "method": self.method,
            "laue_class": self.laue_class,
            "independent_constants": self.independent_constants,
            "symmetry_residual_gpa": self.symmetry_residual_gpa,
            "orientation": self.orientation,
            "ieee_rotation_from_input": self.ieee_rotation_from_input,
            "derived": {d.key: {"value": d.value, "unit": d.unit} for d in self.derived},
        }
