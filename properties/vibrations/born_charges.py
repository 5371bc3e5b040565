"""Born effective charges and the dielectric tensor of a crystal, as a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from properties.frozen import Frozen

FloatArray = NDArray[np.float64]

OWN = "the model's own electrostatics"
"""Source of charges that belong to the model whose forces are computed."""


@dataclass(frozen=True)
class BornCharges(Frozen):
    """Response of a crystal to electric fields with its ions clamped.

    Attributes
    ----------
    dielectric
        High-frequency dielectric tensor ε∞, (3, 3), dimensionless.
    charges_e
        Effective charges Z*, (n, 3, 3) in elementary charges, one tensor an atom, in the
        order and the Cartesian frame of the cell that they belong to; the first index is
        that of the field, the second that of the displacement.
    source
        Where they come from.
    """

    dielectric: FloatArray
    charges_e: FloatArray
    source: str
