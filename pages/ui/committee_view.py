"""Uncertainty: what the members of a committee say of every final number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, follow_up, text
from properties.committee import numbers
from properties.committee.result import CommitteeResult
from properties.plots import committee as plots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobs.store import Job
    from properties.checks import Check
    from properties.committee.result import AtomSpread, Calibration, Number
    from properties.results import StageResult

CHOSEN = "committee_number"
MANY_ATOMS = 60
MEV = 1e3

MEANING = (
    "**Epistemic** is what the model does not know: its members learnt from the same data and "
    "differ in how they began, so where the data do not fix an answer they disagree. More data "
    "of that kind would reduce it. **Aleatoric** is the noise that the members expect in the "
    "labels themselves, which no amount of data removes; it is defined for energies and forces "
    "only, and does not scatter the numbers that follow from them. **Combined** adds the two "
    "in squares."
)
NOT_MEANT = (
    "The spread does not hold what all members share: the density functional of the training "
    "data, the form and the reach of the model, the harmonic or quasiharmonic approximation. "
    "The distance to an experiment can be larger than ±."
)
CALIBRATED = (
    "The spread of the members was multiplied by {force} for forces and all that follows from "
    "them, and by {energy} for energies, so that it is as large as the model's errors on data "
    "that it had not seen."
)
NOT_NARROWED = (
    "Measured were factors of {force} for forces and {energy} for energies. Below one, the "
    "noise that the model expects stands for the whole error on such data; it does not reach "
    "the numbers here, so no spread was narrowed."
)
BEYOND = "Numbers with more than ± 50 % reach beyond the chart."
UNCALIBRATED = (
    "This model has no calibration: ± is the standard deviation of the members as it is, "
    "which is often smaller than the error."
)
WITHOUT = (
    "The members of this model were not carried through, so its numbers have no ±. What is "
    "known already is taken over."
)
HOW = (
    "Each member was relaxed to a cell of its own and carried through from there, in the same "
    "supercell and on the same q-points as the committee. Expansion of members: {volumes} "
    "volumes. Elastic constants of members: without the check by finite strains."
)


def of(results: Mapping[str, StageResult]) -> CommitteeResult | None:
    """Return the committee's result, if there is one."""
    found = results.get("committee")
    return found if isinstance(found, CommitteeResult) else None


def doubt(results: Mapping[str, StageResult], name: str) -> float | None:
    """Return the epistemic part of a final number, if it is known."""
    found = of(results)
    return found.doubt(name) if found else None


def offer(job: Job) -> None:
    """Offer to carry the members through a calculation that was done without them."""
    components.nothing(WITHOUT, icon=":material/hub:")
    follow_up.button(
        job,
        "Compute the uncertainty",
        key="compute-committee",
        icon=":material/play_arrow:",
        committee=True,
    )


def draw(result: CommitteeResult, failed: Sequence[Check]) -> None:
    """Draw the table of numbers, the members, and what the spread means."""
    components.figures(_figures(result), failed)
    st.markdown("**Final numbers and how sure the model is of them**")
    components.table([_row(number) for number in result.numbers])
    calibration = result.calibration
    if calibration.known:
        factors = {
            "force": text.fixed(calibration.force, 2),
            "energy": text.fixed(calibration.energy, 2),
        }
        said = [CALIBRATED.format(**factors)] if calibration.widens else []
        if not calibration.as_measured:
            said.append(_not_narrowed(calibration))
        st.info(" ".join(said), icon=":material/straighten:")
    else:
        st.caption(UNCALIBRATED)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**All numbers**, in per cent of the committee's value")
        components.plot(
            plots.overview(result.numbers, result.members), key="committee-all", caption=BEYOND
        )
    with right:
        _one(result)
    with st.container(border=True, gap="xsmall"):
        st.markdown("**What ± means here, and what it does not**")
        st.markdown(MEANING)
        st.markdown(NOT_MEANT)
        st.caption(HOW.format(volumes=result.n_volumes))
    _atoms("Atoms of the given structure", result.given, "given")
    _atoms("Atoms of the relaxed primitive cell", result.relaxed, "relaxed")


