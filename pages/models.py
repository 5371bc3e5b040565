"""Potentials: what there is, how they see a crystal, and where they are unsure."""

from __future__ import annotations

import streamlit as st

from pages.ui import (
    administrator_view,
    atoms_form,
    guard,
    menu,
    potentials_view,
    session,
    symmetry_functions_view,
)

menu.require()

MODELS, FUNCTIONS, ATOMS = "Potentials", "Symmetry functions", session.ATOMS_SECTION

st.title("Potentials", anchor=False)
st.session_state.setdefault(session.POTENTIALS_SECTION, MODELS)
section = st.segmented_control(
    "Section",
    (MODELS, FUNCTIONS, ATOMS),
    required=True,
    key=session.POTENTIALS_SECTION,
    label_visibility="collapsed",
)
with guard.sentences():
    if section == MODELS:
        potentials_view.draw()
        administrator_view.draw()
    elif section == FUNCTIONS:
        symmetry_functions_view.draw()
    else:
        atoms_form.draw()
