"""The tensor itself: its numbers, its symmetry, its axes and its stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.elasticity import stability
from properties.plots import elastic as plots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pages.ui.elastic_subject import Subject
    from properties.elasticity.directions import FloatArray

SYSTEMS = {
    "m-3m": "cubic", "m-3": "cubic", "6/mmm": "hexagonal", "6/m": "hexagonal",
    "-3m": "trigonal", "-3": "trigonal", "4/mmm": "tetragonal", "4/m": "tetragonal",
    "mmm": "orthorhombic", "2/m": "monoclinic", "-1": "triclinic",
}  # fmt: skip


def tensor(tensors: Mapping[str, FloatArray]) -> None:
    """Draw a tensor as a map, with a switch where there are several."""
    name = next(iter(tensors))
    if len(tensors) > 1:
        chosen = st.segmented_control(
            "Ions",
            list(tensors),
            default=name,
            required=True,
            key="ions",
            label_visibility="collapsed",
            help="Clamped: the atoms follow the strain but do not settle. Experiments "
            "measure relaxed ions.",
        )
        name = str(chosen)
    components.plot(plots.stiffness_map(tensors[name]), key=f"stiffness-{name.split()[0]}")


def laue_class(name: str) -> str:
    """Return a Laue class with its crystal system."""
    return f"{text.space_group(name)} ({SYSTEMS[name]})"


def rotation(title: str, rows: FloatArray) -> None:
    """Show a rotation matrix whose rows are the axes x, y, z."""
    st.caption(title)
    components.table(
        [
            {
                "": axis,
                **{f"{k}": text.fixed(float(v), 4) for k, v in zip("XYZ", row, strict=True)},
            }
            for axis, row in zip("xyz", rows, strict=True)
        ]
    )


def stability_tables(subject: Subject) -> None:
    """Show Born's criteria of the class, and the eigenvalues, each with its verdict."""
    st.markdown(f"**Stability** of class {laue_class(subject.laue_class)}")
    left, right = st.columns([3, 2], gap="large")
    with left:
        criteria = stability.born_criteria(subject.stiffness_gpa, subject.laue_class)
        components.table(
            [
                {
                    "Born's criterion": one.expression,
                    "Left side": text.short(one.value, one.unit, 4),
                    "": _sign(one.passed),
                }
                for one in criteria
            ]
        )
    with right:
        components.table(
            [
                {
                    "Eigenvalue": f"{index}",
                    "GPa": text.fixed(float(value), 2),
                    "": _sign(bool(value > 0)),
                }
                for index, value in enumerate(
                    stability.eigenvalues_gpa(subject.stiffness_gpa), 1
                )
            ]
        )
    st.caption(
        "Necessary and sufficient conditions after Mouhat and Coudert (2014). Eigenvalues of "
        "the stiffness in Kelvin's notation, which do not depend on the axes."
    )


def _sign(passed: bool) -> str:
    return "✓" if passed else "✗ fails"
