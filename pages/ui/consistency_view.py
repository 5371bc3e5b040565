"""Whether the results of a calculation agree where they give the same quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.results import ElasticResult, PhononResult
from properties.vibrations import consistency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from properties.results import StageResult
    from properties.vibrations.consistency import Comparison, Route, SoundRow

VERDICTS = {True: "agrees", False: "differs", None: ""}
NOTHING_YET = (
    "There is nothing to compare yet: elastic constants, phonons or expansion have to be "
    "there, with real modes and a stable tensor."
)


def draw(results: Mapping[str, StageResult]) -> None:
    """Draw each quantity with all routes to it, and a badge with the verdict."""
    found = consistency.comparisons(results)
    if not found:
        components.nothing(NOTHING_YET)
        return
    st.caption(
        "Independent routes to the same quantity, none fitted to another. Differences are "
        "relative to the first route of each table."
    )
    left, right = st.columns(2, gap="large")
    for index, comparison in enumerate(found):
        with left if index % 2 == 0 else right:
            _comparison(comparison)
    _sound(results)


def _comparison(comparison: Comparison) -> None:
    with st.container(border=True, gap="small"):
        components.check_badge(comparison.check)
        components.table([_row(route, comparison) for route in comparison.routes])
        remarks = [f"{r.name}: {r.remark}." for r in comparison.routes if r.remark]
        if remarks:
            st.caption(text.sentence(" ".join(remarks)))


def _row(route: Route, comparison: Comparison) -> dict[str, str]:
    first = route is comparison.routes[0]
    unit = f" ({comparison.unit})" if comparison.unit else ""
    return {
        "Route": route.name,
        f"Value{unit}": text.fixed(route.value, comparison.decimals),
        "Difference": "" if first else text.percent(route.deviation),
        "Limit": "" if route.limit is None else text.percent_limit(route.limit),
        "Verdict": VERDICTS[route.passed],
    }


def _sound(results: Mapping[str, StageResult]) -> None:
    elastic, phonons = results.get("elastic"), results.get("phonons")
    if not isinstance(elastic, ElasticResult) or not isinstance(phonons, PhononResult):
        return
    rows = consistency.sound_rows(elastic, phonons)
    if rows:
        st.markdown("**Velocities of sound**, directions of the conventional cell")
        components.table([_sound_row(row) for row in rows])


def _sound_row(row: SoundRow) -> dict[str, str]:
    return {
        "Direction": text.miller(row.uvw),
        "Wave": row.branch,
        "Phonons, slope at Γ (km/s)": text.fixed(row.slope_km_per_s, 3),
        "Christoffel (km/s)": text.fixed(row.christoffel_km_per_s, 3),
        "Difference": text.percent(row.deviation),
    }
