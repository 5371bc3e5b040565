"""All potentials of this server: a table to compare them, and a card each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from mlpcore import registry
from pages.ui import components, guard, model_view, text

if TYPE_CHECKING:
    from mlpcore.model_info import ModelInfo

INTRODUCTION = (
    "**Universal** potentials know nearly all elements and were trained by others on millions "
    "of structures. **Own** ones are committees of small networks for a few elements, trained "
    "on some hundred structures: they follow their data closely, tell where they are unsure, "
    "and know nothing else. The short name is what the command line and the documents call "
    "each. Cite what you use."
)


def draw() -> None:
    """Draw the table and the cards, our own potentials after the universal ones."""
    st.markdown(INTRODUCTION)
    models = registry.models()
    components.table([_row(model) for model in models])
    for heading, chosen, n_columns in (
        ("Universal", [model for model in models if not model.own], 2),
        ("Own", [model for model in models if model.own], 1),
    ):
        if chosen:
            st.subheader(heading, anchor=False)
            _cards(chosen, n_columns)


def _row(model: ModelInfo) -> dict[str, str]:
    return {
        "Potential": model.title,
        "Name": model.name,
        "Kind": "own" if model.own else "universal",
        "Functional": model.functional,
        "Elements": model_view.short_elements(model),
        "Members": f"{model.n_members}",
        "Range": text.fixed(model.cutoff_a, 1, "Å"),
        "Licence": model.licence,
        "Use with care": "yes" if model.caution else "",
    }


def _cards(models: list[ModelInfo], n_columns: int) -> None:
    columns = st.columns(n_columns, gap="medium")
    for index, model in enumerate(models):
        with columns[index % n_columns], guard.sentences():
            model_view.card(model, recommended=model.name == registry.DEFAULT_MODEL)
