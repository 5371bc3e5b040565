"""The sections of the expansion tab."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pages.ui import session, thermal_view
from tests.pages import jobs_on_disk, sample

CHARTS = {
    "Expansion": 6,
    "Free energy & equation of state": 3,
    "Along the axes": 2,
    "Grüneisen": 3,
    "Consistency": 0,
    "Beside experiment": 2,
}


@pytest.fixture
def open_section(page, store):
    def show(section, stages=None):
        job = jobs_on_disk.ended(store, "finished", stages or sample.all_stages())
        app = page(job=job)
        app.session_state[session.TAB] = "Expansion"
        app.session_state[thermal_view.SECTION] = section
        return app.run()

    return show


def written(app) -> str:
    elements = (*app.markdown, *app.caption, *app.info)
    return "\n".join(element.value for element in elements)


def test_all_sections_are_tried():
    assert list(CHARTS) == list(thermal_view.SECTIONS)


@pytest.mark.parametrize("section", CHARTS)
def test_each_section_draws(open_section, section):
    app = open_section(section)
    assert not app.exception
    assert not app.error
    assert len(app.get("plotly_chart")) == CHARTS[section]


def older():
    """An expansion as it was kept before there was more than one section."""
    return replace(
        sample.thermal(),
        entropy_j_per_mol_atoms_k=np.zeros(0),
        lattice_a={},
        eos_parameters=np.zeros(0),
        other_fit=None,
        alpha_quasistatic_per_k={},
        axis_method="quasistatic",
        mesh_gruneisen=np.zeros(0),
        gruneisen_mode_mean=np.zeros(0),
        band_volume_frequency_thz=np.zeros(0),
        debye_temperature_k=float("nan"),
    )


@pytest.mark.parametrize("section", CHARTS)
def test_older_results_are_drawn_as_far_as_they_go(open_section, section):
    app = open_section(section, {**sample.all_stages(), "thermal": older()})
    assert not app.exception
    assert not app.error


def test_what_an_older_result_lacks_is_said(open_section):
    app = open_section(
        "Free energy & equation of state", {**sample.all_stages(), "thermal": older()}
    )
    assert "compute it again" in written(app)


def test_difference_of_the_equations_of_state_can_be_seen(open_section):
    app = open_section("Free energy & equation of state")
    app.segmented_control(key=thermal_view.FORM_QUANTITY).set_value("Bulk modulus").run()
    assert "Largest difference between the two: 0.5 GPa" in written(app)
    assert "bulk modulus (GPa)" in app.get("plotly_chart")[-1].proto.spec


def test_negative_expansion_is_told_with_its_range(open_section):
    heat = sample.thermal()
    alpha = np.where((sample.KELVIN > 15) & (sample.KELVIN < 115), -1e-6, 2e-6)
    app = open_section(
        "Expansion", {**sample.all_stages(), "thermal": replace(heat, alpha_volume_per_k=alpha)}
    )
    assert "shrinks on heating from 20 to 110 K" in written(app)


def test_debye_temperature_is_marked(open_section):
    app = open_section("Expansion")
    texts = [
        note["text"]
        for chart in app.get("plotly_chart")
        for note in json.loads(chart.proto.spec)["layout"].get("annotations", [])
    ]
    assert texts.count("Θ<sub>D</sub>") == CHARTS["Expansion"]


def test_bands_can_be_seen_at_each_volume(open_section):
    app = open_section("Grüneisen")
    app.segmented_control(key="thermal_gruneisen_look").set_value("At each volume").run()
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    named = {trace["name"] for trace in drawn if trace.get("showlegend")}
    assert len(named) == len(sample.thermal().sampled_volume_per_atom_a3)


def test_consistency_gives_verdicts(open_section):
    app = open_section("Consistency")
    assert "Bulk modulus" in written(app)
    tables = [frame.value for frame in app.dataframe]
    assert any("agrees" in set(table["Verdict"]) for table in tables if "Verdict" in table)


def test_known_measurements_of_silicon_are_cited(open_section):
    assert "Linear expansion along a" in written(open_section("Beside experiment"))


def test_an_uploaded_table_is_drawn_and_named(open_section):
    app = open_section("Beside experiment")
    before = len(json.loads(app.get("plotly_chart")[1].proto.spec)["data"])
    app.selectbox(key="experiment_quantity").select("heat_capacity_p_j_per_mol_atoms_k")
    rows = b"T (K),Cp\n100,7.0\n200,15.6\n300,20.0\n"
    app.file_uploader(key="experiment_upload").set_value(("mine.csv", rows, "text/csv")).run()
    assert not app.error
    assert "your file mine.csv" in written(app)
    assert len(json.loads(app.get("plotly_chart")[1].proto.spec)["data"]) == before + 1


def test_a_table_that_is_none_is_refused_in_words(open_section):
    app = open_section("Beside experiment")
    app.file_uploader(key="experiment_upload").set_value(("x.csv", b"hello", "text/csv")).run()
    assert len(app.error) == 1
    assert len(app.get("plotly_chart")) == 2
