"""A training: its errors while it runs, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from jobs import training
from mlpcore import registry
from mlpcore.training import TrainingConfig
from pages.ui import (
    administrator_view,
    components,
    errors_view,
    files_view,
    guard,
    session,
    stored,
    text,
)
from properties.plots import training as plots

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from jobs.store import Job

FEW_FRAMES = 20
FEW_VALIDATION = 50

WATCH = (
    "Each thin line is a member of the committee, the thick one their mean. As long as the "
    "validation errors fall with the training errors, the networks learn; where only the "
    "training errors go on falling, they learn by heart. In the end each member gets the "
    "weights with which it did best on the validation frames."
)
CURVES = (
    "Thin lines are members, thick ones their means. **Each member kept the weights of its "
    "dot**, with which it did best on the validation frames in energies, forces and stresses "
    "together. All numbers below are those of the kept weights and of the committee's mean, so "
    "they are not where the lines end."
)
HOW_TO_READ = (
    "The training line is of all training frames, of which each member learns its own share; "
    "during the epochs it is an average over an epoch in which the weights change all the time."
)
JUMP = (
    "The refinement begins with the weights kept until then: where they are not the last ones, "
    "the lines jump."
)
TAME = (
    "The {count} validation frames are few: they may happen to be tamer than the others, and "
    "their line then lies below that of the training."
)
PARITY_WORDS = (
    "Points on the line are right. The test frames were never seen: if their points scatter "
    "more than those trained on, the networks know their data better than the crystal."
)


def errors(job: Job) -> None:
    """Draw the errors so far, below what was asked for."""
    _settings(job)
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
    found = stored.trained(job)
    known = found.report["errors"]["validation"] if found else {}
    components.plot(
        plots.history(history, str(kind), kept=known.get("members", ())),
        key="training-errors",
        caption=_reading(job, known["n_frames"]) if known else WATCH,
    )


def _reading(job: Job, n_validation: int) -> str:
    """Say how the lines and the table of a training that is over belong together."""
    said = [CURVES, HOW_TO_READ]
    if _config(job)["refinement_steps"]:
        said.append(JUMP)
    if n_validation < FEW_VALIDATION:
        said.append(TAME.format(count=n_validation))
    return " ".join(said)


def _config(job: Job) -> dict[str, Any]:
    """Return what a training was asked for, also by another version of the program."""
    return {**TrainingConfig(data="").to_dict(), **job.task.to_dict()["config"]}


def _settings(job: Job) -> None:
    """Show what was asked for."""
    config = _config(job)
    learn, stop, test = (text.percent_limit(part) for part in config["split_fractions"])
    layers = "–".join(str(width) for width in config["hidden"])
    members = config["n_members"]
    also = {"noise": "noise of the data", "learning_curve": "learning curve"}
    known = {
        "Networks": f"{members} for each element, hidden layers of {layers} nodes",
        "Symmetry functions": f"{config['size']} set",
        "Cut-off": text.fixed(config["cutoff_a"], 1, "Å"),
        "Data": f"{learn} to learn from, {stop} validation, {test} test",
        "Epochs": f"{config['epochs']}, then {config['refinement_steps']} steps of refinement",
        "Weights": ", ".join(
            f"{kind} {config[f'{kind}_weight']:g}" for kind in ("energy", "force", "stress")
        ),
        "Also": ", ".join(title for name, title in also.items() if config[name]),
    }
    st.caption(" · ".join(f"**{title}** {value}" for title, value in known.items() if value))


def draw(job: Job) -> None:
    """Draw what came out, if the training is done."""
    found = stored.trained(job)
    if found is None:
        return
    report = found.report
    _figures(report)
    _honesty(report)
    _use(job, report)
    _against_labels(_parity(job.id, job))
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


def _against_labels(parity: dict[str, NDArray[np.float64]]) -> None:
    """Draw each kind of labels that the data have."""
    st.subheader("Against the labels", anchor=False)
    kinds = [kind for kind in plots.PARITY_UNITS if plots.has_labels(parity, kind)]
    for column, kind in zip(st.columns(len(kinds)), kinds, strict=True):
        with column:
            st.markdown(f"**{kind.capitalize()}**")
            components.plot(plots.parity(parity, kind), key=f"training-parity-{kind}")
    st.caption(PARITY_WORDS)


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
        with guard.sentences():
            registry.info(str(path))
            _lead_on(path, job.formula, several=report["config"]["n_members"] > 1)


def _lead_on(path: Path, formula: str, several: bool) -> None:
    """Offer the pages that take the potential."""
    if st.button(
        f"Compute a crystal of {formula} with it",
        icon=":material/add_circle:",
        key="training-compute",
        type="primary",
    ):
        st.session_state[session.WANTED_MODEL] = str(path)
        st.switch_page(session.STRUCTURE_PAGE)
    if several and st.button(
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
        administrator_view.offer(path.read_bytes(), path.name)


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
