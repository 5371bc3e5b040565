"""Harmonic phonons of one crystal, as a frozen result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.frozen import Frozen
from properties.vibrations.born import BornCharges

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex64]


def _none() -> Any:
    """What a result from before a field was kept has in it."""
    return np.zeros(0)


@dataclass(frozen=True)
class GammaMode(Frozen):
    """One irreducible representation of the optical and acoustic modes at Γ.

    Attributes
    ----------
    frequency_thz
        Without the non-analytic term.
    bands
        Indices of the degenerate bands, from 0.
    label
        Mulliken symbol, such as ``T2g``; empty where it is not known.
    raman_active, infrared_active
        By symmetry; acoustic modes are neither.
    acoustic
        One of the three translations.
    """

    frequency_thz: float
    bands: tuple[int, ...]
    label: str
    raman_active: bool
    infrared_active: bool
    acoustic: bool


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
    band_eigenvectors, band_eigenvector_index
        Mass-weighted eigenvectors e, (k, 3 n, b), atom by atom, Cartesian in the frame of
        the primitive cell, and the indices (k,) in ``band_qpoints`` of those points that
        they belong to. An atom at r (its own position, not its cell's) moves as
        Re[e exp(i 2π q·r)] / √m, q·r in reduced coordinates.
    band_group_speed_km_per_s
        Magnitude of the group velocity along the path, (q, b).
    projected_dos_per_thz
        Density of states of each atom of the primitive cell, (n, f).
    gamma_modes
        Symmetry of the modes at Γ.
    direction_uvw
        Directions [uvw] of the conventional cell in which Γ is approached, (d, 3); no two
        are joined by symmetry.
    sound_direction, sound_speed_km_per_s
        Unit vectors (d, 3) and the slopes of the three acoustic branches at Γ, (d, 3),
        ascending.
    born
        Charges of the non-analytic term, per atom of the primitive cell and in its frame;
        ``None`` if it is missing.
    limit_direction, limit_frequency_thz
        Directions (d, 3) in which Γ is approached, and the frequencies there, (d, b).
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
    band_eigenvectors: ComplexArray = field(default_factory=_none)
    band_eigenvector_index: IntArray = field(default_factory=_none)
    band_group_speed_km_per_s: FloatArray = field(default_factory=_none)
    projected_dos_per_thz: FloatArray = field(default_factory=_none)
    gamma_modes: tuple[GammaMode, ...] = ()
    direction_uvw: IntArray = field(default_factory=_none)
    sound_direction: FloatArray = field(default_factory=_none)
    sound_speed_km_per_s: FloatArray = field(default_factory=_none)
    born: BornCharges | None = None
    limit_direction: FloatArray = field(default_factory=_none)
    limit_frequency_thz: FloatArray = field(default_factory=_none)

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
