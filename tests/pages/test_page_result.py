"""The page of a job in every state a job can have."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from jobs.folder import JobFolder
from pages.ui import session, text
from properties.checks import Caution
from tests.pages import jobs_on_disk, sample

TABS = ["Structure", "Elastic", "Phonons", "Expansion", "Checks", "Files"]


def texts(elements) -> str:
    return "\n".join(element.value for element in elements)


def charts(app) -> int:
    return len(app.get("plotly_chart"))


def on_tab(app, name: str):
    app.session_state[session.TAB] = name
    return app.run()


def test_without_a_job_there_is_a_way_on(page):
    app = page("result")
    assert "No job is chosen" in texts(app.info)
    assert [link.label for link in app.page_link] == ["See the jobs", "Start a calculation"]


@pytest.mark.parametrize("job", ["f" * 32, "../../etc/passwd", "<script>alert(1)</script>"])
def test_unknown_job_is_a_sentence_and_a_way_on(page, job):
    app = page(job=job)
    assert "There is no job" in texts(app.info)
    assert len(app.page_link) == 2


def test_address_of_the_front_page_leads_to_the_job(page, store):
    job = jobs_on_disk.queued(store, "mine")
    app = page(job=job)
    assert app.title[0].value == "Si · mine"
    assert app.query_params["job"] == job


def test_queued_job_tells_its_turn_and_can_be_cancelled(page, store):
    jobs_on_disk.queued(store)
    job = jobs_on_disk.queued(store)
    app = page(job=job)
    assert "1 before it" in texts(app.info)
    app.button(key="cancel-job").click().run()
    assert store.get(job).state == "cancelled"


def test_running_job_shows_progress_and_what_is_there(page, store):
    job = jobs_on_disk.running(store, {"relax": sample.relax()})
    app = page(job=job)
    bars = [(bar.value, bar.text) for bar in app.progress]
    assert bars[0] == (100, "finished in 12 s")
    assert bars[1] == (20, "1 of 5 · strain xx · about 1 min 35 s left")
    assert bars[2] == (0, "waiting")
    assert charts(app) == 4
    assert "Being computed now" in texts(on_tab(app, "Elastic").info)
    assert "Waiting for its turn" in texts(on_tab(app, "Phonons").info)


def test_cancel_of_a_running_job_is_taken_note_of(page, store):
    job = jobs_on_disk.running(store, {})
    app = page(job=job)
    app.button(key="cancel-job").click().run()
    assert JobFolder(store.root, job).cancel_file.exists()
    assert "Stopping" in texts(app.caption)


def test_result_that_appears_while_the_page_is_open_is_drawn(page, store):
    job = jobs_on_disk.running(store, {})
    app = page(job=job)
    assert charts(app) == 0
    jobs_on_disk.store_results(store, job, {"relax": sample.relax()})
    app.run()
    assert charts(app) == 4


@pytest.mark.parametrize(
    ("tab", "expected"), list(zip(TABS, [4, 1, 1, 6, 0, 0], strict=True)), ids=TABS
)
def test_finished_job_draws_every_tab(page, store, tab, expected):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    app = on_tab(page(job=job), tab)
    assert not app.exception
    assert not app.error
    assert charts(app) == expected
    assert not app.progress


def test_headline_numbers_have_units_and_sensible_digits(page, store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    values = {metric.label: metric.value for metric in page(job=job).metric}
    assert values["Bulk modulus"] == "97.9 GPa"
    assert values["Highest frequency"] == "12.50 THz"
    assert values["Volume expansion at 300 K"] == "6.17 × 10⁻⁶/K"


def test_clamped_tensor_can_be_seen(page, store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    app = on_tab(page(job=job), "Elastic")
    app.segmented_control(key="ions").set_value("Clamped ions").run()
    drawn = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert "77.9" in json.dumps(drawn[0])


def test_frequency_unit_can_be_changed(page, store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    app = on_tab(page(job=job), "Phonons")
    app.segmented_control(key="frequency_unit-phonons").set_value("meV").run()
    assert "frequency (meV)" in app.get("plotly_chart")[0].proto.spec


def test_failed_check_is_named_and_marks_the_numbers_downstream(page, store):
    stages = {**sample.all_stages(), "phonons": sample.phonons(imaginary=True)}
    app = on_tab(page(job=jobs_on_disk.ended(store, "finished", stages)), "Expansion")
    assert "Dynamical stability" in texts(app.warning)
    flagged = [metric.label for metric in app.metric if "warning" in metric.label]
    assert any(label.startswith("Grüneisen") for label in flagged)
    assert any(label.startswith("B at 300 K") for label in flagged)
    assert not any(label.startswith("Shear modulus") for label in flagged)


def test_unstable_crystal_has_no_made_up_moduli(page, store):
    stages = {"relax": sample.relax(), "elastic": sample.elastic(stable=False)}
    app = on_tab(page(job=jobs_on_disk.ended(store, "finished", stages)), "Elastic")
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Shear modulus G"] == "—"
    assert "Elastic stability" in texts(app.warning)


def test_checks_tab_counts_failures_and_puts_them_first(page, store):
    stages = {**sample.all_stages(), "phonons": sample.phonons(imaginary=True)}
    app = on_tab(page(job=jobs_on_disk.ended(store, "finished", stages)), "Checks")
    shown = texts(app.markdown)
    assert "5 checks, 1 failed" in shown
    assert shown.index("lowest frequency") < shown.index("largest force is")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({}, ("fast engine of Lattice Lab (avx512 instructions)", "double on CPU")),
        ({"engine": "sevenn"}, ("the upstream package sevenn 0.13.0",)),
        ({"supercell_dtype": "float32"}, ("double on CPU; single in phonon supercells",)),
        (
            {
                "engine": "ewald + own by lattice-lab/symmetry-functions",
                "n_members": 8,
                "terms": ["electrostatics", "own"],
            },
            (
                "the Ewald sum of Lattice Lab and the element networks of Lattice Lab",
                "8, of which the mean is the model",
                "electrostatics, own",
            ),
        ),
    ],
    ids=["own engine", "upstream", "large supercell", "a sum"],
)
def test_checks_tab_says_how_it_was_computed(page, store, monkeypatch, model, said):
    found = sample.provenance(**model)
    monkeypatch.setattr(sample, "provenance", lambda: found)
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    shown = texts(on_tab(page(job=job), "Checks").markdown)
    for words in ("SevenNet-0, weights 0123456789ab…", "quick (forces below 0.001", *said):
        assert words in shown


def test_unfinished_job_does_not_say_how_it_was_computed(page, store):
    job = jobs_on_disk.running(store, {"relax": sample.relax()})
    assert "How this was computed" not in texts(on_tab(page(job=job), "Checks").markdown)


def test_part_without_result_says_why(page, store):
    stages = sample.all_stages()
    del stages["thermal"]
    why = Caution("no_result", "thermal", "Imaginary modes leave no free energy.")
    app = page(job=jobs_on_disk.ended(store, "finished", stages, warnings=(why,)))
    assert why.message in texts(on_tab(app, "Expansion").info)


def test_caution_of_the_model_is_above_everything(page, store):
    soft = Caution("soft_model", "relax", "This model is much too soft.")
    job = jobs_on_disk.ended(store, "finished", sample.all_stages(), warnings=(soft,))
    assert soft.message in texts(page(job=job).warning)


def test_missing_part_is_named_above_every_tab(page, store):
    stages = sample.all_stages()
    del stages["thermal"]
    why = Caution("no_result", "thermal", "Imaginary modes leave no free energy.")
    job = jobs_on_disk.ended(store, "finished", stages, warnings=(why,))
    assert "no thermal expansion" in texts(page(job=job).markdown)


@pytest.mark.parametrize("tab", ["Structure", "Phonons", "Checks"])
def test_failed_check_is_told_in_full_at_most_once_a_tab(page, store, tab):
    stages = {**sample.all_stages(), "phonons": sample.phonons(imaginary=True)}
    failed = next(check for check in stages["phonons"].checks if not check.passed)
    again = Caution(failed.code, "phonons", failed.message)
    app = on_tab(
        page(job=jobs_on_disk.ended(store, "finished", stages, warnings=(again,))), tab
    )
    told = (texts(app.warning) + texts(app.markdown)).count(text.sentence(failed.message))
    assert told == (tab != "Structure")
    assert failed.label in texts(app.markdown)


def test_note_on_phonons_stands_with_phonons_only(page, store):
    note = Caution("no_born_charges", "phonons", "No Born effective charges were given.")
    job = jobs_on_disk.ended(store, "finished", sample.all_stages(), warnings=(note,))
    app = page(job=job)
    assert note.message not in texts(app.warning)
    assert note.message in texts(on_tab(app, "Phonons").warning)


def test_forces_that_vanish_by_symmetry_are_called_so(page, store):
    relaxed = replace(
        sample.relax(),
        max_force_ev_per_a=2.4e-31,
        history_max_force_ev_per_a=np.full(4, 1e-31),
        history_energy_per_atom_ev=np.zeros(4),
        history_max_stress_gpa=np.ones(4),
    )
    app = page(job=jobs_on_disk.ended(store, "finished", {"relax": relaxed}))
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Largest force"] == "0 (by symmetry)"
    assert "zero by symmetry" in "".join(c.proto.spec for c in app.get("plotly_chart"))


def test_failed_job_says_why_and_can_be_started_again(page, store):
    job = jobs_on_disk.ended(
        store, "failed", {"relax": sample.relax()}, "The memory was not enough."
    )
    app = page(job=job)
    assert "The memory was not enough." in texts(app.error)
    assert charts(app) == 4
    assert [bar.text for bar in app.progress][1:] == ["failed", "not begun", "not begun"]
    assert "failed before this part" in texts(on_tab(app, "Phonons").info)
    app.button(key="resubmit-job").click().run()
    assert store.get(job).state == "queued"


def test_cancelled_job_keeps_what_it_had_and_can_be_started_again(page, store):
    job = jobs_on_disk.ended(store, "cancelled", {"relax": sample.relax()})
    app = page(job=job)
    assert "cancelled" in texts(app.warning)
    app.button(key="resubmit-job").click().run()
    assert store.get(job).state == "queued"


def test_files_can_be_taken_away_one_by_one_or_together(page, store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    app = on_tab(page(job=job), "Files")
    assert [b.label for b in app.download_button] == ["Everything as one zip", "result.json"]


def test_damaged_result_is_a_sentence_and_the_rest_is_there(page, store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    JobFolder(store.root, job).stage_file("elastic").write_text("{", encoding="utf-8")
    app = page(job=job)
    assert "cannot be read" in texts(app.error)
    assert app.title[0].value == "Si"


def test_unexpected_error_is_a_sentence_without_traceback(page, store, monkeypatch):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())

    def broken(*_arguments):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("properties.plots.relax.history", broken)
    app = page(job=job)
    assert "Something went wrong" in texts(app.error)
    assert "secret detail" not in texts(app.error)
