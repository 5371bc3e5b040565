"""Elastic properties along a direction, from the compliance tensor.

Voigt order xx yy zz yz xz xy with engineering shear strains, so that
S_ijkl n_i n_j n_k n_l = v·S·v with v = (n₁², n₂², n₃², n₂n₃, n₁n₃, n₁n₂)
(Nye, Physical Properties of Crystals, 1985). A direction n and one across it, m, are unit
vectors in the axes of the stiffness. A singular stiffness gives not-a-number.

For a fixed n, the shear compliance and Poisson's ratio are quadratic in m. Over all m
perpendicular to n their extremes are therefore the eigenvalues of a 2 × 2 matrix: there is
no scan over angles.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from properties.elasticity import moduli, sphere, voigt

FloatArray = NDArray[np.float64]


class Quantity(StrEnum):
    """Properties of a direction that have extremes over the sphere."""

    YOUNG = "young"
    COMPRESSIBILITY = "compressibility"
    SHEAR = "shear"
    POISSON = "poisson"


_ACROSS = (Quantity.SHEAR, Quantity.POISSON)


@dataclass(frozen=True)
class Extreme:
    """The smallest or largest value of a property, and where it is found.

    Attributes
    ----------
    value
        GPa, 1/TPa or a pure number.
    direction
        Unit vector n in the axes of the tensor, (3,); of the two opposite ones that
        whose first component other than zero is positive. Where symmetry makes several
        directions equal, one of them.
    across
        Unit vector m perpendicular to it, (3,), for shear modulus and Poisson's ratio.
    """

    value: float
    direction: FloatArray
    across: FloatArray | None = None


def young_modulus_gpa(stiffness_gpa: FloatArray, directions: FloatArray) -> FloatArray:
    """Young's modulus for uniaxial stress along each direction, E = 1/(S_ijkl n_i n_j n_k n_l).

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
    return 1 / np.einsum("...i,ij,...j->...", v, moduli.compliance_per_gpa(stiffness_gpa), v)


def linear_compressibility_per_tpa(
    stiffness_gpa: FloatArray, directions: FloatArray
) -> FloatArray:
    """Relative shortening along each direction per pressure, β = S_ijkk n_i n_j, in 1/TPa."""
    strain = moduli.compliance_per_gpa(stiffness_gpa)[:, :3].sum(axis=1)
    return 1e3 * _voigt(directions) @ strain


def shear_modulus_gpa(
    stiffness_gpa: FloatArray, directions: FloatArray, across: FloatArray
) -> FloatArray:
    """Shear modulus G = 1/(4 S_ijkl n_i m_j n_k m_l), in GPa.

    The stress shears planes with normal n (`directions`) along m (`across`).

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6).
    directions, across
        Perpendicular unit vectors, shapes (..., 3) that broadcast.

    Returns
    -------
    Shape (...).
    """
    form = shear_compliance(stiffness_gpa, directions)
    return 1 / np.einsum("...ij,...i,...j->...", form, across, across)


def poisson_ratio(
    stiffness_gpa: FloatArray, directions: FloatArray, across: FloatArray
) -> FloatArray:
    """Poisson's ratio ν = −S_ijkl n_i n_j m_k m_l / S_ijkl n_i n_j n_k n_l.

    Narrowing along m (`across`) relative to the lengthening along n (`directions`) under a
    uniaxial stress along n; shapes as in :func:`shear_modulus_gpa`.
    """
    form = narrowing(stiffness_gpa, directions)
    return np.einsum("...ij,...i,...j->...", form, across, across)


def shear_modulus_range_gpa(
    stiffness_gpa: FloatArray, directions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest shear modulus over all m perpendicular to each n, in GPa.

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6), positive definite.
    directions
        Shape (..., 3).

    Returns
    -------
    Two arrays of shape (...).
    """
    low, high = _range_across(shear_compliance(stiffness_gpa, directions), directions)
    return 1 / high, 1 / low


def poisson_range(
    stiffness_gpa: FloatArray, directions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest Poisson's ratio over all m perpendicular to each n.

    Shapes as in :func:`shear_modulus_range_gpa`.
    """
    return _range_across(narrowing(stiffness_gpa, directions), directions)


