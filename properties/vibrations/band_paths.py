"""Where dispersions and points from elsewhere lie on the path of a result."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from properties import symmetry
from properties.vibrations import zone
from properties.vibrations.band_files import BandFileError, Bands
from properties.vibrations.band_overlay import Placed, PlacedPoints

if TYPE_CHECKING:
    from properties.crystal import Crystal
    from properties.vibrations.phonon_result import PhononResult

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SAME_METRIC = 0.06
"""Cells are alike where their metrics, at one volume, differ by less."""

ON_LINE = 2e-3
"""Largest distance of a point from the path, reduced coordinates."""

BEND = 0.15
"""Change of direction that ends a straight piece; rounded coordinates stay well below it."""

JUMP = 5.0
"""A lone step this many times longer than usual leads to another part of the path."""

SHIFTS = np.array(sorted(product((-2, -1, 0, 1, 2), repeat=3), key=lambda s: sum(map(abs, s))))


def place(bands: Bands, result: PhononResult, crystal: Crystal) -> Placed:
    """Lay a dispersion on the path of a result.

    Straight pieces of its path are recognised on ours as they are, or turned by a symmetry of
    the crystal, or a reciprocal lattice vector away. Without q-points its distances between
    high-symmetry points are stretched to ours.

    Parameters
    ----------
    crystal
        The primitive cell of the result.

    Raises
    ------
    BandFileError
        It belongs to another crystal, or has no piece of the path in common.
    """
    expected = result.band_frequency_thz.shape[1]
    if bands.frequency_thz.shape[1] != expected:
        raise BandFileError(
            f"“{bands.name}” has {bands.frequency_thz.shape[1]} bands, and the primitive cell "
            f"here, of {len(crystal)} atoms, has {expected}. Use the dispersion of this "
            "crystal in its primitive cell."
        )
    if not len(bands.qpoints):
        return _by_distance(bands, result)
    _require_same_cell(bands, crystal)
    found = _by_qpoints(bands, result, crystal)
    if found is None:
        raise BandFileError(_no_common_piece(bands, result))
    return found


def _require_same_cell(bands: Bands, crystal: Crystal) -> None:
    if not len(bands.reciprocal):
        return
    theirs, ours = (
        vectors @ vectors.T / abs(np.linalg.det(vectors)) ** (2 / 3)
        for vectors in (bands.reciprocal, zone.reciprocal(crystal.lattice_a))
    )
    if np.abs(theirs - ours).max() > SAME_METRIC * np.abs(ours).max():
        raise BandFileError(
            f"The q-points of “{bands.name}” are in another basis: its reciprocal lattice has "
            f"lengths and angles in the ratios {_ratios(bands.reciprocal)}, and the one here "
            f"{_ratios(zone.reciprocal(crystal.lattice_a))}. Compute it with the primitive "
            "cell among the files of this calculation."
        )


def _ratios(vectors: FloatArray) -> str:
    """Lengths relative to the first, and angles in degrees."""
    lengths = np.linalg.norm(vectors, axis=1)
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = [vectors[i] @ vectors[j] / (lengths[i] * lengths[j]) for i, j in pairs]
    angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    along = " : ".join(f"{length:.2f}" for length in lengths / lengths[0])
    return f"{along}, {', '.join(f'{angle:.0f}°' for angle in angles)}"


def _no_common_piece(bands: Bands, result: PhononResult) -> str:
    ends = bands.qpoints[[0, -1]]
    first, last = (", ".join(f"{x:.3f}" for x in end) for end in ends)
    return (
        f"No piece of “{bands.name}”, which goes from q = ({first}) to ({last}), runs along "
        f"the path drawn here, {'–'.join(result.band_tick_label)}. Compute it along that path "
        "(bands.csv among the files has its q-points)."
    )


def straight_pieces(qpoints: FloatArray) -> list[IntArray]:
    """Return the indices of the points of each straight piece; neighbours share a point."""
    steps = np.diff(qpoints, axis=0)
    length = np.linalg.norm(steps, axis=1)
    usual = float(np.median(length[length > 0])) if (length > 0).any() else 0.0
    along = steps / np.where(length > 0, length, 1.0)[:, None]
    turned = np.linalg.norm(np.diff(along, axis=0), axis=1) > BEND
    bends = [0, *(np.flatnonzero(turned) + 1), len(qpoints) - 1]
    pieces = []
    for first, last in pairwise(bends):
        size = float(np.linalg.norm(qpoints[last] - qpoints[first]))
        is_jump = last - first == 1 and size > JUMP * usual
        if size > ON_LINE and not is_jump:
            pieces.append(np.arange(first, last + 1))
    return pieces


def images(crystal: Crystal) -> FloatArray:
    """Return the matrices (g, 3, 3) that take a row of reduced q to its equivalents, q → q W.

    The identity comes first, and time reversal is among them.
    """
    dataset = symmetry.spacegroup_dataset(crystal, symmetry.SYMPREC_A)
    rotations = np.array(dataset.rotations, dtype=np.float64)
    both = np.concatenate([rotations, -rotations])
    unique = np.unique(both, axis=0)
    order = np.argsort(np.abs(unique - np.eye(3)).sum(axis=(1, 2)), kind="stable")
    sorted_images: FloatArray = unique[order]
    return sorted_images


def _parts(points: FloatArray, segment: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where points lie along a segment (0 to 1 between its ends), and how far off."""
    along = segment[1] - segment[0]
    part = (points - segment[0]) @ along / (along @ along)
    off = np.abs(points - segment[0] - part[..., None] * along).max(axis=-1)
    return part, off


