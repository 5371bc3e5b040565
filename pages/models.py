"""Models: what each potential was trained on, and what to expect of it."""

from __future__ import annotations

import streamlit as st

from mlpcore import registry
from pages.ui import components, menu, model_view

menu.require()

st.title("Models", anchor=False)
st.caption("Pretrained potentials, their weights stored on this server. Cite what you use.")

components.table(
    [
        {
            "Model": model.title,
            "Functional": model.functional,
            "Elements": f"{len(model.elements)}",
            "Licence": model.licence,
            "Use with care": "yes" if model.caution else "",
        }
        for model in registry.models()
    ]
)
left, right = st.columns(2, gap="medium")
for index, model in enumerate(registry.models()):
    with (left, right)[index % 2]:
        model_view.card(model, recommended=model.name == registry.DEFAULT_MODEL)
