"""The stage in which every member of a committee is carried through the calculation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from properties.committee import checks, numbers
from properties.committee.members import (
    ELASTIC,
    PHONONS,
    RELAX,
    THERMAL,
    Answer,
    Task,
    carry,
    supercell_matrix,
)
from properties.committee.result import AtomSpread, Calibration, CommitteeResult, spread
from properties.elasticity.orientation import Orientation
from properties.progress import Part, PiecesOf
from properties.relax import lattice_parameters
from properties.results import ElasticResult, PhononResult, RelaxResult, ThermalResult
from properties.vibrations.displacements import displaced
from properties.vibrations.phonons import TEMPERATURES_K, choose_supercell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from phonopy import Phonopy

    from mlpcore.potential import MemberEvaluations, Potential
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces
    from properties.results import StageResult
    from properties.spec import Preset
    from properties.vibrations.born import BornCharges

FloatArray = NDArray[np.float64]

STAGE = "committee"
N_VOLUMES = 5
"""Volumes of a member's expansion: enough for an equation of state, whatever the preset."""

CARRIED = (RELAX, ELASTIC, PHONONS, THERMAL)


def committee(
    given: Crystal,
    potential: Potential,
    displaced_potential: Potential,
    results: Mapping[str, StageResult],
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
    born: BornCharges | None = None,
) -> CommitteeResult:
    """Carry each member through the stages that have a result, and compare.

    Each member has a relaxed cell of its own. Supercell, q-points and temperatures are those
    of the committee as a whole; only the expansion has fewer volumes than a tight preset, and
    the elastic constants go without the finite strains that check them.

    Parameters
    ----------
    given
        The structure as it was given.
    potential, displaced_potential
        The committee, and the same in the precision of displaced supercells.
    results
        Of the committee as one model; the relaxation must be among them.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished pieces are kept.
    """
    relaxed = results["relax"]
    if not isinstance(relaxed, RelaxResult):
        raise TypeError("a committee needs the relaxation of the whole")
    task = _task(relaxed.primitive, results, settings, pressure_gpa, born)
    pairs = list(zip(potential.members, displaced_potential.members, strict=True))
    names = tuple(f"member {k + 1}" for k in range(len(pairs)))
    answers = []
    for k, (member, coarse) in enumerate(pairs):
        label = f"member {k + 1} of {len(pairs)}"
        parts = _parts(monitor, task.stages, k, len(pairs), label)
        kept = PiecesOf(pieces, f"member{k + 1}")
        answers.append(carry(member, coarse, task, parts, kept))
    first, second = (_atoms(potential, one) for one in (given, relaxed.primitive))
    return _result(names, answers, task, results, calibration_of(potential), first, second)


def calibration_of(potential: Potential) -> Calibration:
    """Return the factors that a model was shipped with, or factors of 1."""
    known = potential.calibration or {}
    if not {"energy_factor", "force_factor"} <= set(known):
        return Calibration()
    return Calibration(float(known["energy_factor"]), float(known["force_factor"]), known=True)


def _task(
    crystal: Crystal,
    results: Mapping[str, StageResult],
    settings: Preset,
    pressure_gpa: float,
    born: BornCharges | None,
) -> Task:
    elastic, phonons = results.get(ELASTIC), results.get(PHONONS)
    vibrates = not {PHONONS, THERMAL}.isdisjoint(results)
    segments: tuple[FloatArray, ...] = ()
    if isinstance(phonons, PhononResult):
        segments = tuple(np.split(phonons.band_qpoints, phonons.band_segment_start[1:]))
    return Task(
        crystal=crystal,
        stages=tuple(stage for stage in CARRIED if stage in results),
        settings=replace(settings, n_volumes=N_VOLUMES),
        pressure_gpa=pressure_gpa,
        axes=elastic.ieee_rotation if isinstance(elastic, ElasticResult) else None,
        like=_displaced(crystal, settings) if vibrates else None,
        segments=segments,
        born=born,
    )


def _displaced(crystal: Crystal, settings: Preset) -> Phonopy:
    matrix = np.asarray(choose_supercell(crystal, settings).matrix)
    return displaced(crystal, matrix, settings.displacement_a)


def _parts(
    monitor: Monitor, stages: tuple[str, ...], member: int, n_members: int, label: str
) -> Callable[[str], Monitor]:
    """Monitors that tell a member's stages as parts of the whole."""
    count = n_members * len(stages)

    def part(stage: str) -> Monitor:
        place = member * len(stages) + stages.index(stage)
        return Part(monitor, STAGE, place, count, label)

    return part


def _atoms(potential: Potential, crystal: Crystal) -> AtomSpread:
    atoms, n = crystal.to_atoms(), len(crystal)
    (found,) = potential.evaluate_members([atoms])
    shares = potential.atomic_energies(atoms)
    return AtomSpread(
        symbols=crystal.symbols,
        energy_per_atom_ev=found.energies_ev / n,
        atomic_energy_ev=np.zeros(0) if shares is None else np.asarray(shares),
        force_spread_ev_per_a=np.linalg.norm(spread(found.forces_ev_per_a), axis=1),
        energy_noise_per_atom_ev=_root_mean_square(found.energy_noise_ev) / n,
        force_noise_ev_per_a=_force_noise(found),
    )


