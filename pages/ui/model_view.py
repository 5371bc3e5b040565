"""What is known about a model, in general and for given elements."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st
from ase.data import chemical_symbols

from mlpcore import registry
from mlpcore.errors import MLPError
from pages.ui import own_card, training_origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcore.model_info import ModelInfo

FEW_ELEMENTS = 6


def title(name: str) -> str:
    """Return the title of a model, or its name if it is not here any more."""
    try:
        return registry.info(name).title
    except MLPError:
        return PurePath(name).stem


def for_elements(model: ModelInfo, symbols: Iterable[str]) -> None:
    """Say what the model knows about the elements of a crystal."""
    present = tuple(dict.fromkeys(symbols))
    unknown = model.unsupported(present)
    with st.container(border=True):
        st.markdown(f"**{model.title}** · {model.functional}")
        with st.container(horizontal=True, gap="small"):
            for symbol in present:
                known = symbol not in unknown
                st.badge(
                    f"{symbol} {'known' if known else 'unknown'}",
                    icon=":material/check:" if known else ":material/block:",
                    color="green" if known else "red",
                )
        if unknown:
            st.error(
                f"{model.title} was not trained on {', '.join(unknown)}, so it cannot "
                "compute this crystal. Choose another model or structure."
            )
        st.caption(model.character)
        caution(model)


def caution(model: ModelInfo) -> None:
    """Show the model's warning, if it has one, and whose it is."""
    if model.caution:
        st.warning(f"**{model.title}:** {model.caution}", icon=":material/warning:")


def card(model: ModelInfo, recommended: bool) -> None:
    """Show everything the registry says about a model."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"#### {model.title}")
            if recommended:
                st.badge("default", icon=":material/star:", color="blue")
        st.markdown(model.character)
        caution(model)
        facts = (
            ("Name", f"`{model.name}`"),
            ("Functional", model.functional),
            ("Trained on", model.training_set),
            ("Elements", elements(model)),
            ("Range" if model.own else "Range of a layer", f"{model.cutoff_a:.1f} Å"),
            *(own_facts(model) if model.own else ()),
            ("Licence", model.licence),
            ("Cite", training_origin.citation(model.citation)),
        )
        st.markdown("  \n".join(f":gray[{title}:] {value}" for title, value in facts))
        own_card.draw(model)


def own_facts(model: ModelInfo) -> list[tuple[str, str]]:
    """Return what an own potential is made of."""
    facts = [("Committee", f"{model.n_members} members")]
    if model.baseline:
        facts.append(("Corrects", title(model.baseline)))
    if model.long_range:
        facts.append(("Long range", "electrostatics of point charges, by an Ewald sum"))
    return facts


def short_elements(model: ModelInfo) -> str:
    """Name a few elements, count many."""
    if len(model.elements) <= FEW_ELEMENTS:
        return ", ".join(sorted(model.elements, key=chemical_symbols.index))
    return f"{len(model.elements)}"


def elements(model: ModelInfo) -> str:
    """Name few elements; count many, and name the gaps below the heaviest one."""
    if len(model.elements) <= FEW_ELEMENTS:
        return short_elements(model)
    last = max(chemical_symbols.index(symbol) for symbol in model.elements)
    gaps = [s for s in chemical_symbols[1:last] if s not in model.elements]
    missing = f", without {', '.join(gaps)}" if gaps else ""
    return f"{len(model.elements)} (H to {chemical_symbols[last]}{missing})"