def _by_qpoints(bands: Bands, result: PhononResult, crystal: Crystal) -> Placed | None:
    equivalent = images(crystal)
    ends = zone.segment_ends(result)
    found: list[list[tuple[FloatArray, FloatArray]]] = [[] for _ in ends]
    for piece in straight_pieces(bands.qpoints):
        both = bands.qpoints[piece[[0, -1]]]
        moved = (both @ equivalent)[:, None] + SHIFTS[:, None]
        for s, segment in enumerate(ends):
            part = _along(moved.reshape(-1, 2, 3), segment, bands.qpoints[piece])
            inside = (part > -ON_LINE) & (part < 1 + ON_LINE)
            if inside.sum() > 1:
                order = np.argsort(part[inside])
                rows = piece[inside][order]
                found[s].append((part[inside][order], bands.frequency_thz[rows]))
    return _joined(bands.name, result, [_without_overlap(pieces) for pieces in found])


def _along(moved: FloatArray, segment: FloatArray, qpoints: FloatArray) -> FloatArray:
    """Return where the points of a piece lie along a segment; not-a-number if nowhere."""
    part, off = _parts(moved, segment)
    on_line = (off < ON_LINE).all(axis=1)
    shared = np.minimum(part.max(axis=1), 1.0) - np.maximum(part.min(axis=1), 0.0)
    overlap = on_line & (shared > ON_LINE)
    if not overlap.any():
        return np.full(len(qpoints), np.nan)
    best = int(np.argmax(np.where(overlap, np.round(shared, 3), -1.0)))
    whole = np.linalg.norm(qpoints[-1] - qpoints[0])
    share = np.linalg.norm(qpoints - qpoints[0], axis=1) / whole
    first, last = part[best]
    lying: FloatArray = first + share * (last - first)
    return lying


def _without_overlap(
    pieces: list[tuple[FloatArray, FloatArray]],
) -> list[tuple[FloatArray, FloatArray]]:
    """Keep the longest pieces that do not cover each other, in their order."""
    kept: list[tuple[FloatArray, FloatArray]] = []
    for piece in sorted(pieces, key=lambda p: p[0][0] - p[0][-1]):
        first, last = piece[0][0] + ON_LINE, piece[0][-1] - ON_LINE
        if all(last < other[0][0] or first > other[0][-1] for other in kept):
            kept.append(piece)
    return sorted(kept, key=lambda p: float(p[0][0]))


def _joined(
    name: str,
    result: PhononResult,
    found: list[list[tuple[FloatArray, FloatArray]]],
    note: str = "",
) -> Placed | None:
    """Turn parts of segments into distances; ``None`` if there are none."""
    ticks = result.band_tick_distance
    distances, frequencies, segments = [], [], []
    for s, pieces in enumerate(found):
        for part, frequency in pieces:
            distances.append(ticks[s] + np.clip(part, 0, 1) * (ticks[s + 1] - ticks[s]))
            frequencies.append(frequency)
            segments.append(np.full(len(part), s))
    if not distances:
        return None
    return Placed(
        name,
        np.concatenate(distances),
        np.concatenate(frequencies),
        np.concatenate(segments),
        note,
    )


def _by_distance(bands: Bands, result: PhononResult) -> Placed:
    """Stretch each part between two high-symmetry points to ours."""
    ours = zone.segment_labels(result)
    found: list[list[tuple[FloatArray, FloatArray]]] = [[] for _ in ours]
    stretches, names = _stretches(bands)
    if names:
        for s, (first, last) in enumerate(ours):
            for rows, ends in zip(stretches, names, strict=True):
                if ends in ((first, last), (last, first)) and not found[s]:
                    found[s].append(_stretched(bands, rows, ends != (first, last)))
    elif len(stretches) == len(ours):
        found = [[_stretched(bands, rows, backward=False)] for rows in stretches]
    note = "" if names else "Taken to run along the same path: its file has distances only."
    placed = _joined(bands.name, result, found, note)
    if placed is None:
        raise BandFileError(_no_common_stretch(bands, len(stretches), names, result))
    return placed


