"""Figures of phonons: the bands that can be clicked, colours, levels, the zone, overlays."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk

from mlpcore.units import THZ_IN_K, THZ_IN_PER_CM
from properties import symmetry
from properties.crystal import Crystal
from properties.plots import (
    phonons,
    phonons_colour,
    phonons_gamma,
    phonons_overlay,
    phonons_zone,
)
from properties.vibrations import band_overlay, zone
from tests.pages import sample

NACL = symmetry.analyse(Crystal.from_atoms(bulk("NaCl", "rocksalt", a=5.64))).primitive


def test_bands_break_between_segments():
    result = sample.phonons()
    trace = phonons.band_traces(result)[0]
    gaps = np.flatnonzero(np.isnan(np.array(trace.x, dtype=float)))
    assert len(gaps) == len(result.band_segment_start) - 1
    assert len(trace.x) == len(trace.customdata) == len(result.band_distance) + len(gaps)


def test_frequency_unit_scales_bands_and_keeps_the_number_of_modes():
    thz, per_cm = (phonons.bands_and_dos(sample.phonons(), unit) for unit in ("THz", "cm⁻¹"))
    np.testing.assert_allclose(
        np.nanmax(np.array(per_cm.data[5].y, dtype=float)),
        THZ_IN_PER_CM * np.nanmax(np.array(thz.data[5].y, dtype=float)),
    )
    for figure in (thz, per_cm):
        dos = figure.data[6]
        assert np.trapezoid(dos.x, dos.y) == pytest.approx(6)


def test_high_symmetry_points_are_labelled():
    axis = phonons.bands_and_dos(sample.phonons()).layout.xaxis
    assert axis.ticktext[0] == "Γ"
    assert "U|K" in axis.ticktext
    assert len(axis.ticktext) == len(axis.tickvals)


def test_imaginary_region_is_shaded_and_in_view_only_where_there_is_one():
    stable, unstable = (
        phonons.bands_and_dos(sample.phonons(imaginary=imaginary))
        for imaginary in (False, True)
    )
    shaded = [shape for shape in unstable.layout.shapes if shape.type == "rect"]
    assert shaded
    assert unstable.layout.yaxis.range[0] < sample.phonons(imaginary=True).min_frequency_thz
    assert not [shape for shape in stable.layout.shapes if shape.type == "rect"]


def test_a_click_tells_band_and_point():
    """As the player needs it: meta is the band, column 4 the index of the point."""
    result = sample.phonons_with_modes()
    for band, trace in enumerate(phonons.band_traces(result), start=1):
        assert trace.meta == band
        known = ~np.isnan(np.array(trace.x, dtype=float))
        q, index = trace.customdata[known, :3], trace.customdata[known, 3].astype(int)
        np.testing.assert_array_equal(index, np.arange(len(result.band_qpoints)))
        np.testing.assert_allclose(q, result.band_qpoints[index], atol=1e-6)
        drawn = np.array(trace.y, dtype=float)[known]
        np.testing.assert_allclose(drawn, result.band_frequency_thz[index, band - 1])


def test_kelvin_is_the_quantum_over_boltzmann():
    axis = phonons.bands_and_dos(sample.phonons(), "K").data[5].y
    expected = THZ_IN_K * sample.phonons().band_frequency_thz[:, 5].max()
    assert np.nanmax(np.array(axis, dtype=float)) == pytest.approx(expected)


@pytest.mark.parametrize("kind", [phonons.BY_ELEMENT, phonons.BY_SITE])
def test_parts_of_the_density_of_states_add_up(kind):
    result = sample.phonons_with_modes()
    total, *parts = phonons.dos_traces(result, "meV", NACL, kind)
    np.testing.assert_allclose(sum(np.array(part.x) for part in parts), total.x)
    assert [part.name.split()[0] for part in parts] == ["Na", "Cl"]


def test_like_sites_are_drawn_together():
    result = sample.phonons_with_modes()
    alike = np.stack([result.dos_per_thz / 2] * 2)
    parts = phonons.projected(
        replace(result, projected_dos_per_thz=alike), sample.crystal(), phonons.BY_SITE
    )
    assert [name for name, _, _ in parts] == ["Si 1, 2"]


def test_coloured_lines_cover_every_step_of_every_band_once():
    result = sample.phonons_with_modes()
    colouring = phonons_colour.group_speed(result)
    *lines, bar = phonons_colour.traces(
        result.band_distance, result.band_frequency_thz, result.band_segment_start, colouring
    )
    steps = sum(np.isfinite(np.diff(np.array(line.x, dtype=float))).sum() for line in lines)
    points, bands = result.band_frequency_thz.shape
    assert steps == (points - len(result.band_segment_start)) * bands
    assert all(line.hoverinfo == "skip" for line in lines)
    assert bar.marker.colorbar.title.text == "group velocity (km/s)"


def test_shares_of_the_elements_add_up_to_one():
    result = sample.phonons_with_modes()
    shares = [phonons_colour.element_share(result, NACL, s).values for s in ("Na", "Cl")]
    np.testing.assert_allclose(sum(shares), 1, atol=1e-6)


def test_colours_need_what_they_show():
    old = sample.phonons()
    assert phonons_colour.group_speed(old) is None
    assert phonons_colour.element_share(old, NACL, "Na") is None
    assert phonons_colour.gruneisen(old, None) is None
    found = phonons_colour.gruneisen(old, sample.thermal())
    assert found.low == -found.high


def test_large_dispersions_are_drawn_quickly():
    result = sample.phonons_with_modes()
    many = np.tile(result.band_frequency_thz, (3, 5))
    count = len(many)
    large = replace(
        result,
        band_distance=np.arange(count, dtype=float),
        band_qpoints=np.tile(result.band_qpoints, (3, 1)),
        band_frequency_thz=many,
        band_group_speed_km_per_s=np.abs(np.sin(many)),
    )
    assert many.shape[1] == 30
    assert count > 500
    started = time.perf_counter()
    colouring = phonons_colour.group_speed(large)
    phonons.bands_and_dos(large, colouring=colouring).to_json()
    assert time.perf_counter() - started < 2


def test_levels_that_the_field_moves_are_marked():
    result = replace(
        sample.phonons(),
        direction_uvw=np.array([[1, 0, 0]]),
        limit_direction=np.eye(3)[:1],
        limit_frequency_thz=np.array([[0, 0, 0, 12.5, 12.5, 14.0]]),
    )
    figure = phonons_gamma.levels(result, ["(1, 0, 0)"])
    drawn = [(line.x[1], line.y[0], line.line.color) for line in figure.data]
    reds = {colour for x, y, colour in drawn if (x, y) == (1, 14.0)}
    blues = {colour for x, y, colour in drawn if (x, y) != (1, 14.0)}
    assert len(reds) == len(blues) == 1
    assert reds != blues
    assert phonons_gamma.splitting_thz(result) == [1.5]


def test_frequencies_at_gamma_come_in_groups():
    assert phonons_gamma.groups(np.array([12.5, -1e-7, 12.5, 0, 1e-7, 12.5])) == [
        (0.0, 3),
        (12.5, 3),
    ]
    assert phonons.written(-1e-7, "THz") == "0.00"
    assert phonons.written(-3.2, "THz") == "−3.20"


def test_zone_is_drawn_to_scale_with_its_points():
    lattice = sample.crystal().lattice_a
    found, path = zone.first_zone(lattice), zone.path(sample.phonons(), lattice)
    scene = phonons_zone.figure(found, path).layout.scene
    written = {note.text for note in scene.annotations}
    assert {"<b>Γ</b>", "<b>X</b>", "<b>b</b><sub>1</sub>"} <= written
    assert scene.xaxis.range == scene.yaxis.range == scene.zaxis.range


def test_every_dispersion_has_one_entry_in_the_legend_and_is_in_view():
    result = sample.phonons()
    other = band_overlay.on_same_points("other", result, result.band_frequency_thz + 2)
    point = band_overlay.PlacedPoints("neutrons", np.array([0.0]), np.array([16.0]))
    figure = phonons_overlay.overlay(result, "this", [other], [point])
    assert [trace.name for trace in figure.data] == ["other", "this", "neutrons"]
    assert figure.layout.yaxis.range[1] > 16.0
    drawn = np.array(figure.data[0].y, dtype=float)
    assert np.isfinite(drawn).sum() == result.band_frequency_thz.size
