"""The page of trainings: data, form, the errors while it runs, and what came out."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from jobs.folder import JobFolder
from jobs.status import DEATH_MESSAGE, StageProgress
from jobs.tasks import Training, shipped_data
from jobs.training import Trained
from mlpcore import checkpoint, dataset
from pages.ui import job_view, model_choice, session, training_data_view
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
    assert "this project (CITATION.cff)" in seen.words(app)
    assert "4×4×4 for 2 atoms" in seen.words(app)
    assert "without Γ" in seen.words(app)
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


def test_too_few_structures_are_refused_before_the_form(page, monkeypatch):
    app = uploaded(page, monkeypatch, training_sample.file_of(3))
    assert "3 structures are too few to learn from: at least 10" in app.error[0].value
    assert not any(b.label == "Train" for b in app.button)


def test_structures_of_too_few_sources_are_refused(page, monkeypatch):
    data = re.sub(rb"source \d", b"source 1", training_sample.file_of())
    app = uploaded(page, monkeypatch, data)
    assert "The 10 structures have 1 source." in app.error[0].value


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"share": 0.2}, "only 2 would be learnt from;"), ({"curve": True}, "smallest training")],
)
def test_a_share_that_leaves_too_few_is_refused(page, store, monkeypatch, changes, said):
    app = uploaded(page, monkeypatch, training_sample.file_of())
    app.select_slider(key="train-share-Classroom").set_value(changes.get("share", 0.8))
    app.toggle(key="train-curve-Classroom").set_value(changes.get("curve", False))
    next(b for b in app.button if b.label == "Train").click().run()
    assert said in app.error[0].value
    assert not store.list()


def test_the_largest_file_is_named_beside_the_field(page, monkeypatch):
    app = page("training")
    app.segmented_control(key=session.DATA_WAY).set_value("Upload a file").run()
    assert "At most 10 MB" in seen.words(app)


def ran_into(store, message: str) -> str:
    """A training that failed after the last of its first pieces."""
    job_id = jobs_on_disk.ended_task(store, TASK, {}, "failed")
    full = {"training": StageProgress("failed", 3, 3, "descriptors", 1.0)}
    JobFolder(store.root, job_id).change(lambda s: replace(s, message=message, stages=full))
    return job_id


def test_bad_data_lead_to_other_data(page, store):
    job_id = ran_into(store, "All training frames have the same energy.")
    app = page(job=job_id)
    assert [(bar.value, bar.text) for bar in app.progress] == [(0, "failed")]
    assert app.button(key="resubmit-job").proto.type == "secondary"
    app.button(key="begin-otherwise").click().run()
    assert app.title[0].value == "Train a potential"


@pytest.mark.parametrize("message", [DEATH_MESSAGE, "Something was not foreseen."])
def test_bad_luck_leads_to_another_attempt(page, store, message):
    job_id = ran_into(store, message)
    if message != DEATH_MESSAGE:
        JobFolder(store.root, job_id).error_file.write_text("Traceback")
    app = page(job=job_id)
    assert app.button(key="resubmit-job").proto.type == "primary"
    assert not any(b.key == "begin-otherwise" for b in app.button)


def test_time_left_is_that_of_a_part(page, store):
    job_id = store.submit(TASK, "springs.extxyz", b"x")
    running = {"training": StageProgress("running", 40, 100, "refinement", 3.0, 1.0)}
    folder = JobFolder(store.root, job_id)
    folder.change(lambda status: replace(status.begun(), stages=running))
    (bar,) = page(job=job_id).progress
    assert bar.text == "40 of 100 · refinement · part 3 of 3 · about 1 s left in this part"


def test_parts_of_a_training_follow_from_its_settings():
    parts = job_view.training_parts
    assert parts({"refinement_steps": 0}) == ("descriptors", "training")
    asked = {"refinement_steps": 10, "learning_curve": [0.5]}
    assert parts(asked)[2:] == ("refinement", "learning curve")


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
    assert "**Networks** 2 for each element" in seen.words(app)
    assert "**Data** 80 % to learn from, 10 % validation, 10 % test" in seen.words(app)
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
    assert list(table["Part"])[2:] == ["Test, never seen", "SevenNet-0, on the test"]
    assert table["Such as"][0] == "source 0; source 1"
    assert "report.json among the files" in seen.words(app)
    assert "Each member kept the weights of its dot" in seen.words(app)
    assert "The 2 validation frames are few" in seen.words(app)
    assert list(table["Forces"])[2:] == ["14 meV/Å", "180 meV/Å"]
    assert len(seen.charts(app)) == 5
    assert "**Force** · spread of the members times 1.50" in seen.words(app)
    assert "never applied" not in seen.words(app)


def test_dots_mark_the_weights_that_were_kept(page, trained):
    validation = training_sample.report()["errors"]["validation"]
    members = [
        {"energy_mev_per_atom": {"rmse": 60 / 7}, "forces_mev_per_a": {"rmse": off / 7}}
        for off in (990, 1100)
    ]
    errors = training_sample.report()["errors"]
    changed = {**errors, "validation": {**validation, "members": members}}
    app = page(job=trained(errors=changed))
    assert not app.error
    lines = {line["name"]: line for line in seen.charts(app)[0]["data"]}
    assert list(lines["weights that a member kept"]["x"]) == [7, 7]


def test_a_factor_below_one_is_said_not_to_be_applied(page, trained):
    known = training_sample.report()["calibration"]
    noisy = {kind: {**part, "rms_aleatoric": 0.01} for kind, part in known["test"].items()}
    app = page(job=trained(calibration={**known, "force_factor": 0.66, "test": noisy}))
    assert not app.error
    words = seen.words(app)
    assert "spread of the members as it is (measured 0.66, not applied)" in words
    assert "A factor below one is never applied" in words
    assert "The interval contains the noise" in words


def test_a_training_of_another_version_is_shown_all_the_same(page, trained, store):
    job_id = trained()
    spec = store.root / job_id / "spec.json"
    task = json.loads(spec.read_text())
    task["config"]["no_longer_known"] = 1
    spec.write_text(json.dumps(task))
    app = page(job=job_id)
    assert not app.error
    assert "**Networks** 2 for each element" in seen.words(app)


def test_a_potential_that_cannot_be_read_spoils_no_list(page, trained, store):
    path = store.get(job_id := trained()).checkpoint
    path.write_bytes(b"x" * 100)
    app = page(job=job_id)
    assert "springs.safetensors" in app.error[0].value
    assert not any(b.key == "training-compute" for b in app.button)
    app.switch_page("pages/structure.py").run()
    app.segmented_control(key=session.SOURCE).set_value("Example").run()
    assert not app.error


def test_a_single_network_claims_no_spread(page, trained):
    app = page(job=trained(calibration=None, config={"n_members": 1}))
    assert not app.error
    assert len(seen.charts(app)) == 3
    assert not any(b.label == "See where it is unsure" for b in app.button)


def test_its_potential_is_chosen_for_a_calculation(page, trained, store):
    job_id = trained()
    app = page(job=job_id)
    app.button(key="training-compute").click().run()
    assert app.title[0].value == "New calculation"
    assert "**Springs** is chosen. Give a crystal of Si." in seen.words(app)
    app.segmented_control(key=session.SOURCE).set_value("Example").run()
    assert not app.error
    assert "is chosen" not in seen.words(app)
    model = app.selectbox(key=session.MODEL)
    assert model.value == str(store.get(job_id).checkpoint)
    assert "Springs (trained here)" in model.options
    app.selectbox(key="example").set_value("Cu").run()
    assert not app.error
    assert app.selectbox(key=session.MODEL).value == "sevennet-l3i5"
    assert app.selectbox(key=session.MODEL).proto.set_value


def test_a_crystal_that_the_wanted_potential_does_not_know_leaves_it_waiting(page, trained):
    app = page(job=trained())
    app.button(key="training-compute").click().run()
    app.session_state["example"] = "Cu"
    app.segmented_control(key=session.SOURCE).set_value("Example").run()
    assert "**Springs** is chosen. Give a crystal of Si." in seen.words(app)
    app.selectbox(key="example").set_value("Si").run()
    assert "trained here" in model_choice.label(app.selectbox(key=session.MODEL).value)


def test_models_that_know_the_crystal_come_first(page, trained):
    trained()
    app = page()
    app.segmented_control(key=session.SOURCE).set_value("Example").run()
    options = app.selectbox(key=session.MODEL).options
    assert options[0] == "SevenNet-l3i5"
    unknown = [number for number, name in enumerate(options) if name.startswith("NaCl")]
    assert unknown
    assert options.index("Springs (trained here)") < min(unknown)


def test_two_potentials_of_one_title_can_be_told_apart(page, trained):
    first, second = trained(), trained()
    app = page()
    app.segmented_control(key=session.SOURCE).set_value("Example").run()
    options = app.selectbox(key=session.MODEL).options
    for job_id in (first, second):
        assert f"Springs (trained here) · job {job_id[:6]}" in options


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
