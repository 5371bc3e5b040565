"""The second derivative made visible: strained cells beside the exact constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.elasticity import voigt
from properties.plots import elastic as plots
from properties.plots import elastic_strain

if TYPE_CHECKING:
    from properties.results import ElasticResult

PATTERN = "strain-pattern"
_SLOPE = (
    "and the slope of the stress: $C_{ij} = \\partial \\sigma_i / \\partial \\varepsilon_j$."
)
INTRODUCTION = {
    "energy": "An elastic constant is the second derivative of the energy by strain, per "
    "volume: $C_{ij} = \\frac{1}{V}\\, \\frac{\\partial^2 E}{\\partial \\varepsilon_i\\, "
    f"\\partial \\varepsilon_j}}$, {_SLOPE}",
    "enthalpy": "Under pressure an elastic constant is the second derivative of the enthalpy "
    "$H = E + pV$ by strain, per volume: $C_{ij} = \\frac{1}{V}\\, "
    "\\frac{\\partial^2 H}{\\partial \\varepsilon_i\\, \\partial \\varepsilon_j}$, "
    f"{_SLOPE}",
}


def draw(result: ElasticResult) -> None:
    """Draw energy and stress against one strain, and all deviations."""
    what = elastic_strain.potential(result)
    st.markdown(INTRODUCTION[what])
    pattern, source = _choose(result), elastic_strain.source(result)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{what.capitalize()}: its curvature**")
        components.plot(
            elastic_strain.energy(result, pattern),
            key="strain-energy",
            caption=f"Points: energies of strained cells. Lines: parabolas with the {source} "
            "second derivative, not fitted.",
        )
    with right:
        st.markdown("**Stress: its slope**")
        components.plot(
            elastic_strain.stress(result, pattern),
            key="strain-stress",
            caption="Points: stresses of the same cells, filled with relaxed ions, open with "
            f"clamped ones. Lines: slopes of the {source} constants, not fitted.",
        )
    _deviations(result, pattern, source)


def _choose(result: ElasticResult) -> int:
    names = [voigt.NAMES[int(k)] for k in result.strain_energy_voigt]
    chosen = st.segmented_control(
        "Strain",
        range(len(names)),
        default=0,
        required=True,
        key=PATTERN,
        format_func=lambda k: f"strain {names[k]}",
        help="These strains are enough for all independent constants of the Laue class.",
    )
    return int(chosen or 0)


def _deviations(result: ElasticResult, pattern: int, source: str) -> None:
    strained = voigt.NAMES[int(result.strain_energy_voigt[pattern])]
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**The same constants by three routes**")
        every = st.toggle("All strains", key="all-strains")
        found = elastic_strain.deviations(result)
        rows = [_row(one, source) for one in found if every or one.pattern == strained]
        if rows:
            components.table(rows)
        else:
            components.nothing("This result was computed before stresses were kept.")
        st.caption(
            f"In GPa, at the smallest strain, ±{elastic_strain.smallest_percent(result):g} %. "
            "Energy gives a constant from three cells, stress from two."
        )
    with right:
        st.markdown("**How the difference grows with the strain**")
        components.plot(
            plots.finite_strain(result),
            key="finite-strain",
            caption="Where the energy is smooth, it shrinks with the square of the strain.",
        )


def _row(one: elastic_strain.Deviation, source: str) -> dict[str, str]:
    return {
        "Constant": one.name,
        "Strain": one.pattern,
        "Ions": one.ions.removesuffix(" ions"),
        source.capitalize(): text.fixed(one.exact_gpa, 2),
        "From energy": text.fixed(one.from_energy_gpa, 2),
        "From stress": text.fixed(one.from_stress_gpa, 2),
        "Largest difference": text.fixed(one.largest_gpa, 2),
    }
