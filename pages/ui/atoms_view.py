"""What a committee says of each atom of a crystal, at rest and displaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import committee_view, components, session, stored, text
from properties import extrapolation
from properties.plots import atom_energies as plots

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from jobs.store import Job
    from properties.atom_energies import AtomEnergies

MEV = 1e3
OUTSIDE = "In units of the range of the training data; zero is inside."
NOT_HERE = "Outside of the training data, as here, the spread cannot be trusted."
FARTHEST = "Farthest outside is the symmetry function {worst}."


def draw(job: Job) -> None:
    """Draw the result of an evaluation, if it is there."""
    result = stored.atoms(job)
    if result is None:
        return
    for caution in job.warnings:
        st.warning(text.sentence(caution.message), icon=":material/warning:")
    st.fragment(_explore)(job.id, result)


def _explore(job_id: str, result: AtomEnergies) -> None:
    """The part that answers to the slider."""
    left, right = st.columns([3, 2], gap="large")
    with right:
        name = st.radio(
            "Colour",
            plots.offered(result),
            format_func=lambda key: plots.QUANTITIES[key].title.capitalize(),
            key=session.ATOMS_COLOUR,
        )
        index = _amplitude(result)
        _figures(result, index)
        st.caption(f"{plots.QUANTITIES[name].meaning} {_calibration(result, index)}")
    with left:
        components.plot(_figure(job_id, index, name, result), key="atoms-3d")
        st.caption(
            "Every displacement is drawn on the same scale. Drag to turn, point at an atom for "
            "its value."
        )
    components.plot(plots.growth(result, name, index), key="atoms-growth")


def _calibration(result: AtomEnergies, index: int) -> str:
    """Say how the spreads of forces and total energy are to be understood."""
    if result.n_members == 1:
        return ""
    if not result.calibration.known:
        return (
            "The spreads are those of the members as they are: nobody has measured whether "
            "they are as large as the errors."
        )
    said = committee_view.widening(result.calibration, "the total energy")
    outside = result.excess.size and result.excess[index].max() > extrapolation.LIMIT
    return f"{said} {NOT_HERE}" if outside else said


def _amplitude(result: AtomEnergies) -> int:
    amplitudes = [float(value) for value in result.amplitudes_a]
    if len(amplitudes) == 1:
        return 0
    chosen = st.select_slider(
        "Root mean square displacement of the atoms (Å)",
        amplitudes,
        format_func=lambda value: text.fixed(value, 2),
        key=session.ATOMS_AMPLITUDE,
    )
    return amplitudes.index(chosen)


def _figures(result: AtomEnergies, index: int) -> None:
    n = len(result.supercell)
    spread = result.n_members > 1
    items = [
        components.Figure(
            "Energy",
            text.fixed(result.total_energy_ev[index] / n, 3, "eV/atom"),
            "Mean of the members, of the whole supercell",
        )
    ]
    if spread:
        items += [
            components.Figure(
                "Members differ by",
                text.fixed(MEV * result.total_spread_ev[index] / n, 2, "meV/atom"),
                f"Standard deviation of the energy between {result.n_members} members",
            ),
            components.Figure(
                "Forces differ by up to",
                text.fixed(result.force_spread_ev_per_a[index].max(), 3, "eV/Å"),
                "The atom with the largest spread of its force",
            ),
        ]
    if result.excess.size:
        worst = extrapolation.on_paper(result.worst[index])
        items.append(
            components.Figure(
                "Outside the data by up to",
                text.short(float(result.excess[index].max()), "× the range", 2),
                f"{OUTSIDE} {FARTHEST.format(worst=worst) if worst else ''}".strip(),
            )
        )
    components.figures(items)


@st.cache_resource(show_spinner=False, max_entries=64)
def _figure(job_id: str, index: int, name: str, _result: AtomEnergies) -> go.Figure:
    return plots.figure(_result, index, name)
