"""A user's own measurements: curves against temperature and phonon frequencies, from text.

Tables come from many programs: columns parted by semicolons, tabs, commas or spaces,
decimal points or commas, comments. What decides the numbers, the units, must be written in
the header; nothing is guessed from the size of the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlpcore.errors import MLPError
from properties.reference_vibrations import (
    QUANTITIES,
    THZ_PER_INVERSE_CM,
    MeasuredCurve,
    MeasuredPoints,
)

MAX_BYTES = 1_000_000
ZERO_CELSIUS_K = 273.15
MAX_TEMPERATURE_K = 10_000.0
MAX_FREQUENCY_THZ = 200.0
MAX_ALPHA_PER_K = 1e-2
MAX_HEAT_CAPACITY = 1000.0
THZ_PER_MEV = 0.2417989242

_COMMENT = re.compile(r"^\s*(#|%|!|//)+")
_CELSIUS = re.compile(r"°\s*C\b|℃|\bdeg\.?\s*C\b|celsius|[(\[_/ ]C\b", re.IGNORECASE)
_KELVIN = re.compile(r"[(\[_/, ;\t]K\b|\bkelvin\b|^\s*K\b")
_MILLIONTH = re.compile(r"1\s*e-0?6|10\s*(\^|\*\*)?\s*[-−]6|10⁻⁶|ppm|[µμ]", re.IGNORECASE)
_FREQUENCY_UNITS = (
    (re.compile(r"\bTHz\b", re.IGNORECASE), 1.0),
    (
        re.compile(r"cm\s*\^?\s*(-|−|⁻)\s*(1|¹)|1/cm|wave ?number", re.IGNORECASE),
        THZ_PER_INVERSE_CM,
    ),
    (re.compile(r"\bmeV\b", re.IGNORECASE), THZ_PER_MEV),
)


class MeasurementError(MLPError):
    """An uploaded table is not a curve or a list of phonon frequencies."""


@dataclass(frozen=True)
class _Row:
    """Fields of one line of the file, and its number from 1."""

    line: int
    fields: tuple[str, ...]


def read_curve(
    text: str | bytes, quantity: str, source: str = "uploaded table"
) -> MeasuredCurve:
    """Read a curve against temperature: two columns, temperature and value.

    Parameters
    ----------
    text
        The header must say ``K`` or ``°C``. For an expansion it may say that values are in
        10⁻⁶/K; without that they are in 1/K. Heat capacities are in J/(mol K) of atoms.
    quantity
        A key of :data:`~properties.reference_vibrations.QUANTITIES`.
    source
        What to call it in a legend.

    Raises
    ------
    MeasurementError
        The text is no such table, or its units are not said or not possible.
    """
    if quantity not in QUANTITIES:
        raise MeasurementError(
            f"{quantity!r} is not a quantity that can be drawn. Choose one of: "
            f"{', '.join(QUANTITIES)}."
        )
    header, rows = _table(text, lambda fields: _number(fields[0]) is not None)
    values = np.array([_numbers(row, 2) for row in rows])
    kelvin = values[:, 0] + (0.0 if _in_kelvin(header) else ZERO_CELSIUS_K)
    measured = values[:, 1] * _scale(header, quantity)
    _require_temperatures(kelvin, rows)
    _require_size(measured, quantity, rows)
    order = np.argsort(kelvin, kind="stable")
    return MeasuredCurve(quantity, kelvin[order], measured[order], source, "stored")


def read_points(
    text: str | bytes,
    labels: Mapping[str, Sequence[float]],
    source: str = "uploaded table",
    temperature_k: float = 300.0,
) -> MeasuredPoints:
    """Read phonon frequencies: ``q1, q2, q3, frequency`` or ``label, frequency``.

    Parameters
    ----------
    text
        The header must say THz, cm⁻¹ or meV. q is in reduced coordinates of the standard
        primitive cell.
    labels
        Points of the band path by name, as :func:`properties.symmetry.band_path` has them.

    Raises
    ------
    MeasurementError
        The text is no such table, a label is unknown, or the unit is not said.
    """
    known = {_plain(name): tuple(map(float, q)) for name, q in labels.items()}

    def is_data(fields: Sequence[str]) -> bool:
        return len(fields) >= 2 and _number(fields[-1]) is not None

    header, rows = _table(text, is_data)
    unit = _frequency_unit(header)
    found = [_point(row, known) for row in rows]
    frequency = unit * np.array([value for _, _, value in found])
    beyond = np.flatnonzero(np.abs(frequency) > MAX_FREQUENCY_THZ)
    if beyond.size:
        raise MeasurementError(
            f"Line {rows[beyond[0]].line}: {frequency[beyond[0]]:.4g} THz is no frequency of a "
            f"crystal (at most {MAX_FREQUENCY_THZ:g} THz). Check the unit in the header."
        )
    return MeasuredPoints(
        q=np.array([q for _, q, _ in found]),
        frequency_thz=frequency,
        names=tuple(name for name, _, _ in found),
        label=source,
        source=source,
        evidence="stored",
        temperature_k=temperature_k,
    )


def _table(
    text: str | bytes, is_data: Callable[[Sequence[str]], bool]
) -> tuple[str, list[_Row]]:
    """Split a text into its header (comments too) and the rows of data."""
    header: list[str] = []
    rows: list[_Row] = []
    for number, line in enumerate(_decoded(text).splitlines(), start=1):
        if not line.strip():
            continue
        if _COMMENT.match(line):
            header.append(_COMMENT.sub("", line))
            continue
        fields = _split(line, number)
        if not rows and not is_data(fields):
            header.append(line)
        else:
            rows.append(_Row(number, fields))
    if not rows:
        raise MeasurementError(
            "The table has no row of numbers. Write one row for each value, such as "
            "300; 2.6, below a header with the units."
        )
    return "\n".join(header), rows


def _decoded(text: str | bytes) -> str:
    if len(text) > MAX_BYTES:
        raise MeasurementError(
            f"The table has {len(text):,} characters; at most {MAX_BYTES:,} are read. Keep "
            "only the columns and rows that are to be shown."
        )
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _split(line: str, number: int) -> tuple[str, ...]:
    """Split a line at what parts its columns; a comma may also be a decimal one."""
    for separator in (";", "\t"):
        if separator in line:
            return _stripped(line.split(separator))
    words = line.split()
    if len(words) > 1 and not any(w.startswith(",") or w.endswith(",") for w in words):
        return _stripped(words)
    fields = _stripped(line.split(","))
    whole = all(re.fullmatch(r"[-+−]?\d+", field) for field in fields)
    if len(fields) > 2 and whole and " " not in line.strip():
        raise MeasurementError(
            f"Line {number}: in {line.strip()[:60]!r} commas may part columns or be decimal "
            "ones. Part the columns with semicolons, or write decimal points."
        )
    return fields


def _stripped(fields: Sequence[str]) -> tuple[str, ...]:
    cleaned = [field.strip().strip("\"'").strip() for field in fields]
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    return tuple(cleaned) or ("",)


def _number(field: str) -> float | None:
    """Return a finite number, written with a decimal point or comma; else nothing."""
    plain = field.replace("−", "-").replace("D", "e").replace("d", "e")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", plain, re.ASCII):
        return None
    value = float(plain)
    return value if np.isfinite(value) else None


def _numbers(row: _Row, count: int) -> list[float]:
    if len(row.fields) < count:
        raise MeasurementError(
            f"Line {row.line}: {count} columns are needed, got {len(row.fields)}: "
            f"{' '.join(row.fields)[:60]!r}. Part temperature and value with a semicolon."
        )
    found = []
    for field in row.fields[:count]:
        value = _number(field)
        if value is None:
            raise MeasurementError(
                f"Line {row.line}: {field[:40]!r} is not a number. Write each value as 300 or "
                "2.6e-6, and put # before comments."
            )
        found.append(value)
    return found


def _in_kelvin(header: str) -> bool:
    """Whether temperatures are in kelvin; the first column's name decides."""
    first = "\n".join(re.split(r"[;,\t]", line)[0] for line in header.splitlines())
    for place in (first, header):
        celsius, kelvin = _CELSIUS.search(place), _KELVIN.search(place)
        if celsius:
            return False
        if kelvin:
            return True
    raise MeasurementError(
        "The header does not say whether temperatures are in K or °C. Begin the table with a "
        "line such as: T (K); alpha (1e-6/K)."
    )


