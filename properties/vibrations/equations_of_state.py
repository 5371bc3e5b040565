"""Equations of state E(V) as plain functions, and how their fits answer to a change of E.

Parameters come in the order E₀, B₀, B₀′, V₀, in eV, eV/Å³, 1 and Å³.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

FloatArray = NDArray[np.float64]

VINET, BIRCH_MURNAGHAN = "vinet", "birch_murnaghan"
NAMES = {VINET: "Vinet", BIRCH_MURNAGHAN: "Birch–Murnaghan"}
_STEP = 1e-20


def vinet(volumes_a3: Any, parameters: Any) -> Any:
    """Return E(V) of Vinet et al., J. Phys.: Condens. Matter 1, 1941 (1989)."""
    energy, bulk, derivative, volume = parameters
    x = (volumes_a3 / volume) ** (1 / 3)
    eta = 1.5 * (derivative - 1)
    depth = 9 * bulk * volume / eta**2
    return energy + depth * (1 + (eta * (1 - x) - 1) * np.exp(eta * (1 - x)))


def birch_murnaghan(volumes_a3: Any, parameters: Any) -> Any:
    """Return E(V) of the third order, Birch, Phys. Rev. 71, 809 (1947)."""
    energy, bulk, derivative, volume = parameters
    strain = (volume / volumes_a3) ** (2 / 3) - 1
    return energy + 9 / 16 * volume * bulk * (
        strain**3 * derivative + strain**2 * (2 - 4 * strain)
    )


FORMS: dict[str, Callable[[Any, Any], Any]] = {
    VINET: vinet,
    BIRCH_MURNAGHAN: birch_murnaghan,
}


def jacobian(form: str, volumes_a3: FloatArray, parameters: FloatArray) -> FloatArray:
    """Return ∂E(V)/∂parameter, (v, 4), exact but for rounding (complex step).

    E(p + ih) has the imaginary part h ∂E/∂p (Squire and Trapp, SIAM Rev. 40, 110, 1998).
    """
    moved = parameters + 1j * _STEP * np.eye(len(parameters))
    columns = [FORMS[form](volumes_a3, one).imag / _STEP for one in moved]
    return np.array(columns, dtype=float).T


def volume_response(
    form: str, volumes_a3: FloatArray, parameters: FloatArray, change_ev: FloatArray
) -> float:
    """Return how V₀ of a least-squares fit moves with small changes of the fitted energies.

    The change is itself fitted by the tangents of the curve (Gauss–Newton), which leaves out
    the product of the curve's misfit with its second derivatives.

    Parameters
    ----------
    volumes_a3, change_ev
        (v,): fitted volumes, and the change of each energy.
    parameters
        Those of the fit, (4,).
    """
    tangents = jacobian(form, volumes_a3, parameters)
    return float(np.linalg.lstsq(tangents, change_ev, rcond=None)[0][3])
