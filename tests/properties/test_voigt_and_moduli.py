from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from properties.elasticity import moduli, voigt

SEEDS = st.integers(0, 2**32 - 1)


def random_stiffness(seed):
    """A stable tensor without any symmetry, in GPa."""
    half = np.random.default_rng(seed).normal(size=(6, 6))
    product = half @ half.T
    return 15 * (product + product.T) + 20 * np.eye(6)


def random_rotation(seed):
    return Rotation.random(random_state=seed % 2**32).as_matrix()


def isotropic(lame, shear):
    stiffness = np.zeros((6, 6))
    stiffness[:3, :3] = lame
    stiffness[range(6), range(6)] = [lame + 2 * shear] * 3 + [shear] * 3
    return stiffness


def cubic(c11, c12, c44):
    stiffness = np.diag([c11 - c12] * 3 + [c44] * 3).astype(float)
    stiffness[:3, :3] += c12
    return stiffness


@given(SEEDS)
def test_matrix_and_tensor_are_inverse(seed):
    stiffness = random_stiffness(seed)
    tensor = voigt.tensor_from_matrix(stiffness)
    for order in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        np.testing.assert_array_equal(tensor, tensor.transpose(order))
    np.testing.assert_array_equal(voigt.matrix_from_tensor(tensor), stiffness)


@given(SEEDS)
def test_energy_density_is_the_same_in_both_notations(seed):
    """½ ε C ε, with shear strains doubled in Voigt's."""
    rng, stiffness = np.random.default_rng(seed), random_stiffness(seed)
    doubled = rng.normal(size=6)
    strain = sum(voigt.strain_matrix(i, e) for i, e in enumerate(doubled))
    np.testing.assert_array_equal(strain, strain.T)
    tensor = voigt.tensor_from_matrix(stiffness)
    full = np.einsum("ij,ijkl,kl", strain, tensor, strain)
    assert full == pytest.approx(doubled @ stiffness @ doubled)
    stress = np.einsum("ijkl,kl->ij", tensor, strain)
    np.testing.assert_allclose(voigt.vector_from_stress(stress), stiffness @ doubled)


@given(SEEDS)
def test_rotations_compose_and_undo(seed):
    stiffness = random_stiffness(seed)
    first, second = random_rotation(seed), random_rotation(seed + 1)
    turned = voigt.rotate(voigt.rotate(stiffness, first), second)
    np.testing.assert_allclose(turned, voigt.rotate(stiffness, second @ first), atol=1e-9)
    np.testing.assert_allclose(voigt.rotate(turned, (second @ first).T), stiffness, atol=1e-9)


def test_a_quarter_turn_about_z_swaps_x_and_y():
    """New axes: x' = y, y' = −x; so yz becomes −xz and xz becomes yz."""
    stiffness = random_stiffness(7)
    turned = voigt.rotate(stiffness, np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1.0]]))
    order, sign = [1, 0, 2, 4, 3, 5], np.array([1, 1, 1, -1, 1, -1])
    expected = stiffness[np.ix_(order, order)] * np.outer(sign, sign)
    np.testing.assert_allclose(turned, expected, atol=1e-12)


def test_an_eighth_turn_of_a_cubic_crystal():
    """C11' = (C11 + C12)/2 + C44 and C66' = (C11 − C12)/2 along a face diagonal."""
    s = np.sqrt(0.5)
    turned = voigt.rotate(
        cubic(168.4, 121.4, 75.4), np.array([[s, s, 0], [-s, s, 0], [0, 0, 1]])
    )
    assert turned[0, 0] == pytest.approx((168.4 + 121.4) / 2 + 75.4)
    assert turned[5, 5] == pytest.approx((168.4 - 121.4) / 2)


@given(SEEDS, st.floats(-20, 200), st.floats(20, 200))
def test_an_isotropic_solid_is_the_same_in_all_axes(seed, lame, shear):
    stiffness = isotropic(lame, shear)
    turned = voigt.rotate(stiffness, random_rotation(seed))
    np.testing.assert_allclose(turned, stiffness, atol=1e-9)


