"""Elastic constants on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.plots import elastic as plots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from properties.checks import Check
    from properties.elasticity.moduli import Moduli
    from properties.results import ElasticResult, StageResult

RELAXED, CLAMPED = "Relaxed ions", "Clamped ions"


def draw(
    result: ElasticResult, failed: Sequence[Check], _results: Mapping[str, StageResult]
) -> None:
    """Draw moduli, tensor, directions and the evidence."""
    components.figures(_figures(result), failed)
    st.caption(f"Constants from {result.method}; independent ones of the Laue class only.")
    left, right = st.columns(2, gap="large")
    with left:
        _tensor(result)
    with right:
        st.markdown("**Young's modulus along each direction**")
        components.plot(plots.young_surface(result), key="young-surface")
        st.caption("The axes are the IEEE axes of the tensor; drag to turn.")
    st.markdown("**Independent constants and averages**")
    left, right = st.columns(2, gap="large")
    with left:
        components.table(_constants(result))
    with right:
        components.table(_averages(result.moduli))
    st.markdown("**The same from finite strain**")
    left, right = st.columns(2, gap="large")
    with left:
        components.plot(
            plots.strain_energy(result),
            key="strain-energy",
            caption="Points: energies of strained cells. Lines: parabolas with the exact "
            "second derivative, not fitted.",
        )
    with right:
        components.plot(
            plots.finite_strain(result),
            key="finite-strain",
            caption="Difference to stresses under finite strain; it shrinks with the "
            "square of the strain where both are right.",
        )


def _figures(result: ElasticResult) -> list[components.Figure]:
    moduli = result.moduli
    stable = result.born_stable

    def known(value: float, decimals: int, unit: str = "") -> str:
        return text.fixed(value if stable else None, decimals, unit)

    return [
        components.Figure("Bulk modulus B", known(moduli.bulk_vrh_gpa, 1, "GPa"), "Hill mean"),
        components.Figure(
            "Shear modulus G", known(moduli.shear_vrh_gpa, 1, "GPa"), "Hill mean"
        ),
        components.Figure("Young's modulus E", known(moduli.young_vrh_gpa, 1, "GPa")),
        components.Figure("Poisson's ratio ν", known(moduli.poisson_vrh, 3)),
        components.Figure(
            "Universal anisotropy", known(moduli.universal_anisotropy, 3), "0 if isotropic"
        ),
        components.Figure("Debye temperature", known(result.debye_temperature_k, 0, "K")),
        components.Figure("Laue class", text.space_group(result.laue_class)),
        components.Figure(
            "Finite strain differs by",
            text.short(result.finite_strain_max_deviation_gpa, "GPa", 2),
            "Largest difference of a constant between the two methods",
        ),
    ]


def _tensor(result: ElasticResult) -> None:
    st.markdown("**Stiffness tensor**")
    ions = st.segmented_control(
        "Ions",
        (RELAXED, CLAMPED),
        default=RELAXED,
        required=True,
        key="ions",
        label_visibility="collapsed",
        help="Clamped: the atoms follow the strain but do not settle. Experiments measure "
        "relaxed ions.",
    )
    relaxed = ions == RELAXED
    tensor = result.stiffness_gpa if relaxed else result.stiffness_clamped_gpa
    components.plot(plots.stiffness_map(tensor), key=f"stiffness-{relaxed}")


def _constants(result: ElasticResult) -> list[dict[str, str]]:
    clamped = result.stiffness_clamped_gpa
    finite = result.finite_strain_stiffness_gpa
    rows = []
    for name, value in result.independent_constants.items():
        place = plots.indices(name)
        rows.append(
            {
                "Constant": name,
                "Relaxed ions (GPa)": text.fixed(value, 1),
                "Clamped ions (GPa)": text.fixed(float(clamped[place]), 1),
                "Finite strain (GPa)": text.fixed(
                    float(finite[0][place]) if len(finite) else None, 1
                ),
            }
        )
    return rows


def _averages(moduli: Moduli) -> list[dict[str, str]]:
    rows = (
        ("Bulk B", moduli.bulk_voigt_gpa, moduli.bulk_reuss_gpa, moduli.bulk_vrh_gpa),
        ("Shear G", moduli.shear_voigt_gpa, moduli.shear_reuss_gpa, moduli.shear_vrh_gpa),
    )
    return [
        {
            "Modulus (GPa)": name,
            "Voigt": text.fixed(voigt, 1),
            "Reuss": text.fixed(reuss, 1),
            "Hill": text.fixed(hill, 1),
        }
        for name, voigt, reuss, hill in rows
    ]
