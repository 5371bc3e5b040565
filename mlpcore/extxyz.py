"""Files of extended XYZ, packed or not, as frames with labels.

Nothing that a file says of its own size is believed: lengths are limited and counted before
anything is parsed, so that a few bytes cannot keep a server busy.
"""

from __future__ import annotations

import io
import lzma
from typing import Any

import numpy as np
from ase import Atoms
from ase.io.extxyz import key_val_str_to_dict, read_xyz
from ase.stress import voigt_6_to_full_3x3_stress

from mlpcore.errors import DatasetError
from mlpcore.frame import Frame

MOST_BYTES = 100_000_000
"""Unpacked size up to which a file is read; the largest set that is shipped has 0.8 MB."""

MOST_FRAMES, MOST_ATOMS, MOST_ATOMS_EACH, MOST_COLUMNS = 20_000, 1_000_000, 20_000, 1_000
MOST_PROPERTIES = 15_000_000
"""Characters in all lines of properties together, which are read slowly, one by one."""

MOST_PARTS, PACKER_MEMORY = 1_000, 200_000_000
"""Streams one after the other in a packed file, and bytes that unpacking may take."""

XZ = b"\xfd7zXZ"
NO_SOURCE = "frame {}"


def unpacked(content: bytes, name: str) -> bytes:
    """Return the content of a file, unpacked if it is packed with xz.

    Raises
    ------
    DatasetError
        The file is damaged, cut short, or too large.
    """
    if not content.startswith(XZ):
        _check_size(len(content), name)
        return content
    parts: list[bytes] = []
    size = 0
    while content:
        found, content = _unpacked_part(content, name, MOST_BYTES + 1 - size)
        parts.append(found)
        size += len(found)
        _check_size(size, name)
        if len(parts) > MOST_PARTS:
            raise DatasetError(
                f"{name} is packed in more than {MOST_PARTS} parts. Pack it whole."
            )
    return b"".join(parts)


def _unpacked_part(content: bytes, name: str, most: int) -> tuple[bytes, bytes]:
    """Return what the first stream holds, and the streams after it."""
    if not XZ.startswith(content[: len(XZ)]):
        raise DatasetError(
            f"{name} is a damaged xz file (other bytes follow it). Copy or pack it again."
        )
    reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, PACKER_MEMORY)
    try:
        found = reader.decompress(content, max_length=most)
    except lzma.LZMAError as error:
        raise DatasetError(
            f"{name} is a damaged xz file ({error}). Copy or pack it again."
        ) from error
    if not reader.eof and len(found) < most:
        raise DatasetError(f"{name} is cut short. Copy or pack it again.")
    return found, reader.unused_data.lstrip(b"\0")  # zeros may pad streams


def _check_size(size: int, name: str) -> None:
    if size > MOST_BYTES:
        raise DatasetError(
            f"{name} is larger than {MOST_BYTES // 1_000_000} MB unpacked, the most that is "
            "read. Leave frames out."
        )


