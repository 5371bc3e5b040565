"""Forces on many structures, evaluated in groups, each kept as soon as its group is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.potential import Potential
    from properties.progress import Pieces


def forces(
    structures: Mapping[str, Atoms],
    potential: Potential,
    pieces: Pieces,
    report: Callable[[int], None],
) -> dict[str, NDArray[np.float64]]:
    """Return the forces on each structure, evaluating those that are not yet kept.

    Parameters
    ----------
    structures
        By the key under which the forces are kept.
    potential
        Its ``batch_atoms`` limits the atoms of a group; one structure is always a group.
    report
        Called with the number of finished structures before each group and at the end.

    Raises
    ------
    Cancelled
        Raised by `report`; finished groups are kept.
    """
    kept = {key: pieces.get(key) for key in structures}
    found = {key: piece["forces"] for key, piece in kept.items() if piece is not None}
    missing = {key: atoms for key, atoms in structures.items() if key not in found}
    for group in groups(missing, potential.batch_atoms):
        report(len(found))
        evaluated = potential.evaluate([structures[key] for key in group])
        for key, one in zip(group, evaluated, strict=True):
            pieces.put(key, {"forces": one.forces_ev_per_a})
            found[key] = one.forces_ev_per_a
    report(len(found))
    return found


def groups(structures: Mapping[str, Atoms], most_atoms: int) -> Iterator[list[str]]:
    """Split keys, in their order, into groups of at most `most_atoms` atoms together."""
    group: list[str] = []
    n_atoms = 0
    for key, atoms in structures.items():
        if group and n_atoms + len(atoms) > most_atoms:
            yield group
            group, n_atoms = [], 0
        group.append(key)
        n_atoms += len(atoms)
    if group:
        yield group
