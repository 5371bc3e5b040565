"""Shortcuts through libraries give what the long way gives."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.constraints import FixSymmetry
from ase.filters import FrechetCellFilter
from phonopy import Phonopy

from properties import symmetry
from properties.crystal import Crystal
from properties.elasticity import laue, voigt
from properties.examples import example
from properties.relax import CellFilter
from properties.vibrations.displacements import displaced, displaced_cells


@pytest.mark.parametrize("options", [{"scalar_pressure": 0.03}, {"constant_volume": True}])
def test_one_derivative_of_the_exponential_replaces_nine(options):
    rng = np.random.default_rng(3)
    atoms = bulk("Ar", cubic=True) * (2, 1, 1)
    atoms.calc = LennardJones(sigma=3.4, epsilon=0.01, rc=8.0)
    short, long = CellFilter(atoms, **options), FrechetCellFilter(atoms, **options)
    atoms.set_cell(atoms.cell @ (np.eye(3) + rng.normal(0, 0.1, (3, 3))), scale_atoms=True)
    atoms.rattle(0.1, seed=4)
    found = short.get_forces()
    assert np.abs(found[-3:]).max() > 1e-3
    np.testing.assert_allclose(found, long.get_forces(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["Si", "Al2O3", "ZrO2"])
def test_projection_is_the_mean_of_the_rotated_tensors(name):
    group = laue.point_group(symmetry.analyse(example(name).crystal).primitive, 1e-3)
    rng = np.random.default_rng(5)
    tensor = rng.normal(size=(6, 6))
    tensor += tensor.T
    mean = np.mean([voigt.rotate(tensor, rotation) for rotation in group], axis=0)
    np.testing.assert_allclose(laue.project(tensor, group), mean, atol=1e-12)


@pytest.fixture
def corundum():
    return symmetry.analyse(example("Al2O3").crystal).primitive


def expanded(crystal):
    """Another volume and shape, positions moved as far as the space group allows."""
    lattice = crystal.lattice_a @ np.diag([1.02, 1.02, 1.01])
    atoms = crystal.with_lattice(lattice).to_atoms()
    atoms.set_constraint(FixSymmetry(atoms, symprec=1e-3))
    shifts = np.random.default_rng(7).normal(0, 0.05, (len(atoms), 3))
    atoms.set_positions(atoms.positions + shifts)
    return Crystal.from_atoms(atoms)


def force_constants(phonon):
    rng = np.random.default_rng(6)
    cells = displaced_cells(phonon, "forces")
    phonon.forces = np.array([rng.normal(size=(len(a), 3)) for a in cells.values()])
    phonon.produce_force_constants(show_drift=False)
    return phonon.force_constants


def test_symmetry_of_another_volume_is_that_of_the_first(corundum, monkeypatch):
    matrix = np.diag([2, 2, 2])
    first = displaced(corundum, matrix, 0.01)
    other = expanded(corundum)
    assert symmetry.analyse(other).number == 167
    assert np.abs(other.fractional - corundum.fractional).max() > 1e-3
    long = displaced(other, matrix, 0.01)
    searched = []
    search = Phonopy._search_symmetry
    monkeypatch.setattr(
        Phonopy, "_search_symmetry", lambda self: searched.append(self) or search(self)
    )
    short = displaced(other, matrix, 0.01, first)
    assert searched == []
    assert short.symmetry is first.symmetry
    assert np.array_equal(short.displacements, long.displacements)
    np.testing.assert_allclose(force_constants(short), force_constants(long), atol=1e-9)


def test_symmetry_of_a_different_crystal_is_not_taken_over(corundum):
    matrix = np.diag([2, 2, 2])
    first = displaced(corundum, matrix, 0.01)
    order = np.argsort(corundum.numbers, kind="stable")[::-1]
    moved = Crystal(corundum.lattice_a, corundum.numbers[order], corundum.fractional[order])
    assert np.array_equal(moved.numbers, corundum.numbers)
    found = displaced(moved, matrix, 0.01, first)
    assert found.symmetry is not first.symmetry
    assert len(found.symmetry.pointgroup_operations) == 12
    np.testing.assert_allclose(
        force_constants(found), force_constants(displaced(moved, matrix, 0.01)), atol=1e-12
    )
