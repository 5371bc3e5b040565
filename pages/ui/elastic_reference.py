"""Computed elastic constants beside those that are known for the same crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties import reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from properties.reference import Reference

HEADINGS = {"PBE": "PBE, atoms at rest", "experiment": "Experiment"}
COLUMNS = {"PBE": "PBE", "experiment": "Experiment"}
HOW_TO_READ = (
    "The models learn from PBE, and their crystals are at 0 K without motion of the atoms: "
    "compare with PBE first. Experiments are near room temperature, where most crystals are "
    "a few percent softer than at 0 K, and PBE itself differs from them by some percent. Most "
    "models are softer than PBE."
)
EVIDENCE = {
    "stored": "",
    "textbook": "Recalled from the literature: good to 1 or 2 %.",
}

HILL = "B and G are the Hill averages of these constants."


def draw(formula: str, space_group_number: int, values: Mapping[str, float]) -> None:
    """Draw what is known about a crystal, PBE and experiment apart, with differences.

    Parameters
    ----------
    formula, space_group_number
        The relaxed crystal.
    values
        GPa by name: independent constants ``C11`` …, and ``B`` and ``G`` (Hill).
    """
    found = reference.matches(formula, space_group_number)
    if not found:
        components.nothing(
            f"No measured or PBE constants of {text.formula(formula)} in space group "
            f"{space_group_number} come with the project.",
            icon=":material/menu_book:",
        )
        return
    kinds = [kind for kind in HEADINGS if any(known.kind == kind for known in found)]
    for column, kind in zip(st.columns(len(HEADINGS), gap="large"), kinds, strict=False):
        with column:
            _kind(kind, [known for known in found if known.kind == kind], values)
    st.caption(HOW_TO_READ)


def _kind(kind: str, found: Sequence[Reference], values: Mapping[str, float]) -> None:
    for known in found:
        at = f", {known.temperature_k:g} K" if known.temperature_k is not None else ""
        st.markdown(f"**{HEADINGS[kind]}{at}**")
        components.table(_rows(known, values))
        st.caption(_citation(known))


def _rows(known: Reference, values: Mapping[str, float]) -> list[dict[str, str]]:
    return [
        {
            "GPa": difference.name,
            "This calculation": text.fixed(difference.value, 1),
            COLUMNS[known.kind]: text.fixed(difference.reference, 1),
            "Difference": _signed(difference.percent),
        }
        for difference in reference.compare(values, known)
    ]


def _citation(known: Reference) -> str:
    """Source, second source, evidence and note, as sentences."""
    derived = HILL if known.constants_gpa else ""
    parts = (known.source, known.checked, EVIDENCE[known.evidence], derived, known.note)
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


def _signed(percent: float) -> str:
    written = text.fixed(percent, 0, "%")
    return f"+{written}" if percent >= 0.5 else written