def _not_narrowed(calibration: Calibration) -> str:
    return NOT_NARROWED.format(
        force=text.short(calibration.force_factor, digits=2),
        energy=text.short(calibration.energy_factor, digits=2),
    )


def _one(result: CommitteeResult) -> None:
    """Members one by one, for a number to be chosen."""
    by_name = {number.name: number for number in result.numbers}
    st.markdown("**Member by member**")
    chosen = st.selectbox(
        "Number",
        list(by_name),
        index=min(1, len(by_name) - 1),
        key=CHOSEN,
        label_visibility="collapsed",
    )
    number = by_name[str(chosen)]
    components.plot(
        plots.members(number, result.members),
        key="committee-member",
        caption=f"Zero is the committee's own {number.name}, "
        f"{text.plus_minus(number.value, number.epistemic, number.unit)}; the shaded band is "
        "the epistemic part.",
    )
    for name, problem in zip(result.members, result.problems, strict=True):
        if problem:
            st.caption(f":orange[:material/warning:] {name}: {text.sentence(problem)}")


def _figures(result: CommitteeResult) -> list[components.Figure]:
    fine, calibration = result.problems.count(""), result.calibration
    shown = [
        components.Figure(
            "Members", f"{fine} of {len(result.members)}", "Carried through without a problem"
        )
    ]
    energy, worst = result.number(numbers.ENERGY), result.least_sure
    if energy is not None:
        shown.append(
            components.Figure(
                "Energy ±", text.short(MEV * energy.epistemic, "meV/atom", 2), "Epistemic part"
            )
        )
    if worst is not None:
        shown.append(components.Figure(f"Least sure: {worst.name}", text.share(worst.relative)))
    if calibration.widens:
        factor = f"× {text.fixed(calibration.force, 2)}"
        shown.append(components.Figure("Calibration", factor, "Of all but energies"))
    return shown


def _row(number: Number) -> dict[str, str]:
    digits = text.decimals_of(number.epistemic)
    return {
        "Number": number.name,
        "Value": text.fixed(number.value, digits),
        "± epistemic": text.fixed(number.epistemic, digits),
        "± aleatoric": text.short(number.aleatoric, digits=2),
        "± combined": text.fixed(number.combined, digits),
        "Unit": number.unit,
        "In percent": text.share(number.relative),
        "Members from": text.fixed(number.lowest, digits),
        "to": text.fixed(number.highest, digits),
    }


def _atoms(title: str, found: AtomSpread, key: str) -> None:
    """Energies and forces atom by atom."""
    with st.expander(title, icon=":material/scatter_plot:", key=f"committee-atoms-{key}"):
        components.table(_atom_rows(found)[:MANY_ATOMS])
        if len(found.symbols) > MANY_ATOMS:
            st.caption(f"The first {MANY_ATOMS} of {len(found.symbols)} atoms.")
        st.caption(
            "Standard deviation of the members at the same positions, not calibrated. Forces "
            "that vanish by symmetry vanish for every member."
        )


def _atom_rows(found: AtomSpread) -> list[dict[str, str]]:
    columns = {
        "Energy (eV)": (found.atomic_energy_mean_ev, 1.0, 4),
        "± energy (meV)": (found.atomic_energy_spread_ev, MEV, 2),
        "± force (meV/Å)": (found.force_spread_ev_per_a, MEV, 2),
        "Noise of a force (meV/Å)": (found.force_noise_ev_per_a, MEV, 2),
    }
    return [
        {
            "Atom": f"{symbol} {k + 1}",
            **{
                title: text.fixed(scale * float(values[k]), decimals)
                for title, (values, scale, decimals) in columns.items()
                if values.any()
            },
        }
        for k, symbol in enumerate(found.symbols)
    ]
