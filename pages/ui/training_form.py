"""The form that makes a training and submits it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from jobs.tasks import Training
from mlpcore import dataset
from mlpcore.dataset import PARTS
from mlpcore.errors import DatasetError
from mlpcore.training import TrainingConfig
from mlpcore.training.config import SIZES
from pages.ui import session, stored, text

if TYPE_CHECKING:
    from mlpcore.dataset import Dataset
    from pages.ui.training_data_view import Data

LONGEST_LABEL = 60
FEWEST = 10
"""Structures with which a split leaves one each for validation and test."""

FEWEST_LEARNT = 5
VALIDATION = 0.1
SHARES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
CURVE = (0.25, 0.5)
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Plan:
    """Settings that the form begins with."""

    note: str
    settings: dict[str, Any] = field(default_factory=dict)


PLANS = {
    "Classroom": Plan(
        "Small networks and few symmetry functions: done within a minute or two, and good "
        "enough to see everything that matters.",
        {
            "size": "small",
            "cutoff_a": 5.0,
            "hidden": (10, 10),
            "n_members": 4,
            "epochs": 150,
            "refinement_steps": 100,
        },
    ),
    "Thorough": Plan(
        "Larger networks, more symmetry functions, more epochs: for results that you want to "
        "use. Takes minutes to an hour.",
        {"size": "standard", "cutoff_a": 6.0, "hidden": (20, 20), "n_members": 8},
    ),
}


def submit(data: Data) -> None:
    """Draw the form; on submit, queue the training and go to its page.

    Raises
    ------
    DatasetError
        There are too few data to learn from, at all or with the chosen share.
    """
    require_enough(data.dataset)
    left, right = st.columns([3, 2], gap="large")
    with left:
        plan = str(
            st.segmented_control(
                "Plan", tuple(PLANS), default="Classroom", required=True, key=session.PLAN
            )
        )
        st.caption(PLANS[plan].note)
        start = TrainingConfig(data="", **PLANS[plan].settings)
        settings = {
            **PLANS[plan].settings,
            **_amount(plan),
            **_networks(plan, start),
            **_functions(plan, start),
            **_weights(plan, start),
        }
        label = st.text_input(
            "Name (optional)",
            max_chars=LONGEST_LABEL,
            placeholder="for the list of jobs and the potential",
            key=session.TRAINING_LABEL,
        ).strip()
        pressed = st.button("Train", type="primary", icon=":material/play_arrow:")
    with right:
        _explanation(settings)
    if pressed:
        require_learning(data.dataset, settings)
        session.open_job(_queued(data, label, settings))


def require_enough(data: Dataset) -> None:
    """Refuse data that cannot be split into parts that say anything.

    Raises
    ------
    DatasetError
        There are too few structures, or too few sources to keep the parts apart.
    """
    count, sources = len(data.frames), len({frame.source for frame in data.frames})
    if count < FEWEST:
        raise DatasetError(
            f"{count} {'structure is' if count == 1 else 'structures are'} too few to learn "
            f"from: at least {FEWEST} with different sources are needed, so that something is "
            "left for validation and test. Some hundred make a potential."
        )
    if sources < len(PARTS):
        raise DatasetError(
            f"The {count} structures have {sources} {'source' if sources == 1 else 'sources'}. "
            "Frames of one source stay together, and training, validation and test need at "
            f"least one each: give at least {len(PARTS)} different sources, or leave out "
            "`source`, so that each frame counts as its own."
        )


def require_learning(data: Dataset, settings: dict[str, Any]) -> None:
    """Refuse to learn from so few structures that there is nothing to tell them apart by.

    Raises
    ------
    DatasetError
        The chosen share leaves too few.
    """
    split = dataset.split(data, settings["split_fractions"], TrainingConfig.split_seed)
    part = min(settings["learning_curve"], default=1.0)
    learnt = round(part * len(split.train))
    if learnt < FEWEST_LEARNT:
        curve = " in the smallest training of the learning curve" if part < 1 else ""
        raise DatasetError(
            f"Of {len(data.frames)} structures only {learnt} would be learnt from{curve}; at "
            f"least {FEWEST_LEARNT} are needed. Learn from a larger share"
            f"{', leave out the learning curve' if curve else ''}, or give more data."
        )


def _queued(data: Data, label: str, settings: dict[str, Any]) -> str:
    """Put the training in the queue and return its job."""
    functional = str(data.dataset.settings.get("functional", ""))
    title = label or f"{data.elements} {functional}".strip()
    settings = {
        **settings,
        "name": _key(title),
        "title": title,
        "card": _card(data),
    }
    config = TrainingConfig(data="", **settings).to_dict()
    del config["data"]
    task = Training(config, data.shipped, label, data.elements)
    return stored.store().submit(task, data.title, data.upload)


def _key(title: str) -> str:
    """Return a name for files and for the registry."""
    return _NOT_A_NAME.sub("-", title.lower()).strip("-") or "model"


def _card(data: Data) -> dict[str, Any]:
    settings = data.dataset.settings
    return {
        "functional": str(settings.get("functional") or "as in the data"),
        "training_set": f"{len(data.dataset.frames)} structures, {data.shipped or data.title}",
        "licence": str(settings.get("licence") or "as of the data"),
        "citation": str(settings.get("citation") or "the source of the data"),
        "character": "Trained on this server. Its page tells its errors on data that it never "
        "saw; further away from its data it may be wrong without a sign.",
    }


def _amount(plan: str) -> dict[str, Any]:
    """How many of the data are learnt from, and how they are split."""
    share = st.select_slider(
        "Share of the data to learn from",
        SHARES,
        value=0.8,
        format_func=text.percent_limit,
        key=f"train-share-{plan}",
        help=f"{text.percent_limit(VALIDATION)} tell when to stop (validation); the rest is "
        "the test, which the networks never see. With fewer data the errors on the test grow.",
    )
    test = round(1 - share - VALIDATION, 6)
    return {"split_fractions": (share, VALIDATION, test)}


def _networks(plan: str, start: TrainingConfig) -> dict[str, Any]:
    first, second, third = st.columns(3)
    layers = first.number_input(
        "Hidden layers", 1, 3, len(start.hidden), key=f"train-layers-{plan}"
    )
    nodes = second.number_input(
        "Nodes in each", 2, 64, start.hidden[0], key=f"train-nodes-{plan}"
    )
    members = third.number_input(
        "Networks in the committee", 1, 16, start.n_members, key=f"train-members-{plan}"
    )
    epochs = st.slider(
        "Epochs",
        5,
        600,
        start.epochs,
        step=5,
        key=f"train-epochs-{plan}",
        help="How often every structure is shown to the networks.",
    )
    return {
        "hidden": (int(nodes),) * int(layers),
        "n_members": int(members),
        "epochs": int(epochs),
        "patience": int(epochs),
    }


def _functions(plan: str, start: TrainingConfig) -> dict[str, Any]:
    left, right = st.columns(2)
    size = left.segmented_control(
        "Symmetry functions",
        SIZES,
        default=start.size,
        required=True,
        key=f"train-size-{plan}",
        help="How finely an atom's surroundings are described. Look at them on the page "
        "Potentials.",
    )
    cutoff = right.slider(
        "Cut-off (Å)", 3.0, 8.0, start.cutoff_a, step=0.5, key=f"train-cutoff-{plan}"
    )
    return {"size": str(size), "cutoff_a": float(cutoff)}


def _weights(plan: str, start: TrainingConfig) -> dict[str, Any]:
    with st.expander("More settings", icon=":material/tune:"):
        columns = st.columns(3)
        weights = {}
        for column, name in zip(columns, ("energy", "force", "stress"), strict=True):
            weights[f"{name}_weight"] = column.number_input(
                f"Weight of the {name}",
                0.0,
                100.0,
                getattr(start, f"{name}_weight"),
                key=f"train-{name}-{plan}",
            )
        refinement = st.slider(
            "Steps of refinement",
            0,
            600,
            start.refinement_steps,
            step=20,
            key=f"train-refinement-{plan}",
            help="After the epochs, a method of second order goes on with all data at once.",
        )
        noise = st.toggle(
            "Learn the noise of the data too",
            key=f"train-noise-{plan}",
            help="Further outputs of each network are the noise that it expects in forces and "
            "energies: what more data cannot remove, apart from the members' spread.",
        )
        curve = st.toggle(
            "Learning curve",
            key=f"train-curve-{plan}",
            help="Trains again with a quarter and half of the data: takes about twice as long.",
        )
    return {
        **weights,
        "refinement_steps": int(refinement),
        "noise": noise,
        "learning_curve": CURVE if curve else (),
    }


def _explanation(settings: dict[str, Any]) -> None:
    """Say in words what was chosen."""
    learn, stop, test = (text.percent_limit(part) for part in settings["split_fractions"])
    layers = "–".join(str(width) for width in settings["hidden"])
    members = settings["n_members"]
    with st.container(border=True):
        st.markdown(
            f"**{members} {'networks' if members > 1 else 'network'} for each element**, "
            f"layers of {layers} nodes\n\n"
            f"- {learn} of the data are learnt from, {stop} tell when to stop, **{test} are "
            "the test** that nobody sees before the end.\n"
            f"- An atom sees its neighbours up to **{settings['cutoff_a']:.1f} Å**.\n"
            "- Frames of one source stay together: a test on a near copy of a training frame "
            "would flatter the result."
        )
        if members == 1:
            st.caption(
                "A single network gives no spread: it cannot say where it does not know."
            )
