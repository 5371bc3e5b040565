"""A crystal seen atom by atom: shares of the energy, and where a committee is unsure.

A potential made of element networks is a sum over atoms, E = Σ_i ε_i (Behler and Parrinello,
Phys. Rev. Lett. 98, 146401, 2007). Only the sum has a meaning in physics; how the networks
share it out shows what they have learnt. The spread between the members of a committee says
how well each share is known.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.build import make_supercell
from numpy.typing import NDArray

from mlpcore.errors import SpecError
from properties import extrapolation
from properties.checks import Caution
from properties.committee.result import Calibration
from properties.crystal import Crystal
from properties.frozen import Frozen

if TYPE_CHECKING:
    from ase import Atoms

    from mlpcore.potential import Extrapolation, MemberEvaluations, Potential
    from properties.progress import Monitor

FloatArray = NDArray[np.float64]

STAGE = "evaluation"
MAX_ATOMS = 300
MAX_REPEATS = 5
MAX_AMPLITUDE_A = 1.0
AMPLITUDES_A = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Rattle:
    """A supercell, and random displacements of its atoms of growing size.

    Attributes
    ----------
    repeats
        Cells along each axis of the crystal as it is given.
    amplitudes_a
        Root mean square of each Cartesian component of the displacements, Å. All of them
        share one random pattern, so an atom moves along a straight line.
    seed
        Of the pattern.
    """

    repeats: int = 2
    amplitudes_a: tuple[float, ...] = AMPLITUDES_A
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "amplitudes_a", tuple(map(float, self.amplitudes_a)))
        if not 1 <= self.repeats <= MAX_REPEATS:
            raise SpecError(
                f"The crystal can be repeated 1 to {MAX_REPEATS} times along each axis, got "
                f"{self.repeats}."
            )
        known = self.amplitudes_a and all(0 <= a <= MAX_AMPLITUDE_A for a in self.amplitudes_a)
        if not known:
            raise SpecError(
                f"Displacements must lie between 0 and {MAX_AMPLITUDE_A:g} Å, got "
                f"{self.amplitudes_a}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "amplitudes_a": list(self.amplitudes_a)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Rattle:
        """Inverse of :meth:`to_dict`."""
        return cls(data["repeats"], tuple(data["amplitudes_a"]), data["seed"])

    def supercell(self, crystal: Crystal) -> Crystal:
        """Return the crystal repeated; raise :class:`SpecError` if it is too large."""
        count = len(crystal) * self.repeats**3
        if count > MAX_ATOMS:
            raise SpecError(
                f"{self.repeats} × {self.repeats} × {self.repeats} cells of {len(crystal)} "
                f"atoms make {count} atoms; at most {MAX_ATOMS} are looked at one by one. "
                "Choose fewer cells."
            )
        large = make_supercell(crystal.to_atoms(), self.repeats * np.eye(3, dtype=int))
        return Crystal.from_atoms(large)

    def pattern(self, n_atoms: int) -> FloatArray:
        """Return displacements (n, 3) of unit root mean square, without a common shift."""
        pattern = np.random.default_rng(self.seed).normal(size=(n_atoms, 3))
        if n_atoms > 1:
            pattern -= pattern.mean(axis=0)
        return pattern / np.sqrt(np.mean(pattern**2))


@dataclass(frozen=True)
class AtomEnergies(Frozen):
    """What a committee says of each of n atoms, for each of k amplitudes.

    Attributes
    ----------
    supercell
        The crystal at rest.
    pattern
        Displacements of unit root mean square, (n, 3); atoms are at rest + amplitude × this.
    amplitudes_a
        In Å, (k,).
    energy_ev, energy_spread_ev
        Mean of the members and their standard deviation, of each atom's energy, (k, n). Empty
        for a model without such shares.
    force_ev_per_a, force_spread_ev_per_a, force_noise_ev_per_a
        Length of the mean force on each atom, root of the members' variance summed over its
        three components, and the noise that the members expect in a label, (k, n).
    excess
        By how much the worst descriptor of each atom is outside of the training data, in
        units of their range, (k, n). Empty if the range is not known.
    worst
        That descriptor in words, for each amplitude; empty where none is outside.
    total_energy_ev, total_spread_ev
        Energy of the supercell, mean and standard deviation over the members, (k,).
    n_members
        Size of the committee.
    model
        Name, title and hash of the model.
    calibration
        Factors that the spreads of forces and of the total energy have been multiplied by.
        Shares of the energy have no labels, so there is no such factor for them.
    """

    supercell: Crystal
    pattern: FloatArray
    amplitudes_a: FloatArray
    energy_ev: FloatArray
    energy_spread_ev: FloatArray
    force_ev_per_a: FloatArray
    force_spread_ev_per_a: FloatArray
    force_noise_ev_per_a: FloatArray
    excess: FloatArray
    worst: tuple[str, ...]
    total_energy_ev: FloatArray
    total_spread_ev: FloatArray
    n_members: int
    model: dict[str, str] = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)

    def crystal_at(self, index: int) -> Crystal:
        """Return the supercell with its atoms displaced by the amplitude of that index."""
        moved = displaced(self.supercell, self.amplitudes_a[index] * self.pattern)
        return Crystal.from_atoms(moved)

    @property
    def from_rest_ev(self) -> FloatArray:
        """Each atom's energy less the mean of its element at the smallest amplitude, (k, n)."""
        rest = np.empty(len(self.supercell))
        for number in np.unique(self.supercell.numbers):
            mine = self.supercell.numbers == number
            rest[mine] = self.energy_ev[0, mine].mean()
        return self.energy_ev - rest

    def summary(self) -> dict[str, Any]:
        """The numbers for result.json."""
        n = len(self.supercell)
        return {
            "n_atoms": n,
            "n_members": self.n_members,
            "amplitudes_a": self.amplitudes_a,
            "energy_per_atom_ev": self.total_energy_ev / n,
            "energy_spread_per_atom_ev": self.total_spread_ev / n,
            "largest_force_spread_ev_per_a": self.force_spread_ev_per_a.max(axis=1),
        }


