"""The sections of the elastic tab of a calculation."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pages.ui import session
from tests.pages import jobs_on_disk, sample, seen


def opened(page, store, section: str, **changes):
    """The elastic tab of a finished job, with some fields of its result changed."""
    stages = {"relax": sample.relax(), "elastic": replace(sample.elastic(), **changes)}
    app = page(job=jobs_on_disk.ended(store, "finished", stages))
    app.session_state[session.TAB] = "Elastic"
    app.session_state[session.ELASTIC_SECTION] = section
    app.run()
    assert not app.exception
    assert not app.error
    return app


def test_constants_stand_beside_those_of_clamped_ions_and_finite_strain(page, store):
    app = opened(page, store, "Tensor & symmetry")
    table = app.dataframe[0].value
    assert list(table["Constant"]) == ["C11", "C12", "C44"]
    assert list(table.iloc[2])[1:] == ["57.9", "77.9", "58.0"]


def test_axes_are_told_in_words_and_as_a_rotation_from_the_given_cell(page, store):
    app = opened(page, store, "Tensor & symmetry")
    assert "x ∥ a, y ∥ b, z ∥ c" in seen.words(app)
    given, relaxed = (table.value for table in app.dataframe[1:3])
    assert list(given["X"]) == ["0.0000", "0.0000", "1.0000"]
    assert list(relaxed["X"]) == ["1.0000", "0.0000", "0.0000"]


def test_older_result_without_rotation_and_stresses_is_drawn(page, store):
    nothing = np.zeros(0)
    older = {
        "ieee_rotation_from_input": nothing,
        "orientation": "",
        "strain_stress_relaxed_gpa": nothing,
        "strain_stress_clamped_gpa": nothing,
    }
    assert len(opened(page, store, "Tensor & symmetry", **older).dataframe) == 4
    app = opened(page, store, "Second derivatives", **older)
    assert "before stresses were kept" in seen.words(app)
    assert len(seen.charts(app)) == 3


def test_second_derivatives_of_each_strain(page, store):
    app = opened(page, store, "Second derivatives")
    assert "strain xx (%)" in json.dumps(seen.charts(app)[0])
    app.segmented_control(key="strain-pattern").set_value(1).run()
    assert "strain yz (%)" in json.dumps(seen.charts(app)[0])
    assert list(app.dataframe[0].value["Constant"]) == ["C44", "C44"]
    app.toggle(key="all-strains").set_value(True).run()
    assert len(app.dataframe[0].value) == 8


def test_directions_are_named_by_the_axes_of_the_crystal(page, store):
    app = opened(page, store, "Directions")
    smallest, largest = app.dataframe[0].value["Along"]
    assert smallest.split(" = ")[0] in {"[1 0 0]", "[0 1 0]", "[0 0 1]"}
    assert largest.replace("−", "") == "[1 1 1] = (0.577, 0.577, 0.577)"
    assert len(seen.charts(app)) == 4


def test_sound_along_a_direction_of_the_crystal(page, store):
    app = opened(page, store, "Sound")
    app.text_input(key="sound-direction").set_value("1 1 0").run()
    assert "[1 1 0], n = (0.707, 0.707, 0.000)" in seen.words(app)
    names = list(app.dataframe[0].value["Wave"])
    assert names == ["longitudinal", "fast shear", "slow shear"]


def test_unstable_crystal_shows_what_has_a_meaning(page, store):
    tensor = sample.elastic(stable=False).stiffness_gpa
    app = opened(page, store, "Directions", stiffness_gpa=tensor)
    assert "gives way by itself" in seen.words(app)
    assert not seen.charts(app)
    assert opened(page, store, "Tensor & symmetry", stiffness_gpa=tensor).dataframe
    assert opened(page, store, "Derived", stiffness_gpa=tensor).metric


@pytest.mark.parametrize("section", ["Under pressure", "Comparison"])
def test_further_sections_are_there(page, store, section):
    assert seen.words(opened(page, store, section))
