"""First Brillouin zone: the Wigner–Seitz cell of the reciprocal lattice."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from ase.geometry import minkowski_reduce
from numpy.typing import NDArray

from properties.vibrations.phonon_result import PhononResult

FloatArray = NDArray[np.float64]

FLAT = 1e-9
"""Part of a length or an area below which it counts as zero."""

SAME_POINT = 1e-4


@dataclass(frozen=True)
class Zone:
    """A convex body about Γ, in Å⁻¹ with the factor 2π.

    Attributes
    ----------
    reciprocal_per_a
        Reciprocal lattice vectors in rows, (3, 3).
    faces_per_a
        Corners of each face in their order, counterclockwise seen from outside, (k, 3) each.
    """

    reciprocal_per_a: FloatArray
    faces_per_a: tuple[FloatArray, ...]

    @property
    def volume_per_a3(self) -> float:
        """Volume in Å⁻³: (2π)³/V of the crystal's primitive cell."""
        return float(sum(_pyramid(face) for face in self.faces_per_a))

    @property
    def radius_per_a(self) -> float:
        """Distance of the farthest corner from Γ."""
        return max(float(np.linalg.norm(face, axis=1).max()) for face in self.faces_per_a)


@dataclass(frozen=True)
class ZonePath:
    """The path of a dispersion in the zone.

    Attributes
    ----------
    segments_per_a
        Both ends of each straight segment, (s, 2, 3), Å⁻¹.
    points_per_a
        Place of each high-symmetry point by its name; one name may stand at several places
        that are equivalent, hence the pairs.
    """

    segments_per_a: FloatArray
    points_per_a: tuple[tuple[str, FloatArray], ...]


def reciprocal(lattice_a: FloatArray) -> FloatArray:
    """Return the reciprocal lattice vectors in rows, with the factor 2π, Å⁻¹."""
    vectors: FloatArray = 2 * np.pi * np.linalg.inv(np.asarray(lattice_a, dtype=float)).T
    return vectors


def first_zone(lattice_a: FloatArray) -> Zone:
    """Return the first Brillouin zone of the crystal with these primitive lattice vectors.

    In a reduced basis only the 26 neighbours with coefficients −1, 0, 1 can bound the cell
    (Minkowski reduction in three dimensions; Nguyen and Stehlé, ACM Trans. Algorithms 5,
    46, 2009). Each gives a plane half-way to it, which the other planes cut to a face.

    Parameters
    ----------
    lattice_a
        Vectors in rows, (3, 3), Å.
    """
    vectors = reciprocal(lattice_a)
    reduced, _ = minkowski_reduce(vectors)
    steps = np.array([s for s in product((-1, 0, 1), repeat=3) if any(s)])
    half = steps @ reduced / 2
    faces = (_face(k, half) for k in range(len(half)))
    return Zone(vectors, tuple(face for face in faces if len(face)))


def _face(which: int, half: FloatArray) -> FloatArray:
    """Return the part of one plane that lies nearer to Γ than all others, or no corners."""
    centre = half[which]
    normal = centre / np.linalg.norm(centre)
    across = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    across /= np.linalg.norm(across)
    up = np.cross(normal, across)
    reach = 4 * float(np.linalg.norm(half, axis=1).max())
    corners = np.array(
        [
            centre + reach * (a * across + b * up)
            for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))
        ]
    )
    for other in np.delete(half, which, axis=0):
        corners = _cut(corners, other)
        if len(corners) < 3:
            return np.zeros((0, 3))
    corners = _without_repeats(corners)
    large_enough = len(corners) > 2 and _area(corners) > FLAT * reach**2
    return corners if large_enough else np.zeros((0, 3))


def _cut(corners: FloatArray, half: FloatArray) -> FloatArray:
    """Cut a convex polygon by x·h ≤ h·h (Sutherland and Hodgman, Commun. ACM 17, 32, 1974)."""
    beyond = corners @ half - half @ half
    limit = FLAT * float(half @ half)
    kept: list[FloatArray] = []
    for k in range(len(corners)):
        here, following = beyond[k - 1], beyond[k]
        if (here > limit) != (following > limit):
            part = here / (here - following)
            kept.append(corners[k - 1] + part * (corners[k] - corners[k - 1]))
        if following <= limit:
            kept.append(corners[k])
    return np.array(kept).reshape(-1, 3)


def _without_repeats(corners: FloatArray) -> FloatArray:
    size = float(np.linalg.norm(corners, axis=1).max())
    apart = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1) > 1e-6 * size
    return corners[apart]


def _area(corners: FloatArray) -> float:
    """Area of a plane polygon."""
    fan = np.cross(corners[1:-1] - corners[0], corners[2:] - corners[0])
    return float(np.linalg.norm(fan.sum(axis=0)) / 2)


def _pyramid(corners: FloatArray) -> float:
    """Volume between a face and the origin."""
    fan = np.cross(corners[1:-1] - corners[0], corners[2:] - corners[0])
    return float(abs(corners[0] @ fan.sum(axis=0)) / 6)


def segment_ends(result: PhononResult) -> FloatArray:
    """Return the reduced q-points at both ends of each segment, (s, 2, 3)."""
    start = np.asarray(result.band_segment_start, dtype=int)
    end = np.append(start[1:], len(result.band_qpoints)) - 1
    ends: FloatArray = np.stack([result.band_qpoints[start], result.band_qpoints[end]], axis=1)
    return ends


def segment_labels(result: PhononResult) -> tuple[tuple[str, str], ...]:
    """Return the names of the points at both ends of each segment."""
    labels = result.band_tick_label
    return tuple((first.split("|")[-1], last.split("|")[0]) for first, last in pairwise(labels))


def path(result: PhononResult, lattice_a: FloatArray) -> ZonePath:
    """Return the path of a dispersion in Cartesian coordinates."""
    ends = segment_ends(result) @ reciprocal(lattice_a)
    points: list[tuple[str, FloatArray]] = []
    for names, places in zip(segment_labels(result), ends, strict=True):
        for name, place in zip(names, places, strict=True):
            known = (p for n, p in points if n == name)
            if not any(np.allclose(p, place, atol=SAME_POINT) for p in known):
                points.append((name, place))
    return ZonePath(ends, tuple(points))


def named_points(result: PhononResult) -> tuple[tuple[str, tuple[float, float, float]], ...]:
    """Return the high-symmetry points in the order of the path, each name once."""
    found: dict[str, tuple[float, float, float]] = {}
    for names, ends in zip(segment_labels(result), segment_ends(result), strict=True):
        for name, q in zip(names, ends, strict=True):
            found.setdefault(name, (float(q[0]), float(q[1]), float(q[2])))
    return tuple(found.items())
