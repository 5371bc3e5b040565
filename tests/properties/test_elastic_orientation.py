"""All eleven Laue classes: standard form, and nothing that depends on the cell received."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from properties import symmetry
from properties.crystal import Crystal
from properties.elasticity import laue
from properties.elasticity.bare import bare_tensor
from properties.elasticity.orientation import Orientation
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from tests.properties.springs import Springs

FIRST_HALL = {}
for hall in range(1, 531):
    FIRST_HALL.setdefault(spglib.get_spacegroup_type(hall).number, hall)

AXES = {"11", "22", "33", "12", "13", "23", "44", "55", "66"}
FORM = {
    "m-3m": AXES,
    "m-3": AXES,
    "6/mmm": AXES,
    "6/m": AXES,
    "-3m": AXES | {"14", "24", "56"},
    "-3": AXES | {"14", "24", "56", "15", "25", "46"},
    "4/mmm": AXES,
    "4/m": AXES | {"16", "26"},
    "mmm": AXES,
    "2/m": AXES | {"15", "25", "35", "46"},
    "-1": {f"{i}{j}" for i in range(1, 7) for j in range(i, 7)},
}
"""Entries that do not vanish (Nye 1957, appendix B)."""

RELATED = {
    "cubic": {"22": "11", "33": "11", "13": "12", "23": "12", "55": "44", "66": "44"},
    "hexagonal": {"22": "11", "23": "13", "55": "44"},
    "trigonal": {"22": "11", "23": "13", "55": "44", "56": "14"},
    "tetragonal": {"22": "11", "23": "13", "55": "44"},
}

SPACE_GROUPS = {
    "-1": (2,),
    "2/m": (11, 14, 15),
    "mmm": (62, 43, 70),
    "4/m": (88, 81, 76),
    "4/mmm": (136, 122, 115),
    "-3": (147, 148, 143),
    "-3m": (152, 149, 162, 166, 160, 157),
    "6/m": (176, 174),
    "6/mmm": (186, 189),
    "m-3": (198, 205),
    "m-3m": (216, 221),
}
"""Some groups of each class: primitive and centred, twofold axes along and across a."""


def space_group_crystal(number, seed=0, point=None):
    """Copper and gold on random sites of a space group, in its conventional cell."""
    rng = np.random.default_rng((number, seed))
    found = spglib.get_symmetry_from_database(FIRST_HALL[number])
    rotations, shifts = found["rotations"], found["translations"]
    half = rng.normal(size=(3, 3))
    metric = half @ half.T + 3 * np.eye(3)
    metric = np.mean([w.T @ metric @ w for w in rotations], axis=0)
    sites = rng.random((2, 3)) if point is None else np.array([point, [0.0, 0.0, 0.0]])
    numbers, positions = [], []
    for site, element in zip(sites, (29, 79), strict=True):
        orbit = np.unique(np.round((rotations @ site + shifts) % 1, 9) % 1, axis=0)
        positions += [*orbit]
        numbers += [element] * len(orbit)
    lattice = np.linalg.cholesky(metric)
    lattice *= (9.0 * len(numbers) / abs(np.linalg.det(lattice))) ** (1 / 3)
    return Crystal(lattice, np.array(numbers), np.array(positions))


@cache
def of_class(laue_class, which):
    cubic = {198: (0.1, 0.1, 0.1), 205: (0.12, 0.12, 0.12), 216: (0.11,) * 3, 221: (0.2,) * 3}
    number = SPACE_GROUPS[laue_class][which % len(SPACE_GROUPS[laue_class])]
    crystal = space_group_crystal(number, point=cubic.get(number))
    assert laue.LAUE_CLASS[symmetry.analyse(crystal).point_group] == laue_class
    return crystal


def disguised(crystal, seed):
    """The same crystal turned, shifted, relisted, in another cell, perhaps a larger one."""
    rng = np.random.default_rng(seed)
    basis = np.eye(3, dtype=int)
    for row, other in ((0, 1), (2, 0), (1, 2)):
        basis[row] += rng.integers(-1, 2) * basis[other]
    basis[rng.integers(3)] *= rng.integers(1, 3)
    turn = Rotation.random(random_state=seed).as_matrix()
    atoms = crystal.to_atoms()
    cells = np.array(np.meshgrid(*[range(-8, 9)] * 3)).reshape(3, -1).T
    places = (atoms.get_scaled_positions()[:, None] + cells).reshape(-1, 3)
    inside = (places + rng.random(3)) @ np.linalg.inv(basis)
    kept = np.all((inside > -1e-9) & (inside < 1 - 1e-9), axis=1)
    numbers = np.repeat(crystal.numbers, len(cells))[kept]
    order = rng.permutation(len(numbers))
    assert len(numbers) == len(crystal) * round(abs(np.linalg.det(basis)))
    return Crystal(basis @ crystal.lattice_a @ turn.T, numbers[order], inside[kept][order])


def tensor(crystal):
    primitive = symmetry.analyse(crystal).primitive
    return bare_tensor(primitive, Springs(), Silent(), MemoryPieces())


@cache
def known(laue_class, which):
    return tensor(of_class(laue_class, which))


def nonzero(matrix):
    rows, columns = np.nonzero(np.abs(np.triu(matrix)) > 1e-6 * np.abs(matrix).max())
    return {f"{i + 1}{j + 1}" for i, j in zip(rows, columns, strict=True)}


@pytest.mark.parametrize("number", range(1, 231))
def test_the_tensor_of_every_space_group_has_its_standard_form(number):
    """A random tensor with the symmetry of a random crystal, in the axes found for it."""
    rng = np.random.default_rng(number)
    crystal = symmetry.analyse(space_group_crystal(number, point=rng.random(3))).primitive
    orientation = Orientation.of(crystal)
    axes = orientation.axes(crystal.lattice_a)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-7)
    assert np.linalg.det(axes) == pytest.approx(1)
    group = laue.point_group(crystal.turned(axes), symmetry.SYMPREC_A)
    half = rng.normal(size=(6, 6))
    found = laue.project(half + half.T, group)
    analysed = symmetry.analyse(crystal)
    laue_class = laue.LAUE_CLASS[analysed.point_group]
    assert nonzero(found) == FORM[laue_class]
    entry = {f"{i + 1}{j + 1}": found[i, j] for i in range(6) for j in range(6)}
    for dependent, source in RELATED.get(analysed.crystal_system, {}).items():
        assert entry[dependent] == pytest.approx(entry[source]), dependent
    if analysed.crystal_system in ("hexagonal", "trigonal"):
        assert entry["66"] == pytest.approx((entry["11"] - entry["12"]) / 2)
        assert entry["24"] == pytest.approx(-entry["14"])
        assert entry["46"] == pytest.approx(-entry["15"])


@pytest.mark.parametrize("laue_class", laue.INDEPENDENT)
def test_computed_tensors_have_the_constants_of_their_class(laue_class):
    for which in range(len(SPACE_GROUPS[laue_class])):
        found = known(laue_class, which).relaxed_gpa
        assert nonzero(found) == FORM[laue_class]
        named = laue.independent_constants(found, laue_class)
        assert len(named) == len(laue.INDEPENDENT[laue_class])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(laue.INDEPENDENT)), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_the_cell_received_does_not_matter(laue_class, which, seed):
    """Turned, shifted, in another basis, as a supercell: the same tensor, signs included."""
    expected = known(laue_class, which)
    found = tensor(disguised(of_class(laue_class, which), seed))
    largest = np.abs(expected.relaxed_gpa).max()
    np.testing.assert_allclose(found.relaxed_gpa, expected.relaxed_gpa, atol=1e-4 * largest)
    np.testing.assert_allclose(found.clamped_gpa, expected.clamped_gpa, atol=1e-4 * largest)


@pytest.mark.parametrize("name", ["GaAs", "Si", "Al2O3", "SiO2", "ZrO2"])
def test_words_name_the_axes_of_the_conventional_cell_that_is_shown(name):
    found = symmetry.analyse(example(name).crystal)
    orientation = Orientation.of(found.primitive)
    axes = orientation.axes(found.primitive.lattice_a)
    shown = found.conventional.lattice_a
    vectors = dict(zip("abc", shown, strict=True))
    vectors |= zip(("a*", "b*", "c*"), np.linalg.inv(shown).T, strict=True)
    words = orientation.in_words(found.primitive.lattice_a).split(", ")
    assert len(words) == 3
    for axis, word in zip(axes, words, strict=True):
        vector = vectors[word.split(" ∥ ")[1]]
        assert axis @ vector == pytest.approx(np.linalg.norm(vector))
