"""Triangle meshes of spheres and cylinders, merged into few large ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CYLINDER_SIDES = 12


@dataclass(frozen=True)
class Mesh:
    """Vertices (v, 3), triangles (t, 3), and for each vertex the atom it belongs to (v,)."""

    vertices: FloatArray
    triangles: IntArray
    owner: IntArray


def merge(meshes: list[Mesh]) -> Mesh:
    """Join meshes into one."""
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    shifted = [m.triangles + offset for m, offset in zip(meshes, offsets, strict=True)]
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate(shifted),
        np.concatenate([mesh.owner for mesh in meshes]),
    )


@cache
def unit_sphere(subdivisions: int) -> tuple[FloatArray, IntArray]:
    """Return vertices and triangles of an icosahedron with each face split into four.

    Parameters
    ----------
    subdivisions
        How often to split; 2 gives 320 triangles, 3 gives 1280.
    """
    vertices, triangles = _icosahedron()
    for _ in range(subdivisions):
        vertices, triangles = _split(vertices, triangles)
    return vertices, triangles


def _icosahedron() -> tuple[FloatArray, IntArray]:
    """Vertices (0, ±1, ±φ) and cyclic; faces are the triples at the shortest distance."""
    golden = (1 + np.sqrt(5)) / 2
    signs = [(s, t * golden) for s in (1, -1) for t in (1, -1)]
    rows = [np.roll((0.0, s, t), k) for k in range(3) for s, t in signs]
    vertices = np.array(rows) / np.sqrt(1 + golden**2)
    near = np.linalg.norm(vertices[:, None] - vertices, axis=2) < 1.1
    corners = range(len(vertices))
    faces = [
        (i, j, k)
        for i in corners
        for j in corners[i + 1 :]
        for k in corners[j + 1 :]
        if near[i, j] and near[j, k] and near[i, k]
    ]
    return vertices, _outward(vertices, np.array(faces))


def _outward(vertices: FloatArray, triangles: IntArray) -> IntArray:
    """Order the corners so that every face looks away from the origin."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    inward = np.einsum("fi,fi->f", np.cross(b - a, c - a), a) < 0
    return np.where(inward[:, None], triangles[:, ::-1], triangles)


def _split(vertices: FloatArray, triangles: IntArray) -> tuple[FloatArray, IntArray]:
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    middle = vertices[unique].mean(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    ab, bc, ca = (len(vertices) + inverse.reshape(-1, 3)).T
    a, b, c = triangles.T
    quarters = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    split = np.concatenate([np.stack(quarter, axis=1) for quarter in quarters])
    return np.concatenate([vertices, middle]), split


def sphere(centre: FloatArray, radius: float, owner: int, subdivisions: int = 3) -> Mesh:
    """Return a sphere that belongs to atom `owner`."""
    vertices, triangles = unit_sphere(subdivisions)
    return Mesh(centre + radius * vertices, triangles, np.full(len(vertices), owner))


def cylinder(start: FloatArray, end: FloatArray, radius: float, owner: int) -> Mesh:
    """Return an open cylinder from `start` to `end` that belongs to atom `owner`."""
    along = (end - start) / np.linalg.norm(end - start)
    across = np.cross(along, np.eye(3)[np.argmin(np.abs(along))])
    across /= np.linalg.norm(across)
    angle = 2 * np.pi * np.arange(CYLINDER_SIDES) / CYLINDER_SIDES
    ring = radius * (
        np.outer(np.cos(angle), across) + np.outer(np.sin(angle), np.cross(along, across))
    )
    low = np.arange(CYLINDER_SIDES)
    following = (low + 1) % CYLINDER_SIDES
    high, high_following = low + CYLINDER_SIDES, following + CYLINDER_SIDES
    triangles = np.concatenate(
        [
            np.stack([low, following, high], axis=1),
            np.stack([following, high_following, high], axis=1),
        ]
    )
    vertices = np.concatenate([start + ring, end + ring])
    return Mesh(vertices, triangles, np.full(len(vertices), owner))


def cone(base: FloatArray, tip: FloatArray, radius: float, owner: int) -> Mesh:
    """Return an open cone from the centre of its base to its tip, that belongs to `owner`."""
    ring = cylinder(base, tip, radius, owner).vertices[:CYLINDER_SIDES]
    low = np.arange(CYLINDER_SIDES)
    triangles = np.stack(
        [low, (low + 1) % CYLINDER_SIDES, np.full(CYLINDER_SIDES, CYLINDER_SIDES)], axis=1
    )
    return Mesh(np.vstack([ring, tip]), triangles, np.full(CYLINDER_SIDES + 1, owner))
