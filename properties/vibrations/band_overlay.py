"""Dispersions and points on the path of a result, and how far they are from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from properties.vibrations.phonon_result import PhononResult

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Placed:
    """A dispersion on the path of a result.

    Attributes
    ----------
    distance, frequency_thz
        (m,) and (m, b), segment by segment.
    segment
        Index of the segment of each point, ascending.
    note
        What was assumed, or empty.
    """

    name: str
    distance: FloatArray
    frequency_thz: FloatArray
    segment: IntArray
    note: str = ""

    @property
    def segment_start(self) -> IntArray:
        """Index of the first point of each segment that is there."""
        first = np.flatnonzero(np.diff(self.segment, prepend=-1))
        return np.asarray(first, dtype=int)


@dataclass(frozen=True)
class PlacedPoints:
    """Frequencies at single points of the path of a result, (m,) each."""

    name: str
    distance: FloatArray
    frequency_thz: FloatArray
    source: str = ""


@dataclass(frozen=True)
class Difference:
    """How far a dispersion is from a result, over the common part of the path, THz.

    Attributes
    ----------
    mean_absolute, largest
        Over points and bands, which are compared in order of frequency.
    mean
        With its sign: positive where the other one is higher.
    highest
        Highest frequency of the other one.
    common
        Part of the path on which there are both, from 0 to 1.
    """

    mean_absolute: float
    largest: float
    mean: float
    highest: float
    common: float


def on_same_points(name: str, result: PhononResult, frequency_thz: FloatArray) -> Placed:
    """Place frequencies at the very points of a result, (q, b)."""
    return Placed(
        name, np.asarray(result.band_distance), np.asarray(frequency_thz), segments(result)
    )


def difference(placed: Placed, result: PhononResult) -> Difference:
    """Compare a dispersion with a result, band by band in order of frequency."""
    ours, apart = segments(result), []
    for s in np.unique(placed.segment):
        theirs = placed.segment == s
        at, frequency = placed.distance[theirs], np.sort(placed.frequency_thz[theirs], axis=1)
        mine = (ours == s) & (result.band_distance >= at[0] - 1e-9)
        mine &= result.band_distance <= at[-1] + 1e-9
        known = np.sort(result.band_frequency_thz[mine], axis=1)
        there = result.band_distance[mine]
        other = np.stack([np.interp(there, at, band) for band in frequency.T], axis=1)
        apart.append(other - known)
    all_apart = np.concatenate(apart)
    size = np.abs(all_apart)
    return Difference(
        float(size.mean()),
        float(size.max()),
        float(all_apart.mean()),
        float(placed.frequency_thz.max()),
        len(all_apart) / len(result.band_distance),
    )


def segments(result: PhononResult) -> IntArray:
    """Return the index of the segment of each point of a result."""
    start = np.asarray(result.band_segment_start, dtype=int)
    counts = np.diff(np.append(start, len(result.band_distance)))
    return np.repeat(np.arange(len(start)), counts)
