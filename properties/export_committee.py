"""Tables of what the members of a committee say."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from properties.committee.result import CommitteeResult
    from properties.results import PhononResult

OVER_TEMPERATURE = (
    "alpha_volume_per_k",
    "bulk_modulus_gpa",
    "heat_capacity_p_j_per_mol_atoms_k",
)


def write_committee(
    folder: Path, result: CommitteeResult, phonons: PhononResult | None
) -> None:
    """Write final numbers, bands and functions of temperature with their spread as CSV."""
    names = [name.replace(" ", "_") for name in result.members]
    header = ("name", "unit", "value", "spread", "epistemic", "aleatoric", "combined", *names)
    rows = (
        (n.name, n.unit, n.value, n.spread, n.epistemic, n.aleatoric, n.combined, *n.members)
        for n in result.numbers
    )
    _table(folder / "committee.csv", header, rows)
    if result.band_frequency_thz.size and phonons is not None:
        _write_bands(folder, result, phonons)
    if result.temperatures_k.size:
        _write_functions(folder, result, names)


def _write_bands(folder: Path, result: CommitteeResult, phonons: PhononResult) -> None:
    count = phonons.band_frequency_thz.shape[1]
    header = ["distance", "q1", "q2", "q3", *(f"band_{k + 1}_thz" for k in range(count))]
    header += [f"band_{k + 1}_epistemic_thz" for k in range(count)]
    rows = np.column_stack(
        [
            phonons.band_distance,
            phonons.band_qpoints,
            phonons.band_frequency_thz,
            result.band_doubt_thz,
        ]
    )
    _table(folder / "committee_bands.csv", header, rows)


def _write_functions(folder: Path, result: CommitteeResult, names: Sequence[str]) -> None:
    header, columns = ["temperature_k"], [result.temperatures_k]
    for quantity in OVER_TEMPERATURE:
        header += [f"{quantity}_epistemic", *(f"{quantity}_{name}" for name in names)]
        columns += [result.thermal_doubt(quantity), *getattr(result, quantity)]
    _table(folder / "committee_thermal.csv", header, np.column_stack(columns))


def _table(path: Path, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table; what is not a number is left empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([_written(value) for value in row] for row in rows)


def _written(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.8g}" if np.isfinite(value) else ""
    return value
