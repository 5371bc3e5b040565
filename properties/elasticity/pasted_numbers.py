"""Numbers out of pasted text: 36 or 21 of them, in whatever dress they come."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import TensorError

FloatArray = NDArray[np.float64]
Rows = list[list[float]]

FULL, TRIANGLE = 36, 21
LONGEST = 20_000
NEEDED = "A stiffness has 6 rows of 6 numbers (36), or 21 for its upper or lower triangle."

_DEVIATION = re.compile(r"(?<=\d)\(\d+\)|(?:±|\+/-|\\pm)\s*[\d.,]+")
_WRAPPING = re.compile(r"[\[\](){}]|\b(?:np\.|numpy\.)?array\b|gpa", re.IGNORECASE)
_ROW_END = re.compile(r"\n|\\\\|(?<=[\])}])\s*,?\s*(?=[\[({])")
_BETWEEN = re.compile(r"[\s;|&]+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_NO_VALUE = re.compile(r"\b(?:nan|inf|infinity|none|null)\b", re.IGNORECASE)

_VASP_ROW = re.compile(r"^\s*(XX|YY|ZZ|XY|YZ|ZX)\s+(.*)$", re.MULTILINE)
_VASP_ORDER = ("XX", "YY", "ZZ", "XY", "YZ", "ZX")
_FROM_VASP = [0, 1, 2, 4, 5, 3]
"""Where VASP keeps our xx yy zz yz xz xy."""
_KBAR_PER_GPA = 10.0


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers as they were given.

    Attributes
    ----------
    numbers
        (6, 6), Voigt order xx yy zz yz xz xy.
    notes
        What was done to them, in sentences.
    as_lower
        The table that the same numbers make as a lower triangle, where their
        arrangement does not tell and the upper one was taken.
    """

    numbers: FloatArray
    notes: tuple[str, ...] = ()
    as_lower: FloatArray | None = None


def read(text: str) -> Table:
    """Return the (6, 6) table that a text holds, as it was given, and what was done to it.

    A triangle, or a full table with nothing but zeros below or above the diagonal, is
    completed by symmetry. The table of VASP's OUTCAR, known by its row labels XX YY ZZ XY
    YZ ZX, is put in our order and converted from kbar.

    Raises
    ------
    TensorError
        With what was received and what is needed.
    """
    if len(text) > LONGEST:
        raise TensorError(
            f"The text has {len(text):,} characters (limit {LONGEST:,}). {NEEDED} "
            "Paste only the table."
        )
    labelled = _VASP_ROW.findall(text)
    if labelled:
        return _from_vasp(labelled)
    rows = _rows(text)
    count = sum(map(len, rows))
    if count == FULL:
        return _completed(np.array([x for row in rows for x in row]).reshape(6, 6))
    if count == TRIANGLE:
        return _from_triangle(rows)
    raise TensorError(f"{NEEDED} The text holds {_described(rows)}.")


def _from_vasp(labelled: list[tuple[str, str]]) -> Table:
    rows = [[_number(token) for token in _tokens(_tidy(line))] for _, line in labelled]
    labels = tuple(label for label, _ in labelled)
    if labels != _VASP_ORDER or any(len(row) != 6 for row in rows):
        raise TensorError(
            "The row labels are those of VASP's table of elastic moduli, which has the six "
            f"rows XX YY ZZ XY YZ ZX of 6 numbers. The text has the rows {' '.join(labels)} "
            f"of {', '.join(str(len(row)) for row in rows)} numbers. Paste one whole table, "
            "for relaxed ions that under TOTAL ELASTIC MODULI."
        )
    found = np.array(rows)[np.ix_(_FROM_VASP, _FROM_VASP)] / _KBAR_PER_GPA
    note = (
        "Read as the table of VASP's OUTCAR: converted from kbar, and the shear rows and "
        "columns put in the order yz, xz, xy."
    )
    return Table(found, (note,))


