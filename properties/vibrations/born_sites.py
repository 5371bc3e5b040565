"""Which atom of one cell is which of another, and tensors that symmetry allows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from properties import symmetry

if TYPE_CHECKING:
    from properties.crystal import Crystal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SAME_SITE_A = 0.6
"""Atoms of two cells closer than this are the same one; relaxation moves them less."""

SAME_SHAPE = 0.1
"""Relative difference up to which two lattices have the same shape."""


def operations(crystal: Crystal) -> Iterator[tuple[FloatArray, IntArray]]:
    """Yield each operation of the space group: rotation and images of the atoms.

    The rotation is Cartesian, (3, 3); atom i goes to atom images[i].
    """
    found = symmetry.spacegroup_dataset(crystal, symmetry.SYMPREC_A)
    columns = crystal.lattice_a.T
    for rotation, translation in zip(found.rotations, found.translations, strict=True):
        moved = crystal.fractional @ rotation.T + translation
        images, _ = _nearest(moved, crystal.numbers, crystal)
        yield columns @ rotation @ np.linalg.inv(columns), images


def orbits(crystal: Crystal) -> IntArray:
    """Return for each atom the first one that symmetry makes it equal to, (n,)."""
    found = symmetry.spacegroup_dataset(crystal, symmetry.SYMPREC_A)
    return np.asarray(found.equivalent_atoms, dtype=np.int64)


def from_independent(crystal: Crystal, tensors: dict[int, FloatArray]) -> FloatArray:
    """Return tensors (n, 3, 3) of all atoms from those of some, of each orbit one or more.

    What site symmetry forbids is averaged away.
    """
    total, count = np.zeros((len(crystal), 3, 3)), np.zeros(len(crystal))
    for rotation, images in operations(crystal):
        for atom, tensor in tensors.items():
            total[images[atom]] += rotation @ tensor @ rotation.T
            count[images[atom]] += 1
    return np.asarray(total / count[:, None, None])


def symmetrised(crystal: Crystal, tensor: FloatArray) -> FloatArray:
    """Return a tensor (3, 3) of the whole crystal averaged over its point group."""
    turned = [rotation @ tensor @ rotation.T for rotation, _ in operations(crystal)]
    return np.asarray(np.mean(turned, axis=0))


def matched(
    crystal: Crystal, other: Crystal, rotation: FloatArray
) -> tuple[IntArray, float] | None:
    """Find the atom of a primitive cell that each atom of another cell is.

    Parameters
    ----------
    crystal
        Any cell of the crystal, perhaps a little strained or shifted against `other`.
    other
        Primitive cell.
    rotation
        From the Cartesian frame of `crystal` to that of `other`.

    Returns
    -------
    Indices into `other`, (n,), and the largest distance in Å; ``None`` if no shift of the
    origin brings all atoms together.
    """
    cells = np.rint(crystal.lattice_a @ rotation.T @ np.linalg.inv(other.lattice_a))
    if round(abs(np.linalg.det(cells))) * len(other) != len(crystal):
        return None
    moved = crystal.fractional @ cells
    best = None
    for target in np.flatnonzero(other.numbers == crystal.numbers[0]):
        shifted = moved + other.fractional[target] - moved[0]
        found, apart = _nearest(shifted, crystal.numbers, other)
        counts = np.bincount(found, minlength=len(other))
        if (counts == len(crystal) // len(other)).all() and (best is None or apart < best[1]):
            best = found, apart
    return best if best is not None and best[1] < SAME_SITE_A else None


def matched_freely(
    crystal: Crystal, other: Crystal
) -> tuple[FloatArray, IntArray, float] | None:
    """Find rotation and atoms between two primitive cells of the same kind of crystal.

    Returns
    -------
    Rotation from the frame of `crystal` to that of `other`, perhaps improper, indices into
    `other`, and the largest distance; ``None`` where they do not match.
    """
    best = None
    for rotation in _rotations(crystal.lattice_a, other.lattice_a):
        found = matched(crystal, other, rotation)
        if found and (best is None or found[1] < best[2] - 1e-6):
            best = rotation, *found
    return best


def _rotations(lattice_a: FloatArray, other_a: FloatArray) -> Iterator[FloatArray]:
    """Yield rotations that turn one lattice into another, up to a strain."""
    metric = other_a @ other_a.T
    cells = _unimodular() @ lattice_a
    metrics = cells @ np.swapaxes(cells, 1, 2)
    near = np.abs(metrics - metric).max(axis=(1, 2)) < SAME_SHAPE * np.trace(metric) / 3
    for cell in cells[near]:
        left, _, right = np.linalg.svd(np.linalg.inv(cell) @ other_a)
        yield (left @ right).T


@cache
def _unimodular() -> IntArray:
    """All matrices of −1, 0, 1 with a determinant of ±1, (m, 3, 3)."""
    matrices = np.array(list(itertools.product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    return np.asarray(matrices[np.abs(np.abs(np.linalg.det(matrices)) - 1) < 0.1])


def _nearest(
    fractional: FloatArray, numbers: IntArray, crystal: Crystal
) -> tuple[IntArray, float]:
    """Nearest atom of the same element for each position, and the largest distance."""
    apart = fractional[:, None] - crystal.fractional[None]
    apart = (apart - np.round(apart)) @ crystal.lattice_a
    distance = np.linalg.norm(apart, axis=2)
    distance[numbers[:, None] != crystal.numbers[None]] = np.inf
    return distance.argmin(axis=1), float(distance.min(axis=1).max())
