"""Quasiharmonic expansion: what follows from phonons at several volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.units import EV_IN_KJ_PER_MOL, EV_PER_A3_IN_GPA
from properties import symmetry
from properties.relax import lattice_parameters
from properties.results import ElasticResult, ThermalResult
from properties.vibrations import equations_of_state as eos
from properties.vibrations import gruneisen, thermal_checks
from properties.vibrations import quasiharmonic as qha
from properties.vibrations.phonons import TEMPERATURES_K
from properties.vibrations.thermal_result import OtherFit
from properties.vibrations.volumes import (
    VolumePoint,
    VolumeSampler,
    usable_volumes,
)

if TYPE_CHECKING:
    from phonopy import Phonopy

    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.born import BornCharges

FloatArray = NDArray[np.float64]

ROOM_K = 300.0
SHOWN_TEMPERATURES = 6


def thermal_expansion(
    crystal: Crystal,
    potential: Potential,
    displaced_potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
    elastic: ElasticResult | None = None,
    phonon: Phonopy | None = None,
    born: BornCharges | None = None,
) -> ThermalResult:
    """Compute the expansion of a relaxed primitive cell.

    Parameters
    ----------
    potential
        In double precision, for relaxed cells and static energies.
    displaced_potential
        For the displaced supercells; see :func:`properties.vibrations.phonons.supercell_dtype`.
    elastic
        For the comparison of bulk moduli, where it is known.
    phonon
        Phonopy object of the relaxed cell, where there is one, to save the search for its
        symmetry.
    born
        Charges for the non-analytic term, per atom of `crystal` and in its frame; all
        volumes share them.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished volumes and displacements are kept.
    FitError
        Imaginary modes or a poor fit leave no expansion to report.
    NotConvergedError
        The cell at some volume could not be relaxed.
    """
    sampler = VolumeSampler(
        crystal, potential, displaced_potential, settings, monitor, pieces, phonon
    )
    points = usable_volumes(sampler.sample(), sampler)
    mode = gruneisen.mode_gruneisen(crystal, points)
    return _result(points, sampler.dropped, mode, pressure_gpa, elastic, born)


def _per_atom(point: VolumePoint) -> tuple[float, float]:
    """Volume and static energy per atom."""
    n = len(point.crystal)
    return point.crystal.volume_a3 / n, point.energy_ev / n


def _vibrations(points: list[VolumePoint]) -> qha.Vibrations:
    n = len(points[0].crystal)
    free, entropy, heat = (
        np.array([getattr(p.sample, name) for p in points]).T / n
        for name in (
            "free_energy_kj_per_mol",
            "entropy_j_per_mol_k",
            "heat_capacity_j_per_mol_k",
        )
    )
    return qha.Vibrations(free / EV_IN_KJ_PER_MOL, entropy, heat)


def _expand(points: list[VolumePoint], pressure_gpa: float, form: str) -> qha.Expansion:
    volumes, energies = np.array([_per_atom(p) for p in points]).T
    return qha.expansion(
        TEMPERATURES_K, volumes, energies, _vibrations(points), pressure_gpa, form
    )


def _result(
    points: list[VolumePoint],
    dropped: int,
    mode: gruneisen.ModeGruneisen,
    pressure_gpa: float,
    elastic: ElasticResult | None,
    born: BornCharges | None,
) -> ThermalResult:
    found = _expand(points, pressure_gpa, eos.VINET)
    other = _expand(points, pressure_gpa, eos.BIRCH_MURNAGHAN)
    volumes, energies = np.array([_per_atom(p) for p in points]).T
    lattice = _lattices(points)
    work = pressure_gpa / EV_PER_A3_IN_GPA * volumes
    static = qha.fit_equation_of_state(volumes, energies + work)
    linear = {
        axis: qha.linear_expansion(found.alpha_per_k, found.volume_a3, volumes, lattice[axis])
        for axis in "abc"
    }
    lengths = {
        axis: qha.length_at_volume(found.volume_a3, volumes, lattice[axis]) for axis in "abc"
    }
    count = len(found.temperatures_k)
    limit, reason = _validity(found, dropped)
    shown = np.linspace(0, count - 1, min(SHOWN_TEMPERATURES, count)).astype(int)
    gamma = float(np.interp(ROOM_K, found.temperatures_k[1:], found.gruneisen[1:]))
    means = gruneisen.weighted_mean(mode, TEMPERATURES_K)
    both = min(count, len(other.temperatures_k))
    deviation = float(np.abs(other.alpha_per_k[:both] - found.alpha_per_k[:both]).max())
    return ThermalResult(
        temperatures_k=found.temperatures_k,
        volume_per_atom_a3=found.volume_a3,
        alpha_volume_per_k=found.alpha_per_k,
        alpha_linear_per_k=linear,
        bulk_modulus_gpa=found.bulk_modulus_gpa,
        heat_capacity_p_j_per_mol_atoms_k=found.heat_capacity_p_j_per_mol_k,
        heat_capacity_v_j_per_mol_atoms_k=found.heat_capacity_v_j_per_mol_k,
        gruneisen_thermodynamic=found.gruneisen,
        gruneisen=gamma,
        valid_up_to_k=limit,
        validity_reason=reason,
        sampled_volume_per_atom_a3=volumes,
        sampled_energy_per_atom_ev=energies,
        sampled_lattice=lattice,
        sampled_min_frequency_thz=np.array([p.sample.min_frequency_thz for p in points]),
        static_bulk_modulus_gpa=static.bulk_modulus_gpa,
        free_energy_temperatures_k=TEMPERATURES_K[shown],
        free_energy_per_atom_ev=_vibrations(points).free_ev[shown] + energies,
        band_gruneisen=mode.band_gamma,
        band_gruneisen_frequency_thz=mode.band_frequency_thz,
        band_gruneisen_distance=mode.band_distance,
        eos=found.form,
        eos_alpha_deviation_per_k=deviation,
        checks=(
            *thermal_checks.of_the_fit(found, limit >= TEMPERATURES_K[-1], reason),
            thermal_checks.of_the_choice(found, deviation),
            thermal_checks.of_gruneisen(gamma, float(np.interp(ROOM_K, TEMPERATURES_K, means))),
            *thermal_checks.of_bulk_modulus(static.bulk_modulus_gpa, elastic),
        ),
        entropy_j_per_mol_atoms_k=found.entropy_j_per_mol_k,
        lattice_a=lengths,
        eos_parameters=found.parameters,
        other_fit=_other_fit(other),
        mesh_frequency_thz=mode.mesh_frequency_thz,
        mesh_gruneisen=mode.mesh_gamma,
        mesh_weight=mode.mesh_weight,
        gruneisen_mode_mean=means[:count],
        band_volume_frequency_thz=mode.volume_frequency_thz,
        debye_temperature_k=gruneisen.debye_temperature_k(
            mode.mesh_frequency_thz, mode.mesh_weight
        ),
        pressure_gpa=pressure_gpa,
        born=born,
    )


def _other_fit(found: qha.Expansion) -> OtherFit:
    return OtherFit(
        found.form,
        found.temperatures_k,
        found.volume_a3,
        found.alpha_per_k,
        found.bulk_modulus_gpa,
        found.parameters,
    )


def _lattices(points: list[VolumePoint]) -> dict[str, FloatArray]:
    """Conventional a, b, c at each volume."""
    cells = [lattice_parameters(symmetry.analyse(p.crystal).conventional) for p in points]
    return {axis: np.array([cell[axis] for cell in cells]) for axis in "abc"}


def _validity(found: qha.Expansion, dropped: int) -> tuple[float, str]:
    limit = float(found.temperatures_k[-1])
    if limit >= TEMPERATURES_K[-1]:
        return limit, f"The volume stays within the sampled range up to {limit:g} K."
    cause = " (further volumes have imaginary modes)" if dropped else ""
    return limit, f"The volume leaves the sampled range above {limit:g} K{cause}."
