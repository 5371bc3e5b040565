"""An elastic tensor from pasted text: what was read, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import TensorError
from properties.checks import Check
from properties.elasticity import forms, laue, moduli, pasted_checks, pasted_numbers
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PastedTensor(Frozen):
    """A tensor that was given as text.

    Attributes
    ----------
    stiffness_gpa
        Symmetric part, (6, 6), Voigt order xx yy zz yz xz xy, in the axes it was given in.
    given_gpa
        The table as it was given, (6, 6); differs from `stiffness_gpa` if not symmetric.
    asymmetry_gpa
        Largest |C_ij − C_ji|.
    laue_class
        The most symmetric class whose form the tensor has in these axes, "-1" if none.
    setting
        What the form says about the axes, such as ``unique axis b``; often empty.
    residual_gpa
        Largest entry by which the tensor differs from that form.
    notes
        What was done to the numbers, in sentences: a triangle completed, VASP's order and
        unit changed.
    checks
        ``tensor_symmetric``, ``born_stable``, ``tensor_unit``, ``tensor_kind``.
    """

    stiffness_gpa: FloatArray
    given_gpa: FloatArray
    asymmetry_gpa: float
    laue_class: str
    setting: str
    residual_gpa: float
    notes: tuple[str, ...]
    checks: tuple[Check, ...]

    def independent_constants(self) -> dict[str, float]:
        """The constants that describe a tensor of this class in this setting, by name."""
        names = forms.independent(self.laue_class, self.setting)
        return {f"C{i}{j}": float(self.stiffness_gpa[i - 1, j - 1]) for i, j in names}


def parse(text: str) -> PastedTensor:
    """Read a stiffness tensor in GPa, Voigt order xx yy zz yz xz xy.

    Understood are 36 numbers (row by row) or 21 (the upper or lower triangle, in rows of
    falling or rising length, or the upper one in a single row or column), separated by
    blanks, tabs, commas, semicolons, bars, ampersands or lines and in any brackets; decimal
    points or commas; and standard deviations such as 86.8(2), which are dropped. VASP's
    table of elastic moduli with its row labels is converted.

    Raises
    ------
    TensorError
        The text is not such a table.
    """
    table = pasted_numbers.read(text)
    given = table.numbers
    if not given.any():
        raise TensorError("All numbers are zero. Paste the stiffness of a solid, in GPa.")
    symmetric = (given + given.T) / 2
    form = forms.recognise(symmetric)
    return PastedTensor(
        stiffness_gpa=symmetric,
        given_gpa=given,
        asymmetry_gpa=float(np.abs(given - given.T).max()),
        laue_class=form.laue_class,
        setting=form.setting,
        residual_gpa=form.residual_gpa,
        notes=(*table.notes, *_other_reading(symmetric, table.as_lower)),
        checks=pasted_checks.of_table(given),
    )


def _other_reading(upper: FloatArray, lower: FloatArray | None) -> tuple[str, ...]:
    """Say so where 21 numbers make a better tensor as the lower triangle."""
    if lower is None:
        return ()
    gains = [
        text for text, gained in (
            ("stable", moduli.is_stable(lower) > moduli.is_stable(upper)),
            (f"of the form of Laue class {forms.recognise(lower).laue_class}",
             _n_constants(lower) < _n_constants(upper)),
        ) if gained
    ]  # fmt: skip
    if not gains or moduli.is_stable(lower) < moduli.is_stable(upper):
        return ()
    return (
        f"Read as the lower triangle, the tensor would be {' and '.join(gains)}: write the "
        "numbers in rows of 1, 2, 3, 4, 5, 6 if that is meant.",
    )


def _n_constants(stiffness: FloatArray) -> int:
    return len(laue.INDEPENDENT[forms.recognise(stiffness).laue_class])
