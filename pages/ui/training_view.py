"""A training: its errors while it runs, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from jobs import training
from pages.ui import (
    administrator_view,
    components,
    errors_view,
    files_view,
    session,
    stored,
    text,
)
from properties.plots import training as plots

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jobs.store import Job

FEW_FRAMES = 20

WATCH = (
    "Each thin line is a member of the committee, the thick one their mean. As long as the "
    "validation errors fall with the training errors, the networks learn; where only the "
    "training errors go on falling, they learn by heart."
)
PARITY_WORDS = (
    "Points on the line are right. The test frames were never seen: if their points scatter "
    "more than those trained on, the networks know their data better than the crystal."
)


def errors(job: Job) -> None:
    """Draw the errors so far."""
    history = training.history(job.folder)
    if history is None:
        return
    kind = st.segmented_control(
        "Errors of",
        tuple(errors_view.KINDS),
        default=plots.FORCES,
        required=True,
        format_func=lambda key: errors_view.KINDS[key],
        key=session.TRAINING_KIND,
    )
    components.plot(plots.history(history, str(kind)), key="training-errors", caption=WATCH)


def draw(job: Job) -> None:
    """Draw what came out, if the training is done."""
    found = stored.trained(job)
    if found is None:
        return
    report = found.report
    _figures(report)
    _honesty(report)
    _use(job, report)
    parity = _parity(job.id, job)
    st.subheader("Against the labels", anchor=False)
    for column, kind in zip(st.columns(3), plots.PARITY_UNITS, strict=True):
        with column:
            components.plot(plots.parity(parity, kind), key=f"training-parity-{kind}")
    st.caption(PARITY_WORDS)
    if report["calibration"]:
        st.subheader("Does it know what it does not know?", anchor=False)
        errors_view.reliability(report, "training-reliability")
    _learning_curve(report)
    st.subheader("Split and errors", anchor=False)
    errors_view.table(report)
    with st.expander("Files", icon=":material/folder:"):
        files_view.draw(job)


@st.cache_resource(show_spinner=False, max_entries=16)
def _parity(job_id: str, _job: Job) -> dict[str, NDArray[np.float64]]:
    return training.parity(_job.folder)


def _figures(report: dict[str, Any]) -> None:
    """Show the errors on the test, beside what the labels vary by."""
    found, n_test = report["errors"]["test"]["committee"], report["errors"]["test"]["n_frames"]
    items = [
        components.Figure(
            f"{errors_view.KINDS[kind]}, test",
            errors_view.error(found, kind),
            f"Root mean square error of the committee on {n_test} frames "
            "that it never saw. The labels themselves vary by "
            f"{text.short(report['label_spread'][kind], plots.UNITS[kind])}.",
        )
        for kind in errors_view.KINDS
    ]
    components.figures(
        [
            *items,
            components.Figure("Members", f"{report['config']['n_members']}"),
            components.Figure(
                "Numbers for each atom",
                f"{report['n_descriptors']}",
                "Symmetry functions that each network gets",
            ),
        ]
    )


def _honesty(report: dict[str, Any]) -> None:
    """Say how far the errors can be trusted."""
    test = report["errors"]["test"]["n_frames"]
    if test < FEW_FRAMES:
        sources = len(report["split"]["test"]["sources"])
        st.info(
            f"The test has only {test} frames of {sources} "
            f"{'source' if sources == 1 else 'sources'}: its errors are themselves uncertain. "
            "Learn from a smaller share of the data, or use more data.",
            icon=":material/balance:",
        )


def _use(job: Job, report: dict[str, Any]) -> None:
    """Lead on to what can be done with the potential."""
    path = job.checkpoint
    if path is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.download_button(
            "Download",
            data=path.read_bytes,
            file_name=path.name,
            icon=":material/download:",
            on_click="ignore",
            key="training-download",
        )
        if st.button(
            f"Compute a crystal of {job.formula} with it",
            icon=":material/add_circle:",
            key="training-compute",
            type="primary",
        ):
            st.session_state[session.WANTED_MODEL] = str(path)
            st.switch_page(session.STRUCTURE_PAGE)
        if report["config"]["n_members"] > 1 and st.button(
            "See where it is unsure", icon=":material/scatter_plot:", key="training-atoms"
        ):
            st.session_state[session.WANTED_MODEL] = str(path)
            st.session_state[session.POTENTIALS_SECTION] = session.ATOMS_SECTION
            st.switch_page(session.MODELS_PAGE)
        if administrator_view.signed_in() and st.button(
            "Add to the potentials of this server",
            icon=":material/library_add:",
            key="training-add",
        ):
            administrator_view.offer(path.read_bytes())


def _learning_curve(report: dict[str, Any]) -> None:
    if not report["learning_curve"]:
        return
    st.subheader("Learning curve", anchor=False)
    left, right = st.columns(2)
    for column, kind in ((left, plots.FORCES), (right, plots.ENERGY)):
        with column:
            components.plot(plots.learning_curve(report, kind), key=f"training-curve-{kind}")
    st.caption(
        "Trained again with parts of the data. A line that still falls says that more data "
        "would help; a flat one, that the networks or what they see are too coarse."
    )
