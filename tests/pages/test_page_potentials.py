"""The page of potentials: symmetry functions, single atoms, and the administrator."""

from __future__ import annotations

import pytest
import streamlit as st

from jobs import models
from jobs.tasks import EVALUATION
from mlpcore import registry
from mlpcore.errors import CheckpointError
from pages.ui import administrator_view, session
from tests.pages import committee_sample, jobs_on_disk, seen

PASSWORD = "correct horse battery"
FUNCTIONS, ATOMS = "Symmetry functions", "Atom by atom"


@pytest.fixture
def section(page):
    def open_section(name: str):
        app = page("models")
        app.segmented_control(key=session.POTENTIALS_SECTION).set_value(name).run()
        assert not app.exception
        assert not app.error
        return app

    return open_section


def test_a_slider_moves_the_value_of_the_atom(section):
    app = section(FUNCTIONS)
    assert "sum over the neighbours" in seen.words(app)
    app.select_slider(key="functions-eta").set_value(0.0).run()
    app.slider(key="functions-cutoff").set_value(3.0).run()
    assert seen.figures(app)["Counted"] == "4"
    before = seen.figures(app)["G of this atom"]
    app.select_slider(key="functions-eta").set_value(8.0).run()
    assert not app.error
    assert seen.figures(app)["G of this atom"] != before
    curve = next(t for t in seen.charts(app)[0]["data"] if t["name"] == "what a neighbour adds")
    assert curve


def test_a_cutoff_below_the_centre_of_the_bell_is_no_error(section):
    app = section(FUNCTIONS)
    app.slider(key="functions-shift").set_value(5.5).run()
    app.slider(key="functions-cutoff").set_value(2.0).run()
    assert not app.error
    assert not app.exception
    assert seen.figures(app)["Counted"] == "0"


def test_angles_of_an_own_crystal_and_its_pairs(section):
    app = section(FUNCTIONS)
    app.selectbox(key="example").set_value("NaCl").run()
    app.segmented_control(key="functions-which").set_value("Angles (G⁴, G⁵)").run()
    assert [("–".join(option)) for option in app.selectbox(key="functions-pair-NaCl").options]
    assert len(app.selectbox(key="functions-pair-NaCl").options) == 3
    assert len(app.selectbox(key="functions-atom").options) == 2
    narrow = seen.figures(app)["G of this atom"]
    app.radio(key="functions-g").set_value("G5").run()
    assert not app.error
    assert seen.figures(app)["G of this atom"] != narrow


def test_the_whole_set_is_drawn(section):
    app = section(FUNCTIONS)
    app.segmented_control(key="functions-which").set_value("The whole set").run()
    assert not app.error
    assert seen.figures(app)["Numbers for each atom"] == "24"
    assert len(seen.charts(app)) == 2


def test_without_a_committee_for_the_elements_the_page_says_so(section):
    app = section(ATOMS)
    app.selectbox(key="example").set_value("Cu").run()
    assert "no committee that knows these elements" in seen.words(app)


def test_the_committee_follows_the_crystal_also_in_the_browser(section):
    app = section(ATOMS)
    assert app.selectbox(key="atoms-model").value == "si-bp"
    app.selectbox(key="example").set_value("NaCl").run()
    committee = app.selectbox(key="atoms-model")
    assert committee.value == "nacl-bp"
    assert committee.proto.set_value, "else the browser goes on to show silicon"
    assert committee.proto.raw_value == "NaCl (Behler–Parrinello, PBE)"
    app.selectbox(key="example").set_value("Si").run()
    assert app.selectbox(key="atoms-model").value == "si-bp"


def test_short_names_are_on_cards_and_in_the_table(page):
    app = page("models")
    table = app.dataframe[0].value
    assert dict(zip(table["Name"], table["Potential"], strict=True))["si-bp"] == (
        "Silicon (Behler–Parrinello, PBE)"
    )
    assert ":gray[Name:] `si-bp`" in seen.words(app)
    assert ":gray[Cite:] this project (CITATION.cff)" in seen.words(app)


def test_cards_say_where_their_sources_are(page):
    app = page("models")
    words = seen.words(app)
    assert "All sources of each part are in the file of the potential." in words
    assert "among the files" not in words
    parts = [part for frame in app.dataframe[1:] for part in frame.value["Part"]]
    assert "SevenNet-l3i5, on the test" in parts


def test_a_look_at_atoms_is_shown_on_its_own_address(page, store):
    job = committee_sample.finished(store)
    app = page(job=job)
    assert not app.error
    assert app.title[0].value == "NaCl · salt"
    assert seen.figures(app)["Members differ by"].endswith("meV/atom")
    assert len(seen.charts(app)) == 2
    before = seen.figures(app)["Forces differ by up to"]
    app.select_slider(key=session.ATOMS_AMPLITUDE).set_value(0.3).run()
    assert seen.figures(app)["Forces differ by up to"] != before
    app.radio(key=session.ATOMS_COLOUR).set_value("force_spread").run()
    assert not app.error
    assert "better guide" in seen.words(app)
    axis = seen.charts(app)[0]["layout"]["coloraxis"]
    assert axis["colorbar"]["title"]["text"] == "spread of the force (eV/Å)"


