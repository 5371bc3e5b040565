"""Phonons of a calculation on the page, in sections of which one is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import (
    committee_view,
    components,
    guard,
    phonons_bands_view,
    phonons_comparison_view,
    phonons_convergence_view,
    phonons_gamma_view,
    phonons_soft_view,
    phonons_zone_view,
    session,
    text,
)
from properties.committee import numbers
from properties.plots import phonons as plots
from properties.plots import phonons_thermodynamics
from properties.results import ConvergenceResult, RelaxResult, SoftModeResult, ThermalResult
from properties.vibrations import born_charges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jobs.store import Job
    from properties.checks import Check
    from properties.crystal import Crystal
    from properties.results import PhononResult, StageResult

SECTION = "phonon_section"
OWN_CHARGES = (
    "The splitting of longitudinal and transverse modes comes from the model's own "
    "electrostatics: charges from elsewhere would count another interaction of dipoles than "
    "the one in its forces."
)
NO_CRYSTAL = "This needs the relaxed crystal, which is not there yet."


@dataclass(frozen=True)
class Shown:
    """What the sections draw from."""

    job: Job
    result: PhononResult
    relaxed: RelaxResult | None
    thermal: ThermalResult | None
    results: Mapping[str, StageResult]
    why_missing: Mapping[str, str]

    @property
    def crystal(self) -> Crystal | None:
        """The relaxed primitive cell."""
        return self.relaxed.primitive if self.relaxed else None


def draw(
    job: Job,
    result: PhononResult,
    failed: Sequence[Check],
    results: Mapping[str, StageResult],
    why_missing: Mapping[str, str],
) -> None:
    """Draw the figures that count and the chosen section.

    Parameters
    ----------
    why_missing
        A sentence for each further phonon stage that was asked for and has no result.
    """
    components.figures(_figures(result, results), failed)
    if result.born is not None and result.born.source == born_charges.OWN:
        st.caption(OWN_CHARGES)
    relaxed, thermal = results.get("relax"), results.get("thermal")
    shown = Shown(
        job,
        result,
        relaxed if isinstance(relaxed, RelaxResult) else None,
        thermal if isinstance(thermal, ThermalResult) else None,
        results,
        why_missing,
    )
    section = st.segmented_control(
        "Section",
        list(SECTIONS),
        default=next(iter(SECTIONS)),
        required=True,
        key=SECTION,
        label_visibility="collapsed",
    )
    with guard.sentences():
        SECTIONS[str(section)](shown)


def unit_switch(key: str) -> str:
    """Let the user choose the unit of frequencies."""
    return str(
        st.segmented_control(
            "Unit of frequency",
            tuple(plots.FREQUENCY_UNITS),
            default="THz",
            required=True,
            key=f"{session.UNIT}-{key}",
            label_visibility="collapsed",
        )
    )


def _bands(shown: Shown) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        unit = unit_switch("phonons")
        look = phonons_bands_view.choose(
            shown.result, shown.crystal, shown.thermal, committee_view.of(shown.results)
        )
    phonons_bands_view.draw(shown.result, shown.crystal, unit, look)


def _gamma(shown: Shown) -> None:
    members, unit = committee_view.of(shown.results), unit_switch("phonons")
    phonons_gamma_view.draw(shown.job, shown.result, shown.relaxed, unit, members)


def _zone(shown: Shown) -> None:
    if shown.crystal is None:
        components.nothing(NO_CRYSTAL)
    else:
        phonons_zone_view.draw(shown.result, shown.crystal)


def _comparison(shown: Shown) -> None:
    if shown.relaxed is None:
        components.nothing(NO_CRYSTAL)
    else:
        unit = unit_switch("phonons")
        phonons_comparison_view.draw(
            shown.job, shown.result, shown.relaxed, shown.thermal, unit
        )


def _thermodynamics(shown: Shown) -> None:
    st.caption("Harmonic approximation at constant volume, per mole of primitive cells.")
    names = ("free-energy", "entropy", "heat-capacity")
    panels = phonons_thermodynamics.thermodynamics(shown.result)
    for column, name, figure in zip(st.columns(3), names, panels, strict=True):
        with column:
            components.plot(figure, key=f"harmonic-{name}")


def _soft(shown: Shown) -> None:
    found = shown.results.get("soft_mode")
    phonons_soft_view.draw(
        shown.job,
        found if isinstance(found, SoftModeResult) else None,
        shown.result,
        shown.why_missing.get("soft_mode"),
    )


def _convergence(shown: Shown) -> None:
    found = shown.results.get("phonon_convergence")
    phonons_convergence_view.draw(
        shown.job,
        found if isinstance(found, ConvergenceResult) else None,
        shown.result,
        shown.why_missing.get("phonon_convergence"),
    )


def _method(shown: Shown) -> None:
    components.table(_method_rows(shown.result))


SECTIONS: dict[str, Callable[[Shown], None]] = {
    "Dispersion & modes": _bands,
    "Γ point": _gamma,
    "Brillouin zone": _zone,
    "Comparison": _comparison,
    "Thermodynamics": _thermodynamics,
    "Soft mode": _soft,
    "Convergence": _convergence,
    "How it was computed": _method,
}
"""Sections in the order of their buttons; only the chosen one is computed and drawn."""


def _figures(
    result: PhononResult, results: Mapping[str, StageResult]
) -> list[components.Figure]:
    doubt = committee_view.doubt(results, numbers.HIGHEST)
    return [
        components.Figure(
            "Highest frequency", text.with_doubt(result.max_frequency_thz, 2, doubt, "THz")
        ),
        components.Figure(
            "Lowest frequency",
            text.fixed(result.min_frequency_thz, 2, "THz"),
            "Imaginary frequencies are shown as negative numbers.",
        ),
        components.Figure(
            "Cᵥ at 300 K",
            text.fixed(result.heat_capacity_300k_j_per_mol_atoms_k, 2, "J/(mol K)"),
            "Per mole of atoms",
        ),
        components.Figure(
            "Zero-point energy",
            text.fixed(result.zero_point_energy_kj_per_mol, 2, "kJ/mol"),
            "Per mole of primitive cells",
        ),
    ]


def _method_rows(result: PhononResult) -> list[dict[str, str]]:
    length = text.fixed(result.supercell_length_a, 1, "Å")
    wanted = text.fixed(result.supercell_length_wanted_a, 1, "Å")
    matrix = "; ".join(" ".join(map(str, row)) for row in result.supercell_matrix.tolist())
    residual = text.short(result.acoustic_sum_rule_residual_thz, "THz", 2)
    rows = {
        "Supercell": f"{result.supercell_n_atoms} atoms, matrix ({matrix})",
        "Shortest vector": f"{length} ({wanted} asked for)",
        "Displacements": str(result.n_displacements),
        "Acoustic modes at Γ before the sum rule": residual,
        "Born effective charges": result.born.source if result.born else "none",
        "Points of the path": str(len(result.band_distance)),
    }
    return [{"": name, "Value": value} for name, value in rows.items()]
