"""Surfaces, sections and strain plots: the right numbers in the right places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from properties.elasticity import christoffel, directions
from properties.elasticity.axes import CARTESIAN, Axes
from properties.elasticity.directions import Quantity
from properties.plots import (
    elastic_directions,
    elastic_sections,
    elastic_sheets,
    elastic_strain,
)
from properties.plots.elastic_sheets import NEGATIVE_COLOUR, Wave
from tests.pages import sample
from tests.properties.tensors import CALCITE, CRISTOBALITE, QUARTZ, isotropic, uniaxial

DENSITY = 2649.0
ALL = (*Quantity, *Wave)
RADIAL = tuple(what for what in ALL if what is not Wave.GROUP)
LONGER_UNDER_PRESSURE = uniaxial(50, 30, 60, 120, 20)
"""Linear compressibility along z is negative: C11 + C12 < 2 C13."""


def surfaces(figure):
    return [trace for trace in figure.data if trace.type == "surface"]


def places(trace):
    return np.stack([np.array(trace[axis], dtype=float) for axis in "xyz"], axis=-1)


@pytest.mark.parametrize("what", RADIAL)
def test_surface_lies_at_the_size_of_the_value_along_its_direction(what):
    figure = elastic_directions.figure(what, QUARTZ, DENSITY)
    unit = np.array(surfaces(figure)[0].customdata)[..., :3]
    expected = elastic_sheets.sheets(what, QUARTZ, DENSITY, unit)
    for trace, sheet in zip(surfaces(figure), expected, strict=True):
        np.testing.assert_allclose(
            places(trace), np.abs(sheet.values)[..., None] * unit, rtol=1e-4, atol=1e-5
        )


def test_group_surface_is_the_end_of_the_group_velocity():
    figure = elastic_directions.figure(Wave.GROUP, QUARTZ, DENSITY)
    unit = np.array(surfaces(figure)[0].customdata, dtype=float)
    phase = christoffel.phase_velocities_km_per_s(QUARTZ, DENSITY, unit)
    for branch, trace in enumerate(surfaces(figure)):
        along = np.einsum("...i,...i->...", places(trace), unit)
        np.testing.assert_allclose(along, phase[..., branch], rtol=1e-4)


@pytest.mark.parametrize("what", ALL)
def test_figure_is_small_enough_to_travel(what):
    assert len(elastic_directions.figure(what, QUARTZ, DENSITY).to_json()) < 1.05e6


def test_hover_tells_both_ends_of_the_range_with_direction_and_angles():
    inner, outer = surfaces(elastic_directions.figure(Quantity.SHEAR, QUARTZ))
    data = np.array(inner.customdata, dtype=float)
    unit, polar, azimuth = data[..., :3], data[..., 3], data[..., 4]
    np.testing.assert_allclose(np.cos(np.radians(polar)), unit[..., 2], atol=1e-5)
    across = np.sin(np.radians(polar))
    np.testing.assert_allclose(across * np.cos(np.radians(azimuth)), unit[..., 0], atol=1e-5)
    low, high = directions.shear_modulus_range_gpa(QUARTZ, unit)
    np.testing.assert_allclose(data[..., 5], low, rtol=1e-4)
    np.testing.assert_allclose(data[..., 6], high, rtol=1e-4)
    for text in (inner.hovertemplate, outer.hovertemplate):
        assert "smallest G" in text
        assert "largest G" in text
        assert "GPa" in text


def test_inner_surface_is_solid_and_outer_one_is_not():
    inner, outer = surfaces(elastic_directions.figure(Quantity.POISSON, QUARTZ))
    assert inner.opacity == 1.0
    assert outer.opacity < 0.5


def colour_of(trace, value: float) -> str:
    """Colour of a value on a scale of two flat colours."""
    place = (value - trace.cmin) / (trace.cmax - trace.cmin)
    return [colour for stop, colour in trace.colorscale if stop <= place][-1]


@pytest.mark.parametrize(
    ("what", "tensor"),
    [(Quantity.COMPRESSIBILITY, LONGER_UNDER_PRESSURE), (Quantity.POISSON, CRISTOBALITE)],
)
def test_negative_values_have_their_own_colour_and_legend(what, tensor):
    figure = elastic_directions.figure(what, tensor)
    trace = surfaces(figure)[0]
    lowest = float(np.array(trace.surfacecolor).min())
    assert lowest < 0
    assert colour_of(trace, lowest) == NEGATIVE_COLOUR
    assert colour_of(trace, 0.01) != NEGATIVE_COLOUR
    assert any(t.name and t.name.endswith("negative") for t in figure.data)


def test_nothing_is_called_negative_where_nothing_is():
    figure = elastic_directions.figure(Quantity.COMPRESSIBILITY, QUARTZ)
    assert not any(t.name and t.name.endswith("negative") for t in figure.data)


@pytest.mark.parametrize("what", Quantity)
def test_extremes_are_marked_where_they_are(what):
    figure = elastic_directions.figure(what, QUARTZ)
    found = directions.extremes(QUARTZ, what)
    marks = [t for t in figure.data if t.type == "scatter3d" and t.hovertemplate]
    assert len(marks) == 2
    for mark, extreme in zip(marks, found, strict=True):
        ends = places(mark)
        np.testing.assert_allclose(ends[0], -ends[1])
        unit = ends[0] / np.linalg.norm(ends[0])
        np.testing.assert_allclose(abs(unit @ extreme.direction), 1)
        assert elastic_sheets.LOOKS[what].written(extreme.value) in mark.hovertemplate


def test_isotropic_solid_is_a_sphere_of_one_colour():
    (trace,) = surfaces(elastic_directions.figure(Quantity.YOUNG, isotropic(80, 60)))
    radius = np.linalg.norm(places(trace), axis=-1)
    np.testing.assert_allclose(radius, radius.mean(), rtol=1e-5)
    assert trace.cmin == 0


def test_crystal_axes_are_arrows_and_those_of_the_tensor_lines():
    lattice = np.array([[5.0, 0, 0], [-2.5, 2.5 * np.sqrt(3), 0], [0, 0, 6.0]])
    figure = elastic_directions.figure(Quantity.YOUNG, QUARTZ, axes=Axes(lattice, tuple("abc")))
    arrows = {t.name: places(t) for t in figure.data if t.type == "mesh3d"}
    for name, vector in zip("abc", lattice, strict=True):
        far = arrows[name][np.argmax(np.linalg.norm(arrows[name], axis=1))]
        np.testing.assert_allclose(
            far / np.linalg.norm(far), vector / np.linalg.norm(vector), atol=1e-6
        )
    letters = [a.text for a in figure.layout.scene.annotations]
    assert letters == ["<b>a ∥ x</b>", "<b>b</b>", "<b>c ∥ z</b>", "<b>y</b>"]


def test_without_a_lattice_the_axes_of_the_tensor_are_named():
    figure = elastic_directions.figure(Quantity.YOUNG, QUARTZ, axes=CARTESIAN)
    letters = [a.text for a in figure.layout.scene.annotations]
    assert letters == ["<b>x</b>", "<b>y</b>", "<b>z</b>"]


@pytest.mark.parametrize("plane", elastic_sections.PLANES)
def test_section_counts_its_angle_from_the_first_axis_to_the_second(plane):
    (curve,) = elastic_sections.figures(Quantity.YOUNG, QUARTZ)[plane].data
    for angle, letter in zip((0, 90), plane, strict=True):
        expected = directions.young_modulus_gpa(QUARTZ, np.eye(3)["xyz".index(letter)])
        at = np.argmin(np.abs(np.array(curve.theta) - angle))
        assert curve.r[at] == pytest.approx(expected, rel=1e-4)
    oblique = np.eye(3)["xyz".index(plane[0])] + np.eye(3)["xyz".index(plane[1])]
    at = np.argmin(np.abs(np.array(curve.theta) - 45))
    expected = directions.young_modulus_gpa(QUARTZ, oblique / np.sqrt(2))
    assert curve.r[at] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("what", ALL)
def test_sections_share_one_scale_that_holds_all(what):
    figures = elastic_sections.figures(what, QUARTZ, DENSITY)
    ranges = {tuple(figure.layout.polar.radialaxis.range) for figure in figures.values()}
    ((low, high),) = ranges
    drawn = [r for figure in figures.values() for trace in figure.data for r in trace.r]
    assert low == 0
    assert 0.9 * high < np.nanmax(drawn) < high


def test_section_draws_negative_values_at_their_size_in_another_colour():
    figure = elastic_sections.figures(Quantity.POISSON, CRISTOBALITE)["xz"]
    negative = [trace for trace in figure.data if trace.line.color == NEGATIVE_COLOUR]
    assert {trace.name for trace in negative} == {
        "smallest ν, negative",
        "largest ν, negative",
    }
    for trace in figure.data:
        value = np.array(trace.customdata)[:, 0]
        shown = np.isfinite(np.array(trace.r, dtype=float))
        np.testing.assert_allclose(np.array(trace.r)[shown], np.abs(value[shown]), rtol=1e-5)
        assert ((value[shown] < 0) == (trace.line.color == NEGATIVE_COLOUR)).all()


def test_rays_of_two_waves_are_not_joined_where_the_waves_change_places():
    slow, fast, fastest = elastic_sections.figures(Wave.GROUP, CALCITE, 2712.0)["yz"].data
    for curve, broken in ((slow, True), (fast, True), (fastest, False)):
        angle = np.radians(np.array(curve.theta, dtype=float))
        ends = np.array(curve.r) * np.array([np.cos(angle), np.sin(angle)])
        steps = np.linalg.norm(np.diff(ends, axis=1), axis=0)
        assert np.nanmax(steps) < 0.06 * np.nanmax(curve.r)
        assert np.isnan(steps).any() == broken


def test_waves_without_density_are_an_error_of_the_caller():
    with pytest.raises(ValueError, match="density"):
        elastic_sheets.sheets(Wave.PHASE, QUARTZ, None, np.eye(3))


def test_strain_points_lie_on_the_curves_of_the_exact_derivatives():
    result = sample.elastic()
    for draw in (elastic_strain.energy, elastic_strain.stress):
        for pattern in (0, 1):
            for line, points in zip(*[iter(draw(result, pattern).data)] * 2, strict=True):
                on_line = np.interp(points.x, line.x, line.y)
                np.testing.assert_allclose(points.y, on_line, atol=1e-3)


def test_stress_is_drawn_for_the_constants_that_are_not_zero():
    shown = [t.name for t in elastic_strain.stress(sample.elastic(), 0).data if t.showlegend]
    assert shown == [
        "xx: C11 = 154.3 GPa, relaxed ions",
        "yy: C12 = 69.7 GPa, relaxed ions",
        "zz: C13 = 69.7 GPa, relaxed ions",
    ]
    (only,) = [t.name for t in elastic_strain.stress(sample.elastic(), 1).data if t.showlegend]
    assert only == "yz: C44 = 57.9 GPa, relaxed ions"


def test_deviations_vanish_where_energy_and_stress_are_exact():
    result = sample.elastic()
    found = elastic_strain.deviations(result)
    assert {(one.name, one.ions) for one in found} >= {
        ("C11", "relaxed ions"),
        ("C44", "clamped ions"),
    }
    for one in found:
        assert one.largest_gpa == pytest.approx(0, abs=1e-9)


def test_deviation_names_the_larger_difference_with_its_sign():
    result = sample.elastic()
    wrong = result.strain_stress_relaxed_gpa * 0.98
    found = elastic_strain.deviations(replace(result, strain_stress_relaxed_gpa=wrong))
    one = next(d for d in found if (d.name, d.ions) == ("C44", "relaxed ions"))
    assert one.from_stress_gpa == pytest.approx(0.98 * 57.9)
    assert one.from_energy_gpa == pytest.approx(57.9)
    assert one.largest_gpa == pytest.approx(-0.02 * 57.9)


def test_older_results_say_that_they_have_no_stresses():
    older = replace(
        sample.elastic(),
        strain_stress_relaxed_gpa=np.zeros(0),
        strain_stress_clamped_gpa=np.zeros(0),
    )
    figure = elastic_strain.stress(older, 0)
    assert not figure.data
    assert "before stresses were kept" in figure.layout.annotations[0].text
    assert elastic_strain.deviations(older) == ()
    assert len(elastic_strain.energy(older, 0).data) == 4
