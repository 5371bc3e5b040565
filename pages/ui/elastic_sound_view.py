"""Sound along one direction: three waves with their speeds and motions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from mlpcore.errors import SpecError
from pages.ui import components, elastic_directions_view, text
from properties.elasticity import waves
from properties.plots.elastic_directions import written_vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pages.ui.elastic_subject import Subject

MEANING = (
    "From the Christoffel equation: long waves, without piezoelectric stiffening. Phase "
    "velocity: how fast fronts travel along n. Group velocity: how fast the energy travels, "
    "along the ray."
)
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
    st.caption(" ".join([MEANING, *_particulars(found, subject)]))


def _particulars(found: Sequence[waves.SoundWave], subject: Subject) -> list[str]:
    """Say what is special about the waves along this direction."""
    said = []
    if any(wave.degenerate and wave.travels for wave in found):
        said.append(
            "Two waves are equally fast here: any motion in the plane of the two is one."
        )
    cones = [wave for wave in found if wave.cone is not None]
    if cones:
        mean = elastic_directions_view.direction(cones[0].ray, subject.axes)
        said.append(
            "Their ray goes round a cone as the motion turns (internal conical refraction): "
            "the table gives its angle to n and its speed. The mean over all motions, "
            f"{text.fixed(cones[0].group_km_per_s, 3, 'km/s')} along {mean}, is no single ray."
        )
    if not all(wave.travels for wave in found):
        said.append(
            "A wave without velocity has ρv² < 0: it grows instead of travelling, and the "
            "crystal gives way to it."
        )
    return said


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
    axes, cone = subject.axes, wave.cone
    speeds = cone.speeds_km_per_s if cone else (wave.group_km_per_s,)
    angles = cone.angles_deg if cone else (wave.ray_angle_deg,)
    return {
        "Wave": wave.name if wave.travels else f"{wave.name}, unstable",
        "Phase velocity (km/s)": text.fixed(wave.phase_km_per_s, 3),
        "Group velocity (km/s)": _range(speeds, 3),
        "Ray to n (°)": _range(angles, 1),
        "Motion to n (°)": text.fixed(wave.polarisation_angle_deg, 1),
        "Motion along": "any across n"
        if wave.degenerate and wave.polarisation_angle_deg > 90 - waves.PURE_DEG
        else elastic_directions_view.direction(wave.polarisation, axes),
        "Ray along": "a cone" if cone else elastic_directions_view.direction(wave.ray, axes),
    }


def _range(values: Sequence[float], decimals: int) -> str:
    """Return one number, or two if they are written differently."""
    written = dict.fromkeys(text.fixed(value, decimals) for value in values)
    return " to ".join(written)
