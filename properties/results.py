"""Frozen results: what each stage hands on to plots, pages and files.

Units are part of the field names. Energies are per primitive cell unless the
name says otherwise, and tensors are in Voigt order xx yy zz yz xz xy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Caution, Check
from properties.committee.result import CommitteeResult
from properties.crystal import Crystal
from properties.elasticity.result import ElasticResult
from properties.elasticity.series import PressureResult, SpreadResult
from properties.frozen import Frozen, plain
from properties.vibrations.convergence_result import ConvergenceResult
from properties.vibrations.phonon_result import PhononResult
from properties.vibrations.soft_mode_result import SoftModeResult
from properties.vibrations.thermal_result import ThermalResult

FloatArray = NDArray[np.float64]

__all__ = [
    "RESULT_TYPES",
    "CommitteeResult",
    "ConvergenceResult",
    "ElasticResult",
    "Outcome",
    "PhononResult",
    "PressureResult",
    "RelaxResult",
    "SoftModeResult",
    "SpreadResult",
    "StageResult",
    "ThermalResult",
]


@dataclass(frozen=True)
class RelaxResult(Frozen):
    """The relaxed crystal and how it was reached.

    Attributes
    ----------
    primitive, conventional
        The relaxed crystal in both standard cells.
    lattice
        ``a, b, c`` (Å) and ``alpha, beta, gamma`` (degrees) of the conventional cell.
    initial_lattice, initial_volume_per_atom_a3
        The same of the structure as it was given.
    rotation_from_input
        From the Cartesian frame of the given cell to that of the relaxed ones, (3, 3).
        Empty in results from before these were kept.
    history_energy_per_atom_ev, history_max_force_ev_per_a, history_max_stress_gpa
        One entry a step; the stress is the deviation from the target pressure.
    """

    converged: bool
    energy_per_atom_ev: float
    volume_per_atom_a3: float
    lattice: dict[str, float]
    max_force_ev_per_a: float
    max_stress_gpa: float
    pressure_gpa: float
    primitive: Crystal
    conventional: Crystal
    space_group_number: int
    space_group_symbol: str
    initial_lattice: dict[str, float]
    initial_volume_per_atom_a3: float
    history_energy_per_atom_ev: FloatArray
    history_max_force_ev_per_a: FloatArray
    history_max_stress_gpa: FloatArray
    checks: tuple[Check, ...]
    rotation_from_input: FloatArray = field(default_factory=lambda: np.zeros(0))

    def summary(self) -> dict[str, Any]:
        """The block ``relax`` of result.json."""
        keys = (
            "converged",
            "energy_per_atom_ev",
            "volume_per_atom_a3",
            "lattice",
            "max_force_ev_per_a",
            "max_stress_gpa",
            "pressure_gpa",
        )
        return {key: getattr(self, key) for key in keys}


StageResult = (
    RelaxResult
    | ElasticResult
    | PhononResult
    | ThermalResult
    | SoftModeResult
    | ConvergenceResult
    | PressureResult
    | SpreadResult
    | CommitteeResult
)
RESULT_TYPES: dict[str, type[StageResult]] = {
    "relax": RelaxResult,
    "elastic": ElasticResult,
    "phonons": PhononResult,
    "thermal": ThermalResult,
    "soft_mode": SoftModeResult,
    "phonon_convergence": ConvergenceResult,
    "elastic_pressure": PressureResult,
    "elastic_models": SpreadResult,
    "committee": CommitteeResult,
}


@dataclass(frozen=True)
class Outcome(Frozen):
    """Everything one Spec led to; :meth:`report` is result.json.

    Attributes
    ----------
    status
        ``finished``, or ``incomplete`` when a stage could not give a result; its
        reason is a warning with code ``no_result``.
    stages
        Result of each stage that was reached.
    seconds
        Wall time of each stage.
    """

    status: str
    structure: dict[str, Any]
    provenance: dict[str, Any]
    warnings: tuple[Caution, ...]
    stages: dict[str, StageResult] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """The content of result.json, as plain JSON values."""
        raw: dict[str, Any] = {
            "schema": 1,
            "status": self.status,
            "provenance": self.provenance,
            "warnings": self.warnings,
            "structure": self.structure,
            "seconds": self.seconds,
        }
        for name, result in self.stages.items():
            raw[name] = {**result.summary(), "checks": result.checks}
        report: dict[str, Any] = plain(raw)
        return report
