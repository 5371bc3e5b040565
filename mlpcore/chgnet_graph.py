"""CHGNet's two graphs, bonds between atoms and angles between bonds, of a whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matscipy.neighbours import neighbour_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


@dataclass(frozen=True)
class BondGraph:
    """Bonds and angles of a batch of structures, joined in one graph.

    Each bond is held once, those short enough to form angles first. Read from its
    start it is the directed edge of its own index, read backwards the one `n_bonds`
    further on.

    Attributes
    ----------
    numbers, owner
        Atomic number of each atom and index of its structure, (n,).
    start, end
        Indices of the two atoms of each bond, (b,).
    vectors_a
        From start to end, (b, 3), Å.
    n_short
        Number of bonds that form angles: the first of the list.
    angles
        The two directed edges of each angle, (a, 2), both leading away from one atom.
        Among the short bonds alone: a bond read backwards is `n_short` further on.
    """

    numbers: Integers
    owner: Integers
    start: Integers
    end: Integers
    vectors_a: NDArray[np.float64]
    n_short: int
    angles: Integers

    @property
    def n_bonds(self) -> int:
        """Number of bonds, each counted once."""
        return len(self.start)

    @property
    def centres(self) -> Integers:
        """Atom that each directed edge leads away from, (2 b,)."""
        return np.concatenate([self.start, self.end])

    @property
    def neighbours(self) -> Integers:
        """Atom that each directed edge leads to, (2 b,)."""
        return np.concatenate([self.end, self.start])

    @property
    def isolated(self) -> Integers:
        """Indices of atoms without any bond."""
        bonds_of = np.bincount(self.centres, minlength=len(self.numbers))
        return np.flatnonzero(bonds_of == 0)


def build_bond_graph(
    batch: Sequence[Atoms], bond_cutoff_a: float, angle_cutoff_a: float
) -> BondGraph:
    """Find the bonds of each structure, and the angles between those short enough."""
    sizes = [len(atoms) for atoms in batch]
    firsts = np.cumsum([0, *sizes[:-1]])
    found = [_bonds(atoms, bond_cutoff_a) for atoms in batch]
    start = np.concatenate([i + first for (i, *_), first in zip(found, firsts, strict=True)])
    end = np.concatenate([j + first for (_, j, *_), first in zip(found, firsts, strict=True)])
    vectors = np.concatenate([vector for *_, vector in found])
    is_long = np.linalg.norm(vectors, axis=1) >= angle_cutoff_a
    order = np.argsort(is_long, kind="stable")
    start, end = start[order], end[order]
    n_short = int(np.count_nonzero(~is_long))
    return BondGraph(
        numbers=np.concatenate([atoms.numbers for atoms in batch]).astype(np.int64),
        owner=np.repeat(np.arange(len(batch)), sizes),
        start=start,
        end=end,
        vectors_a=vectors[order],
        n_short=n_short,
        angles=pairs_within_groups(np.concatenate([start[:n_short], end[:n_short]])),
    )


def _bonds(atoms: Atoms, cutoff_a: float) -> tuple[Integers, Integers, NDArray[np.float64]]:
    """Pairs within the cut-off, each in one of its two directions.

    One half of the symmetric list is kept and mirrored afterwards, so that a pair at
    the very cut-off cannot be found in one direction only.
    """
    i, j, images, vectors = neighbour_list("ijSD", atoms, cutoff_a)
    x, y, z = images.T
    upward = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    kept = (i < j) | ((i == j) & upward)
    return i[kept].astype(np.int64), j[kept].astype(np.int64), vectors[kept]


def pairs_within_groups(group: Integers) -> Integers:
    """Ordered pairs of different entries that are in the same group, (p, 2)."""
    order = np.argsort(group, kind="stable")
    _, first, size = np.unique(group[order], return_index=True, return_counts=True)
    partners = np.repeat(size, size)
    left = np.repeat(np.arange(len(group)), partners)
    within = np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    right = np.repeat(np.repeat(first, size), partners) + within
    different = left != right
    return np.stack([order[left[different]], order[right[different]]], axis=1)
