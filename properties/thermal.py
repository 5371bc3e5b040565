"""Quasiharmonic expansion: phonons at several volumes and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from phonopy.api_gruneisen import PhonopyGruneisen

from mlpcore.errors import FitError, NotConvergedError
from mlpcore.units import EV_IN_KJ_PER_MOL, EV_PER_A3_IN_GPA, THZ_IN_K
from properties import quasiharmonic as qha
from properties import symmetry
from properties.crystal import Crystal
from properties.phonons import (
    IMAGINARY_THZ,
    TEMPERATURES_K,
    Harmonic,
    MeshSample,
    band_qpoints,
    choose_supercell,
    displaced,
    force_constants,
    sample_mesh,
)
from properties.relax import lattice_parameters, relax
from properties.results import Check, ElasticResult, ThermalResult

if TYPE_CHECKING:
    from phonopy import Phonopy

    from mlpcore.potential import Potential
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


@dataclass(frozen=True)
class VolumePoint:
    """One sampled volume: its relative change, relaxed cell, static energy and phonons."""

    offset: float
    crystal: Crystal
    energy_ev: float
    harmonic: Harmonic
    sample: MeshSample

    @property
    def is_real(self) -> bool:
        """Whether no mode on the mesh is imaginary."""
        return self.sample.min_frequency_thz >= IMAGINARY_THZ


def thermal_expansion(
    crystal: Crystal,
    potential: Potential,
    displaced_potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
    elastic: ElasticResult | None = None,
) -> ThermalResult:
    """Compute the expansion of a relaxed primitive cell.

    Parameters
    ----------
    potential
        In double precision, for relaxed cells and static energies.
    displaced_potential
        For the displaced supercells; see :func:`properties.phonons.supercell_dtype`.
    elastic
        For the comparison of bulk moduli, where it is known.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished volumes and displacements are kept.
    FitError
        Imaginary modes or a poor fit leave no expansion to report.
    NotConvergedError
        The cell at some volume could not be relaxed.
    """
    sampler = _Sampler(crystal, potential, displaced_potential, settings, monitor, pieces)
    points = _usable(sampler.sample(), sampler)
    found = _expand(points, pressure_gpa, "vinet")
    mode = _mode_gruneisen(crystal, points)
    return _result(points, sampler.dropped, found, mode, pressure_gpa, elastic)


class _Sampler:
    """Computes volumes one by one, the relaxed one first."""

    def __init__(
        self,
        crystal: Crystal,
        potential: Potential,
        displaced_potential: Potential,
        settings: Preset,
        monitor: Monitor,
        pieces: Pieces,
    ) -> None:
        self._crystal, self._potential = crystal, potential
        self._displaced_potential = displaced_potential
        self._settings, self._monitor, self._pieces = settings, monitor, pieces
        self._matrix = choose_supercell(crystal, settings).matrix
        phonon = displaced(crystal, self._matrix, settings.displacement_a)
        self._steps = len(phonon.displacements) + 1
        self.dropped = 0

    def sample(self) -> list[VolumePoint]:
        """Sample the preset's volumes; stop at once if the relaxed cell is no minimum."""
        settings = self._settings
        offsets = qha.volume_offsets(settings.n_volumes, *settings.volume_range)
        first = int(np.argmin(np.abs(offsets)))
        ordered = [offsets[first], *np.delete(offsets, first)]
        points: list[VolumePoint] = []
        for index, offset in enumerate(ordered):
            points.append(self.one(float(offset), index, len(ordered)))
            if not points[0].is_real:
                raise FitError(_too_few(points, 0))
        return sorted(points, key=lambda p: p.offset)

    def one(self, offset: float, index: int, count: int) -> VolumePoint:
        """Relax and vibrate the cell at one relative volume change."""
        what = f"volume {index + 1} of {count} ({100 * offset:+.2f} %)"
        settings, start = self._settings, index * self._steps

        def report(done: int) -> None:
            self._monitor.advance("thermal", start + done, count * self._steps, what)

        report(0)
        cell, energy = _relax_at(
            self._crystal, self._potential, settings, self._monitor, self._pieces, offset
        )
        phonon = displaced(cell, self._matrix, settings.displacement_a)
        key = f"forces/{settings.supercell_length_a:g}/{offset:+.4f}"
        harmonic = force_constants(
            phonon, self._displaced_potential, self._pieces, key, lambda done: report(done + 1)
        )
        report(self._steps)
        return VolumePoint(offset, cell, energy, harmonic, sample_mesh(phonon, settings))


