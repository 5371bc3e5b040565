"""Quasiharmonic expansion: what follows from phonons at several volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from phonopy.api_gruneisen import PhonopyGruneisen

from mlpcore.units import EV_IN_KJ_PER_MOL, EV_PER_A3_IN_GPA, THZ_IN_K
from properties import symmetry
from properties.checks import Check
from properties.relax import lattice_parameters
from properties.results import ElasticResult, ThermalResult
from properties.vibrations import quasiharmonic as qha
from properties.vibrations.phonons import TEMPERATURES_K, band_qpoints
from properties.vibrations.volumes import (
    VolumePoint,
    VolumeSampler,
    reference_index,
    usable_volumes,
)

if TYPE_CHECKING:
    from phonopy import Phonopy

    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset

FloatArray = NDArray[np.float64]

ROOM_K = 300.0
SOFT_FRACTION = 0.05
"""Modes below this fraction of the highest frequency get no Grüneisen parameter: near Γ
an acoustic one is the ratio of two vanishing numbers."""
BULK_LIMIT = 0.05
GRUNEISEN_LIMIT = 0.15
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
    found = _expand(points, pressure_gpa, "vinet")
    mode = _mode_gruneisen(crystal, points)
    return _result(points, sampler.dropped, found, mode, pressure_gpa, elastic)


def _per_atom(point: VolumePoint) -> tuple[float, float]:
    """Volume and static energy per atom."""
    n = len(point.crystal)
    return point.crystal.volume_a3 / n, point.energy_ev / n


def _vibrational(points: list[VolumePoint]) -> tuple[FloatArray, FloatArray]:
    """F_vib in eV per atom and C_V in J/mol/K of atoms, both (t, v)."""
    n = len(points[0].crystal)
    free = np.array([p.sample.free_energy_kj_per_mol for p in points]).T
    heat = np.array([p.sample.heat_capacity_j_per_mol_k for p in points]).T
    return free / EV_IN_KJ_PER_MOL / n, heat / n


def _expand(points: list[VolumePoint], pressure_gpa: float, form: str) -> qha.Expansion:
    volumes, energies = np.array([_per_atom(p) for p in points]).T
    free, heat = _vibrational(points)
    return qha.expansion(TEMPERATURES_K, volumes, energies, free, heat, pressure_gpa, form)


@dataclass(frozen=True)
class _ModeGruneisen:
    """Mode parameters on the band path, and their C_V-weighted mean at 300 K."""

    distance: FloatArray
    frequency_thz: FloatArray
    gamma: FloatArray
    weighted_mean: float


def _mode_gruneisen(crystal: Crystal, points: list[VolumePoint]) -> _ModeGruneisen:
    """γ_qj = −d ln ω/d ln V from the volumes beside the relaxed one, by phonopy.

    At the edge of the real range the derivative is taken one volume further in.
    """
    reference = min(max(reference_index(points), 1), len(points) - 2)
    below, middle, above = (points[reference + i].harmonic.phonon for i in (-1, 0, 1))
    gruneisen: Any = PhonopyGruneisen(middle, above, below)
    segments, _ = band_qpoints(crystal)
    gruneisen.set_band_structure(segments)
    _, distances, frequencies, _, gammas = gruneisen.get_band_structure()[:5]
    frequency = np.concatenate(frequencies)
    gamma = np.where(
        frequency > SOFT_FRACTION * frequency.max(), np.concatenate(gammas), np.nan
    )
    mesh = [max(2, int(m) // 2) for m in _mesh_numbers(middle)]
    gruneisen.set_mesh(mesh, is_gamma_center=True)  # a shifted mesh has no symmetry
    _, weights, on_mesh, _, gamma_mesh = gruneisen.get_mesh()
    return _ModeGruneisen(
        np.concatenate(distances),
        frequency,
        gamma,
        _weighted_mean(np.asarray(weights), np.asarray(on_mesh), np.asarray(gamma_mesh)),
    )


def _mesh_numbers(phonon: Phonopy) -> Any:
    if phonon.mesh is None:
        raise ValueError("the phonopy object has no mesh: sample it with sample_mesh()")
    return phonon.mesh.mesh_numbers


def _weighted_mean(weights: FloatArray, frequency: FloatArray, gamma: FloatArray) -> float:
    """Mean of mode parameters weighted by their heat capacity at 300 K (Barron 1955)."""
    keep = frequency > SOFT_FRACTION * frequency.max()
    x = np.where(keep, frequency, 1.0) * THZ_IN_K / ROOM_K
    heat = np.where(keep, (x / 2 / np.sinh(x / 2)) ** 2, 0.0) * weights[:, None]
    return float((heat * np.where(keep, gamma, 0.0)).sum() / heat.sum())


def _result(
    points: list[VolumePoint],
    dropped: int,
    found: qha.Expansion,
    mode: _ModeGruneisen,
    pressure_gpa: float,
    elastic: ElasticResult | None,
) -> ThermalResult:
    other = _expand(points, pressure_gpa, "birch_murnaghan")
    volumes, energies = np.array([_per_atom(p) for p in points]).T
    lattice = _lattices(points)
    work = pressure_gpa / EV_PER_A3_IN_GPA * volumes
    static = qha.fit_equation_of_state(volumes, energies + work)
    linear = {
        axis: qha.linear_expansion(found.alpha_per_k, found.volume_a3, volumes, lattice[axis])
        for axis in "abc"
    }
    count = len(found.temperatures_k)
    limit, reason = _validity(found, dropped)
    shown = np.linspace(0, count - 1, min(SHOWN_TEMPERATURES, count)).astype(int)
    free = _vibrational(points)[0][shown] + energies
    gamma = float(np.interp(ROOM_K, found.temperatures_k[1:], found.gruneisen[1:]))
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
        free_energy_per_atom_ev=free,
        band_gruneisen=mode.gamma,
        band_gruneisen_frequency_thz=mode.frequency_thz,
        band_gruneisen_distance=mode.distance,
        eos="vinet",
        eos_alpha_deviation_per_k=deviation,
        checks=_checks(found, limit, reason, gamma, mode, deviation, static, elastic),
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


def _checks(
    found: qha.Expansion,
    limit: float,
    reason: str,
    gamma: float,
    mode: _ModeGruneisen,
    deviation: float,
    static: qha.EquationOfState,
    elastic: ElasticResult | None,
) -> tuple[Check, ...]:
    largest = float(np.abs(found.alpha_per_k).max())
    off = abs(mode.weighted_mean - gamma) / max(abs(gamma), 0.1)
    checks = [
        Check("qha_range", "Volume range", limit >= TEMPERATURES_K[-1], reason),
        Check(
            "qha_fit",
            "Equation of state",
            found.fit_residual_ev < qha.POOR_FIT_EV,
            f"Largest misfit {1e3 * found.fit_residual_ev:.3f} meV/atom "
            f"(limit {1e3 * qha.POOR_FIT_EV:g}).",
        ),
        Check(
            "qha_eos_choice",
            "Vinet or Birch–Murnaghan",
            deviation < 0.05 * largest,
            f"The two equations of state differ by {1e6 * deviation:.2f} × 10⁻⁶/K in the "
            f"volume expansion (limit 5 % of {1e6 * largest:.1f}).",
        ),
        Check(
            "gruneisen_agreement",
            "Grüneisen two ways",
            off < GRUNEISEN_LIMIT,
            f"Thermodynamic γ(300 K) {gamma:.2f}; heat-capacity-weighted mean of the modes "
            f"{mode.weighted_mean:.2f} (limit {100 * GRUNEISEN_LIMIT:g} %).",
        ),
    ]
    if elastic is not None and elastic.born_stable:
        reuss = elastic.moduli.bulk_reuss_gpa
        checks.append(
            Check(
                "bulk_modulus_agreement",
                "Bulk modulus two ways",
                abs(static.bulk_modulus_gpa / reuss - 1) < BULK_LIMIT,
                f"Bulk modulus {static.bulk_modulus_gpa:.1f} GPa from the equation of state, "
                f"{reuss:.1f} GPa from the elastic constants (limit {100 * BULK_LIMIT:g} %).",
            )
        )
    return tuple(checks)
