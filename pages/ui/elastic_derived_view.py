"""What follows from a tensor: every number with its formula and source in a tooltip."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pages.ui import components, text
from properties.committee import numbers
from properties.elasticity.derived import Derived, derived

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pages.ui.elastic_subject import Subject
    from properties.checks import Check
    from properties.elasticity.moduli import Moduli

import streamlit as st

INTRODUCTION = {
    "Moduli": "Of a polycrystal without texture, from bounds and their mean.",
    "Ductility": "Rules of thumb about bonding and brittleness.",
    "Anisotropy": "How far the crystal is from being the same in all directions.",
    "Sound": "Averaged over all directions.",
    "Heat": "Debye temperature, and estimates.",
    "Hardness": "Correlations fitted to measurements: an order of magnitude, no more.",
}


def draw(subject: Subject, failed: Sequence[Check]) -> None:
    """Draw all derived properties in their groups."""
    found = derived(
        subject.stiffness_gpa,
        subject.laue_class,
        subject.density_kg_per_m3,
        subject.volume_per_atom_a3,
        subject.pressure_gpa,
    )
    st.caption("Point at the question mark of a number for its formula and its source.")
    for group, members in groupby(found, key=lambda one: one.group):
        with st.container(border=True, gap="small", key=f"derived-{group.lower()}"):
            st.markdown(f"**{group}** · {INTRODUCTION[group]}")
            components.figures([_figure(one) for one in members], failed)


def moduli(
    found: Moduli, doubts: Mapping[str, float | None] | None = None
) -> list[components.Figure]:
    """Return the numbers that most people came for; dashes for an unstable tensor.

    Parameters
    ----------
    doubts
        Epistemic part by the names of :data:`properties.committee.numbers.MODULI`.
    """
    known = doubts or {}
    shown = [
        ("Bulk modulus B", found.bulk_vrh_gpa, 1, "GPa", numbers.BULK, "Hill mean"),
        ("Shear modulus G", found.shear_vrh_gpa, 1, "GPa", numbers.SHEAR, "Hill mean"),
        ("Young's modulus E", found.young_vrh_gpa, 1, "GPa", numbers.YOUNG, None),
        ("Poisson's ratio ν", found.poisson_vrh, 3, "", numbers.POISSON, None),
    ]
    return [
        *(
            components.Figure(
                label, text.with_doubt(value, decimals, known.get(name), unit), words
            )
            for label, value, decimals, unit, name, words in shown
        ),
        components.Figure(
            "Universal anisotropy", text.fixed(found.universal_anisotropy, 3), "0 if isotropic"
        ),
    ]


def _figure(one: Derived) -> components.Figure:
    return components.Figure(
        text.symbols(one.label),
        text.fixed(one.value, one.decimals, one.unit),
        f"$\\displaystyle {one.formula}$\n\n{one.note}",
    )
