"""What the imaginary modes of a crystal lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, crystal_view, follow_up, text
from properties.plots import soft_mode as plots
from properties.vibrations.soft_mode_files import cif

if TYPE_CHECKING:
    from jobs.store import Job
    from properties.results import PhononResult, SoftModeResult
    from properties.vibrations.soft_mode_result import DistortedPhase

STAGE = "soft_mode"
SHOWN_MODE, SHOWN_PHASE = "soft_mode_shown", "soft_phase_shown"
PERCENT = 100

NONE_IMAGINARY = (
    "All modes are real: for this model the crystal is stable against small distortions, and "
    "there is nothing to follow."
)
NOT_ASKED = (
    "This crystal has imaginary modes: distorted along them it gains energy. Following them "
    "freezes the softest in, shows the double wells, relaxes cell and ions from their bottoms "
    "and says which phases of lower symmetry come out."
)
HOW = (
    "Points: energies with the mode frozen in at the fixed cell of the undistorted crystal; "
    "lines: even polynomial of sixth order (with odd terms where both signs differ). The "
    "amplitude is the largest excursion of any atom in Å. Directions are those that symmetry "
    "singles out in the space of the degenerate modes."
)
GAIN = (
    "Gain: energy below the undistorted crystal after cell and ions have relaxed with the "
    "symmetry that the distortion leaves. Modes at Γ: lowest frequency of the relaxed phase at "
    "Γ of its own cell; a negative one says that it distorts further."
)


def draw(
    job: Job, soft: SoftModeResult | None, phonons: PhononResult, why_missing: str | None
) -> None:
    """Draw modes, wells and phases, or offer to compute them."""
    if soft is None:
        _offer(job, phonons, why_missing)
        return
    if not soft.modes:
        components.nothing(NONE_IMAGINARY, icon=":material/check_circle:")
        components.check_badges(soft.checks)
        return
    components.check_badges(soft.checks)
    components.failed_notice([check for check in soft.checks if not check.passed])
    components.figures(_figures(soft))
    st.markdown("**Imaginary modes**")
    components.table([_mode_row(soft, k) for k in range(len(soft.modes))])
    if soft.phases:
        _wells(soft)
        _phases(soft)
        _chosen(job, soft)


def _offer(job: Job, phonons: PhononResult, why_missing: str | None) -> None:
    """Say why there is nothing yet, and offer to compute it where that makes sense."""
    if why_missing:
        components.nothing(why_missing, icon=":material/landslide:")
    elif not phonons.imaginary:
        components.nothing(NONE_IMAGINARY, icon=":material/check_circle:")
    else:
        components.nothing(NOT_ASKED, icon=":material/landslide:")
        follow_up.button(
            job,
            "Follow the imaginary modes",
            key="follow-soft-modes",
            icon=":material/landslide:",
            **follow_up.with_stage(job, STAGE),
        )


def _figures(soft: SoftModeResult) -> list[components.Figure]:
    softest, best = soft.modes[0], soft.best
    found = [
        components.Figure("Softest mode", softest.name, _qpoint(softest.qpoint)),
        components.Figure("Its frequency", text.fixed(softest.frequency_thz, 2, "THz")),
    ]
    if best is None:
        return found
    return [
        *found,
        components.Figure(
            "Best phase",
            text.space_group(best.space_group_symbol),
            f"Number {best.space_group_number}, from {plots.title(soft, best)}",
        ),
        components.Figure("Gain", text.fixed(best.gain_mev_per_atom, 2, "meV/atom")),
        components.Figure(
            "Gain per formula unit", text.fixed(soft.gain_per_formula_unit(best), 1, "meV")
        ),
    ]


def _qpoint(qpoint: object) -> str:
    return f"q = ({', '.join(text.short(float(x)) for x in qpoint)})"  # type: ignore[attr-defined]


def _mode_row(soft: SoftModeResult, index: int) -> dict[str, str]:
    mode = soft.modes[index]
    wells = [phase for phase in soft.phases if phase.mode == index]
    return {
        "Point": mode.label or text.NOTHING,
        "q": _qpoint(mode.qpoint).removeprefix("q = "),
        "Frequency (THz)": text.fixed(mode.frequency_thz, 3),
        "From the wells (THz)": "; ".join(
            dict.fromkeys(text.fixed(well.curvature_frequency_thz, 3) for well in wells)
        )
        or text.NOTHING,
        "Degenerate": f"{mode.degeneracy}",
        "Arms of the star": f"{mode.n_arms}",
        "In the supercell": "yes" if mode.commensurate else "no, interpolated",
        "Followed": "yes" if mode.followed else "no",
        "Remark": mode.remark,
    }


def _wells(soft: SoftModeResult) -> None:
    st.markdown("**Energy against amplitude**")
    names = {plots.title(soft, p): p for p in soft.phases}
    modes = list(dict.fromkeys(soft.modes[p.mode].name for p in soft.phases))
    shown = modes[0]
    if len(modes) > 1:
        shown = str(
            st.segmented_control("Mode", modes, default=modes[0], required=True, key=SHOWN_MODE)
        )
    chosen = tuple(p for p in names.values() if soft.modes[p.mode].name == shown)
    components.plot(plots.wells(soft, chosen), key="soft-wells", caption=HOW)


def _phases(soft: SoftModeResult) -> None:
    st.markdown("**Phases that the distortions relax to**")
    components.table([_phase_row(soft, phase) for phase in soft.phases])
    st.caption(GAIN)


def _phase_row(soft: SoftModeResult, phase: DistortedPhase) -> dict[str, str]:
    there = phase.crystal is not None
    symbol = text.space_group(phase.space_group_symbol)
    at_gamma = text.fixed(phase.gamma_min_frequency_thz, 2)
    return {
        "Distortion": plots.title(soft, phase),
        "Space group": f"{symbol} ({phase.space_group_number})" if there else text.NOTHING,
        "Gain (meV/atom)": text.fixed(phase.gain_mev_per_atom, 3),
        "Gain (meV/f.u.)": text.fixed(soft.gain_per_formula_unit(phase), 2),
        "Well (meV/atom)": text.fixed(phase.well_depth_mev_per_atom, 3),
        "at (Å)": text.fixed(phase.well_amplitude_a, 3),
        "Amplitude relaxed (Å)": text.fixed(phase.amplitude_relaxed_a, 3),
        "Volume (%)": text.fixed(PERCENT * soft.volume_change(phase), 2),
        "Modes at Γ from (THz)": at_gamma if at_gamma != text.NOTHING else "not checked",
        "Remark": phase.problem or ("" if phase.converged else "not fully relaxed"),
    }


def _chosen(job: Job, soft: SoftModeResult) -> None:
    """Show one phase in 3D, with its file and the way on."""
    phases = {
        f"{text.space_group(p.space_group_symbol)} · {plots.title(soft, p)}": p
        for p in soft.phases
        if p.crystal is not None
    }
    if not phases:
        return
    name = str(st.selectbox("Phase", list(phases), key=SHOWN_PHASE))
    phase = phases[name]
    if phase.crystal is None:
        return
    cells = (crystal_view.CONVENTIONAL, crystal_view.PRIMITIVE)
    crystal_view.viewer(phase.crystal, key="soft-phase", cells=cells)
    formula, symbol = phase.crystal.formula, phase.space_group_symbol
    with st.container(horizontal=True):
        follow_up.button(
            job,
            "Go on with this phase",
            key="go-on-with-phase",
            icon=":material/arrow_forward:",
            structure=phase.crystal,
            name=f"{symbol} from {plots.title(soft, phase)}",
            born=None,
            properties=tuple(s for s in job.spec.properties if s != STAGE),
        )
        st.download_button(
            "Download CIF",
            cif(phase.crystal),
            file_name=f"{formula}_{symbol.replace('/', '_')}.cif",
            mime="chemical/x-cif",
            icon=":material/download:",
            key="soft-phase-cif",
        )