def _scale(header: str, quantity: str) -> float:
    is_expansion = quantity.startswith("alpha")
    return 1e-6 if is_expansion and _MILLIONTH.search(header) else 1.0


def _require_temperatures(kelvin: np.ndarray, rows: Sequence[_Row]) -> None:
    wrong = np.flatnonzero((kelvin < 0) | (kelvin > MAX_TEMPERATURE_K))
    if wrong.size:
        raise MeasurementError(
            f"Line {rows[wrong[0]].line}: {kelvin[wrong[0]]:.6g} K is not a temperature "
            f"between 0 and {MAX_TEMPERATURE_K:g} K. Check the unit in the header."
        )


def _require_size(values: np.ndarray, quantity: str, rows: Sequence[_Row]) -> None:
    is_expansion = quantity.startswith("alpha")
    limit = MAX_ALPHA_PER_K if is_expansion else MAX_HEAT_CAPACITY
    wrong = np.flatnonzero(np.abs(values) > limit)
    if wrong.size:
        advice = (
            "If the values are in 10⁻⁶/K, write 1e-6/K in the header."
            if is_expansion
            else "Values must be in J/(mol K), per mole of atoms."
        )
        raise MeasurementError(
            f"Line {rows[wrong[0]].line}: {values[wrong[0]]:.4g} is too large for "
            f"{QUANTITIES[quantity].lower()} (at most {limit:g}). {advice}"
        )


