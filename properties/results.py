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
from properties.crystal import Crystal
from properties.elasticity.result import ElasticResult
from properties.elasticity.series import PressureResult, SpreadResult
from properties.frozen import Frozen, plain

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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


@dataclass(frozen=True)
class PhononResult(Frozen):
    """Harmonic phonons of the relaxed primitive cell; imaginary ones are negative.

    Attributes
    ----------
    supercell_matrix, supercell_length_a, supercell_n_atoms, supercell_length_wanted_a
        The supercell, its shortest lattice vector, its size, and the length asked for.
    band_distance, band_frequency_thz, band_qpoints
        Along the path: (q,), (q, b), (q, 3); consecutive segments share no point.
    band_segment_start
        Index of the first q of each segment, (s,).
    band_tick_distance, band_tick_label
        Where to draw the high-symmetry points, and their names (``Γ``, ``X``, ``U|K``).
    dos_frequency_thz, dos_per_thz
        Total density of states; its integral is 3 × atoms of the primitive cell.
    temperatures_k, free_energy_kj_per_mol, entropy_j_per_mol_k, heat_capacity_j_per_mol_k
        Per mole of primitive cells, constant volume; only from real modes.
    acoustic_sum_rule_residual_thz
        Largest acoustic frequency at Γ before the sum rule is imposed.
    """

    supercell_matrix: IntArray
    supercell_length_a: float
    supercell_length_wanted_a: float
    supercell_n_atoms: int
    n_displacements: int
    n_atoms_primitive: int
    band_distance: FloatArray
    band_qpoints: FloatArray
    band_frequency_thz: FloatArray
    band_segment_start: IntArray
    band_tick_distance: FloatArray
    band_tick_label: tuple[str, ...]
    gamma_frequencies_thz: FloatArray
    dos_frequency_thz: FloatArray
    dos_per_thz: FloatArray
    max_frequency_thz: float
    min_frequency_thz: float
    imaginary: bool
    temperatures_k: FloatArray
    free_energy_kj_per_mol: FloatArray
    entropy_j_per_mol_k: FloatArray
    heat_capacity_j_per_mol_k: FloatArray
    zero_point_energy_kj_per_mol: float
    acoustic_sum_rule_residual_thz: float
    checks: tuple[Check, ...]

    @property
    def heat_capacity_300k_j_per_mol_atoms_k(self) -> float:
        """Heat capacity at 300 K per mole of atoms."""
        cell = np.interp(300.0, self.temperatures_k, self.heat_capacity_j_per_mol_k)
        return float(cell) / self.n_atoms_primitive

    def summary(self) -> dict[str, Any]:
        """The block ``phonons`` of result.json."""
        keys = (
            "supercell_matrix",
            "n_displacements",
            "max_frequency_thz",
            "min_frequency_thz",
            "imaginary",
            "gamma_frequencies_thz",
            "heat_capacity_300k_j_per_mol_atoms_k",
            "acoustic_sum_rule_residual_thz",
            "supercell_length_a",
            "supercell_n_atoms",
        )
        return {key: getattr(self, key) for key in keys}


@dataclass(frozen=True)
class ThermalResult(Frozen):
    """Quasiharmonic expansion. Arrays over temperature end at ``valid_up_to_k``.

    Attributes
    ----------
    temperatures_k
        (t,). Every array below named without a shape has this length.
    alpha_linear_per_k
        Linear expansion along the conventional ``a``, ``b``, ``c``.
    sampled_volume_per_atom_a3, sampled_energy_per_atom_ev
        Static energies of the volumes, (v,).
    sampled_lattice
        Conventional ``a``, ``b``, ``c`` (Å) at each volume.
    free_energy_temperatures_k, free_energy_per_atom_ev
        Some temperatures (f,), and F(V, T) at the sampled volumes, (f, v).
    band_gruneisen, band_gruneisen_frequency_thz, band_gruneisen_distance
        Mode Grüneisen parameters on the phonon band path, (q, b), (q, b), (q,);
        not-a-number where the mode's frequency is too small to tell.
    gruneisen
        Thermodynamic parameter γ = α V B / C_V at 300 K (or the highest valid T).
    eos
        Equation of state of the fit, and the largest difference in α to the other one.
    """

    temperatures_k: FloatArray
    volume_per_atom_a3: FloatArray
    alpha_volume_per_k: FloatArray
    alpha_linear_per_k: dict[str, FloatArray]
    bulk_modulus_gpa: FloatArray
    heat_capacity_p_j_per_mol_atoms_k: FloatArray
    heat_capacity_v_j_per_mol_atoms_k: FloatArray
    gruneisen_thermodynamic: FloatArray
    gruneisen: float
    valid_up_to_k: float
    validity_reason: str
    sampled_volume_per_atom_a3: FloatArray
    sampled_energy_per_atom_ev: FloatArray
    sampled_lattice: dict[str, FloatArray]
    sampled_min_frequency_thz: FloatArray
    static_bulk_modulus_gpa: float
    free_energy_temperatures_k: FloatArray
    free_energy_per_atom_ev: FloatArray
    band_gruneisen: FloatArray
    band_gruneisen_frequency_thz: FloatArray
    band_gruneisen_distance: FloatArray
    eos: str
    eos_alpha_deviation_per_k: float
    checks: tuple[Check, ...]

    def summary(self) -> dict[str, Any]:
        """The block ``thermal`` of result.json."""
        keys = (
            "temperatures_k",
            "volume_per_atom_a3",
            "alpha_volume_per_k",
            "alpha_linear_per_k",
            "bulk_modulus_gpa",
            "heat_capacity_p_j_per_mol_atoms_k",
            "gruneisen",
            "valid_up_to_k",
            "validity_reason",
            "eos",
        )
        return {key: getattr(self, key) for key in keys}


StageResult = (
    RelaxResult | ElasticResult | PhononResult | ThermalResult | PressureResult | SpreadResult
)
RESULT_TYPES: dict[str, type[StageResult]] = {
    "relax": RelaxResult,
    "elastic": ElasticResult,
    "phonons": PhononResult,
    "thermal": ThermalResult,
    "elastic_pressure": PressureResult,
    "elastic_models": SpreadResult,
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
