"""Neighbour pairs of periodic structures, shared by all potentials."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from matscipy.neighbours import neighbour_list

from mlpcore.errors import StructureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from numpy.typing import NDArray


MOST_NEIGHBOURS = 20_000
"""More within a cut-off are ten times those of diamond within 12 Å: no crystal has them."""

NEAREST_A = 0.01
"""Atoms that are nearer stand on one place: some models give no numbers for them at all."""


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
    """Find all pairs within `cutoff_a` in each structure and join them in one graph.

    Raises
    ------
    StructureError
        A structure has no atoms, is not finite, or is so dense, or has atoms so near to each
        other, that it can be no matter.
    """
    for atoms in batch:
        _require_matter(atoms, cutoff_a)
    sources, targets, vectors = [], [], []
    first = 0
    for atoms in batch:
        i, j, vector, distance = neighbour_list("ijDd", atoms, cutoff_a)
        _require_apart(atoms, i, j, distance)
        sources.append(i.astype(np.int64) + first)
        targets.append(j.astype(np.int64) + first)
        vectors.append(np.asarray(vector, dtype=float))
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


def _require_matter(atoms: Atoms, cutoff_a: float) -> None:
    """Refuse a structure before its neighbours fill the memory."""
    name = atoms.get_chemical_formula() or "It"
    if not len(atoms):
        raise StructureError("The structure has no atoms. Give one with at least one atom.")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise StructureError(
            f"{name} has positions or a cell that are not finite. Give them as numbers in Å."
        )
    volume = atoms.cell.volume if atoms.cell.rank == 3 else np.inf
    around = len(atoms) / max(volume, 1e-12) * 4 / 3 * np.pi * cutoff_a**3
    if around > MOST_NEIGHBOURS:
        raise StructureError(
            f"{name} has {len(atoms)} atoms in {volume:.3g} Å³, so each would have "
            f"{around:.1g} neighbours within {cutoff_a:g} Å; at most {MOST_NEIGHBOURS} are "
            "possible. Check the lattice vectors and their unit; Å is needed."
        )


def _require_apart(
    atoms: Atoms, i: NDArray[np.int64], j: NDArray[np.int64], distance: NDArray[np.float64]
) -> None:
    if not len(distance):
        return
    nearest = int(distance.argmin())
    if distance[nearest] < NEAREST_A:
        raise StructureError(
            f"Atoms {i[nearest] + 1} and {j[nearest] + 1} of {atoms.get_chemical_formula()} "
            f"are {distance[nearest]:.3f} Å apart, as good as on one place. Remove one of the "
            "two, or check the positions."
        )


@dataclass(frozen=True)
class Candidates:
    """One structure with the pairs that may be within the cut-off, sorted by atom.

    Attributes
    ----------
    numbers
        Atomic numbers, (n,).
    positions_a, cell_a
        In Å, (n, 3) and (3, 3).
    first
        Where the pairs of each atom begin, (n + 1,).
    neighbour
        Index of each pair's other atom, (p,).
    image
        Lattice vectors to add to it, (p, 3).
    """

    numbers: NDArray[np.int64]
    positions_a: NDArray[np.float64]
    cell_a: NDArray[np.float64]
    first: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    image: NDArray[np.int32]


class NeighbourSearch:
    """Finds neighbours, and finds them again without a search while atoms move little.

    Pairs are listed out to the cut-off plus a skin. A structure of the same atoms can use
    the list of an earlier one as long as no pair from outside can have come within
    the cut-off: with F the deformation between the cells, s its smallest singular
    value and d the largest distance of an atom from where F takes it, a pair that was
    farther apart than the list's radius R is still farther apart than s R − 2 d.
    """

    def __init__(self, cutoff_a: float, skin_a: float = 0.5, kept: int = 16) -> None:
        self._cutoff_a, self._radius_a, self._kept = cutoff_a, cutoff_a + skin_a, kept
        self._lists: OrderedDict[bytes, Candidates] = OrderedDict()
        self._lock = threading.Lock()  # a potential may serve several threads

    def find(self, atoms: Atoms) -> Candidates:
        """Return the structure with its candidate pairs."""
        key = atoms.numbers.tobytes() + atoms.pbc.tobytes()
        positions, cell = atoms.get_positions(), np.array(atoms.cell, dtype=float)
        with self._lock:
            earlier = self._lists.get(key)
        if earlier is None or not self._serves(earlier, positions, cell):
            _require_matter(atoms, self._radius_a)
            earlier = _search(atoms, self._radius_a)
        with self._lock:
            self._lists[key] = earlier
            self._lists.move_to_end(key)
            while len(self._lists) > self._kept:
                self._lists.popitem(last=False)
        return replace(earlier, positions_a=positions, cell_a=cell)

    def _serves(
        self, earlier: Candidates, positions: NDArray[np.float64], cell: NDArray[np.float64]
    ) -> bool:
        deformation = np.linalg.solve(earlier.cell_a, cell)
        if not np.isfinite(deformation).all():
            return False
        shortest = np.linalg.svd(deformation, compute_uv=False)[-1]
        moved = positions - earlier.positions_a @ deformation
        moved -= moved.mean(axis=0)  # a common shift changes no distance
        farthest = float(np.sqrt((moved**2).sum(axis=1).max()))
        return bool(shortest * self._radius_a - 2 * farthest >= self._cutoff_a)


def _search(atoms: Atoms, radius_a: float) -> Candidates:
    """List the pairs of each atom by distance, so that like ones come together."""
    i, j, image, distance = neighbour_list("ijSd", atoms, radius_a)
    _require_apart(atoms, i, j, distance)
    order = np.lexsort((j, distance.round(3), i))
    i, j, image = i[order], j[order], image[order]
    return Candidates(
        numbers=atoms.numbers.astype(np.int64),
        positions_a=atoms.get_positions(),
        cell_a=np.array(atoms.cell, dtype=float),
        first=np.searchsorted(i, np.arange(len(atoms) + 1)).astype(np.int64),
        neighbour=j.astype(np.int32),
        image=np.ascontiguousarray(image, dtype=np.int32),
    )
