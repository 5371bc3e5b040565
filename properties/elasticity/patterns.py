"""From the independent constants of a Laue class to the whole tensor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import SpecError
from properties.elasticity import laue

FloatArray = NDArray[np.float64]

_Terms = dict[str, tuple[tuple[float, str], ...]]


def _same(**equal: str) -> _Terms:
    """Constants equal to another one, or to its negative."""
    return {
        name.removeprefix("C"): ((-1.0 if other[0] == "-" else 1.0, other.lstrip("-")),)
        for name, other in equal.items()
    }


_CUBIC = _same(C22="11", C33="11", C13="12", C23="12", C55="44", C66="44")
_UNIAXIAL = _same(C22="11", C23="13", C55="44")
_HEXAGONAL: _Terms = {**_UNIAXIAL, "66": ((0.5, "11"), (-0.5, "12"))}
_TRIGONAL = {**_HEXAGONAL, **_same(C24="-14", C56="14")}
DEPENDENT: dict[str, _Terms] = {
    "m-3m": _CUBIC,
    "m-3": _CUBIC,
    "6/mmm": _HEXAGONAL,
    "6/m": _HEXAGONAL,
    "-3m": _TRIGONAL,
    "-3": {**_TRIGONAL, **_same(C25="-15", C46="-15")},
    "4/mmm": _UNIAXIAL,
    "4/m": {**_UNIAXIAL, **_same(C26="-16")},
    "mmm": {},
    "2/m": {},
    "-1": {},
}
"""Constants that follow from the independent ones, in IEEE axes (Nye 1957, table 9)."""


def stiffness_gpa(constants_gpa: Mapping[str, float], laue_class: str) -> FloatArray:
    """Return the stiffness of a Laue class, (6, 6), in IEEE axes.

    Parameters
    ----------
    constants_gpa
        Its independent constants by name, ``C11`` and so on; all of them and no others.

    Raises
    ------
    SpecError
        A constant is missing, or does not belong to the class.
    """
    wanted = {f"C{ij}" for ij in laue.INDEPENDENT[laue_class]}
    if wanted != set(constants_gpa):
        raise SpecError(
            f"Laue class {laue_class} needs {', '.join(sorted(wanted))}; "
            f"got {', '.join(sorted(constants_gpa)) or 'none'}."
        )
    terms = {name.removeprefix("C"): ((1.0, name.removeprefix("C")),) for name in wanted}
    tensor = np.zeros((6, 6))
    for ij, parts in {**terms, **DEPENDENT[laue_class]}.items():
        value = sum(factor * constants_gpa[f"C{of}"] for factor, of in parts)
        i, j = int(ij[0]) - 1, int(ij[1]) - 1
        tensor[i, j] = tensor[j, i] = value
    return tensor
