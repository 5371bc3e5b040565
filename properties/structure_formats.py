"""The file formats that are read, each recognised by its content.

This is an allow list: formats whose readers execute code, open other files or
unpickle are not on it.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.io.gen import read_gen
from ase.io.xsf import read_xsf

from mlpcore.errors import StructureError
from properties.structure_cif import read_cif
from properties.structure_sites import (
    RawStructure,
    element,
    is_count,
    number,
    numbers,
    require_count,
)
from properties.structure_xyz import looks_like_xyz, read_xyz


@dataclass(frozen=True)
class Format:
    """A file format: its name, how it is recognised, and how it is read."""

    title: str
    recognises: Callable[[str], bool]
    read: Callable[[str], list[RawStructure]]


def _has_line(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.MULTILINE | re.IGNORECASE)
    return lambda text: compiled.search(text) is not None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _looks_like_poscar(text: str) -> bool:
    """Second line: a scale; third: three numbers."""
    lines = text.split("\n", 3)
    if len(lines) < 3:
        return False
    scale, vector = lines[1].split(), lines[2].split()
    return bool(scale and _is_number(scale[0]) and vector and _is_number(vector[0]))


class _Lines:
    """Lines of a file, taken one after another; the end is an error."""

    def __init__(self, text: str) -> None:
        self._lines, self._next = text.split("\n"), 0

    def take(self, what: str) -> str:
        """Return the next line."""
        if self._next >= len(self._lines):
            raise StructureError(
                f"it ends before {what}. The file may be cut off: export it again."
            )
        self._next += 1
        return self._lines[self._next - 1]


def read_poscar(text: str) -> list[RawStructure]:
    """Read VASP's POSCAR or CONTCAR, version 5 or later (with element symbols)."""
    if len(re.findall(r"configuration\s*=", text)) > 1:
        raise StructureError(
            "it is an XDATCAR with several configurations. Choose one and save it as POSCAR."
        )
    lines = _Lines(text)
    label = lines.take("the comment").strip()
    lattice = _poscar_lattice(lines)
    symbols = _poscar_symbols(lines)
    mode = lines.take("the word Direct or Cartesian").strip().lower()
    if mode.startswith("s"):
        mode = lines.take("the word Direct or Cartesian").strip().lower()
    if mode[:1] not in ("c", "k", "d"):
        raise StructureError(
            f"the line before the positions should be Direct or Cartesian, but {mode[:20]!r} "
            "was found. Correct that line."
        )
    positions = np.array(
        [
            numbers(lines.take(f"the position of atom {i + 1}").split(), 3, f"atom {i + 1}")
            for i in range(len(symbols))
        ]
    )
    vectors, scale = lattice
    if mode.startswith("d"):
        return [RawStructure(label, vectors, symbols, positions)]
    return [RawStructure.from_cartesian(label, vectors, symbols, positions * scale)]


def _poscar_lattice(lines: _Lines) -> tuple[Any, Any]:
    """Return the lattice vectors in Å and the factor that Cartesian positions take."""
    words = [w for w in lines.take("the scale").split() if _is_number(w)]
    factors = np.array([number(word, "the scale") for word in words[:3]])
    vectors = np.array(
        [numbers(lines.take("the lattice").split(), 3, "a lattice vector") for _ in range(3)]
    )
    if np.abs(factors).max() > 1e6 or np.abs(vectors).max() > 1e6:
        raise StructureError("its lattice is larger than any crystal. Its unit must be Å.")
    if len(factors) == 3 and (factors > 0).all():
        return vectors * factors, factors
    if len(factors) == 2 or factors[0] == 0:
        factors = factors[:1]
    scale = factors[0]
    if scale < 0:
        volume = abs(np.linalg.det(vectors))
        scale = np.cbrt(-scale / volume) if volume > 1e-12 else 1.0
    return vectors * scale, scale


