"""A crystal on the page: the turning model, its symmetry and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components, session, text
from properties import symmetry
from properties.plots import structure as structure_plot

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from properties.crystal import Crystal

PRIMITIVE, CONVENTIONAL, GIVEN = "Primitive", "Conventional", "As given"
PER_CM3 = 1e-3


def invitation() -> None:
    """Say what will happen, while there is no crystal yet."""
    with st.container(border=True):
        st.markdown(
            "**Drop a structure file on the left**, paste its text, or begin with one of the "
            "examples.\n\n"
            "1. The crystal appears here, to turn and to check.\n"
            "2. You choose the model and what to compute.\n"
            "3. The calculation gets its own address: close the page, come back, share it."
        )


def viewer(crystal: Crystal, key: str, cells: tuple[str, ...] = ()) -> None:
    """Show the crystal in 3D with a switch between its cells."""
    cells = cells or (CONVENTIONAL, PRIMITIVE, GIVEN)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        cell = st.segmented_control(
            "Cell shown",
            cells,
            default=cells[0],
            required=True,
            key=f"{session.CELL}-{key}",
            label_visibility="collapsed",
        )
        shown = in_cell(crystal, str(cell))
        small = len(shown) <= structure_plot.MOST_ATOMS_REPEATED
        several = st.toggle(
            "2 × 2 × 2 cells", key=f"{session.SEVERAL}-{key}", disabled=not small
        )
    chart = _figure(shown.sha256, 2 if several and small else 1, shown)
    components.plot(chart, key=f"structure-{key}")
    st.caption("Drag to turn, scroll to zoom, point at an atom for its coordinates.")


def in_cell(crystal: Crystal, cell: str) -> Crystal:
    """Return the crystal in the cell of that name."""
    if cell == GIVEN:
        return crystal
    found = symmetry.analyse(crystal)
    return found.primitive if cell == PRIMITIVE else found.conventional


@st.cache_resource(show_spinner=False, max_entries=32)
def _figure(identity: str, cells: int, _crystal: Crystal) -> go.Figure:
    return structure_plot.figure(_crystal, cells)


def facts(crystal: Crystal) -> None:
    """Show formula, space group, density and cell parameters."""
    found = symmetry.analyse(crystal)
    cell = found.conventional
    first = (
        components.Figure("Formula", text.formula(crystal.formula)),
        components.Figure(
            "Space group",
            f"{text.space_group(found.symbol)}",
            f"Number {found.number}, {found.crystal_system}, point group {found.point_group}",
        ),
        components.Figure(
            "Density", text.fixed(PER_CM3 * crystal.density_kg_per_m3, 3, "g/cm³")
        ),
        components.Figure(
            "Atoms", f"{len(found.primitive)}", "In the primitive cell, which is computed"
        ),
    )
    components.figures(first)
    st.caption(
        f"{found.crystal_system.capitalize()}, space group {found.number} · "
        f"{len(found.primitive)} atoms in the primitive cell, {len(cell)} in the conventional"
    )


def sites(crystal: Crystal) -> None:
    """Show cell parameters and Wyckoff positions."""
    found = symmetry.analyse(crystal)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**Cell parameters**")
        components.table(
            [
                _cell_row(name, in_cell(crystal, name))
                for name in (CONVENTIONAL, PRIMITIVE, GIVEN)
            ]
        )
    with right:
        st.markdown("**Wyckoff positions**")
        components.table(
            [
                {
                    "Element": site.symbol,
                    "Position": f"{site.multiplicity}{site.letter}",
                    "Site symmetry": site.site_symmetry,
                    **{
                        axis: text.fixed(x, 5)
                        for axis, x in zip("xyz", site.position, strict=True)
                    },
                }
                for site in found.sites
            ]
        )


def _cell_row(name: str, crystal: Crystal) -> dict[str, str]:
    lengths_and_angles = crystal.to_atoms().cell.cellpar()
    names = ("a (Å)", "b (Å)", "c (Å)", "α (°)", "β (°)", "γ (°)")
    decimals = (4, 4, 4, 2, 2, 2)
    values = {
        column: text.fixed(float(value), places)
        for column, value, places in zip(names, lengths_and_angles, decimals, strict=True)
    }
    return {"Cell": name, **values, "V (Å³)": text.fixed(crystal.volume_a3, 2)}
