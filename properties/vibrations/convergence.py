"""The same phonon modes against the supercell and against the displacement."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.vibrations import batches
from properties.vibrations.convergence_result import (
    TOLERANCE_SHARE,
    TOLERANCE_THZ,
    ConvergenceResult,
    agree,
)
from properties.vibrations.displacements import displaced, displaced_cells, forces_at_rest
from properties.vibrations.estimate import DISPLACEMENTS_A, Plan, plan
from properties.vibrations.phonons import choose_supercell, forces_key, harmonic
from properties.vibrations.soft_mode_search import candidate_points, holds, labelled_points

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.phonon_result import PhononResult

FloatArray = NDArray[np.float64]

MOST_POINTS = 6


@dataclass(frozen=True)
class _Modes:
    """Modes from one supercell and one displacement."""

    frequency_thz: FloatArray
    residual_thz: float
    seconds: float


def converge(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    phonons: PhononResult,
) -> ConvergenceResult:
    """Compute the modes at Γ and at named points of the zone again and again.

    Parameters
    ----------
    crystal
        Relaxed standard primitive cell.
    potential
        The one of the displaced supercells.
    phonons
        Of the same crystal; tells how many displacements there are.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished supercells are kept.
    """
    points = _points(crystal)
    planned = plan(crystal, settings, potential.memory_per_atom_mb)
    displacements = sorted({*DISPLACEMENTS_A, settings.displacement_a})
    runs = len(planned.supercells) + len(displacements) - 1
    worker = _Worker(
        crystal, potential, settings, monitor, pieces, points, runs * phonons.n_displacements
    )
    own_matrix = planned.supercells[planned.own].matrix
    by_size = [worker.modes(one.matrix, settings.displacement_a) for one in planned.supercells]
    by_distance = [worker.modes(own_matrix, distance) for distance in displacements]
    return _result(points, planned, displacements, by_size, by_distance, settings)


def _points(crystal: Crystal) -> dict[str, FloatArray]:
    """Γ and the named points that small supercells hold, one of each star."""
    stars = candidate_points(crystal, labelled_points(crystal))
    return {name: star[0] for name, star in stars[:MOST_POINTS] if name}


class _Worker:
    """Evaluates displaced supercells of one crystal, each combination once."""

    def __init__(
        self,
        crystal: Crystal,
        potential: Potential,
        settings: Preset,
        monitor: Monitor,
        pieces: Pieces,
        points: dict[str, FloatArray],
        total: int,
    ) -> None:
        self._crystal, self._potential, self._settings = crystal, potential, settings
        self._monitor, self._pieces = monitor, pieces
        self._qpoints = np.array(list(points.values()))
        self._own = forces_key(settings)
        self._total, self._done = total, 0
        self._known: dict[str, _Modes] = {}

    def modes(self, matrix: NDArray[np.int64], distance_a: float) -> _Modes:
        """Return the modes, computed or taken from the pieces."""
        key = self._key(matrix, distance_a)
        if key not in self._known:
            self._known[key] = self._computed(matrix, distance_a, key)
        return self._known[key]

    def _key(self, matrix: NDArray[np.int64], distance_a: float) -> str:
        name = "_".join(str(int(x)) for x in np.ravel(matrix))
        return f"convergence/{name}/{distance_a:g}"

    def _computed(self, matrix: NDArray[np.int64], distance_a: float, key: str) -> _Modes:
        phonon = displaced(self._crystal, matrix, distance_a)
        own = self._own if self._is_own(matrix, distance_a) else key
        cells = displaced_cells(phonon, own)
        kept = all(self._pieces.get(one) is not None for one in cells)
        n_atoms = len(next(iter(cells.values())))
        before = self._done

        def report(done: int) -> None:
            self._done = before + done
            self._monitor.advance(
                "phonon_convergence",
                self._done,
                max(self._total, self._done),
                f"{n_atoms} atoms moved by {distance_a:g} Å",
            )

        started = time.monotonic()
        forces = batches.forces(cells, self._potential, self._pieces, report)
        seconds = np.nan if kept else time.monotonic() - started
        rest = forces_at_rest(phonon, self._potential)
        found = harmonic(phonon, [forces[one] - rest for one in cells])
        frequencies = found.phonon.run_qpoints(self._qpoints).frequencies
        return _Modes(np.array(frequencies), found.raw_acoustic_thz, seconds)

    def _is_own(self, matrix: NDArray[np.int64], distance_a: float) -> bool:
        """Whether the phonons of the preset have these displacements already."""
        own = choose_supercell(self._crystal, self._settings).matrix
        return bool(np.array_equal(matrix, own) and distance_a == self._settings.displacement_a)


def _result(
    points: dict[str, FloatArray],
    planned: Plan,
    displacements: list[float],
    by_size: list[_Modes],
    by_distance: list[_Modes],
    settings: Preset,
) -> ConvergenceResult:
    cells = planned.supercells
    frequencies = np.array([modes.frequency_thz for modes in by_size])
    recommended = next(
        k
        for k in np.argsort([c.n_atoms for c in cells])
        if agree(frequencies[k], frequencies[-1])
    )
    own_displacement = displacements.index(settings.displacement_a)
    by_distance_thz = np.array([modes.frequency_thz for modes in by_distance])
    return ConvergenceResult(
        point_label=tuple(points),
        point_qpoint=np.array(list(points.values())),
        supercell_length_a=np.array([c.length_a for c in cells]),
        supercell_n_atoms=np.array([c.n_atoms for c in cells]),
        supercell_matrix=np.array([c.matrix for c in cells]),
        supercell_frequency_thz=frequencies,
        supercell_holds_point=np.array(
            [[holds(c.matrix, q) for q in points.values()] for c in cells]
        ),
        supercell_residual_thz=np.array([modes.residual_thz for modes in by_size]),
        supercell_seconds=np.array([modes.seconds for modes in by_size]),
        own=planned.own,
        recommended=recommended,
        displacement_a=np.array(displacements),
        displacement_frequency_thz=by_distance_thz,
        displacement_residual_thz=np.array([modes.residual_thz for modes in by_distance]),
        own_displacement=own_displacement,
        checks=(
            _supercell_check(planned, frequencies, recommended),
            _displacement_check(displacements, by_distance_thz, own_displacement),
        ),
    )


LIMITS = f"limit {TOLERANCE_THZ:g} THz or {100 * TOLERANCE_SHARE:g} %"


def _supercell_check(planned: Plan, frequencies: FloatArray, recommended: int) -> Check:
    """Whether the preset's supercell agrees with the largest, and that with another one."""
    own, largest = (planned.supercells[k] for k in (planned.own, -1))
    apart = float(np.abs(frequencies[planned.own] - frequencies[-1]).max())
    alone = recommended == len(planned.supercells) - 1
    cell = f"The preset's supercell ({own.n_atoms} atoms, {own.length_a:.1f} Å)"
    if own is largest:
        sentence = (
            f"{cell} is the largest one within the limits, so nothing larger can confirm it; "
            f"{'the smaller ones differ' if alone else 'a smaller one agrees'} ({LIMITS})."
        )
    else:
        sentence = (
            f"{cell} gives modes within {apart:.2f} THz of those from the largest "
            f"({largest.n_atoms} atoms, {largest.length_a:.1f} Å; {LIMITS})."
        )
    passed = agree(frequencies[planned.own], frequencies[-1]) and not alone
    return Check("supercell_converged", "Supercell long enough", passed, sentence)


def _displacement_check(displacements: list[float], frequencies: FloatArray, own: int) -> Check:
    apart = float(np.abs(frequencies[own] - frequencies[0]).max())
    return Check(
        "displacement_converged",
        "Displacement small enough",
        agree(frequencies[own], frequencies[0]),
        f"Modes from displacements of {displacements[own]:g} Å are within {apart:.3f} THz of "
        f"those from {displacements[0]:g} Å ({LIMITS}).",
    )
