"""Elastic constants of a calculation on the page, in sections of which one is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import (
    committee_view,
    components,
    elastic_comparison_view,
    elastic_derived_view,
    elastic_directions_view,
    elastic_pressure_view,
    elastic_sound_view,
    elastic_strain_view,
    elastic_subject,
    elastic_tensor_view,
    guard,
    session,
    text,
)
from properties.committee import numbers
from properties.plots import elastic as plots
from properties.results import PressureResult, RelaxResult, SpreadResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pages.ui.elastic_subject import Subject
    from properties.checks import Check
    from properties.results import CommitteeResult, ElasticResult, StageResult

DOUBT = " ±: epistemic part by the committee of the model; see the tab Uncertainty."
RELAXED, CLAMPED = "Relaxed ions", "Clamped ions"
PRESSURE, COMPARISON = "Under pressure", "Comparison"


@dataclass(frozen=True)
class Drawn:
    """What the sections draw from."""

    result: ElasticResult
    subject: Subject
    failed: Sequence[Check]
    committee: CommitteeResult | None


def draw(
    result: ElasticResult,
    failed: Sequence[Check],
    results: Mapping[str, StageResult],
    why_missing: Mapping[str, str],
) -> None:
    """Draw the moduli and the chosen section.

    Parameters
    ----------
    why_missing
        A sentence for each further elastic stage that was asked for and has no result.
    """
    components.figures(_figures(result, results), failed)
    found = results.get("relax")
    relaxed = found if isinstance(found, RelaxResult) else None
    subject = elastic_subject.of_result(result, relaxed)
    section = st.segmented_control(
        "Section",
        [*SECTIONS, PRESSURE, COMPARISON],
        default=next(iter(SECTIONS)),
        required=True,
        key=session.ELASTIC_SECTION,
        label_visibility="collapsed",
    )
    with guard.sentences():
        if section == PRESSURE:
            sweep = results.get("elastic_pressure")
            elastic_pressure_view.draw(
                sweep if isinstance(sweep, PressureResult) else None,
                why_missing.get("elastic_pressure"),
            )
        elif section == COMPARISON:
            spread = results.get("elastic_models")
            elastic_comparison_view.draw(
                result,
                relaxed,
                spread if isinstance(spread, SpreadResult) else None,
                why_missing.get("elastic_models"),
            )
        else:
            drawn = Drawn(result, subject, failed, committee_view.of(results))
            SECTIONS[str(section)](drawn)


def _tensor(drawn: Drawn) -> None:
    result = drawn.result
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Stiffness tensor** (GPa)")
        elastic_tensor_view.tensor(
            {RELAXED: result.stiffness_gpa, CLAMPED: result.stiffness_clamped_gpa}
        )
        st.caption(f"From {result.method}, projected on the Laue class.")
    with right:
        st.markdown(f"**Independent constants** of class {_class(result)}")
        components.table(_constants(result, drawn.committee))
        residual = text.fixed(result.symmetry_residual_gpa, 2, "GPa")
        st.caption(
            f"The projection on the class changed entries by {residual} at most. "
            "Finite strain: from stresses of strained cells, relaxed ions."
            f"{DOUBT if drawn.committee else ''}"
        )
    _orientation(result)
    elastic_tensor_view.stability_tables(drawn.subject)


def _orientation(result: ElasticResult) -> None:
    along = f": {result.orientation}" if result.orientation else ""
    st.markdown(f"**Axes of the tensor** after the IEEE standard{along}")
    given = result.ieee_rotation_from_input
    left, right = st.columns(2, gap="large")
    with left:
        if len(given):
            elastic_tensor_view.rotation("In the Cartesian frame of the given cell", given)
    with right:
        elastic_tensor_view.rotation(
            "In the Cartesian frame of the relaxed primitive cell", result.ieee_rotation
        )


def _class(result: ElasticResult) -> str:
    return elastic_tensor_view.laue_class(result.laue_class)


SECTIONS: dict[str, Callable[[Drawn], None]] = {
    "Tensor & symmetry": _tensor,
    "Second derivatives": lambda drawn: elastic_strain_view.draw(drawn.result),
    "Derived": lambda drawn: elastic_derived_view.draw(drawn.subject, drawn.failed),
    "Directions": lambda drawn: elastic_directions_view.draw(drawn.subject),
    "Sound": lambda drawn: elastic_sound_view.draw(drawn.subject),
}
"""Sections in the order of their buttons; only the chosen one is computed and drawn."""


def _figures(
    result: ElasticResult, results: Mapping[str, StageResult]
) -> list[components.Figure]:
    doubts = {name: committee_view.doubt(results, name) for name in numbers.MODULI}
    return [
        *elastic_derived_view.moduli(result.moduli, doubts),
        components.Figure("Debye temperature", text.fixed(result.debye_temperature_k, 0, "K")),
        components.Figure("Laue class", text.space_group(result.laue_class)),
        components.Figure(
            "Finite strain differs by",
            text.short(result.finite_strain_max_deviation_gpa, "GPa", 2),
            "Largest difference of a constant between the two methods",
        ),
    ]


def _constants(
    result: ElasticResult, committee: CommitteeResult | None
) -> list[dict[str, str]]:
    clamped = result.stiffness_clamped_gpa
    finite = result.finite_strain_stiffness_gpa
    rows = []
    for name, value in result.independent_constants.items():
        place = plots.indices(name)
        rows.append(
            {
                "Constant": name,
                "Relaxed ions (GPa)": text.fixed(value, 1),
                **(
                    {"± (GPa)": text.short(committee.doubt(name), digits=2)}
                    if committee
                    else {}
                ),
                "Clamped ions (GPa)": text.fixed(float(clamped[place]), 1),
                "Finite strain (GPa)": text.fixed(
                    float(finite[0][place]) if len(finite) else None, 1
                ),
            }
        )
    return rows
