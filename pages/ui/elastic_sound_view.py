"""Sound along one direction: three waves with their speeds and motions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from mlpcore.errors import SpecError
from pages.ui import components, elastic_directions_view, text
from properties.elasticity import waves
from properties.plots.elastic_directions import written_vector

if TYPE_CHECKING:
    from pages.ui.elastic_subject import Subject

COMMON = ("1 0 0", "0 1 0", "0 0 1", "1 1 0", "1 0 1", "0 1 1", "1 1 1", "1 -1 0")
WANTED = "sound-direction"


def draw(subject: Subject) -> None:
    """Ask for a direction and show the three waves along it."""
    density = subject.density_kg_per_m3
    if density is None:
        components.nothing("Sound velocities need the density: enter it above.")
        return
    unit = subject.axes.direction(_ask(subject))
    indices = subject.axes.indices(unit) if subject.axes.crystallographic else None
    named = f"{text.miller(indices)}, " if indices else ""
    st.markdown(
        f"**Waves along {named}n = {written_vector(unit)}** in the axes of the tensor, "
        f"density {text.fixed(density, 0, 'kg/m³')}"
    )
    found = waves.along(subject.stiffness_gpa, density, unit)
    components.table([_row(wave, subject) for wave in reversed(found)])
    st.caption(
        "From the Christoffel equation: long waves, without piezoelectric stiffening. Phase "
        "velocity: how fast fronts travel along n. Group velocity: how fast the energy "
        "travels, along the ray."
        + (
            " Two waves are equally fast here: any motion in the plane of the two is one."
            if any(wave.degenerate for wave in found)
            else ""
        )
    )


def _ask(subject: Subject) -> tuple[float, float, float]:
    along = "a, b, c of the conventional cell" if subject.axes.crystallographic else "x, y, z"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.pills(
            "Common directions",
            COMMON,
            key="sound-common",
            format_func=lambda written: text.miller(read(written)),
            on_change=_take_common,
        )
        written = st.text_input(
            "Direction u v w",
            value=COMMON[0],
            key=WANTED,
            width=220,
            help=f"Steps along {along}: three numbers with spaces or commas between them.",
        )
    return read(written)


def _take_common() -> None:
    chosen = st.session_state.get("sound-common")
    if chosen:
        st.session_state[WANTED] = chosen


def read(written: str) -> tuple[float, float, float]:
    """Read a direction.

    Raises
    ------
    SpecError
        These are not three numbers.
    """
    cleaned = written.replace("−", "-").strip(" []()")
    parts = cleaned.replace(",", " ").split()
    try:
        u, v, w = (float(part) for part in parts)
    except ValueError:
        raise SpecError(
            f"“{written}” is not a direction: three numbers are needed, with spaces between "
            "them, for example 1 1 0."
        ) from None
    return u, v, w


def _row(wave: waves.SoundWave, subject: Subject) -> dict[str, str]:
    axes = subject.axes
    return {
        "Wave": wave.name,
        "Phase velocity (km/s)": text.fixed(wave.phase_km_per_s, 3),
        "Group velocity (km/s)": text.fixed(wave.group_km_per_s, 3),
        "Ray to n (°)": text.fixed(wave.ray_angle_deg, 1),
        "Motion to n (°)": text.fixed(wave.polarisation_angle_deg, 1),
        "Motion along": "any across n"
        if wave.degenerate and wave.polarisation_angle_deg > 90 - waves.PURE_DEG
        else elastic_directions_view.direction(wave.polarisation, axes),
        "Ray along": elastic_directions_view.direction(wave.ray, axes),
    }
