"""Calculations that go on from one that is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from mlpcore.errors import SpecError
from pages.ui import session, stored

if TYPE_CHECKING:
    from jobs.store import Job


def start(job: Job, **changes: Any) -> None:
    """Submit the calculation of a job with changes, and go to its page.

    What is known already is taken over, so that only the rest is computed; with another
    crystal that is nothing.

    Parameters
    ----------
    changes
        Fields of :class:`properties.spec.Spec`.
    """
    spec = replace(job.spec, **changes)
    known = None if "structure" in changes else job.id
    session.open_job(stored.store().submit(spec, takes_over=known))


def button(job: Job, label: str, key: str, icon: str, **changes: Any) -> None:
    """Offer a calculation that goes on from a job; see :func:`start`."""
    busy = job.state in stored.ACTIVE
    if st.button(
        label,
        key=key,
        icon=icon,
        disabled=busy,
        help="As soon as this calculation has ended." if busy else None,
    ):
        start(job, **changes)


def with_stage(job: Job, stage: str) -> dict[str, tuple[str, ...]]:
    """Return the change that adds a stage to a job."""
    if stage in job.spec.properties:
        raise SpecError(f"The calculation has the part {stage} already.")
    return {"properties": (*job.spec.properties, stage)}