@given(SEEDS)
def test_voigt_averages_are_those_over_all_directions(seed):
    """The averages are linear invariants: any rotation leaves them alone."""
    stiffness = random_stiffness(seed)
    before, after = (
        moduli.averages(c) for c in (stiffness, voigt.rotate(stiffness, random_rotation(seed)))
    )
    for name in ("bulk_voigt_gpa", "bulk_reuss_gpa", "shear_voigt_gpa", "shear_reuss_gpa"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-9)


@given(st.floats(-10, 200), st.floats(20, 200))
def test_moduli_of_an_isotropic_solid(lame, shear):
    found = moduli.averages(isotropic(lame, shear))
    bulk = lame + 2 * shear / 3
    for value in (found.bulk_voigt_gpa, found.bulk_reuss_gpa, found.bulk_vrh_gpa):
        assert value == pytest.approx(bulk)
    for value in (found.shear_voigt_gpa, found.shear_reuss_gpa, found.shear_vrh_gpa):
        assert value == pytest.approx(shear)
    assert found.young_vrh_gpa == pytest.approx(shear * (3 * lame + 2 * shear) / (lame + shear))
    assert found.poisson_vrh == pytest.approx(lame / (2 * (lame + shear)))
    assert found.universal_anisotropy == pytest.approx(0, abs=1e-9)


def test_moduli_of_a_cubic_crystal():
    """Hill (1952): G_V = (C11 − C12 + 3 C44)/5, G_R = 5 c c'/(4 c + 3 c')."""
    c11, c12, c44 = 168.4, 121.4, 75.4
    found = moduli.averages(cubic(c11, c12, c44))
    assert found.bulk_voigt_gpa == pytest.approx((c11 + 2 * c12) / 3)
    assert found.bulk_reuss_gpa == pytest.approx((c11 + 2 * c12) / 3)
    assert found.shear_voigt_gpa == pytest.approx((c11 - c12 + 3 * c44) / 5)
    reuss = 5 * (c11 - c12) * c44 / (4 * c44 + 3 * (c11 - c12))
    assert found.shear_reuss_gpa == pytest.approx(reuss)
    zener = 2 * c44 / (c11 - c12)
    assert found.universal_anisotropy == pytest.approx(
        1.2 * (np.sqrt(zener) - 1 / np.sqrt(zener)) ** 2
    )


@given(SEEDS)
def test_reuss_is_the_lower_bound(seed):
    found = moduli.averages(random_stiffness(seed))
    assert found.bulk_reuss_gpa <= found.bulk_vrh_gpa <= found.bulk_voigt_gpa
    assert found.shear_reuss_gpa <= found.shear_vrh_gpa <= found.shear_voigt_gpa
    assert found.universal_anisotropy >= 0


def test_debye_temperature_of_copper():
    """Measured constants at room temperature; calorimetry gives 343 K."""
    mass_kg, volume_a3 = 63.546 * 1.66053907e-27, 3.615**3 / 4
    density = mass_kg / (volume_a3 * 1e-30)
    found = moduli.debye_temperature_k(cubic(168.4, 121.4, 75.4), density, volume_a3)
    assert found == pytest.approx(340, rel=0.03)


def test_debye_temperature_of_a_solid_with_equal_constants():
    """λ = μ: v_l = √3 v_t, so v_m = v_t (3/(2 + 3^(−3/2)))^(1/3); Θ = ħ k_D v_m/k."""
    density, volume_a3 = 5000.0, 20.0
    velocity = np.sqrt(50e9 / density) * (3 / (2 + 3**-1.5)) ** (1 / 3)
    k_debye = (6 * np.pi**2 / (volume_a3 * 1e-30)) ** (1 / 3)
    expected = 1.054571817e-34 / 1.380649e-23 * k_debye * velocity
    found = moduli.debye_temperature_k(isotropic(50.0, 50.0), density, volume_a3)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("constants", "stable"),
    [
        ((100, 50, 30), True),
        ((100, 101, 30), False),
        ((100, 50, -1), False),
        ((100, -51, 30), False),
    ],
)
def test_born_criteria_of_a_cubic_crystal(constants, stable):
    """C11 > C12, C44 > 0 and C11 + 2 C12 > 0."""
    assert moduli.is_stable(cubic(*constants)) is stable
    debye = moduli.debye_temperature_k(cubic(*constants), 5000.0, 20.0)
    assert np.isfinite(debye) == stable
