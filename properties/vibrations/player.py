"""The modes of a phonon result, packed for the player in the browser.

The player needs little: the atoms of the primitive cell, which of them are joined, and the
eigenvectors as 16-bit integers. Everything else (which cells are shown, how far the atoms
move) it decides itself, without asking the server.
"""

from __future__ import annotations

import base64
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_masses, chemical_symbols, covalent_radii
from numpy.typing import NDArray

from mlpcore.units import THZ_IN_EV, THZ_IN_K, THZ_IN_PER_CM
from properties import symmetry
from properties.plots import structure as structure_plot

if TYPE_CHECKING:
    from properties.crystal import Crystal
    from properties.results import PhononResult

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex64]

FULL_SCALE = 32767
"""Integer that stands for a component of 1; no component of a unit vector is larger."""

IMAGINARY_THZ = -0.1
"""Modes below this have no period; between it and zero lies interpolation noise."""

SAME_EIGENVALUE = 2e-5
"""Part of the largest squared frequency within which two modes count as degenerate."""

NEARLY_LARGEST = 0.999
SAME_Q = 1e-6
BOND_SHIFTS = range(-2, 3)
"""Cells searched for neighbours; enough for reduced primitive cells."""


def has_modes(result: PhononResult) -> bool:
    """Whether the result keeps eigenvectors; older ones do not."""
    return bool(np.size(result.band_eigenvectors))


def payload(result: PhononResult, crystal: Crystal) -> dict[str, Any]:
    """Return all that the player needs, as JSON values.

    Parameters
    ----------
    result
        With eigenvectors.
    crystal
        Relaxed primitive cell to which they belong.

    Returns
    -------
    dict
        ``vectors`` is little-endian int16 in base 64, shape (k, b, n, 3, 2): eigenvectors
        e of unit length times :data:`FULL_SCALE`, real and imaginary parts last.
        ``frequencies_thz`` is float32, (k, b). ``cells`` are the cells that can be shown,
        their vectors in multiples of the primitive ones.
    """
    kept = np.asarray(result.band_eigenvector_index, dtype=int)
    frequencies = result.band_frequency_thz[kept]
    qpoints = result.band_qpoints[kept]
    vectors = settled(result.band_eigenvectors, frequencies, qpoints, crystal.fractional)
    return {
        "formula": crystal.formula,
        "lattice": crystal.lattice_a.tolist(),
        "atoms": _atoms(crystal),
        "bonds": bonds(crystal),
        "cells": _cells(crystal),
        "qpoints": np.round(qpoints, 6).tolist(),
        "index": kept.tolist(),
        "segments": result.band_segment_start.tolist(),
        "distance": np.round(result.band_distance[kept], 6).tolist(),
        "points": _named_points(result, qpoints),
        "frequencies_thz": _base64(frequencies.astype("<f4")),
        "vectors": _base64(_integers(vectors)),
        "branches": frequencies.shape[1],
        "imaginary_thz": IMAGINARY_THZ,
        "units": {"cm⁻¹": THZ_IN_PER_CM, "meV": 1e3 * THZ_IN_EV, "K": THZ_IN_K},
        "first": _first_mode(frequencies, qpoints, len(crystal)),
    }


def settled(
    vectors: ComplexArray, frequencies: FloatArray, qpoints: FloatArray, fractional: FloatArray
) -> ComplexArray:
    """Fix what a diagonalisation leaves open: phases, and the basis of degenerate modes.

    Of the space that degenerate modes span, the first vector is the one with the largest
    possible component at one coordinate, the next has none there, and so on. Such modes
    move along the axes where the crystal's symmetry allows it. The atom of that coordinate
    begins at its largest excursion; for q = G/2 the motion is then in step everywhere.

    Parameters
    ----------
    vectors
        Eigenvectors e, (k, 3 n, b), in the phase convention of each atom's own position.
    frequencies, qpoints
        Shapes (k, b) and (k, 3).
    fractional
        Positions of the atoms, (n, 3).
    """
    phase = np.repeat(np.exp(2j * np.pi * qpoints @ fractional.T), 3, axis=1)[:, :, None]
    periodic = vectors * phase  # real for q = G/2, unlike the other convention
    squares = frequencies * np.abs(frequencies)
    close = np.diff(squares, axis=1) < SAME_EIGENVALUE * np.abs(squares).max()
    for k, joins in enumerate(close):
        starts = np.flatnonzero(np.concatenate([[True], ~joins]))
        for start, end in zip(starts, [*starts[1:], squares.shape[1]], strict=True):
            periodic[k, :, start:end] = _canonical(periodic[k, :, start:end])
    return np.asarray(periodic / phase, dtype=np.complex64)


