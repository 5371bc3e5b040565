"""Laue classes: projection of elastic tensors, and their independent constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from properties import symmetry
from properties.elasticity import voigt

if TYPE_CHECKING:
    from properties.crystal import Crystal

FloatArray = NDArray[np.float64]

LAUE_CLASS = {
    **dict.fromkeys(("1", "-1"), "-1"),
    **dict.fromkeys(("2", "m", "2/m"), "2/m"),
    **dict.fromkeys(("222", "mm2", "mmm"), "mmm"),
    **dict.fromkeys(("4", "-4", "4/m"), "4/m"),
    **dict.fromkeys(("422", "4mm", "-42m", "-4m2", "4/mmm"), "4/mmm"),
    **dict.fromkeys(("3", "-3"), "-3"),
    **dict.fromkeys(("32", "3m", "-3m"), "-3m"),
    **dict.fromkeys(("6", "-6", "6/m"), "6/m"),
    **dict.fromkeys(("622", "6mm", "-6m2", "-62m", "6/mmm"), "6/mmm"),
    **dict.fromkeys(("23", "m-3"), "m-3"),
    **dict.fromkeys(("432", "-43m", "m-3m"), "m-3m"),
}
"""Laue class of each of the 32 point groups."""

_CUBIC = ("11", "12", "44")
_HEXAGONAL = ("11", "12", "13", "33", "44")
_TETRAGONAL = (*_HEXAGONAL, "66")
_ORTHORHOMBIC = ("11", "12", "13", "22", "23", "33", "44", "55", "66")
INDEPENDENT = {
    "m-3m": _CUBIC,
    "m-3": _CUBIC,
    "6/mmm": _HEXAGONAL,
    "6/m": _HEXAGONAL,
    "-3m": (*_HEXAGONAL, "14"),
    "-3": (*_HEXAGONAL, "14", "15"),
    "4/mmm": _TETRAGONAL,
    "4/m": (*_TETRAGONAL, "16"),
    "mmm": _ORTHORHOMBIC,
    "2/m": (*_ORTHORHOMBIC, "15", "25", "35", "46"),
    "-1": tuple(f"{i}{j}" for i in range(1, 7) for j in range(i, 7)),
}
"""Voigt indices that describe the tensor of a Laue class in IEEE axes (Nye 1957)."""


def independent_constants(stiffness_gpa: FloatArray, laue_class: str) -> dict[str, float]:
    """Return the independent constants by name, such as ``C11``."""
    found = named_constants(stiffness_gpa, laue_class)
    return {name: float(value) for name, value in found.items()}


def named_constants(stiffness_gpa: FloatArray, laue_class: str) -> dict[str, FloatArray]:
    """Return the independent constants of tensors (..., 6, 6) by name, each (...)."""
    return {
        f"C{ij}": stiffness_gpa[..., int(ij[0]) - 1, int(ij[1]) - 1]
        for ij in INDEPENDENT[laue_class]
    }


def point_group(crystal: Crystal, symprec_a: float) -> FloatArray:
    """Return the Cartesian rotations of the space group, improper ones included, (g, 3, 3)."""
    return _operations(crystal, symprec_a)[0]


def proper_operations(
    crystal: Crystal, symprec_a: float
) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
    """Return the proper part of the space group as rotations and permutations of atoms.

    SevenNet is equivariant under rotations alone: the energy of a mirror image differs
    by some 1e-5 eV/atom, so improper operations do not map its derivatives exactly.

    Returns
    -------
    representatives
        An atom that each atom is an image of, (n,).
    rotations
        Cartesian, (g, 3, 3): r' = R r.
    images
        Where each operation sends each atom, (g, n).
    """
    rotations, images = _operations(crystal, symprec_a)
    proper = np.linalg.det(rotations) > 0
    return images[proper].min(axis=0), rotations[proper], images[proper]


def _operations(crystal: Crystal, symprec_a: float) -> tuple[FloatArray, NDArray[np.int64]]:
    dataset = symmetry.spacegroup_dataset(crystal, symprec_a)
    lattice = crystal.lattice_a.T
    inverse = np.linalg.inv(lattice)
    rotations = np.array([lattice @ w @ inverse for w in dataset.rotations])
    images = [
        _image(crystal.fractional, w, t)
        for w, t in zip(dataset.rotations, dataset.translations, strict=True)
    ]
    return rotations, np.array(images)


def _image(fractional: FloatArray, rotation: Any, translation: Any) -> NDArray[np.int64]:
    moved = fractional @ rotation.T + translation
    apart = moved[:, None, :] - fractional[None, :, :]
    return np.abs(apart - np.round(apart)).sum(axis=2).argmin(axis=1)


_ONE_BY_ONE = ["einsum_path", (0, 4), (0, 3), (0, 2), (0, 1)]
"""Order of contraction: each rotation with the tensor as it is by then."""


def project(stiffness_gpa: FloatArray, rotations: FloatArray) -> FloatArray:
    """Average a stiffness over a point group of Cartesian rotations, (g, 3, 3)."""
    tensor = voigt.tensor_from_matrix(stiffness_gpa) / len(rotations)
    turned = np.einsum(
        "gai,gbj,gck,gdl,ijkl->abcd", *[rotations] * 4, tensor, optimize=_ONE_BY_ONE
    )
    return voigt.matrix_from_tensor(turned)


def strain_patterns(rotations: FloatArray) -> tuple[int, ...]:
    """Choose as few Voigt strains as determine every tensor with this symmetry."""
    basis = invariant_basis(rotations)
    chosen: list[int] = []
    while np.linalg.matrix_rank(basis[:, :, chosen].reshape(len(basis), -1), 1e-8) < len(basis):
        ranks = [
            np.linalg.matrix_rank(basis[:, :, [*chosen, i]].reshape(len(basis), -1), 1e-8)
            for i in range(6)
        ]
        chosen.append(int(np.argmax(ranks)))
    return tuple(sorted(chosen))


def invariant_basis(rotations: FloatArray) -> FloatArray:
    """Return a basis of the stiffness tensors with this symmetry, (k, 6, 6)."""
    units = []
    for i in range(6):
        for j in range(i, 6):
            unit = np.zeros((6, 6))
            unit[i, j] = unit[j, i] = 1.0
            units.append(project(unit, rotations).ravel())
    _, singular, vectors = np.linalg.svd(np.array(units))
    return vectors[: int((singular > 1e-8).sum())].reshape(-1, 6, 6)


def complete(
    columns: FloatArray, patterns: tuple[int, ...], rotations: FloatArray
) -> FloatArray:
    """Find the symmetric stiffness whose columns fit best.

    Parameters
    ----------
    columns
        Measured columns, (6, p), one for each strained Voigt component.
    patterns
        Those components.
    """
    basis = invariant_basis(rotations)
    design = basis[:, :, list(patterns)].reshape(len(basis), -1).T
    weights, *_ = np.linalg.lstsq(design, columns.ravel(), rcond=None)
    return np.einsum("k,kij->ij", weights, basis)


def generating_directions(rotations: FloatArray) -> FloatArray:
    """Choose as few unit vectors as span space with their images, (k, 3).

    Parameters
    ----------
    rotations
        Those that keep a site, Cartesian, (g, 3, 3).
    """
    chosen = np.zeros((0, 3))
    while _smallest_stretch(chosen, rotations, 3) < WELL_SPREAD:
        more = [np.vstack([chosen, candidate]) for candidate in _CANDIDATES]
        rank = max(_span(c, rotations) for c in more)
        chosen = max(
            (c for c in more if _span(c, rotations) == rank),
            key=lambda c: _smallest_stretch(c, rotations, rank),
        )
    return chosen


WELL_SPREAD = 0.1
"""Smallest singular value of the images' mean square at which they span space safely."""

_CANDIDATES = np.vstack(
    [np.eye(3), [v / np.linalg.norm(v) for v in np.random.default_rng(0).normal(size=(40, 3))]]
)


def _moments(directions: FloatArray, rotations: FloatArray) -> FloatArray:
    """Return the singular values of all images together, per operation."""
    images = np.einsum("gij,kj->gki", rotations, directions).reshape(-1, 3)
    values: FloatArray = np.linalg.svd(images, compute_uv=False) / np.sqrt(len(rotations))
    return np.pad(values, (0, 3 - len(values)))


def _span(directions: FloatArray, rotations: FloatArray) -> int:
    return int((_moments(directions, rotations) > WELL_SPREAD).sum())


def _smallest_stretch(directions: FloatArray, rotations: FloatArray, rank: int) -> float:
    return float(_moments(directions, rotations)[rank - 1])