def _frequency_unit(header: str) -> float:
    """THz per unit of the table."""
    for pattern, factor in _FREQUENCY_UNITS:
        if pattern.search(header):
            return factor
    raise MeasurementError(
        "The header does not say the unit of the frequencies. Begin the table with a line "
        "such as: point; frequency (THz). Possible are THz, cm-1 and meV."
    )


def _plain(name: str) -> str:
    """Name of a point as it is compared: Γ, G and GAMMA are one."""
    upper = name.strip().upper()
    return {"Γ": "GAMMA", "G": "GAMMA", "Σ": "SIGMA", "Δ": "DELTA"}.get(upper, upper)


def _point(
    row: _Row, known: Mapping[str, tuple[float, ...]]
) -> tuple[str, tuple[float, ...], float]:
    """Name, q and frequency in the unit of the table."""
    if len(row.fields) >= 4:
        numbers = _numbers(row, 4)
        name = "(" + ", ".join(f"{x:g}" for x in numbers[:3]) + ")"
        return name, tuple(numbers[:3]), numbers[3]
    if len(row.fields) != 2:
        raise MeasurementError(
            f"Line {row.line}: a row is q1; q2; q3; frequency or label; frequency, got "
            f"{len(row.fields)} columns. Part the columns with semicolons."
        )
    label, value = row.fields
    words = label.split()
    q_of = known.get(_plain(words[0])) if words else None
    frequency = _number(value)
    if q_of is None or frequency is None:
        raise MeasurementError(
            f"Line {row.line}: {label[:20]!r} with {value[:20]!r} is not a point of this "
            f"crystal's path and a frequency. Its points are {', '.join(sorted(known))}; "
            "other places need q1; q2; q3; frequency."
        )
    return label, q_of, frequency