def test_the_last_look_is_named_beside_another_choice(section, store):
    job = committee_sample.finished(store)
    app = section(ATOMS)
    app.session_state[session.ATOMS_JOB] = job
    app.selectbox(key="example").set_value("Cu").run()
    assert not app.exception
    assert app.subheader[0].value == "NaCl, 1 × 1 × 1 cells, random pattern 0"
    assert "SevenNet-0" in seen.words(app)


def test_how_far_outside_is_told_with_the_function_on_hover(page, store):
    app = page(job=committee_sample.finished(store))
    label = "Outside the data by up to"
    assert seen.figures(app)[label] == "0 × the range"
    app.select_slider(key=session.ATOMS_AMPLITUDE).set_value(0.3).run()
    figure = next(m for m in app.metric if m.label == label)
    largest = committee_sample.result().excess[2].max()
    assert float(figure.value.split()[0]) == pytest.approx(largest, rel=0.05)
    assert "G² Cl" in figure.proto.help
    assert "Cl neighbours" not in figure.proto.help


def test_a_look_whose_model_is_gone_is_still_there(page, store):
    job = committee_sample.finished(store, "/nowhere/lost-committee.safetensors")
    app = page(job=job)
    assert not app.error
    assert "lost-committee" in seen.words(app)
    listed = page("jobs")
    assert not listed.error
    assert "atoms one by one · lost-committee" in seen.words(listed)


def test_both_kinds_are_listed_beside_calculations(page, store):
    committee_sample.finished(store)
    jobs_on_disk.queued(store, "one of the usual")
    app = page("jobs")
    assert not app.error
    assert "one of the usual" in seen.words(app)
    assert EVALUATION not in seen.words(app)


@pytest.fixture
def guarded(monkeypatch, page):
    """The page of a server with an administrator's password."""
    monkeypatch.setenv("LATTICE_LAB_ADMIN_PASSWORD", PASSWORD)
    st.cache_resource.clear()
    return page("models")


def sign_in(app, password: str = PASSWORD):
    app.text_input[0].set_value(password)
    next(b for b in app.button if b.label == "Sign in").click().run()
    assert not app.exception
    return app


def test_without_an_administrator_others_learn_how_to_ask(page):
    app = page("models")
    assert "Send yours to whoever runs the server" in seen.words(app)
    assert "without an administrator's password" in seen.words(app)
    assert not app.text_input


def test_a_wrong_password_opens_nothing(guarded):
    app = sign_in(guarded, "wrong password!")
    assert "not the administrator's password" in seen.words(app)
    assert not any(b.label == "Sign out" for b in app.button)
    assert PASSWORD not in seen.words(app)


def test_the_administrator_signs_in_and_out(guarded):
    app = sign_in(guarded)
    assert not app.error
    assert app.get("file_uploader")
    app.button(key="administrator-out").click().run()
    assert not app.get("file_uploader")


def test_what_is_wrong_with_a_file_is_said(guarded, monkeypatch):
    app = sign_in(guarded)

    def refuse(*_):
        raise CheckpointError("The file is a pickle.")

    monkeypatch.setattr(models, "add", refuse)
    monkeypatch.setattr(administrator_view, "_chosen", lambda: (b"x", "a.safetensors"))
    app.run()
    app.button(key="administrator-add").click().run()
    assert "The file is a pickle." in seen.words(app)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: b"x" * 2000, "garbage.safetensors is not a file of the format"),
        ((registry.PRETRAINED / "si-bp.safetensors").read_bytes, "cannot be deleted"),
    ],
)
def test_a_refusal_leaves_the_list_and_the_way_out(
    guarded, monkeypatch, tmp_path, content, said
):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "old.safetensors").write_bytes(b"x" * 2000)
    app = sign_in(guarded)
    chosen = (content(), "garbage.safetensors")
    monkeypatch.setattr(administrator_view, "_chosen", lambda: chosen)
    app.run()
    app.button(key="administrator-add").click().run()
    assert said in seen.words(app)
    assert app.button(key="confirm-old")
    assert app.button(key="administrator-out")
    assert sorted(folder.glob("*")) == [folder / "old.safetensors"]


def test_the_administrator_deletes_what_was_added(guarded, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "old.safetensors").write_bytes(b"x" * 2000)
    app = sign_in(guarded)
    app.button(key="confirm-old").click().run()
    assert not (folder / "old.safetensors").exists()
