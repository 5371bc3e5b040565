"""Thermal expansion and Grüneisen parameters on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, phonons_view, text
from properties.plots import thermal as plots
from properties.results import PhononResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobs.store import Job
    from properties.results import Check, StageResult, ThermalResult

ROOM_K = 300.0


def headline(result: ThermalResult) -> list[components.Figure]:
    """Return expansion and Grüneisen parameter at room temperature, as far as it holds."""
    row = plots.at(result, ROOM_K)
    return [
        components.Figure(
            "Volume expansion at 300 K",
            text.per_million(row["alpha_volume_per_k"]),
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
    """Draw everything about expansion."""
    components.figures(_figures(result), failed)
    left, right = st.columns(2, gap="large")
    with left:
        components.plot(plots.expansion(result), key="expansion")
        components.plot(plots.bulk_modulus(result), key="bulk-modulus")
        components.plot(plots.gruneisen(result), key="gruneisen-thermodynamic")
    with right:
        components.plot(plots.volume(result), key="volume")
        components.plot(plots.heat_capacity(result), key="heat-capacity-p")
        components.plot(plots.free_energy(result), key="free-energy-volume")
    st.markdown("**Grüneisen parameter of each mode**, −d ln ω / d ln V")
    unit = phonons_view.unit_switch("gruneisen")
    left, right = st.columns(2, gap="large")
    path = results.get("phonons")
    if isinstance(path, PhononResult):
        with left:
            components.plot(
                plots.gruneisen_bands(result, path, unit),
                key="gruneisen-bands",
                caption=_colours_in_words(result),
            )
    with right:
        components.plot(plots.gruneisen_scatter(result, unit), key="gruneisen-scatter")
    st.markdown("**Table**, heat capacities per mole of atoms")
    components.table([_row(row) for row in plots.rows(result)])


def _colours_in_words(result: ThermalResult) -> str:
    low, high = (text.fixed(end, 2) for end in plots.colour_range(result.band_gruneisen))
    return (
        f"Colours run from γ = {low} to {high}; the few modes beyond take the colour of the "
        "end. Point at a mode for its own γ."
    )


def _figures(result: ThermalResult) -> list[components.Figure]:
    row = plots.at(result, ROOM_K)
    return [
        *headline(result),
        components.Figure("B at 300 K", text.fixed(row["bulk_modulus_gpa"], 1, "GPa")),
        components.Figure(
            "Cₚ at 300 K",
            text.fixed(row["heat_capacity_p_j_per_mol_atoms_k"], 2, "J/(mol K)"),
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
        "Cₚ (J/(mol K))": text.fixed(row["heat_capacity_p_j_per_mol_atoms_k"], 3),
        "Cᵥ (J/(mol K))": text.fixed(row["heat_capacity_v_j_per_mol_atoms_k"], 3),
        "γ": text.fixed(row["gruneisen_thermodynamic"], 3),
    }
