"""Crystals and sizes of the force benchmark."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from scipy.spatial.transform import Rotation

from properties import symmetry
from properties.examples import example

RATTLE_A = 0.05

PRIMITIVE = (0, 0, 0)
CUBIC = {2: PRIMITIVE, 8: (1, 1, 1), 64: (2, 2, 2), 216: (3, 3, 3), 512: (4, 4, 4)}
CORUNDUM = {10: PRIMITIVE, 30: (1, 1, 1), 120: (2, 2, 1), 270: (3, 3, 1), 480: (4, 4, 1)}
CASES = {"Si": CUBIC, "NaCl": CUBIC, "Al2O3": CORUNDUM}
"""Number of atoms: how often the conventional cell is repeated."""


def crystal(name: str, n_atoms: int) -> Atoms:
    """Return an example's primitive cell, or its conventional cell repeated."""
    found = symmetry.analyse(example(name).crystal)
    repeats = CASES[name][n_atoms]
    if repeats == PRIMITIVE:
        return found.primitive.to_atoms()
    return found.conventional.to_atoms().repeat(repeats)


def rattled(atoms: Atoms, seed: int) -> Atoms:
    """Return the crystal rattled and turned at random.

    Turned, so that a neighbour list kept from the call before cannot serve again.
    """
    generator = np.random.default_rng(seed)
    turn = Rotation.random(rng=generator).as_matrix()
    moved: Atoms = atoms.copy()
    moved.positions += generator.normal(scale=RATTLE_A, size=moved.positions.shape)
    moved.set_cell(moved.cell.array @ turn, scale_atoms=True)
    return moved
