"""Neighbour pairs of periodic structures, shared by all potentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matscipy.neighbours import neighbour_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Graph:
    """Directed pairs within a cut-off, for one structure or a batch of them.

    Attributes
    ----------
    numbers
        Atomic numbers, (n,).
    source, target
        Indices of the two atoms of each pair, (p,).
    vectors_a
        From source to target, (p, 3), Å.
    owner
        Index of the structure that each atom belongs to, (n,).
    volumes_a3
        Cell volume of each structure.
    """

    numbers: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    vectors_a: NDArray[np.float64]
    owner: NDArray[np.int64]
    volumes_a3: NDArray[np.float64]


def build_graph(batch: Sequence[Atoms], cutoff_a: float) -> Graph:
    """Find all pairs within `cutoff_a` in each structure and join them in one graph."""
    sources, targets, vectors = [], [], []
    first = 0
    for atoms in batch:
        i, j, d = neighbour_list("ijD", atoms, cutoff_a)
        sources.append(i.astype(np.int64) + first)
        targets.append(j.astype(np.int64) + first)
        vectors.append(np.asarray(d, dtype=float))
        first += len(atoms)
    sizes = [len(atoms) for atoms in batch]
    return Graph(
        numbers=np.concatenate([atoms.numbers for atoms in batch]).astype(np.int64),
        source=np.concatenate(sources),
        target=np.concatenate(targets),
        vectors_a=np.concatenate(vectors),
        owner=np.repeat(np.arange(len(batch)), sizes),
        volumes_a3=np.array([atoms.cell.volume for atoms in batch]),
    )
