"""Known elastic constants of known crystals, to compare results with.

The data are facts with their sources, in ``reference_elastic.json``: constants from
measurement near room temperature, and bulk and shear moduli from PBE without motion of
the atoms. The models learn from PBE: that is what to compare them with first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ase.formula import Formula

from properties.elasticity import moduli
from properties.elasticity.patterns import stiffness_gpa

DATA = Path(__file__).with_name("reference_elastic.json")

BULK, SHEAR = "B", "G"
"""Names of the Hill averages beside those of constants."""

_LAUE_BY_NUMBER = (
    *((2, "-1"), (15, "2/m"), (74, "mmm"), (88, "4/m"), (142, "4/mmm"), (148, "-3")),
    *((167, "-3m"), (176, "6/m"), (194, "6/mmm"), (206, "m-3"), (230, "m-3m")),
)
"""Last space group of each Laue class (International Tables A)."""


@dataclass(frozen=True)
class Reference:
    """What one source says about one crystal.

    Attributes
    ----------
    formula, space_group_numbers, name
        The crystal; both hands of a chiral one. `name` where the formula has several.
    kind
        ``experiment`` or ``PBE``.
    temperature_k
        ``None`` for a calculation without motion of the atoms.
    constants_gpa
        Independent constants of the Laue class by name, or none.
    bulk_modulus_gpa, shear_modulus_gpa
        Hill averages; from the constants where these are known.
    source, checked
        Where the values are from, and what a second source says.
    evidence
        ``stored`` when they were read there, ``textbook`` when they are recalled and
        good to 1 or 2 %.
    note
        What to know before comparing.
    sign_undecided
        Constants whose sign depends on a choice of axes; compare magnitudes.
    """

    formula: str
    space_group_numbers: tuple[int, ...]
    name: str
    kind: Literal["experiment", "PBE"]
    temperature_k: float | None
    constants_gpa: Mapping[str, float] = field(hash=False)
    bulk_modulus_gpa: float | None
    shear_modulus_gpa: float | None
    source: str
    evidence: Literal["stored", "textbook"]
    checked: str
    note: str
    sign_undecided: tuple[str, ...]

    @property
    def laue_class(self) -> str:
        """Laue class of the space group."""
        return laue_class(self.space_group_numbers[0])

    @property
    def values(self) -> dict[str, float]:
        """All numbers by name: constants, ``B`` and ``G``."""
        averages = {BULK: self.bulk_modulus_gpa, SHEAR: self.shear_modulus_gpa}
        known = {name: value for name, value in averages.items() if value is not None}
        return {**self.constants_gpa, **known}


@dataclass(frozen=True)
class Difference:
    """One number beside its reference, both in GPa; `percent` relative to the reference."""

    name: str
    value: float
    reference: float
    percent: float


def laue_class(space_group_number: int) -> str:
    """Return the Laue class of a space group."""
    return next(name for last, name in _LAUE_BY_NUMBER if space_group_number <= last)


@cache
def references() -> tuple[Reference, ...]:
    """Return every entry of the data."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    return tuple(_entry(entry) for entry in data["entries"])


def _entry(entry: dict[str, Any]) -> Reference:
    fields = dict(entry)
    numbers = tuple(fields.pop("space_group_numbers"))
    constants = MappingProxyType(fields.pop("constants_gpa"))
    signs = tuple(fields.pop("sign_undecided"))
    if constants:
        average = moduli.averages(stiffness_gpa(constants, laue_class(numbers[0])))
        fields["bulk_modulus_gpa"] = average.bulk_vrh_gpa
        fields["shear_modulus_gpa"] = average.shear_vrh_gpa
    return Reference(
        space_group_numbers=numbers, constants_gpa=constants, sign_undecided=signs, **fields
    )


def matches(formula: str, space_group_number: int) -> tuple[Reference, ...]:
    """Return what is known about a crystal, PBE first.

    Parameters
    ----------
    formula
        In any order and multiple: ``TiO2``, ``O2Ti``, ``Ti2O4``.
    """
    wanted = _composition(formula)
    found = [
        reference
        for reference in references()
        if space_group_number in reference.space_group_numbers
        and _composition(reference.formula) == wanted
    ]
    return tuple(sorted(found, key=lambda reference: reference.kind != "PBE"))


@cache
def _composition(formula: str) -> frozenset[tuple[str, int]]:
    reduced, _ = Formula(formula).reduce()
    return frozenset(reduced.count().items())


def compare(values: Mapping[str, float], reference: Reference) -> tuple[Difference, ...]:
    """Set numbers beside those of a reference that has them, in the reference's order.

    Parameters
    ----------
    values
        GPa by name: constants ``C11`` …, and ``B`` and ``G``.

    Returns
    -------
    tuple of Difference
        Magnitudes, named ``|C14|``, where the sign is undecided.
    """
    found = []
    for name, known in reference.values.items():
        if name in values:
            found.append(_difference(name, values[name], known, reference.sign_undecided))
    return tuple(found)


def _difference(
    name: str, value: float, known: float, sign_undecided: tuple[str, ...]
) -> Difference:
    if name in sign_undecided:
        name, value, known = f"|{name}|", abs(value), abs(known)
    percent = 100 * (value / known - 1) if known else float("nan")
    return Difference(name, value, known, percent)
