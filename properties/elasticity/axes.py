"""Axes by which directions are named: those of a lattice, or the Cartesian ones of a tensor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = NDArray[np.float64]

LARGEST_INDEX = 3
PARALLEL_DEG = 0.05
"""A direction nearer than this to one with small indices is called by these."""


@dataclass(frozen=True, eq=False)
class Axes:
    """Three vectors, in the Cartesian axes of a tensor.

    Attributes
    ----------
    vectors
        Rows, (3, 3): lattice vectors in Å, or unit vectors.
    names
        Their names.
    """

    vectors: FloatArray
    names: tuple[str, str, str]

    @classmethod
    def of_lattice(cls, lattice_a: FloatArray, rotation: FloatArray) -> Axes:
        """Take the lattice vectors, rows in Å, into the axes that the rows of a rotation are.

        Parameters
        ----------
        lattice_a
            In the Cartesian frame of the cell, (3, 3).
        rotation
            Rows: the axes of the tensor in the same frame, (3, 3).
        """
        return cls(lattice_a @ rotation.T, ("a", "b", "c"))

    @property
    def crystallographic(self) -> bool:
        """Whether these are the axes of a lattice."""
        return self.names != CARTESIAN.names

    @property
    def units(self) -> FloatArray:
        """The vectors without their lengths, (3, 3)."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return np.asarray(self.vectors / lengths)

    def direction(self, indices: Sequence[float]) -> FloatArray:
        """Return the unit vector along u a + v b + w c, (3,).

        Raises
        ------
        SpecError
            All three indices are zero.
        """
        along = np.asarray(indices, dtype=float) @ self.vectors
        length = float(np.linalg.norm(along))
        if length == 0:
            raise SpecError(
                "The direction [0 0 0] points nowhere: at least one of its three numbers must "
                "differ from zero. Enter for example 1 0 0."
            )
        return np.asarray(along / length)

    def indices(self, direction: FloatArray) -> tuple[int, int, int] | None:
        """Return the small whole numbers [u v w] of a unit vector, or none if it has none."""
        steps = np.array(_SMALL)
        along = steps @ self.vectors
        cosines = along @ direction / np.linalg.norm(along, axis=1)
        # Of all parallel ones the first, which has the smallest numbers.
        near = np.flatnonzero(cosines > np.cos(np.radians(PARALLEL_DEG)))
        return _SMALL[int(near[0])] if len(near) else None


CARTESIAN = Axes(np.eye(3), ("x", "y", "z"))


def _small_indices() -> list[tuple[int, int, int]]:
    steps = range(-LARGEST_INDEX, LARGEST_INDEX + 1)
    all_steps = [(u, v, w) for u, v, w in product(steps, repeat=3) if gcd(u, v, w) == 1]
    return sorted(all_steps, key=lambda step: sum(abs(k) for k in step))


_SMALL = _small_indices()
