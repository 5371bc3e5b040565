"""Modes at Γ: symmetry, activity, and the splitting of polar modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import born_form, components, follow_up, text
from properties.plots import phonons as bands
from properties.plots import phonons_gamma as plots
from properties.vibrations.born_charges import OWN

if TYPE_CHECKING:
    from jobs.store import Job
    from properties.results import CommitteeResult, PhononResult, RelaxResult
    from properties.vibrations.born import BornCharges
    from properties.vibrations.phonon_result import GammaMode

NO_SYMMETRY = (
    "The symmetry of the modes was not kept by this older calculation; compute it again to "
    "see it."
)
WITHOUT_FIELD = (
    "Frequencies without the electric field of long polar waves; activity by symmetry alone, "
    "which says nothing of intensity."
)
NOT_POLAR = (
    "No mode at Γ is infrared active: no long wave carries an electric field here, and "
    "there is nothing to split."
)
MISSING = (
    "In a polar insulator the electric field of a long wave raises its longitudinal optical "
    "(LO) modes above the transverse ones (TO). The field needs the Born effective charges and "
    "the high-frequency dielectric tensor, which only a potential with electrostatics of its "
    "own knows: without them the dispersion near Γ shows LO and TO together."
)
OWN_CHARGES = (
    "These charges belong to the model, whose forces hold the interaction of its own dipoles. "
    "Charges from elsewhere would count another interaction than the one in the forces. They "
    "are effective ones, Z*/√ε∞, screened already: hence a dielectric constant of 1."
)
LIMITS = (
    "Frequencies for q → 0 along some directions. A red level is one that the field has moved: "
    "a longitudinal mode."
)


def draw(
    job: Job,
    result: PhononResult,
    relaxed: RelaxResult | None,
    unit: str,
    committee: CommitteeResult | None = None,
) -> None:
    """Draw the table of modes, the limits at Γ, and where the charges come from."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**Modes at Γ**")
        _modes(result, unit, committee)
    with right:
        st.markdown("**LO–TO splitting**")
        if result.born is not None:
            _splitting(result, unit)
        elif _polar(result):
            components.nothing(MISSING, icon=":material/bolt:")
        else:
            components.nothing(NOT_POLAR, icon=":material/check:")
    if result.born is not None and relaxed is not None:
        _charges(result.born, relaxed.primitive.symbols)
    if result.born is not None and result.born.source == OWN:
        st.caption(_own_charges(job))
    elif _polar(result):
        _ask(job, result.born is not None)


def _own_charges(job: Job) -> str:
    given = job.spec.born
    aside = f" The charges from {given.source} were left aside." if given else ""
    return f"{OWN_CHARGES}{aside}"


def _polar(result: PhononResult) -> bool:
    """Whether a splitting is possible, as far as is known."""
    return result.n_atoms_primitive > 1 and (
        not result.gamma_modes or any(mode.infrared_active for mode in result.gamma_modes)
    )


def _modes(result: PhononResult, unit: str, committee: CommitteeResult | None) -> None:
    if result.gamma_modes:
        components.table([_mode(mode, unit, committee) for mode in result.gamma_modes])
        st.caption(WITHOUT_FIELD)
        return
    found = plots.groups(result.gamma_frequencies_thz)
    components.table(
        [{unit: bands.written(mean, unit), "Degeneracy": str(n)} for mean, n in found]
    )
    st.caption(NO_SYMMETRY)


def _mode(mode: GammaMode, unit: str, committee: CommitteeResult | None) -> dict[str, str]:
    doubts = committee.gamma_doubt_thz if committee else ()
    own = [float(doubts[band]) for band in mode.bands] if len(doubts) else []
    return {
        f"ω ({unit})": bands.written(mode.frequency_thz, unit),
        **(
            {"±": text.NOTHING if mode.acoustic else bands.written(max(own), unit)}
            if own
            else {}
        ),
        "Symmetry": plots.symmetry_label(mode.label) if mode.label else text.NOTHING,
        "Degeneracy": str(len(mode.bands)),
        "Active in": "acoustic" if mode.acoustic else _activity(mode),
    }


def _activity(mode: GammaMode) -> str:
    found = {"Raman": mode.raman_active, "infrared": mode.infrared_active}
    return ", ".join(name for name, active in found.items() if active) or "silent"


def _splitting(result: PhononResult, unit: str) -> None:
    if not result.limit_frequency_thz.size:
        components.nothing("The limits at Γ were not kept; compute this again to see them.")
        return
    names = [text.miller(uvw) for uvw in result.direction_uvw.tolist()]
    components.plot(plots.levels(result, names, unit), key="gamma-limits", caption=LIMITS)
    rises = zip(names, plots.splitting_thz(result), strict=True)
    components.table(
        [
            {
                "q → 0 along": name,
                f"Largest rise ({unit})": bands.written(rise, unit),
            }
            for name, rise in rises
        ]
    )


def _charges(born: BornCharges, symbols: tuple[str, ...]) -> None:
    st.markdown("**Born effective charges in use**, per atom of the primitive cell")
    left, right = st.columns([3, 2], gap="large")
    with left:
        components.table(born_form.charge_rows(born, symbols))
    with right:
        components.table(born_form.dielectric_rows(born))
    st.caption(f"Source: {born.source}")


def _ask(job: Job, known: bool) -> None:
    title = "Use other charges" if known else "Give Born effective charges"
    with st.expander(title, icon=":material/bolt:", expanded=not known):
        crystal = job.spec.structure
        born = born_form.choose(crystal, key="phonon-born")
        if born is None:
            return
        components.table(born_form.charge_rows(born, crystal.symbols))
        components.table(born_form.dielectric_rows(born))
        follow_up.button(
            job,
            "Compute with these charges",
            key="compute-with-born",
            icon=":material/play_arrow:",
            born=born,
        )
        st.caption("Forces that are known already are taken over; this takes some seconds.")
