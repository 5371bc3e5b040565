"""The elastic tab: constants under pressure and from several models."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pages.ui import session, source_form
from tests.pages import jobs_on_disk, sample, seen, series

PRESSURE, COMPARISON = "Under pressure", "Comparison"
ASKED = {"elastic_pressures_gpa": (0.0, 5.0), "compare_models": ("chgnet-0.3.0",)}


@pytest.fixture
def opened(page, store):
    def open_section(section, **extra):
        stages = {"relax": sample.relax(), "elastic": sample.elastic(), **extra}
        asked = ASKED if extra else {}
        app = page(job=jobs_on_disk.ended(store, "finished", stages, **asked))
        app.session_state[session.TAB] = "Elastic"
        app.session_state[session.ELASTIC_SECTION] = section
        app.run()
        assert not app.exception
        assert not app.error
        return app

    return open_section


def test_constants_under_pressure_with_the_limit_of_stability(opened):
    app = opened(PRESSURE, elastic_pressure=series.swept())
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Range"] == "−20.0 to 22.0 GPa"
    assert figures["Unstable at"] == "15.0 to 22.0 GPa"
    (table,) = (t.value for t in app.dataframe)
    assert list(table["C44 (GPa)"]) == ["—", "60.0", "20.0", "−28.0"]
    assert table["Remark"][0] == "The cell reached 5 times its volume."
    assert "the cell burst" in seen.words(app)
    first = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["name"] for trace in first["data"]] == ["C11", "C12", "C44"]
    shaded = [shape for shape in first["layout"]["shapes"] if shape["type"] == "rect"]
    assert [(shape["x0"], shape["x1"]) for shape in shaded] == [(pytest.approx(15.0), 22.0)]


def test_models_are_compared_and_their_distance_is_no_error_bar(opened):
    app = opened(COMPARISON, elastic_models=series.spread())
    (found,) = (t.value for t in app.dataframe if "Apart by" in t.value.columns)
    table = found.set_index("GPa")
    assert list(table.columns[2:]) == ["SevenNet-0", "CHGNet 0.3.0", "SevenNet-l3i5"]
    assert list(table.loc["C11"]) == ["40.0", "22 %", "160.0", "200.0", "—"]
    assert "not an error bar" in seen.words(app)
    assert "it is not installed" in seen.words(app)
    assert "error bar" not in json.dumps([c.proto.spec for c in app.get("plotly_chart")])


def test_known_values_are_not_compared_with_a_crystal_under_pressure(page, store):
    loaded = replace(sample.elastic(), pressure_gpa=10.0)
    stages = {"relax": sample.relax(), "elastic": loaded}
    app = page(job=jobs_on_disk.ended(store, "finished", stages))
    app.session_state[session.TAB] = "Elastic"
    app.session_state[session.ELASTIC_SECTION] = COMPARISON
    app.run()
    assert "this calculation is at 10.00 GPa" in seen.words(app)
    assert not app.dataframe
    app.session_state[session.ELASTIC_SECTION] = "Second derivatives"
    app.run()
    assert "H = E + pV" in seen.words(app)


@pytest.mark.parametrize("section", [PRESSURE, COMPARISON])
def test_what_was_not_asked_for_says_how_to_ask(opened, section):
    assert "More elastic constants" in seen.words(opened(section))


def test_what_is_still_to_come_says_so(page, store):
    """Both further stages were asked for; the first is under way."""
    done = {"relax": sample.relax(), "elastic": sample.elastic()}
    job = jobs_on_disk.running(store, done, properties=("elastic",), **ASKED)
    app = page(job=job)
    app.session_state[session.TAB] = "Elastic"
    for section, sentence in (
        (PRESSURE, "Being computed now"),
        (COMPARISON, "Waiting for its turn"),
    ):
        app.session_state[session.ELASTIC_SECTION] = section
        app.run()
        assert sentence in seen.words(app)
        assert "More elastic constants" not in seen.words(app)


def test_form_makes_a_spec_with_pressures_and_models(page, store):
    app = page()
    app.segmented_control(key=session.SOURCE).set_value(source_form.EXAMPLE).run()
    app.toggle(key=session.SWEEP).set_value(True).run()
    app.number_input(key=session.SWEEP_TO).set_value(30.0)
    app.number_input(key=session.SWEEP_COUNT).set_value(4)
    app.multiselect(key=session.OTHERS).set_value(["chgnet-0.3.0"])
    app.button[0].click().run()
    spec = store.get(store.list()[0].id).spec
    assert spec.elastic_pressures_gpa == (0.0, 10.0, 20.0, 30.0)
    assert spec.compare_models == ("chgnet-0.3.0",)
    assert spec.properties[-2:] == ("elastic_pressure", "elastic_models")
