"""The comparison with known constants, drawn by itself."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from properties import reference
from properties.examples import example, example_names


def comparison(formula, number, values):
    from pages.ui import elastic_reference

    elastic_reference.draw(formula, number, values)


def drawn(formula, number, values):
    app = AppTest.from_function(comparison, args=(formula, number, values)).run()
    assert not app.exception
    return app


def test_pbe_stands_before_experiment_each_with_its_citation():
    values = {"C11": 160.0, "C12": 60.0, "C44": 80.0, "B": 88.5, "G": 60.0}
    app = drawn("Si", 227, values)
    assert [heading.value for heading in app.markdown] == [
        "**PBE, atoms at rest**",
        "**Experiment, 298 K**",
    ]
    pbe, measured = (table.value for table in app.dataframe)
    assert list(pbe["GPa"]) == ["B"]
    assert list(measured["GPa"]) == ["C11", "C12", "C44", "B", "G"]
    assert list(pbe["Difference"]) == ["0 %"]
    assert measured["Difference"][0] == "−3 %"
    assert measured["Experiment"][0] == "165.7"
    captions = [caption.value for caption in app.caption]
    assert "Lejaeghere" in captions[0]
    assert "Hopcroft" in captions[1]
    assert "0 K" in captions[2]


def test_a_sign_that_depends_on_axes_is_not_compared():
    (measured,) = (r for r in reference.matches("SiO2", 152) if r.kind == "experiment")
    flipped = {**measured.values, "C14": -measured.values["C14"]}
    table = drawn("SiO2", 152, flipped).dataframe[-1].value
    assert "|C14|" in list(table["GPa"])
    assert set(table["Difference"]) == {"0 %"}


def test_recalled_values_say_so():
    app = drawn("TiO2", 136, {"B": 200.0, "G": 100.0})
    assert "Recalled" in app.caption[1].value
    assert "Recalled" not in app.caption[0].value


def test_an_unknown_crystal_is_a_sentence():
    app = drawn("Re3Sb", 1, {"B": 1.0})
    assert "Re₃Sb" in app.info[0].value
    assert not app.dataframe


@pytest.mark.parametrize("name", example_names())
def test_every_example_but_those_without_data_has_a_comparison(name):
    shown = example(name)
    app = drawn(shown.crystal.formula, shown.space_group_number, {"B": 100.0, "G": 50.0})
    assert bool(app.dataframe) == (name not in ("FeS2", "BaTiO3"))
