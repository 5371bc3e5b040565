"""Phonons against supercell and displacement, as a frozen result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TOLERANCE_THZ = 0.05
TOLERANCE_SHARE = 0.01
"""Frequencies that differ by less than the larger of the two are the same."""


@dataclass(frozen=True)
class ConvergenceResult(Frozen):
    """The same modes from several supercells and several displacements.

    All without the non-analytic term; imaginary frequencies are negative.

    Attributes
    ----------
    point_label, point_qpoint
        Points of the zone at which modes are compared, and their coordinates, (p, 3).
    supercell_length_a, supercell_n_atoms, supercell_matrix
        The supercells by growing shortest vector, (s,), (s,), (s, 3, 3).
    supercell_frequency_thz
        Frequencies at each point, ascending, (s, p, b).
    supercell_holds_point
        Whether the supercell is commensurate with the point; elsewhere the frequencies are
        interpolated, (s, p).
    supercell_residual_thz
        Largest acoustic frequency at Γ before the sum rule is imposed, (s,).
    supercell_seconds
        Time of the displaced supercells, not-a-number where they were taken over, (s,).
    own, recommended
        Indices of the preset's supercell, and of the smallest whose modes agree with those
        of the largest.
    displacement_a, displacement_frequency_thz, displacement_residual_thz
        The same against the displacement, in the preset's supercell: (d,), (d, p, b), (d,).
    own_displacement
        Index of the preset's displacement.
    """

    point_label: tuple[str, ...]
    point_qpoint: FloatArray
    supercell_length_a: FloatArray
    supercell_n_atoms: IntArray
    supercell_matrix: IntArray
    supercell_frequency_thz: FloatArray
    supercell_holds_point: BoolArray
    supercell_residual_thz: FloatArray
    supercell_seconds: FloatArray
    own: int
    recommended: int
    displacement_a: FloatArray
    displacement_frequency_thz: FloatArray
    displacement_residual_thz: FloatArray
    own_displacement: int
    checks: tuple[Check, ...]

    @property
    def supercell_deviation_thz(self) -> FloatArray:
        """Largest deviation from the largest supercell at each point, (s, p)."""
        frequencies = self.supercell_frequency_thz
        return np.asarray(np.abs(frequencies - frequencies[-1]).max(axis=2))

    @property
    def displacement_deviation_thz(self) -> FloatArray:
        """Largest deviation from the smallest displacement at each point, (d, p)."""
        frequencies = self.displacement_frequency_thz
        return np.asarray(np.abs(frequencies - frequencies[0]).max(axis=2))

    def summary(self) -> dict[str, Any]:
        """The block ``phonon_convergence`` of result.json."""
        return {
            "points": list(self.point_label),
            "supercell_length_a": self.supercell_length_a,
            "supercell_n_atoms": self.supercell_n_atoms,
            "supercell_deviation_thz": self.supercell_deviation_thz,
            "recommended_length_a": self.supercell_length_a[self.recommended],
            "recommended_n_atoms": self.supercell_n_atoms[self.recommended],
            "displacement_a": self.displacement_a,
            "displacement_deviation_thz": self.displacement_deviation_thz,
            "acoustic_sum_rule_residual_thz": self.displacement_residual_thz,
        }


def agree(frequency_thz: FloatArray, reference_thz: FloatArray) -> bool:
    """Whether all frequencies are the same within the tolerance."""
    limit = np.maximum(TOLERANCE_THZ, TOLERANCE_SHARE * np.abs(reference_thz))
    return bool((np.abs(frequency_thz - reference_thz) <= limit).all())
