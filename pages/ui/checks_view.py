"""Checks and cautions: which ones touch a stage, and all of them in one table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, job_view, text
from properties import extrapolation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jobs.store import Job
    from properties.checks import Check
    from properties.results import StageResult

NO_RESULT = "no_result"
OF_THE_WHOLE_JOB = frozenset({"relax"})
"""Everything rests on the relaxation: its warnings stand above all tabs."""

RESTS_ON = {
    "relax": ("relax",),
    "elastic": ("relax", "elastic"),
    "phonons": ("relax", "phonons"),
    "thermal": ("relax", "phonons", "thermal"),
    "soft_mode": ("relax", "soft_mode"),
    "phonon_convergence": ("relax", "phonon_convergence"),
    "elastic_pressure": ("relax", "elastic_pressure"),
    "elastic_models": ("relax", "elastic_models"),
    "committee": ("relax", "elastic", "phonons", "thermal", "committee"),
}
"""Each stage with those whose failures make its numbers doubtful."""

AFTER_RELAXATION = frozenset(RESTS_ON) - OF_THE_WHOLE_JOB


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
    """Return the failed checks that touch a stage, in plain words.

    Which function of the model a check looked at stays with its badge.
    """
    return [_plain(check) for check in upstream(stage, results) if not check.passed]


def _plain(check: Check) -> Check:
    return replace(check, message=check.message.partition(extrapolation.FUNCTION)[0])


def badges_of_the_job(job: Job, results: Mapping[str, StageResult]) -> None:
    """Name what failed or is missing once, above all tabs; the sentences are in the tabs."""
    failed = [check for _, check in _all(results) if not check.passed]
    missing = [c for c in job.warnings if c.code == NO_RESULT]
    if failed or missing:
        with st.container(horizontal=True, gap="small", key="job-warnings"):
            for check in failed:
                components.check_badge(check)
            for caution in missing:
                title = job_view.STAGE_TITLES[caution.stage].lower()
                st.badge(
                    f"no {title}",
                    icon=":material/warning:",
                    color="orange",
                    help=caution.message,
                )


def cautions(job: Job, results: Mapping[str, StageResult], stages: Collection[str]) -> None:
    """Show warnings of some stages that no failed check and no missing result tells."""
    told = {check.message for _, check in _all(results) if not check.passed}
    messages = dict.fromkeys(
        caution.message
        for caution in job.warnings
        if caution.code != NO_RESULT and caution.message not in told and caution.stage in stages
    )
    if messages:
        st.warning("\n\n".join(map(text.sentence, messages)), icon=":material/warning:")


def draw(job: Job, results: Mapping[str, StageResult]) -> None:
    """Draw all checks, failed ones first, then the warnings."""
    found = _all(results)
    failed = [(stage, check) for stage, check in found if not check.passed]
    if not found:
        components.nothing("There are no checks yet; each part brings its own.")
    else:
        verdict = f"{len(failed)} failed" if failed else "all passed"
        st.markdown(f"**{len(found)} checks, {verdict}**")
    if failed:
        _group("Failed", [check for _, check in failed])
    cautions(job, results, AFTER_RELAXATION)
    for caution in job.warnings:
        if caution.code == NO_RESULT:
            title = job_view.STAGE_TITLES[caution.stage]
            st.warning(
                f"**{title}:** {text.sentence(caution.message)}", icon=":material/warning:"
            )
    for stage, result in results.items():
        passed = [check for check in result.checks if check.passed]
        if passed:
            _group(job_view.STAGE_TITLES[stage], passed)


def _all(results: Mapping[str, StageResult]) -> list[tuple[str, Check]]:
    return [(stage, check) for stage, result in results.items() for check in result.checks]


def _group(title: str, checks: Sequence[Check]) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{title}**")
        for check in checks:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                components.check_badge(check, with_sentence=False)
                st.markdown(text.sentence(check.message), width="content")
