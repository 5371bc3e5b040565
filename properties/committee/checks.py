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
        "All members",
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
    return (
        Check(
            "committee_agreement",
            "Members agree",
            worst.relative < AGREE_LIMIT,
            f"The members differ most in: {worst.name} {worst.in_words}, which is "
            f"{100 * worst.relative:.1f} % (limit {100 * AGREE_LIMIT:g} %).",
        ),
    )
