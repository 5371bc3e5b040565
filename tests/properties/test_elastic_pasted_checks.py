"""What is said about a typed tensor and density in a wrong unit, or of another kind."""

from __future__ import annotations

import numpy as np
import pytest

from properties.elasticity import pasted, pasted_checks, tensor_report
from properties.elasticity import tensors as known_tensors
from properties.elasticity.moduli import compliance_per_gpa
from tests.properties import tensors

KNOWN = known_tensors.known()
PUBLISHED = {
    **{name: one.stiffness_gpa for name, one in KNOWN.items()},
    **{one.name: one.stiffness for one in tensors.ELATE},
    "diamond": tensors.cubic(1079, 124, 578),
    "caesium": tensors.cubic(2.47, 2.06, 1.48),  # Kollarits & Trivisonno 1968, 78 K, recalled
}


def failed(matrix):
    found = pasted.parse(known_tensors.as_text(matrix))
    return {check.code: check.message for check in found.checks if not check.passed}


def density(stiffness, *given):
    (found,) = pasted_checks.of_density(stiffness, *given)
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_stiffness_in_gpa_passes(name):
    assert failed(PUBLISHED[name]) == {}


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"caesium"}))
def test_compliance_in_1_per_gpa_fails(name):
    message = failed(compliance_per_gpa(PUBLISHED[name]))["tensor_unit"]
    assert "compliance in 1/GPa or a stiffness in Mbar" in message


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"cristobalite"}))
def test_compliance_in_1_per_tpa_fails(name):
    """Cristobalite is auxetic: two of its transverse compliances are positive."""
    assert "tensor_kind" in failed(1000 * compliance_per_gpa(PUBLISHED[name]))


def test_compliance_is_known_by_its_form_alone():
    """Tensors of few negative entries: C12 of the compliance is made positive."""
    soft = 1000 * compliance_per_gpa(tensors.uniaxial(100, -20, 30, 120, 40))
    assert soft[0, 1] > 0
    message = failed(soft)["tensor_kind"]
    assert "compliance the table has the form of Laue class 6/mmm" in message
    assert "only that of 4/mmm" in message
    assert "negative" not in message


@pytest.mark.parametrize(("factor", "said"), [(0.001, "100 GPa"), (10.0, "10 kbar")])
def test_other_units_of_a_stiff_crystal_fail(factor, said):
    assert said in failed(factor * tensors.cubic(168.4, 121.4, 75.4))["tensor_unit"]


@pytest.mark.parametrize("name", KNOWN)
def test_densities_of_crystals_pass(name):
    one = KNOWN[name]
    found = density(one.stiffness_gpa, one.density_kg_per_m3, one.volume_per_atom_a3)
    assert found.passed
    assert found.message.count(".") >= 3


def test_density_in_g_per_cm3_fails_and_the_right_number_is_said():
    found = density(tensors.QUARTZ, 2.65)
    assert not found.passed
    assert "enter 2650" in found.message
    assert "191 km/s (solids: 0.5 to 20)" in found.message


def test_tensor_in_mbar_is_too_slow():
    found = density(tensors.cubic(1.684, 1.214, 0.754), 8960.0)
    assert not found.passed
    assert "Longitudinal sound 0.473 km/s" in found.message


@pytest.mark.parametrize(
    ("volume", "passed", "mass"), [(11.8, True, "63.7"), (47.2, False, "255")]
)
def test_volume_of_a_cell_instead_of_an_atom_fails(volume, passed, mass):
    found = density(tensors.cubic(168.4, 121.4, 75.4), 8960.0, volume)
    assert found.passed is passed
    assert f"mean atomic mass of {mass} u" in found.message
    assert ("not of a formula unit" in found.message) is not passed


def test_unstable_tensor_has_no_velocity_but_a_density():
    found = density(tensors.cubic(100, 150, 50), 5000.0)
    assert found.passed
    assert "km/s" not in found.message


def test_no_density_no_check_and_report_holds_it():
    assert pasted_checks.of_density(tensors.QUARTZ, None, 12.0) == ()
    tensor = pasted.parse(known_tensors.as_text(tensors.QUARTZ))
    assert "density_plausible" in tensor_report.as_json(tensor, 2649.0, None)
    assert "density_plausible" not in tensor_report.as_json(tensor, None, None)


def test_given_table_is_kept():
    wrong = tensors.QUARTZ + np.triu(np.ones((6, 6)), 1)
    found = pasted.parse(known_tensors.as_text(wrong))
    np.testing.assert_allclose(found.given_gpa, wrong)
