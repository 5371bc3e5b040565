"""Electrostatics of point charges in a crystal: the part of an energy that no cut-off can hold.

The charges are fixed or fitted for each element, or flow between neighbours; see
:mod:`~mlpcore.electrostatics.charges`. A network is trained on what is left over, see
:mod:`~mlpcore.electrostatics.training`, so nothing is counted twice.
"""

from mlpcore.electrostatics.charges import ChargeModel
from mlpcore.electrostatics.ewald import EwaldSum
from mlpcore.electrostatics.potential import ElectrostaticPotential
from mlpcore.electrostatics.training import ElectrostaticTerm, Forms, electrostatic_labels

__all__ = [
    "ChargeModel",
    "ElectrostaticPotential",
    "ElectrostaticTerm",
    "EwaldSum",
    "Forms",
    "electrostatic_labels",
]
