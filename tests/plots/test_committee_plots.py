"""Bands of a committee around curves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from properties.plots import committee as plots
from properties.plots import phonons, thermal
from tests.pages import doubts, sample

SPREAD = float(np.std(doubts.SCALES, ddof=1))


def polygons(trace):
    """The parts of a trace between its gaps."""
    gaps = np.flatnonzero(np.isnan(trace.x))
    return [np.column_stack([trace.x, trace.y])[a + 1 : b] for a, b in pairs(gaps)]


def pairs(gaps):
    return zip([-1, *gaps[:-1]], gaps, strict=True)


@pytest.mark.parametrize("unit", ["THz", "cm⁻¹"])
def test_each_segment_of_each_band_is_a_polygon_around_it(unit):
    result, members = sample.phonons_with_modes(), doubts.committee()
    found = polygons(plots.dispersion_band(result, members, unit))
    bands, segments = result.band_frequency_thz.shape[1], len(result.band_segment_start)
    assert len(found) == bands * segments
    scale = phonons.FREQUENCY_UNITS[unit]
    last = found[-1]
    half = len(last) // 2
    upper, lower = last[:half], last[half:][::-1]
    np.testing.assert_allclose(upper[:, 0], lower[:, 0])
    middle = scale * result.band_frequency_thz[-half:, -1]
    np.testing.assert_allclose((upper[:, 1] + lower[:, 1]) / 2, middle, rtol=1e-6)
    np.testing.assert_allclose((upper[:, 1] - lower[:, 1]) / 2, SPREAD * middle, rtol=1e-4)


def test_dispersion_is_drawn_over_its_band_and_the_legend_has_one_entry():
    result, members = sample.phonons_with_modes(), doubts.committee()
    band = plots.dispersion_band(result, members)
    figure = phonons.bands_and_dos(result, band=band)
    assert figure.data[0].fill == "toself"
    assert [t.name for t in figure.data if t.showlegend is not False] == [plots.BAND_NAME]


def test_function_of_temperature_is_shaded_as_far_as_members_reach():
    result = sample.thermal()
    short = doubts.committee().alpha_volume_per_k.copy()
    short[:, 50:] = np.nan
    members = doubts.committee(alpha_volume_per_k=short)
    figure = plots.with_doubt(thermal.expansion(result), result, members, "alpha_volume_per_k")
    band = figure.data[0]
    assert band.name == plots.BAND_NAME
    assert max(band.x) == result.temperatures_k[49]
    half = len(band.x) // 2
    at = 30
    width = (band.y[at] - band.y[::-1][at]) / 2
    assert half == 50
    assert width == pytest.approx(1e6 * SPREAD * result.alpha_volume_per_k[at], rel=1e-6)


def test_shading_ends_where_the_first_member_leaves():
    result, kelvin = sample.thermal(), doubts.committee().temperatures_k
    ragged = doubts.committee().bulk_modulus_gpa.copy()
    ragged[1, 60:] = ragged[3, 30:] = ragged[0] = np.nan
    members = doubts.committee(bulk_modulus_gpa=ragged)
    figure = plots.with_doubt(thermal.bulk_modulus(result), result, members, "bulk_modulus_gpa")
    assert max(figure.data[0].x) == kelvin[29]
    half = np.std(doubts.SCALES[1:], ddof=1) * result.bulk_modulus_gpa[:30]
    width = (figure.data[0].y[:30] - figure.data[0].y[30:][::-1]) / 2
    np.testing.assert_allclose(width, half)


def shaded(scale):
    result = sample.thermal()
    wide = (1 + scale * (doubts.SCALES[:, None] - 1)) * result.bulk_modulus_gpa
    members = doubts.committee(bulk_modulus_gpa=wide)
    figure = thermal.bulk_modulus(result)
    return plots.with_doubt(figure, result, members, "bulk_modulus_gpa")


def test_a_narrow_band_is_all_in_the_chart():
    figure = shaded(1.0)
    low, high = figure.layout.yaxis.range
    assert low < np.min(figure.data[0].y) < np.max(figure.data[0].y) < high
    assert not plots.is_cut(figure)


def test_a_wide_band_does_not_squash_the_curve():
    figure = shaded(50.0)
    curves = np.concatenate([trace.y for trace in figure.data[1:]])
    low, high = figure.layout.yaxis.range
    assert plots.is_cut(figure)
    assert low < curves.min()
    assert high > curves.max()
    room = max(np.ptp(curves), 0.5 * curves.max())
    assert high - low < 1.11 * (np.ptp(curves) + 2 * room)


def test_without_a_committee_the_figure_stays_as_it_is():
    result = sample.thermal()
    figure = thermal.expansion(result)
    before = len(figure.data)
    assert len(plots.with_doubt(figure, result, None, "alpha_volume_per_k").data) == before


def test_overview_draws_members_in_percent_of_the_whole():
    members = doubts.committee()
    figure = plots.overview(members.numbers, members.members)
    at = [number.name for number in members.numbers].index("C11")
    found = [trace.x[at] for trace in figure.data[1:]]
    np.testing.assert_allclose(found, 100 * (doubts.SCALES - 1), atol=1e-9)
    assert figure.data[0].x[at] == pytest.approx(200 * SPREAD, rel=1e-6)


def test_overview_is_scaled_to_numbers_that_mean_something():
    known = doubts.committee().number("C11")
    wild = dataclasses.replace(known, name="wild", members=known.members * [-9, 1, 5, 20])
    figure = plots.overview([known, wild], doubts.NAMES)
    assert figure.layout.xaxis.range[1] == pytest.approx(1.15 * 5.0)
    assert plots.beyond([known, wild]) == [wild]
    assert plots.beyond([known]) == plots.beyond([wild]) == []


def test_no_two_members_of_a_large_committee_look_the_same():
    names = tuple(f"member {k + 1}" for k in range(12))
    number = dataclasses.replace(
        doubts.committee().number("C11"), members=np.linspace(150, 160, 12)
    )
    figure = plots.overview([number], names)
    looks = [(trace.marker.color, trace.marker.symbol) for trace in figure.data[1:]]
    assert len(set(looks)) == len(names)
    assert len({colour for colour, _ in looks[:8]}) == 8
