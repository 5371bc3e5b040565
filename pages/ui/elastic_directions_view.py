"""How an elastic quantity depends on direction: surface, sections and extreme values."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.elasticity.directions import Quantity
from properties.plots import elastic_directions, elastic_sections, elastic_sheets
from properties.plots.elastic_sheets import Drawable, Wave

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from pages.ui.elastic_subject import Subject
    from properties.elasticity.axes import Axes
    from properties.elasticity.directions import Extreme, FloatArray

SOUND = "Sound velocity"
NAMES: dict[str, Quantity] = {
    "Young's modulus E": Quantity.YOUNG,
    "Compressibility β": Quantity.COMPRESSIBILITY,
    "Shear modulus G": Quantity.SHEAR,
    "Poisson's ratio ν": Quantity.POISSON,
}
WAVES = {
    "Phase velocity": Wave.PHASE,
    "Group velocity": Wave.GROUP,
    "Slowness": Wave.SLOWNESS,
}
MEANING: dict[Drawable, str] = {
    Quantity.YOUNG: "Stress along a direction per stretch along it.",
    Quantity.COMPRESSIBILITY: "Shortening along a direction per hydrostatic pressure. Where it "
    "is negative, the crystal grows longer under pressure.",
    Quantity.SHEAR: "Planes perpendicular to a direction are sheared along m; the result "
    "depends on m. Inner surface: the smallest over all m. Outer: the largest.",
    Quantity.POISSON: "A pull along a direction narrows the crystal along m; the result "
    "depends on m. Inner surface: the smallest over all m. Outer: the largest. Where it is "
    "negative, the crystal grows wider when pulled (auxetic).",
    Wave.PHASE: "How fast wave fronts travel along a direction, three waves.",
    Wave.GROUP: "How far the energy of a wave gets in unit time: the wave surface. Its folds "
    "are real: there, several waves arrive one after the other.",
    Wave.SLOWNESS: "One over the phase velocity; its normals are the directions of the rays.",
}


@dataclass(frozen=True, eq=False)
class Drawn:
    """All that is shown of one quantity."""

    surface: go.Figure
    sections: dict[str, go.Figure]
    extremes: tuple[Extreme, Extreme] | None


@st.cache_resource(show_spinner=False, max_entries=64)
def _draw(what: Drawable, identity: str, _subject: Subject) -> Drawn:
    known = what, _subject.stiffness_gpa, _subject.density_kg_per_m3
    return Drawn(
        elastic_directions.figure(*known, _subject.axes),
        elastic_sections.figures(*known),
        elastic_sheets.extremes(*known),
    )


def draw(subject: Subject) -> None:
    """Draw the chosen quantity; only that one is computed."""
    if not subject.stable:
        components.nothing(
            "The tensor is not positive definite: along some direction the crystal gives way "
            "by itself, so it has no moduli to draw.",
            icon=":material/warning:",
        )
        return
    what = _choose(subject)
    drawn = _draw(what, subject.identity, subject)
    left, right = st.columns([3, 2], gap="large")
    with left:
        components.plot(drawn.surface, key="directions-3d")
    with right:
        st.markdown(f"**{elastic_sheets.LOOKS[what].title}**")
        st.caption(MEANING[what])
        _extremes(what, drawn.extremes, subject.axes)
        st.caption(_legend(what, subject))
    for column, (plane, chart) in zip(st.columns(3), drawn.sections.items(), strict=True):
        with column:
            st.markdown(f"**Plane {plane}**")
            components.plot(chart, key=f"section-{plane}")


def _choose(subject: Subject) -> Drawable:
    names = [*NAMES, SOUND] if subject.density_kg_per_m3 else list(NAMES)
    name = st.segmented_control(
        "Quantity",
        names,
        default=names[0],
        required=True,
        key="directional-quantity",
        label_visibility="collapsed",
    )
    if name != SOUND:
        return NAMES[str(name)]
    wave = st.segmented_control(
        "Of the wave",
        list(WAVES),
        default=next(iter(WAVES)),
        required=True,
        key="directional-wave",
        label_visibility="collapsed",
    )
    return WAVES[str(wave)]


def _extremes(what: Drawable, found: tuple[Extreme, Extreme] | None, axes: Axes) -> None:
    if found is None:
        return
    look = elastic_sheets.LOOKS[what]
    rows = [
        _row(name, extreme, look.written(extreme.value), axes)
        for name, extreme in zip(("Smallest", "Largest"), found, strict=True)
    ]
    components.table(rows)
    ratio = elastic_sheets.ratio(found)
    if ratio is not None:
        st.caption(f"Largest to smallest: {text.fixed(ratio, 3)}")


def _row(name: str, extreme: Extreme, value: str, axes: Axes) -> dict[str, str]:
    row = {"": name, "Value": value, "Along": direction(extreme.direction, axes)}
    if extreme.across is not None:
        row["Across, m"] = direction(extreme.across, axes)
    return row


def direction(unit: FloatArray, axes: Axes) -> str:
    """Return a direction as crystal indices if it has small ones, and as a unit vector.

    A dash if there is none, as for the ray of a wave that does not travel.
    """
    if not all(map(isfinite, unit)):
        return text.NOTHING
    vector = elastic_directions.written_vector(unit)
    indices = axes.indices(unit) if axes.crystallographic else None
    return vector if indices is None else f"{text.miller(indices)} = {vector}"


def _legend(what: Drawable, subject: Subject) -> str:
    if subject.axes.crystallographic:
        arrows = "Arrows: crystal axes a, b, c; thin grey lines: axes x, y, z of the tensor."
    else:
        arrows = "Arrows: axes x, y, z of the tensor."
    points = (
        "Points: the extreme values (circle largest, diamond smallest), one of the "
        "directions that symmetry makes equal, and its opposite. "
    )
    return (
        f"{arrows} {points if what is not Wave.GROUP else ''}θ counts from z, φ from x towards "
        "y. Drag to turn; click a name in the legend to hide it."
    )
