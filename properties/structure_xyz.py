"""Extended XYZ: a count, a comment with the lattice, one line for each atom."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import StructureError
from properties.structure_sites import (
    MAX_STRUCTURES,
    RawStructure,
    element,
    is_count,
    numbers,
    require_count,
)

_PAIR = re.compile(r"""([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|\{([^}]*)\}|(\S+))""")


def looks_like_xyz(text: str) -> bool:
    """First line a whole number alone, and the third not three numbers, as in a POSCAR."""
    lines = text.lstrip().split("\n", 3)
    if len(lines) < 2 or not is_count(lines[0].strip()):
        return False
    return "lattice" in lines[1].lower() or len(lines) < 3 or lines[2][:1].isalpha()


def read_xyz(text: str) -> list[RawStructure]:
    """Read every frame."""
    lines = text.strip().split("\n")
    frames: list[RawStructure] = []
    start = 0
    while start < len(lines) and len(frames) <= MAX_STRUCTURES:
        count = lines[start].strip()
        if not is_count(count):
            raise StructureError(
                f"line {start + 1} should be the number of atoms of a structure, but "
                f"{count[:20]!r} was found. Check that the count above it is right."
            )
        require_count(int(count))
        end = start + 2 + int(count)
        if end > len(lines):
            raise StructureError(
                f"it announces {count} atoms, but ends after {max(len(lines) - start - 2, 0)}. "
                "The file may be cut off: export it again."
            )
        label = f"frame {len(frames) + 1}" if frames or end < len(lines) else ""
        frames.append(_frame(label, lines[start + 1], lines[start + 2 : end]))
        start = end
    return frames


def _frame(label: str, comment: str, rows: list[str]) -> RawStructure:
    pairs = {m[0].lower(): next(filter(None, m[1:]), "") for m in _PAIR.findall(comment)}
    lattice = _lattice(pairs)
    species, position = _columns(pairs.get("properties", "species:S:1:pos:R:3"))
    words = [row.split() for row in rows]
    if any(len(row) <= species for row in words):
        raise StructureError("a line with an atom is too short. Export the file again.")
    symbols = tuple(element(row[species], f"atom {i + 1}") for i, row in enumerate(words))
    positions = np.array(
        [numbers(row[position:], 3, f"atom {i + 1}") for i, row in enumerate(words)]
    )
    return RawStructure.from_cartesian(label, lattice, symbols, positions)


def _lattice(pairs: dict[str, str]) -> NDArray[np.float64]:
    text = pairs.get("lattice", "")
    if not text.strip():
        raise StructureError(
            "it has no cell, but a crystal with three lattice vectors is needed. Write "
            'Lattice="ax ay az bx by bz cx cy cz" on its second line.'
        )
    if re.search(r"\bf", pairs.get("pbc", "").lower()) or "0" in pairs.get("pbc", "").split():
        raise StructureError(
            "it is not periodic in three directions (pbc), but a crystal is needed. Molecules "
            "and slabs cannot be calculated."
        )
    return np.array(numbers(text.split(), 9, "the lattice")).reshape(3, 3)


def _columns(properties: str) -> tuple[int, int]:
    """Return where the symbol and the position begin in a line."""
    fields = properties.split(":")
    begins: dict[str, int] = {}
    column = 0
    for name, width in zip(fields[::3], fields[2::3], strict=False):
        begins[name.lower()] = column
        column += int(width) if is_count(width) else 1
    if "species" not in begins or "pos" not in begins:
        raise StructureError(
            "its Properties name no species and pos columns. Write "
            "Properties=species:S:1:pos:R:3 on its second line."
        )
    return begins["species"], begins["pos"]
