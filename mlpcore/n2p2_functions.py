"""Symmetry functions of n2p2 and RuNNer, as ``input.nn`` states them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ase.data import atomic_numbers

from mlpcore.descriptors.functions import (
    MAX_FUNCTIONS,
    MAX_IN_ALL,
    Angular,
    Radial,
    SymmetryFunction,
    objection,
)
from mlpcore.errors import CheckpointError
from mlpcore.json_checks import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.n2p2_files import Line, Settings, Units

RADIAL, NARROW, WIDE = 2, 3, 9
WORDS = {RADIAL: (6,), NARROW: (8, 9), WIDE: (8, 9)}
"""Words of a symmetry function of each type; the last, a shift, may be missing."""


def read_functions(
    settings: Settings, elements: Sequence[str], units: Units
) -> tuple[tuple[str, tuple[SymmetryFunction, ...]], ...]:
    """Return the functions of each element in the order in which weights count them.

    Raises
    ------
    CheckpointError
        A line cannot be understood or used, or an element has no line, or too many.
    """
    lines = settings.all("symfunction_short")
    if len(lines) > MAX_IN_ALL:
        lines[-1].refuse(f"there are {len(lines)} of these lines; up to {MAX_IN_ALL} are read.")
    by_element: dict[str, list[tuple[tuple[float, ...], SymmetryFunction]]]
    by_element = {symbol: [] for symbol in elements}
    for line in lines:
        function = _function(line, elements, units)
        by_element[line.words[0]].append(function)
    for symbol, found in by_element.items():
        if not 0 < len(found) <= MAX_FUNCTIONS:
            raise CheckpointError(
                f"{settings.path.parent.name}/{settings.path.name}: {symbol} has {len(found)} "
                f"lines symfunction_short; 1 to {MAX_FUNCTIONS} are needed. Use another set."
            )
    return tuple(
        (symbol, tuple(one for _, one in sorted(found, key=lambda pair: pair[0])))
        for symbol, found in by_element.items()
    )


def _function(
    line: Line, elements: Sequence[str], units: Units
) -> tuple[tuple[float, ...], SymmetryFunction]:
    """Return a function with the key by which the program sorts; refuse unusable ones."""
    key, found = _as_given(line, elements, units)
    why = objection(found)
    if why is not None:
        line.refuse(f"in Å, {why}. The line is in units of {units.length_a:g} Å.")
    return key, found


def _as_given(
    line: Line, elements: Sequence[str], units: Units
) -> tuple[tuple[float, ...], SymmetryFunction]:
    words = line.words
    kinds = {str(kind): kind for kind in WORDS}
    kind = kinds.get(words[1], 0) if len(words) > 1 else 0
    if kind not in WORDS or len(words) not in WORDS[kind]:
        line.refuse(
            f"{brief(' '.join(words))} is not a symmetry function of type 2, 3 or 9 with its "
            "parameters; other types are not known here."
        )
    first = 3 if kind == RADIAL else 4
    symbols = (words[0], *words[2:first])
    unknown = [symbol for symbol in symbols if symbol not in elements]
    if unknown:
        line.refuse(f"{brief(unknown)} is not among the elements {' '.join(elements)}.")
    a, b = units.length_a, units.length_a**-2
    places = sorted(atomic_numbers[symbol] for symbol in symbols[1:])
    if kind == RADIAL:
        eta, shift, cutoff = line.numbers(first)
        radial = Radial(words[2], eta * b, shift * a, cutoff * a)
        return (kind, cutoff, eta, shift, *places), radial
    eta, sign, zeta, cutoff, shift = [*line.numbers(first), 0.0][:5]
    if sign not in {-1.0, 1.0}:
        line.refuse(f"λ is {sign:g}; 1 or −1 is needed.")
    ends = sorted(words[2:4], key=lambda symbol: atomic_numbers[symbol])
    angular = Angular(
        (ends[0], ends[1]),
        eta * b,
        zeta,
        int(sign),
        shift * a,
        cutoff * a,
        "G4" if kind == NARROW else "G5",
    )
    return (kind, cutoff, eta, shift, zeta, sign, *places), angular
