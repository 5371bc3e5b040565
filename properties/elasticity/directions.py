"""Elastic properties along a direction, from the compliance tensor.

Voigt order xx yy zz yz xz xy with engineering shear strains, so that
S_ijkl n_i n_j n_k n_l = v·S·v with v = (n₁², n₂², n₃², n₂n₃, n₁n₃, n₁n₂)
(Nye, Physical Properties of Crystals, 1985).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def young_modulus_gpa(stiffness_gpa: FloatArray, directions: FloatArray) -> FloatArray:
    """Young's modulus for uniaxial stress along each direction.

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6), positive definite.
    directions
        Unit vectors in the axes of the stiffness, shape (..., 3).

    Returns
    -------
    Shape (...), GPa.
    """
    v = _voigt(directions)
    return 1 / np.einsum("...i,ij,...j->...", v, np.linalg.inv(stiffness_gpa), v)


def linear_compressibility_per_tpa(
    stiffness_gpa: FloatArray, directions: FloatArray
) -> FloatArray:
    """Relative shortening along each direction per pressure, β = S_ijkk n_i n_j, in 1/TPa."""
    strain = np.linalg.inv(stiffness_gpa)[:, :3].sum(axis=1)
    return 1e3 * _voigt(directions) @ strain


def sphere_directions(n_polar: int = 61, n_azimuth: int = 121) -> FloatArray:
    """Unit vectors on a grid of polar and azimuthal angle, shape (n_polar, n_azimuth, 3)."""
    polar, azimuth = np.meshgrid(
        np.linspace(0, np.pi, n_polar), np.linspace(0, 2 * np.pi, n_azimuth), indexing="ij"
    )
    across = np.sin(polar)
    parts = (across * np.cos(azimuth), across * np.sin(azimuth), np.cos(polar))
    return np.stack(parts, axis=-1)


def _voigt(directions: FloatArray) -> FloatArray:
    x, y, z = np.moveaxis(directions, -1, 0)
    return np.stack([x * x, y * y, z * z, y * z, x * z, x * y], axis=-1)
