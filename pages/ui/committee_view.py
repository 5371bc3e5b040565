"""Uncertainty: what the members of a committee say of every final number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, follow_up, text
from properties import extrapolation
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
FORCES = "forces and all that follows from them"
WIDENED = (
    "The spread of the members is multiplied {factors}, which on data that the model had not "
    "seen makes it as large as the errors."
)
NOT_WIDENED = "For {what} it is not widened."
NOWHERE_WIDENED = "The spread of the members is not widened."
NOT_NARROWED = (
    "Measured were factors of {force} for forces and {energy} for energies. Below one, members "
    "differ by more than the model errs, or the noise that it expects stands for the whole "
    "error; no spread is narrowed for that."
)
OUTSIDE = (
    "**Outside of the training data ± cannot be trusted.** There lie {cells}, as told above: "
    "in what follows from them all members may be wrong together."
)
CELLS_OF = {
    "relax": "the given or the relaxed cell",
    "phonons": "displaced supercells",
    "thermal": "cells of the expansion",
}
"""What each stage computes, for its checks of the range of the training data."""

BEYOND = "Beyond the chart: {names}."
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
    with st.container(horizontal=True, gap="medium"):
        for item, concerns in _figures(result, failed):
            components.figure(item, concerns)
    st.markdown("**Final numbers and how sure the model is of them**")
    components.table([_row(number) for number in result.numbers])
    _calibration(result.calibration, failed)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**All numbers**, in per cent of the committee's value")
        components.plot(
            plots.overview(result.numbers, result.members),
            key="committee-all",
            caption=_beyond(result),
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


def widening(calibration: Calibration, of_energies: str = "energies") -> str:
    """Say by how much spreads are multiplied, and which of them are not."""
    factors = {FORCES: _factor(calibration.force), of_energies: _factor(calibration.energy)}
    wide = [f"by {factor} for {what}" for what, factor in factors.items() if factor]
    if not wide:
        return NOWHERE_WIDENED
    same = [NOT_WIDENED.format(what=what) for what, factor in factors.items() if not factor]
    return " ".join([WIDENED.format(factors=" and ".join(wide)), *same])


def _factor(factor: float) -> str:
    """Write a factor; nothing for one that would be written as 1.00."""
    written = text.fixed(factor, 2)
    return "" if written == "1.00" else written


def _calibration(calibration: Calibration, failed: Sequence[Check]) -> None:
    """Say what was done to the spread, and where that does not make it an error."""
    said = [widening(calibration) if calibration.known else UNCALIBRATED]
    if not calibration.as_measured:
        measured = {
            "force": text.short(calibration.force_factor, digits=3),
            "energy": text.short(calibration.energy_factor, digits=3),
        }
        said.append(NOT_NARROWED.format(**measured))
    outside = [
        cells
        for stage, cells in CELLS_OF.items()
        if any(check.code == f"{stage}_{extrapolation.CODE}" for check in failed)
    ]
    if outside:
        said.append(OUTSIDE.format(cells=" and ".join(outside)))
        st.warning(" ".join(said), icon=":material/straighten:")
    elif calibration.known:
        st.info(" ".join(said), icon=":material/straighten:")
    else:
        st.caption(UNCALIBRATED)


def _beyond(result: CommitteeResult) -> str:
    names = [
        f"{number.name} (± {text.share(number.relative)})"
        for number in plots.beyond(result.numbers)
    ]
    return BEYOND.format(names="; ".join(names)) if names else ""


def _one(result: CommitteeResult) -> None:
    """Members one by one, for a number to be chosen."""
    by_name = {number.name: number for number in result.numbers}
    first = result.least_sure or result.numbers[0]
    st.markdown("**Member by member**")
    chosen = st.selectbox(
        "Number",
        list(by_name),
        index=list(by_name).index(first.name),
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


def _figures(
    result: CommitteeResult, failed: Sequence[Check]
) -> list[tuple[components.Figure, list[Check]]]:
    """Return the figures above the table, each with the failed checks that concern it."""

    def of(*beginnings: str) -> list[Check]:
        return [check for check in failed if check.code.startswith(beginnings)]

    fine = f"{result.problems.count('')} of {len(result.members)}"
    shown = [
        (components.Figure("Members", fine, "Without a problem"), of("committee_all")),
    ]
    energy, worst = result.number(numbers.ENERGY), result.least_sure
    if energy is not None:
        half = text.short(MEV * energy.epistemic, "meV/atom", 2)
        shown.append((components.Figure("Energy ±", half, "Epistemic part"), of("relax_")))
    if worst is not None:
        title = f"Least sure: {worst.name}"
        figure = components.Figure(title, text.share(worst.relative), "Of the table below")
        shown.append((figure, of("relax_", "committee_agreement")))
    if factor := _factor(result.calibration.force):
        words = "Factor of all spreads but those of energies"
        shown.append((components.Figure("Calibration", f"× {factor}", words), []))
    return shown


def _row(number: Number) -> dict[str, str]:
    digits = text.decimals_of(number.epistemic)
    return {
        "Number": number.name,
        "Value": text.fixed(number.value, digits),
        "± epistemic": text.doubt(number.epistemic),
        "± aleatoric": text.short(number.aleatoric, digits=2),
        "± combined": text.doubt(number.combined),
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
