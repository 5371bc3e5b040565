"""The one place that knows Voigt order: xx yy zz yz xz xy, with shear strains doubled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Tensor indices of the six Voigt components."""

NAMES = tuple("xyz"[i] + "xyz"[j] for i, j in PAIRS)
"""``xx`` to ``xy``."""

INDEX = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
"""Voigt component of each pair of tensor indices."""


def strain_matrix(component: int, amplitude: float) -> FloatArray:
    """Return the symmetric strain with Voigt component e_i = `amplitude`."""
    strain = np.zeros((3, 3))
    i, j = PAIRS[component]
    strain[i, j] += amplitude / 2
    strain[j, i] += amplitude / 2
    return strain


def vector_from_stress(stress: FloatArray) -> FloatArray:
    """Return the six Voigt components of a symmetric stress, shape (6,)."""
    return np.array([stress[i, j] for i, j in PAIRS])


def tensor_from_matrix(matrix: FloatArray) -> FloatArray:
    """Return the (3, 3, 3, 3) stiffness tensor of a (6, 6) Voigt matrix."""
    return np.asarray(matrix)[INDEX[:, :, None, None], INDEX[None, None, :, :]]


def matrix_from_tensor(tensor: FloatArray) -> FloatArray:
    """Return the (6, 6) Voigt matrix of a stiffness tensor, symmetrised in each pair."""
    t = (tensor + tensor.transpose(1, 0, 2, 3)) / 2
    t = (t + t.transpose(0, 1, 3, 2)) / 2
    return np.array([[t[i, j, k, m] for k, m in PAIRS] for i, j in PAIRS])


def rotate(matrix: FloatArray, rotation: FloatArray) -> FloatArray:
    """Express a Voigt stiffness in new axes.

    Parameters
    ----------
    matrix
        Stiffness in the old axes, (6, 6).
    rotation
        Rows are the new axes in old coordinates, (3, 3).
    """
    tensor = tensor_from_matrix(matrix)
    turned = np.einsum("ai,bj,ck,dl,ijkl->abcd", *[rotation] * 4, tensor, optimize=True)
    return matrix_from_tensor(turned)
