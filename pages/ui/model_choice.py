"""Choosing a potential: those of the server, and those that trainings on it have made."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st

from mlpcore import registry
from mlpcore.errors import MLPError
from pages.ui import model_view, session, stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcore.model_info import ModelInfo

JOB_DIGITS = 6
"""Digits of a job's address that tell one from another."""


def offered(symbols: Iterable[str]) -> dict[str, ModelInfo]:
    """Return all registered models, and the trained ones that know the elements.

    Those that know the elements come first. A potential that another version of the program
    wrote and that cannot be read any more is left out; the page of its training says so.
    """
    symbols = tuple(symbols)
    found = {model.name: model for model in registry.models()}
    for path in stored.store().checkpoints():
        try:
            model = registry.info(str(path))
        except MLPError:
            continue
        if not model.unsupported(symbols):
            found[str(path)] = model
    return dict(sorted(found.items(), key=lambda item: bool(item[1].unsupported(symbols))))


def label(name: str) -> str:
    """Return how a model is called in a list."""
    trained = any(name == str(path) for path in stored.store().checkpoints())
    return f"{model_view.title(name)} (trained here)" if trained else model_view.title(name)


def labels(names: Iterable[str]) -> dict[str, str]:
    """Return how models are called in a list of these; where two have one title, apart.

    A list goes by what it shows, so that of two equal lines only one could be chosen. A
    model of the registry gets its short name, one that was trained here its job.
    """
    shown = {name: label(name) for name in names}
    titles = Counter(shown.values())
    return {
        name: title if titles[title] == 1 else f"{title} · {_mark(name)}"
        for name, title in shown.items()
    }


def _mark(name: str) -> str:
    path = PurePath(name)
    return f"job {path.parent.parent.name[:JOB_DIGITS]}" if path.is_absolute() else name


def _prepare(names: list[str], key: str, first: str) -> None:
    """Choose what another page asked for, and `first` where the old choice is not offered.

    The choice is assigned: of one that is only forgotten the browser hears nothing, and goes
    on to show it.
    """
    if st.session_state.get(session.WANTED_MODEL) in names:
        st.session_state[key] = st.session_state.pop(session.WANTED_MODEL)
    elif st.session_state.get(key) not in names:
        st.session_state[key] = first


def any_model(symbols: Iterable[str], key: str) -> str:
    """Let the user choose among all models; the recommended one is chosen at first."""
    shown = labels(offered(symbols))
    _prepare(list(shown), key, registry.DEFAULT_MODEL)
    return st.selectbox("Model", list(shown), format_func=shown.__getitem__, key=key)


def reminder(symbols: Iterable[str] = ()) -> None:
    """Say which model waits for a crystal that it knows, if another page asked for one.

    Parameters
    ----------
    symbols
        Of the crystal that there is, if there is one.
    """
    wanted = st.session_state.get(session.WANTED_MODEL)
    if not wanted:
        return
    try:
        model = registry.info(wanted)
    except MLPError:
        del st.session_state[session.WANTED_MODEL]
        return
    present = tuple(symbols)
    if not present or model.unsupported(present):
        st.info(
            f"**{model.title}** is chosen. Give a crystal of {model_view.elements(model)}.",
            icon=":material/hub:",
        )


def committees(symbols: Iterable[str]) -> list[str]:
    """Return the committees that know the elements, one that was asked for first."""
    symbols = tuple(symbols)
    names = [
        name
        for name, model in offered(symbols).items()
        if model.n_members > 1 and not model.unsupported(symbols)
    ]
    return sorted(names, key=lambda name: name != st.session_state.get(session.WANTED_MODEL))


def committee(symbols: Iterable[str], key: str) -> str | None:
    """Let the user choose a committee that knows the elements; ``None`` if there is none."""
    names = committees(symbols)
    if not names:
        return None
    shown = labels(names)
    _prepare(names, key, names[0])
    return st.selectbox("Committee", names, format_func=shown.__getitem__, key=key)
