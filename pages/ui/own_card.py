"""What the checkpoint of an own potential says of how it was made and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from mlpcore.checkpoint import read_header
from pages.ui import components, errors_view, training_origin

if TYPE_CHECKING:
    from mlpcore.model_info import ModelInfo

SETTINGS = {
    "oracle": "Computed with",
    "functional": "Functional",
    "cutoff_ev": "Plane waves up to (eV)",
    "k_points": "k-points",
    "smearing_ev": "Smearing (eV)",
}


def draw(model: ModelInfo) -> None:
    """Draw the model card, folded."""
    if model.checkpoint is None:
        return
    path = Path(model.checkpoint)
    header = read_header(path)
    with st.expander("Model card: data, errors, limits", icon=":material/badge:"):
        written = path.with_suffix(".md")
        if written.is_file():
            st.markdown(written.read_text(encoding="utf-8"))
        _networks(header)
        if header["training"].get("errors"):
            _training(header, model.name)
        st.download_button(
            "Download the potential",
            data=path.read_bytes,
            file_name=path.name,
            icon=":material/download:",
            on_click="ignore",
            key=f"own-card-{model.name}",
        )


def _networks(header: dict[str, Any]) -> None:
    network = header["network"]
    layers = "–".join(str(width) for width in network["hidden"])
    functions = header["functions"]["by_element"].values()
    st.markdown(
        f"{network['n_members']} networks for each element, layers of {layers} nodes "
        f"({network['activation']}), {max(map(len, functions))} symmetry functions for each "
        f"atom, cut-off function {header['functions']['cutoff_kind']}."
    )


def _training(header: dict[str, Any], name: str) -> None:
    report = header["training"]
    training_origin.draw(report["data"].get("settings", {}), SETTINGS)
    errors_view.table(report, errors_view.IN_CHECKPOINT)
    calibration = header["calibration"]
    if calibration and "test" in calibration:
        st.markdown("**Does it know what it does not know?**")
        errors_view.reliability(header, f"own-card-{name}")
    components.nothing(
        "It knows only structures like those it was trained on: results carry a sign where a "
        "crystal leaves them.",
        icon=":material/fence:",
    )
