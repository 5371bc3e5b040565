"""Crystallographic information files (CIF 1.1): tokens, data blocks, sites, symmetry.

ASE's reader keeps one species of a mixed site and takes a file that was cut off for
a smaller structure; here both are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from ase.data import atomic_numbers
from ase.geometry import cellpar_to_cell
from numpy.typing import NDArray

from mlpcore.errors import StructureError
from properties.structure_sites import (
    RawStructure,
    element,
    number,
    require_count,
    require_lattice,
)
from properties.structure_spacegroup import Operations, operations

_TOKEN = re.compile(
    r"""^;(?P<text>.*?)^;            # text field between lines that begin with ;
      | '(?P<single>[^\n]*?)'(?=\s|\Z)
      | "(?P<double>[^\n]*?)"(?=\s|\Z)
      | \#[^\n]*
      | (?P<bare>\S+)""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_UNKNOWN = ("?", ".", "")
_CELL_TAGS = tuple(f"_cell_length_{x}" for x in "abc") + tuple(
    f"_cell_angle_{x}" for x in ("alpha", "beta", "gamma")
)
_FRACTION_TAGS = tuple(f"_atom_site_fract_{x}" for x in "xyz")
_CARTESIAN_TAGS = tuple(f"_atom_site_cartn_{x}" for x in "xyz")
_SAME_SITE_A = 0.1
"""Images of one site closer than this are the same atom on a special position."""


@dataclass
class Block:
    """One data block: every tag in lower case with its values."""

    name: str
    tags: dict[str, list[str]] = field(default_factory=dict)

    def first(self, *names: str) -> str | None:
        """Return the first known value of the first of `names` that has one."""
        for name in names:
            for value in self.tags.get(name, ())[:1]:
                if value.strip() not in _UNKNOWN:
                    return value.strip()
        return None

    def has(self, *names: str) -> bool:
        """Whether all of `names` are there."""
        return all(self.tags.get(name) for name in names)


def read_cif(text: str) -> list[RawStructure]:
    """Read every data block that describes atoms in a cell."""
    return [
        _structure(block)
        for block in _blocks(text)
        if any(name.startswith("_atom_site_") for name in block.tags)
    ]


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each value or name, and whether it was quoted."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None:
            continue
        word = match.group(kind)
        if (kind == "bare" and word[0] in "'\"") or (word[0:1] == ";" and _starts_line(match)):
            raise StructureError(
                "a quoted text has no end. The file may be cut off: export it again."
            )
        yield word, kind != "bare"


def _starts_line(match: re.Match[str]) -> bool:
    return match.lastgroup == "bare" and match.string[match.start() - 1 : match.start()] in (
        "",
        "\n",
    )


def _blocks(text: str) -> list[Block]:
    """Sort the words of a file into data blocks; values before the first open one."""
    blocks = [Block("")]
    words = list(_words(text))
    position = 0
    while position < len(words):
        word, quoted = words[position]
        lower = word.lower()
        if not quoted and lower.startswith("data_"):
            blocks.append(Block(word[5:]))
            position += 1
        elif not quoted and lower == "loop_":
            position = _loop(words, position + 1, blocks[-1])
        elif not quoted and word.startswith("_"):
            position = _item(words, position, blocks[-1])
        else:
            raise StructureError(
                f"the value {word[:30]!r} belongs to no name. A line may be missing or too "
                "long: export the file again."
            )
    return blocks


def _is_value(word: tuple[str, bool]) -> bool:
    text, quoted = word
    lower = text.lower()
    return quoted or not (lower.startswith(("_", "data_")) or lower == "loop_")


def _item(words: list[tuple[str, bool]], position: int, block: Block) -> int:
    name = words[position][0].lower()
    if position + 1 >= len(words) or not _is_value(words[position + 1]):
        raise StructureError(
            f"{name[:60]} has no value. The file may be cut off: export it again."
        )
    block.tags[name] = [words[position + 1][0]]
    return position + 2


def _loop(words: list[tuple[str, bool]], position: int, block: Block) -> int:
    end = position
    while end < len(words) and not words[end][1] and words[end][0].startswith("_"):
        end += 1
    names = [word.lower() for word, _ in words[position:end]]
    start = end
    while end < len(words) and _is_value(words[end]):
        end += 1
    values = [word for word, _ in words[start:end]]
    if not names or len(values) % len(names):
        raise StructureError(
            f"the table of {(names or ['(no names)'])[0][:60]} ends within a row "
            f"({len(values)} values for {len(names)} columns). The file may be cut off: "
            "export it again."
        )
    block.tags.update({name: values[i :: len(names)] for i, name in enumerate(names)})
    return end


def _structure(block: Block) -> RawStructure:
    lattice = _lattice(block)
    symbols = _symbols(block)
    require_count(len(symbols))
    _refuse_partial_occupancy(block, symbols)
    sites = _sites(block, lattice, len(symbols))
    ops = operations(block.tags, block.first, lattice)
    expanded = [_images(site, ops, lattice) for site in sites]
    names = [s for s, images in zip(symbols, expanded, strict=True) for _ in images]
    _refuse_other_formula(block, names)
    require_count(len(names))
    return RawStructure(block.name, lattice, tuple(names), np.concatenate(expanded))


