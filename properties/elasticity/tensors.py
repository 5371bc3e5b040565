"""Measured elastic tensors that come with the project, in ``tensors.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from ase.formula import Formula
from numpy.typing import NDArray

from mlpcore.errors import TensorError
from mlpcore.units import AMU_PER_A3_IN_KG_PER_M3
from properties.elasticity import pasted_numbers, patterns

FloatArray = NDArray[np.float64]

DATA = Path(__file__).with_name("tensors.json")


@dataclass(frozen=True)
class KnownTensor:
    """A measured tensor with its source.

    Attributes
    ----------
    name, title
        Key, and the name to show.
    formula, laue_class
        The crystal.
    constants_gpa
        Independent constants by name.
    density_kg_per_m3
        At room temperature.
    source, evidence, checked
        Where the constants are from, whether they were ``stored`` (read there) or
        ``recalled``, and what was checked.
    note
        What makes the crystal interesting.
    """

    name: str
    title: str
    formula: str
    laue_class: str
    constants_gpa: Mapping[str, float] = field(hash=False)
    density_kg_per_m3: float
    source: str
    evidence: str
    checked: str
    note: str

    @property
    def stiffness_gpa(self) -> FloatArray:
        """The whole tensor, (6, 6)."""
        return patterns.stiffness_gpa(self.constants_gpa, self.laue_class)

    @property
    def volume_per_atom_a3(self) -> float:
        """Mean volume of an atom, from density and formula, in Å³."""
        counts = Formula(self.formula).count()
        mass = sum(n * atomic_masses[atomic_numbers[one]] for one, n in counts.items())
        mean_mass = mass / sum(counts.values())
        return float(mean_mass * AMU_PER_A3_IN_KG_PER_M3 / self.density_kg_per_m3)


@cache
def known() -> Mapping[str, KnownTensor]:
    """Return all tensors by name."""
    entries = json.loads(DATA.read_text(encoding="utf-8"))["tensors"]
    return {entry["name"]: KnownTensor(**entry) for entry in entries}


def as_text(stiffness_gpa: FloatArray) -> str:
    """Return a tensor as six rows of six numbers, as people paste it."""
    return "\n".join("  ".join(f"{value:7.6g}" for value in row) for row in stiffness_gpa + 0.0)


def compact(stiffness_gpa: FloatArray) -> str:
    """Return a tensor in short rows for an address: the upper triangle, if that is enough."""
    full = [[f"{value:.6g}" for value in row] for row in stiffness_gpa + 0.0]
    symmetric = all(full[i][j] == full[j][i] for i, j in np.ndindex(6, 6))
    return "\n".join(" ".join(row[i if symmetric else 0 :]) for i, row in enumerate(full))


def as_csv(stiffness_gpa: FloatArray) -> str:
    """Return a tensor as a table with its Voigt indices, in GPa."""
    header = ",".join(["stiffness_gpa", *(str(k) for k in range(1, 7))])
    rows = [
        ",".join([str(k), *(f"{value:.6g}" for value in row)])
        for k, row in enumerate(stiffness_gpa + 0.0, 1)
    ]
    return "\n".join([header, *rows]) + "\n"


def grid(text: str) -> list[dict[str, str | float | None]]:
    """Return the upper triangle of the tensor in a text as rows of a table to edit.

    The lower triangle is empty; a text that holds no tensor gives an empty table.
    """
    try:
        full: FloatArray | None = pasted_numbers.read(text).numbers
    except TensorError:
        full = None
    return [
        {
            "row": f"{i + 1}",
            **{
                f"{j + 1}": None if full is None or _mirrored(full, i, j) else float(full[i, j])
                for j in range(6)
            },
        }
        for i in range(6)
    ]


def _mirrored(full: FloatArray, row: int, column: int) -> bool:
    return column < row and bool(full[row, column] == full[column, row])


def text_of_grid(rows: list[dict[str, str | float | None]]) -> str:
    """Return an edited table as text; an empty cell takes the value across the diagonal."""
    cells = [[row[f"{j + 1}"] for j in range(6)] for row in rows]
    full = np.zeros((6, 6))
    for i, j in np.ndindex(6, 6):
        value = cells[i][j] if cells[i][j] is not None else cells[j][i]
        full[i, j] = 0.0 if value is None else float(value)
    return as_text(full)


def rounded(value: float) -> float:
    """Return a value with three decimals, as it is shown in a field."""
    return round(value, 3)
