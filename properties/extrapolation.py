"""Whether structures lie outside of what a model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from properties.checks import Check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms

    from mlpcore.potential import Extrapolation, Potential

LIMIT = 0.01
"""Part of the range of the training data by which a descriptor may exceed it."""


def checks(
    potential: Potential, code: str, structures: Mapping[str, Sequence[Atoms]]
) -> tuple[Check, ...]:
    """Compare structures with the training data of a model.

    Parameters
    ----------
    code
        Of the check.
    structures
        By what to call them, such as ``the relaxed cell``.

    Returns
    -------
    One check; none where the model does not know the range of its training data.
    """
    found = potential.extrapolation([atoms for batch in structures.values() for atoms in batch])
    if found is None:
        return ()
    rest = iter(found)
    outside = []
    for name, batch in structures.items():
        worst = max((next(rest) for _ in batch), key=_excess, default=None)
        if worst is not None and _excess(worst) > LIMIT:
            outside.append(_words(name, worst))
    if not outside:
        message = f"Every atom of {' and '.join(structures)} is within the training data."
        return (Check(code, "Inside the training data", True, message),)
    message = (
        f"Outside the training data: {'; '.join(outside)} (limit {100 * LIMIT:g} %). There the "
        "model extrapolates, and its numbers may be far off. Add such structures to the "
        "training data, or choose a model that knows them."
    )
    return (Check(code, "Outside the training data", False, message),)


def _excess(one: Extrapolation) -> float:
    return float(one.excess.max(initial=0.0))


def _words(name: str, one: Extrapolation) -> str:
    count = int((one.excess > LIMIT).sum())
    atoms = f"{count} of {len(one.excess)} atoms"
    where = f", in {one.worst}" if one.worst else ""
    return f"{name} by {100 * _excess(one):.0f} % of the range ({atoms}{where})"
