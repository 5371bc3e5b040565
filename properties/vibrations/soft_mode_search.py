"""Where in the zone imaginary modes are softest, and which modes these are."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import spglib
from numpy.typing import NDArray

from properties import symmetry
from properties.vibrations.soft_mode_result import SoftMode

if TYPE_CHECKING:
    from phonopy import Phonopy

    from properties.crystal import Crystal

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

DENOMINATORS = (2, 3, 4)
"""Small denominators, so that the distorted cell stays small."""

SAME_FREQUENCY_THZ = 0.03
"""Modes closer than this are degenerate; noise of the force constants stays below it."""

SAME_POINT = 1e-4


@dataclass(frozen=True)
class Wave:
    """One plane wave of mass-weighted displacements.

    Attributes
    ----------
    qpoint
        Reduced coordinates of the primitive cell, (3,).
    vector
        Eigenvector of the dynamical matrix, (n, 3); an atom at r moves as
        Re[vector exp(2πi q·r)] / √m.
    """

    qpoint: FloatArray
    vector: ComplexArray


@dataclass(frozen=True)
class Candidate:
    """A soft mode and its waves, arm by arm of the star."""

    mode: SoftMode
    arms: tuple[tuple[Wave, ...], ...]


def candidate_points(
    crystal: Crystal, labels: dict[str, FloatArray]
) -> list[tuple[str, list[FloatArray]]]:
    """Return the inequivalent q-points with small denominators, each with its star.

    Parameters
    ----------
    crystal
        Standard primitive cell.
    labels
        Points of the zone with a name, such as those of the band path.

    Returns
    -------
    list of (name, star)
        Γ first; the name is empty for a point without one. Of q and −q the star holds
        one, as they belong to the same real displacements.
    """
    rotations = _rotations(crystal)
    named = [(name, q) for name, q in labels.items() if has_small_denominators(q)]
    named.sort(key=lambda item: float(np.abs(item[1]).sum()))
    grid = [
        np.array(steps) / n
        for n in DENOMINATORS
        for steps in itertools.product(range(n), repeat=3)
    ]
    stars: list[tuple[str, list[FloatArray]]] = []
    seen: set[tuple[int, ...]] = set()
    for name, q in [*named, *(("", q) for q in grid)]:
        if _key(q) in seen:
            continue
        star = _star(q, rotations)
        seen.update(_key(sign * arm) for arm in star for sign in (1, -1))
        stars.append((name, star))
    return stars


def labelled_points(crystal: Crystal) -> dict[str, FloatArray]:
    """Return the named points of the standard band path, Greek letters spelt as such."""
    greek = {"GAMMA": "Γ", "SIGMA": "Σ", "DELTA": "Δ", "LAMBDA": "Λ"}
    points = {}
    for name, q in symmetry.band_path(crystal).points.items():
        stem, _, index = name.partition("_")
        points[greek.get(stem, stem) + (f"_{index}" if index else "")] = np.array(q)
    return points


def has_small_denominators(q: FloatArray) -> bool:
    """Whether all coordinates are fractions with one of the small denominators."""
    return any(np.allclose(n * q, np.round(n * q), atol=SAME_POINT) for n in DENOMINATORS)


def _key(q: FloatArray) -> tuple[int, ...]:
    """Identify a q-point up to reciprocal lattice vectors; 12 is common to all of them."""
    return tuple(int(x) for x in np.round(12 * np.asarray(q)).astype(int) % 12)


def _rotations(crystal: Crystal) -> FloatArray:
    cell: Any = (crystal.lattice_a, crystal.fractional, crystal.numbers)
    found = spglib.get_symmetry(cell, symprec=symmetry.SYMPREC_A)
    if found is None:
        raise ValueError("no symmetry operations: pass the standard primitive cell")
    return np.asarray(found["rotations"], dtype=float)


def _star(q: FloatArray, rotations: FloatArray) -> list[FloatArray]:
    """Return the images of q; a rotation W of positions takes q to q W."""
    arms = [q - np.floor(q + SAME_POINT)]
    seen = {_key(q), _key(-q)}
    for rotation in rotations:
        image = q @ rotation
        if _key(image) not in seen:
            seen.update((_key(image), _key(-image)))
            arms.append(image - np.floor(image + SAME_POINT))
    return arms


def soft_modes(
    phonon: Phonopy,
    stars: list[tuple[str, list[FloatArray]]],
    limit_thz: float,
) -> tuple[list[Candidate], float]:
    """Find the imaginary modes at the given points, softest first.

    Parameters
    ----------
    phonon
        With force constants and without the non-analytic term.
    limit_thz
        Modes below it (a negative number) count as imaginary.

    Returns
    -------
    candidates, lowest
        The modes, and the lowest frequency of all points in THz.
    """
    first = phonon.run_qpoints(np.array([star[0] for _, star in stars])).frequencies
    found = []
    for (name, star), frequencies in zip(stars, np.asarray(first), strict=True):
        for group in _groups(frequencies, limit_thz):
            found.append(_candidate(phonon, name, star, group, float(frequencies[group[0]])))
    found.sort(key=lambda candidate: candidate.mode.frequency_thz)
    return found, float(np.min(first))


def _groups(frequencies: FloatArray, limit_thz: float) -> list[list[int]]:
    """Split the imaginary modes of one q-point, ascending, into degenerate sets."""
    groups: list[list[int]] = []
    for band in np.flatnonzero(frequencies < limit_thz):
        near = groups and frequencies[band] - frequencies[groups[-1][-1]] < SAME_FREQUENCY_THZ
        if near:
            groups[-1].append(int(band))
        else:
            groups.append([int(band)])
    return groups


def _candidate(
    phonon: Phonopy, name: str, star: list[FloatArray], bands: list[int], frequency: float
) -> Candidate:
    found = phonon.run_qpoints(np.array(star), with_eigenvectors=True)
    vectors = np.asarray(found.eigenvectors)
    n_atoms = vectors.shape[1] // 3
    arms = tuple(
        tuple(Wave(q, vectors[arm][:, band].reshape(n_atoms, 3)) for band in bands)
        for arm, q in enumerate(star)
    )
    mode = SoftMode(
        qpoint=star[0],
        label=name,
        frequency_thz=frequency,
        degeneracy=len(bands),
        n_arms=len(star),
        commensurate=holds(np.asarray(phonon.supercell_matrix).T, star[0]),
        followed=False,
        remark="",
    )
    return Candidate(mode, arms)


def holds(matrix: NDArray[np.int64], q: FloatArray) -> bool:
    """Whether a supercell, rows in primitive vectors, holds whole waves of q."""
    turns = matrix @ q
    return bool(np.allclose(turns, np.round(turns), atol=SAME_POINT))
