"""Checks of values that came from a file as JSON, where anything may stand in any place."""

from __future__ import annotations

import math
import reprlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ase.data import chemical_symbols

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Form = Callable[[Any], bool] | Mapping[str, Any] | list[Any]
    """A test; or the forms of fields that must be there; or the form of all of a list."""

SYMBOLS = frozenset(chemical_symbols[1:])
LARGEST = sys.float_info.max

_SHORT = reprlib.Repr()
_SHORT.maxdict, _SHORT.maxstring, _SHORT.maxother = 8, 60, 60


def brief(value: Any) -> str:
    """Return a value as a message can hold it: on one line, and not in all its length."""
    return _SHORT.repr(value)


def is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """Whether a value is a finite number from `low` to `high`; ``true`` is none.

    Whole numbers too large for a float are found by comparing, which never overflows.
    """
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and max(low, -LARGEST) <= value <= min(high, LARGEST)


def is_count(value: Any, low: int = 0, high: float = math.inf) -> bool:
    """Whether a value is a whole number from `low` to `high`; ``true`` is none."""
    return isinstance(value, int) and is_number(value, low, high)


def is_size(value: Any) -> bool:
    """Whether a value is a finite number of 0 or more."""
    return is_number(value, 0.0)


def is_text(value: Any) -> bool:
    """Whether a value is text, be it empty."""
    return isinstance(value, str)


def is_table(value: Any) -> bool:
    """Whether a value is a table of names and values."""
    return isinstance(value, dict)


def are_symbols(value: Any) -> bool:
    """Whether a value is a list of chemical symbols, each once and at least one."""
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        return False
    return 0 < len(value) == len(set(value)) and set(value) <= SYMBOLS


def optional(form: Form) -> Callable[[Any], bool]:
    """Return the form of what must be there, but may be nothing."""
    return lambda value: value is None or misfit(value, form) is None


def missing_or(form: Form) -> Callable[[Any], bool]:
    """Return the form of what may be left out."""
    return lambda value: value is ... or misfit(value, form) is None


def misfit(value: Any, form: Form, where: str = "") -> str | None:
    """Return where a value first differs from a form, and what is there, or ``None``."""
    inner: Iterator[str | None]
    if isinstance(form, Mapping) and isinstance(value, dict):
        inner = (misfit(value.get(k, ...), one, f"{where}.{k}") for k, one in form.items())
    elif isinstance(form, list) and isinstance(value, list):
        inner = (misfit(one, form[0], f"{where}[{k}]") for k, one in enumerate(value))
    elif callable(form) and form(value):
        return None
    else:
        return f"{where} is {'missing' if value is ... else brief(value)}"
    return next((each for each in inner if each is not None), None)
