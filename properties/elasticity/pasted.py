"""An elastic tensor from pasted text: what was read, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import TensorError
from properties.checks import Check
from properties.elasticity import forms, moduli, pasted_numbers, stability
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]

SYMMETRY_LIMIT = 0.005
"""Largest |C_ij − C_ji| that passes, relative to the largest entry: rounding and the noise
of a calculation."""

LARGEST_GPA = 2000.0
"""No crystal is this stiff (diamond: 1079 GPa); larger numbers have another unit."""


@dataclass(frozen=True)
class PastedTensor(Frozen):
    """A tensor that was given as text.

    Attributes
    ----------
    stiffness_gpa
        Symmetric part, (6, 6), Voigt order xx yy zz yz xz xy, in the axes it was given in.
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
        ``tensor_symmetric``, ``born_stable``, ``tensor_unit``.
    """

    stiffness_gpa: FloatArray
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
    falling or rising length, or the upper one in a single row), separated by blanks, tabs,
    commas, semicolons, bars, ampersands or lines and in any brackets; decimal points or
    commas; and standard deviations such as 86.8(2), which are dropped. VASP's table of
    elastic moduli with its row labels is converted.

    Raises
    ------
    TensorError
        The text is not such a table.
    """
    given, notes = pasted_numbers.read(text)
    if not given.any():
        raise TensorError("All numbers are zero. Paste the stiffness of a solid, in GPa.")
    symmetric = (given + given.T) / 2
    form = forms.recognise(symmetric)
    return PastedTensor(
        stiffness_gpa=symmetric,
        asymmetry_gpa=float(np.abs(given - given.T).max()),
        laue_class=form.laue_class,
        setting=form.setting,
        residual_gpa=form.residual_gpa,
        notes=notes,
        checks=(_symmetry_check(given), _stability_check(symmetric), _unit_check(symmetric)),
    )


def _symmetry_check(given: FloatArray) -> Check:
    apart = np.abs(given - given.T)
    limit = SYMMETRY_LIMIT * float(np.abs(given).max())
    wrong = [
        f"C{i + 1}{j + 1} = {given[i, j]:g} but C{j + 1}{i + 1} = {given[j, i]:g}"
        for i, j in zip(*np.nonzero(np.triu(apart) > limit), strict=True)
    ]
    if wrong:
        message = (
            f"The table is not symmetric: {'; '.join(wrong)} GPa (limit {limit:.2g} apart). "
            "The mean of each pair is used; correct the table if one of them is a slip."
        )
    else:
        message = (
            f"Entries across the diagonal differ by {apart.max():.2g} GPa at most "
            f"(limit {limit:.2g})."
        )
    return Check("tensor_symmetric", "Symmetric table", not wrong, message)


def _stability_check(stiffness: FloatArray) -> Check:
    stable = moduli.is_stable(stiffness)
    lowest = float(stability.eigenvalues_gpa(stiffness)[0])
    message = f"Smallest eigenvalue of the stiffness {lowest:.3g} GPa (must be positive)."
    if not stable:
        message += " No crystal with this tensor could exist at rest; check signs and digits."
    return Check("born_stable", "Born stability", stable, message)


def _unit_check(stiffness: FloatArray) -> Check:
    largest = float(np.abs(stiffness).max())
    passed = largest <= LARGEST_GPA
    message = f"Largest entry {largest:.4g} GPa (diamond: 1079, limit {LARGEST_GPA:g})."
    if not passed:
        message += " The numbers may be in another unit: 1 GPa is 10 kbar or 1e9 Pa."
    return Check("tensor_unit", "Unit", passed, message)
