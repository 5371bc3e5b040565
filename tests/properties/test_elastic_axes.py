"""Naming of directions, waves along them, and the tensors that come with the project."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcore.errors import SpecError
from properties.elasticity import moduli, pasted, tensor_report, tensors, waves
from properties.elasticity.axes import CARTESIAN, Axes
from tests.properties.tensors import QUARTZ, cubic, isotropic

HEXAGONAL = Axes(
    np.array([[5.0, 0, 0], [-2.5, 2.5 * np.sqrt(3), 0], [0, 0, 6.0]]), tuple("abc")
)


@given(st.tuples(*[st.integers(-3, 3)] * 3).filter(any))
def test_direction_and_its_indices_are_inverse(steps):
    unit = HEXAGONAL.direction(steps)
    assert np.linalg.norm(unit) == pytest.approx(1)
    found = HEXAGONAL.indices(unit)
    np.testing.assert_allclose(HEXAGONAL.direction(found), unit, atol=1e-12)
    assert np.gcd.reduce(found) == 1


def test_direction_without_small_indices_has_none():
    assert HEXAGONAL.indices(HEXAGONAL.direction((5, 1, 7))) is None


def test_zero_direction_is_a_sentence():
    with pytest.raises(SpecError, match="points nowhere"):
        CARTESIAN.direction((0, 0, 0))


def test_lattice_is_taken_into_the_axes_of_the_tensor():
    rotation = np.eye(3)[[1, 2, 0]]
    axes = Axes.of_lattice(np.diag([2.0, 3.0, 4.0]), rotation)
    np.testing.assert_allclose(axes.direction((1, 0, 0)), rotation @ [1, 0, 0])
    assert axes.crystallographic
    assert not CARTESIAN.crystallographic


def test_waves_along_a_cubic_axis_are_pure_and_the_shear_ones_equal():
    c11, c44, density = 165.7, 79.6, 2329.0
    slow, fast, longitudinal = waves.along(cubic(c11, 63.9, c44), density, np.eye(3)[0])
    assert longitudinal.name == "longitudinal"
    assert longitudinal.phase_km_per_s == pytest.approx(np.sqrt(c11 * 1e3 / density))
    assert not longitudinal.degenerate
    for shear in (slow, fast):
        assert "quasi" not in shear.name
        assert shear.phase_km_per_s == pytest.approx(np.sqrt(c44 * 1e3 / density))
        assert shear.degenerate
        assert shear.ray_angle_deg == pytest.approx(0, abs=1e-6)


def test_quartz_waves_off_the_axes_are_not_pure():
    unit = CARTESIAN.direction((1, 2, 3))
    found = waves.along(QUARTZ, 2649.0, unit)
    assert {wave.name.split("-")[0].split()[-1] for wave in found} == {"quasi"}
    for wave in found:
        assert wave.group_km_per_s >= wave.phase_km_per_s
        cosine = np.cos(np.radians(wave.ray_angle_deg))
        assert wave.group_km_per_s * cosine == pytest.approx(wave.phase_km_per_s)


@pytest.mark.parametrize("known", tensors.known().values(), ids=lambda one: one.name)
def test_known_tensor_is_stable_has_its_class_and_a_source(known):
    assert moduli.is_stable(known.stiffness_gpa)
    assert pasted.parse(tensors.as_text(known.stiffness_gpa)).laue_class == known.laue_class
    assert known.evidence in {"stored", "recalled"}
    assert any(
        year.isdigit() for year in known.source.replace("(", " ").replace(")", " ").split()
    )


def test_known_tensors_agree_with_what_their_papers_conclude():
    found = {name: moduli.averages(one.stiffness_gpa) for name, one in tensors.known().items()}
    assert found["diopside"].bulk_vrh_gpa == pytest.approx(114.6, abs=0.1)
    assert found["diopside"].shear_vrh_gpa == pytest.approx(72.7, abs=0.1)
    assert found["cristobalite"].poisson_vrh == pytest.approx(-0.16, abs=0.005)


def test_volume_per_atom_follows_from_the_density():
    silicon = tensors.known()["silicon"]
    assert silicon.volume_per_atom_a3 == pytest.approx(5.431**3 / 8, rel=1e-3)


@pytest.mark.parametrize("written", [tensors.as_text, tensors.compact])
def test_written_tensor_is_read_back(written):
    tensor = QUARTZ + 1e-3 * np.outer(np.arange(6), np.arange(6))
    np.testing.assert_allclose(pasted.parse(written(tensor)).stiffness_gpa, tensor, rtol=1e-5)


def test_whole_numbers_are_read_back_too():
    tensor = np.round(QUARTZ)
    np.testing.assert_array_equal(pasted.parse(tensors.compact(tensor)).stiffness_gpa, tensor)


def test_asymmetric_tensor_is_written_whole_and_read_back_with_its_warning():
    tensor = QUARTZ.copy()
    tensor[0, 1] = 17.0
    found = pasted.parse(tensors.compact(pasted.parse(tensors.as_text(tensor)).given_gpa))
    np.testing.assert_allclose(found.given_gpa, tensor)
    assert len(tensors.compact(QUARTZ).split()) == 21
    assert [check.code for check in found.checks if not check.passed] == ["tensor_symmetric"]


def test_table_holds_the_upper_triangle_and_is_completed():
    rows = tensors.grid(tensors.as_text(QUARTZ))
    assert rows[3]["1"] is None
    assert rows[0]["4"] == pytest.approx(-18.04)
    back = pasted.parse(tensors.text_of_grid(rows)).stiffness_gpa
    np.testing.assert_allclose(back, QUARTZ, rtol=1e-5)
    rows[3]["1"] = -17.0
    assert pasted.parse(tensors.text_of_grid(rows)).asymmetry_gpa == pytest.approx(1.04)


def test_table_of_no_tensor_is_empty():
    assert {
        value for row in tensors.grid("nothing") for k, value in row.items() if k != "row"
    } == {None}


def test_csv_holds_the_tensor():
    lines = tensors.as_csv(QUARTZ).splitlines()
    assert lines[0] == "stiffness_gpa,1,2,3,4,5,6"
    np.testing.assert_allclose(np.array(lines[1].split(","), dtype=float)[1:], QUARTZ[0])


def test_report_is_strict_json_even_for_an_unstable_tensor():
    unstable = tensors.as_text(isotropic(-90, 60))
    text = tensor_report.as_json(pasted.parse(unstable), 3000.0, 12.0)
    report = json.loads(text, parse_constant=pytest.fail)
    assert report["derived"]["bulk_hill"]["value"] is None
    assert {c["code"]: c["passed"] for c in report["checks"]}["born_stable"] is False


def test_report_of_quartz():
    report = json.loads(
        tensor_report.as_json(pasted.parse(tensors.as_text(QUARTZ)), None, None)
    )
    assert report["laue_class"] == "-3m"
    assert report["derived"]["bulk_hill"]["value"] == pytest.approx(37.65, abs=0.01)
    assert "debye_exact" not in report["derived"]
