"""Random cells around a crystal: strained, rattled, each from a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.build import bulk, make_supercell
from ase.dft.kpoints import monkhorst_pack
from ase.geometry.minkowski_reduction import minkowski_reduce

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

CRYSTALS = {"Si": ("diamond", 5.47), "NaCl": ("rocksalt", 5.69)}
"""Structure and lattice constant in Å, near that of PBE."""


@dataclass(frozen=True)
class Range:
    """From what range cells are drawn.

    Attributes
    ----------
    cycle
        Atoms of the cells that follow each other: 8 are the cubic cell, 2 the primitive one,
        16 its double, and 6 one of the :data:`THIRDS`.
    strain
        Least and largest bound of the components of the strain.
    rattle_a
        Least and largest width of the displacements in Å.
    volumetric
        Bound of a strain alike in all directions that comes on top.
    volumes
        Numbers of atoms of the cells that get it.
    """

    cycle: tuple[int, ...]
    strain: tuple[float, float]
    rattle_a: tuple[float, float]
    volumetric: float
    volumes: tuple[int, ...]


RANGES = {
    "wide": Range((8, 8, 2, 8, 16, 8, 8), (0.005, 0.04), (0.02, 0.25), 0.027, (2,)),
    "gentle": Range((8, 2, 8, 8, 16, 8, 8), (0.003, 0.025), (0.005, 0.1), 0.02, (2, 8, 16)),
    "long": Range((6,), (0.003, 0.02), (0.01, 0.12), 0.015, (6,)),
}
"""Wide ones reach far from the crystal; gentle ones are what elastic constants, phonons and
thermal expansion are made of. Both hold waves with nodes at most a lattice constant apart (Γ, X
and L); long ones hold those of three primitive cells."""


THIRDS = tuple(
    np.array(rows)
    for rows in (
        *([[1, 0, i], [0, 1, j], [0, 0, 3]] for i in range(3) for j in range(3)),
        *([[1, i, 0], [0, 3, 0], [0, 0, 1]] for i in range(3)),
        [[3, 0, 0], [0, 1, 0], [0, 0, 1]],
    )
)
"""The 13 lattices of three primitive cells; each holds one of the 13 pairs of wave vectors with
coordinates in thirds of the reciprocal lattice."""


@dataclass(frozen=True)
class Sampled:
    """A cell, the seed it follows from, and the width of its displacements in Å."""

    atoms: Atoms
    seed: int
    width_a: float

    @property
    def source(self) -> str:
        """What the cell is, in words; each is a draw of its own."""
        what = f"rattled {self.width_a:.2f} Å" if self.width_a else "strained"
        return f"{what}, {len(self.atoms)} atoms, seed {self.seed}"


def sample(crystal: str, first_seed: int, number: int, reach: str = "wide") -> Sampled:
    """Draw a cell.

    The strain is symmetric with components below a bound that is itself drawn, and so is the
    width of the normal deviates by which atoms are displaced; :data:`RANGES` has the ranges.
    Every other primitive cell keeps its atoms in place.
    """
    rng, drawn = np.random.default_rng(first_seed + number), RANGES[reach]
    kind = drawn.cycle[number % len(drawn.cycle)]
    atoms = cell(crystal, kind) if kind != 6 else third(crystal, int(rng.integers(13)))
    bound = rng.uniform(*drawn.strain)
    strain = rng.uniform(-bound, bound, (3, 3))
    strain = (strain + strain.T) / 2
    if kind in drawn.volumes:
        strain += np.eye(3) * rng.uniform(-drawn.volumetric, drawn.volumetric)
    in_place = kind == 2 and number % 2 == 0
    width = 0.0 if in_place else rng.uniform(*drawn.rattle_a)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    if width:
        atoms.positions += rng.normal(0, width, atoms.positions.shape)
    return Sampled(atoms, first_seed + number, width)


def cell(crystal: str, n_atoms: int) -> Atoms:
    """Return the perfect crystal in a cell of 2, 8 (cubic) or 16 atoms."""
    structure, lattice_a = CRYSTALS[crystal]
    if n_atoms == 8:
        return bulk(crystal, structure, a=lattice_a, cubic=True)
    primitive = bulk(crystal, structure, a=lattice_a)
    return primitive if n_atoms == 2 else primitive * (2, 2, 2)


def cells(crystal: str) -> list[Atoms]:
    """Return the perfect crystal in all cells that are drawn from but the primitive one."""
    thirds = [third(crystal, number) for number in range(len(THIRDS))]
    return [cell(crystal, 8), cell(crystal, 16), *thirds]


def third(crystal: str, number: int) -> Atoms:
    """Return the perfect crystal in a cell of three primitive ones, as compact as it can be."""
    structure, lattice_a = CRYSTALS[crystal]
    primitive = bulk(crystal, structure, a=lattice_a)
    _, change = minkowski_reduce(THIRDS[number] @ primitive.cell.array)
    return make_supercell(primitive, change @ THIRDS[number])


def folded_mesh(crystal: str, atoms: Atoms, divisions: int) -> NDArray[np.float64]:
    """Return the points of a mesh of the primitive cell as seen from a larger cell.

    If the cell is as many primitive ones as divide `divisions`, both sample the very same
    states, and energies per atom agree exactly; otherwise the larger cell samples more.

    Parameters
    ----------
    atoms
        A cell of the crystal, strained by at most a tenth.
    divisions
        Of a Monkhorst–Pack mesh along each reciprocal vector of the primitive cell.

    Returns
    -------
    ndarray
        (k, 3), in units of the reciprocal vectors of `atoms`.
    """
    structure, lattice_a = CRYSTALS[crystal]
    primitive = bulk(crystal, structure, a=lattice_a).cell.array
    supercell = np.rint(atoms.cell.array @ np.linalg.inv(primitive))
    points = monkhorst_pack((divisions,) * 3) @ supercell.T
    points -= np.floor(points + 0.5 + 1e-9)
    return np.unique(points.round(9), axis=0)
