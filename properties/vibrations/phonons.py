"""Harmonic phonons by finite displacements, through phonopy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from phonopy import Phonopy

from properties import extrapolation, symmetry
from properties.checks import Check
from properties.results import PhononResult
from properties.vibrations import batches, modes, supercell
from properties.vibrations.born import nac_parameters
from properties.vibrations.displacements import displaced, displaced_cells, forces_at_rest
from properties.vibrations.irreps import gamma_modes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.born import BornCharges

FloatArray = Any
IntArray = Any

IMAGINARY_THZ = -0.1
"""Below this a mode counts as imaginary; interpolation noise near Γ stays above it."""

ACOUSTIC_LIMIT_THZ = 0.5
"""Largest acoustic frequency at Γ before the sum rule that still passes the check."""

MEMORY_BUDGET_MB = 6000.0
"""Supercells that would take more than this are evaluated in single precision."""

POINTS_PER_INVERSE_A = 150
"""Density of the band path, points per Å⁻¹ (without 2π)."""

MAX_TEMPERATURE_K = 1000.0
TEMPERATURES_K = np.arange(0.0, MAX_TEMPERATURE_K + 1, 10.0)


@dataclass(frozen=True)
class Harmonic:
    """Force constants of one crystal, ready for phonopy's sampling.

    Attributes
    ----------
    phonon
        Phonopy object with symmetrised force constants.
    raw_acoustic_thz
        Largest acoustic frequency at Γ before the sum rule was imposed.
    """

    phonon: Phonopy
    raw_acoustic_thz: float


def choose_supercell(crystal: Crystal, settings: Preset) -> supercell.Supercell:
    """Choose the supercell that a preset asks for."""
    return supercell.choose(
        symmetry.analyse(crystal), settings.supercell_length_a, settings.max_supercell_atoms
    )


def supercell_dtype(crystal: Crystal, settings: Preset, potential: Potential) -> str:
    """Choose the precision in which displaced supercells are evaluated.

    Rounding of single-precision forces moves the expansion of silicon by a percent;
    where double precision would take too much memory, single takes half of it.
    """
    n_atoms = choose_supercell(crystal, settings).n_atoms
    fits = n_atoms * potential.memory_per_atom_mb <= MEMORY_BUDGET_MB
    return "float64" if fits else "float32"


def harmonic(
    phonon: Phonopy, forces: Sequence[FloatArray], born: BornCharges | None = None
) -> Harmonic:
    """Build symmetrised force constants from the forces on the displaced supercells.

    Parameters
    ----------
    phonon
        From :func:`~properties.vibrations.displacements.displaced`.
    forces
        Those on its displaced cells, in their order, less those at rest, each (n, 3) in eV/Å.
    born
        Charges of the primitive cell, for the non-analytic term (Gonze and Lee, Phys. Rev.
        B 55, 10355 (1997)).
    """
    phonon.forces = np.array(forces)
    phonon.produce_force_constants(show_drift=False)
    raw = np.sort(np.abs(_gamma_frequencies_thz(phonon)))[2]
    phonon.symmetrize_force_constants(level=3, show_drift=False)
    if born is not None:
        phonon.nac_params = nac_parameters(born)
    return Harmonic(phonon, float(raw))


def _gamma_frequencies_thz(phonon: Phonopy) -> FloatArray:
    return np.asarray(phonon.run_qpoints([[0.0, 0.0, 0.0]]).frequencies[0])


def phonons(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    born: BornCharges | None = None,
) -> tuple[PhononResult, Phonopy]:
    """Compute dispersion, density of states and harmonic thermodynamics.

    Parameters
    ----------
    crystal
        Relaxed standard primitive cell.
    born
        Charges of that cell, for the splitting of polar modes.

    Returns
    -------
    result, phonon
        The frozen result, and phonopy's object for export and further use.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished displacements are kept.
    """
    found = harmonic_of(crystal, potential, settings, monitor, pieces, born)
    count = len(found.phonon.displacements)
    monitor.advance("phonons", count, count, "sampling the Brillouin zone")
    chosen = choose_supercell(crystal, settings)
    result = _result(crystal, chosen, settings, found, born)
    cells = displaced_cells(found.phonon, "displaced")
    outside = extrapolation.checks(
        potential, "phonons_extrapolation", {"the displaced supercells": list(cells.values())}
    )
    return replace(result, checks=(*result.checks, *outside)), found.phonon


def harmonic_of(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    born: BornCharges | None = None,
    stage: str = "phonons",
    matrix: IntArray | None = None,
    like: Phonopy | None = None,
) -> Harmonic:
    """Return the force constants of a crystal; forces that are kept are not computed again.

    Parameters
    ----------
    stage
        Whose progress the monitor is told.
    matrix
        The supercell, (3, 3); ``None`` for the one that the preset asks for.
    like
        Phonopy object of nearly the same cell, to save the search for its symmetry.
    """
    if matrix is None:
        matrix = np.asarray(choose_supercell(crystal, settings).matrix)
    phonon = displaced(crystal, matrix, settings.displacement_a, like)
    cells = displaced_cells(phonon, forces_key(settings))
    forces = batches.forces(
        cells,
        potential,
        pieces,
        lambda done: monitor.advance(stage, done, len(cells), "displacements"),
    )
    rest = forces_at_rest(phonon, potential)
    return harmonic(phonon, [forces[key] - rest for key in cells], born)


def forces_key(settings: Preset, offset: float = 0.0) -> str:
    """Key of the displacements at a relative change of volume.

    Those at the relaxed volume are shared by phonons and expansion.
    """
    return f"forces/{settings.supercell_length_a:g}/{offset:+.4f}"


def _result(
    crystal: Crystal,
    chosen: supercell.Supercell,
    settings: Preset,
    harmonic: Harmonic,
    born: BornCharges | None,
) -> PhononResult:
    phonon = harmonic.phonon
    bands = band_structure(crystal, phonon)
    sampled = sample_mesh(phonon, settings)
    total = phonon.run_total_dos(use_tetrahedron_method=True)
    dos = np.asarray(total.frequency_points), np.asarray(total.dos)
    frequencies = bands["band_frequency_thz"]
    lowest = min(float(frequencies.min()), sampled.min_frequency_thz)
    highest = max(float(frequencies.max()), sampled.max_frequency_thz)
    return PhononResult(
        supercell_matrix=np.asarray(chosen.matrix),
        supercell_length_a=chosen.length_a,
        supercell_length_wanted_a=settings.supercell_length_a,
        supercell_n_atoms=chosen.n_atoms,
        n_displacements=len(phonon.displacements),
        n_atoms_primitive=len(crystal),
        gamma_frequencies_thz=_gamma_frequencies_thz(phonon),
        dos_frequency_thz=dos[0],
        dos_per_thz=dos[1],
        max_frequency_thz=highest,
        min_frequency_thz=lowest,
        imaginary=lowest < IMAGINARY_THZ,
        temperatures_k=TEMPERATURES_K,
        free_energy_kj_per_mol=sampled.free_energy_kj_per_mol,
        entropy_j_per_mol_k=sampled.entropy_j_per_mol_k,
        heat_capacity_j_per_mol_k=sampled.heat_capacity_j_per_mol_k,
        zero_point_energy_kj_per_mol=float(sampled.free_energy_kj_per_mol[0]),
        acoustic_sum_rule_residual_thz=harmonic.raw_acoustic_thz,
        checks=_checks(lowest, chosen, settings, harmonic.raw_acoustic_thz),
        projected_dos_per_thz=modes.projected_dos(phonon, *dos),
        gamma_modes=gamma_modes(phonon),
        born=born,
        **bands,
        **_around_gamma(crystal, phonon, born is not None),
    )


def _around_gamma(crystal: Crystal, phonon: Phonopy, polar: bool) -> dict[str, FloatArray]:
    """Speeds of sound, and where there are charges the limits of frequencies at Γ."""
    uvw, directions = modes.distinct_directions(crystal)
    found = {
        "direction_uvw": uvw,
        "sound_direction": directions,
        "sound_speed_km_per_s": modes.sound_speeds(crystal, phonon, directions),
    }
    if polar:
        found["limit_direction"] = directions
        found["limit_frequency_thz"] = modes.limits_at_gamma(crystal, phonon, directions)
    return found


@dataclass(frozen=True)
class MeshSample:
    """Thermodynamics of one crystal on a q-point mesh, per mole of primitive cells."""

    min_frequency_thz: float
    max_frequency_thz: float
    free_energy_kj_per_mol: FloatArray
    entropy_j_per_mol_k: FloatArray
    heat_capacity_j_per_mol_k: FloatArray


def sample_mesh(phonon: Phonopy, settings: Preset) -> MeshSample:
    """Sample frequencies on the preset's mesh; imaginary modes stay out of the sums.

    So do the three rigid translations: whether rounding leaves their zero frequency just
    above zero would decide on 1e-4 eV of the free energy at 1000 K.
    """
    frequencies = phonon.run_mesh(settings.mesh_length_a).frequencies
    thermal = phonon.run_thermal_properties(
        temperatures=TEMPERATURES_K, exclude_gamma_acoustic=True
    )
    return MeshSample(
        float(frequencies.min()),
        float(frequencies.max()),
        np.array(thermal.free_energy),
        np.array(thermal.entropy),
        np.array(thermal.heat_capacity),
    )


def band_qpoints(crystal: Crystal) -> tuple[list[FloatArray], symmetry.BandPath]:
    """Return the q-points of each segment of the standard path, and the path."""
    path = symmetry.band_path(crystal)
    reciprocal = np.linalg.inv(crystal.lattice_a).T
    segments = []
    for first, last in path.segments:
        ends = np.array([path.points[first], path.points[last]])
        length = float(np.linalg.norm((ends[1] - ends[0]) @ reciprocal))
        count = max(8, int(length * POINTS_PER_INVERSE_A))
        segments.append(np.linspace(ends[0], ends[1], count))
    return segments, path


def band_structure(crystal: Crystal, phonon: Phonopy) -> dict[str, Any]:
    """Modes along the standard path, as the ``band_*`` fields of a result."""
    segments, path = band_qpoints(crystal)
    found: Any = phonon.run_band_structure(
        segments, with_eigenvectors=True, with_group_velocities=True
    )
    lengths = [len(segment) for segment in segments]
    starts = np.cumsum([0, *lengths[:-1]])
    ticks, labels = _ticks([np.asarray(d) for d in found.distances], path)
    frequencies = np.concatenate(found.frequencies)
    vectors = np.concatenate([np.asarray(one) for one in found.eigenvectors])
    softest = int(frequencies.min(axis=1).argmin())
    wanted = np.array([softest, *starts, *(np.cumsum(lengths) - 1)])
    kept = modes.kept_points(len(frequencies), frequencies.shape[1], wanted)
    speeds = np.linalg.norm(np.concatenate(found.group_velocities), axis=2)
    return {
        "band_distance": np.concatenate(found.distances),
        "band_qpoints": np.concatenate(found.qpoints),
        "band_frequency_thz": frequencies,
        "band_segment_start": starts,
        "band_tick_distance": np.array(ticks),
        "band_tick_label": tuple(labels),
        "band_eigenvectors": vectors[kept].astype(np.complex64),
        "band_eigenvector_index": kept,
        "band_group_speed_km_per_s": modes.THZ_A_IN_KM_PER_S * speeds,
    }


def _ticks(
    distances: list[FloatArray], path: symmetry.BandPath
) -> tuple[list[float], list[str]]:
    """Place the labels; two points that meet without being connected share a tick."""
    ticks, labels = [float(distances[0][0])], [_letter(path.segments[0][0])]
    for index, (distance, (_, last)) in enumerate(zip(distances, path.segments, strict=True)):
        label = _letter(last)
        if index + 1 < len(path.segments) and path.segments[index + 1][0] != last:
            label = f"{label}|{_letter(path.segments[index + 1][0])}"
        ticks.append(float(distance[-1]))
        labels.append(label)
    return ticks, labels


def _letter(name: str) -> str:
    return name.replace("GAMMA", "Γ").replace("SIGMA", "Σ").replace("DELTA", "Δ")


def _checks(
    lowest: float, chosen: supercell.Supercell, settings: Preset, raw_acoustic: float
) -> tuple[Check, ...]:
    wanted = settings.supercell_length_a
    return (
        Check(
            "no_imaginary_modes",
            "Real frequencies",
            lowest >= IMAGINARY_THZ,
            f"Lowest frequency {round(lowest, 2) + 0.0:.2f} THz (imaginary modes are drawn "
            f"negative; limit {IMAGINARY_THZ:g} THz).",
        ),
        Check(
            "acoustic_sum_rule",
            "Acoustic sum rule",
            raw_acoustic < ACOUSTIC_LIMIT_THZ,
            f"Acoustic modes at Γ reach {raw_acoustic:.3f} THz before the sum rule is imposed "
            f"(limit {ACOUSTIC_LIMIT_THZ:g} THz).",
        ),
        Check(
            "supercell_length",
            "Supercell",
            chosen.length_a >= wanted - 1e-6,
            f"Supercell of {chosen.n_atoms} atoms, shortest length {chosen.length_a:.1f} Å "
            f"({wanted:g} Å wanted, at most {settings.max_supercell_atoms} atoms).",
        ),
    )
