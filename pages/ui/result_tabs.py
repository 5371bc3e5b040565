"""The results of a job in tabs; only the open one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import (
    checks_view,
    committee_view,
    components,
    consistency_view,
    elastic_view,
    files_view,
    guard,
    phonons_view,
    provenance_view,
    relax_view,
    session,
    text,
    thermal_view,
)
from properties.committee import numbers
from properties.results import (
    CommitteeResult,
    ElasticResult,
    PhononResult,
    RelaxResult,
    ThermalResult,
)
from properties.spec import EXTRA_STAGES, ON_REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.store import Job
    from properties.results import StageResult

UNCERTAINTY = "Uncertainty"
STAGE_TABS = {
    "Structure": "relax",
    "Elastic": "elastic",
    "Phonons": "phonons",
    "Expansion": "thermal",
    UNCERTAINTY: "committee",
}


def headline(job: Job, results: Mapping[str, StageResult]) -> None:
    """Show the numbers that most people came for, as far as they are known."""
    items: list[tuple[str, components.Figure]] = []
    for stage, result in results.items():
        items += [(stage, item) for item in _headline_figures(result, results)]
    with st.container(horizontal=True, gap="medium", key="headline"):
        for stage, item in items:
            failed = checks_view.failed_upstream(stage, results)
            components.figure(item, failed)
    checks_view.badges_of_the_job(job, results)
    checks_view.cautions(job, results, checks_view.OF_THE_WHOLE_JOB)


def _headline_figures(
    result: StageResult, results: Mapping[str, StageResult]
) -> list[components.Figure]:
    def doubted(value: float, decimals: int, unit: str, name: str) -> str:
        return text.with_doubt(value, decimals, committee_view.doubt(results, name), unit)

    match result:
        case RelaxResult():
            volume = doubted(result.volume_per_atom_a3, 3, "Å³/atom", numbers.VOLUME)
            return [components.Figure("Volume", volume)]
        case ElasticResult() if result.born_stable:
            moduli = result.moduli
            bulk = doubted(moduli.bulk_vrh_gpa, 1, "GPa", numbers.BULK)
            shear = doubted(moduli.shear_vrh_gpa, 1, "GPa", numbers.SHEAR)
            return [
                components.Figure("Bulk modulus", bulk),
                components.Figure("Shear modulus", shear),
            ]
        case PhononResult():
            highest = doubted(result.max_frequency_thz, 2, "THz", numbers.HIGHEST)
            return [components.Figure("Highest frequency", highest)]
        case ThermalResult():
            return thermal_view.headline(result, results)
        case _:
            return []


def draw(job: Job, results: Mapping[str, StageResult]) -> None:
    """Draw the tabs and the content of the open one."""
    names = [name for name, stage in STAGE_TABS.items() if stage in job.stages]
    if UNCERTAINTY not in names and job.spec.has_members:
        names.append(UNCERTAINTY)
    tabs = st.tabs([*names, "Checks", "Files"], key=session.TAB, on_change="rerun")
    for name, tab in zip(names, tabs, strict=False):
        if tab.open:
            with tab, guard.sentences():
                _stage(job, STAGE_TABS[name], results)
    checks_tab, files_tab = tabs[-2:]
    if checks_tab.open:
        with checks_tab, guard.sentences():
            checks_view.draw(job, results)
            if not results.keys().isdisjoint({"phonons", "thermal"}):
                st.markdown("**Agreement between methods**")
                consistency_view.draw(results)
            provenance_view.draw(job)
    if files_tab.open:
        with files_tab, guard.sentences():
            files_view.draw(job)


def _stage(job: Job, stage: str, results: Mapping[str, StageResult]) -> None:
    if stage not in job.stages:
        committee_view.offer(job)
        return
    result = results.get(stage)
    if result is None:
        components.nothing(_why_nothing(job, stage))
        return
    failed = checks_view.failed_upstream(stage, results)
    components.check_badges(checks_view.upstream(stage, results))
    components.failed_notice(failed)
    rests_on = checks_view.AFTER_RELAXATION.intersection(checks_view.RESTS_ON[stage])
    checks_view.cautions(job, results, rests_on)
    match result:
        case RelaxResult():
            relax_view.draw(result, failed)
        case ElasticResult():
            elastic_view.draw(result, failed, results, _why_missing(job, results))
        case PhononResult():
            phonons_view.draw(job, result, failed, results, _why_missing(job, results))
        case ThermalResult():
            thermal_view.draw(job, result, failed, results)
        case CommitteeResult():
            committee_view.draw(result, failed)


def _why_missing(job: Job, results: Mapping[str, StageResult]) -> dict[str, str]:
    """Give the reason for each further stage that was asked for and is not there."""
    asked = (stage for stage in (*ON_REQUEST, *EXTRA_STAGES) if stage in job.stages)
    return {stage: _why_nothing(job, stage) for stage in asked if stage not in results}


def _why_nothing(job: Job, stage: str) -> str:
    reasons = [c.message for c in job.warnings if (c.code, c.stage) == ("no_result", stage)]
    state = job.stages[stage].state
    if reasons:
        return f"This part has no result. {text.sentence(reasons[0])}"
    if state == "running":
        return "Being computed now; it appears here by itself."
    if job.state in {"queued", "running"}:
        return "Waiting for its turn; it appears here by itself."
    if job.state == "failed":
        return "There is no result, for the calculation failed before this part was done."
    return "There is no result, for the calculation ended before this part."
