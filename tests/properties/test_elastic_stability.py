"""Born's criteria of every Laue class against the eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from properties.elasticity import forms, laue, moduli, stability, voigt
from tests.properties import tensors

CLASSES = tuple(laue.INDEPENDENT)


def random_tensors(laue_class, count, seed=0):
    """Tensors of a class in its standard axes, about half of them stable."""
    rng = np.random.default_rng(seed)
    group = forms.rotations(laue_class, "Y" if laue_class == "2/m" else "Z")
    for _ in range(count):
        half = rng.normal(size=(6, 6))
        tensor = laue.project(half + half.T, group)
        shift = rng.normal(scale=0.7) - stability.eigenvalues_gpa(tensor)[0]
        yield 50 * (tensor + shift * np.diag([1, 1, 1, 0.5, 0.5, 0.5]))


@pytest.mark.parametrize("laue_class", CLASSES)
def test_standard_rotations_leave_the_named_constants(laue_class):
    group = forms.rotations(laue_class, "Y" if laue_class == "2/m" else "Z")
    basis = laue.invariant_basis(group)
    assert len(basis) == len(laue.INDEPENDENT[laue_class])
    named = [list(laue.independent_constants(b, laue_class).values()) for b in basis]
    assert np.linalg.matrix_rank(np.array(named), 1e-8) == len(basis)


@pytest.mark.parametrize("laue_class", CLASSES)
def test_criteria_pass_exactly_when_all_eigenvalues_are_positive(laue_class):
    outcomes = []
    for tensor in random_tensors(laue_class, 300):
        lowest = stability.eigenvalues_gpa(tensor)[0]
        if abs(lowest) < 1e-6:
            continue
        criteria = stability.born_criteria(tensor, laue_class)
        assert all(one.passed for one in criteria) == (lowest > 0)
        outcomes.append(lowest > 0)
    assert 30 < sum(outcomes) < len(outcomes) - 30


@pytest.mark.parametrize("laue_class", CLASSES)
def test_every_criterion_can_fail_alone_or_with_others(laue_class):
    """None is always true: each is needed in the list, or follows a failing one."""
    failed = np.zeros(len(stability.born_criteria(np.eye(6), laue_class)))
    for tensor in random_tensors(laue_class, 400, seed=1):
        failed += [not one.passed for one in stability.born_criteria(tensor, laue_class)]
    assert (failed > 0).all()


def test_values_of_the_cubic_criteria():
    found = stability.born_criteria(tensors.cubic(100, 120, 30), "m-3m")
    assert [(one.expression, one.value, one.passed) for one in found] == [
        ("C11 − C12 > 0", -20, False),
        ("C11 + 2 C12 > 0", 340, True),
        ("C44 > 0", 30, True),
    ]
    assert {one.unit for one in found} == {"GPa"}


def test_quartz_is_stable_by_the_trigonal_criteria():
    found = stability.born_criteria(tensors.QUARTZ, "-3m")
    assert all(one.passed for one in found)
    assert found[-1].value == pytest.approx(58.2 * (86.8 - 7.04) - 2 * 18.04**2)
    assert found[-1].unit == "GPa²"
    unstable = tensors.uniaxial(86.80, 7.04, 11.91, 105.75, 58.20, 50.0)
    assert [one.passed for one in stability.born_criteria(unstable, "-3m")][-1] is False


def test_an_unknown_class_takes_the_leading_minors():
    found = stability.born_criteria(tensors.DIOPSIDE, None)
    assert found == stability.born_criteria(tensors.DIOPSIDE, "-1")
    assert [one.unit for one in found] == ["GPa", "GPa²", "GPa³", "GPa⁴", "GPa⁵", "GPa⁶"]
    assert found[5].value == pytest.approx(np.linalg.det(tensors.DIOPSIDE))


def test_kelvin_eigenvalues_do_not_depend_on_the_axes():
    turned = voigt.rotate(tensors.DIOPSIDE, Rotation.random(random_state=4).as_matrix())
    before = stability.eigenvalues_gpa(tensors.DIOPSIDE)
    np.testing.assert_allclose(stability.eigenvalues_gpa(turned), before)
    assert not np.allclose(np.linalg.eigvalsh(turned), np.linalg.eigvalsh(tensors.DIOPSIDE))


def test_kelvin_eigenvalues_of_a_cubic_crystal():
    """C11 + 2 C12; C11 − C12 twice; 2 C44 three times (Kelvin 1856)."""
    found = stability.eigenvalues_gpa(tensors.cubic(168.4, 121.4, 75.4))
    np.testing.assert_allclose(found, [47, 47, 150.8, 150.8, 150.8, 411.2])


@pytest.mark.parametrize("stiffness", [tensors.cubic(100, 100, 30), tensors.cubic(100, 50, 0)])
def test_an_eigenvalue_of_zero_is_not_stable(stiffness):
    turned = voigt.rotate(stiffness, Rotation.random(random_state=1).as_matrix())
    assert not moduli.is_stable(stiffness)
    assert not moduli.is_stable(turned)
    averages = moduli.averages(turned)
    assert np.isnan(averages.shear_reuss_gpa)
    assert np.isfinite(averages.shear_voigt_gpa)