def frames_of(content: bytes, name: str) -> tuple[tuple[Frame, ...], dict[str, Any]]:
    """Read frames, not checked yet, and the settings that the first of them carries.

    Raises
    ------
    DatasetError
        The content is no extended XYZ, too long, or a frame lacks energy or forces.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name} is not a text file. Extended XYZ is needed.") from error
    _check_counts(text, name)
    structures = _structures(text, name)
    settings = structures[0].info.get("settings", {})
    settings = settings if isinstance(settings, dict) else {"note": str(settings)}
    frames = tuple(_frame(atoms, number) for number, atoms in enumerate(structures, start=1))
    return frames, settings


def _check_counts(text: str, name: str) -> None:
    """Walk from frame to frame, to see that there are as many lines and atoms as they say."""
    lines = text.rstrip().split("\n")
    number = at = atoms = properties = 0
    while at < len(lines) and lines[at].strip():
        number += 1
        count = _count(lines[at], number, name)
        left = max(0, len(lines) - at - 2)
        if count > left:
            raise DatasetError(
                f"{name} cannot be read as extended XYZ: frame {number} says that it has "
                f"{count} atoms, but only {left} lines are left for them. The file is cut "
                "short or the number wrong; give one line an atom."
            )
        atoms, properties = atoms + count, properties + len(lines[at + 1])
        _check_limits(name, number, (number, count, atoms, properties))
        at += count + 2
    if number == 0:
        raise DatasetError(f"{name} holds no structures. Extended XYZ is needed.")
    if at < len(lines):
        raise DatasetError(
            f"{name} cannot be read as extended XYZ: line {at + 1} is empty, where frame "
            f"{number + 1} should begin. Take out empty lines between frames."
        )


def _count(line: str, number: int, name: str) -> int:
    """Return the number of atoms of a frame."""
    try:
        count = int(line)
    except ValueError:
        count = 0
    if count < 1:
        raise DatasetError(
            f"{name} cannot be read as extended XYZ: frame {number} begins with "
            f"{line.strip()[:40]!r}, where its number of atoms is needed. Each frame is that "
            "number, a line of properties, and a line an atom."
        )
    return count


def _check_limits(name: str, number: int, sizes: tuple[int, int, int, int]) -> None:
    limits = (
        ("frames", MOST_FRAMES),
        ("atoms in one frame", MOST_ATOMS_EACH),
        ("atoms in all frames", MOST_ATOMS),
        ("characters in lines of properties", MOST_PROPERTIES),
    )
    for size, (what, most) in zip(sizes, limits, strict=True):
        if size > most:
            raise DatasetError(
                f"{name} has more than {most} {what} (frame {number} passes that). Leave "
                f"frames out: at most {MOST_FRAMES} frames of up to {MOST_ATOMS_EACH} atoms, "
                f"{MOST_ATOMS} in all, are read."
            )


def _structures(text: str, name: str) -> list[Atoms]:
    found: list[Atoms] = []
    try:
        # The reader meets damage with many kinds of exceptions, some of them bare.
        found.extend(read_xyz(io.StringIO(text), slice(None), _properties))
    except Exception as error:
        raise DatasetError(
            f"{name} cannot be read as extended XYZ; frame {len(found) + 1}: {error}. "
            "Each frame is the number of atoms, a line of properties, and a line an atom."
        ) from error
    return found


def _properties(line: str) -> dict[str, Any]:
    """Parse a line of properties; columns that cannot be meant are refused."""
    found: dict[str, Any] = key_val_str_to_dict(line)
    columns = found.get("Properties")
    fields = columns.split(":") if isinstance(columns, str) else []
    total = sum(int(count) if len(count) < 9 else MOST_COLUMNS + 1 for count in fields[2::3])
    if total > MOST_COLUMNS:
        raise ValueError(
            f"Properties has more than {MOST_COLUMNS} columns an atom, the most that is read"
        )
    for field, kind in zip(fields[::3], fields[1::3], strict=False):
        # ASE would turn T and F, and text, into numbers without a word.
        if field in {"pos", "forces"} and kind not in {"R", "I"}:
            raise ValueError(
                f"the {field} are not real numbers ({field}:{kind} in Properties); "
                f"{field}:R:3 is needed"
            )
    return found


def _frame(atoms: Atoms, number: int) -> Frame:
    results: dict[str, Any] = getattr(atoms.calc, "results", {})
    energy: Any = results.get("energy", results.get("free_energy"))
    for name, value, example in (
        ("energy", energy, "energy=−27.5 (eV, of the whole cell) in the line of properties"),
        ("forces", results.get("forces"), "forces:R:3 (eV/Å) to the properties of atoms"),
    ):
        if value is None:
            raise DatasetError(f"Frame {number} has no {name}. Add {example}.")
    if np.ndim(energy) == 0 and np.asarray(energy).dtype.kind in "iuf":
        energy = float(energy)
    stress = results.get("stress")
    if stress is None:
        _require_no_virial(atoms, number)
    elif np.shape(stress) == (6,):
        stress = voigt_6_to_full_3x3_stress(stress)
    source = str(atoms.info.get("source", NO_SOURCE.format(number)))
    bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    return Frame(bare, energy, results["forces"], stress, source)


def _require_no_virial(atoms: Atoms, number: int) -> None:
    """Refuse a virial alone: its sign differs from code to code."""
    given = [key for key in atoms.info if key.lower().endswith(("virial", "virials"))]
    if given:
        raise DatasetError(
            f"Frame {number} has a virial ({given[0]}=…) but no stress, and codes differ in "
            'the sign of virials. Give stress="…" in eV/Å³, positive in tension, or take the '
            "virial out."
        )
