"""The phonon tab: imaginary modes followed, and convergence."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages import jobs_on_disk, sample


def soft_script(root: str, job_id: str, kind: str, why: str | None) -> None:
    from pathlib import Path

    from jobs.store import JobStore
    from pages.ui import phonons_soft_view
    from tests.pages import sample, soft

    job = JobStore(Path(root)).get(job_id)
    result = {"none": None, "followed": soft.followed(), "nothing": soft.nothing()}[
        kind.removesuffix("-imaginary")
    ]
    phonons = sample.phonons(imaginary=kind.endswith("imaginary"))
    phonons_soft_view.draw(job, result, phonons, why)


def convergence_script(root: str, job_id: str, there: bool, why: str | None) -> None:
    from pathlib import Path

    from jobs.store import JobStore
    from pages.ui import phonons_convergence_view
    from tests.pages import sample, soft

    job = JobStore(Path(root)).get(job_id)
    found = soft.converged() if there else None
    phonons_convergence_view.draw(job, found, sample.phonons(), why)


@pytest.fixture
def drawn(store):
    def draw(script, *args, why=None):
        job_id = jobs_on_disk.ended(store, "finished", sample.all_stages())
        values = (str(store.root), job_id, *args, why)
        app = AppTest.from_function(script, args=values, default_timeout=60).run()
        assert not app.exception
        return app

    return draw


def figures(app):
    return {metric.label: metric.value for metric in app.metric}


def test_modes_wells_and_phases_are_shown(drawn):
    app = drawn(soft_script, "followed-imaginary")
    assert figures(app)["Softest mode"] == "X"
    assert figures(app)["Best phase"] == "I4/mcm"
    assert figures(app)["Gain"] == "5.00 meV/atom"
    assert figures(app)["Gain per formula unit"] == "25.0 meV"
    modes, phases = (table.value for table in app.dataframe)
    assert list(modes["Frequency (THz)"]) == ["−3.000", "−1.000"]
    assert list(modes["Followed"]) == ["yes", "no"]
    assert list(phases["Distortion"]) == ["X (a, 0, 0)", "X (a, a, a)"]
    assert list(phases["Volume (%)"]) == ["1.00", "1.00"]
    assert list(phases["Modes at Γ from (THz)"]) == ["not checked", "not checked"]
    wells = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert "largest excursion" in wells["layout"]["xaxis"]["title"]["text"]
    assert [button.label for button in app.button] == ["Go on with this phase"]


def test_real_modes_are_one_sentence(drawn):
    for kind in ("none", "nothing"):
        app = drawn(soft_script, kind)
        assert "All modes are real" in app.info[0].value
        assert not app.button
        assert not app.dataframe


def test_imaginary_modes_can_be_followed(drawn):
    app = drawn(soft_script, "none-imaginary")
    assert "gains energy" in app.info[0].value
    assert [button.label for button in app.button] == ["Follow the imaginary modes"]


def test_what_went_wrong_is_said_and_nothing_offered(drawn):
    app = drawn(soft_script, "none-imaginary", why="The worker stopped.")
    assert app.info[0].value == "The worker stopped."
    assert not app.button
    app = drawn(convergence_script, False, why="The worker stopped.")
    assert app.info[0].value == "The worker stopped."
    assert not app.button


def test_the_cost_is_estimated_before_the_run(drawn):
    app = drawn(convergence_script, False)
    (table,) = (frame.value for frame in app.dataframe)
    assert list(table["Part"])[-1] == "Other displacements"
    assert list(table["Displaced supercells"]).count("there already") == 1
    assert table["Time"].iloc[-1].endswith("s")
    assert figures(app)["Memory"].endswith("MB")
    assert [button.label for button in app.button] == ["Compute the convergence"]


def test_convergence_marks_the_recommended_supercell(drawn):
    app = drawn(convergence_script, True)
    assert figures(app)["Recommended supercell"] == "64 atoms"
    assert figures(app)["Deviation of the preset's"] == "0.030 THz"
    supercells, displacements = (frame.value for frame in app.dataframe)
    assert list(supercells[""]) == ["", "recommended, preset", ""]
    assert list(supercells["at X (THz)"]) == ["0.400", "0.030", "0.000"]
    assert list(supercells["Time"]) == ["less than 1 s", "there already", "4 s"]
    assert list(displacements[""]) == ["", "preset", "", ""]
    assert len(app.get("plotly_chart")) == 4
