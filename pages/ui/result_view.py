"""What a job has led to, by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from jobs.tasks import EVALUATION, TRAINING
from pages.ui import atoms_view, files_view, job_view, result_tabs, stored, training_view

if TYPE_CHECKING:
    from jobs.store import Job


def draw(job: Job) -> None:
    """Draw progress and results."""
    if job.kind == TRAINING:
        job_view.live(job, training_view.errors)
        training_view.draw(job)
    elif job.kind == EVALUATION:
        job_view.live(job)
        atoms_view.draw(job)
        with st.expander("Files", icon=":material/folder:"):
            files_view.draw(job)
    else:
        job_view.live(job)
        result_tabs.headline(job, stored.results(job))
        result_tabs.draw(job, stored.results(job))