def displaced(crystal: Crystal, displacements_a: FloatArray) -> Atoms:
    """Return the crystal with its atoms moved by `displacements_a`, (n, 3)."""
    atoms = crystal.to_atoms()
    atoms.positions += displacements_a
    return atoms


def compute(
    potential: Potential, crystal: Crystal, rattle: Rattle, monitor: Monitor
) -> AtomEnergies:
    """Evaluate every member of a committee at each amplitude.

    Raises
    ------
    SpecError
        The supercell is too large.
    UnsupportedElementError
        The crystal holds an element that the model does not know.
    """
    from properties.committee.stage import calibration_of

    supercell = rattle.supercell(crystal)
    potential.info.require_elements(supercell.symbols)
    calibration = calibration_of(potential)
    pattern = rattle.pattern(len(supercell))
    answers, shares, excess = [], [], []
    for done, amplitude in enumerate(rattle.amplitudes_a, start=1):
        atoms = displaced(supercell, amplitude * pattern)
        answers += potential.evaluate_members([atoms])
        shares.append(potential.atomic_energies(atoms))
        excess += potential.extrapolation([atoms]) or []
        monitor.advance(STAGE, done, len(rattle.amplitudes_a), "displacements")
    return AtomEnergies(
        supercell=supercell,
        pattern=pattern,
        amplitudes_a=np.array(rattle.amplitudes_a),
        **_of_energies([share for share in shares if share is not None]),
        **_of_forces(answers, calibration),
        **_of_range(excess),
        n_members=len(potential.members),
        model={
            "name": potential.info.name,
            "title": potential.info.title,
            "sha256": potential.info.sha256,
        },
        calibration=calibration,
    )


def _spread(values: FloatArray) -> FloatArray:
    """Standard deviation over the first axis, the members; zero for a single one."""
    if len(values) == 1:
        return np.zeros(values.shape[1:])
    spread: FloatArray = values.std(axis=0, ddof=1)
    return spread


def _of_energies(shares: list[FloatArray]) -> dict[str, Any]:
    return {
        "energy_ev": np.array([share.mean(axis=0) for share in shares]),
        "energy_spread_ev": np.array([_spread(share) for share in shares]),
    }


def _of_forces(answers: list[MemberEvaluations], calibration: Calibration) -> dict[str, Any]:
    forces = [answer.forces_ev_per_a for answer in answers]
    force_spread = [np.linalg.norm(_spread(each), axis=1) for each in forces]
    return {
        "force_ev_per_a": np.array([np.linalg.norm(f.mean(axis=0), axis=1) for f in forces]),
        "force_spread_ev_per_a": calibration.force * np.array(force_spread),
        "force_noise_ev_per_a": np.array(
            [np.sqrt(np.mean(a.force_noise_ev_per_a**2, axis=0)) for a in answers]
        ),
        "total_energy_ev": np.array([answer.energies_ev.mean() for answer in answers]),
        "total_spread_ev": calibration.energy
        * np.array([_spread(answer.energies_ev) for answer in answers]),
    }


def _of_range(excess: list[Extrapolation]) -> dict[str, Any]:
    return {
        "excess": np.array([item.excess for item in excess]),
        "worst": tuple(item.worst for item in excess),
    }


def cautions(result: AtomEnergies) -> tuple[Caution, ...]:
    """Say what one must know before trusting the picture."""
    found = []
    if result.n_members == 1:
        found.append(
            Caution(
                "no_committee",
                STAGE,
                f"{result.model.get('title', 'This model')} is a single network: there is no "
                "spread between members. Choose a committee to see where it is unsure.",
            )
        )
    outside = [
        (amplitude, worst)
        for amplitude, worst in itertools.zip_longest(result.amplitudes_a, result.worst)
        if worst
    ]
    if outside:
        amplitude, worst = outside[0]
        found.append(
            Caution(
                "extrapolation",
                STAGE,
                f"From a displacement of {amplitude:g} Å on, some atoms have surroundings that "
                f"the model has not seen, most in {extrapolation.where(worst)}. It "
                "extrapolates there, and the committee's spread may be too small.",
            )
        )
    return tuple(found)
