"""Mode Grüneisen parameters γ = −d ln ω/d ln V, from dynamical matrices at three volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from phonopy.api_gruneisen import PhonopyGruneisen
from scipy import constants

from mlpcore.units import THZ_IN_K
from properties.vibrations.phonons import band_qpoints
from properties.vibrations.volumes import reference_index

if TYPE_CHECKING:
    from phonopy import Phonopy

    from properties.crystal import Crystal
    from properties.vibrations.volumes import VolumePoint

FloatArray = NDArray[np.float64]

NEAR_GAMMA = 0.02
"""Where the limit q → Γ is taken, as a fraction of the segment that begins or ends there.
At Γ itself the parameter of an acoustic mode is 0/0, and depends on the direction."""

VANISHING = 2e-3
"""Modes below this fraction of the highest frequency get no parameter."""

DEGENERATE = 1e-4
"""Squared frequencies nearer than this, relative to themselves, are one level."""

COOLEST_K = 10.0
"""Below, the mesh holds too few of the long waves that alone are excited."""


@dataclass(frozen=True)
class ModeGruneisen:
    """Mode parameters on the band path and on a mesh.

    Attributes
    ----------
    band_distance, band_frequency_thz, band_gamma
        (q,), (q, b), (q, b); not-a-number where a mode has no frequency to speak of.
    mesh_frequency_thz, mesh_gamma, mesh_weight
        (m, b), (m, b), (m,).
    volume_frequency_thz
        Frequencies along the path at all volumes, (v, q, b).
    """

    band_distance: FloatArray
    band_frequency_thz: FloatArray
    band_gamma: FloatArray
    mesh_frequency_thz: FloatArray
    mesh_gamma: FloatArray
    mesh_weight: FloatArray
    volume_frequency_thz: FloatArray


def mode_gruneisen(crystal: Crystal, points: list[VolumePoint]) -> ModeGruneisen:
    """Differentiate by volume between the neighbours of the relaxed cell.

    At the edge of the real range the derivative is taken one volume further in.

    Parameters
    ----------
    points
        At least three volumes, in their order, with sampled meshes.
    """
    reference = min(max(reference_index(points), 1), len(points) - 2)
    below, middle, above = (points[reference + i].harmonic.phonon for i in (-1, 0, 1))
    segments, _ = band_qpoints(crystal)
    near = np.concatenate([_off_gamma(segment) for segment in segments])
    found: Any = PhonopyGruneisen(middle, above, below)
    return ModeGruneisen(
        _distance(crystal, segments),
        *_along(near, below, middle, above),
        *_on_mesh(found, middle),
        np.array([_frequencies(p.harmonic.phonon, segments) for p in points]),
    )


def _frequencies(phonon: Phonopy, segments: list[FloatArray]) -> FloatArray:
    return np.asarray(phonon.run_qpoints(np.concatenate(segments)).frequencies)


def _off_gamma(segment: FloatArray) -> FloatArray:
    """Move Γ, if a segment begins or ends there, a little along it."""
    moved = segment.copy()
    for end, other in ((0, -1), (-1, 0)):
        if np.abs(segment[end]).max() < 1e-9:
            moved[end] = NEAR_GAMMA * segment[other]
    return moved


def _distance(crystal: Crystal, segments: list[FloatArray]) -> FloatArray:
    """Length of the path up to each q-point, Å⁻¹, without the gaps between segments."""
    reciprocal = np.linalg.inv(crystal.lattice_a).T
    start, found = 0.0, []
    for segment in segments:
        along = start + np.linalg.norm((segment - segment[0]) @ reciprocal, axis=1)
        found.append(along)
        start = float(along[-1])
    return np.concatenate(found)


def _along(
    qpoints: FloatArray, below: Phonopy, middle: Phonopy, above: Phonopy
) -> tuple[FloatArray, FloatArray]:
    """Frequencies in THz and mode parameters, (q, b) each: γ = −⟨e|dD|e⟩/(2 ω² d ln V).

    phonopy takes eigenvalues that differ by less than a fixed amount for one degenerate
    level, and so all sound waves near Γ; here the difference counts relative to them.
    """
    change = np.log(above.primitive.volume / below.primitive.volume)
    values, gamma = [], []
    for q in qpoints:
        matrix, up, down = (_dynamical_matrix(p, q) for p in (middle, above, below))
        square, vectors = np.linalg.eigh(matrix)
        slope = _slopes(square, vectors, up - down)
        values.append(square)
        gamma.append(-slope / (2 * square * change))
    square = np.array(values)
    frequency = np.sign(square) * np.sqrt(np.abs(square)) * middle.unit_conversion_factor
    return _telling(frequency, np.array(gamma))


def _dynamical_matrix(phonon: Phonopy, q: FloatArray) -> Any:
    found: Any = phonon.dynamical_matrix
    found.run(q)
    return found.dynamical_matrix


def _slopes(square: FloatArray, vectors: Any, change: Any) -> FloatArray:
    """Changes of eigenvalues to first order, level by level where they are degenerate."""
    rises = np.diff(square) > DEGENERATE * np.abs(square[1:])
    levels = np.split(np.arange(len(square)), np.flatnonzero(rises) + 1)
    return np.concatenate(
        [
            np.linalg.eigvalsh(vectors[:, level].conj().T @ change @ vectors[:, level])
            for level in levels
        ]
    )


def _on_mesh(found: Any, middle: Phonopy) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same on half as many points along each axis as the free energy has, and weights."""
    if middle.mesh is None:
        raise ValueError("the phonopy object has no mesh: sample it with sample_mesh()")
    numbers = [max(2, int(m) // 2) for m in middle.mesh.mesh_numbers]
    with np.errstate(divide="ignore", invalid="ignore"):
        found.set_mesh(numbers, is_gamma_center=True)  # a shifted mesh has no symmetry
    _, weight, frequency, _, gamma = found.get_mesh()
    return *_telling(np.asarray(frequency), np.asarray(gamma)), np.asarray(weight, dtype=float)


def _telling(frequency: FloatArray, gamma: FloatArray) -> tuple[FloatArray, FloatArray]:
    telling = frequency > VANISHING * frequency.max()
    return frequency, np.where(telling, gamma, np.nan)


def weighted_mean(found: ModeGruneisen, temperatures_k: FloatArray) -> FloatArray:
    """Mean of the mode parameters, each weighted by its heat capacity (Barron 1955), (t,).

    Not-a-number at temperatures too low for the mesh.
    """
    known = np.isfinite(found.mesh_gamma)
    weight = np.repeat(found.mesh_weight[:, None], known.shape[1], axis=1)[known]
    gamma, quantum_k = found.mesh_gamma[known], THZ_IN_K * found.mesh_frequency_thz[known]
    means = np.full(len(temperatures_k), np.nan)
    for index in np.flatnonzero(temperatures_k >= COOLEST_K):
        half = np.minimum(quantum_k / temperatures_k[index] / 2, 300.0)
        heat = weight * (half / np.sinh(half)) ** 2
        means[index] = (heat * gamma).sum() / heat.sum()
    return means


def debye_temperature_k(frequency_thz: FloatArray, weight: FloatArray) -> float:
    """Debye temperature with the second moment of the spectrum, k Θ = h (5/3 ⟨ν²⟩)^½.

    Parameters
    ----------
    frequency_thz, weight
        Modes on a mesh, (m, b), and weights (m,).
    """
    square = (weight @ frequency_thz**2).sum() / (weight.sum() * frequency_thz.shape[1])
    return float(constants.h * 1e12 / constants.k * np.sqrt(5 / 3 * square))
