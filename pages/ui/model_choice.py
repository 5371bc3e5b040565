"""Choosing a potential: those of the server, and those that trainings on it have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from mlpcore import registry
from pages.ui import model_view, session, stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcore.model_info import ModelInfo


def offered(symbols: Iterable[str]) -> dict[str, ModelInfo]:
    """Return all registered models, and the trained ones that know the elements."""
    symbols = tuple(symbols)
    found = {model.name: model for model in registry.models()}
    for path in stored.store().checkpoints():
        model = registry.info(str(path))
        if not model.unsupported(symbols):
            found[str(path)] = model
    return found


def label(name: str) -> str:
    """Return how a model is called in a list."""
    trained = any(name == str(path) for path in stored.store().checkpoints())
    return f"{model_view.title(name)} (trained here)" if trained else model_view.title(name)


def _prepare(names: list[str], key: str) -> None:
    """Choose what another page asked for, and forget a choice that is not offered any more."""
    if st.session_state.get(session.WANTED_MODEL) in names:
        st.session_state[key] = st.session_state.pop(session.WANTED_MODEL)
    elif st.session_state.get(key, names[0]) not in names:
        del st.session_state[key]


def any_model(symbols: Iterable[str], key: str) -> str:
    """Let the user choose among all models; the recommended one comes first."""
    names = list(offered(symbols))
    _prepare(names, key)
    return st.selectbox(
        "Model", names, index=names.index(registry.DEFAULT_MODEL), format_func=label, key=key
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
    _prepare(names, key)
    return st.selectbox("Committee", names, format_func=label, key=key)
