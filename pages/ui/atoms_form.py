"""The form of the section "Atom by atom": a committee, a crystal, and how far to rattle it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from jobs.store import JobNotFoundError
from jobs.tasks import Evaluation
from pages.ui import (
    atoms_view,
    components,
    job_view,
    model_choice,
    model_view,
    session,
    source_form,
    stored,
    text,
)
from properties import examples, symmetry
from properties.atom_energies import MAX_REPEATS, Rattle

if TYPE_CHECKING:
    from jobs.store import Job
    from pages.ui.source_form import Source

INTRODUCTION = (
    "The energy of a crystal is a sum over its atoms, and each member of a committee shares it "
    "out in its own way. Move the atoms away from their places and see where the members begin "
    "to disagree: there the potential does not know."
)
OUTCOME = "{crystal}, {repeats} × {repeats} × {repeats} cells, random pattern {seed}"
NOTHING = (
    "There is no committee that knows these elements. Train one on the page *Train*, or choose "
    "another crystal."
)


def draw() -> None:
    """Draw the form, and below it the last result of this visitor."""
    st.markdown(INTRODUCTION)
    left, right = st.columns([2, 3], gap="large")
    with left:
        _begin_with_a_known_crystal()
        source = source_form.choose(first=source_form.EXAMPLE)
    if source is not None:
        with right:
            _choose_and_start(source)
    _last()


def _begin_with_a_known_crystal() -> None:
    """Choose the first example that the wanted committee knows, or any committee."""
    wanted = st.session_state.get(session.WANTED_MODEL)
    if source_form.EXAMPLE_KEY in st.session_state and not wanted:
        return
    for name in examples.example_names():
        known = model_choice.committees(examples.example(name).crystal.symbols)
        if known and known[0] == (wanted or known[0]):
            st.session_state[source_form.EXAMPLE_KEY] = name
            return


def _choose_and_start(source: Source) -> None:
    model = model_choice.committee(source.crystal.symbols, key="atoms-model")
    if model is None:
        components.nothing(NOTHING, icon=":material/groups:")
        return
    cells, seed = st.columns(2)
    repeats = cells.slider(
        "Conventional cells along each axis", 1, MAX_REPEATS, 2, key="atoms-repeats"
    )
    chosen = seed.number_input("Random pattern", 0, 999, 0, key="atoms-seed")
    if st.button("Look", type="primary", icon=":material/visibility:", key="atoms-start"):
        crystal = symmetry.analyse(source.crystal).conventional
        rattle = Rattle(int(repeats), seed=int(chosen))
        rattle.supercell(crystal)
        task = Evaluation(crystal, model, rattle)
        st.session_state[session.ATOMS_JOB] = stored.store().submit(
            task, source.name, source.data
        )


def _last() -> None:
    """Draw what was asked for last, live until it is there."""
    job_id = st.session_state.get(session.ATOMS_JOB)
    if not job_id:
        return
    try:
        job = stored.store().get(job_id)
    except JobNotFoundError:
        del st.session_state[session.ATOMS_JOB]
        return
    st.divider()
    _heading(job)
    job_view.live(job)
    atoms_view.draw(job)


def _heading(job: Job) -> None:
    """Name what is seen below, which need not be what is chosen above."""
    task = job.task
    if not isinstance(task, Evaluation):
        return
    title = OUTCOME.format(
        crystal=text.formula(job.formula), repeats=task.rattle.repeats, seed=task.rattle.seed
    )
    st.subheader(title, anchor=False)
    st.badge(model_view.title(task.model), icon=":material/hub:", color="violet")
