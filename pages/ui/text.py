"""How numbers, formulas and times are written; the only place that rounds for display."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from properties.committee.result import decimals_of, two_digits

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = "—"
_BAR = "\u0305"
_INDEXED = re.compile(r"\b(\w)([_^])(\w+)")
PER_MILLION = 1e6
WHOLE_PERCENT = 9.995
"""Shares from here on are written without decimals."""

LARGEST_PLAIN = 6
"""Numbers with more digits than this before the point are written as powers of ten."""

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_POWER = re.compile(r"(\d)e([+-]\d+)\b")
_MINUS = re.compile(r"(?<![\w.)-])-(?=\d)")
_MINUS_ZERO = re.compile(r"(?<![\w.)-])-(?=0(\.0+)?(?![\d.]*\d))")
_SPANS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def fixed(value: float | None, decimals: int, unit: str = "") -> str:
    """Return a number with fixed decimals and a true minus sign; a dash if there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return f"{text.replace('-', '−')} {unit}".rstrip()


def plus_minus(value: float, half: float | None, unit: str = "") -> str:
    """Return a number with its uncertainty, to two digits of the latter; alone without one."""
    if half is None or not math.isfinite(half):
        return short(value, unit, 4)
    written = f"{fixed(value, decimals_of(half))} ± {doubt(half)}"
    if unit.startswith("10"):
        return f"({written}) × {unit}"
    return f"{written} {unit}".rstrip()


def with_doubt(value: float, decimals: int, half: float | None, unit: str = "") -> str:
    """Return a number with its uncertainty if there is one, else with fixed decimals."""
    if half is None or not math.isfinite(half) or not math.isfinite(value):
        return fixed(value, decimals, unit)
    return plus_minus(value, half, unit)


def doubt(half: float) -> str:
    """Return an uncertainty with two digits and without its number."""
    return fixed(two_digits(half), decimals_of(half))


def share(fraction: float) -> str:
    """Return a part of a whole in per cent, without a sign; above 10 % without decimals."""
    return fixed(100 * fraction, 2 if abs(100 * fraction) < WHOLE_PERCENT else 0, "%")


def span(first: float, last: float, decimals: int, unit: str = "") -> str:
    """Return a range, or one number where both ends are the same."""
    if first == last:
        return fixed(first, decimals, unit)
    return f"{fixed(first, decimals)} to {fixed(last, decimals, unit)}"


def short(value: float | None, unit: str = "", digits: int = 3) -> str:
    """Return a number with `digits` significant ones, as a power of ten where it is tiny.

    Zeros at the end stay where the number was rounded: 1.98 with two digits is 2.0.
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    exact = math.isclose(float(f"{value:.{digits}g}"), value, rel_tol=1e-9)
    text = f"{value:{'' if exact else '#'}.{digits}g}"
    if "e" in text and digits <= _exponent(text) < LARGEST_PLAIN:
        text = f"{float(text):.0f}"
    plain = text.removesuffix(".").replace(".e", "e")
    return f"{_powers(plain).replace('-', '−')} {unit}".rstrip()


def _exponent(text: str) -> int:
    return int(text.partition("e")[2])


def _powers(text: str) -> str:
    return _POWER.sub(lambda found: f"{found[1]} × 10{_raised(int(found[2]))}", text)


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def sentence(written: str) -> str:
    """Return a sentence with its numbers as on paper: true minus signs, powers of ten."""
    return _MINUS.sub("−", _MINUS_ZERO.sub("", _powers(written)))


def per_million(value: float, decimals: int = 2, doubt: float | None = None) -> str:
    """Return a small number in millionths, as expansion coefficients are given.

    Parameters
    ----------
    doubt
        Its uncertainty, in millionths already.
    """
    millionths = PER_MILLION * value
    if doubt is None or not math.isfinite(doubt) or not math.isfinite(value):
        return fixed(millionths, decimals, "× 10⁻⁶/K")
    return plus_minus(millionths, doubt, "10⁻⁶/K")


def percent(fraction: float, decimals: int = 1) -> str:
    """Return a relative difference in percent, with its sign."""
    if not math.isfinite(fraction):
        return NOTHING
    return f"{100 * fraction:+.{decimals}f} %".replace("-", "−")


def percent_limit(fraction: float) -> str:
    """Return the size of an allowed difference in percent."""
    return f"{100 * fraction:.2g} %"


def formula(text: str) -> str:
    """Return a chemical formula with subscripts."""
    return text.translate(_SUBSCRIPTS)


def space_group(symbol: str) -> str:
    """Return a Hermann–Mauguin symbol with its bars and its subscripts."""
    barred = re.sub(r"-(\d)", rf"\1{_BAR}", symbol)
    return re.sub(r"_(\d)", lambda screw: screw[1].translate(_SUBSCRIPTS), barred)


def miller(indices: Sequence[float]) -> str:
    """Return a crystal direction in brackets: ``[1 −1 0]``."""
    return f"[{' '.join(f'{k:g}' for k in indices)}]".replace("-", "−")


def symbols(label: str) -> str:
    """Set the indices of symbols in a label, such as B_V or A^U, as mathematics."""
    return _INDEXED.sub(r"$\1\2{\\mathrm{\3}}$", label)


def duration(seconds: float) -> str:
    """Return a length of time in the one or two units that matter."""
    if seconds < 1:
        return "less than 1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def age(moment: datetime) -> str:
    """Return how long ago something was."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for span, name in _SPANS:
        if seconds >= span:
            count = int(seconds // span)
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def megabytes(size: int) -> str:
    """Return a file size."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
