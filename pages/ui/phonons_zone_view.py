"""The Brillouin zone on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, text
from properties.plots import phonons_zone as plots
from properties.vibrations import zone

if TYPE_CHECKING:
    from properties.crystal import Crystal
    from properties.results import PhononResult

ABOUT = (
    "The first Brillouin zone, the path of the dispersion in pink, and the reciprocal lattice "
    "vectors of the primitive cell. Names and path after Hinuma et al., Comput. Mater. Sci. "
    "128, 140 (2017). Drag to turn, scroll to zoom."
)


def draw(result: PhononResult, crystal: Crystal) -> None:
    """Draw the zone, and list the high-symmetry points."""
    found, path = zone.first_zone(crystal.lattice_a), zone.path(result, crystal.lattice_a)
    left, right = st.columns([3, 2], gap="large")
    with left:
        components.plot(plots.figure(found, path), key="zone", caption=ABOUT)
    with right:
        st.markdown("**Points of the path**, in reciprocal lattice vectors")
        components.table([_row(name, q) for name, q in zone.named_points(result)])
        volume = text.fixed(found.volume_per_a3, 3, "Å⁻³")
        st.caption(
            f"{len(found.faces_per_a)} faces, volume {volume}: (2π)³ over that of the "
            "primitive cell."
        )


def _row(name: str, q: tuple[float, float, float]) -> dict[str, str]:
    places = zip(("b₁", "b₂", "b₃"), q, strict=True)
    return {"Point": text.space_group(name), **{axis: text.fixed(x, 4) for axis, x in places}}