def _poscar_symbols(lines: _Lines) -> tuple[str, ...]:
    words = lines.take("the element symbols").split()
    if words and is_count(words[0]):
        raise StructureError(
            "it has no line with element symbols (the form of VASP 4). Add a line such as "
            "'Al O' above the line with the numbers of atoms."
        )
    names = [element(re.split("[_/]", word)[0], "an element symbol") for word in words]
    counts = lines.take("the numbers of atoms").split("!")[0].split()
    if not names or len(counts) != len(names) or not all(map(is_count, counts)):
        raise StructureError(
            f"it names {len(names)} elements, but the line with the numbers of atoms is "
            f"{' '.join(counts)[:40]!r}. Give one whole number for each element."
        )
    require_count(sum(map(int, counts)))
    return tuple(s for s, n in zip(names, counts, strict=True) for _ in range(int(n)))


def read_aims(text: str) -> list[RawStructure]:
    """Read geometry.in of FHI-aims: lattice vectors, atoms; parametric constraints ignored."""
    vectors: list[list[float]] = []
    symbols: list[str] = []
    rows: list[list[float]] = []
    kinds: set[str] = set()
    for line in text.split("\n"):
        word, *rest = line.split("#")[0].split() or [""]
        if word == "lattice_vector":
            vectors.append(numbers(rest, 3, "a lattice vector"))
        elif word in ("atom", "atom_frac"):
            rows.append(numbers(rest, 3, "an atom"))
            symbols.append(element(rest[3] if len(rest) > 3 else "", "an atom"))
            kinds.add(word)
    if len(vectors) != 3 or len(kinds) > 1:
        raise StructureError(
            f"it has {len(vectors)} lattice vectors, and three are needed, with either atom or "
            "atom_frac lines. Correct the file."
        )
    if not rows:
        return []
    lattice, positions = np.array(vectors), np.array(rows)
    if kinds == {"atom_frac"}:
        return [RawStructure("", lattice, tuple(symbols), positions)]
    return [RawStructure.from_cartesian("", lattice, tuple(symbols), positions)]


_FOREIGN_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What ASE's readers raise on a malformed file."""


def _with_ase(
    reader: Callable[..., Any], **options: Any
) -> Callable[[str], list[RawStructure]]:
    """Wrap a reader of ASE: its errors become a sentence, its prints and warnings nothing."""

    def read(text: str) -> list[RawStructure]:
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                images = reader(io.StringIO(text), **options)
        except _FOREIGN_ERRORS as error:
            raise StructureError(
                "a line is missing or malformed. The file may be cut off: export it again, as "
                "CIF if possible."
            ) from error
        return [
            _from_ase(atoms) for atoms in ([images] if isinstance(images, Atoms) else images)
        ]

    return read


_read_periodic_xsf = _with_ase(read_xsf, index=slice(None))


def _read_xsf(text: str) -> list[RawStructure]:
    kind = re.search(r"^\s*(MOLECULE|SLAB|POLYMER|ATOMS)\b", text, re.MULTILINE)
    if kind:
        raise StructureError(
            f"it is marked {kind.group(1)}, which is not periodic in three directions, but a "
            "crystal is needed. Molecules and slabs cannot be calculated."
        )
    return _read_periodic_xsf(text)


def _from_ase(atoms: Atoms) -> RawStructure:
    if not atoms.pbc.all():
        raise StructureError(
            "it is not periodic in three directions, but a crystal is needed. Molecules and "
            "slabs cannot be calculated."
        )
    symbols = tuple(element(symbol, "an atom") for symbol in atoms.get_chemical_symbols())
    return RawStructure.from_cartesian("", np.array(atoms.cell), symbols, atoms.positions)


FORMATS = (
    Format("CIF", _has_line(r"^\s*(data_|loop_\s*$|_cell_|_atom_site_)"), read_cif),
    Format("FHI-aims geometry", _has_line(r"^\s*lattice_vector\s"), read_aims),
    Format(
        "XCrySDen XSF",
        _has_line(r"^\s*(PRIMVEC|CONVVEC|CRYSTAL|ANIMSTEPS|MOLECULE|SLAB|POLYMER|ATOMS)\b"),
        _read_xsf,
    ),
    Format("DFTB+ gen", _has_line(r"\A\s*\d+\s+[CSFH]\s*$"), _with_ase(read_gen)),
    Format("extended XYZ", looks_like_xyz, read_xyz),
    Format("VASP POSCAR", _looks_like_poscar, read_poscar),
)
"""Formats in the order in which they are tried."""