def _rows(text: str) -> Rows:
    """Split into rows of numbers, commas read as what makes the count right."""
    if not text.strip():
        raise TensorError(f"The text is empty. {NEEDED}")
    lines = [_tidy(line) for line in _ROW_END.split(_DEVIATION.sub("", text))]
    lines = [line for line in lines if not _is_heading(line)]
    separated = [_tokens(line.replace(",", " ")) for line in lines]
    kept = [_tokens(re.sub(r",(?=\s|$)", " ", line)) for line in lines]
    decimal = [[_with_point(token) for token in row] for row in kept]
    if not _may_be_decimal(kept):
        return _numbers(separated)
    fits = [_size(way) in (FULL, TRIANGLE) for way in (separated, decimal)]
    if all(fits):
        raise TensorError(
            f"The commas can be read in two ways: as decimal commas ({_size(decimal)} "
            f"numbers) or between numbers ({_size(separated)}). Write decimal points."
        )
    return _numbers(decimal if fits[1] else separated)


def _tidy(line: str) -> str:
    plain = line.replace("−", "-").replace("–", "-").replace("\u00a0", " ")
    plain = re.sub(r"(?<=\d)[dD](?=[+-]?\d)", "e", plain)
    return _WRAPPING.sub(" ", plain)


def _is_heading(line: str) -> bool:
    """Whether a line holds words alone."""
    return not any(c.isdigit() for c in line) and not _NO_VALUE.search(line)


def _tokens(line: str) -> list[str]:
    return [token for token in _BETWEEN.split(line) if token]


def _with_point(token: str) -> str:
    return token.replace(",", ".")


def _may_be_decimal(rows: list[list[str]]) -> bool:
    """Whether every comma left stands in a number with one comma and no point."""
    commas = [token for row in rows for token in row if "," in token]
    points = any("." in token for row in rows for token in row)
    return bool(commas) and not points and all(map(_DECIMAL_COMMA.fullmatch, commas))


def _size(rows: list[list[str]]) -> int:
    return sum(map(len, rows))


def _numbers(rows: list[list[str]]) -> Rows:
    return [[_number(token) for token in row] for row in rows if row]


def _number(token: str) -> float:
    try:
        value = float(token)
    except ValueError:
        raise TensorError(
            f"“{token[:40]}” is not a number. {NEEDED} Remove headings, labels and units."
        ) from None
    if not np.isfinite(value):
        raise TensorError(
            f"“{token}” is not a finite number. Every entry needs a value in GPa."
        )
    return value


def _described(rows: Rows) -> str:
    lengths = [len(row) for row in rows]
    total = sum(lengths)
    plural = "number" if total == 1 else "numbers"
    if len(lengths) < 2:
        return f"{total} {plural}"
    return f"{total} {plural}, in rows of {', '.join(map(str, lengths))}"


def _from_triangle(rows: Rows) -> Table:
    lengths = [len(row) for row in rows]
    falling = [6, 5, 4, 3, 2, 1]
    numbers = [x for row in rows for x in row]
    upper, lower = np.zeros((2, 6, 6))
    upper[np.triu_indices(6)] = numbers
    lower[np.tril_indices(6)] = numbers
    if lengths == falling:
        return _mirrored(upper, "upper")
    if lengths == falling[::-1]:
        return _mirrored(lower, "lower")
    if lengths in ([TRIANGLE], [1] * TRIANGLE):
        read = _mirrored(upper, "upper")
        return Table(read.numbers, read.notes, _mirrored(lower, "lower").numbers)
    raise TensorError(
        f"The text holds {_described(rows)}. A triangle of 21 numbers needs rows of "
        "6, 5, 4, 3, 2, 1 (upper) or 1, 2, 3, 4, 5, 6 (lower)."
    )


def _completed(full: FloatArray) -> Table:
    """Mirror a table whose other half was left at zero."""
    below, above = np.tril(full, -1).any(), np.triu(full, 1).any()
    if below == above:
        return Table(full)
    return _mirrored(full, "lower" if below else "upper")


def _mirrored(half: FloatArray, side: str) -> Table:
    full = half + half.T - np.diag(np.diag(half))
    return Table(full, (f"Read as the {side} triangle and completed by symmetry.",))
