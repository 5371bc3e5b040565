"""Double wells and convergence: the right numbers in the right places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from properties.plots import convergence, soft_mode
from tests.pages import soft


def test_a_symmetric_well_is_mirrored_and_the_fit_goes_through_it():
    result = soft.followed()
    figure = soft_mode.wells(result, result.phases)
    curve, points = figure.data[:2]
    assert points.name == "X (a, 0, 0)"
    assert len(points.x) == 21
    assert np.array(points.x) == pytest.approx(-np.array(points.x)[::-1])
    assert np.interp(points.x, curve.x, curve.y) == pytest.approx(points.y, abs=0.02)
    assert min(curve.y) == pytest.approx(-4.0, abs=0.01)
    assert len(figure.data) == 4


def test_a_well_without_symmetry_is_drawn_as_computed():
    result = soft.followed()
    figure = soft_mode.wells(result, (soft.phase("(a)", 1.0, symmetric=False),))
    assert list(figure.data[1].x) == pytest.approx(np.linspace(-0.2, 0.2, 11))


def test_degenerate_modes_are_one_line_and_interpolated_ones_are_open():
    figure = convergence.against_length(soft.converged(), "X")
    assert [trace.name for trace in figure.data] == ["mode 1", "mode 3", "mode 4", "mode 5"]
    first = figure.data[0]
    assert list(first.x) == [7.7, 10.9, 15.5]
    assert list(first.y) == pytest.approx([4.4, 4.03, 4.0])
    assert list(first.marker.symbol) == ["circle", "circle-open", "circle"]
    (mark,) = figure.layout.shapes
    assert mark.x0 == 10.9
    assert figure.layout.annotations[0].text == "recommended"


def test_the_preset_is_marked_beside_the_recommended_supercell():
    figure = convergence.against_length(replace(soft.converged(), recommended=2), "Γ")
    assert {shape.x0 for shape in figure.layout.shapes} == {10.9, 15.5}


def test_changes_with_the_displacement_start_from_the_smallest():
    figure = convergence.against_displacement(soft.converged(), "X")
    assert list(figure.data[0].y) == pytest.approx([0, 20 * 7.5e-5, 20 * 3.75e-4, 20 * 8.75e-4])
    assert figure.layout.shapes[0].x0 == 0.01


def test_deviations_leave_out_the_reference():
    figure = convergence.deviations(soft.converged())
    at_x = figure.data[1]
    assert list(at_x.y) == pytest.approx([0.4, 0.03])
    assert list(convergence.residual(soft.converged()).data[0].y) == [0.005, 0.01, 0.02, 0.03]
