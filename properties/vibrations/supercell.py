"""Choice of the phonon supercell: few atoms, long in every direction, symmetric."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from properties.symmetry import Symmetry

FloatArray = NDArray[np.float64]

EVEN_BONUS = 1.5
"""How many times more atoms an even supercell may have: it holds the zone-boundary
points at half reciprocal vectors exactly, where soft modes condense."""

CENTRINGS = (
    np.eye(3, dtype=int),
    np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
    np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]),
)
"""Simple, face-centred and body-centred multiples of a lattice, rows."""

MAX_MULTIPLE = 12


@dataclass(frozen=True)
class Supercell:
    """A supercell of the primitive cell.

    Attributes
    ----------
    matrix
        Rows: supercell vectors in primitive vectors, (3, 3).
    length_a
        Shortest lattice vector of the supercell, Å.
    n_atoms
        Its size.
    """

    matrix: NDArray[np.int64]
    length_a: float
    n_atoms: int

    @property
    def is_even(self) -> bool:
        """Whether every vector is twice a primitive lattice vector."""
        return bool((self.matrix % 2 == 0).all())


def choose(found: Symmetry, length_a: float, max_atoms: int) -> Supercell:
    """Choose the smallest symmetric supercell whose shortest vector reaches `length_a`.

    If every such cell is over `max_atoms`, return the longest one within it; the
    caller must say that the wanted length was not reached.

    Parameters
    ----------
    found
        Analysis of the crystal; the matrix refers to its primitive cell.
    """
    candidates = list(_candidates(found, length_a))
    allowed = [c for c in candidates if c.n_atoms <= max_atoms]
    enough = [c for c in allowed if c.length_a >= length_a - 1e-6]
    if not enough:
        return max(allowed or candidates[:1], key=lambda c: (c.length_a, -c.n_atoms))
    smallest = min(enough, key=lambda c: (c.n_atoms, -c.length_a))
    even = [c for c in enough if c.is_even and c.n_atoms <= EVEN_BONUS * smallest.n_atoms]
    return min(even, key=lambda c: (c.n_atoms, -c.length_a)) if even else smallest


def _candidates(found: Symmetry, length_a: float) -> list[Supercell]:
    """Multiples of primitive and conventional cell that keep the point group."""
    primitive = found.primitive.lattice_a
    conventional = np.rint(found.conventional.lattice_a @ np.linalg.inv(primitive)).astype(int)
    result = [_supercell(np.eye(3, dtype=int), found)]
    for cell in (np.eye(3, dtype=int), conventional):
        for multiples in _multiples(cell @ primitive, length_a, found):
            equal = len(set(multiples)) == 1
            for centring in CENTRINGS if equal and _may_centre(found, cell) else CENTRINGS[:1]:
                result.append(_supercell(np.diag(multiples) @ centring @ cell, found))
    return result


def _multiples(
    lattice_a: FloatArray, length_a: float, found: Symmetry
) -> list[tuple[int, int, int]]:
    """Multiples along each axis; axes that symmetry joins get the same one."""
    lengths = np.linalg.norm(lattice_a, axis=1)
    most = [min(MAX_MULTIPLE, int(np.ceil(2 * length_a / length))) for length in lengths]
    joined = [
        (i, j)
        for i, j in itertools.combinations(range(3), 2)
        if abs(lengths[i] - lengths[j]) < 1e-4 and found.crystal_system not in _LOW_SYMMETRY
    ]
    along_a, along_b, along_c = (range(1, n + 1) for n in most)
    return [
        m
        for m in itertools.product(along_a, along_b, along_c)
        if all(m[i] == m[j] for i, j in joined)
    ]


def _may_centre(found: Symmetry, cell: NDArray[np.int64]) -> bool:
    """Whether face and body centring keep the point group: orthogonal or equal axes."""
    metric = cell @ found.primitive.lattice_a
    metric = metric @ metric.T
    orthogonal = np.allclose(metric, np.diag(np.diag(metric)), atol=1e-4)
    return orthogonal or found.crystal_system == "cubic"


_LOW_SYMMETRY = ("triclinic", "monoclinic", "orthorhombic")


def _supercell(matrix: NDArray[np.int64], found: Symmetry) -> Supercell:
    n_atoms = round(abs(np.linalg.det(matrix))) * len(found.primitive)
    return Supercell(matrix, shortest_vector(matrix @ found.primitive.lattice_a), n_atoms)


def shortest_vector(lattice_a: FloatArray) -> float:
    """Return the length of the shortest non-zero lattice vector, Å."""
    steps = np.array([s for s in itertools.product((-2, -1, 0, 1, 2), repeat=3) if any(s)])
    return float(np.linalg.norm(steps @ lattice_a, axis=1).min())
