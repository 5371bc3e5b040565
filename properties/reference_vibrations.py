"""Measured phonon frequencies, expansion and heat capacity of known crystals.

The data are facts with their sources, in ``reference_vibrations.json``. Measurements are
near room temperature unless an entry says otherwise; calculations are harmonic and at rest,
so that a difference of a few percent is no error of either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ase.formula import Formula
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Evidence = Literal["stored", "textbook"]

DATA = Path(__file__).with_name("reference_vibrations.json")

THZ_PER_INVERSE_CM = 299792458 / 1e10
"""Speed of light, in the units that turn a wave number into a frequency."""

QUANTITIES = {
    "alpha_linear_a": "Linear expansion along a, 1/K",
    "alpha_linear_c": "Linear expansion along c, 1/K",
    "alpha_volume": "Volume expansion, 1/K",
    "heat_capacity_p_j_per_mol_atoms_k": "Heat capacity, constant pressure, J/(mol K) of atoms",
}
"""What a curve can be, and what that is in words."""


@dataclass(frozen=True, eq=False)
class MeasuredPoints:
    """Phonon frequencies of one crystal from one source.

    Attributes
    ----------
    q
        (k, 3), reduced coordinates of our standard primitive cell's reciprocal lattice.
    frequency_thz
        (k,).
    names
        Point and branch of each, such as ``X TA`` or ``Γ LO``; (k,).
    label
        What was measured, for a legend.
    source, evidence
        Where the values are from; ``stored`` when they were read there, ``textbook`` when
        they are recalled and good to 1 or 2 %.
    temperature_k
        Of the measurement.
    """

    q: FloatArray
    frequency_thz: FloatArray
    names: tuple[str, ...]
    label: str
    source: str
    evidence: Evidence
    temperature_k: float


@dataclass(frozen=True, eq=False)
class MeasuredCurve:
    """One quantity of one crystal against temperature.

    Attributes
    ----------
    quantity
        A key of :data:`QUANTITIES`, which has the unit.
    temperatures_k, values
        (t,), ascending.
    source, evidence
        As in :class:`MeasuredPoints`.
    """

    quantity: str
    temperatures_k: FloatArray
    values: FloatArray
    source: str
    evidence: Evidence


def points(formula: str, space_group_number: int) -> tuple[MeasuredPoints, ...]:
    """Return measured frequencies of a crystal, one entry for each source.

    Parameters
    ----------
    formula
        In any order and multiple: ``TiO2``, ``O2Ti``, ``Ti2O4``.
    """
    return tuple(
        _points(entry, crystal["q"])
        for crystal in _matching(formula, space_group_number)
        for entry in crystal["points"]
    )


def curves(formula: str, space_group_number: int) -> tuple[MeasuredCurve, ...]:
    """Return measured curves of a crystal; for `formula` see :func:`points`."""
    return tuple(
        _curve(entry)
        for crystal in _matching(formula, space_group_number)
        for entry in crystal["curves"]
    )


def crystals() -> tuple[tuple[str, int], ...]:
    """Return formula and space group of every crystal that something is known about."""
    return tuple(
        (crystal["formula"], number)
        for crystal in _data()["crystals"]
        for number in crystal["space_group_numbers"]
    )


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def _matching(formula: str, space_group_number: int) -> list[dict[str, Any]]:
    wanted = _composition(formula)
    return [
        crystal
        for crystal in _data()["crystals"]
        if space_group_number in crystal["space_group_numbers"]
        and _composition(crystal["formula"]) == wanted
    ]


@cache
def _composition(formula: str) -> frozenset[tuple[str, int]]:
    reduced, _ = Formula(formula).reduce()
    return frozenset(reduced.count().items())


def _points(entry: dict[str, Any], where: dict[str, list[float]]) -> MeasuredPoints:
    unit = {"THz": 1.0, "cm-1": THZ_PER_INVERSE_CM}[entry["unit"]]
    names = tuple(name for name, _ in entry["values"])
    return MeasuredPoints(
        q=_frozen([where[name.split()[0]] for name in names]),
        frequency_thz=_frozen([unit * value for _, value in entry["values"]]),
        names=names,
        label=entry["label"],
        source=entry["source"],
        evidence=entry["evidence"],
        temperature_k=float(entry["temperature_k"]),
    )


def _curve(entry: dict[str, Any]) -> MeasuredCurve:
    return MeasuredCurve(
        quantity=entry["quantity"],
        temperatures_k=_frozen([t for t, _ in entry["values"]]),
        values=_frozen([entry["scale"] * value for _, value in entry["values"]]),
        source=entry["source"],
        evidence=entry["evidence"],
    )


def _frozen(values: Any) -> FloatArray:
    array = np.array(values, dtype=float)
    array.setflags(write=False)
    return array
