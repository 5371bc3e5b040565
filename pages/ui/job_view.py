"""A job as such: what it is, how far it is, and what can be done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from jobs.status import DEATH_MESSAGE
from jobs.store import JobNotFoundError
from jobs.tasks import CALCULATION, EVALUATION, TRAINING, Training
from mlpcore.training.progress import CHARGES, CURVE, LABELS, REFINEMENT, REPORT, STAGES
from pages.ui import components, guard, model_view, session, stored, text
from properties.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobs.store import Job, StageProgress
    from jobs.tasks import Task

POLL_SECONDS = 1.0
STAGE_TITLES = {
    "relax": "Relaxation",
    "elastic": "Elastic constants",
    "phonons": "Phonons",
    "thermal": "Thermal expansion",
    "soft_mode": "Imaginary modes followed",
    "phonon_convergence": "Convergence of phonons",
    "elastic_pressure": "Elastic constants under pressure",
    "elastic_models": "Elastic constants from other models",
    "committee": "Members of the committee",
    TRAINING: "Training",
    EVALUATION: "Atoms one by one",
}
OTHERWISE = {
    CALCULATION: ("Another calculation", session.STRUCTURE_PAGE),
    TRAINING: ("Other data or settings", session.TRAINING_PAGE),
}
"""Where to begin otherwise; a look at single atoms has its form beside it."""


def no_job(sentence: str) -> None:
    """Say that there is no job to show, and where to go."""
    st.title("Result", anchor=False)
    components.nothing(sentence, icon=":material/search_off:")
    with st.container(horizontal=True):
        st.page_link(session.JOBS_PAGE, label="See the jobs", icon=":material/list:")
        st.page_link(
            session.STRUCTURE_PAGE, label="Start a calculation", icon=":material/add_circle:"
        )


def find(job_id: str) -> Job | None:
    """Return the job, or say that it is not there."""
    try:
        return stored.store().get(job_id)
    except JobNotFoundError as error:
        st.session_state.pop(session.LAST_JOB, None)
        no_job(str(error))
        return None


def header(job: Job) -> None:
    """Show what was asked for, and the state."""
    task = job.task
    title = text.formula(job.formula)
    st.title(f"{title} · {task.name}" if task.name else title, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        components.state_badge(job.state)
        if task.model:
            st.badge(model_view.title(task.model), icon=":material/hub:", color="violet")
        if isinstance(task, Spec):
            _calculation_badges(task)
        else:
            st.badge(STAGE_TITLES[job.kind].lower(), color="gray")
        st.caption(f"submitted {text.age(job.created)}")


def _calculation_badges(spec: Spec) -> None:
    st.badge(f"preset {spec.preset}", icon=":material/tune:", color="gray")
    if spec.pressure_gpa:
        st.badge(text.fixed(spec.pressure_gpa, 2, "GPa"), color="gray")


def live(job: Job, also: Callable[[Job], None] | None = None) -> None:
    """Show progress, polling while there is any; a new result redraws the page.

    Parameters
    ----------
    also
        Draws what belongs to the progress of this kind of job.
    """
    active = job.state in stored.ACTIVE
    fragment = st.fragment(_progress, run_every=POLL_SECONDS if active else None)
    fragment(job.id, stored.signature(job), also)


def _progress(
    job_id: str, drawn: tuple[object, ...], also: Callable[[Job], None] | None
) -> None:
    with guard.sentences():
        job = stored.store().get(job_id)
        if stored.signature(job) != drawn:
            st.rerun()
        _state_sentence(job)
        if job.state != "finished":
            _stages(job)
        _actions(job)
        if also:
            also(job)


def _state_sentence(job: Job) -> None:
    if job.state == "queued":
        before = (job.queue_position or 1) - 1
        st.info(
            f"Waiting in the queue, {before} before it."
            if before
            else "Next in the queue; it starts as soon as a worker is free.",
            icon=":material/schedule:",
        )
    elif job.state == "failed":
        st.error(
            job.message or "The calculation failed, and its log does not say why.",
            icon=":material/error:",
        )
    elif job.state == "cancelled":
        st.warning(
            "This calculation was cancelled. What it had finished is kept: start it again "
            "to go on from there.",
            icon=":material/cancel:",
        )


def _stages(job: Job) -> None:
    columns = st.columns(len(job.stages))
    for column, (stage, progress) in zip(columns, job.stages.items(), strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{STAGE_TITLES[stage]}**")
            st.progress(_fraction(progress), text=_progress_text(progress, job.task))


def _fraction(progress: StageProgress) -> float:
    """Return how much of a bar is filled; none under what failed, however far it came."""
    if progress.state in {"finished", "failed"}:
        return float(progress.state == "finished")
    return min(progress.done / progress.total, 1.0) if progress.total else 0.0


def _progress_text(progress: StageProgress, task: Task) -> str:
    if progress.state == "cancelled" and not progress.done:
        return "not begun"
    if progress.state != "running":
        took = f" in {text.duration(progress.seconds)}" if progress.state == "finished" else ""
        return f"{progress.state}{took}"
    parts = [f"{progress.done} of {progress.total}" if progress.total else "starting"]
    if progress.what:
        parts.append(progress.what)
    return " · ".join([*parts, *_rest(progress, task)])


def _rest(progress: StageProgress, task: Task) -> list[str]:
    """Say how much is left; of a training, whose parts are timed apart, in which part."""
    left = ""
    if progress.remaining_s is not None:
        left = f"about {text.duration(max(1.0, progress.remaining_s))} left"
    parts = training_parts(task.config) if isinstance(task, Training) else ()
    if progress.what not in parts:
        return [left] if left else []
    part = f"part {parts.index(progress.what) + 1} of {len(parts)}"
    return [part, f"{left} in this part"] if left and progress.what != CURVE else [part]


def training_parts(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts of a training that take time, in their order."""
    absent = {
        LABELS: not config.get("baseline") and not config.get("electrostatics"),
        CHARGES: not config.get("electrostatics"),
        REFINEMENT: config.get("refinement_steps") == 0,
        CURVE: not config.get("learning_curve"),
    }
    return tuple(part for part in STAGES if not absent.get(part) and part != REPORT)


def _actions(job: Job) -> None:
    if job.state in stored.ACTIVE:
        if (job.folder / "cancel").exists():
            st.caption("Stopping at the next safe point …")
        elif st.button("Cancel", icon=":material/stop_circle:", key="cancel-job"):
            stored.store().request_cancel(job.id)
            st.rerun()
    elif job.state != "finished":
        with st.container(horizontal=True, gap="small"):
            _after_the_end(job)


def _after_the_end(job: Job) -> None:
    """Offer to start a failed or cancelled job again, or first of all to begin otherwise."""
    hopeless = fails_again(job)
    if hopeless and job.kind in OTHERWISE:
        label, page = OTHERWISE[job.kind]
        if st.button(label, icon=":material/edit:", key="begin-otherwise", type="primary"):
            st.switch_page(page)
    if st.button(
        "Start again",
        icon=":material/replay:",
        key="resubmit-job",
        type="secondary" if hopeless else "primary",
        help="It will fail in the same way unless the server has changed."
        if hopeless
        else None,
    ):
        stored.store().resubmit(job.id)
        st.rerun()


def fails_again(job: Job) -> bool:
    """Return whether a job failed for a reason that lies in what it was asked for.

    What was not foreseen leaves its traceback with the job; a worker that died may be luckier.
    """
    by_itself = job.state == "failed" and job.message != DEATH_MESSAGE
    return by_itself and not job.is_unforeseen
