"""Quasiharmonic expansion: what follows from phonons at several volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import NotConvergedError
from mlpcore.units import EV_IN_KJ_PER_MOL, EV_PER_A3_IN_GPA
from properties import extrapolation, symmetry
from properties.relax import lattice_parameters
from properties.results import ElasticResult, ThermalResult
from properties.vibrations import anisotropic, gruneisen, thermal_checks
from properties.vibrations import equations_of_state as eos
from properties.vibrations import quasiharmonic as qha
from properties.vibrations.phonons import TEMPERATURES_K
from properties.vibrations.thermal_result import (
    AXES_BY_GRUNEISEN,
    AXES_QUASISTATIC,
    EQUAL_AXES,
    OtherFit,
)
from properties.vibrations.volumes import (
    VolumePoint,
    VolumeSampler,
    reference_index,
    usable_volumes,
)

if TYPE_CHECKING:
    from phonopy import Phonopy

    from mlpcore.potential import Potential
    from properties.checks import Check
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.born import BornCharges

FloatArray = NDArray[np.float64]

ROOM_K = 300.0
SHOWN_TEMPERATURES = 6
NO_SHAPE = "The angles of such a cell would be parameters too."


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
    n_further = 2 * len(anisotropic.independent_axes(crystal))
    sampler = VolumeSampler(
        crystal,
        potential,
        displaced_potential,
        settings,
        monitor,
        pieces,
        phonon,
        n_further,
        born,
    )
    points = usable_volumes(sampler.sample(), sampler)
    shape: anisotropic.ShapeChange | str = NO_SHAPE
    if n_further:
        shape = _shape(points, sampler, potential, settings, monitor, pieces, elastic)
    mode = gruneisen.mode_gruneisen(crystal, points)
    result = _result(points, sampler.dropped, mode, shape, pressure_gpa, elastic, born)
    cells = [point.crystal.to_atoms() for point in points]
    outside = extrapolation.checks(
        potential, "thermal_extrapolation", {"the cells of the expansion's volumes": cells}
    )
    return replace(result, checks=(*result.checks, *outside))


def _shape(
    points: list[VolumePoint], sampler: VolumeSampler, *others: Any
) -> anisotropic.ShapeChange | str:
    """What vibrations do to the shape, or why that is not known."""
    try:
        return anisotropic.shape_change(points[reference_index(points)], sampler, *others)
    except NotConvergedError as error:
        return str(error)


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


def expand(
    points: list[VolumePoint], pressure_gpa: float, form: str = eos.VINET
) -> qha.Expansion:
    """Return the expansion in volume that sampled volumes give, per atom."""
    volumes, energies = np.array([_per_atom(p) for p in points]).T
    return qha.expansion(
        TEMPERATURES_K, volumes, energies, _vibrations(points), pressure_gpa, form
    )


def _result(
    points: list[VolumePoint],
    dropped: int,
    mode: gruneisen.ModeGruneisen,
    shape: anisotropic.ShapeChange | str,
    pressure_gpa: float,
    elastic: ElasticResult | None,
    born: BornCharges | None,
) -> ThermalResult:
    found = expand(points, pressure_gpa)
    other = expand(points, pressure_gpa, eos.BIRCH_MURNAGHAN)
    volumes, energies = np.array([_per_atom(p) for p in points]).T
    lattice, vibrations = _lattices(points), _vibrations(points)
    work = pressure_gpa / EV_PER_A3_IN_GPA * volumes
    static = qha.fit_equation_of_state(volumes, energies + work)
    count = len(found.temperatures_k)
    limit, reason = _validity(found, dropped)
    shown = np.linspace(0, count - 1, min(SHOWN_TEMPERATURES, count)).astype(int)
    kelvin = min(ROOM_K, limit)
    gamma = float(np.interp(kelvin, found.temperatures_k[1:], found.gruneisen[1:]))
    means = gruneisen.weighted_mean(mode, TEMPERATURES_K)
    of_modes = float(np.interp(kelvin, TEMPERATURES_K, means))
    both = min(count, len(other.temperatures_k))
    deviation = float(np.abs(other.alpha_per_k[:both] - found.alpha_per_k[:both]).max())
    return ThermalResult(
        temperatures_k=found.temperatures_k,
        volume_per_atom_a3=found.volume_a3,
        alpha_volume_per_k=found.alpha_per_k,
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
        free_energy_per_atom_ev=vibrations.free_ev[shown] + energies,
        band_gruneisen=mode.band_gamma,
        band_gruneisen_frequency_thz=mode.band_frequency_thz,
        band_gruneisen_distance=mode.band_distance,
        eos=found.form,
        eos_alpha_deviation_per_k=deviation,
        checks=(
            *thermal_checks.of_the_fit(found, limit >= TEMPERATURES_K[-1], reason),
            thermal_checks.of_the_choice(found, deviation),
            thermal_checks.of_gruneisen(kelvin, gamma, of_modes),
            *thermal_checks.of_bulk_modulus(static.bulk_modulus_gpa, elastic),
            *_shape_checks(found, shape, kelvin, of_modes, static.bulk_modulus_gpa),
        ),
        entropy_j_per_mol_atoms_k=found.entropy_j_per_mol_k,
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
        vibration_temperatures_k=TEMPERATURES_K,
        vibration_free_energy_per_atom_ev=vibrations.free_ev,
        vibration_entropy_j_per_mol_atoms_k=vibrations.entropy_j_per_mol_k,
        vibration_heat_capacity_j_per_mol_atoms_k=vibrations.heat_capacity_j_per_mol_k,
        **_axes(found, volumes, lattice, shape),
    )


def _axes(
    found: qha.Expansion,
    volumes: FloatArray,
    lattice: dict[str, FloatArray],
    shape: anisotropic.ShapeChange | str,
) -> dict[str, Any]:
    """The fields of the result that tell axes apart."""
    alpha = {
        axis: qha.linear_expansion(found.alpha_per_k, found.volume_a3, volumes, lattice[axis])
        for axis in "abc"
    }
    length = {
        axis: qha.length_at_volume(found.volume_a3, volumes, lattice[axis]) for axis in "abc"
    }
    fields: dict[str, Any] = {
        "alpha_linear_per_k": alpha,
        "lattice_a": length,
        "alpha_quasistatic_per_k": alpha,
    }
    if isinstance(shape, str):
        cubic = all(np.allclose(lattice["a"], lattice[axis], rtol=1e-6) for axis in "bc")
        method = EQUAL_AXES if cubic else AXES_QUASISTATIC
        return {**fields, "axis_method": method, "axis_note": "" if cubic else shape}
    count, names = len(found.temperatures_k), shape.response.axes
    rate = anisotropic.per_axis(names, shape.alpha_per_k[:count])
    strain = anisotropic.per_axis(names, shape.strain[:count])
    return {
        **fields,
        "alpha_linear_per_k": {axis: alpha[axis] + rate[axis] for axis in "abc"},
        "lattice_a": {axis: length[axis] * np.exp(strain[axis]) for axis in "abc"},
        "axis_method": AXES_BY_GRUNEISEN,
        "axes": shape.response,
    }


def _shape_checks(
    found: qha.Expansion, shape: anisotropic.ShapeChange | str, *others: float
) -> tuple[Check, ...]:
    if isinstance(shape, str):
        return ()
    return thermal_checks.of_axes(found, shape.response, *others)


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
