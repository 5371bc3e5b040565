"""Numbers out of pasted text: 36 or 21 of them, in whatever dress they come."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import TensorError

FloatArray = NDArray[np.float64]
Rows = list[list[float]]

FULL, TRIANGLE = 36, 21
NEEDED = "A stiffness has 6 rows of 6 numbers (36), or 21 for its upper or lower triangle."

_DEVIATION = re.compile(r"(?<=\d)\(\d+\)")
_WRAPPING = re.compile(r"[\[\](){}]|\b(?:np\.|numpy\.)?array\b|\bgpa\b", re.IGNORECASE)
_ROW_END = re.compile(r"\n|\\\\|(?<=[\])}])\s*,?\s*(?=[\[({])")
_BETWEEN = re.compile(r"[\s;|&]+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


def matrix(text: str) -> FloatArray:
    """Return the (6, 6) table that a text holds, as it was given.

    A triangle, or a full table with nothing but zeros below or above the diagonal, is
    completed by symmetry.

    Raises
    ------
    TensorError
        With what was received and what is needed.
    """
    rows = _rows(text)
    count = sum(map(len, rows))
    if count == FULL:
        return _completed(np.array([x for row in rows for x in row]).reshape(6, 6))
    if count == TRIANGLE:
        return _from_triangle(rows)
    raise TensorError(f"{NEEDED} The text holds {_described(rows)}.")


def _rows(text: str) -> Rows:
    """Split into rows of numbers, commas read as what makes the count right."""
    if not text.strip():
        raise TensorError(f"The text is empty. {NEEDED}")
    lines = [_tidy(line) for line in _ROW_END.split(_DEVIATION.sub("", text))]
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


def _from_triangle(rows: Rows) -> FloatArray:
    lengths = [len(row) for row in rows]
    falling = [6, 5, 4, 3, 2, 1]
    full = np.zeros((6, 6))
    if lengths in (falling, [TRIANGLE]):
        full[np.triu_indices(6)] = [x for row in rows for x in row]
    elif lengths == falling[::-1]:
        full[np.tril_indices(6)] = [x for row in rows for x in row]
    else:
        raise TensorError(
            f"The text holds {_described(rows)}. A triangle of 21 numbers needs rows of "
            "6, 5, 4, 3, 2, 1 (upper) or 1, 2, 3, 4, 5, 6 (lower)."
        )
    return _mirrored(full)


def _completed(full: FloatArray) -> FloatArray:
    """Mirror a table whose other half was left at zero."""
    below, above = np.tril(full, -1), np.triu(full, 1)
    return _mirrored(full) if below.any() != above.any() else full


def _mirrored(half: FloatArray) -> FloatArray:
    return half + half.T - np.diag(np.diag(half))
