"""The form of a stiffness tensor in standard axes: which Laue class it shows.

The relations between entries (C22 = C11, C66 = (C11 − C12)/2, C24 = −C14 …) are not listed:
they are what remains after averaging over the rotations of the class in its standard axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from properties.elasticity import laue

FloatArray = NDArray[np.float64]

TOLERANCE = 0.005
"""Largest misfit of a form, relative to the largest entry: rounding and the noise of a
calculation, but smaller than a coupling such as C14 that matters."""


@dataclass(frozen=True)
class Form:
    """A Laue class that a tensor shows.

    Attributes
    ----------
    laue_class, setting
        As in :class:`properties.elasticity.pasted.PastedTensor`.
    residual_gpa
        Largest entry by which the tensor differs from the form.
    """

    laue_class: str
    setting: str
    residual_gpa: float


_MONOCLINIC = {"b": "Y", "c": "Z", "a": "X"}
_GROUPS = (
    ("m-3m", "", "O", "Z"),
    ("6/mmm", "", "D6", "Z"),
    ("4/mmm", "", "D4", "Z"),
    ("-3m", "", "D3", "Z"),
    ("4/m", "", "C4", "Z"),
    ("-3", "", "C3", "Z"),
    ("mmm", "", "D2", "Z"),
    *(("2/m", f"unique axis {name}", "C2", axis) for name, axis in _MONOCLINIC.items()),
)
"""Class, setting, rotation group and its axis, from few to many independent constants.

Classes m-3 and 6/m are missing: their tensors are those of m-3m and 6/mmm.
"""

_COUPLINGS = {"a": (14, 24, 34, 56), "b": (15, 25, 35, 46), "c": (16, 26, 36, 45)}


def recognise(stiffness_gpa: FloatArray) -> Form:
    """Return the most symmetric class whose form the tensor has in its own axes.

    A tensor in other axes than the standard ones of its class (z along the principal axis,
    x along a twofold one) shows a lower class, often "-1".

    Parameters
    ----------
    stiffness_gpa
        Symmetric, (6, 6).
    """
    limit = TOLERANCE * float(np.abs(stiffness_gpa).max())
    for laue_class, setting, group, axis in _GROUPS:
        form = laue.project(stiffness_gpa, _rotations(group, axis))
        residual = float(np.abs(form - stiffness_gpa).max())
        if residual <= limit:
            return Form(laue_class, setting, residual)
    return Form("-1", "", 0.0)


def independent(laue_class: str, setting: str = "") -> tuple[tuple[int, int], ...]:
    """Return the Voigt indices that describe a tensor of this class, from (1, 1)."""
    names = [int(name) for name in laue.INDEPENDENT[laue_class]]
    if setting:
        standard, own = _COUPLINGS["b"], _COUPLINGS[setting[-1]]
        names = sorted(own[standard.index(n)] if n in standard else n for n in names)
    return tuple(divmod(name, 10) for name in names)


@cache
def _rotations(group: str, axis: str) -> FloatArray:
    return np.asarray(Rotation.create_group(group, axis=axis).as_matrix())