def shear_compliance(stiffness_gpa: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the matrix A of 1/G = m·A·m: A_jl = 4 S_ijkl n_i n_k, (..., 3, 3) in 1/GPa."""
    half = np.einsum("ijkl,...k->...ijl", compliance_tensor(stiffness_gpa), directions)
    return 4 * np.einsum("...ijl,...i->...jl", half, directions)


def narrowing(stiffness_gpa: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the matrix B of ν = m·B·m: minus the strain per strain along n, (..., 3, 3)."""
    v = _voigt(directions)
    strain = v @ moduli.compliance_per_gpa(stiffness_gpa)
    along = np.einsum("...i,...i->...", strain, v)
    strain[..., 3:] /= 2
    return -strain[..., voigt.INDEX] / along[..., None, None]


def compliance_tensor(stiffness_gpa: FloatArray) -> FloatArray:
    """Return S_ijkl in 1/GPa, (3, 3, 3, 3): Voigt's compliances without their 2 and 4."""
    doubled = np.array([1.0, 1, 1, 2, 2, 2])
    return voigt.tensor_from_matrix(
        moduli.compliance_per_gpa(stiffness_gpa) / np.outer(doubled, doubled)
    )


def extremes(stiffness_gpa: FloatArray, quantity: Quantity) -> tuple[Extreme, Extreme]:
    """Find the smallest and largest value of a property over all directions.

    For shear modulus and Poisson's ratio, over all pairs of perpendicular directions.
    Compressibility is a quadratic form, so its extremes are eigenvalues; the others come
    from :func:`properties.elasticity.sphere.smallest`.

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6).

    Returns
    -------
    Smallest and largest; their values and vectors are not-a-number if the tensor is not
    positive definite, for then there is a direction of which these properties say nothing.
    """
    if not moduli.is_stable(stiffness_gpa):
        nowhere = np.full(3, np.nan)
        nothing = Extreme(np.nan, nowhere, nowhere if quantity in _ACROSS else None)
        return nothing, nothing
    if quantity is Quantity.COMPRESSIBILITY:
        return _compressibility_extremes(stiffness_gpa)
    if quantity is Quantity.YOUNG:
        low, low_at = sphere.smallest(lambda n: young_modulus_gpa(stiffness_gpa, n))
        high, high_at = sphere.smallest(lambda n: -young_modulus_gpa(stiffness_gpa, n))
        return Extreme(low, low_at), Extreme(-high, high_at)
    ends = shear_modulus_range_gpa if quantity is Quantity.SHEAR else poisson_range
    _, low_at = sphere.smallest(lambda n: ends(stiffness_gpa, n)[0])
    _, high_at = sphere.smallest(lambda n: -ends(stiffness_gpa, n)[1])
    return (
        _across_extreme(stiffness_gpa, low_at, quantity, largest=False),
        _across_extreme(stiffness_gpa, high_at, quantity, largest=True),
    )


def sphere_directions(n_polar: int = 61, n_azimuth: int = 121) -> FloatArray:
    """Unit vectors on a grid of polar and azimuthal angle, shape (n_polar, n_azimuth, 3)."""
    return sphere.grid(n_polar, n_azimuth)


def plane_directions(normal: FloatArray, n_angles: int = 361) -> tuple[FloatArray, FloatArray]:
    """Directions in a plane, for a two-dimensional section.

    The first direction is the Cartesian axis x projected into the plane; where the plane is
    perpendicular to x, it is y. Angles rise counter-clockwise for an eye that the normal
    points to. So the sections are: normal z, from x to y; normal x, from y to z; normal y,
    from x to −z.

    Parameters
    ----------
    normal
        Any vector but zero, (3,).
    n_angles
        Number of angles from 0 to 2π, both included.

    Returns
    -------
    Angles in radians, (n_angles,), and unit vectors, (n_angles, 3).
    """
    unit = np.asarray(normal, dtype=float) / np.linalg.norm(normal)
    start = np.eye(3)[0 if abs(unit[0]) < 1 - 1e-9 else 1]
    first = start - (start @ unit) * unit
    first /= np.linalg.norm(first)
    angles = np.linspace(0, 2 * np.pi, n_angles)
    second = np.cross(unit, first)
    return angles, np.outer(np.cos(angles), first) + np.outer(np.sin(angles), second)


def _compressibility_extremes(stiffness_gpa: FloatArray) -> tuple[Extreme, Extreme]:
    strain = moduli.compliance_per_gpa(stiffness_gpa)[:, :3].sum(axis=1) * np.array(
        [1, 1, 1, 0.5, 0.5, 0.5]
    )
    values, vectors = np.linalg.eigh(1e3 * strain[voigt.INDEX])
    low, high = (Extreme(float(values[i]), sphere.canonical(vectors[:, i])) for i in (0, -1))
    return low, high


def _across_extreme(
    stiffness_gpa: FloatArray, direction: FloatArray, quantity: Quantity, *, largest: bool
) -> Extreme:
    """Complete a direction with the m of its largest or smallest value."""
    shear = quantity is Quantity.SHEAR
    find, form = (
        (shear_modulus_gpa, -shear_compliance(stiffness_gpa, direction))
        if shear
        else (poisson_ratio, narrowing(stiffness_gpa, direction))
    )
    frame = np.column_stack(sphere.perpendicular(direction))
    _, vectors = np.linalg.eigh(frame.T @ form @ frame)
    across = sphere.canonical(frame @ vectors[:, -1 if largest else 0])
    return Extreme(float(find(stiffness_gpa, direction, across)), direction, across)


def _range_across(form: FloatArray, directions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Extremes of m·form·m over the circle of m perpendicular to each direction."""
    a, b = sphere.perpendicular(directions)
    aa, bb, ab = (
        np.einsum("...ij,...i,...j->...", form, p, q) for p, q in ((a, a), (b, b), (a, b))
    )
    middle, radius = (aa + bb) / 2, np.hypot((aa - bb) / 2, ab)
    return middle - radius, middle + radius


def _voigt(directions: FloatArray) -> FloatArray:
    x, y, z = np.moveaxis(np.asarray(directions, dtype=float), -1, 0)
    return np.stack([x * x, y * y, z * z, y * z, x * z, x * y], axis=-1)
