"""A committee of Lennard-Jones members: what each must find follows from its depth alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from ase.neighborlist import neighbor_list
from lennard_jones import INFO, LennardJones

from mlpcore.errors import NotConvergedError
from mlpcore.potential import Evaluation, Extrapolation, ModelCharges, Potential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

EPSILON_EV = 0.4
SCALES = (0.96, 1.0, 1.04)


class LennardJonesCommittee(Potential):
    """The mean of members that differ in the depth of their well.

    Parameters
    ----------
    scales
        Depth of each member, relative to ``EPSILON_EV``. All lengths stay, and energies and
        stiffness follow the depth, frequencies its square root.
    sigmas_a
        Size of each member's atoms, where they differ in it.
    range_a
        Nearest distances in the training data that it claims to have; ``None`` knows none.
    charge_e
        Charge of model electrostatics that it claims to have, alternating from atom to atom.
    """

    engine = "test"
    memory_per_atom_mb = 1.0
    info = INFO
    device = torch.device("cpu")
    dtype = torch.float64

    def __init__(
        self,
        scales: Sequence[float] = SCALES,
        sigmas_a: Sequence[float] | None = None,
        range_a: tuple[float, float] | None = None,
        charge_e: float | None = None,
    ) -> None:
        sizes = sigmas_a or [2.3] * len(scales)
        self._members = tuple(
            LennardJones(EPSILON_EV * scale, size)
            for scale, size in zip(scales, sizes, strict=True)
        )
        self._range, self._charge = range_a, charge_e

    @property
    def members(self) -> tuple[Potential, ...]:
        return self._members

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        return [found.mean for found in self.evaluate_members(batch)]

    def energy_function(self, atoms: Atoms):
        functions = [member.energy_function(atoms) for member in self.members]
        return lambda u, strain: sum(f(u, strain) for f in functions) / len(functions)

    def atomic_energies(self, atoms: Atoms) -> np.ndarray:
        (found,) = self.evaluate_members([atoms])
        return np.repeat(found.energies_ev[:, None] / len(atoms), len(atoms), axis=1)

    def extrapolation(self, batch: Sequence[Atoms]) -> list[Extrapolation] | None:
        if self._range is None:
            return None
        return [self._outside(atoms, *self._range) for atoms in batch]

    def _outside(self, atoms: Atoms, lowest: float, highest: float) -> Extrapolation:
        near = _nearest(atoms)
        over = np.maximum(lowest - near, near - highest)
        excess = np.maximum(over, 0) / (highest - lowest)
        return Extrapolation(excess, "the nearest distance" if excess.any() else "")

    def born_charges(self, atoms: Atoms) -> ModelCharges | None:
        if self._charge is None:
            return None
        signs = np.where(np.arange(len(atoms)) % 2 == 0, 1.0, -1.0)
        tensors = self._charge * signs[:, None, None] * np.eye(3)
        return ModelCharges(tensors, np.eye(3))


def _nearest(atoms: Atoms) -> np.ndarray:
    """Distance of each atom to its nearest neighbour."""
    first, distance = neighbor_list("id", atoms, 4.0)
    nearest = np.full(len(atoms), np.inf)
    np.minimum.at(nearest, first, distance)
    return nearest


class Stubborn(LennardJones):
    """A member that never comes to rest."""

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        raise NotConvergedError("the atoms would not come to rest.")
