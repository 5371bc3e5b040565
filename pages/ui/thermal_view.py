"""Thermal expansion on the page, in sections of which one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import (
    committee_view,
    components,
    consistency_view,
    guard,
    text,
    thermal_axes_view,
    thermal_experiment_view,
    thermal_gruneisen_view,
)
from properties.committee import numbers
from properties.plots import committee as committee_plots
from properties.plots import thermal as plots
from properties.plots import thermal_free_energy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import plotly.graph_objects as go
    from streamlit.delta_generator import DeltaGenerator

    from jobs.store import Job
    from properties.committee.result import CommitteeResult
    from properties.results import Check, StageResult, ThermalResult

    Section = Callable[[ThermalResult, Mapping[str, StageResult]], None]

ROOM_K = 300.0
SECTION = "thermal_section"
BANDED = "thermal_doubt"
FORM_QUANTITY = "thermal_eos_quantity"
BAND_ENDS = (
    "The bands end at {kelvin}: there {member} leaves the volumes that its expansion was "
    "computed for, and the spread of the others alone would jump."
)
BAND_IS_CUT = "The band is wider than the chart."
OLDER = "Not kept by this older calculation; compute it again to see it."


def headline(
    result: ThermalResult, results: Mapping[str, StageResult]
) -> list[components.Figure]:
    """Return expansion and Grüneisen parameter at room temperature, as far as it holds."""
    row = plots.at(result, ROOM_K)
    return [
        components.Figure(
            "Volume expansion at 300 K",
            text.per_million(
                row["alpha_volume_per_k"], doubt=committee_view.doubt(results, numbers.ALPHA)
            ),
            "d ln V / dT; a third of it along each axis of a cubic crystal",
        ),
        components.Figure("Grüneisen γ", text.fixed(result.gruneisen, 2), "Thermodynamic"),
    ]


def draw(
    _job: Job,
    result: ThermalResult,
    failed: Sequence[Check],
    results: Mapping[str, StageResult],
) -> None:
    """Draw the main numbers and the chosen section."""
    components.figures(_figures(result, results), failed)
    section = st.segmented_control(
        "Section",
        list(SECTIONS),
        default=next(iter(SECTIONS)),
        required=True,
        key=SECTION,
        label_visibility="collapsed",
    )
    with guard.sentences():
        SECTIONS[str(section)](result, results)


def _expansion(result: ThermalResult, results: Mapping[str, StageResult]) -> None:
    st.caption(_validity(result))
    members = committee_view.of(results)
    banded = members is not None and members.temperatures_k.size > 0
    if banded and not st.toggle("± of the committee", True, key=BANDED):
        members = None
    if members is not None and (ends := _band_ends(result, members)):
        st.caption(ends)

    def doubted(chart: go.Figure, name: str, key: str, caption: str = "") -> None:
        chart = committee_plots.with_doubt(chart, result, members, name)
        cut = BAND_IS_CUT if committee_plots.is_cut(chart) else ""
        components.plot(chart, key=key, caption=f"{caption} {cut}".strip())

    left, right = st.columns(2, gap="large")
    with left:
        chart = plots.expansion(result)
        doubted(chart, "alpha_volume_per_k", "expansion", _negative(result))
        chart = plots.heat_capacity(result)
        doubted(chart, "heat_capacity_p_j_per_mol_atoms_k", "heat-capacity-p")
    with right:
        doubted(plots.volume(result), "volume_per_atom_a3", "volume")
        doubted(plots.bulk_modulus(result), "bulk_modulus_gpa", "bulk-modulus")
    _further(result, left, right)
    st.markdown("**Table**, heat capacities and entropy per mole of atoms")
    components.table([_row(row) for row in plots.rows(result)])


def _further(result: ThermalResult, left: DeltaGenerator, right: DeltaGenerator) -> None:
    """Draw what no member has; older results have not either."""
    if result.entropy_j_per_mol_atoms_k.size:
        with left:
            components.plot(plots.entropy(result), key="entropy")
        with right:
            components.plot(plots.lattice(result), key="lattice")


def _band_ends(result: ThermalResult, members: CommitteeResult) -> str:
    """Say where the bands end and why; nothing where they do not end before the curves."""
    first = members.first_to_leave
    if first is None or not result.temperatures_k.size:
        return ""
    member, kelvin = first
    if kelvin >= result.temperatures_k[-1]:
        return ""
    return BAND_ENDS.format(kelvin=text.fixed(kelvin, 0, "K"), member=member)


def _validity(result: ThermalResult) -> str:
    return text.sentence(
        f"{result.validity_reason} Θ marks the Debye temperature: below it quantum effects "
        "count, and far above it, near melting, anharmonic ones that no quasiharmonic "
        "calculation has."
    )


def _negative(result: ThermalResult) -> str:
    ranges = plots.negative_ranges_k(result)
    if not ranges:
        return ""
    written = ", ".join(text.span(low, high, 0, "K") for low, high in ranges)
    return (
        f"The crystal shrinks on heating from {written}: modes with negative Grüneisen "
        "parameters are excited first. See the section Grüneisen."
    )


def _free_energy(result: ThermalResult, _results: Mapping[str, StageResult]) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        components.plot(
            thermal_free_energy.free_energy(result),
            key="free-energy-volume",
            caption=f"Points: sampled volumes. Lines: {plots.form_name(result)} fits.",
        )
    if not result.eos_parameters.size:
        components.nothing(OLDER)
        return
    with right:
        components.plot(thermal_free_energy.misfit(result), key="misfit")
    quantity = st.segmented_control(
        "Both equations of state",
        list(plots.DIFFERENCES),
        default="Expansion",
        required=True,
        key=FORM_QUANTITY,
    )
    unit = plots.DIFFERENCES[str(quantity)][2].replace("10⁻⁶", "× 10⁻⁶")
    largest = text.short(plots.form_difference(result, str(quantity)), unit)
    components.plot(
        plots.both_forms(result, str(quantity)),
        key="both-forms",
        caption=f"Largest difference between the two: {largest}. All other numbers are from "
        f"the {plots.form_name(result)} fit.",
    )


def _consistency(_result: ThermalResult, results: Mapping[str, StageResult]) -> None:
    consistency_view.draw(results)


SECTIONS: dict[str, Section] = {
    "Expansion": _expansion,
    "Free energy & equation of state": _free_energy,
    "Along the axes": lambda result, _results: thermal_axes_view.draw(result),
    "Grüneisen": thermal_gruneisen_view.draw,
    "Consistency": _consistency,
    "Beside experiment": thermal_experiment_view.draw,
}
"""Sections in the order of their buttons; only the chosen one is computed and drawn."""


def _figures(
    result: ThermalResult, results: Mapping[str, StageResult]
) -> list[components.Figure]:
    row = plots.at(result, ROOM_K)
    bulk, heat = (
        committee_view.doubt(results, name) for name in (numbers.BULK_AT, numbers.HEAT_AT)
    )
    return [
        *headline(result, results),
        components.Figure(
            "B at 300 K", text.with_doubt(row["bulk_modulus_gpa"], 1, bulk, "GPa")
        ),
        components.Figure(
            "Cₚ at 300 K",
            text.with_doubt(row["heat_capacity_p_j_per_mol_atoms_k"], 2, heat, "J/(mol K)"),
            "Per mole of atoms",
        ),
        components.Figure(
            "Valid up to", text.fixed(result.valid_up_to_k, 0, "K"), result.validity_reason
        ),
    ]


def _row(row: Mapping[str, float]) -> dict[str, str]:
    return {
        "T (K)": text.fixed(row["temperatures_k"], 0),
        "V (Å³/atom)": text.fixed(row["volume_per_atom_a3"], 4),
        "α volume (10⁻⁶/K)": text.fixed(text.PER_MILLION * row["alpha_volume_per_k"], 2),
        "B (GPa)": text.fixed(row["bulk_modulus_gpa"], 1),
        "B adiabatic (GPa)": text.fixed(row["adiabatic_bulk_modulus_gpa"], 1),
        "Cₚ (J/(mol K))": text.fixed(row["heat_capacity_p_j_per_mol_atoms_k"], 3),
        "Cᵥ (J/(mol K))": text.fixed(row["heat_capacity_v_j_per_mol_atoms_k"], 3),
        "S (J/(mol K))": text.fixed(row["entropy_j_per_mol_atoms_k"], 3),
        "γ": text.fixed(row["gruneisen_thermodynamic"], 3),
    }