def _canonical(space: ComplexArray) -> ComplexArray:
    """Choose the basis of a space spanned by orthonormal columns, (3 n, d)."""
    rest, found = space, []
    for _ in range(space.shape[1]):
        weight = np.sum(np.abs(rest) ** 2, axis=1)
        pivot = int(np.argmax(weight > NEARLY_LARGEST * weight.max()))
        column = rest @ rest[pivot].conj()
        column /= np.linalg.norm(column)
        found.append(column)
        rest = rest - np.outer(column, column.conj() @ rest)
    return np.stack(found, axis=1)


def bonds(crystal: Crystal) -> list[list[int]]:
    """Return the bonds of one primitive cell: atom, other atom, and the cell of the other.

    Each bond is listed once; those between cells belong to the cell of the first atom.
    """
    i, j = (part.ravel() for part in np.indices((len(crystal), len(crystal))))
    found = []
    for shift in product(BOND_SHIFTS, repeat=3):
        apart = crystal.fractional[j] + shift - crystal.fractional[i]
        distance = np.linalg.norm(apart @ crystal.lattice_a, axis=1)
        near = structure_plot.joined(crystal.numbers[i], crystal.numbers[j], distance)
        once = (i < j) | ((i == j) & (shift > (0, 0, 0)))
        found += [
            [int(a), int(b), *shift]
            for a, b in zip(i[near & once], j[near & once], strict=True)
        ]
    return found


def _atoms(crystal: Crystal) -> list[dict[str, Any]]:
    """Where the atoms are, what they weigh and how they look."""
    return [
        {
            "symbol": chemical_symbols[number],
            "mass": float(atomic_masses[number]),
            "position": place.tolist(),
            "colour": structure_plot.colour(number),
            "radius": round(structure_plot.SPHERE_SCALE * float(covalent_radii[number]), 4),
        }
        for number, place in zip(crystal.numbers.tolist(), crystal.fractional, strict=True)
    ]


def _cells(crystal: Crystal) -> dict[str, list[list[int]]]:
    """Vectors of the conventional and the primitive cell in primitive vectors, as rows."""
    cells = {"Primitive cell": np.eye(3, dtype=int).tolist()}
    conventional = symmetry.analyse(crystal).conventional.lattice_a
    multiples = conventional @ np.linalg.inv(crystal.lattice_a)
    whole = np.rint(multiples)
    if np.abs(multiples - whole).max() < 1e-3 and abs(np.linalg.det(whole)) > 1.5:
        return {"Conventional cell": whole.astype(int).tolist(), **cells}
    return cells


def _named_points(result: PhononResult, qpoints: FloatArray) -> list[dict[str, Any]]:
    """Return the high-symmetry points and the places of the kept q-points nearest to them."""
    named: dict[str, dict[str, Any]] = {}
    for label, place in _path_ends(result):
        apart = np.linalg.norm(qpoints - result.band_qpoints[place], axis=1)
        named.setdefault(label, {"label": label, "at": int(np.argmin(apart))})
    return list(named.values())


def _path_ends(result: PhononResult) -> list[tuple[str, int]]:
    """Return the label and the index in ``band_qpoints`` of both ends of every segment."""
    starts = result.band_segment_start.tolist()
    ends = [*(start - 1 for start in starts[1:]), len(result.band_qpoints) - 1]
    labels = [label.split("|") for label in result.band_tick_label]
    return [
        pair
        for start, end, left, right in zip(starts, ends, labels[:-1], labels[1:], strict=True)
        for pair in ((left[-1], start), (right[0], end))
    ]


def _first_mode(frequencies: FloatArray, qpoints: FloatArray, n_atoms: int) -> dict[str, int]:
    """Choose the mode to begin with: the softest if imaginary, else the highest at Γ."""
    at_gamma = np.flatnonzero(np.abs(qpoints).max(axis=1) < SAME_Q)
    if frequencies.min() < IMAGINARY_THZ:
        place = int(np.argmin(frequencies))
    elif n_atoms > 1 and len(at_gamma):
        place = int(at_gamma[0]) * frequencies.shape[1] + frequencies.shape[1] - 1
    else:
        place = int(np.argmax(frequencies))
    point, branch = divmod(place, frequencies.shape[1])
    return {"point": point, "branch": branch + 1}


def _integers(vectors: ComplexArray) -> NDArray[np.int16]:
    """Return (k, 3 n, b) vectors as integers in the order (k, b, 3 n, re and im)."""
    parts = np.stack([vectors.real, vectors.imag], axis=-1).swapaxes(1, 2)
    return np.rint(FULL_SCALE * parts).astype("<i2")


def _base64(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
