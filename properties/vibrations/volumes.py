"""The volumes of a quasiharmonic calculation: relaxed cells and their phonons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import FitError, NotConvergedError
from properties.crystal import Crystal
from properties.relax import relax
from properties.vibrations import batches
from properties.vibrations import quasiharmonic as qha
from properties.vibrations.displacements import displaced, displaced_cells, forces_at_rest
from properties.vibrations.phonons import (
    IMAGINARY_THZ,
    Harmonic,
    MeshSample,
    choose_supercell,
    forces_key,
    harmonic,
    sample_mesh,
)

if TYPE_CHECKING:
    from phonopy import Phonopy

    from mlpcore.potential import Potential
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.born import BornCharges

FloatArray = NDArray[np.float64]


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


class VolumeSampler:
    """Computes volumes: relaxes all that are asked for, then displaces atoms in all of them.

    That way supercells of different volumes share a group, where the potential gains by it.
    """

    def __init__(
        self,
        crystal: Crystal,
        potential: Potential,
        displaced_potential: Potential,
        settings: Preset,
        monitor: Monitor,
        pieces: Pieces,
        like: Phonopy | None = None,
        n_further: int = 0,
        born: BornCharges | None = None,
        matrix: NDArray[np.int64] | None = None,
    ) -> None:
        """Plan the preset's volumes, and `n_further` cells that :meth:`vibrate` will get.

        The supercell is `matrix`, or the one that the preset asks for.
        """
        self._born = born
        self._crystal, self._potential = crystal, potential
        self._displaced_potential = displaced_potential
        self._settings, self._monitor, self._pieces = settings, monitor, pieces
        if matrix is None:
            matrix = np.asarray(choose_supercell(crystal, settings).matrix)
        self._matrix = matrix
        self._reference = displaced(crystal, self._matrix, settings.displacement_a, like)
        self._steps = len(self._reference.displacements) + 1
        self._planned, self._finished = settings.n_volumes + n_further, 0
        self.dropped = 0

    def sample(self) -> list[VolumePoint]:
        """Sample the preset's volumes, the relaxed one first.

        Raises
        ------
        FitError
            The relaxed cell is no minimum; no other volume is computed then.
        """
        settings = self._settings
        offsets = qha.volume_offsets(settings.n_volumes, *settings.volume_range)
        first = int(np.argmin(np.abs(offsets)))
        points = self._compute(offsets[[first]])
        if not points[0].is_real:
            raise FitError(_too_few(points, 0))
        return sorted([*points, *self._compute(np.delete(offsets, first))], key=_by_offset)

    def more(self, offsets: FloatArray) -> list[VolumePoint]:
        """Sample volumes beyond those of the preset."""
        self._planned += len(offsets)
        return self._compute(offsets)

    def _compute(self, offsets: FloatArray) -> list[VolumePoint]:
        """Relax and vibrate the cell at relative changes of volume."""
        relaxed = []
        for index, offset in enumerate(offsets):
            self.report(index, "relaxing volumes")
            relaxed.append(self._relax_at(float(offset)))
        keys = [forces_key(self._settings, float(offset)) for offset in offsets]
        vibrating = self.vibrate([cell for cell, _ in relaxed], keys)
        return [
            VolumePoint(float(offset), *cell, *one)
            for offset, cell, one in zip(offsets, relaxed, vibrating, strict=True)
        ]

    def vibrate(
        self, cells: list[Crystal], keys: list[str]
    ) -> list[tuple[Harmonic, MeshSample]]:
        """Displace atoms in cells at rest with the symmetry of the relaxed one.

        Parameters
        ----------
        keys
            Under which the forces of each cell are kept.
        """
        phonons = [self._displaced(cell) for cell in cells]
        forces = self._forces(phonons, keys)
        self._finished += len(cells) * self._steps
        found = (harmonic(*one, self._born) for one in zip(phonons, forces, strict=True))
        return [(one, sample_mesh(one.phonon, self._settings)) for one in found]

    def _displaced(self, cell: Crystal) -> Phonopy:
        distance_a = self._settings.displacement_a
        return displaced(cell, self._matrix, distance_a, self._reference)

    def _forces(self, phonons: list[Phonopy], keys: list[str]) -> list[list[FloatArray]]:
        """Forces of all displacements in each cell."""
        cells = [
            displaced_cells(phonon, key) for phonon, key in zip(phonons, keys, strict=True)
        ]
        found = batches.forces(
            {key: atoms for one in cells for key, atoms in one.items()},
            self._displaced_potential,
            self._pieces,
            lambda done: self.report(len(cells) + done, "displaced supercells"),
        )
        rest = [forces_at_rest(phonon, self._displaced_potential) for phonon in phonons]
        return [
            [found[key] - still for key in one] for one, still in zip(cells, rest, strict=True)
        ]

    def report(self, done: int, what: str) -> None:
        """Tell how many steps of the cells now at work are done."""
        total = self._planned * self._steps
        self._monitor.advance("thermal", self._finished + done, total, what)

    def _relax_at(self, offset: float) -> tuple[Crystal, float]:
        """Relax ions and shape at a scaled volume, or take them from the pieces."""
        key = f"volume/{offset:+.4f}"
        kept = self._pieces.get(key)
        if kept is None:
            cell, energy = self._relax_anew(offset)
            kept = {
                "lattice_a": np.array(cell.lattice_a),
                "fractional": np.array(cell.fractional),
                "energy_ev": np.array(energy),
            }
            self._pieces.put(key, kept)
        found = Crystal(kept["lattice_a"], self._crystal.numbers, kept["fractional"])
        return found, float(kept["energy_ev"])

    def _relax_anew(self, offset: float) -> tuple[Crystal, float]:
        """Relax at a scaled volume; the relaxed cell itself is taken as it is."""
        lattice_a = self._crystal.lattice_a * (1 + offset) ** (1 / 3)
        start = self._crystal.with_lattice(lattice_a)
        if offset == 0:
            (found,) = self._potential.evaluate([start.to_atoms()])
            return start, found.energy_ev
        relaxed = relax(
            start, self._potential, self._settings, self._monitor, fixed_volume=True
        )
        _require_converged(relaxed.converged, offset, relaxed.history[-1])
        return relaxed.crystal, relaxed.energy_ev


def _by_offset(point: VolumePoint) -> float:
    return point.offset


def usable_volumes(points: list[VolumePoint], sampler: VolumeSampler) -> list[VolumePoint]:
    """Keep the volumes around the relaxed one whose modes are all real.

    Where that leaves too few, the gaps between them are halved.

    Raises
    ------
    FitError
        Fewer volumes are left than an equation of state needs.
    """
    usable = _real_range(points)
    sampler.dropped = len(points) - len(usable)
    if len(usable) < 3:
        raise FitError(_too_few(points, len(usable)))
    if len(usable) < qha.MIN_VOLUMES:
        offsets = np.array([p.offset for p in usable])
        middles = (offsets[1:] + offsets[:-1]) / 2
        usable = _real_range(sorted([*usable, *sampler.more(middles)], key=_by_offset))
    if len(usable) < qha.MIN_VOLUMES:
        raise FitError(_too_few(points, len(usable)))
    return usable


def _require_converged(converged: bool, offset: float, last: FloatArray) -> None:
    if not converged:
        raise NotConvergedError(
            f"The cell at {100 * offset:+.1f} % volume did not relax: force {last[1]:.1e} "
            f"eV/Å, stress {last[2]:.1e} GPa left. The crystal may be unstable there; look at "
            "its phonons, or choose a coarser preset."
        )


def _real_range(points: list[VolumePoint]) -> list[VolumePoint]:
    """The volumes around the relaxed one, up to the first with imaginary modes."""
    reference = reference_index(points)
    first = last = reference
    while last < len(points) and points[last].is_real:
        last += 1
    while first > 0 and points[first - 1].is_real:
        first -= 1
    return points[first:last]


def reference_index(points: list[VolumePoint]) -> int:
    """Return the index of the relaxed cell itself."""
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
