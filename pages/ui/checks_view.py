"""Checks and cautions: which ones touch a stage, and all of them in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, job_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.store import Job
    from properties.results import Check, StageResult

RESTS_ON = {
    "relax": ("relax",),
    "elastic": ("relax", "elastic"),
    "phonons": ("relax", "phonons"),
    "thermal": ("relax", "phonons", "thermal"),
}
"""Each stage with those whose failures make its numbers doubtful."""


def upstream(stage: str, results: Mapping[str, StageResult]) -> list[Check]:
    """Return the checks of a stage and the failed ones of those it rests on."""
    own = list(results[stage].checks)
    inherited = [
        check
        for other in RESTS_ON[stage]
        if other != stage and other in results
        for check in results[other].checks
        if not check.passed
    ]
    return inherited + own


def failed_upstream(stage: str, results: Mapping[str, StageResult]) -> list[Check]:
    """Return the failed checks that touch a stage."""
    return [check for check in upstream(stage, results) if not check.passed]


def cautions(job: Job) -> None:
    """Show the warnings of the job, apart from those that explain a missing stage."""
    messages = dict.fromkeys(c.message for c in job.warnings if c.code != "no_result")
    if messages:
        st.warning("\n\n".join(messages), icon=":material/warning:")


def draw(job: Job, results: Mapping[str, StageResult]) -> None:
    """Draw all checks as a table, failed ones first, then the warnings."""
    found = [(stage, check) for stage, result in results.items() for check in result.checks]
    if not found:
        components.nothing("There are no checks yet; each part brings its own.")
    else:
        found.sort(key=lambda item: item[1].passed)
        failed = sum(not check.passed for _, check in found)
        st.markdown(
            f"**{len(found)} checks, {failed} failed**"
            if failed
            else f"**{len(found)} checks, all passed**"
        )
        for stage, check in found:
            _row(stage, check)
    for caution in job.warnings:
        st.warning(caution.message, icon=":material/warning:")


def _row(stage: str, check: Check) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.badge(
            check.label,
            icon=":material/check:" if check.passed else ":material/warning:",
            color="green" if check.passed else "orange",
        )
        st.caption(job_view.STAGE_TITLES[stage], width="content")
        st.markdown(check.message)
