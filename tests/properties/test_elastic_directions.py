"""Elastic properties along directions: closed forms, invariances, brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from properties.elasticity import directions, voigt
from properties.elasticity.directions import Quantity
from properties.elasticity.moduli import averages
from tests.properties import tensors

SILICON = tensors.cubic(165.7, 63.9, 79.6)
COPPER = tensors.cubic(168.4, 121.4, 75.4)
ZINC = tensors.uniaxial(163.7, 36.4, 53.0, 63.5, 38.8)
AXES = {"100": [1, 0, 0], "110": [1, 1, 0], "111": [1, 1, 1], "1-10": [1, -1, 0]}
AXES = {name: np.array(v) / np.linalg.norm(v) for name, v in AXES.items()}
SEEDS = st.integers(0, 2**32 - 1)


def random_stable(seed):
    half = np.random.default_rng(seed).normal(size=(6, 6))
    return 20 * half @ half.T + 50 * np.eye(6)


def random_directions(seed, count):
    n = np.random.default_rng(seed).normal(size=(count, 3))
    return n / np.linalg.norm(n, axis=1)[:, None]


def test_isotropic_solid_is_the_same_in_every_direction():
    tensor = tensors.isotropic(80, 60)
    grid = directions.sphere_directions(7, 9)
    found = averages(tensor)
    np.testing.assert_allclose(
        directions.young_modulus_gpa(tensor, grid), found.young_vrh_gpa, rtol=1e-12
    )
    for value in directions.shear_modulus_range_gpa(tensor, grid):
        np.testing.assert_allclose(value, 60)
    for value in directions.poisson_range(tensor, grid):
        np.testing.assert_allclose(value, 80 / (2 * 140))


@pytest.mark.parametrize("quantity", list(Quantity))
def test_isotropic_extremes_meet(quantity):
    low, high = directions.extremes(tensors.isotropic(80, 60), quantity)
    assert low.value == pytest.approx(high.value, rel=1e-9)
    np.testing.assert_allclose(low.direction @ low.direction, 1)


def test_young_moduli_of_a_cubic_crystal():
    s11, s12, s44 = np.linalg.inv(SILICON)[[0, 0, 3], [0, 1, 3]]
    along = np.array([AXES[name] for name in ("100", "110", "111")])
    anisotropy = s11 - s12 - s44 / 2
    expected = [1 / s11, 1 / (s11 - anisotropy / 2), 1 / (s11 - anisotropy * 2 / 3)]
    np.testing.assert_allclose(directions.young_modulus_gpa(SILICON, along), expected)


def test_young_moduli_of_silicon_as_published():
    """Hopcroft, Nix & Kenny, JMEMS 19, 229 (2010): 130, 169 and 188 GPa."""
    along = np.array([AXES[name] for name in ("100", "110", "111")])
    found = directions.young_modulus_gpa(SILICON, along)
    np.testing.assert_allclose(found, [130, 169, 188], atol=0.7)


@pytest.mark.parametrize("stiffness", [SILICON, COPPER])
def test_extremes_of_a_cubic_crystal_with_a_above_one(stiffness):
    """E between [100] and [111]; G between (C11 − C12)/2 and C44 (Hayes & Shuvalov 1998)."""
    c11, c12, c44 = stiffness[[0, 0, 3], [0, 1, 3]]
    low, high = directions.extremes(stiffness, Quantity.YOUNG)
    assert low.value == pytest.approx((c11 - c12) * (c11 + 2 * c12) / (c11 + c12), rel=1e-9)
    assert np.abs(low.direction).max() == pytest.approx(1, abs=1e-9)
    bulk = (c11 + 2 * c12) / 3
    assert high.value == pytest.approx(9 * bulk * c44 / (3 * bulk + c44), rel=1e-9)
    np.testing.assert_allclose(np.abs(high.direction), AXES["111"], atol=1e-5)
    low, high = directions.extremes(stiffness, Quantity.SHEAR)
    assert low.value == pytest.approx((c11 - c12) / 2, rel=1e-9)
    assert high.value == pytest.approx(c44, rel=1e-9)


def test_copper_is_auxetic_when_pulled_along_110():
    """Milstein & Huang 1979: ν along [110], across [1-10] and [001]."""
    s11, s12, s44 = np.linalg.inv(COPPER)[[0, 0, 3], [0, 1, 3]]
    along = 2 * s11 + 2 * s12 + s44
    across_110 = -(2 * s11 + 2 * s12 - s44) / along
    across_001 = -4 * s12 / along
    low, high = directions.poisson_range(COPPER, AXES["110"])
    np.testing.assert_allclose([low, high], [across_110, across_001])
    assert low < 0 < high
    found = directions.poisson_ratio(COPPER, AXES["110"], AXES["1-10"])
    assert found == pytest.approx(across_110)
    smallest, largest = directions.extremes(COPPER, Quantity.POISSON)
    assert smallest.value == pytest.approx(across_110, rel=1e-9)
    assert largest.value == pytest.approx(across_001, rel=1e-9)
    for one in (smallest, largest):
        np.testing.assert_allclose(
            np.sort(np.abs(one.direction)), [0, 0.5**0.5, 0.5**0.5], atol=1e-5
        )


def test_cristobalite_has_a_poisson_ratio_down_to_minus_one_half():
    """Yeganeh-Haeri et al. (1992): −0.5 in some directions, −0.16 for the aggregate."""
    low, _ = directions.extremes(tensors.CRISTOBALITE, Quantity.POISSON)
    assert low.value == pytest.approx(-0.5, abs=0.02)
    assert averages(tensors.CRISTOBALITE).poisson_vrh == pytest.approx(-0.16, abs=0.01)


def test_a_hexagonal_crystal_depends_on_the_angle_to_its_axis_alone():
    s = np.linalg.inv(ZINC)
    polar = np.radians(35)
    azimuth = np.linspace(0, 6, 13)
    ring = np.column_stack(
        [
            np.sin(polar) * np.cos(azimuth),
            np.sin(polar) * np.sin(azimuth),
            0 * azimuth + np.cos(polar),
        ]
    )
    sin2, cos2 = np.sin(polar) ** 2, np.cos(polar) ** 2
    young = 1 / (s[0, 0] * sin2**2 + s[2, 2] * cos2**2 + (s[3, 3] + 2 * s[0, 2]) * sin2 * cos2)
    np.testing.assert_allclose(directions.young_modulus_gpa(ZINC, ring), young)
    linear = (s[0, 0] + s[0, 1] + s[0, 2]) * sin2 + (2 * s[0, 2] + s[2, 2]) * cos2
    np.testing.assert_allclose(
        directions.linear_compressibility_per_tpa(ZINC, ring), 1e3 * linear
    )
    torsion = s[3, 3] * cos2 + 2 * (s[0, 0] - s[0, 1]) * sin2
    normal = s[3, 3] * (cos2 - sin2) ** 2 + 4 * (s[0, 0] + s[2, 2] - 2 * s[0, 2]) * sin2 * cos2
    low, high = directions.shear_modulus_range_gpa(ZINC, ring)
    np.testing.assert_allclose(low, 1 / max(torsion, normal))
    np.testing.assert_allclose(high, 1 / min(torsion, normal))


def test_hexagonal_extremes_in_closed_form():
    low, high = directions.extremes(ZINC, Quantity.COMPRESSIBILITY)
    s = np.linalg.inv(ZINC)
    assert low.value == pytest.approx(1e3 * s[0, :3].sum())
    assert high.value == pytest.approx(1e3 * s[2, :3].sum())
    np.testing.assert_allclose(high.direction, [0, 0, 1])
    angles = np.linspace(0, np.pi / 2, 20001)
    meridian = np.column_stack([np.sin(angles), 0 * angles, np.cos(angles)])
    along = directions.young_modulus_gpa(ZINC, meridian)
    low, high = directions.extremes(ZINC, Quantity.YOUNG)
    assert low.value == pytest.approx(along.min(), rel=1e-7)
    assert high.value == pytest.approx(along.max(), rel=1e-7)


@given(SEEDS)
def test_ranges_across_are_those_of_a_scan(seed):
    """Closed form against a fine scan of the circle of m, by the rank-4 definition."""
    stiffness, (n,) = random_stable(seed), random_directions(seed, 1)
    first = np.cross(n, random_directions(seed + 1, 1)[0])
    first /= np.linalg.norm(first)
    angles = np.linspace(0, np.pi, 721)[:, None]
    circle = np.cos(angles) * first + np.sin(angles) * np.cross(n, first)
    scanned = (
        directions.shear_modulus_gpa(stiffness, n, circle),
        directions.poisson_ratio(stiffness, n, circle),
    )
    ranges = (
        directions.shear_modulus_range_gpa(stiffness, n),
        directions.poisson_range(stiffness, n),
    )
    for values, (low, high) in zip(scanned, ranges, strict=True):
        spread = max(high - low, 1e-9)
        assert low - 1e-9 <= values.min() <= low + 1e-4 * spread + 1e-9
        assert high - 1e-4 * spread - 1e-9 <= values.max() <= high + 1e-9


@given(SEEDS)
def test_values_agree_with_the_tensor_of_rank_four(seed):
    stiffness = random_stable(seed)
    n, m = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0][:2]
    s = directions.compliance_tensor(stiffness)
    identity = np.einsum("ijkl,klmn->ijmn", voigt.tensor_from_matrix(stiffness), s)
    delta = np.eye(3)
    pairs = np.einsum("im,jn->ijmn", delta, delta)
    np.testing.assert_allclose(identity, (pairs + pairs.swapaxes(2, 3)) / 2, atol=1e-9)
    along = np.einsum("ijkl,i,j,k,l", s, n, n, n, n)
    assert directions.young_modulus_gpa(stiffness, n) == pytest.approx(1 / along)
    shear = 4 * np.einsum("ijkl,i,j,k,l", s, n, m, n, m)
    assert directions.shear_modulus_gpa(stiffness, n, m) == pytest.approx(1 / shear)
    across = -np.einsum("ijkl,i,j,k,l", s, n, n, m, m) / along
    assert directions.poisson_ratio(stiffness, n, m) == pytest.approx(across, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from(list(Quantity)))
def test_extremes_turn_with_the_crystal(seed, quantity):
    stiffness = random_stable(seed)
    turn = Rotation.random(random_state=seed).as_matrix()
    before = directions.extremes(stiffness, quantity)
    after = directions.extremes(voigt.rotate(stiffness, turn), quantity)
    for one, other in zip(before, after, strict=True):
        assert other.value == pytest.approx(one.value, rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(-3, 3), min_size=36, max_size=36))
def test_compressibilities_of_three_axes_add_up_to_that_of_the_volume(entries):
    root = np.array(entries).reshape(6, 6)
    tensor = root @ root.T + 50 * np.eye(6)
    linear = directions.linear_compressibility_per_tpa(tensor, np.eye(3))
    assert linear.sum() == pytest.approx(1e3 / averages(tensor).bulk_reuss_gpa)


@given(SEEDS)
def test_opposite_directions_are_equal(seed):
    stiffness, n = random_stable(seed), random_directions(seed, 5)
    for function in (directions.young_modulus_gpa, directions.linear_compressibility_per_tpa):
        np.testing.assert_allclose(function(stiffness, n), function(stiffness, -n))
    for function in (directions.shear_modulus_range_gpa, directions.poisson_range):
        np.testing.assert_allclose(
            function(stiffness, n), function(stiffness, -n), rtol=1e-7, atol=1e-9
        )


@pytest.mark.parametrize("quantity", list(Quantity))
def test_directions_of_extremes_have_a_canonical_sign(quantity):
    for one in directions.extremes(random_stable(5), quantity):
        for unit in (one.direction, one.across):
            if unit is not None:
                assert unit[np.flatnonzero(unit)[0]] > 0


@pytest.mark.parametrize("quantity", list(Quantity))
@pytest.mark.parametrize("stiffness", [tensors.cubic(100, 110, 30), np.zeros((6, 6))])
def test_unstable_tensors_have_no_extremes(stiffness, quantity):
    for one in directions.extremes(stiffness, quantity):
        assert np.isnan(one.value)
        assert np.isnan(one.direction).all()
        assert (one.across is not None) == (quantity in {Quantity.SHEAR, Quantity.POISSON})


def test_a_singular_stiffness_gives_no_numbers():
    n = directions.sphere_directions(3, 4)
    singular = tensors.cubic(100, 100, 30)
    for function in (directions.young_modulus_gpa, directions.linear_compressibility_per_tpa):
        assert np.isnan(function(singular, n)).all()


def test_shapes_are_those_of_the_directions():
    grid = directions.sphere_directions(5, 7)
    assert directions.young_modulus_gpa(SILICON, grid).shape == (5, 7)
    for function in (directions.shear_modulus_range_gpa, directions.poisson_range):
        assert [part.shape for part in function(SILICON, grid)] == [(5, 7)] * 2
        assert [part.shape for part in function(SILICON, grid[0, 0])] == [()] * 2


def test_grid_of_directions_has_unit_length_and_closes():
    grid = directions.sphere_directions()
    np.testing.assert_allclose(np.linalg.norm(grid, axis=-1), 1)
    np.testing.assert_allclose(grid[:, 0], grid[:, -1], atol=1e-12)


@pytest.mark.parametrize(
    ("normal", "first", "second"),
    [
        ([0, 0, 1], [1, 0, 0], [0, 1, 0]),
        ([2, 0, 0], [0, 1, 0], [0, 0, 1]),
        ([0, 1, 0], [1, 0, 0], [0, 0, -1]),
        ([1, 1, 0], [0.5**0.5, -(0.5**0.5), 0], [0, 0, -1]),
    ],
)
def test_sections_start_and_turn_as_documented(normal, first, second):
    angles, found = directions.plane_directions(np.array(normal), 5)
    np.testing.assert_allclose(angles, np.linspace(0, 2 * np.pi, 5))
    np.testing.assert_allclose(found[0], first, atol=1e-12)
    np.testing.assert_allclose(found[1], second, atol=1e-12)
    np.testing.assert_allclose(found @ normal, 0, atol=1e-12)
