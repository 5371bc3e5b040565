"""A training: its errors while it runs, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import components

if TYPE_CHECKING:
    from jobs.store import Job


def errors(job: Job) -> None:
    """Draw the errors so far."""


def draw(job: Job) -> None:
    """Draw the result."""
