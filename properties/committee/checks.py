"""Checks of a committee: whether all members answered, and how far they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from properties.checks import Check
from properties.committee import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.committee.members import Answer
    from properties.committee.result import Number

AGREE_LIMIT = 0.15
"""Epistemic part of a headline number, relative to it, that still counts as agreement."""

COMPARED = (numbers.BULK, numbers.SHEAR, numbers.HIGHEST, numbers.ALPHA)
"""The main numbers. Others may be near zero by nature, and any spread is large beside zero."""


def of_members(
    names: Sequence[str], answers: Sequence[Answer], found: Sequence[Number]
) -> tuple[Check, ...]:
    """Return the checks of a committee's result."""
    wrong = [
        f"{name[:1].upper()}{name[1:]}: {'; '.join(answer.problems)}."
        for name, answer in zip(names, answers, strict=True)
        if answer.problems
    ]
    everyone = Check(
        "committee_all",
        "Some members failed" if wrong else "All members",
        not wrong,
        " ".join(line.replace("..", ".") for line in wrong)
        or f"All {len(names)} members gave a result.",
    )
    return everyone, *_agreement(found)


def _agreement(found: Sequence[Number]) -> tuple[Check, ...]:
    known = [n for n in found if n.name in COMPARED and np.isfinite(n.relative)]
    if not known:
        return ()
    worst = max(known, key=lambda number: number.relative)
    agree = worst.relative < AGREE_LIMIT
    return (
        Check(
            "committee_agreement",
            "Members agree" if agree else "Members disagree",
            agree,
            f"The members differ most in: {worst.name} {worst.in_words}, which is "
            f"{_per_cent(worst.relative)} (limit {100 * AGREE_LIMIT:g} %).{_of_which(known)}",
        ),
    )


def _of_which(known: Sequence[Number]) -> str:
    """Name the numbers that were compared, for others may differ more."""
    *names, last = (number.name.partition(",")[0].lower() for number in known)
    return f" Compared are only {', '.join(names)} and {last}." if names else ""


def _per_cent(part: float) -> str:
    """Write a share; with a decimal near the limit, so that both are told apart."""
    return f"{100 * part:.{0 if part > 2 * AGREE_LIMIT else 1}f} %"
