"""Directions of the order parameter of a soft mode, found from symmetry alone.

The waves of one soft mode span a space that every operation of the undistorted crystal
takes into itself. By the equivariant branching lemma (Golubitsky, Stewart and Schaeffer,
Singularities and Groups in Bifurcation Theory II, chapter XIII), distortions along lines
that a subgroup alone holds fixed lead to stationary phases: (a, 0, 0), (a, a, 0) and
(a, a, a) for a polar mode of a cube. These lines are found as intersections of the spaces
that single operations leave unmoved.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import spglib
from numpy.typing import NDArray

from properties import symmetry
from properties.crystal import Crystal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.vibrations.soft_mode_search import Wave

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]

SAME = 1e-3
"""Components of unit vectors closer than this are equal; eigenvectors are good to 1e-4."""

MOST_SPACES = 400
"""Where a space of many dimensions has more fixed subspaces, the rest is left out."""


@dataclass(frozen=True)
class Cell:
    """A supercell of the primitive cell with the place of each atom in it.

    Attributes
    ----------
    matrix
        Rows: supercell vectors in primitive vectors, (3, 3).
    crystal
        The undistorted supercell.
    site
        Index of each atom in the primitive cell, (N,).
    place
        Its position in units of the primitive vectors, (N, 3).
    masses
        In atomic units, (N,).
    """

    matrix: IntArray
    crystal: Crystal
    site: IntArray
    place: FloatArray
    masses: FloatArray


@dataclass(frozen=True)
class Direction:
    """One way to distort the crystal along a soft mode.

    Attributes
    ----------
    label
        Components of the order parameter: ``(a, a, 0)``.
    cell
        The smallest supercell that holds it.
    pattern_a
        Displacements with the largest of 1 Å, (N, 3).
    symmetric
        Whether an operation of the crystal reverses it.
    n_equivalent
        Directions that symmetry makes equal, both signs counted.
    """

    label: str
    cell: Cell
    pattern_a: FloatArray
    symmetric: bool
    n_equivalent: int


def holding_cell(crystal: Crystal, qpoints: Sequence[FloatArray]) -> Cell:
    """Return the smallest supercell that holds whole waves of all `qpoints`."""
    period = next(
        n
        for n in range(1, 145)
        if all(np.allclose(n * q, np.round(n * q), atol=SAME) for q in qpoints)
    )
    reach = np.arange(-period, period + 1)
    steps = np.array([n for n in itertools.product(reach, repeat=3) if any(n)])
    turns = steps @ np.array(qpoints).T
    held = steps[np.abs(turns - np.round(turns)).max(axis=1) < SAME]
    return _supercell(crystal, _shortest(held, crystal.lattice_a))


def _shortest(steps: IntArray, lattice_a: FloatArray) -> IntArray:
    """Return three shortest independent vectors, right-handed; in 3D they are a basis."""
    lengths = np.round(np.linalg.norm(steps @ lattice_a, axis=1), 6)
    chosen: list[IntArray] = []
    for step in steps[np.lexsort((*(-steps.T), lengths))]:
        if np.linalg.matrix_rank(np.array([*chosen, step])) > len(chosen):
            chosen.append(step)
        if len(chosen) == 3:
            break
    matrix = np.array(chosen)
    return matrix if np.linalg.det(matrix) > 0 else -matrix


def _supercell(crystal: Crystal, matrix: IntArray) -> Cell:
    inverse = np.linalg.inv(matrix)
    corners = np.array(list(itertools.product((0, 1), repeat=3))) @ matrix
    ranges = [
        range(low, high + 1)
        for low, high in zip(corners.min(axis=0), corners.max(axis=0), strict=True)
    ]
    shifts = np.array(list(itertools.product(*ranges)))
    inside = np.round(shifts @ inverse, 9)
    shifts = shifts[((inside >= 0) & (inside < 1)).all(axis=1)]
    place = (crystal.fractional[:, None, :] + shifts[None]).reshape(-1, 3)
    site = np.repeat(np.arange(len(crystal)), len(shifts))
    numbers = crystal.numbers[site]
    whole = Crystal(matrix @ crystal.lattice_a, numbers, place @ inverse)
    return Cell(matrix, whole, site, place, whole.to_atoms().get_masses())


def directions(crystal: Crystal, arms: Sequence[Sequence[Wave]]) -> list[Direction]:
    """Return the inequivalent directions that symmetry singles out.

    Parameters
    ----------
    crystal
        Undistorted standard primitive cell.
    arms
        Degenerate waves of each arm of the star, or of some arms.

    Returns
    -------
    list of Direction
        Those with fewest non-zero components first.
    """
    waves = [wave for arm in arms for wave in arm]
    cell = holding_cell(crystal, [wave.qpoint for wave in waves])
    space = _real_space(cell, waves)
    representation = _representation(cell, space)
    orbits = [_orbit(line, representation) for line in _fixed_lines(representation)]
    orbits = _distinct(orbits) or [_orbit(np.eye(space.shape[1])[0], representation)]
    axes = _axes(orbits)
    return [_direction(crystal, waves, space, orbit, axes) for orbit in orbits]


def _waves(cell: Cell, waves: Sequence[Wave]) -> ComplexArray:
    """Complex mass-weighted displacements of each wave in a cell, (w, 3 N)."""
    return np.array(
        [
            (wave.vector[cell.site] * np.exp(2j * np.pi * cell.place @ wave.qpoint)[:, None])
            for wave in waves
        ]
    ).reshape(len(waves), -1)


def _real_space(cell: Cell, waves: Sequence[Wave]) -> FloatArray:
    """Orthonormal basis of the real displacements that the waves make, (3 N, d)."""
    complex_waves = _waves(cell, waves)
    both = np.concatenate([complex_waves.real, complex_waves.imag])
    _, sizes, rows = np.linalg.svd(both, full_matrices=False)
    return np.asarray(rows[sizes > SAME * sizes[0]].T)


def _representation(cell: Cell, space: FloatArray) -> FloatArray:
    """Matrices of the operations of the undistorted crystal on the order parameter.

    Each distinct one once, (g, d, d).
    """
    crystal = cell.crystal
    atoms: Any = (crystal.lattice_a, crystal.fractional, crystal.numbers)
    found = spglib.get_symmetry(atoms, symprec=symmetry.SYMPREC_A)
    if found is None:
        raise ValueError("the supercell of a crystal has no symmetry operations")
    field = space.reshape(len(crystal), 3, -1)
    matrices: dict[bytes, FloatArray] = {}
    for rotation, shift in zip(found["rotations"], found["translations"], strict=True):
        target = _permutation(crystal.fractional, rotation, shift)
        cartesian = crystal.lattice_a.T @ rotation @ np.linalg.inv(crystal.lattice_a.T)
        moved = np.empty_like(field)
        moved[target] = np.einsum("xy,nyd->nxd", cartesian, field)
        matrix = space.T @ moved.reshape(space.shape)
        matrices.setdefault((np.round(matrix, 2) + 0.0).tobytes(), matrix)
    return np.array(list(matrices.values()))


def _permutation(fractional: FloatArray, rotation: IntArray, shift: FloatArray) -> IntArray:
    """Index of the atom onto which an operation takes each one."""
    images = fractional @ rotation.T + shift
    apart = images[:, None, :] - fractional[None]
    apart -= np.round(apart)
    return np.asarray(np.linalg.norm(apart, axis=2).argmin(axis=1))


def _fixed_lines(representation: FloatArray) -> list[FloatArray]:
    """Unit vectors along the lines that some subgroup alone leaves unmoved."""
    dimension = representation.shape[1]
    if dimension == 1:
        return [np.ones(1)]
    spaces: dict[bytes, FloatArray] = {}
    for matrix in representation:
        _keep(spaces, _unmoved(matrix - np.eye(dimension)))
    waiting = list(spaces.values())
    while waiting and len(spaces) < MOST_SPACES:
        one = waiting.pop()
        for other in list(spaces.values()):
            gaps = np.concatenate([np.eye(dimension) - p @ p.T for p in (one, other)])
            common = _unmoved(gaps)
            if _keep(spaces, common):
                waiting.append(common)
    return [space[:, 0] for space in spaces.values() if space.shape[1] == 1]


def _unmoved(matrix: FloatArray) -> FloatArray:
    """Orthonormal basis of the null space, (d, k)."""
    _, sizes, rows = np.linalg.svd(matrix)
    padded = np.zeros(len(rows))
    padded[: len(sizes)] = sizes
    return np.asarray(rows[padded < 10 * SAME].T)


def _keep(spaces: dict[bytes, FloatArray], space: FloatArray) -> bool:
    """Remember a subspace unless it is empty or known; return whether it is new."""
    key = (np.round(space @ space.T, 2) + 0.0).tobytes()
    if space.shape[1] == 0 or key in spaces:
        return False
    spaces[key] = space
    return True


def _orbit(line: FloatArray, representation: FloatArray) -> FloatArray:
    """Images of a vector under all operations, each once, itself first."""
    images: list[FloatArray] = [line]
    for image in representation @ line:
        if all(np.linalg.norm(image - known) > 10 * SAME for known in images):
            images.append(image)
    return np.array(images)


def _distinct(orbits: list[FloatArray]) -> list[FloatArray]:
    """One of each set of lines that are equivalent, those of few equivalent ones first."""
    kept: list[FloatArray] = []
    for orbit in sorted(orbits, key=len):
        known = (bool((np.abs(other @ orbit[0]) > 1 - SAME).any()) for other in kept)
        if not any(known):
            kept.append(orbit)
    return kept


def _axes(orbits: list[FloatArray]) -> FloatArray:
    """Axes in which the directions look simple: those of one orbit, if they are orthogonal.

    Returns
    -------
    ndarray
        Orthonormal rows, (d, d).
    """
    dimension = orbits[0].shape[1]
    frames = [_orthogonal(orbit, ()) for orbit in orbits]
    axes = max(frames, key=len)
    for orbit in [*orbits, np.eye(dimension)]:
        axes = _orthogonal(orbit, axes)
    for row in np.eye(dimension):
        rest = row - np.array(axes).T @ (np.array(axes) @ row)
        if len(axes) < dimension and np.linalg.norm(rest) > SAME:
            axes = (*axes, rest / np.linalg.norm(rest))
    return np.array(axes)


def _orthogonal(vectors: FloatArray, axes: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """Add those vectors that are orthogonal to all before them."""
    for vector in vectors:
        if all(abs(vector @ axis) < 10 * SAME for axis in axes):
            axes = (*axes, vector)
    return axes


def _direction(
    crystal: Crystal,
    waves: Sequence[Wave],
    space: FloatArray,
    orbit: FloatArray,
    axes: FloatArray,
) -> Direction:
    both = np.concatenate([orbit, -orbit])
    vector = max(both, key=lambda image: _simplicity(axes @ image))
    symmetric = bool((orbit @ orbit[0] < SAME - 1).any())
    cell, pattern = _smallest(crystal, waves, space @ vector)
    return Direction(
        label=_label(axes @ vector),
        cell=cell,
        pattern_a=pattern / np.linalg.norm(pattern, axis=1).max(),
        symmetric=symmetric,
        n_equivalent=len(orbit),
    )


def _simplicity(components: FloatArray) -> tuple[float, ...]:
    rounded = np.round(components, 1) + 0.0
    return (-float((rounded != 0).sum()), -float((rounded < 0).sum()), *rounded)


def _label(components: FloatArray) -> str:
    """Write the components with letters for equal magnitudes: ``(a, −a, 0)``."""
    letters: list[float] = []
    parts = []
    for value in components:
        if abs(value) < 10 * SAME:
            parts.append("0")
            continue
        known = [k for k, size in enumerate(letters) if abs(size - abs(value)) < 10 * SAME]
        if not known:
            letters.append(abs(value))
        letter = "abcdefghijklmnopqrstuvwxyz"[known[0] if known else len(letters) - 1]
        parts.append(letter if value > 0 else f"\N{MINUS SIGN}{letter}")
    return f"({', '.join(parts)})"


def _smallest(
    crystal: Crystal, waves: Sequence[Wave], field: FloatArray
) -> tuple[Cell, FloatArray]:
    """Put a real field, given in the cell of all waves, into the cell of those it is made of.

    Returns
    -------
    cell, displacements
        The latter are no longer weighted with masses; their scale is arbitrary, (N, 3).
    """
    cell = holding_cell(crystal, [wave.qpoint for wave in waves])
    complex_waves = _waves(cell, waves)
    parts = np.concatenate([complex_waves.real, -complex_waves.imag]).T
    shares = np.linalg.lstsq(parts, field, rcond=SAME)[0]
    weights = shares[: len(waves)] + 1j * shares[len(waves) :]
    used = np.abs(weights) > 10 * SAME * np.abs(weights).max()
    kept = [wave for wave, is_used in zip(waves, used, strict=True) if is_used]
    smaller = holding_cell(crystal, [wave.qpoint for wave in kept])
    moved = (weights[used] @ _waves(smaller, kept)).real.reshape(-1, 3)
    return smaller, moved / np.sqrt(smaller.masses)[:, None]
