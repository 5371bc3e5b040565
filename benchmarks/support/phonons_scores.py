"""What the records of the phonon benchmark say together: failures and errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from benchmarks.support.phonons_run import Case

Found = Mapping[str, Mapping[str, dict[str, Any]]]
"""Records by model and crystal."""

HEAT = "heat_capacity_j_per_mol_cell_k"

UNKNOWN = "elements unknown to the model"
LATE = "not finished in time"
UNCONVERGED = "relaxation not converged"
OTHER = "no result"


def failure(record: Mapping[str, Any]) -> str:
    """Return why a record has no heat capacity to compare, or nothing.

    Imaginary modes are no failure here: they are listed beside the numbers.
    """
    message = record["error"]
    if record["error_type"] == "UnsupportedElementError":
        return UNKNOWN
    if message:
        return LATE if message.startswith("Not finished") else OTHER
    return "" if record["converged"] else UNCONVERGED


def finished(records: Mapping[str, dict[str, Any]]) -> set[str]:
    """Return the crystals that have a heat capacity to compare."""
    return {case for case, record in records.items() if not failure(record)}


def imaginary(records: Mapping[str, dict[str, Any]]) -> set[str]:
    """Return the finished crystals with an imaginary mode."""
    return {case for case in finished(records) if records[case]["imaginary"]}


def changed_symmetry(records: Mapping[str, dict[str, Any]]) -> set[str]:
    """Return the finished crystals that relaxed into another space group."""
    return {
        case
        for case in finished(records)
        if records[case]["space_group_before"] != records[case]["space_group_after"]
    }


def real_everywhere(found: Found) -> set[str]:
    """Return the crystals that every model finished without an imaginary mode."""
    return set.intersection(*(finished(one) - imaginary(one) for one in found.values()))


@dataclass(frozen=True)
class Score:
    """Heat capacities against PBE, J/mol/K; not-a-number for no crystal.

    Attributes
    ----------
    per_cell, per_atom
        Mean absolute difference per mole of the benchmark's cells, and of atoms.
    median_per_cell
        The median instead of the mean.
    signed_per_cell
        With its sign: positive is too large a heat capacity, from soft modes.
    """

    n: int
    per_cell: float
    per_atom: float
    median_per_cell: float
    signed_per_cell: float


def score(
    records: Mapping[str, dict[str, Any]], cases: Iterable[Case], crystals: set[str]
) -> Score:
    """Score a model on some crystals that it finished."""
    pairs = differences(records, cases, crystals)
    if not pairs:
        return Score(0, *[float("nan")] * 4)
    apart = [difference for _, difference in pairs]
    return Score(
        len(pairs),
        fmean(map(abs, apart)),
        fmean(abs(difference) / case.natoms for case, difference in pairs),
        median(map(abs, apart)),
        fmean(apart),
    )


def differences(
    records: Mapping[str, dict[str, Any]], cases: Iterable[Case], crystals: set[str]
) -> list[tuple[Case, float]]:
    """Return model minus PBE per mole of cells for each crystal."""
    return [
        (case, records[case.id][HEAT] - case.heat_capacity_300k_j_per_mol_cell_k)
        for case in cases
        if case.id in crystals
    ]


def largest(
    records: Mapping[str, dict[str, Any]], cases: Sequence[Case], count: int
) -> list[tuple[Case, float]]:
    """Return the crystals that differ most, descending."""
    pairs = differences(records, cases, finished(records))
    return sorted(pairs, key=lambda pair: -abs(pair[1]))[:count]
