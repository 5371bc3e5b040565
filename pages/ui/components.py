"""Small parts that the pages share: plots, figures with units, badges of checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd  # noqa: F401 - whole before plotly, in another thread, finds half of it
import streamlit as st

from pages.ui import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import plotly.graph_objects as go

    from properties.checks import Check

PLOT_BUTTONS = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["lasso2d", "select2d"],
}
MOST_ROWS = 40
"""Longer tables scroll in themselves."""

STATE_COLOURS = {
    "queued": "gray",
    "running": "blue",
    "finished": "green",
    "failed": "red",
    "cancelled": "orange",
    "waiting": "gray",
}
STATE_ICONS = {
    "queued": ":material/schedule:",
    "running": ":material/autorenew:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "waiting": ":material/schedule:",
}


@dataclass(frozen=True)
class Figure:
    """A number to show: label, value with unit, and a word of explanation."""

    label: str
    value: str
    help: str | None = None


def plot(chart: go.Figure, key: str, caption: str = "") -> None:
    """Draw a chart with the shared buttons; `key` also names its picture file."""
    picture = {"format": "png", "scale": 3, "filename": key}
    st.plotly_chart(chart, key=key, config={**PLOT_BUTTONS, "toImageButtonOptions": picture})
    if caption:
        st.caption(caption)


def figure(item: Figure, failed: Sequence[Check] = ()) -> None:
    """Show one number; where a check failed, it carries the sign of it."""
    flagged = bool(failed) and item.value != text.NOTHING
    st.metric(
        f"{item.label} :orange[:material/warning:]" if flagged else item.label,
        item.value,
        help="\n\n".join(text.sentence(c.message) for c in failed) if flagged else item.help,
        width="content",
    )


def figures(items: Sequence[Figure], failed: Sequence[Check] = ()) -> None:
    """Show numbers side by side, as many in a row as the screen is wide."""
    with st.container(horizontal=True, gap="medium"):
        for item in items:
            figure(item, failed)


def state_badge(state: str) -> None:
    """Show the state of a job or a stage."""
    st.badge(state, icon=STATE_ICONS[state], color=STATE_COLOURS[state])  # type: ignore[arg-type]


def check_badges(checks: Iterable[Check]) -> None:
    """Show the checks as badges, failed ones first, the sentence on hover."""
    ordered = sorted(checks, key=lambda check: check.passed)
    with st.container(horizontal=True, gap="small"):
        for check in ordered:
            check_badge(check)


def check_badge(check: Check, with_sentence: bool = True) -> None:
    """Show the verdict of one check, its sentence on hover."""
    st.badge(
        check.label,
        icon=":material/check:" if check.passed else ":material/warning:",
        color="green" if check.passed else "orange",
        help=text.sentence(check.message) if with_sentence else None,
    )


def failed_notice(failed: Sequence[Check]) -> None:
    """Say in full what failed, above the numbers that it touches."""
    if failed:
        lines = "\n".join(
            f"- **{check.label}:** {text.sentence(check.message)}" for check in failed
        )
        st.warning(
            f"Read these numbers with care: a check failed.\n\n{lines}",
            icon=":material/warning:",
        )


def table(rows: Sequence[dict[str, str]]) -> None:
    """Show rows of ready-made text, all at once unless there are very many."""
    height: Literal["content", "auto"] = "content" if len(rows) <= MOST_ROWS else "auto"
    st.dataframe(list(rows), hide_index=True, width="stretch", height=height)


def nothing(sentence: str, icon: str = ":material/hourglass_empty:") -> None:
    """Say why there is nothing here yet."""
    st.info(sentence, icon=icon)
