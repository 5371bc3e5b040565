"""The volumes of a quasiharmonic calculation: relaxed cells and their phonons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import FitError, NotConvergedError
from properties import quasiharmonic as qha
from properties.crystal import Crystal
from properties.phonons import (
    IMAGINARY_THZ,
    Harmonic,
    MeshSample,
    choose_supercell,
    displaced,
    force_constants,
    sample_mesh,
)
from properties.relax import relax

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset

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
        """Sample the preset's volumes.

        Raises
        ------
        FitError
            The relaxed cell is no minimum; no other volume is computed then.
        """
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