def _stretches(bands: Bands) -> tuple[list[IntArray], list[tuple[str, str]]]:
    """Return the rows of each stretch, and the names of its ends if the file has them."""
    distance = bands.distance
    named = [k for k, label in enumerate(bands.labels) if label]
    if len(named) > 1:
        spans = [(k, m) for k, m in pairwise(named) if distance[m] > distance[k]]
        ends = [(bands.labels[k], bands.labels[m]) for k, m in spans]
        return [np.arange(k, m + 1) for k, m in spans], ends
    breaks = np.flatnonzero(np.diff(distance) <= 0) + 1
    parts = np.split(np.arange(len(distance)), breaks)
    return [rows for rows in parts if len(rows) > 1], []


def _stretched(bands: Bands, rows: IntArray, backward: bool) -> tuple[FloatArray, FloatArray]:
    along = bands.distance[rows] - bands.distance[rows[0]]
    part = along / along[-1]
    if backward:
        return (1 - part)[::-1], bands.frequency_thz[rows[::-1]]
    return part, bands.frequency_thz[rows]


def _no_common_stretch(
    bands: Bands, parts: int, names: list[tuple[str, str]], result: PhononResult
) -> str:
    stretches = ", ".join(f"{first}–{last}" for first, last in names)
    has = f"the parts {stretches}" if names else f"{parts} parts"
    return (
        f"“{bands.name}” has distances only, with {has}, and the path drawn here has the "
        f"{len(result.band_tick_label) - 1} parts {'–'.join(result.band_tick_label)}. Give "
        "q1, q2, q3 of each point, or name its high-symmetry points in a column label."
    )


def place_points(
    name: str,
    qpoints: FloatArray,
    frequency_thz: FloatArray,
    result: PhononResult,
    crystal: Crystal,
    source: str = "",
) -> PlacedPoints | None:
    """Find points on the path, as they are or at an equivalent place; ``None`` if none is.

    Parameters
    ----------
    qpoints, frequency_thz
        Reduced, (k, 3), and one frequency each, (k,). A point may be found at several places.
    """
    found = [
        (distance, float(frequency))
        for q, frequency in zip(np.asarray(qpoints, float), frequency_thz, strict=True)
        for distance in _places(q, result, images(crystal))
    ]
    if not found:
        return None
    distances, frequencies = np.array(found).T
    return PlacedPoints(name, distances, frequencies, source)


def _places(q: FloatArray, result: PhononResult, equivalent: FloatArray) -> list[float]:
    """Return the distances along the path at which a q-point or an equivalent of it lies."""
    ticks = result.band_tick_distance
    moved = ((q @ equivalent)[:, None] + SHIFTS).reshape(-1, 3)
    places = set()
    for s, segment in enumerate(zone.segment_ends(result)):
        part, off = _parts(moved, segment)
        on = part[(off < ON_LINE) & (part > -ON_LINE) & (part < 1 + ON_LINE)]
        along = ticks[s] + np.clip(on, 0, 1) * (ticks[s + 1] - ticks[s])
        places |= {round(float(distance), 4) for distance in along}
    return sorted(places)


def place_all_points(points: Bands, result: PhononResult, crystal: Crystal) -> PlacedPoints:
    """Place the points of a file.

    Raises
    ------
    BandFileError
        None of them lies on the path, or they have no q-points.
    """
    if not len(points.qpoints):
        raise BandFileError(
            f"“{points.name}” has one frequency a line and no q-points. Give q1, q2, q3 of "
            f"each point; a dispersion here has {result.band_frequency_thz.shape[1]} bands."
        )
    found = place_points(
        points.name, points.qpoints, points.frequency_thz[:, 0], result, crystal, "your file"
    )
    if found is None:
        raise BandFileError(_no_common_piece(points, result))
    return found


def from_conventional(bands: Bands, conventional: Crystal, primitive: Crystal) -> Bands:
    """Return the same q-points in the basis of the primitive cell.

    Parameters
    ----------
    conventional, primitive
        Both cells in one Cartesian frame.
    """
    if not len(bands.qpoints) or len(bands.reciprocal):
        return bands
    change = np.linalg.inv(conventional.lattice_a).T @ primitive.lattice_a.T
    return replace(bands, qpoints=bands.qpoints @ change)
