"""Elastic tensor: paste one and see what follows from it, without any calculation."""

from __future__ import annotations

import streamlit as st

from pages.ui import guard, menu, tensor_form, tensor_view

menu.require()

st.title("Elastic tensor", anchor=False)
st.caption(
    "Paste a stiffness tensor from a paper or a calculation, in GPa: moduli, stability, sound "
    "and how it depends on direction follow at once."
)

tensor_form.start()
tensor = None
left, right = st.columns(2, gap="large")
with left, guard.sentences():
    tensor_form.choose()
    tensor_form.citation()
    tensor = tensor_form.read()
with right, guard.sentences():
    if tensor is None:
        tensor_view.invitation()
    else:
        tensor_view.summary(tensor)
if tensor is not None:
    st.divider()
    with guard.sentences():
        tensor_view.draw(tensor)
    tensor_view.downloads(tensor)
