"""Born charges that a model's own electrostatics implies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from properties.vibrations.born import for_primitive
from properties.vibrations.born_charges import OWN, BornCharges

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.checks import Check
    from properties.crystal import Crystal


def of_model(
    potential: Potential, primitive: Crystal
) -> tuple[BornCharges, tuple[Check, ...]] | None:
    """Return the charges that fix the LO–TO splitting of a model with electrostatics.

    Its forces hold the interaction of dipoles already. With charges from elsewhere the
    non-analytic term would count another interaction than the one that is in the force
    constants (Gonze and Lee, Phys. Rev. B 55, 10355 (1997), subtract the former from the
    latter before they interpolate).

    Returns
    -------
    charges, checks
        As :func:`properties.vibrations.born.for_primitive`; ``None`` for a model that is
        short-ranged.
    """
    found = potential.born_charges(primitive.to_atoms())
    if found is None:
        return None
    charges = BornCharges(found.dielectric, found.charges_e, OWN)
    return for_primitive(charges, primitive, primitive, np.eye(3))
