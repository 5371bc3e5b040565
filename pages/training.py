"""Train: make a committee of networks from quantum-mechanical data, and watch it learn."""

from __future__ import annotations

import streamlit as st

from pages.ui import guard, menu, training_data_view, training_form

menu.require()

st.title("Train a potential", anchor=False)
st.caption(
    "Quantum-mechanical energies and forces of a few hundred small cells teach a network for "
    "each element how an atom's energy depends on its surroundings. Several networks that "
    "start from different weights make a committee: where they disagree, they do not know."
)

left, right = st.columns([2, 3], gap="large")
data = None
with left, guard.sentences():
    st.subheader("1 · Data", anchor=False)
    data = training_data_view.choose()
with right, guard.sentences():
    if data is None:
        training_data_view.invitation()
    else:
        training_data_view.facts(data)
if data is not None:
    st.divider()
    with guard.sentences():
        st.subheader("2 · Networks and training", anchor=False)
        training_form.submit(data)
