"""Born effective charges and the dielectric tensor, for the splitting of polar modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from properties.frozen import Frozen

FloatArray = NDArray[np.float64]

COULOMB_EV_A = (
    constants.elementary_charge / (4 * np.pi * constants.epsilon_0) / constants.angstrom
)
"""e²/4πε₀ in eV Å (14.40)."""


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


def nac_parameters(born: BornCharges) -> Any:
    """Return charges and dielectric tensor as phonopy takes them, Coulomb factor included."""
    return {
        "born": np.array(born.charges_e),
        "dielectric": np.array(born.dielectric),
        "factor": COULOMB_EV_A,
    }
