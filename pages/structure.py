"""New calculation: choose a crystal, look at it, say what to compute."""

from __future__ import annotations

import streamlit as st

from pages.ui import crystal_view, guard, menu, model_choice, source_form, spec_form

menu.require()

st.title("New calculation", anchor=False)
st.caption(
    "A pretrained machine-learned potential relaxes your crystal; from it come elastic "
    "constants, phonons and thermal expansion, each with the checks that it passed or failed."
)

left, right = st.columns([2, 3], gap="large")
source = None
with left, guard.sentences():
    st.subheader("1 · Crystal", anchor=False)
    source = source_form.choose()
with right, guard.sentences():
    model_choice.reminder(source.crystal.symbols if source else ())
    if source is None:
        crystal_view.invitation()
    else:
        crystal_view.viewer(source.crystal, key="input")
if source is not None:
    with left, guard.sentences():
        crystal_view.facts(source.crystal)
    with guard.sentences():
        crystal_view.sites(source.crystal)
    st.divider()
    with guard.sentences():
        st.subheader("2 · Calculation", anchor=False)
        spec_form.submit(source)
