"""Displaced supercells of a crystal, and of the same crystal at other volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms

from properties import symmetry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcore.potential import Potential
    from properties.crystal import Crystal

SAME_SITE_A = 0.3
"""Atoms of two supercells closer than this are the same one, at another volume."""


class _Volume(Phonopy):
    """A phonopy object that takes the symmetry of its supercell from another, if it can.

    phonopy's own search goes through every operation of the supercell, 24,000 of them for
    512 atoms of a cubic metal, which takes longer than the forces.
    """

    def __init__(
        self, cell: PhonopyAtoms, matrix: NDArray[np.int64], like: Phonopy | None
    ) -> None:
        self._like = like
        super().__init__(cell, matrix, primitive_matrix=np.eye(3), symprec=symmetry.SYMPREC_A)
        self._like = None

    def _search_symmetry(self) -> None:
        if self._like is not None and _same_sites(self.supercell, self._like.supercell):
            self._symmetry = self._like.symmetry
        else:
            super()._search_symmetry()


def _same_sites(cell: PhonopyAtoms, other: PhonopyAtoms) -> bool:
    """Whether two supercells hold the same atoms in the same order, but for small shifts."""
    if not np.array_equal(cell.numbers, other.numbers):
        return False
    apart = cell.scaled_positions - other.scaled_positions
    apart = (apart - np.round(apart)) @ cell.cell
    return bool(np.linalg.norm(apart, axis=1).max() < SAME_SITE_A)


def displaced(
    crystal: Crystal,
    matrix: NDArray[np.int64],
    distance_a: float,
    like: Phonopy | None = None,
) -> Phonopy:
    """Return a phonopy object with the symmetry-reduced displacements of `crystal`.

    Parameters
    ----------
    crystal
        Standard primitive cell; phonopy is told to use it as it is.
    matrix
        Rows: supercell vectors in primitive vectors, (3, 3).
    like
        From this function, for the same crystal and matrix at another volume with the same
        symmetry, which is then not searched for again.
    """
    cell = PhonopyAtoms(
        numbers=crystal.numbers,
        masses=crystal.to_atoms().get_masses(),  # phonopy has none for plutonium
        cell=crystal.lattice_a,
        scaled_positions=crystal.fractional,
    )
    phonon = _Volume(cell, np.asarray(matrix).T, like)
    phonon.generate_displacements(distance=distance_a)
    return phonon


def displaced_cells(phonon: Phonopy, key: str) -> dict[str, Atoms]:
    """Return the displaced supercells, by the keys of their forces: ``key/index``."""
    cells = phonon.supercells_with_displacements
    if cells is None:
        raise ValueError("the phonopy object has no displacements: make it with displaced()")
    return {f"{key}/{index}": _to_ase(cell) for index, cell in enumerate(cells)}


def forces_at_rest(phonon: Phonopy, potential: Potential) -> NDArray[np.float64]:
    """Return the forces on the supercell without displacements, (n, 3), in eV/Å.

    What the relaxation left of them is no response to a displacement. Divided by one and
    summed over a large supercell at Γ, a few meV/Å make an optical mode imaginary.
    """
    (found,) = potential.evaluate([_to_ase(phonon.unitcell)])
    supercell = phonon.supercell
    return found.forces_ev_per_a[[supercell.u2u_map[i] for i in supercell.s2u_map]]


def _to_ase(cell: PhonopyAtoms) -> Atoms:
    return Atoms(
        numbers=cell.numbers, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True
    )
