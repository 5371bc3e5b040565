"""Random cells around a crystal: strained, rattled, each from a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.build import bulk

if TYPE_CHECKING:
    from ase import Atoms

CRYSTALS = {"Si": ("diamond", 5.47), "NaCl": ("rocksalt", 5.69)}
"""Structure and lattice constant in Å, near that of PBE."""

CYCLE = (8, 8, 2, 8, 16, 8, 8)
"""Atoms of the cells that follow each other: cubic, primitive, doubled primitive ones."""

STRAIN, VOLUMETRIC, RATTLE_A = (0.005, 0.04), 0.027, (0.02, 0.25)


@dataclass(frozen=True)
class Sampled:
    """A cell, the seed it follows from, and the width of its displacements in Å."""

    atoms: Atoms
    seed: int
    width_a: float

    @property
    def source(self) -> str:
        """What the cell is, in words; each is a draw of its own."""
        what = f"rattled {self.width_a:.2f} Å" if self.width_a else "strained"
        return f"{what}, {len(self.atoms)} atoms, seed {self.seed}"


def sample(crystal: str, first_seed: int, number: int) -> Sampled:
    """Draw a cell.

    The strain is symmetric with components below a bound that is itself drawn from 0.5 to 4 %;
    atoms are displaced by normal deviates of a width drawn from 0.02 to 0.25 Å. Every other
    primitive cell keeps its atoms in place, and primitive cells change their volume
    by up to 8 % besides.
    """
    rng = np.random.default_rng(first_seed + number)
    kind = CYCLE[number % len(CYCLE)]
    atoms = cell(crystal, kind)
    bound = rng.uniform(*STRAIN)
    strain = rng.uniform(-bound, bound, (3, 3))
    strain = (strain + strain.T) / 2
    if kind == 2:
        strain += np.eye(3) * rng.uniform(-VOLUMETRIC, VOLUMETRIC)
    in_place = kind == 2 and number % 2 == 0
    width = 0.0 if in_place else rng.uniform(*RATTLE_A)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    if width:
        atoms.positions += rng.normal(0, width, atoms.positions.shape)
    return Sampled(atoms, first_seed + number, width)


def cell(crystal: str, n_atoms: int) -> Atoms:
    """Return the perfect crystal in a cell of 2, 8 (cubic) or 16 atoms."""
    structure, lattice_a = CRYSTALS[crystal]
    if n_atoms == 8:
        return bulk(crystal, structure, a=lattice_a, cubic=True)
    primitive = bulk(crystal, structure, a=lattice_a)
    return primitive if n_atoms == 2 else primitive * (2, 2, 2)
