"""One member of a committee carried through a calculation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import Cancelled, MLPError, NotConvergedError
from properties import relax
from properties.crystal import Crystal
from properties.elasticity import moduli
from properties.elasticity.bare import bare_tensor
from properties.elasticity.orientation import Orientation
from properties.vibrations import born_model, thermal
from properties.vibrations.phonons import IMAGINARY_THZ, harmonic_of
from properties.vibrations.volumes import VolumeSampler, usable_volumes

if TYPE_CHECKING:
    from collections.abc import Callable

    from phonopy import Phonopy

    from mlpcore.potential import Potential
    from properties.progress import Arrays, Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.born import BornCharges
    from properties.vibrations.quasiharmonic import Expansion

FloatArray = NDArray[np.float64]

RELAX, ELASTIC, PHONONS, THERMAL = "relax", "elastic", "phonons", "thermal"

FINER = 1000.0
"""By so much members are relaxed further than a single crystal has to be."""


@dataclass(frozen=True, eq=False)
class Task:
    """What all members are asked.

    Attributes
    ----------
    crystal
        Primitive cell relaxed by the committee as a whole; each member goes on from there.
    stages
        What to compute, in its order.
    settings
        With the volumes of a member's expansion.
    axes
        Of the committee's tensor, rows in the frame of `crystal`, (3, 3).
    like
        Phonopy object of `crystal` with the supercell of the phonons; members have the same
        symmetry.
    segments
        Reduced q-points of each segment of the band path.
    born
        Charges for members that have none of their own.
    """

    crystal: Crystal
    stages: tuple[str, ...]
    settings: Preset
    pressure_gpa: float
    axes: FloatArray | None = None
    like: Phonopy | None = None
    segments: tuple[FloatArray, ...] = ()
    born: BornCharges | None = None


@dataclass(eq=False)
class Answer:
    """What one member found; ``None`` for what it did not, and why."""

    crystal: Crystal | None = None
    energy_per_atom_ev: float = float("nan")
    stiffness_gpa: FloatArray | None = None
    band_frequency_thz: FloatArray | None = None
    gamma_frequencies_thz: FloatArray | None = None
    expansion: Expansion | None = None
    problems: list[str] = field(default_factory=list)


def carry(
    potential: Potential,
    displaced_potential: Potential,
    task: Task,
    monitor_of: Callable[[str], Monitor],
    pieces: Pieces,
) -> Answer:
    """Carry one member through all stages of a task; what fails is told in the answer.

    Parameters
    ----------
    potential, displaced_potential
        The member, and the member in the precision of displaced supercells.
    monitor_of
        Returns whom to tell of the progress of a stage.
    pieces
        Of this member alone.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished pieces are kept.
    """
    member = _Member(potential, displaced_potential, task, pieces)
    for stage in task.stages:
        monitor = monitor_of(stage)
        monitor.advance(stage, 0, 1, stage)
        try:
            getattr(member, stage)(monitor)
        except Cancelled:
            raise
        except MLPError as error:
            member.answer.problems.append(f"{NOTHING[stage]}: {error}")
            if stage == RELAX:
                break
    return member.answer


NOTHING = {
    RELAX: "no relaxed cell",
    ELASTIC: "no elastic constants",
    PHONONS: "no phonons",
    THERMAL: "no expansion",
}


class _Member:
    """A member with what it has found so far."""

    def __init__(
        self, potential: Potential, displaced: Potential, task: Task, pieces: Pieces
    ) -> None:
        self._potential, self._displaced = potential, displaced
        self._task, self._pieces = task, pieces
        self.answer = Answer()

    @property
    def _crystal(self) -> Crystal:
        if self.answer.crystal is None:
            raise NotConvergedError("There is no relaxed cell to go on from.")
        return self.answer.crystal

    def relax(self, monitor: Monitor) -> None:
        """Relax from the committee's cell, in its frame."""
        kept = self._pieces.get("relaxed")
        if kept is None:
            task = self._task
            found = relax.relax(
                task.crystal, self._potential, finer(task.settings), monitor, task.pressure_gpa
            )
            kept = _arrays(found, task.settings)
            self._pieces.put("relaxed", kept)
        crystal = Crystal(kept["lattice_a"], self._task.crystal.numbers, kept["fractional"])
        if not kept["converged"]:
            force, stress = kept["left"]
            raise NotConvergedError(
                f"the relaxation ended with a force of {force:.1e} eV/Å and a stress of "
                f"{stress:.1e} GPa left."
            )
        self.answer.crystal = crystal
        self.answer.energy_per_atom_ev = float(kept["energy_ev"]) / len(crystal)

    def elastic(self, monitor: Monitor) -> None:
        """Tensor in the axes of the committee's."""
        axes = self._task.axes
        named = None if axes is None else Orientation.like(self._crystal, axes)
        tensor = bare_tensor(
            self._crystal,
            self._potential,
            monitor,
            self._pieces,
            self._task.pressure_gpa,
            named,
        )
        self.answer.stiffness_gpa = tensor.relaxed_gpa
        if moduli.is_unstable(tensor.relaxed_gpa):
            self.answer.problems.append("elastically unstable")
        if (tensor.softest_ev_per_a2 or 0.0) < 0:
            self.answer.problems.append("unstable ions")

    def phonons(self, monitor: Monitor) -> None:
        """Frequencies on the committee's q-points."""
        found = harmonic_of(
            self._crystal,
            self._displaced,
            self._task.settings,
            monitor,
            self._pieces,
            self._born,
            matrix=self._matrix,
            like=self._task.like,
        ).phonon
        bands: Any = found.run_band_structure(list(self._task.segments))
        frequencies = np.concatenate(bands.frequencies)
        self.answer.band_frequency_thz = frequencies
        self.answer.gamma_frequencies_thz = np.asarray(
            found.run_qpoints([[0.0, 0.0, 0.0]]).frequencies[0]
        )
        lowest = float(frequencies.min())
        if lowest < IMAGINARY_THZ:
            self.answer.problems.append(f"imaginary modes down to {lowest:.2f} THz")

    def thermal(self, monitor: Monitor) -> None:
        """Expansion in volume."""
        sampler = VolumeSampler(
            self._crystal,
            self._potential,
            self._displaced,
            self._task.settings,
            monitor,
            self._pieces,
            like=self._task.like,
            born=self._born,
            matrix=self._matrix,
        )
        points = usable_volumes(sampler.sample(), sampler)
        self.answer.expansion = thermal.expand(points, self._task.pressure_gpa)

    @property
    def _matrix(self) -> NDArray[np.int64] | None:
        like = self._task.like
        return None if like is None else supercell_matrix(like)

    @property
    def _born(self) -> BornCharges | None:
        own = born_model.of_model(self._potential, self._crystal)
        return self._task.born if own is None else own[0]


def supercell_matrix(phonon: Phonopy) -> NDArray[np.int64]:
    """Return the supercell vectors of a phonopy object as rows, in primitive vectors."""
    return np.asarray(phonon.supercell_matrix).T


def finer(settings: Preset) -> Preset:
    """Return settings in which a member that starts near its rest goes there all the same.

    A member begins in the committee's cell, and what is left of force and stress there may be
    within the limits of a single relaxation, although what members differ by is as small.
    """
    return replace(
        settings,
        fmax_ev_per_a=settings.fmax_ev_per_a / FINER,
        max_stress_gpa=settings.max_stress_gpa / FINER,
    )


def _arrays(found: relax.Relaxation, settings: Preset) -> Arrays:
    return {
        "lattice_a": found.crystal.lattice_a,
        "fractional": found.crystal.fractional,
        "energy_ev": np.array(found.energy_ev),
        "converged": np.array(float(relax.is_converged(found.history[-1], settings))),
        "left": np.array(found.history[-1][1:]),
    }
