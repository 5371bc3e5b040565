"""Elastic properties along directions: closed forms and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.elasticity import directions
from properties.elasticity.moduli import averages
from tests.pages.sample import stiffness

SILICON = stiffness(154.3, 69.7, 57.9)


def test_isotropic_solid_has_one_young_modulus():
    tensor = stiffness(200, 80, 60)
    found = directions.young_modulus_gpa(tensor, directions.sphere_directions(7, 9))
    np.testing.assert_allclose(found, averages(tensor).young_vrh_gpa)


def test_cubic_closed_forms():
    s11, s12, s44 = np.linalg.inv(SILICON)[[0, 0, 3], [0, 1, 3]]
    along = np.array([[1, 0, 0], [1, 1, 0] / np.sqrt(2), [1, 1, 1] / np.sqrt(3)])
    anisotropy = s11 - s12 - s44 / 2
    expected = [1 / s11, 1 / (s11 - anisotropy / 2), 1 / (s11 - anisotropy * 2 / 3)]
    np.testing.assert_allclose(directions.young_modulus_gpa(SILICON, along), expected)


@given(st.lists(st.floats(-3, 3), min_size=36, max_size=36))
def test_compressibilities_of_three_axes_add_up_to_that_of_the_volume(entries):
    root = np.array(entries).reshape(6, 6)
    tensor = root @ root.T + 50 * np.eye(6)
    linear = directions.linear_compressibility_per_tpa(tensor, np.eye(3))
    assert linear.sum() == pytest.approx(1e3 / averages(tensor).bulk_reuss_gpa)


@given(st.floats(0, np.pi), st.floats(0, 2 * np.pi))
def test_opposite_directions_are_equal(polar, azimuth):
    unit = np.array(
        [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)]
    )
    there, back = directions.young_modulus_gpa(SILICON, np.array([unit, -unit]))
    assert there == pytest.approx(back)


def test_grid_of_directions_has_unit_length_and_closes():
    grid = directions.sphere_directions()
    np.testing.assert_allclose(np.linalg.norm(grid, axis=-1), 1)
    np.testing.assert_allclose(grid[:, 0], grid[:, -1], atol=1e-12)
