"""Whether structures lie outside of what a model was trained on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from properties.checks import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ase import Atoms

    from mlpcore.potential import Extrapolation, Potential

LIMIT = 0.01
"""Part of the range of the training data by which a descriptor may exceed it."""

CODE = "extrapolation"
"""End of the code of each check that is made here."""

PARTS = {"relax": "structure", "phonons": "phonons", "thermal": "expansion"}
"""What the stages are called in a label; others by their own names."""

FUNCTION = " Symmetry function: "
"""Before the last sentence of a message, which only those who know the functions need."""

_G2 = re.compile(r"(?P<centre>\w+): G2 (?P<neighbour>\w+), .*r_s = (?P<place>[\d.]+) Å")
_ANGLES = re.compile(r"(?P<centre>\w+): G[45] (?P<one>\w+)-(?P<other>\w+),")
_ON_PAPER = {"G2 ": "G² ", "G4 ": "G⁴ ", "G5 ": "G⁵ ", "r_s": "rₛ"}


def checks(
    potential: Potential, code: str, structures: Mapping[str, Sequence[Atoms]]
) -> tuple[Check, ...]:
    """Compare structures with the training data of a model.

    Parameters
    ----------
    code
        Of the check: the stage, and :data:`CODE`.
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
    outside = {}
    for name, batch in structures.items():
        worst = max((next(rest) for _ in batch), key=_excess, default=None)
        if worst is not None and _excess(worst) > LIMIT:
            outside[name] = worst
    if not outside:
        message = f"Every atom of {' and '.join(structures)} is within the training data."
        return (Check(code, "Inside the training data", True, message),)
    stage = code.partition("_")[0]
    label = f"Outside the training data ({PARTS.get(stage, stage)})"
    return (Check(code, label, False, _message(outside)),)


def _excess(one: Extrapolation) -> float:
    return float(one.excess.max(initial=0.0))


def _message(outside: Mapping[str, Extrapolation]) -> str:
    told = " ".join(_words(name, worst) for name, worst in outside.items())
    names = dict.fromkeys(worst.worst for worst in outside.values())
    functions = [on_paper(name) for name in names if where(name) != name]
    return (
        f"{told} There the model extrapolates, and its numbers may be far off. Add such "
        "structures to the training data, or choose a model that knows them."
        + (f"{FUNCTION}{'; '.join(functions)}." if functions else "")
    )


def _words(name: str, one: Extrapolation) -> str:
    several = any(word.endswith("s") for word in name.split())
    count = f"{int((one.excess > LIMIT).sum())} of {len(one.excess)} atoms, "
    return (
        f"{name[:1].upper()}{name[1:]} {'reach' if several else 'reaches'} "
        f"{100 * _excess(one):.0f} % beyond what the model has seen "
        f"({count if len(one.excess) > 1 else ''}limit {100 * LIMIT:g} %), most in "
        f"{where(one.worst)}."
    )


def where(worst: str) -> str:
    """Say in plain words what a descriptor looks at.

    Parameters
    ----------
    worst
        As :class:`Extrapolation` names it; one that is not known here stays as it is.
    """
    if found := _G2.match(worst):
        around = _of(found["centre"], {found["neighbour"]})
        place = float(found["place"])
        if not place:
            return f"the nearest {found['neighbour']} neighbours{around}"
        return f"the {found['neighbour']} neighbours{around} at about {place:.1f} Å"
    if found := _ANGLES.match(worst):
        pair = dict.fromkeys((found["one"], found["other"]))
        return f"the angles between {' and '.join(pair)} neighbours{_of(found['centre'], pair)}"
    return worst


def _of(centre: str, neighbours: Iterable[str]) -> str:
    """Name the atom in the middle where it is another element than its neighbours."""
    return "" if set(neighbours) == {centre} else f" of {centre}"


def on_paper(worst: str) -> str:
    """Return the name of a descriptor with indices as in print."""
    for plain, printed in _ON_PAPER.items():
        worst = worst.replace(plain, printed)
    return worst
