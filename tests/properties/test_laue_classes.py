from __future__ import annotations

import numpy as np
import pytest
import spglib

from properties import symmetry
from properties.elasticity import laue, voigt
from properties.elasticity.orientation import Orientation
from properties.examples import example, example_names

NUMBER_OF_CONSTANTS = {
    "m-3m": 3,
    "m-3": 3,
    "6/mmm": 5,
    "6/m": 5,
    "-3m": 6,
    "-3": 7,
    "4/mmm": 6,
    "4/m": 7,
    "mmm": 9,
    "2/m": 13,
    "-1": 21,
}
FIRST_HALL = {}
for hall in range(1, 531):
    FIRST_HALL.setdefault(spglib.get_spacegroup_type(hall).pointgroup_international, hall)


def cartesian_group(hall, seed=0):
    """Rotations of a space group in a random lattice that has its symmetry."""
    rotations = spglib.get_symmetry_from_database(hall)["rotations"].astype(float)
    half = np.random.default_rng(seed).normal(size=(3, 3))
    metric = half @ half.T + np.eye(3)
    metric = np.mean([w.T @ metric @ w for w in rotations], axis=0)
    columns = np.linalg.cholesky(metric).T
    return np.array([columns @ w @ np.linalg.inv(columns) for w in rotations])


def random_tensor(seed=0):
    half = np.random.default_rng(seed).normal(size=(6, 6))
    return half + half.T


@pytest.fixture(params=FIRST_HALL, scope="module")
def point_group(request):
    return request.param


@pytest.fixture(scope="module")
def rotations(point_group):
    return cartesian_group(FIRST_HALL[point_group])


def test_there_are_32_point_groups_in_11_laue_classes():
    assert set(FIRST_HALL) <= set(laue.LAUE_CLASS)
    assert len(FIRST_HALL) == 32
    assert set(laue.LAUE_CLASS.values()) == set(laue.INDEPENDENT) == set(NUMBER_OF_CONSTANTS)


def test_random_groups_are_groups_of_rotations(rotations):
    np.testing.assert_allclose(
        rotations @ rotations.transpose(0, 2, 1),
        np.tile(np.eye(3), (len(rotations), 1, 1)),
        atol=1e-9,
    )


def test_number_of_independent_constants(point_group, rotations):
    laue_class = laue.LAUE_CLASS[point_group]
    assert len(laue.INDEPENDENT[laue_class]) == NUMBER_OF_CONSTANTS[laue_class]
    assert len(laue.invariant_basis(rotations)) == NUMBER_OF_CONSTANTS[laue_class]


def test_projection_is_idempotent_and_invariant(rotations):
    once = laue.project(random_tensor(), rotations)
    np.testing.assert_allclose(laue.project(once, rotations), once, atol=1e-12)
    np.testing.assert_allclose(voigt.rotate(once, rotations[-1]), once, atol=1e-12)


def test_inversion_changes_no_elastic_tensor(rotations):
    both = np.concatenate([rotations, -rotations])
    tensor = random_tensor()
    np.testing.assert_allclose(
        laue.project(tensor, both), laue.project(tensor, rotations), atol=1e-12
    )


def test_a_few_strains_determine_the_whole_tensor(rotations):
    patterns = laue.strain_patterns(rotations)
    for seed in range(3):
        tensor = laue.project(random_tensor(seed), rotations)
        found = laue.complete(tensor[:, patterns], patterns, rotations)
        np.testing.assert_allclose(found, tensor, atol=1e-9)


@pytest.mark.parametrize(("point_group", "most"), [("m-3m", 2), ("6/mmm", 3), ("-1", 6)])
def test_no_more_strains_than_needed(point_group, most):
    """In the standard axes: a cubic crystal needs one normal strain and one shear."""
    hall = FIRST_HALL[point_group]
    rotations = cartesian_group(hall)
    assert len(laue.strain_patterns(rotations)) <= most


@pytest.mark.parametrize("name", example_names())
def test_ieee_axes_are_right_handed_and_independent_constants_suffice(name):
    found = symmetry.analyse(example(name).crystal)
    axes = Orientation.of(found.primitive).axes(found.primitive.lattice_a)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-7)
    assert np.linalg.det(axes) == pytest.approx(1)
    group = laue.point_group(found.primitive, symmetry.SYMPREC_A)
    laue_class = laue.LAUE_CLASS[found.point_group]
    basis = [voigt.rotate(tensor, axes) for tensor in laue.invariant_basis(group)]
    named = [list(laue.independent_constants(tensor, laue_class).values()) for tensor in basis]
    assert np.linalg.matrix_rank(np.array(named), 1e-6) == NUMBER_OF_CONSTANTS[laue_class]


def in_ieee_axes(name):
    """A random tensor with the symmetry of an example."""
    found = symmetry.analyse(example(name).crystal)
    group = laue.point_group(found.primitive, symmetry.SYMPREC_A)
    tensor = laue.project(random_tensor(5), group)
    axes = Orientation.of(found.primitive).axes(found.primitive.lattice_a)
    return voigt.rotate(tensor, axes)


def nonzero(tensor):
    rows, columns = np.nonzero(np.abs(np.triu(tensor)) > 1e-6)
    return {f"{i + 1}{j + 1}" for i, j in zip(rows, columns, strict=True)}


CUBIC = {"11", "22", "33", "12", "13", "23", "44", "55", "66"}


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("Si", CUBIC),
        ("FeS2", CUBIC),
        ("Mg", CUBIC),
        ("TiO2", CUBIC),
        ("Al2O3", CUBIC | {"14", "24", "56"}),
        ("SiO2", CUBIC | {"14", "24", "56"}),
        ("ZrO2", CUBIC | {"15", "25", "35", "46"}),
    ],
)
def test_forms_of_the_tensors_in_ieee_axes(name, entries):
    assert nonzero(in_ieee_axes(name)) == entries


def test_relations_in_hexagonal_and_trigonal_tensors():
    for name in ("Mg", "SiO2"):
        c = in_ieee_axes(name)
        assert c[5, 5] == pytest.approx((c[0, 0] - c[0, 1]) / 2)
        assert c[0, 0] == pytest.approx(c[1, 1])
        assert c[3, 3] == pytest.approx(c[4, 4])
    assert c[0, 3] == pytest.approx(-c[1, 3]) == pytest.approx(c[4, 5])


def test_axes_of_an_orthorhombic_crystal_are_ordered_by_length():
    """c < a < b after IEEE 176."""
    from properties.crystal import Crystal

    lattice = np.diag([6.0, 4.0, 5.0])
    crystal = Crystal(lattice, np.array([29]), np.zeros((1, 3)))
    found = symmetry.analyse(crystal)
    axes = Orientation.of(found.primitive).axes(found.primitive.lattice_a)
    spans = np.abs(axes @ found.conventional.lattice_a.T).max(axis=1)
    np.testing.assert_allclose(spans, [5.0, 6.0, 4.0])


@pytest.mark.parametrize("name", example_names())
def test_proper_operations_permute_atoms_as_they_move_them(name):
    crystal = symmetry.analyse(example(name).crystal).primitive
    sources, rotations, images = laue.proper_operations(crystal, symmetry.SYMPREC_A)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    assert (np.sort(images, axis=1) == np.arange(len(crystal))).all()
    assert (crystal.numbers[images] == crystal.numbers).all()
    distances = crystal.to_atoms().get_all_distances(mic=True)
    for sent in images:
        np.testing.assert_allclose(distances[np.ix_(sent, sent)], distances, atol=1e-3)
    for atom, source in enumerate(sources):
        assert (images[:, source] == atom).any()
