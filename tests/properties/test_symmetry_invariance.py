from __future__ import annotations

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mlpcore.errors import StructureError
from properties import symmetry
from properties.crystal import Crystal
from properties.examples import example, example_names

NAMES = st.sampled_from(example_names())
SEEDS = st.integers(0, 2**32 - 1)


def disguised(crystal, seed):
    """The same crystal turned, shifted, relisted, in another basis of its lattice."""
    rng = np.random.default_rng(seed)
    basis = np.eye(3, dtype=int)
    basis[0, 1], basis[2, 0] = rng.integers(-1, 2, 2)
    turn = Rotation.random(random_state=seed).as_matrix()
    lattice = basis @ crystal.lattice_a @ turn.T
    fractional = (crystal.fractional + rng.random(3)) @ np.linalg.inv(basis)
    order = rng.permutation(len(crystal))
    return Crystal(lattice, crystal.numbers[order], fractional[order])


def repeated(crystal, axis):
    """Twice the crystal along one axis."""
    multiples = [1, 1, 1]
    multiples[axis] = 2
    return Crystal.from_atoms(crystal.to_atoms().repeat(multiples))


def sites(found):
    """Orbits without the letters and origins that depend on the setting."""
    return sorted((s.symbol, s.multiplicity, s.site_symmetry) for s in found.sites)


def lengths_and_angles(crystal):
    return np.sort(crystal.to_atoms().cell.cellpar())


def assert_same(found, known):
    assert (found.number, found.symbol) == (known.number, known.symbol)
    assert (found.point_group, found.crystal_system) == (
        known.point_group,
        known.crystal_system,
    )
    assert [s[:2] for s in sites(found)] == [s[:2] for s in sites(known)]
    assert len(found.primitive) == len(known.primitive)
    for cell in ("primitive", "conventional"):
        np.testing.assert_allclose(
            lengths_and_angles(getattr(found, cell)),
            lengths_and_angles(getattr(known, cell)),
            atol=1e-4,
        )


@settings(max_examples=40, deadline=None)
@given(NAMES, SEEDS)
def test_the_choice_of_cell_and_axes_does_not_matter(name, seed):
    crystal = example(name).crystal
    assert_same(symmetry.analyse(disguised(crystal, seed)), symmetry.analyse(crystal))


@settings(max_examples=30, deadline=None)
@given(NAMES, st.integers(0, 2))
def test_a_supercell_is_the_same_crystal(name, axis):
    crystal = example(name).crystal
    assert_same(symmetry.analyse(repeated(crystal, axis)), symmetry.analyse(crystal))


@settings(max_examples=20, deadline=None)
@given(NAMES, SEEDS)
def test_analysis_is_idempotent(name, seed):
    once = symmetry.analyse(disguised(example(name).crystal, seed)).primitive
    twice = symmetry.analyse(once)
    np.testing.assert_allclose(twice.primitive.lattice_a, once.lattice_a, atol=1e-5)
    assert twice.number == symmetry.analyse(twice.conventional).number


@pytest.mark.parametrize("name", example_names())
def test_space_groups_of_the_examples(name):
    known = example(name)
    found = symmetry.analyse(known.crystal)
    assert found.number == known.space_group_number
    per_cell = sum(site.multiplicity for site in found.sites)
    assert per_cell == len(found.conventional)
    density = found.primitive.density_kg_per_m3
    assert density == pytest.approx(found.conventional.density_kg_per_m3)


@pytest.mark.parametrize("name", example_names())
def test_band_paths_are_those_of_the_primitive_cell(name):
    found = symmetry.analyse(example(name).crystal)
    path = symmetry.band_path(found.primitive)
    assert path.points["GAMMA"] == (0.0, 0.0, 0.0)
    assert {p for segment in path.segments for p in segment} <= set(path.points)
    assert len(path.segments) >= 4


def test_another_cell_has_no_band_path():
    found = symmetry.analyse(example("Si").crystal)
    with pytest.raises(StructureError, match="needs the standard primitive cell"):
        symmetry.band_path(found.conventional)


@pytest.mark.parametrize("answers_none", [True, False])
def test_atoms_on_top_of_each_other_have_no_space_group(monkeypatch, answers_none):
    """However spglib is set; phonopy changes it on its way."""
    monkeypatch.setattr(spglib.error, "OLD_ERROR_HANDLING", answers_none)
    crystal = Crystal(4 * np.eye(3), np.array([14, 14]), np.zeros((2, 3)))
    with pytest.raises(StructureError, match="No space group could be found"):
        symmetry.analyse(crystal)


def test_wyckoff_sites_of_corundum():
    found = symmetry.analyse(example("Al2O3").crystal)
    assert {(s.symbol, s.multiplicity, s.letter) for s in found.sites} == {
        ("Al", 12, "c"),
        ("O", 18, "e"),
    }


def test_a_small_distortion_lowers_the_symmetry():
    """Above the tolerance it counts, below it does not."""
    crystal = symmetry.analyse(example("SrTiO3").crystal).primitive
    titanium = int(np.flatnonzero(crystal.numbers == 22)[0])
    for shift_a, number in ((1e-5, 221), (0.05, 99)):
        fractional = crystal.fractional.copy()
        fractional[titanium, 2] += shift_a / 3.9
        moved = Crystal(crystal.lattice_a, crystal.numbers, fractional)
        assert symmetry.analyse(moved).number == number
