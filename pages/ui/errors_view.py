"""Errors of an own potential by part of its data, for results of trainings and for cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from mlpcore import registry
from mlpcore.errors import MLPError
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
SOURCES_NAMED = 2

RELIABILITY_WORDS = (
    "Of the errors on the test, which share lies within what the committee claims? On the line "
    "it is right; below, it is too sure of itself; above, less sure than it could be. What "
    "counts is the solid curve. Factors were measured on the validation frames, not on the "
    "test."
)
NOT_NARROWED = (
    "A factor below one is never applied: it would make the committee surer of itself than its "
    "members are, on the word of a few frames."
)
WITH_NOISE = "The interval contains the noise that the networks expect in the labels."
IN_REPORT = "All sources of each part are in report.json among the files."
IN_CHECKPOINT = "All sources of each part are in the file of the potential."


def error(known: Mapping[str, Any], kind: str) -> str:
    """Return the root mean square error of one kind of labels."""
    return text.NOTHING if known[kind] is None else _rmse(known[kind]["rmse"], kind)


def _rmse(value: float, kind: str) -> str:
    return text.fixed(value, DECIMALS[kind], plots.UNITS[kind])


def table(report: Mapping[str, Any], sources: str = IN_REPORT) -> None:
    """Publish the split and the errors on each part.

    Parameters
    ----------
    sources
        Sentence that says where all sources are.
    """
    rows = []
    for part, title in PARTS.items():
        known = report["errors"].get(part)
        if known is not None:
            rows.append(_row(title, known, report["split"][part]["sources"]))
    other = report.get("comparison")
    if other:
        title = f"{_title(other)}, on the test"
        rows.append(_row(title, {"committee": other["errors"]}, []))
    components.table(rows)
    st.caption(
        f"Root mean square errors of the committee's mean. Data: {report['data']['file']}, "
        f"{report['data']['n_frames']} frames, SHA-256 {report['data']['sha256'][:16]}. "
        f"{sources}"
    )


def _title(other: Mapping[str, Any]) -> str:
    """Return the name of the model that a committee was compared with."""
    if "title" in other:
        return str(other["title"])
    try:
        return registry.info(other["model"]).title
    except MLPError:
        return str(other["model"])


def _row(title: str, known: Mapping[str, Any], sources: list[str]) -> dict[str, str]:
    named = "; ".join(sources[:SOURCES_NAMED])
    return {
        "Part": title,
        "Frames": str(known.get("n_frames", "")),
        "Sources": f"{len(sources)}" if sources else "",
        **{kind: error(known["committee"], key) for key, kind in KINDS.items()},
        "Such as": named,
    }


def reliability(report: Mapping[str, Any], key: str) -> None:
    """Draw how often the errors are within what the committee claims."""
    known = report["calibration"]
    factors = {kind: float(known[f"{kind}_factor"]) for kind in ("force", "energy")}
    for column, (kind, factor) in zip(st.columns(2), factors.items(), strict=True):
        with column:
            st.markdown(f"**{kind.capitalize()}** · {_applied(factor)}")
            components.plot(plots.reliability(report, kind), key=f"{key}-{kind}")
    said = [RELIABILITY_WORDS]
    if min(factors.values()) < 1:
        said.append(NOT_NARROWED)
    if any(part.get("rms_aleatoric", 0) > 0 for part in known["test"].values()):
        said.append(WITH_NOISE)
    st.caption(" ".join(said))


def _applied(factor: float) -> str:
    """Say what becomes of the members' spread."""
    written = text.fixed(factor, 2)
    if factor < 1:
        return f"spread of the members as it is (measured {written}, not applied)"
    return f"spread of the members times {written}"
