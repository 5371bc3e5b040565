"""The list of jobs, live while any of them is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from jobs.tasks import CALCULATION
from pages.ui import components, guard, job_view, model_view, session, stored, text

if TYPE_CHECKING:
    from jobs.store import JobSummary

POLL_SECONDS = 3.0
PAGE_LENGTH = 25
SHOWN = "jobs_shown"


def live_list() -> None:
    """Draw the list, polling while a job is queued or running."""
    limit = st.session_state.setdefault(SHOWN, PAGE_LENGTH)
    active = any(job.state in stored.ACTIVE for job in stored.store().list(limit))
    st.fragment(_rows, run_every=POLL_SECONDS if active else None)()


def _rows() -> None:
    with guard.sentences():
        limit = st.session_state[SHOWN]
        jobs = stored.store().list(limit)
        if not jobs:
            components.nothing("There are no jobs yet.", icon=":material/inbox:")
            st.page_link(
                session.STRUCTURE_PAGE,
                label="Start the first calculation",
                icon=":material/add_circle:",
            )
        for job in jobs:
            _row(job)
        if len(jobs) == limit and st.button("Show more", icon=":material/expand_more:"):
            st.session_state[SHOWN] += PAGE_LENGTH
            st.rerun()


def _row(job: JobSummary) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        left, right = st.columns([3, 1], vertical_alignment="center")
        with left, st.container(horizontal=True, vertical_alignment="center", gap="small"):
            title = text.formula(job.formula)
            st.markdown(f"**{title}** {job.name}", width="content")
            components.state_badge(job.state)
            st.caption(_what(job), width="content")
        with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            _buttons(job)


def _what(job: JobSummary) -> str:
    """Say what was asked for, and when."""
    model = model_view.title(job.model) if job.model else ""
    what = ", ".join(job_view.STAGE_TITLES[p].lower() for p in job.properties)
    if job.kind != CALCULATION:
        model, what = what, model
    parts = (model, job.preset, what, text.age(job.created))
    return " · ".join(part for part in parts if part)


def _buttons(job: JobSummary) -> None:
    if st.button("Open", key=f"open-{job.id}", icon=":material/open_in_new:"):
        session.open_job(job.id)
    if job.state in stored.ACTIVE:
        if st.button("Cancel", key=f"cancel-{job.id}"):
            stored.store().request_cancel(job.id)
            st.rerun()
        return
    with st.popover("Delete", icon=":material/delete:", key=f"delete-{job.id}"):
        st.markdown(
            f"Delete **{text.formula(job.formula)}** {job.name} of {text.age(job.created)}? "
            "Its results and files will be gone for everybody; this cannot be undone."
        )
        if st.button("Delete for good", type="primary", key=f"confirm-{job.id}"):
            stored.store().delete(job.id)
            st.rerun()
