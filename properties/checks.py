"""Checks and cautions: what every result carries beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from properties.frozen import Frozen


@dataclass(frozen=True)
class Check(Frozen):
    """One check of a result: a figure, its limit, and the verdict.

    Attributes
    ----------
    code
        Stable key, such as ``born_stable``.
    label
        Short name for a badge.
    passed
        ``False`` puts a warning on every number downstream.
    message
        A plain sentence with the figure and the limit in it.
    """

    code: str
    label: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Caution(Frozen):
    """A warning that goes with a result: code, stage and a plain sentence."""

    code: str
    stage: str
    message: str
