"""Atoms that attract by a pair potential: fast, and with exact relations to test against."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch

from mlpcore import registry
from mlpcore.neighbours import build_graph
from mlpcore.potential import Evaluation, Potential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

CUTOFF_A = 5.0

INFO = dataclasses.replace(
    registry.info("sevennet-0"),
    name="lennard-jones",
    title="Lennard-Jones",
    cutoff_a=CUTOFF_A,
    sha256="none",
)


class LennardJones(Potential):
    """4ε((σ/r)¹² − (σ/r)⁶)(1 − r²/r_c²)⁴ between all atoms, whatever their element.

    The last factor ends the interaction with three continuous derivatives.
    """

    engine = "test"
    memory_per_atom_mb = 1.0
    info = INFO
    device = torch.device("cpu")
    dtype = torch.float64

    def __init__(
        self, epsilon_ev: float = 0.4, sigma_a: float = 2.3, batch_atoms: int = 1
    ) -> None:
        self.epsilon_ev, self.sigma_a, self.batch_atoms = epsilon_ev, sigma_a, batch_atoms
        self.calls = 0
        self.batches: list[tuple[int, ...]] = []

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        self.batches.append(tuple(len(atoms) for atoms in batch))
        return [self._evaluate_one(atoms) for atoms in batch]

    def _evaluate_one(self, atoms: Atoms) -> Evaluation:
        u = torch.zeros(len(atoms), 3, dtype=self.dtype, requires_grad=True)
        strain = torch.zeros(3, 3, dtype=self.dtype, requires_grad=True)
        energy = self.energy_function(atoms)(u, strain)
        by_u, by_strain = torch.autograd.grad(energy, [u, strain])
        stress = by_strain.numpy() / atoms.cell.volume
        return Evaluation(energy.item(), -by_u.numpy(), (stress + stress.T) / 2)

    def energy_function(self, atoms: Atoms):
        self.calls += 1
        self.info.require_elements(atoms.get_chemical_symbols())
        graph = build_graph([atoms], CUTOFF_A)
        vectors = torch.as_tensor(graph.vectors_a)
        source, target = torch.as_tensor(graph.source), torch.as_tensor(graph.target)

        def energy(u: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            moved = vectors + u[target] - u[source]
            moved = moved @ (torch.eye(3, dtype=self.dtype) + strain)
            squared = (moved**2).sum(dim=1)
            attraction = (self.sigma_a**2 / squared) ** 3
            pair = 4 * self.epsilon_ev * (attraction**2 - attraction)
            return (pair * (1 - squared / CUTOFF_A**2) ** 4).sum() / 2

        return energy

    def hessian_ev_per_a2(self, atoms: Atoms) -> np.ndarray:
        """All force constants of a structure, (3n, 3n)."""
        energy, n = self.energy_function(atoms), len(atoms)
        strain = torch.zeros(3, 3, dtype=self.dtype)
        found = torch.autograd.functional.hessian(
            lambda u: energy(u.reshape(n, 3), strain), torch.zeros(3 * n, dtype=self.dtype)
        )
        return found.numpy()
