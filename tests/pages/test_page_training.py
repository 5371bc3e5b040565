"""The page of trainings: data, form, the errors while it runs, and what came out."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from jobs.folder import JobFolder
from jobs.status import StageProgress
from jobs.tasks import Training, shipped_data
from jobs.training import Trained
from mlpcore import checkpoint, dataset
from pages.ui import session, training_data_view
from tests.mlpcore.random_checkpoint import random_checkpoint
from tests.pages import jobs_on_disk, seen, training_sample

TASK = Training({"name": "springs", "n_members": 2}, "", "springs", "Si")


@pytest.fixture(autouse=True)
def _few_data(monkeypatch):
    """Only one of the shipped sets: reading all of them takes seconds."""
    chosen = tuple(p for p in shipped_data() if p.name == training_data_view.FIRST)
    monkeypatch.setattr(training_data_view, "shipped_data", lambda: chosen)


@pytest.fixture
def trained(store):
    """A training that is over, with its potential."""

    def make(**changes) -> str:
        report = {**training_sample.report(), **changes}
        result = Trained("springs.safetensors", report)
        job_id = jobs_on_disk.ended_task(store, TASK, {"training": result})
        folder = JobFolder(store.root, job_id)
        folder.training.mkdir()
        folder.downloads.mkdir()
        text = json.dumps(training_sample.history(20))
        (folder.training / "history.json").write_text(text)
        np.savez(folder.downloads / "parity.npz", **training_sample.parity())
        made = random_checkpoint(("Si",), n_members=2)
        card = replace(made.card, name="springs", title="Springs")
        checkpoint.write(folder.downloads / "springs.safetensors", replace(made, card=card))
        return job_id

    return make


def test_shipped_data_are_shown_with_their_origin(page):
    app = page("training")
    assert not app.error
    assert "Na–Cl" in app.selectbox(key=session.DATA_NAME).options[0]
    assert seen.figures(app)["Elements"] == "Na–Cl"
    assert "GPAW" in seen.words(app)
    assert "the test" in seen.words(app)
    assert len(seen.charts(app)) == 1


def test_settings_of_the_form_reach_the_job(page, store):
    app = page("training")
    app.number_input(key="train-nodes-Classroom").set_value(7)
    app.number_input(key="train-layers-Classroom").set_value(3)
    app.slider(key="train-epochs-Classroom").set_value(20)
    app.select_slider(key="train-share-Classroom").set_value(0.4)
    app.toggle(key="train-noise-Classroom").set_value(True)
    app.toggle(key="train-curve-Classroom").set_value(True)
    app.text_input(key=session.TRAINING_LABEL).set_value("My first Salt!")
    next(b for b in app.button if b.label == "Train").click().run()
    assert not app.exception
    assert not app.error
    (row,) = store.list()
    task = store.get(row.id).task
    assert (row.kind, row.name, row.formula) == ("training", "My first Salt!", "Na–Cl")
    config = task.config
    assert (config["hidden"], config["epochs"], config["noise"]) == ([7, 7, 7], 20, True)
    assert config["split_fractions"] == [0.4, 0.1, 0.5]
    assert config["learning_curve"] == [0.25, 0.5]
    assert (config["name"], config["title"]) == ("my-first-salt", "My first Salt!")
    assert task.data == "nacl_pbe.extxyz.xz"
    assert task.data_path(store.root / row.id).is_file()
    assert app.title[0].value == "Na–Cl · My first Salt!"


def test_the_plans_are_two_different_beginnings(page):
    app = page("training")
    app.segmented_control(key=session.PLAN).set_value("Thorough").run()
    assert app.number_input(key="train-members-Thorough").value == 8
    assert not app.error


def uploaded(page, monkeypatch, data: bytes):
    app = page("training")

    def read():
        return training_data_view.Data(
            dataset.read_bytes(data, "springs.extxyz"), "springs.extxyz", upload=data
        )

    monkeypatch.setattr(training_data_view, "_upload", read)
    app.segmented_control(key=session.DATA_WAY).set_value("Upload a file").run()
    return app


def test_own_data_go_with_the_job(page, store, monkeypatch):
    data = training_sample.file_of()
    app = uploaded(page, monkeypatch, data)
    assert seen.figures(app)["Structures"] == "10"
    next(b for b in app.button if b.label == "Train").click().run()
    job = store.get(store.list()[0].id)
    assert job.task.data == ""
    assert job.task.data_path(job.folder).read_bytes() == data


def test_data_without_forces_are_refused_with_the_frame(page, monkeypatch):
    data = training_sample.file_of().replace(b":forces:R:3", b":other:R:3")
    app = uploaded(page, monkeypatch, data)
    assert "Frame 1 has no forces" in seen.words(app)
    assert not any(b.label == "Train" for b in app.button)


def test_errors_are_drawn_while_it_runs(page, store):
    job_id = store.submit(TASK, "springs.extxyz", b"x")
    folder = JobFolder(store.root, job_id)
    progress = {"training": StageProgress("running", 7, 20, "training", 3.0, 6.0)}
    folder.change(lambda status: replace(status.begun(), stages=progress))
    folder.training.mkdir()
    history = json.dumps(training_sample.history(7))
    (folder.training / "history.json").write_text(history)
    app = page(job=job_id)
    assert not app.error
    assert app.title[0].value == "Si · springs"
    (chart,) = seen.charts(app)
    lines = {line["name"]: line for line in chart["data"]}
    assert "validation frames" in lines
    app.segmented_control(key=session.TRAINING_KIND).set_value("energy_mev_per_atom").run()
    assert not app.error
    assert "energy" in seen.charts(app)[0]["layout"]["yaxis"]["title"]["text"]


def test_what_came_out_is_told_with_its_limits(page, trained):
    app = page(job=trained())
    assert not app.error
    assert seen.figures(app)["Forces, test"] == "14 meV/Å"
    assert seen.figures(app)["Stress, test"] == "—"
    assert "only 2 frames of 2 sources" in seen.words(app)
    table = app.dataframe[0].value
    assert list(table["Part"])[2:] == ["Test, never seen", "sevennet-0, on the test"]
    assert list(table["Forces"])[2:] == ["14 meV/Å", "180 meV/Å"]
    assert len(seen.charts(app)) == 6


def test_a_single_network_claims_no_spread(page, trained):
    app = page(job=trained(calibration=None, config={"n_members": 1}))
    assert not app.error
    assert len(seen.charts(app)) == 4
    assert not any(b.label == "See where it is unsure" for b in app.button)


def test_its_potential_is_chosen_for_a_calculation(page, trained, store):
    job_id = trained()
    app = page(job=job_id)
    app.button(key="training-compute").click().run()
    assert app.title[0].value == "New calculation"
    app.segmented_control(key=session.SOURCE).set_value("Example").run()
    assert not app.error
    model = app.selectbox(key=session.MODEL)
    assert model.value == str(store.get(job_id).checkpoint)
    assert "Springs (trained here)" in model.options
    app.selectbox(key="example").set_value("Cu").run()
    assert not app.error
    assert app.selectbox(key=session.MODEL).value == "sevennet-l3i5"


def test_a_calculation_with_it_keeps_it_from_being_deleted(page, trained, store):
    path = str(store.get(job_id := trained()).checkpoint)
    spec = replace(jobs_on_disk.spec(), model=path)
    user = store.submit(spec)
    app = page(job=user)
    assert not app.error
    assert "Springs" in seen.words(app) or any("Springs" in str(b) for b in app.get("badge"))
    app = page("jobs")
    app.button(key=f"confirm-{job_id}").click().run()
    assert "used by 1 other job" in seen.words(app)
    assert store.get(job_id).state == "finished"


def test_it_leads_on_to_its_atoms(page, trained):
    app = page(job=trained())
    app.button(key="training-atoms").click().run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="atoms-model").options[0] == "Springs (trained here)"
    app.button(key="atoms-start").click().run()
    assert not app.error
    assert "Next in the queue" in seen.words(app)
