"""Checks that a structure is a crystal, made once for all file formats."""

from __future__ import annotations

import numpy as np
from ase.data import atomic_numbers
from ase.geometry import minkowski_reduce
from ase.neighborlist import primitive_neighbor_list
from numpy.typing import NDArray

from mlpcore.errors import StructureError
from properties import symmetry
from properties.crystal import Crystal
from properties.spec import MAX_INPUT_ATOMS
from properties.structure_sites import RawStructure, require_count, require_lattice

MIN_DISTANCE_A = 0.5
"""Atoms closer than this are taken for a mistake; the shortest bond, H–H, has 0.74 Å."""

MAX_GAP_A = 8.0
"""An empty layer thicker than this is vacuum; layered crystals have gaps below 7 Å."""

MAX_GAP_ALL_SIDES_A = 5.0
"""Empty layers this thick in three directions: a molecule or an atom in a box."""

MAX_FRACTIONAL = 100.0


def checked(raw: RawStructure, name: str) -> Crystal:
    """Return the crystal, right-handed, atoms within the cell, once all checks passed.

    Parameters
    ----------
    raw
        Structure as the file has it.
    name
        What to call it in messages.

    Raises
    ------
    StructureError
        It is not a crystal that can be calculated.
    """
    where = f"{name} ({raw.label[:40]})" if raw.label else name
    try:
        crystal = _tidy(raw)
        _require_distances(crystal)
        _require_no_vacuum(crystal)
        _require_size(crystal)
    except StructureError as error:
        raise StructureError(f"{where} cannot be used: {error}") from error
    return crystal


def _tidy(raw: RawStructure) -> Crystal:
    """Wrap the atoms into the cell; turn a left-handed cell by inverting all vectors."""
    require_count(len(raw.symbols))
    require_lattice(raw.lattice_a)
    if not np.isfinite(raw.fractional).all() or np.abs(raw.fractional).max() > MAX_FRACTIONAL:
        raise StructureError(
            "an atom lies far outside the cell or has no position. Perhaps Cartesian "
            "positions are marked as fractional (direct) ones: check the coordinates."
        )
    hand = np.sign(np.linalg.det(raw.lattice_a))
    atomic = np.array([atomic_numbers[symbol] for symbol in raw.symbols])
    return Crystal(hand * raw.lattice_a, atomic, np.mod(hand * raw.fractional, 1.0))


def _require_distances(crystal: Crystal) -> None:
    first, second, distance = primitive_neighbor_list(
        "ijd",
        (True, True, True),
        crystal.lattice_a,
        crystal.to_atoms().positions,
        MIN_DISTANCE_A,
        self_interaction=False,
    )
    if not len(distance):
        return
    worst = int(np.argmin(distance))
    i, j = int(first[worst]), int(second[worst])
    names = [f"{crystal.symbols[k]} (atom {k + 1})" for k in (i, j)]
    pair = f"{names[0]} and its own periodic image" if i == j else " and ".join(names)
    raise StructureError(
        f"{pair} are only {distance[worst]:.2f} Å apart, and at least {MIN_DISTANCE_A:g} Å is "
        "needed. Remove the doubled atom or correct the cell and the positions."
    )


def _empty_layers_a(crystal: Crystal) -> NDArray[np.float64]:
    """Thickest layer without atoms along each vector of the reduced cell, in Å."""
    reduced, change = minkowski_reduce(crystal.lattice_a)
    fractional = np.sort(np.mod(crystal.fractional @ np.linalg.inv(change), 1.0), axis=0)
    gaps = np.diff(fractional, axis=0, append=fractional[:1] + 1.0)
    heights = 1.0 / np.linalg.norm(np.linalg.inv(reduced), axis=0)
    return np.asarray(gaps.max(axis=0) * heights)


def _require_no_vacuum(crystal: Crystal) -> None:
    gaps = _empty_layers_a(crystal)
    sizes = " × ".join(f"{gap:.1f}" for gap in gaps)
    if gaps.min() > MAX_GAP_ALL_SIDES_A:
        raise StructureError(
            f"it is a molecule or an atom in a box (empty space of {sizes} Å around it), but "
            "elastic constants, phonons and expansion need a bulk crystal. Give a cell that "
            "is filled with atoms."
        )
    if gaps.max() > MAX_GAP_A:
        kind = "a surface slab or a sheet" if (gaps > MAX_GAP_A).sum() == 1 else "a wire"
        raise StructureError(
            f"it is {kind} beside {gaps.max():.1f} Å of vacuum, where bulk elastic constants "
            f"have no meaning; gaps of up to {MAX_GAP_A:g} Å are taken. Give the bulk crystal."
        )


def _require_size(crystal: Crystal) -> None:
    if len(crystal) <= MAX_INPUT_ATOMS:
        return
    size = len(symmetry.analyse(crystal).primitive)
    if size > MAX_INPUT_ATOMS:
        raise StructureError(
            f"its primitive cell holds {size} atoms, and at most {MAX_INPUT_ATOMS} can be "
            "calculated. Choose a crystal with a smaller cell."
        )
