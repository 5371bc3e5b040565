from __future__ import annotations

import itertools

import numpy as np
import pytest
import spglib
from hypothesis import given
from hypothesis import strategies as st

from properties import symmetry
from properties.examples import example, example_names
from properties.vibrations import supercell


def analysed(name):
    return symmetry.analyse(example(name).crystal)


def rotations_of(crystal):
    cell = (crystal.lattice_a, crystal.fractional, crystal.numbers)
    return spglib.get_symmetry_dataset(cell, symprec=symmetry.SYMPREC_A).rotations


@pytest.mark.parametrize("name", example_names())
@pytest.mark.parametrize("length_a", [6.0, 10.0, 15.0])
def test_supercells_keep_the_point_group_and_reach_the_length(name, length_a):
    found = analysed(name)
    chosen = supercell.choose(found, length_a, 10_000)
    assert chosen.length_a >= length_a - 1e-6
    volumes = abs(np.linalg.det(chosen.matrix))
    assert chosen.n_atoms == pytest.approx(volumes * len(found.primitive))
    basis = chosen.matrix.T.astype(float)
    for rotation in rotations_of(found.primitive):
        turned = np.linalg.inv(basis) @ rotation @ basis
        np.testing.assert_allclose(turned, np.round(turned), atol=1e-9)


@pytest.mark.parametrize("name", example_names())
def test_over_the_limit_the_longest_within_it_is_taken(name):
    found = analysed(name)
    free = supercell.choose(found, 15.0, 10_000)
    limit = free.n_atoms // 2
    chosen = supercell.choose(found, 15.0, limit)
    assert len(found.primitive) <= chosen.n_atoms <= limit
    assert chosen.length_a < 15.0
    shorter = supercell.choose(found, 0.6 * chosen.length_a, limit)
    assert shorter.length_a <= chosen.length_a + 1e-6


def test_no_smaller_cell_of_cubic_lattices_is_missed():
    """Face-centred silicon: 64 atoms reach 10.8 Å as 2 × 2 × 2, 128 reach 15.4 Å."""
    found = analysed("Si")
    assert supercell.choose(found, 10.8, 1000).n_atoms == 64
    assert supercell.choose(found, 7.6, 1000).n_atoms == 16
    assert supercell.choose(found, 15.3, 1000).n_atoms == 128


def test_even_supercells_are_preferred_at_a_moderate_price():
    """3 × 3 × 3 of a simple cubic crystal reaches 11.7 Å; 4 × 4 × 4 would cost 2.4 times."""
    found = analysed("SrTiO3")
    assert supercell.choose(found, 7.0, 1000).is_even
    odd = supercell.choose(found, 11.0, 1000)
    ratio = (4 / 3) ** 3
    assert odd.n_atoms < supercell.EVEN_BONUS * 27 * 5 < ratio * 27 * 5


def test_the_primitive_cell_is_returned_if_even_that_is_over_the_limit():
    found = analysed("Al2O3")
    chosen = supercell.choose(found, 10.0, 5)
    np.testing.assert_array_equal(chosen.matrix, np.eye(3))


def brute_force(lattice, reach=6):
    steps = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3)))
    lengths = np.linalg.norm(steps @ lattice, axis=1)
    return lengths[lengths > 1e-9].min()


@given(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(1, 5)] * 3))
def test_shortest_vector_against_brute_force(seed, multiples):
    rng = np.random.default_rng(seed)
    primitive = 4 * np.eye(3) + rng.uniform(-1.2, 1.2, size=(3, 3))
    lattice = np.diag(multiples) @ primitive
    assert supercell.shortest_vector(lattice) == pytest.approx(brute_force(lattice))


@pytest.mark.parametrize("name", example_names())
def test_lengths_of_chosen_supercells_against_brute_force(name):
    found = analysed(name)
    for length_a in (8.0, 12.0):
        chosen = supercell.choose(found, length_a, 10_000)
        lattice = chosen.matrix @ found.primitive.lattice_a
        assert chosen.length_a == pytest.approx(brute_force(lattice))
