"""Modes on the band path, around Γ and on a mesh: which are kept, and what they tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from properties import symmetry

if TYPE_CHECKING:
    from phonopy import Phonopy

    from properties.crystal import Crystal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_NUMBERS = 1_000_000
"""Most complex numbers of eigenvectors that a result keeps: 8 MB."""

THZ_A_IN_KM_PER_S = 0.1
"""1 THz Å in km/s."""

SLOPE_STEPS_PER_A = (0.002, 0.004)
"""Distances from Γ, without 2π, at which acoustic frequencies give the speed of sound."""

PROJECTION_WIDTH_THZ = 0.1
"""Gaussian width in which the shares of the atoms in the density of states are averaged."""

CHUNK_NUMBERS = 4_000_000
"""Most complex numbers of eigenvectors that are in memory at once."""

DIRECTIONS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1))
"""Directions [uvw] of the conventional cell in which Γ is approached."""


def kept_points(
    n_points: int, n_bands: int, wanted: IntArray, most: int = MOST_NUMBERS
) -> IntArray:
    """Choose the points of a path whose eigenvectors are kept.

    Parameters
    ----------
    wanted
        Indices of points that come first, such as labelled ones.
    most
        Complex numbers that there is room for; at least one point is kept.

    Returns
    -------
    (k,) ascending indices: all points, or else the wanted ones and others evenly spaced.
    """
    room = max(1, most // n_bands**2)
    if room >= n_points:
        return np.arange(n_points)
    first = list(dict.fromkeys(int(i) for i in wanted))[:room]
    others = np.linspace(0, n_points - 1, max(room - len(first), 0)).astype(int)
    return np.unique(np.concatenate([first, others])).astype(np.int64)


def distinct_directions(crystal: Crystal) -> tuple[IntArray, FloatArray]:
    """Return those of DIRECTIONS that no symmetry of the crystal joins.

    Returns
    -------
    uvw, unit_vectors
        (d, 3) in the conventional cell, and (d, 3) in the frame of the primitive cell.
    """
    conventional = symmetry.analyse(crystal).conventional
    rotations = symmetry.spacegroup_dataset(conventional, symmetry.SYMPREC_A).rotations
    chosen: list[tuple[int, ...]] = []
    joined: set[tuple[int, ...]] = set()
    for direction in DIRECTIONS:
        if direction not in joined:
            chosen.append(direction)
            turned = np.asarray(rotations) @ direction
            joined |= {tuple(one) for one in np.concatenate([turned, -turned]).tolist()}
    vectors = np.array(chosen) @ conventional.lattice_a
    return np.array(chosen), vectors / np.linalg.norm(vectors, axis=1)[:, None]


def sound_speeds(crystal: Crystal, phonon: Phonopy, directions: FloatArray) -> FloatArray:
    """Return slopes of the acoustic branches at Γ.

    The frequency at two small q gives the slope up to terms of fourth order,
    v = (4 v(q) − v(2q)) / 3 with v(q) = f/q.

    Parameters
    ----------
    directions
        Unit vectors (d, 3) in the frame of the primitive cell.

    Returns
    -------
    (d, 3) km/s, ascending.
    """
    slopes = [
        np.sort(_acoustic(phonon, crystal, step * directions), axis=1) / step
        for step in SLOPE_STEPS_PER_A
    ]
    return np.asarray(THZ_A_IN_KM_PER_S * (4 * slopes[0] - slopes[1]) / 3)


def _acoustic(phonon: Phonopy, crystal: Crystal, q_per_a: FloatArray) -> FloatArray:
    """Frequencies (d, 3) of the modes that are most nearly translations."""
    found = phonon.run_qpoints(q_per_a @ crystal.lattice_a.T, with_eigenvectors=True)
    vectors = np.asarray(found.eigenvectors)
    frequencies = np.asarray(found.frequencies)
    chosen = [np.argsort(_translation(phonon, one))[-3:] for one in vectors]
    return np.take_along_axis(frequencies, np.array(chosen), axis=1)


def _translation(phonon: Phonopy, eigenvectors: NDArray[Any]) -> FloatArray:
    """Share of rigid translations in each column of `eigenvectors`, (b,)."""
    roots = np.sqrt(phonon.primitive.masses / phonon.primitive.masses.sum())
    by_atom = eigenvectors.reshape(len(roots), 3, -1)
    return np.asarray((np.abs(np.einsum("n,nab->ab", roots, by_atom)) ** 2).sum(axis=0))


def translations(phonon: Phonopy, eigenvectors: NDArray[Any]) -> IntArray:
    """Return the indices of the three modes that are most nearly translations."""
    return np.sort(np.argsort(_translation(phonon, eigenvectors))[-3:])


def projected_dos(
    phonon: Phonopy, frequency_thz: FloatArray, dos_per_thz: FloatArray
) -> FloatArray:
    """Share the density of states out among the atoms.

    Each state belongs to an atom by |e|², averaged over atoms that symmetry joins. Shares
    are averaged over a Gaussian; their sum is the density of states as given.

    Parameters
    ----------
    phonon
        Sampled on a mesh.
    frequency_thz, dos_per_thz
        Density of states, (f,).

    Returns
    -------
    (n, f) states per THz.
    """
    orbits = phonon.primitive_symmetry.get_map_atoms()
    total = np.full(len(frequency_thz), 1e-300)
    shares = np.zeros((len(orbits), len(frequency_thz)))
    for weight, frequencies, vectors in _on_mesh(phonon):
        near = weight * np.exp(
            -0.5 * ((frequency_thz[:, None] - frequencies) / PROJECTION_WIDTH_THZ) ** 2
        )
        by_atom = (np.abs(vectors.reshape(len(orbits), 3, -1)) ** 2).sum(axis=1)
        shares += by_atom @ near.T
        total += near.sum(axis=1)
    for orbit in set(orbits.tolist()):
        shares[orbits == orbit] = shares[orbits == orbit].mean(axis=0)
    return np.asarray(shares / total * dos_per_thz)


def _on_mesh(phonon: Phonopy) -> Iterator[tuple[float, FloatArray, NDArray[Any]]]:
    """Yield weight, frequencies and eigenvectors of each irreducible point of the mesh."""
    mesh: Any = phonon.mesh
    step = max(1, CHUNK_NUMBERS // (3 * len(phonon.primitive)) ** 2)
    for start in range(0, len(mesh.qpoints), step):
        part = slice(start, start + step)
        found = phonon.run_qpoints(mesh.qpoints[part], with_eigenvectors=True)
        yield from zip(
            mesh.weights[part], found.frequencies, np.asarray(found.eigenvectors), strict=True
        )


def limits_at_gamma(crystal: Crystal, phonon: Phonopy, directions: FloatArray) -> FloatArray:
    """Return frequencies at Γ approached along some directions, with polar fields.

    Parameters
    ----------
    directions
        Unit vectors (d, 3) in the frame of the primitive cell.

    Returns
    -------
    (d, b) THz.
    """
    found = [
        phonon.run_qpoints([[0.0, 0.0, 0.0]], nac_q_direction=one).frequencies[0]
        for one in directions @ crystal.lattice_a.T
    ]
    return np.array(found)