def _lattice(block: Block) -> NDArray[np.float64]:
    missing = [name for name in _CELL_TAGS if block.first(name) is None]
    if missing:
        raise StructureError(
            f"it has no complete cell: {missing[0]} is missing. A crystal needs three lengths "
            "and three angles."
        )
    lengths_angles = [_value(block.tags[name][0], name)[0] for name in _CELL_TAGS]
    for name, angle in zip(_CELL_TAGS[3:], lengths_angles[3:], strict=True):
        if not 5 < angle < 175:
            raise StructureError(
                f"{name} is {angle:g}°, and between 5° and 175° is needed. Correct the cell."
            )
    a, b, c = np.cos(np.radians(lengths_angles[3:]))
    if 1 - a * a - b * b - c * c + 2 * a * b * c <= 1e-6:
        raise StructureError(
            "the cell has no volume: no cell has these three angles. Correct the cell angles."
        )
    if min(lengths_angles[:3]) <= 0:
        raise StructureError("the cell has a length that is not positive. Correct the cell.")
    lattice = np.asarray(cellpar_to_cell(lengths_angles))
    require_lattice(lattice)
    return lattice


def _value(text: str, where: str) -> tuple[float, int]:
    """Return a number and how many decimals it has; 99 where it states its uncertainty."""
    bare = re.sub(r"\([0-9]*\)$", "", text.strip())
    decimals = len(bare.partition(".")[2]) if bare == text.strip() else 99
    return number(bare, where), decimals


def _symbols(block: Block) -> list[str]:
    types, labels = (
        block.tags.get(name, []) for name in ("_atom_site_type_symbol", "_atom_site_label")
    )
    if types and all(t.strip() not in _UNKNOWN for t in types):
        return [_from_type(text) for text in types]
    return [_from_label(text) for text in labels]


def _from_type(text: str) -> str:
    """Element of a type symbol such as ``Fe3+``."""
    letters = re.match(r"[A-Za-z]*", text.strip())
    return element(letters.group() if letters and letters.group() else text, "a type symbol")


def _from_label(text: str) -> str:
    """Element of a label such as ``Al1``; refuse ``CO1``, which may be Co or C."""
    where = f"the site {text[:20]!r}"
    match = re.match(r"[A-Za-z]{1,2}", text.strip())
    letters = match.group() if match else text
    one, two = letters[:1].capitalize(), letters.capitalize()
    if len(letters) == 1 or two not in atomic_numbers:
        return element(one or text, where)
    if letters[1].isupper() and one in atomic_numbers:
        raise StructureError(
            f"{where} may be {two} or {one}. Add a column _atom_site_type_symbol with the "
            "element of each site."
        )
    return element(two, where)


def _refuse_partial_occupancy(block: Block, symbols: list[str]) -> None:
    labels = block.tags.get("_atom_site_label", symbols)
    for label, text in zip(labels, block.tags.get("_atom_site_occupancy", ()), strict=False):
        if text.strip() in _UNKNOWN:
            continue
        occupancy, _ = _value(text, "an occupancy")
        if abs(occupancy - 1) > 0.005:
            raise StructureError(
                f"the site {label[:20]} has an occupancy of {occupancy:g}: the crystal is "
                "disordered, but every site must be fully occupied by one element. Choose an "
                "ordered model of it, such as a supercell."
            )


def _sites(block: Block, lattice: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    tags = _FRACTION_TAGS if block.has(*_FRACTION_TAGS) else _CARTESIAN_TAGS
    if not block.has(*tags):
        raise StructureError(
            "its atoms have no positions. The columns _atom_site_fract_x, _y and _z are needed."
        )
    columns = [[_value(text, tag) for text in block.tags[tag]] for tag in tags]
    if any(len(column) != count for column in columns):
        raise StructureError("its atoms and their positions differ in number: export it again.")
    values = np.array([[pair[0] for pair in column] for column in columns]).T
    if tags is _CARTESIAN_TAGS:
        return np.asarray(values @ np.linalg.inv(lattice))
    decimals = np.array([[pair[1] for pair in column] for column in columns]).T
    return _exact_thirds(values, decimals)


def _exact_thirds(
    values: NDArray[np.float64], decimals: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Replace 0.333 and the like, which stand for n/6, by the fraction itself."""
    sixths = np.round(values * 6) / 6
    near = np.abs(values - sixths) <= 1.01 * 10.0 ** -np.minimum(decimals, 30)
    return np.where(near & (decimals >= 3), sixths, values)


def _images(
    site: NDArray[np.float64], ops: Operations, lattice: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distinct images of a site, (m, 3), each the mean of those that coincide."""
    images = np.mod(ops.rotations @ site + ops.translations, 1.0)
    apart = images[None] - images[:, None]
    apart -= np.round(apart)
    same = np.linalg.norm(apart @ lattice, axis=2) < _SAME_SITE_A
    firsts = [i for i in range(len(images)) if not same[i, :i].any()]
    return np.array([images[i] + apart[i][same[i]].mean(axis=0) for i in firsts])


def _refuse_other_formula(block: Block, symbols: list[str]) -> None:
    """Refuse atoms that disagree with the stated formula: the file lost some of them."""
    stated = block.first("_chemical_formula_sum")
    if stated is None:
        return
    pairs = re.findall(r"([A-Z][a-z]?)([0-9]*\.?[0-9]*)", stated)
    if "".join(s + n for s, n in pairs) != re.sub(r"\s", "", stated):
        return
    wanted = {s: float(n or 1) for s, n in pairs if n != "."}
    present = {s: symbols.count(s) for s in dict.fromkeys(symbols)}
    ratios = [present.get(s, 0) / n for s, n in wanted.items() if n > 0]
    if set(present) != set(wanted) or max(ratios) > 1.01 * min(ratios):
        found = " ".join(f"{s}{n}" for s, n in present.items())
        raise StructureError(
            f"it states the formula {stated[:60]}, but its sites and symmetry make "
            f"{found[:60]}. The file may be cut off or its symmetry wrong: export it again, or "
            "correct _chemical_formula_sum."
        )