def _usable(points: list[VolumePoint], sampler: _Sampler) -> list[VolumePoint]:
    """Keep the volumes around the relaxed one whose modes are all real.

    Where that leaves too few, the gaps between them are halved.
    """
    usable = _real_range(points)
    sampler.dropped = len(points) - len(usable)
    if len(usable) < 3:
        raise FitError(_too_few(points, len(usable)))
    if len(usable) < qha.MIN_VOLUMES:
        offsets = np.array([p.offset for p in usable])
        middles = (offsets[1:] + offsets[:-1]) / 2
        count = len(points) + len(middles)
        more = [sampler.one(float(x), len(points) + i, count) for i, x in enumerate(middles)]
        usable = _real_range(sorted([*usable, *more], key=lambda p: p.offset))
    if len(usable) < qha.MIN_VOLUMES:
        raise FitError(_too_few(points, len(usable)))
    return usable


def _relax_at(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    offset: float,
) -> tuple[Crystal, float]:
    """Relax ions and shape at a scaled volume; the relaxed cell itself is taken as it is."""
    key = f"volume/{offset:+.4f}"
    kept = pieces.get(key)
    if kept is None:
        start = crystal.with_lattice(crystal.lattice_a * (1 + offset) ** (1 / 3))
        if offset == 0:
            (found,) = potential.evaluate([start.to_atoms()])
            cell, energy = start, found.energy_ev
        else:
            relaxed = relax(start, potential, settings, monitor, fixed_volume=True)
            _require_converged(relaxed.converged, offset, relaxed.history[-1])
            cell, energy = relaxed.crystal, relaxed.energy_ev
        kept = {
            "lattice_a": np.array(cell.lattice_a),
            "fractional": np.array(cell.fractional),
            "energy_ev": np.array(energy),
        }
        pieces.put(key, kept)
    relaxed_cell = Crystal(kept["lattice_a"], crystal.numbers, kept["fractional"])
    return relaxed_cell, float(kept["energy_ev"])


def _require_converged(converged: bool, offset: float, last: FloatArray) -> None:
    if not converged:
        raise NotConvergedError(
            f"The cell at {100 * offset:+.1f} % volume did not relax: force {last[1]:.1e} "
            f"eV/Å, stress {last[2]:.1e} GPa left. The crystal may be unstable there; look at "
            "its phonons, or choose a coarser preset."
        )


def _real_range(points: list[VolumePoint]) -> list[VolumePoint]:
    """The volumes around the relaxed one, up to the first with imaginary modes."""
    reference = _reference(points)
    first = last = reference
    while last < len(points) and points[last].is_real:
        last += 1
    while first > 0 and points[first - 1].is_real:
        first -= 1
    return points[first:last]


def _reference(points: list[VolumePoint]) -> int:
    return int(np.argmin([abs(p.offset) for p in points]))


def _too_few(points: list[VolumePoint], usable: int) -> str:
    lowest = min(p.sample.min_frequency_thz for p in points)
    advice = (
        "Compute a stable phase (distort the cell along the soft mode and relax it with less "
        "symmetry), or try another model or a tighter preset."
    )
    if usable == 0:
        return (
            f"The relaxed structure has imaginary modes (down to {lowest:.2f} THz): for this "
            f"model it is no minimum, and a quasiharmonic expansion does not exist. {advice}"
        )
    return (
        f"Imaginary modes (down to {lowest:.2f} THz) leave {usable} of {len(points)} volumes "
        f"for the quasiharmonic fit; {qha.MIN_VOLUMES} are needed. {advice}"
    )


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
    reference = min(max(_reference(points), 1), len(points) - 2)
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
    gruneisen.set_mesh(mesh)
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
    if elastic is not None:
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
