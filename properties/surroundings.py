"""What an atom has around it: distances and angles, each with how often it occurs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from properties.frozen import Frozen

if TYPE_CHECKING:
    from properties.crystal import Crystal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ALIKE_A, ALIKE_DEG = 1e-3, 0.05
"""Distances and angles closer than this are drawn as one."""


@dataclass(frozen=True)
class Surroundings(Frozen):
    """Neighbours of an atom within a radius, and the pairs of them that enclose angles.

    Attributes
    ----------
    numbers, distances_a
        Atomic number and distance of each neighbour, (p,), the nearest first.
    first, second
        Indices of the two neighbours of each pair, (t,).
    angles_deg
        The angle that each pair encloses at the atom, (t,).
    third_a
        Distance between the two neighbours of each pair, (t,).
    """

    numbers: IntArray
    distances_a: FloatArray
    first: IntArray
    second: IntArray
    angles_deg: FloatArray
    third_a: FloatArray

    def has(self, symbol: str) -> NDArray[np.bool_]:
        """Return which neighbours are of an element, (p,)."""
        return np.asarray(self.numbers == chemical_symbols.index(symbol))

    def pairs_of(self, symbols: tuple[str, str]) -> NDArray[np.bool_]:
        """Return which pairs of neighbours are of two elements, in either order, (t,)."""
        one, other = (self.has(symbol) for symbol in symbols)
        forth = one[self.first] & other[self.second]
        return np.asarray(forth | (other[self.first] & one[self.second]))


def of_atom(crystal: Crystal, atom: int, radius_a: float) -> Surroundings:
    """Find the neighbours of one atom and the angles between them."""
    from matscipy.neighbours import neighbour_list

    i, j, vectors = neighbour_list("ijD", crystal.to_atoms(), float(radius_a))
    mine = np.flatnonzero(i == atom)
    vectors = vectors[mine]
    lengths = np.linalg.norm(vectors, axis=1)
    order = np.argsort(lengths, kind="stable")
    vectors, lengths = vectors[order], lengths[order]
    first, second = np.triu_indices(len(vectors), k=1)
    between = np.sum(vectors[first] * vectors[second], axis=1)
    cosine = between / (lengths[first] * lengths[second])
    return Surroundings(
        numbers=crystal.numbers[j[mine][order]],
        distances_a=lengths,
        first=first,
        second=second,
        angles_deg=np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))),
        third_a=np.linalg.norm(vectors[first] - vectors[second], axis=1),
    )


def gathered(
    places: FloatArray, values: FloatArray, alike: float
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Join places that are alike; return them, the sums of their values and their counts."""
    if not len(places):
        return np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64)
    order = np.argsort(places)
    sorted_places = places[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(sorted_places) > alike) + 1])
    counts = np.diff(np.append(starts, len(places)))
    sums = np.add.reduceat(values[order], starts)
    return np.add.reduceat(sorted_places, starts) / counts, sums, counts
