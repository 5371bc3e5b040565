"""What every file format is read into, and the words for elements and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from mlpcore.errors import StructureError

MAX_STRUCTURES = 50
"""Most structures that are read from one file."""

MAX_CELL_ATOMS = 2000
"""Most atoms in the cell of the file; the limit on the primitive cell is smaller."""

LARGEST_NUMBER = 1e9
"""Any larger number in a file is a mistake."""

ISOTOPES = {"D": "deuterium", "T": "tritium"}


@dataclass(frozen=True, eq=False)
class RawStructure:
    """A structure as the file has it, before any check of its physics.

    Attributes
    ----------
    label
        Name of the data block or frame, may be empty.
    lattice_a
        Lattice vectors as rows, Å, shape (3, 3).
    symbols
        Chemical symbol of each of n atoms; known elements only.
    fractional
        Fractional coordinates, shape (n, 3).
    """

    label: str
    lattice_a: NDArray[np.float64]
    symbols: tuple[str, ...]
    fractional: NDArray[np.float64]

    @classmethod
    def from_cartesian(
        cls,
        label: str,
        lattice_a: NDArray[np.float64],
        symbols: tuple[str, ...],
        positions_a: NDArray[np.float64],
    ) -> RawStructure:
        """Build from Cartesian positions in Å, shape (n, 3)."""
        require_lattice(lattice_a)
        return cls(label, lattice_a, symbols, positions_a @ np.linalg.inv(lattice_a))


def require_lattice(lattice_a: NDArray[np.float64]) -> None:
    """Raise :class:`StructureError` unless the vectors span a sensible volume."""
    if not np.isfinite(lattice_a).all():
        raise StructureError(
            "the cell holds a value that is not a finite number. Give three lattice vectors, "
            "or three lengths in Å and three angles in degrees."
        )
    lengths = np.abs(lattice_a).max(axis=1)
    if lengths.max() == 0:
        raise StructureError(
            "it has no cell, but a crystal with three lattice vectors is needed. Molecules "
            "cannot be calculated."
        )
    if lengths.min() < 0.5 or lengths.max() > 1000:
        raise StructureError(
            "a lattice vector is shorter than 0.5 Å or longer than 1000 Å. "
            "Check the cell and its unit, which must be Å."
        )
    norms = np.linalg.norm(lattice_a, axis=1)
    if abs(np.linalg.det(lattice_a / norms[:, None])) < 0.01:
        raise StructureError(
            "the cell has no volume: its three lattice vectors lie in a plane or on a line. "
            "Check the lattice vectors or the cell angles."
        )


def element(symbol: str, where: str) -> str:
    """Return `symbol` in its usual spelling; refuse isotopes and unknown ones."""
    usual = symbol.strip().capitalize()
    if usual in ISOTOPES:
        raise StructureError(
            f"{where} is {ISOTOPES[usual]} ({usual}), but only natural isotope mixtures are "
            "calculated. Write H instead if the vibrations of the light isotope will do."
        )
    if atomic_numbers.get(usual, 0) < 1:
        raise StructureError(
            f"{where} is {symbol[:20]!r}, which is no chemical element. Write the symbol of "
            "an element, such as Si."
        )
    return usual


def number(text: str, where: str) -> float:
    """Return the number that `text` spells; refuse anything else and absurd sizes."""
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not abs(value) < LARGEST_NUMBER:
        raise StructureError(
            f"{where} should be a number of sensible size, but {text[:20]!r} was found. "
            "Correct the file or export it again."
        )
    return value


def numbers(words: list[str], count: int, where: str) -> list[float]:
    """Return the first `count` of `words` as numbers; refuse a line that is too short."""
    if len(words) < count:
        raise StructureError(
            f"{where} needs {count} numbers, but {len(words)} were found. The file may be cut "
            "off: export it again."
        )
    return [number(word, where) for word in words[:count]]


def require_count(count: int) -> None:
    """Raise :class:`StructureError` for more atoms than are ever read."""
    if not 0 < count <= MAX_CELL_ATOMS:
        raise StructureError(
            f"it says that it holds {count} atoms; between 1 and {MAX_CELL_ATOMS} are read. "
            "Give a smaller cell of the crystal."
        )


def is_count(text: str) -> bool:
    """Whether `text` is a whole number without a sign."""
    return re.fullmatch(r"[0-9]{1,9}", text) is not None