def _root_mean_square(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _force_noise(found: MemberEvaluations) -> FloatArray:
    return np.asarray(np.sqrt(np.mean(found.force_noise_ev_per_a**2, axis=0)))


def _result(
    names: tuple[str, ...],
    answers: list[Answer],
    task: Task,
    results: Mapping[str, StageResult],
    calibration: Calibration,
    given: AtomSpread,
    relaxed: AtomSpread,
) -> CommitteeResult:
    cell = _cell(answers, task.crystal)
    fields = _fields(answers, results, task)
    found = _numbers(cell, fields, results, relaxed, calibration)
    return CommitteeResult(
        members=names,
        problems=tuple("; ".join(answer.problems) for answer in answers),
        calibration=calibration,
        n_volumes=N_VOLUMES,
        given=given,
        relaxed=relaxed,
        energy_per_atom_ev=cell["energy"],
        volume_per_atom_a3=cell["volume"],
        lattice={name: v for name, v in cell.items() if name not in ("energy", "volume")},
        numbers=found,
        checks=checks.of_members(names, answers, found),
        supercell_matrix=(
            np.zeros(0, dtype=int) if task.like is None else supercell_matrix(task.like)
        ),
        **fields,
    )


def _cell(answers: list[Answer], whole: Crystal) -> dict[str, FloatArray]:
    """Energy, volume and parameters of each member's conventional cell, (m,) each."""
    to_conventional = Orientation.of(whole).conventional_from_primitive
    rows = []
    for answer in answers:
        crystal = answer.crystal
        if crystal is None:
            rows.append(dict.fromkeys(("energy", "volume", *lattice_parameters(whole)), np.nan))
            continue
        conventional = crystal.with_lattice(to_conventional @ crystal.lattice_a)
        rows.append(
            {
                "energy": answer.energy_per_atom_ev,
                "volume": crystal.volume_a3 / len(crystal),
                **lattice_parameters(conventional),
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _fields(
    answers: list[Answer], results: Mapping[str, StageResult], task: Task
) -> dict[str, Any]:
    """Fields of the result for each stage that was carried through."""
    fields: dict[str, Any] = {}
    elastic, phonons = results.get(ELASTIC), results.get(PHONONS)
    if isinstance(elastic, ElasticResult):
        fields["laue_class"] = elastic.laue_class
        fields["stiffness_gpa"] = _stacked([a.stiffness_gpa for a in answers], (6, 6))
    if isinstance(phonons, PhononResult):
        bands = _stacked(
            [a.band_frequency_thz for a in answers], phonons.band_frequency_thz.shape
        )
        fields["band_frequency_thz"] = bands.astype(np.float32)
        fields["gamma_frequencies_thz"] = _stacked(
            [a.gamma_frequencies_thz for a in answers], phonons.gamma_frequencies_thz.shape
        )
    if THERMAL in task.stages:
        fields["temperatures_k"] = TEMPERATURES_K
        for name, source in EXPANSION_FIELDS.items():
            fields[name] = np.array([_over_temperature(a, source) for a in answers])
    return fields


EXPANSION_FIELDS = {
    "expansion_volume_per_atom_a3": "volume_a3",
    "alpha_volume_per_k": "alpha_per_k",
    "bulk_modulus_gpa": "bulk_modulus_gpa",
    "heat_capacity_p_j_per_mol_atoms_k": "heat_capacity_p_j_per_mol_k",
}
"""Fields of the result, and those of a member's expansion that they come from."""


def _stacked(arrays: list[FloatArray | None], shape: tuple[int, ...]) -> FloatArray:
    return np.array([np.full(shape, np.nan) if a is None else a for a in arrays])


def _over_temperature(answer: Answer, name: str) -> FloatArray:
    values = np.full(len(TEMPERATURES_K), np.nan)
    if answer.expansion is not None:
        known = getattr(answer.expansion, name)
        values[: len(known)] = known
    return values


def _numbers(
    cell: dict[str, FloatArray],
    fields: dict[str, Any],
    results: Mapping[str, StageResult],
    atoms: AtomSpread,
    calibration: Calibration,
) -> tuple[numbers.Number, ...]:
    found: list[numbers.Number] = []
    for result in results.values():
        match result:
            case RelaxResult():
                own = {
                    "energy": result.energy_per_atom_ev,
                    "volume": result.volume_per_atom_a3,
                }
                noise = atoms.energy_noise_per_atom_ev or float("nan")  # 0: the model has none
                found += numbers.of_the_cell(own, result.lattice, cell, noise, calibration)
            case ElasticResult():
                found += numbers.of_elasticity(result, fields["stiffness_gpa"], calibration)
            case PhononResult():
                bands = np.asarray(fields["band_frequency_thz"], dtype=float)
                at_gamma = fields["gamma_frequencies_thz"]
                found += numbers.of_phonons(result, bands, at_gamma, calibration)
            case ThermalResult():
                members = {
                    "alpha": fields["alpha_volume_per_k"],
                    "bulk": fields["bulk_modulus_gpa"],
                    "heat": fields["heat_capacity_p_j_per_mol_atoms_k"],
                }
                found += numbers.of_expansion(result, TEMPERATURES_K, members, calibration)
    return tuple(found)
