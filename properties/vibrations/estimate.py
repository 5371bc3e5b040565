"""What a test of convergence will take, before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from properties import symmetry
from properties.vibrations import supercell

if TYPE_CHECKING:
    from properties.crystal import Crystal
    from properties.spec import Preset
    from properties.vibrations.supercell import Supercell

SHARES_OF_LENGTH = (0.45, 0.55, 0.7, 0.85, 1.0, 1.2, 1.4, 1.6)
"""Lengths for which a supercell is chosen, in units of the preset's length."""

MOST_SUPERCELLS = 5

BEYOND_PRESET = 1.5
"""The largest supercell may have this many times the atoms that the preset allows."""

MEMORY_LIMIT_MB = 6000.0

DISPLACEMENTS_A = (0.005, 0.01, 0.02, 0.03)

PROCESS_MB = 900.0
"""A worker with its model, before it evaluates anything."""


@dataclass(frozen=True)
class Plan:
    """The supercells of a test of convergence.

    Attributes
    ----------
    supercells
        By growing length, then size.
    own
        Index of the preset's.
    """

    supercells: tuple[Supercell, ...]
    own: int


@dataclass(frozen=True)
class Cost:
    """Time and memory of one part of the test.

    Attributes
    ----------
    name
        ``supercell`` or ``displacement``.
    length_a, n_atoms, n_displaced
        Length and size of the supercell, and how many displaced ones are evaluated; 0 where
        they are there already.
    seconds
        Not-a-number where no time was measured before.
    memory_mb
        Of the worker.
    """

    name: str
    length_a: float
    n_atoms: int
    n_displaced: int
    seconds: float
    memory_mb: float


def plan(crystal: Crystal, settings: Preset, memory_per_atom_mb: float) -> Plan:
    """Choose the supercells: the preset's, shorter ones, and longer ones within limits.

    Parameters
    ----------
    crystal
        Relaxed standard primitive cell.
    memory_per_atom_mb
        Of the model; a supercell beyond 6 GB is left out.
    """
    found = symmetry.analyse(crystal)
    own = supercell.choose(found, settings.supercell_length_a, settings.max_supercell_atoms)
    limit = min(
        BEYOND_PRESET * settings.max_supercell_atoms, MEMORY_LIMIT_MB / memory_per_atom_mb
    )
    limit = max(int(limit), own.n_atoms)
    chosen = {_key(own): own}
    for share in SHARES_OF_LENGTH:
        wanted = share * settings.supercell_length_a
        one = supercell.choose(found, wanted, limit)
        chosen.setdefault(_key(one), one)
    ordered = sorted(chosen.values(), key=lambda one: (one.length_a, one.n_atoms))
    growing = [
        one
        for k, one in enumerate(ordered)
        if one is own or all(one.n_atoms > shorter.n_atoms for shorter in ordered[:k])
    ]
    kept = _thinned(growing, _place(growing, own))
    return Plan(tuple(kept), _place(kept, own))


def _place(supercells: list[Supercell], wanted: Supercell) -> int:
    return next(k for k, one in enumerate(supercells) if one is wanted)


def _key(one: Supercell) -> tuple[int, ...]:
    return tuple(int(x) for x in one.matrix.ravel())


def _thinned(supercells: list[Supercell], own: int) -> list[Supercell]:
    """Drop the shortest ones, but keep one below the preset's, if there are too many."""
    longer = supercells[own + 1 :][: MOST_SUPERCELLS - 2]
    shorter = supercells[:own][-(MOST_SUPERCELLS - 1 - len(longer)) :]
    return [*shorter, supercells[own], *longer]


def costs(
    planned: Plan,
    n_displacements: int,
    seconds_per_atom: float,
    memory_per_atom_mb: float,
    settings: Preset,
) -> tuple[Cost, ...]:
    """Estimate each supercell, and the displacements in the preset's own.

    Parameters
    ----------
    n_displacements
        Displaced supercells that symmetry leaves, the same for all.
    seconds_per_atom
        For one displaced supercell, measured; not-a-number if unknown.
    memory_per_atom_mb
        Of the model.
    """

    def cost(name: str, one: Supercell, n_displaced: int) -> Cost:
        seconds = n_displaced * one.n_atoms * seconds_per_atom if n_displaced else 0.0
        memory = PROCESS_MB + one.n_atoms * memory_per_atom_mb
        return Cost(name, one.length_a, one.n_atoms, n_displaced, seconds, memory)

    own = planned.supercells[planned.own]
    others = len(set(DISPLACEMENTS_A) - {settings.displacement_a})
    return (
        *(
            cost("supercell", one, 0 if one is own else n_displacements)
            for one in planned.supercells
        ),
        cost("displacement", own, others * n_displacements),
    )


def seconds_per_atom(stage_seconds: float | None, n_displacements: int, n_atoms: int) -> float:
    """Time of one atom of one displaced supercell, from a stage that computed them all.

    Not-a-number where the time of the stage is not known.
    """
    if not stage_seconds:
        return float("nan")
    return stage_seconds / max(n_displacements * n_atoms, 1)


def total(parts: tuple[Cost, ...]) -> tuple[float, float]:
    """Return the seconds of all parts together, and the memory of the largest."""
    return sum(part.seconds for part in parts), max(part.memory_mb for part in parts)
