"""Random structures across the periodic table, as hard on a potential as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, covalent_radii

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROTOTYPES = ("fcc", "bcc", "sc", "diamond", "rocksalt", "zincblende", "cesiumchloride")
ONE_KIND = 4
"""The first prototypes hold one kind of atom, the others two."""
SHORTEST_IN_GAS_A = 1.2
MOST_PAIRS = 5000


def random_structures(count: int, elements: Sequence[str], seed: int) -> Iterator[Atoms]:
    """Yield `count` structures of the given elements, kinds of structure in turn."""
    rng = np.random.default_rng(seed)
    makers = (_crystal, _small_cell, _gas, _crystal, _short_pair, _large_crystal, _isolated)
    for index in range(count):
        yield makers[index % len(makers)](rng, elements)


def _crystal(rng: np.random.Generator, elements: Sequence[str]) -> Atoms:
    """Return a rattled, strained supercell of a prototype, 1 to 64 atoms."""
    return _prototype(rng, elements, repeats=rng.integers(1, 3, size=3))


def _large_crystal(rng: np.random.Generator, elements: Sequence[str]) -> Atoms:
    """Return the same with up to 200 atoms, fewer where they are dense.

    Memory of the package's own code grows with the pairs, by a megabyte each.
    """
    cell = _prototype(rng, elements, repeats=np.array([1, 1, 1]))
    neighbours = 4 / 3 * np.pi * 5.0**3 * len(cell) / cell.get_volume()
    most_atoms = min(200.0, MOST_PAIRS / neighbours)
    most = max(1, int((most_atoms / len(cell)) ** (1 / 3)))
    return _rattled(rng, cell * (most, most, most))


def _small_cell(rng: np.random.Generator, elements: Sequence[str]) -> Atoms:
    """Return one or two atoms in a skewed cell smaller than the cut-off."""
    symbols = rng.choice(elements, size=rng.integers(1, 3))
    length = (len(symbols) * rng.uniform(10, 30)) ** (1 / 3)
    cell = length * (np.eye(3) + rng.uniform(-0.3, 0.3, size=(3, 3)))
    return Atoms(symbols, scaled_positions=_spread(rng, len(symbols)), cell=cell, pbc=True)


def _gas(rng: np.random.Generator, elements: Sequence[str]) -> Atoms:
    """Return up to 20 atoms at random places, none closer than 1.2 Å to another."""
    n_atoms = int(rng.integers(2, 21))
    length = (n_atoms * rng.uniform(15, 60)) ** (1 / 3)
    atoms = Atoms(cell=[length] * 3, pbc=True)
    while len(atoms) < n_atoms:
        atoms += Atoms([rng.choice(elements)], positions=rng.uniform(0, length, size=(1, 3)))
        if (
            len(atoms) > 1
            and atoms.get_distances(-1, range(len(atoms) - 1), mic=True).min() < 1.2
        ):
            del atoms[-1]
    return atoms


def _short_pair(rng: np.random.Generator, elements: Sequence[str]) -> Atoms:
    """Return a crystal of which one atom has come within 0.6 to 1 Å of another."""
    atoms = _prototype(rng, elements, repeats=np.array([2, 1, 1]))
    vectors = atoms.get_distances(0, range(1, len(atoms)), mic=True, vector=True)
    nearest = vectors[np.linalg.norm(vectors, axis=1).argmin()]
    length = float(np.linalg.norm(nearest))
    atoms.positions[0] += nearest * (1 - rng.uniform(0.6, 1.0) / length)
    return atoms


def _isolated(rng: np.random.Generator, elements: Sequence[str]) -> Atoms:
    """Return one atom without any neighbour, or two."""
    symbols = rng.choice(elements, size=rng.integers(1, 3))
    positions = np.array([[1.0, 2.0, 3.0], [10.0, 10.5, 11.0]])[: len(symbols)]
    return Atoms(symbols, positions=positions, cell=[18.0, 19.0, 20.0], pbc=True)


def _prototype(rng: np.random.Generator, elements: Sequence[str], repeats: np.ndarray) -> Atoms:
    kind = int(rng.integers(len(PROTOTYPES)))
    first, second = rng.choice(elements, size=2, replace=False)
    radii = [covalent_radii[atomic_numbers[s]] for s in (first, second)]
    nearest = (2 * radii[0] if kind < ONE_KIND else sum(radii)) * rng.uniform(0.95, 1.25)
    name = PROTOTYPES[kind]
    symbols = first if kind < ONE_KIND else first + second
    unit = bulk(symbols, name, a=1.0)
    distances = (unit * (3, 3, 3)).get_all_distances(mic=True)
    shortest = distances[distances > 0.01].min()
    unit.set_cell(unit.cell * (nearest / shortest), scale_atoms=True)
    return _rattled(rng, unit * tuple(repeats))


def _rattled(rng: np.random.Generator, atoms: Atoms) -> Atoms:
    strain = rng.uniform(-0.05, 0.05, size=(3, 3))
    atoms.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    atoms.positions += rng.normal(scale=rng.uniform(0.0, 0.15), size=(len(atoms), 3))
    return atoms


def _spread(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])[:count] + rng.uniform(
        -0.05, 0.05, size=(count, 3)
    )
