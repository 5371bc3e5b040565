"""Figures of results: the right data, units on every axis, both themes readable."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.colors import hex_to_rgb, sample_colorscale, unlabel_rgb
from scipy.constants import R

from properties.plots import (
    elastic,
    elastic_strain,
    phonons,
    phonons_thermodynamics,
    relax,
    style,
    thermal,
    thermal_free_energy,
    thermal_gruneisen,
)
from tests.pages import sample


def figures() -> dict[str, go.Figure]:
    bent, path, heat = sample.elastic(), sample.phonons(), sample.thermal()
    found = {f"relax {k}": f for k, f in enumerate(relax.history(sample.relax()))}
    found |= {
        f"harmonic {k}": f for k, f in enumerate(phonons_thermodynamics.thermodynamics(path))
    }
    found["strain energy"] = elastic_strain.energy(bent, 1)
    found["strain stress"] = elastic_strain.stress(bent, 1)
    found["finite strain"] = elastic.finite_strain(bent)
    found["bands"] = phonons.bands_and_dos(path)
    for draw in (
        thermal_free_energy.free_energy,
        thermal.volume,
        thermal.expansion,
        thermal.bulk_modulus,
        thermal.heat_capacity,
        thermal.gruneisen,
        thermal_gruneisen.gruneisen_scatter,
    ):
        found[draw.__name__] = draw(heat)
    found["gruneisen bands"] = thermal_gruneisen.gruneisen_bands(heat, path)
    return found


FIGURES = figures()
WITHOUT_UNIT = {"step", "mode Grüneisen parameter", "thermodynamic Grüneisen parameter"}


@pytest.mark.parametrize("name", FIGURES)
def test_every_titled_axis_names_its_unit(name):
    layout = FIGURES[name].to_dict()["layout"]
    titles = [
        axis["title"]["text"]
        for key, axis in layout.items()
        if key[1:5] == "axis" and "title" in axis
    ]
    assert titles
    for title in set(titles) - WITHOUT_UNIT:
        assert re.search(r"\(.+\)$", title), title


@pytest.mark.parametrize("name", FIGURES)
def test_background_is_the_page_and_text_is_the_themes(name):
    layout = FIGURES[name].layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.font.color is None


@pytest.mark.parametrize("name", FIGURES)
def test_hover_rounds_every_number(name):
    for trace in FIGURES[name].data:
        numbers = re.findall(r"%\{(x|y|z|customdata\S*?)(:[^}]*)?\}", trace.hovertemplate)
        rounded = [form for place, form in numbers if place != "x" or form]
        assert rounded
        assert all(rounded), trace.hovertemplate


COLOUR_BLIND = {
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    "none": np.eye(3).tolist(),
}
"""Linear sRGB as seen by each; Machado et al., IEEE TVCG 15, 1291 (2009), severity 1."""

TO_XYZ = [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
WHITE = (0.9505, 1.0, 1.0888)


def lab(colour: str, seen_by: str) -> np.ndarray:
    """CIELAB of a colour as a person sees it."""
    part = np.array(hex_to_rgb(colour)) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(COLOUR_BLIND[seen_by]) @ linear, 0, 1)
    x, y, z = np.cbrt(np.array(TO_XYZ) @ seen / WHITE)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen_by", COLOUR_BLIND)
def test_palette_is_distinct_to_all_eyes(seen_by):
    colours = np.array([lab(colour, seen_by) for colour in style.CYCLE])
    apart = np.linalg.norm(colours[:, None] - colours, axis=-1)
    assert apart[~np.eye(len(colours), dtype=bool)].min() > 15


@pytest.mark.parametrize("page", ["#ffffff", "#10161d"])
def test_the_eighth_colour_is_seen_on_both_pages(page):
    assert contrast(hex_to_rgb(style.VIOLET), hex_to_rgb(page)) > 3


def test_small_numbers_on_an_axis_are_powers_of_ten():
    figure = style.finish(go.Figure(layout={"yaxis": {"type": "log"}}))
    assert figure.layout.xaxis.exponentformat == "power"
    assert figure.layout.yaxis.exponentformat is None


def test_relaxation_energy_is_counted_from_its_end():
    energy = relax.history(sample.relax())[0].data[0]
    assert energy.y[-1] == 0
    assert energy.y[0] == pytest.approx(20, rel=1e-3)


def test_stiffness_map_shows_rounded_numbers_and_dots_for_zero():
    squares, numbers = elastic.stiffness_map(sample.elastic().stiffness_gpa).data
    text = np.array(numbers.text).reshape(6, 6)
    assert text[0, 0] == "154.3"
    assert text[3, 3] == "57.9"
    assert text[0, 3] == "·"
    assert np.array(squares.z)[0, 1] == pytest.approx(69.7)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_numbers_contrast_with_their_squares(sign):
    stiffness = sign * np.array(
        [[10.0 * row + column for column in range(6)] for row in range(6)]
    )
    squares, numbers = elastic.stiffness_map(stiffness).data
    inks = np.array(numbers.textfont.color).reshape(6, 6)
    drawn = ~np.isnan(np.array(squares.z, dtype=float))
    assert drawn.sum() == 35
    for value, ink in zip(stiffness[drawn], inks[drawn], strict=True):
        place = 0.5 + value / (2 * squares.zmax)
        (square,) = sample_colorscale([list(stop) for stop in squares.colorscale], [place])
        assert contrast(hex_to_rgb(ink), unlabel_rgb(square)) > 4


def contrast(first, second) -> float:
    """Contrast of two colours after WCAG 2.1, from 1 to 21."""
    light = []
    for colour in (first, second):
        part = np.array(colour) / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)
    return max(light) / min(light)


def test_forces_of_rounding_errors_are_not_drawn():
    noisy = replace(
        sample.relax(),
        history_energy_per_atom_ev=np.zeros(3),
        history_max_force_ev_per_a=np.array([1e-3, 1e-31, 0.0]),
        history_max_stress_gpa=np.ones(3),
    )
    drawn = np.array(relax.history(noisy)[1].data[0].y, dtype=float)
    np.testing.assert_array_equal(drawn, [1e-3, np.nan, np.nan])


def test_finite_strain_bars_are_the_differences():
    bars = elastic.finite_strain(sample.elastic()).data
    small = next(bar for bar in bars if bar.name == "relaxed ions, strain ±0.2 %")
    np.testing.assert_allclose(small.y, 0.001 * np.array([154.3, 69.7, 57.9]))
    assert list(small.x) == ["C11", "C12", "C44"]


def test_equal_axes_of_expansion_are_drawn_once():
    names = [trace.name for trace in thermal.expansion(sample.thermal()).data]
    assert names == ["volume", "linear, along a = b = c"]


def test_expansion_is_in_millionths_per_kelvin():
    result = sample.thermal()
    drawn = thermal.expansion(result).data[0].y
    np.testing.assert_allclose(drawn, 1e6 * result.alpha_volume_per_k)


def test_colours_of_gruneisen_parameters_leave_out_the_extreme_ones():
    usual = np.linspace(1.0, 2.0, 101)
    low, high = thermal_gruneisen.colour_range(np.append(usual, [40.0, np.nan]))
    assert 1.0 <= low < 1.1
    assert 1.9 < high <= 2.05
    low, high = thermal_gruneisen.colour_range(usual - 1.8)
    assert low == -high
    assert 0.7 < high <= 0.8


def test_gruneisen_parameter_is_not_drawn_where_the_heat_capacity_vanishes():
    result = sample.thermal()
    drawn = np.array(thermal.gruneisen(result).data[0].y, dtype=float)
    telling = result.heat_capacity_v_j_per_mol_atoms_k > 0.05 * 3 * R
    assert 0 < telling.sum() < len(telling)
    np.testing.assert_array_equal(np.isfinite(drawn), telling)


def test_index_of_a_high_symmetry_point_is_set_below():
    assert phonons.point_label("H_2|H_0") == "H<sub>2</sub>|H<sub>0</sub>"
    assert phonons.point_label("Γ") == "Γ"


def test_limit_of_validity_is_marked():
    figure = thermal.volume(sample.thermal())
    assert figure.layout.shapes[0].x0 == 900
    assert "valid up to 900 K" in figure.layout.annotations[0].text


def test_marked_minima_are_the_equilibrium_volumes():
    result = sample.thermal()
    marks = thermal_free_energy.free_energy(result).data[-1]
    expected = np.interp([0, 300, 600, 900], result.temperatures_k, result.volume_per_atom_a3)
    np.testing.assert_allclose(marks.x, expected)


def test_modes_of_unknown_gruneisen_parameter_are_grey_not_coloured():
    result = sample.thermal()
    unknown, known = thermal_gruneisen.gruneisen_bands(result, sample.phonons()).data
    assert len(unknown.x) == np.isnan(result.band_gruneisen).sum() > 0
    assert np.isfinite(np.array(known.marker.color)).all()
    assert known.marker.cmin == -known.marker.cmax


def test_table_of_expansion_ends_where_the_result_does():
    rows = thermal.rows(sample.thermal())
    assert [row["temperatures_k"] for row in rows] == list(range(0, 1000, 100))
    beyond = thermal.at(sample.thermal(), 1000.0)
    assert all(np.isnan(value) for value in beyond.values())
