"""The list of jobs, and the models."""

from __future__ import annotations

from mlpcore import registry
from pages.ui import training_origin
from tests.pages import jobs_on_disk, sample


def texts(elements) -> str:
    return "\n".join(element.value for element in elements)


def test_no_jobs_yet(page):
    app = page("jobs")
    assert "no jobs yet" in texts(app.info)
    assert app.page_link[0].label == "Start the first calculation"


def test_jobs_are_listed_newest_first_in_every_state(page, store):
    jobs_on_disk.ended(store, "finished", sample.all_stages())
    jobs_on_disk.running(store, {})
    last = jobs_on_disk.queued(store, "newest")
    app = page("jobs")
    assert next(b.key for b in app.button if b.label == "Open") == f"open-{last}"
    assert "**Si** newest" in texts(app.markdown)
    assert sum(b.label == "Cancel" for b in app.button) == 2


def test_job_can_be_opened(page, store):
    job = jobs_on_disk.queued(store, "mine")
    app = page("jobs")
    app.button(key=f"open-{job}").click().run()
    assert app.title[0].value == "Si · mine"


def test_job_can_be_cancelled_from_the_list(page, store):
    job = jobs_on_disk.queued(store)
    app = page("jobs")
    app.button(key=f"cancel-{job}").click().run()
    assert store.get(job).state == "cancelled"


def test_deletion_asks_first(page, store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    app = page("jobs")
    assert "cannot be undone" in texts(app.markdown)
    app.button(key=f"confirm-{job}").click().run()
    assert not store.list()


def test_long_list_is_shown_in_parts(page, store):
    for _ in range(27):
        jobs_on_disk.queued(store)
    app = page("jobs")
    assert sum(b.label == "Open" for b in app.button) == 25
    next(b for b in app.button if b.label == "Show more").click().run()
    assert sum(b.label == "Open" for b in app.button) == 27


def test_every_model_tells_what_one_must_know(page):
    shown = page("models")
    everything = texts(shown.markdown)
    for model in registry.models():
        citation = training_origin.citation(model.citation)
        for fact in (model.title, model.functional, model.licence, citation):
            assert fact in everything
        assert model.character in everything
    assert "89 (H to Pu, without Po, At, Rn, Fr, Ra)" in everything
    cautions = [f"**{m.title}:** {m.caution}" for m in registry.models() if m.caution]
    assert [warning.value for warning in shown.warning] == cautions
