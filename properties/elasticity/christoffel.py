"""Sound velocities along a direction, from the Christoffel equation.

Γ_ik = C_ijkl n_j n_l has the eigenvalues ρ v² and the polarisations as eigenvectors
(Musgrave, Crystal Acoustics, 1970). Long waves: no dispersion, no piezoelectric stiffening.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from properties.elasticity import moduli, sphere, voigt
from properties.elasticity.directions import Extreme

FloatArray = NDArray[np.float64]

BRANCHES = ("slow quasi-shear", "fast quasi-shear", "quasi-longitudinal")
"""Names of the three branches in the order of their velocities."""

DEGENERATE = 1e-7
"""Eigenvalues nearer than this, relative to the largest, belong to one degenerate branch."""

_KM = 1e-3
_N_POLARISATIONS = 3600


@dataclass(frozen=True, eq=False)
class RayCone:
    """The rays of two degenerate waves: internal conical refraction.

    Attributes
    ----------
    branches
        The two that have the same phase velocity, (0, 1) or (1, 2).
    angles_deg
        Smallest and largest angle between a ray and the wave vector.
    speeds_km_per_s
        Group velocities of these two rays.
    """

    branches: tuple[int, int]
    angles_deg: tuple[float, float]
    speeds_km_per_s: tuple[float, float]


def phase_velocities_km_per_s(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, directions: FloatArray
) -> FloatArray:
    """Phase velocities v = ω/k of the three sound waves.

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6).
    directions
        Unit wave vectors in the axes of the stiffness, shape (..., 3).

    Returns
    -------
    Shape (..., 3), rising; not-a-number where v² is negative, which means that the crystal
    is unstable against that wave.
    """
    squares = np.asarray(np.linalg.eigvalsh(christoffel_gpa(stiffness_gpa, directions)), float)
    return _velocity(squares, density_kg_per_m3)


def polarisations(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, directions: FloatArray
) -> FloatArray:
    """Directions in which the atoms move in the three waves, [branch, xyz].

    Unit vectors with a positive component along the wave vector, or, in a pure shear
    wave, any of the two signs. Two degenerate branches get two perpendicular vectors of
    the plane that they share. The density does not matter; it is taken so that the three
    functions are called alike.

    Returns
    -------
    Shape (..., 3, 3), branches in the order of their velocities.
    """
    _, vectors = np.linalg.eigh(christoffel_gpa(stiffness_gpa, directions))
    rows = np.swapaxes(vectors, -1, -2)
    forward = np.einsum("...bi,...i->...b", rows, directions)
    return rows * np.where(forward < 0, -1.0, 1.0)[..., None]


def group_velocities_km_per_s(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, directions: FloatArray
) -> FloatArray:
    """Group velocities dω/dk of the three sound waves, vectors in km/s.

    v_g = e·∂Γ/∂n·e / (2 ρ v). Where branches are degenerate, the velocity depends on which
    combination of polarisations travels: along the threefold axis of a cubic crystal the
    possible ones form a cone (internal conical refraction). All of them then get the mean
    over the degenerate polarisations, the axis of that cone, which does not depend on the
    choice of eigenvectors and has the symmetry of the crystal; :func:`ray_cone` gives the
    single rays.

    Returns
    -------
    Shape (..., 3, 3): [branch, xyz]. The part along the wave vector is the phase velocity.
    """
    squares, vectors = np.linalg.eigh(christoffel_gpa(stiffness_gpa, directions))
    gradient = _gradient(stiffness_gpa, directions)
    rates = np.einsum("...jik,...ib,...kb->...bj", gradient, vectors, vectors)
    together = _together(squares)
    mean = together / together.sum(axis=-1, keepdims=True)
    velocity = _velocity(squares, density_kg_per_m3)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return mean @ rates * 1e9 * _KM**2 / (2 * density_kg_per_m3 * velocity)


def ray_cone(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, direction: FloatArray
) -> RayCone | None:
    """Return the cone of rays of two degenerate waves along one direction.

    With the polarisation cos φ e₁ + sin φ e₂ the group velocity is a + b cos 2φ + c sin 2φ,
    with a + b that of e₁ and a − b that of e₂: an ellipse in the plane v·n = v_phase, a
    circle about n along a threefold axis (Musgrave, Crystal Acoustics, 1970).

    Parameters
    ----------
    direction
        Unit wave vector, (3,).

    Returns
    -------
    ``None`` without exactly two degenerate waves, or if these do not travel. All rays of
    a twofold degeneracy may be the same, as along a fourfold axis; the cone is then a line.
    """
    squares, vectors = np.linalg.eigh(christoffel_gpa(stiffness_gpa, direction))
    pairs = [(k, k + 1) for k in (0, 1) if _together(squares)[k, k + 1]]
    if len(pairs) != 1 or squares[pairs[0][0]] <= 0:
        return None
    (pair,) = pairs
    phase = float(_velocity(squares, density_kg_per_m3)[pair[0]])
    rates = _rates(_gradient(stiffness_gpa, direction), vectors[:, pair])
    rays = rates * 1e9 * _KM**2 / (2 * density_kg_per_m3 * phase)
    across = np.linalg.norm(rays - np.outer(rays @ direction, direction), axis=1)
    low, high = np.array([across.min(), across.max()])
    return RayCone(
        pair,
        (float(np.degrees(np.arctan2(low, phase))), float(np.degrees(np.arctan2(high, phase)))),
        (float(np.hypot(low, phase)), float(np.hypot(high, phase))),
    )


def _rates(gradient: FloatArray, pair: FloatArray) -> FloatArray:
    """Return e·∂Γ/∂n·e for polarisations all around a plane, whose basis is in columns."""
    angle = np.arange(_N_POLARISATIONS) * np.pi / _N_POLARISATIONS
    motion = np.stack([np.cos(angle), np.sin(angle)], axis=1) @ pair.T
    return np.asarray(np.einsum("pi,jik,pk->pj", motion, gradient, motion, optimize=True))


def extremes(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, branch: int
) -> tuple[Extreme, Extreme]:
    """Find the smallest and largest phase velocity of a branch (0, 1, 2), in km/s.

    Not-a-number for a tensor that is not positive definite.
    """
    if not moduli.is_stable(stiffness_gpa):
        nothing = Extreme(np.nan, np.full(3, np.nan))
        return nothing, nothing

    def velocity(directions: FloatArray) -> FloatArray:
        found = phase_velocities_km_per_s(stiffness_gpa, density_kg_per_m3, directions)
        return found[..., branch]

    low, low_at = sphere.smallest(velocity)
    high, high_at = sphere.smallest(lambda n: -velocity(n))
    return Extreme(low, low_at), Extreme(-high, high_at)


def mean_velocity_km_per_s(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, n_polar: int = 48
) -> float:
    """Debye's mean velocity: 3/v_m³ is the mean of Σ 1/v³ over all directions.

    Gauss–Legendre in the cosine of the polar angle, equal steps in the azimuth. Not-a-number
    for a tensor that is not positive definite.

    Parameters
    ----------
    n_polar
        Number of polar angles; twice as many azimuths.
    """
    if not moduli.is_stable(stiffness_gpa):
        return float("nan")
    cosine, weight = np.polynomial.legendre.leggauss(n_polar)
    azimuth = np.arange(2 * n_polar) * np.pi / n_polar
    sine = np.sqrt(1 - cosine**2)[:, None]
    parts = np.broadcast_arrays(sine * np.cos(azimuth), sine * np.sin(azimuth), cosine[:, None])
    velocities = phase_velocities_km_per_s(
        stiffness_gpa, density_kg_per_m3, np.stack(parts, axis=-1)
    )
    inverse_cubes = (velocities**-3).sum(axis=-1).mean(axis=1)
    return float((weight @ inverse_cubes / 2 / 3) ** (-1 / 3))


def debye_temperature_k(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, volume_per_atom_a3: float
) -> float:
    """Debye temperature of the anisotropic crystal, Θ = (ħ/k) (6π²/Ω)^(1/3) v_m.

    The limit of the heat capacity at low temperature; v_m is averaged over all
    directions instead of taken from averaged moduli.
    """
    velocity = mean_velocity_km_per_s(stiffness_gpa, density_kg_per_m3) / _KM
    k_debye = (6 * np.pi**2 / (volume_per_atom_a3 * 1e-30)) ** (1 / 3)
    return float(constants.hbar / constants.k * k_debye * velocity)


def christoffel_gpa(stiffness_gpa: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the Christoffel matrix Γ_ik = C_ijkl n_j n_l, (..., 3, 3)."""
    tensor = voigt.tensor_from_matrix(stiffness_gpa)
    half = np.einsum("ijkl,...l->...ijk", tensor, directions)
    return np.einsum("...ijk,...j->...ik", half, directions)


def _gradient(stiffness_gpa: FloatArray, directions: FloatArray) -> FloatArray:
    """Return ∂Γ_ik/∂n_j, (..., j, i, k), in GPa."""
    tensor = voigt.tensor_from_matrix(stiffness_gpa)
    slope = np.einsum("ijkl,...l->...jik", tensor, directions)
    return np.asarray(slope + np.swapaxes(slope, -1, -2))


def _together(squares_gpa: FloatArray) -> NDArray[np.bool_]:
    """Return which branches are degenerate with which, (..., 3, 3)."""
    apart = np.abs(squares_gpa[..., :, None] - squares_gpa[..., None, :])
    return np.asarray(apart <= DEGENERATE * np.abs(squares_gpa).max(axis=-1)[..., None, None])


def _velocity(squares_gpa: FloatArray, density_kg_per_m3: float) -> FloatArray:
    positive = np.where(squares_gpa >= 0, squares_gpa, np.nan)
    return np.asarray(np.sqrt(positive * 1e9 / density_kg_per_m3) * _KM)
