"""Errors of an own potential by part of its data, for results of trainings and for cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui import components, text
from properties.plots import training as plots

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = {plots.FORCES: "Forces", plots.ENERGY: "Energy", plots.STRESS: "Stress"}
DECIMALS = {plots.FORCES: 0, plots.ENERGY: 2, plots.STRESS: 3}
PARTS = {
    "train": "Trained on",
    "validation": "Validation",
    "test": "Test, never seen",
    "far": "Far from the training",
}
SOURCES_NAMED = 3

RELIABILITY_WORDS = (
    "Of the errors on the test, which share lies within what the committee claims? On the line "
    "it is right; below, it is too sure of itself. The factor that brings it to the line was "
    "found on the validation frames, not on the test."
)


def error(known: Mapping[str, Any], kind: str) -> str:
    """Return the root mean square error of one kind of labels."""
    return text.NOTHING if known[kind] is None else _rmse(known[kind]["rmse"], kind)


def _rmse(value: float, kind: str) -> str:
    return text.fixed(value, DECIMALS[kind], plots.UNITS[kind])


def table(report: Mapping[str, Any]) -> None:
    """Publish the split and the errors on each part."""
    rows = []
    for part, title in PARTS.items():
        known = report["errors"].get(part)
        if known is not None:
            rows.append(_row(title, known, report["split"][part]["sources"]))
    other = report.get("comparison")
    if other:
        rows.append(_row(f"{other['model']}, on the test", {"committee": other["errors"]}, []))
    components.table(rows)
    st.caption(
        f"Root mean square errors of the committee's mean. Data: {report['data']['file']}, "
        f"{report['data']['n_frames']} frames, SHA-256 {report['data']['sha256'][:16]}. All "
        "sources of each part are in the report among the files."
    )


def _row(title: str, known: Mapping[str, Any], sources: list[str]) -> dict[str, str]:
    named = ", ".join(sources[:SOURCES_NAMED])
    return {
        "Part": title,
        "Frames": str(known.get("n_frames", "")),
        "Sources": f"{len(sources)}" if sources else "",
        **{kind: error(known["committee"], key) for key, kind in KINDS.items()},
        "Such as": named,
    }


def reliability(report: Mapping[str, Any], key: str) -> None:
    """Draw how often the errors are within what the committee claims."""
    for column, kind in zip(st.columns(2), ("force", "energy"), strict=True):
        with column:
            st.markdown(f"**{kind.capitalize()}**")
            components.plot(plots.reliability(report, kind), key=f"{key}-{kind}")
    st.caption(RELIABILITY_WORDS)
