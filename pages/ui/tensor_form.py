"""Where a tensor comes from: pasted text, a table, an example, or the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import session
from properties.elasticity import pasted, tensors

if TYPE_CHECKING:
    from properties.elasticity.pasted import PastedTensor

PASTE, TABLE = "Text", "Table"
TEXT, GRID, WAY, EXAMPLE = "tensor-text", "tensor-grid", "tensor-way", "tensor-example"
GRID_ROWS, GRID_KEY, GRID_MADE = "tensor-grid-rows", "tensor-grid-key", "tensor-grid-made"
DENSITY, VOLUME = "tensor-density", "tensor-volume"
ADDRESS = {
    "c": session.TENSOR,
    "density": session.TENSOR_DENSITY,
    "volume": session.TENSOR_VOLUME,
}
LIMITS = {"density": (1.0, 50000.0), "volume": (1.0, 500.0)}
HINT = """86.8 7.04 11.91 -18.04 0 0
7.04 86.8 11.91 18.04 0 0
11.91 11.91 105.75 0 0 0
-18.04 18.04 0 58.2 0 0
0 0 0 0 58.2 -18.04
0 0 0 0 -18.04 39.88"""


def start() -> None:
    """Take what the address holds, when the page is opened in a new session."""
    state = st.session_state
    if session.TENSOR in state:
        return
    state[session.TENSOR] = st.query_params.get("c", "")
    for name in ("density", "volume"):
        state[ADDRESS[name]] = _number(st.query_params.get(name, ""), LIMITS[name])


def _number(written: str, limits: tuple[float, float]) -> float | None:
    """Return what the address says, if it is a number that the field would take."""
    try:
        value = float(written)
    except ValueError:
        return None
    return value if limits[0] <= value <= limits[1] else None


def choose() -> None:
    """Draw the fields; what they hold is kept in the session, not in the widgets."""
    state = st.session_state
    st.selectbox(
        "Example from the literature",
        list(tensors.known()),
        index=None,
        placeholder="Choose a measured tensor",
        format_func=lambda name: tensors.known()[name].title,
        key=EXAMPLE,
        on_change=_take_example,
    )
    way = st.segmented_control(
        "Enter as",
        (PASTE, TABLE),
        default=PASTE,
        required=True,
        key=WAY,
        label_visibility="collapsed",
    )
    (_text if way == PASTE else _table)()
    left, right = st.columns(2)
    with left:
        state[DENSITY] = state[session.TENSOR_DENSITY]
        st.number_input(
            "Density (kg/m³), optional",
            min_value=LIMITS["density"][0],
            max_value=LIMITS["density"][1],
            step=1.0,
            format="%g",
            key=DENSITY,
            on_change=_keep,
            args=(DENSITY, session.TENSOR_DENSITY),
            help="For sound velocities.",
        )
    with right:
        state[VOLUME] = state[session.TENSOR_VOLUME]
        st.number_input(
            "Volume per atom (Å³), optional",
            min_value=LIMITS["volume"][0],
            max_value=LIMITS["volume"][1],
            format="%.3f",
            key=VOLUME,
            on_change=_keep,
            args=(VOLUME, session.TENSOR_VOLUME),
            help="With the density: for the Debye temperature and the thermal conductivity.",
        )


def _text() -> None:
    st.session_state[TEXT] = st.session_state[session.TENSOR]
    st.text_area(
        "Stiffness in GPa, Voigt order xx yy zz yz xz xy",
        height=190,
        placeholder=HINT,
        key=TEXT,
        on_change=_keep,
        args=(TEXT, session.TENSOR),
        help="36 numbers, or the 21 of the upper or lower triangle, with any separators.",
    )


def _table() -> None:
    """Draw a table that keeps its own edits, so that the cell in hand stays in hand."""
    state = st.session_state
    if state.get(GRID_ROWS) is None or not _editor_is_current():
        state[GRID_ROWS] = tensors.grid(state[session.TENSOR])
        state[GRID_KEY] = f"{GRID}-{state[session.TENSOR]}"
    edited = st.data_editor(
        state[GRID_ROWS],
        key=state[GRID_KEY],
        hide_index=True,
        width="stretch",
        num_rows="fixed",
        placeholder="",
        column_config={
            "row": st.column_config.TextColumn("GPa", disabled=True, width=50),
            **{str(k): st.column_config.NumberColumn(str(k), width=70) for k in range(1, 7)},
        },
    )
    st.caption("An empty cell takes the value across the diagonal, or zero.")
    if edited != state[GRID_ROWS]:
        state[session.TENSOR] = tensors.text_of_grid(edited)
    state[GRID_MADE] = state[session.TENSOR]


def _editor_is_current() -> bool:
    """Whether the table was on the page before, and nothing else changed the tensor since."""
    state = st.session_state
    return state[GRID_KEY] in state and state[GRID_MADE] == state[session.TENSOR]


def _keep(widget: str, kept: str) -> None:
    st.session_state[kept] = st.session_state[widget]


def _take_example() -> None:
    name = st.session_state[EXAMPLE]
    if name is None:
        return
    chosen = tensors.known()[name]
    st.session_state[session.TENSOR] = tensors.as_text(chosen.stiffness_gpa)
    st.session_state[session.TENSOR_DENSITY] = chosen.density_kg_per_m3
    st.session_state[session.TENSOR_VOLUME] = tensors.rounded(chosen.volume_per_atom_a3)


def citation() -> None:
    """Name the source of the example, while its numbers are the ones in the field."""
    name = st.session_state.get(EXAMPLE)
    if name is None:
        return
    chosen = tensors.known()[name]
    if st.session_state[session.TENSOR] == tensors.as_text(chosen.stiffness_gpa):
        recalled = " (constants recalled)" if chosen.evidence == "recalled" else ""
        st.caption(f"{chosen.note} Source: {chosen.source}{recalled}. {chosen.checked}")


def read() -> PastedTensor | None:
    """Read the tensor that is there and write it into the address; ``None`` if there is none.

    Raises
    ------
    TensorError
        The text is not a tensor.
    """
    written = st.session_state[session.TENSOR]
    if not written.strip():
        st.query_params.clear()
        return None
    try:
        found = pasted.parse(written)
    finally:
        st.query_params.clear()
    address = {"c": tensors.compact(found.given_gpa)}
    for name in ("density", "volume"):
        value = st.session_state[ADDRESS[name]]
        if value:
            address[name] = f"{value:g}"
    st.query_params.update(address)
    return found
