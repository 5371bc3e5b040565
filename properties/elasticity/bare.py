"""One elastic tensor in standard axes, without the finite strains that check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from properties import symmetry
from properties.elasticity import finite_strain, laue
from properties.elasticity.hessian import SecondDerivatives, second_derivatives
from properties.elasticity.orientation import Orientation, half_turn

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces

FloatArray = NDArray[np.float64]

MAX_ATOMS_DIFFERENTIATED = 60
"""Cells with more atoms take the finite-strain route: the graph of first derivatives
holds every intermediate of the network and grows to many gigabytes."""

STRAIN = 0.002
"""Strain of the route without second derivatives."""


@dataclass(frozen=True, eq=False)
class BareTensor:
    """Tensors projected on the Laue class, in the axes of `orientation`.

    Attributes
    ----------
    relaxed_gpa, clamped_gpa
        Relaxed and clamped ions, (6, 6).
    softest_ev_per_a2
        Smallest internal force constant; ``None`` without second derivatives.
    """

    relaxed_gpa: FloatArray
    clamped_gpa: FloatArray
    orientation: Orientation
    softest_ev_per_a2: float | None


def bare_tensor(
    crystal: Crystal,
    potential: Potential,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
    orientation: Orientation | None = None,
) -> BareTensor:
    """Compute the stiffness of a relaxed primitive cell.

    Parameters
    ----------
    orientation
        Axes to use, such as those of the crystal before it was compressed; ``None``
        finds them.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished pieces are kept.
    NotConvergedError
        Ions in a strained cell did not come to rest.
    """
    known = orientation or Orientation.of(crystal)
    turned = crystal.turned(known.axes(crystal.lattice_a))
    group = laue.point_group(turned, symmetry.SYMPREC_A)
    exact = exact_derivatives(turned, potential, monitor, pieces, pressure_gpa)
    if exact is None:
        raw = _by_strain(turned, potential, monitor, pieces, pressure_gpa, group)
    else:
        raw = np.array([exact.clamped_stiffness_gpa(), exact.relaxed_stiffness_gpa()])
    clamped, relaxed = (laue.project(tensor, group) for tensor in raw)
    if orientation is None:
        known = known.signed_by(relaxed, crystal.lattice_a)
        clamped, relaxed = (half_turn(tensor, known.signs) for tensor in (clamped, relaxed))
    return BareTensor(
        relaxed, clamped, known, None if exact is None else exact.softest_force_constant()
    )


def exact_derivatives(
    crystal: Crystal,
    potential: Potential,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float,
) -> SecondDerivatives | None:
    """Differentiate twice where the model can and the cell is not too large."""
    if not potential.info.twice_differentiable or len(crystal) > MAX_ATOMS_DIFFERENTIATED:
        return None
    return second_derivatives(crystal, potential, monitor, pieces, pressure_gpa)


def _by_strain(
    crystal: Crystal,
    potential: Potential,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float,
    group: FloatArray,
) -> FloatArray:
    patterns = laue.strain_patterns(group)
    scan = finite_strain.scan(
        crystal, potential, patterns, (STRAIN,), monitor, pieces, pressure_gpa
    )
    return scan.stiffness_gpa(STRAIN, group)
