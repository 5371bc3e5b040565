"""Active learning: a committee chooses for itself which structures are worth a label.

Members of a committee agree where they have seen data and part where they have not, so the
structures on which their forces differ most are those that teach most (query by committee:
Seung, Opper and Sompolinsky, COLT 1992; for forces: Schran et al., J. Chem. Phys. 153, 104105,
2020). One round explores with the committee, picks, asks the oracle, and trains anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from ase import units
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import thermalize_momenta
from ase.neighborlist import neighbor_list

from mlpcore.errors import TrainingError

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.frame import Frame
    from mlpcore.oracle import Oracle
    from mlpcore.potential import Potential

REACH_A, WIDTH_A, N_BINS = 6.0, 0.3, 40
"""Of the smeared distances by which structures are told apart."""

FRICTION_PER_FS = 0.02
WAYS = ("md", "displacements")
LIMITS: dict[str, tuple[float, float]] = {
    "temperature_k": (0.0, 1e4),
    "timestep_fs": (1e-3, 10.0),
    "steps": (1, 10**7),
    "every": (1, 10**6),
    "width_a": (0.0, 2.0),
    "strain": (0.0, 0.3),
    "n_candidates": (1, 10**6),
    "rounds": (0, 1000),
    "picks": (1, 10**5),
    "limit_ev_per_a": (1e-6, 1e6),
    "enough_ev_per_a": (0.0, 1e6),
}
"""Possible settings of an exploration."""


class Labels(Protocol):
    """What labels a structure; :class:`mlpcore.oracle.Oracle` does."""

    def label(self, atoms: Atoms, source: str) -> Frame:
        """Return the structure with energy, forces and stress."""


@dataclass(frozen=True)
class Exploration:
    """How a committee looks for structures, and what it does with them.

    Attributes
    ----------
    way
        ``"md"``: Langevin dynamics in the committee's own forces from each start;
        ``"displacements"``: normal deviates and strains about each start.
    temperature_k, timestep_fs, steps, every
        Of the dynamics; a structure is kept every so many steps.
    width_a, strain
        Largest width of displacements in Å and largest component of the strain; both are drawn
        between zero and these. The strain also starts each trajectory.
    n_candidates
        Structures of displacements in all.
    rounds, picks
        Number of rounds, and of labels in each.
    limit_ev_per_a
        A structure of larger disagreement is not labelled, and a trajectory ends there: so
        far out it is the model's invention and not a structure to learn from.
    enough_ev_per_a
        Rounds end once the largest disagreement of all is below.
    seed
        Same seed, same structures.
    """

    way: str = "md"
    temperature_k: float = 600.0
    timestep_fs: float = 1.0
    steps: int = 200
    every: int = 20
    width_a: float = 0.25
    strain: float = 0.03
    n_candidates: int = 50
    rounds: int = 5
    picks: int = 10
    limit_ev_per_a: float = 5.0
    enough_ev_per_a: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise TrainingError(
                f"The way to explore is {self.way!r}; possible are {', '.join(WAYS)}."
            )
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise TrainingError(
                    f"{name} of an exploration is {value!r}; {low:g} to {high:g} is possible."
                )
        if self.way == "md" and self.steps < self.every:
            raise TrainingError(
                f"{self.steps} steps are fewer than the {self.every} after which a structure "
                "is kept. Take more steps."
            )


@dataclass(frozen=True)
class Round:
    """What happened in one round.

    Attributes
    ----------
    number
        Of the round, from 1.
    n_labels
        Labels that the committee of this round had learned from.
    n_candidates
        Structures that it found.
    disagreement_ev_per_a
        Of all candidates, in their order.
    picked
        Numbers of the candidates that were labelled.
    error_ev_per_a
        Root mean square error of the committee's forces on them, before it learned them.
    """

    number: int
    n_labels: int
    n_candidates: int
    disagreement_ev_per_a: tuple[float, ...]
    picked: tuple[int, ...]
    error_ev_per_a: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Explored:
    """The committee of the last round, all labels, and the records."""

    potential: Potential
    frames: tuple[Frame, ...]
    rounds: tuple[Round, ...]


def explore(
    learn: Callable[[Sequence[Frame]], Potential],
    oracle: Oracle | Labels,
    frames: Sequence[Frame],
    starts: Sequence[Atoms],
    settings: Exploration,
    monitor: Callable[[Round, Sequence[Frame]], None] | None = None,
) -> Explored:
    """Let a committee explore, pick and learn, round after round.

    Parameters
    ----------
    learn
        Trains a committee on labelled frames.
    oracle
        Labels structures.
    frames
        Labels to begin with.
    starts
        Structures from which each exploration begins.
    settings
        How to explore.
    monitor
        Called after each round with its record and all labels so far, to keep them; may raise
        :class:`~mlpcore.errors.Cancelled`.
    """
    rng = np.random.default_rng(settings.seed)
    known, rounds = list(frames), []
    potential = learn(known)
    for number in range(1, settings.rounds + 1):
        found = candidates(potential, starts, settings, rng)
        doubt = disagreement(potential, found)
        if not len(found) or doubt.max() < settings.enough_ev_per_a:
            break
        chosen = worth_a_label(found, doubt, settings)
        new = [oracle.label(found[i], f"round {number}, candidate {i}") for i in chosen]
        rounds.append(_record(number, len(known), doubt, chosen, potential, new))
        known += new
        if monitor is not None:
            monitor(rounds[-1], tuple(known))
        potential = learn(known)
    return Explored(potential, tuple(known), tuple(rounds))


def worth_a_label(
    structures: Sequence[Atoms], doubt: NDArray[np.float64], settings: Exploration
) -> NDArray[np.int64]:
    """Return the numbers of those to label: most in doubt, but not beyond what can be meant."""
    possible = np.flatnonzero(doubt <= settings.limit_ev_per_a)
    some = [structures[i] for i in possible.tolist()]
    return possible[pick(some, doubt[possible], settings.picks)]


def disagreement(potential: Potential, structures: Sequence[Atoms]) -> NDArray[np.float64]:
    """Return for each structure the largest spread of the members' force on an atom.

    The spread of atom i is (1/m Σ_m |F_m,i − ⟨F_i⟩|²)^½ in eV/Å.
    """
    found = []
    for answer in potential.evaluate_members(structures) if len(structures) else ():
        apart = answer.forces_ev_per_a - answer.forces_ev_per_a.mean(axis=0)
        found.append(float(np.sqrt((apart**2).sum(axis=2).mean(axis=0)).max()))
    return np.array(found)


def pick(
    structures: Sequence[Atoms], doubt: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """Choose the structures of largest disagreement that are not nearly the same.

    In the order of their disagreement, a structure is passed over if it is nearer to one that
    is chosen already than structures are to their nearest neighbour usually (in the median);
    those passed over come back where there are too few others.

    Returns
    -------
    numpy.ndarray
        Numbers of the structures, (count,), or of all if there are no more.
    """
    order = np.argsort(-doubt, kind="stable")
    if len(order) <= count:
        return order
    prints = np.array([fingerprint(atoms) for atoms in structures])
    apart = np.linalg.norm(prints[:, None] - prints[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    usual = float(np.median(apart.min(axis=1)))
    chosen: list[int] = []
    for i in order:
        if len(chosen) < count and all(apart[i, j] >= usual for j in chosen):
            chosen.append(int(i))
    passed = [int(i) for i in order if i not in set(chosen)]
    return np.array((chosen + passed)[:count], dtype=np.int64)


def fingerprint(atoms: Atoms) -> NDArray[np.float64]:
    """Return smeared distances between each pair of elements, for each atom, (k,).

    Sums of Gaussians on a grid of distances r up to :data:`REACH_A`, weighted with 1/r².
    """
    grid = np.linspace(1.0, REACH_A, N_BINS)
    first, second, distance = neighbor_list("ijd", atoms, REACH_A)
    weight = (
        np.exp(-((grid - distance[:, None]) ** 2) / (2 * WIDTH_A**2)) / distance[:, None] ** 2
    )
    kinds = sorted(set(atoms.numbers.tolist()))
    parts = [
        weight[(atoms.numbers[first] == a) & (atoms.numbers[second] == b)].sum(axis=0)
        for a in kinds
        for b in kinds
    ]
    return np.concatenate(parts) / len(atoms)


def candidates(
    potential: Potential,
    starts: Sequence[Atoms],
    settings: Exploration,
    rng: np.random.Generator,
) -> list[Atoms]:
    """Return structures that the committee comes to, or that lie about the starts."""
    if settings.way == "displacements":
        return [
            _displaced(starts[k % len(starts)], settings, rng)
            for k in range(settings.n_candidates)
        ]
    return [atoms for start in starts for atoms in _trajectory(potential, start, settings, rng)]


def _strained(start: Atoms, settings: Exploration, rng: np.random.Generator) -> Atoms:
    atoms = start.copy()
    strain = rng.uniform(-1, 1, (3, 3)) * rng.uniform(0, settings.strain)
    deformation = np.eye(3) + (strain + strain.T) / 2
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    return atoms


def _displaced(start: Atoms, settings: Exploration, rng: np.random.Generator) -> Atoms:
    atoms = _strained(start, settings, rng)
    width = rng.uniform(0, settings.width_a)
    atoms.positions += rng.normal(0, width, atoms.positions.shape)
    return atoms


def _trajectory(
    potential: Potential, start: Atoms, settings: Exploration, rng: np.random.Generator
) -> list[Atoms]:
    """Run dynamics until their end, or until the members no longer know where they are."""
    atoms = _strained(start, settings, rng)
    atoms.calc = potential.calculator()
    thermalize_momenta(atoms, settings.temperature_k, rng=rng)
    dynamics = Langevin(
        atoms,
        settings.timestep_fs * units.fs,
        temperature_K=settings.temperature_k,
        friction=FRICTION_PER_FS / units.fs,
        rng=rng,
        fixcm=False,
    )
    found: list[Atoms] = []
    for _ in range(settings.steps // settings.every):
        dynamics.run(settings.every)
        snapshot = atoms.copy()
        snapshot.set_momenta(None)
        if not np.isfinite(snapshot.positions).all():
            break
        found.append(snapshot)
        if disagreement(potential, [snapshot])[0] > settings.limit_ev_per_a:
            break
    return found


def _record(
    number: int,
    n_labels: int,
    doubt: NDArray[np.float64],
    chosen: NDArray[np.int64],
    potential: Potential,
    new: Sequence[Frame],
) -> Round:
    answers = potential.evaluate([frame.atoms for frame in new])
    errors = [
        (answer.forces_ev_per_a - frame.forces_ev_per_a).ravel()
        for answer, frame in zip(answers, new, strict=True)
    ]
    return Round(
        number=number,
        n_labels=n_labels,
        n_candidates=len(doubt),
        disagreement_ev_per_a=tuple(float(value) for value in doubt),
        picked=tuple(int(i) for i in chosen),
        error_ev_per_a=float(np.sqrt((np.concatenate(errors) ** 2).mean())) if new else 0.0,
    )
