"""A crystal as an immutable value: lattice, elements, fractional coordinates."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.formula import Formula

from mlpcore.units import AMU_PER_A3_IN_KG_PER_M3
from properties.frozen import frozen_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


_ORDER = "He Ne Ar Kr Xe Rn B Ge Si C Sb As P N H Po Te Se S At I Br Cl O F"
NON_METALS = {symbol: place for place, symbol in enumerate(_ORDER.split())}
"""Places in a formula (IUPAC, Nomenclature of Inorganic Chemistry, 1970, rule 2.161)."""


@dataclass(frozen=True, eq=False)
class Crystal:
    """Lattice vectors in rows (Å), atomic numbers and fractional coordinates.

    Attributes
    ----------
    lattice_a
        Lattice vectors as rows, shape (3, 3), Å.
    numbers
        Atomic numbers, shape (n,).
    fractional
        Fractional coordinates, shape (n, 3).
    """

    lattice_a: NDArray[np.float64]
    numbers: NDArray[np.int64]
    fractional: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "lattice_a", frozen_array(self.lattice_a, float, (3, 3)))
        object.__setattr__(self, "numbers", frozen_array(self.numbers, int, (-1,)))
        shape = (len(self.numbers), 3)
        object.__setattr__(self, "fractional", frozen_array(self.fractional, float, shape))

    @classmethod
    def from_atoms(cls, atoms: Atoms) -> Crystal:
        """Take lattice, elements and positions from an ASE object."""
        return cls(np.array(atoms.cell), atoms.numbers, atoms.get_scaled_positions(wrap=False))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Crystal:
        """Inverse of :meth:`to_dict`."""
        return cls(
            np.array(data["lattice_a"]),
            np.array(data["numbers"], dtype=int),
            np.array(data["fractional"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, ready for JSON."""
        return {
            "lattice_a": self.lattice_a.tolist(),
            "numbers": self.numbers.tolist(),
            "fractional": self.fractional.tolist(),
        }

    def to_atoms(self) -> Atoms:
        """Return a periodic ASE object with its own copies of the arrays."""
        return Atoms(
            numbers=self.numbers,
            cell=self.lattice_a,
            scaled_positions=self.fractional,
            pbc=True,
        )

    def with_lattice(self, lattice_a: ArrayLike) -> Crystal:
        """Return the same fractional coordinates in another lattice."""
        return Crystal(np.asarray(lattice_a, dtype=float), self.numbers, self.fractional)

    def turned(self, axes: ArrayLike) -> Crystal:
        """Return the crystal in the Cartesian frame whose axes are the rows of `axes`."""
        return self.with_lattice(self.lattice_a @ np.asarray(axes, dtype=float).T)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Chemical symbol of each atom."""
        return tuple(self.to_atoms().get_chemical_symbols())

    @property
    def formula(self) -> str:
        """Reduced formula, metals first, then as in IUPAC's order: ``Al2O3``, ``SiO2``."""
        reduced = self.to_atoms().symbols.formula.reduce()[0]
        counts = Formula(reduced.format("metal")).count()
        ordered = sorted(counts, key=lambda symbol: NON_METALS.get(symbol, -1))
        return "".join(
            f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in ordered
        )

    @property
    def volume_a3(self) -> float:
        """Cell volume in Å³."""
        return float(abs(np.linalg.det(self.lattice_a)))

    @property
    def density_kg_per_m3(self) -> float:
        """Mass density in kg/m³, from standard atomic weights."""
        mass = float(self.to_atoms().get_masses().sum())
        return mass / self.volume_a3 * AMU_PER_A3_IN_KG_PER_M3

    @property
    def sha256(self) -> str:
        """Hash of the structure to 1e-8 in every number."""
        rounded = {
            "lattice_a": (np.round(self.lattice_a, 8) + 0.0).tolist(),
            "numbers": self.numbers.tolist(),
            "fractional": (np.round(self.fractional, 8) + 0.0).tolist(),
        }
        return hashlib.sha256(json.dumps(rounded).encode()).hexdigest()
