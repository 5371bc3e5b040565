"""A pasted tensor on the page: the same sections as those of a calculation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import (
    components,
    elastic_derived_view,
    elastic_directions_view,
    elastic_sound_view,
    elastic_tensor_view,
    guard,
    session,
    text,
)
from pages.ui.elastic_subject import Subject
from properties.elasticity import forms, moduli, pasted_checks, tensor_report, tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from properties.checks import Check
    from properties.elasticity.pasted import PastedTensor

DERIVED, DIRECTIONS, SOUND, SYMMETRY = "Derived", "Directions", "Sound", "Stability"


def invitation() -> None:
    """Say what will happen, while there is no tensor yet."""
    with st.container(border=True):
        st.markdown(
            "**Paste an elastic tensor on the left**, or choose one from the literature.\n\n"
            "1. Its symmetry is recognised and its stability tested.\n"
            "2. Averages, anisotropy, sound and more follow, each with its formula.\n"
            "3. Surfaces and sections show how stiff it is along every direction.\n\n"
            "Nothing is calculated but what follows from the tensor; it takes a moment, "
            "and the address of the page keeps it."
        )


def summary(tensor: PastedTensor) -> None:
    """Draw the map of the tensor and what was recognised."""
    elastic_tensor_view.tensor({"Pasted": tensor.stiffness_gpa})
    setting = f", {tensor.setting}" if tensor.setting else ""
    name = elastic_tensor_view.laue_class(tensor.laue_class)
    st.markdown(f"**Form of Laue class {name}**{setting}")
    if tensor.laue_class == "-1":
        st.caption("No higher symmetry shows in these axes; it may in others.")
    else:
        st.caption(
            "Recognised from the numbers: they differ from this form by "
            f"{text.fixed(tensor.residual_gpa, 2, 'GPa')} at most."
        )
    if tensor.laue_class in forms.TURNED:
        _turned(tensor.laue_class)
    for note in tensor.notes:
        st.caption(text.sentence(note))
    components.check_badges((*tensor.checks, *_density_checks(tensor)))


def _turned(found: str) -> None:
    """Say which other class the crystal may have."""
    other, constant = forms.TURNED[found]
    found, other = text.space_group(found), text.space_group(other)
    st.caption(
        f"The constants alone cannot tell {found} from {other} with x off the twofold axis: "
        f"turned about z until {constant} is zero, they have the form of {other}."
    )


def _density_checks(tensor: PastedTensor) -> tuple[Check, ...]:
    return pasted_checks.of_density(
        tensor.stiffness_gpa,
        st.session_state[session.TENSOR_DENSITY],
        st.session_state[session.TENSOR_VOLUME],
    )


def draw(tensor: PastedTensor) -> None:
    """Draw everything that follows from a tensor."""
    failed = [check for check in tensor.checks if not check.passed]
    components.failed_notice([*failed, *(c for c in _density_checks(tensor) if not c.passed)])
    subject = Subject(
        tensor.stiffness_gpa,
        tensor.laue_class,
        st.session_state[session.TENSOR_DENSITY],
        st.session_state[session.TENSOR_VOLUME],
    )
    averages = moduli.averages(tensor.stiffness_gpa)
    components.figures(elastic_derived_view.moduli(averages), failed)
    section = st.segmented_control(
        "Section",
        list(SECTIONS),
        default=DIRECTIONS,
        required=True,
        key="tensor-section",
        label_visibility="collapsed",
    )
    with guard.sentences():
        SECTIONS[str(section)](subject, tensor, failed)


def _symmetry(subject: Subject, tensor: PastedTensor, _failed: Sequence[Check]) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**Independent constants**")
        components.table(
            [
                {"Constant": name, "GPa": text.fixed(value, 2)}
                for name, value in tensor.independent_constants().items()
            ]
        )
    with right:
        elastic_tensor_view.stability_tables(subject)


SECTIONS: dict[str, Callable[[Subject, PastedTensor, Sequence[Check]], None]] = {
    DIRECTIONS: lambda subject, _tensor, _failed: elastic_directions_view.draw(subject),
    DERIVED: lambda subject, _tensor, failed: elastic_derived_view.draw(subject, failed),
    SOUND: lambda subject, _tensor, _failed: elastic_sound_view.draw(subject),
    SYMMETRY: _symmetry,
}


def downloads(tensor: PastedTensor) -> None:
    """Offer the tensor and all that follows as files."""
    density = st.session_state[session.TENSOR_DENSITY]
    volume = st.session_state[session.TENSOR_VOLUME]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Tensor as CSV",
            data=lambda: tensors.as_csv(tensor.stiffness_gpa),
            file_name="elastic_tensor.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="download-tensor-csv",
        )
        st.download_button(
            "Everything as JSON",
            data=lambda: tensor_report.as_json(tensor, density, volume),
            file_name="elastic_tensor.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="download-tensor-json",
        )
        st.caption("The address of this page holds the tensor: send it to share.")
