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


_GROUPS = {
    "m-3m": "O",
    "m-3": "T",
    "6/mmm": "D6",
    "6/m": "C6",
    "4/mmm": "D4",
    "-3m": "D3",
    "4/m": "C4",
    "-3": "C3",
    "mmm": "D2",
    "2/m": "C2",
    "-1": "C1",
}
"""Rotations of each class, from few to many independent constants."""

TRIED = (
    *((name, "", "Z") for name in ("m-3m", "6/mmm", "4/mmm", "-3m", "4/m", "-3", "mmm")),
    ("2/m", "unique axis b", "Y"),
    ("2/m", "unique axis c", "Z"),
    ("2/m", "unique axis a", "X"),
)
"""Class, setting and axis, the first that fits wins.

Classes m-3 and 6/m are missing: their tensors are those of m-3m and 6/mmm.
"""

TURNED = {"-3": ("-3m", "C15"), "4/m": ("4/mmm", "C16")}
"""Classes whose tensors turn into the form of another class when turned about z until a
constant vanishes, so that the constants alone do not tell the two apart."""

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
    for laue_class, setting, axis in TRIED:
        form = laue.project(stiffness_gpa, rotations(laue_class, axis))
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
def rotations(laue_class: str, axis: str = "Z") -> FloatArray:
    """Return the proper rotations of a class in standard axes, (g, 3, 3).

    Parameters
    ----------
    axis
        Principal axis, "Z" in standard axes; for 2/m that is "Y". Twofold axes across it
        include x for "Z".
    """
    found = Rotation.create_group(_GROUPS[laue_class], axis=axis).as_matrix()
    found.setflags(write=False)
    return np.asarray(found)
