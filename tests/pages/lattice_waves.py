"""Phonon results whose modes are known exactly: atoms on equal springs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from ase.build import bulk
from ase.data import atomic_masses

from properties import symmetry
from properties.crystal import Crystal
from properties.results import PhononResult, RelaxResult
from properties.vibrations import player
from tests.pages import sample

LATTICE_A = {"NaCl": 5.64, "Si": 5.43}
KINDS = {"NaCl": "rocksalt", "Si": "diamond"}
SPRING = 600.0


def crystal(name: str) -> Crystal:
    """Primitive cell of NaCl or Si."""
    atoms = bulk(name, KINDS[name], a=LATTICE_A[name])
    return symmetry.analyse(Crystal.from_atoms(atoms)).primitive


def relaxed(name: str) -> RelaxResult:
    found = symmetry.analyse(crystal(name))
    cells = {"primitive": found.primitive, "conventional": found.conventional}
    return replace(sample.relax(), **cells)


def dynamical_matrix(cell: Crystal, q: np.ndarray) -> np.ndarray:
    """Springs between bonded atoms, stiffer along y and z so that few modes are degenerate."""
    stiffness = SPRING * np.diag([1.0, 1.1, 1.3])
    matrix = np.zeros((len(cell), 3, len(cell), 3), complex)
    for i, j, *shift in player.bonds(cell):
        wave = np.exp(2j * np.pi * q @ (cell.fractional[j] + shift - cell.fractional[i]))
        matrix[i, :, i] += stiffness
        matrix[j, :, j] += stiffness
        matrix[i, :, j] -= wave * stiffness
        matrix[j, :, i] -= wave.conj() * stiffness
    root = np.sqrt(np.repeat(atomic_masses[cell.numbers], 3))
    size = 3 * len(cell)
    return matrix.reshape(size, size) / np.outer(root, root)


def phonons(name: str, every: int = 1, softened: float = 0.0) -> PhononResult:
    """Phonons of the springs; `softened` is taken from every squared frequency."""
    result, cell = sample.phonons(), crystal(name)
    solved = [np.linalg.eigh(dynamical_matrix(cell, q)) for q in result.band_qpoints]
    squares = np.array([values for values, _ in solved]) - softened
    kept = np.arange(0, len(squares), every)
    frequency = np.sign(squares) * np.sqrt(np.abs(squares))
    return replace(
        result,
        band_frequency_thz=frequency,
        band_eigenvectors=np.array([solved[k][1] for k in kept], dtype=np.complex64),
        band_eigenvector_index=kept,
        imaginary=bool(frequency.min() < -0.1),
        min_frequency_thz=float(frequency.min()),
        max_frequency_thz=float(frequency.max()),
    )
