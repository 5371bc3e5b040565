"""Born charges of common polar crystals, each with its source."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from properties import symmetry
from properties.crystal import Crystal
from properties.vibrations import born_sites
from properties.vibrations.born_charges import BornCharges

if TYPE_CHECKING:
    from properties.symmetry import Symmetry

FloatArray = NDArray[np.float64]

FILE = Path(__file__).with_name("born_library.json")

EVIDENCE = {"stored": "read in the source", "textbook": "recalled, good to some percent"}
"""How an entry of the library is known."""

MIRROR_IMAGES = {154: 152}
"""Space groups that differ by their hand alone are kept under one number."""


@cache
def entries() -> tuple[dict[str, Any], ...]:
    """Return the library as it is stored."""
    return tuple(json.loads(FILE.read_text(encoding="utf-8"))["crystals"])


def library_born(crystal: Crystal) -> BornCharges | None:
    """Return the charges of a known crystal for the cell as it is given, if it is one.

    Formula and space group must be those of an entry (either hand of a chiral crystal will
    do), and its atoms must lie where those of the entry do.
    """
    found = symmetry.analyse(crystal)
    group = MIRROR_IMAGES.get(found.number, found.number)
    for entry in entries():
        if (entry["formula"], entry["space_group"]) != (crystal.formula, group):
            continue
        known = _by_element if "by_element" in entry else _by_site
        born = known(entry, crystal, found)
        if born is not None:
            return born
    return None


def _source(entry: dict[str, Any]) -> str:
    return f"{entry['source']} ({EVIDENCE[entry['evidence']]})"


def _by_element(entry: dict[str, Any], crystal: Crystal, found: Symmetry) -> BornCharges:
    """Diagonal tensors in the axes of the standard cell, the same for all of an element."""
    back = found.rotation.T
    tensors = {
        symbol: back @ np.diag(values) @ back.T
        for symbol, values in entry["by_element"].items()
    }
    return BornCharges(
        back @ np.diag(entry["dielectric"]) @ back.T,
        np.array([tensors[symbol] for symbol in crystal.symbols]),
        _source(entry),
    )


def _by_site(entry: dict[str, Any], crystal: Crystal, found: Symmetry) -> BornCharges | None:
    """Tensors of the independent atoms of a stored cell, carried over to the given one."""
    stored = Crystal(
        np.array(entry["lattice_a"]), np.array(entry["numbers"]), np.array(entry["fractional"])
    )
    own = symmetry.analyse(stored)
    match = born_sites.matched_freely(found.primitive, own.primitive)
    to_own = born_sites.matched(stored, own.primitive, own.rotation)
    to_found = born_sites.matched(crystal, found.primitive, found.rotation)
    if match is None or to_own is None or to_found is None:
        return None
    independent = {int(atom): np.array(z) for atom, z in entry["charges_e"].items()}
    charges = born_sites.from_independent(stored, independent)
    places = match[1][to_found[0]]
    rows = np.array([int(np.flatnonzero(to_own[0] == place)[0]) for place in places])
    turn = (own.rotation.T @ match[0] @ found.rotation).T
    dielectric = born_sites.symmetrised(stored, np.array(entry["dielectric"]))
    return BornCharges(
        turn @ dielectric @ turn.T,
        np.array([turn @ z @ turn.T for z in charges[rows]]),
        _source(entry),
    )
