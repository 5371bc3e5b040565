"""A solid of springs: at rest in whatever structure it is given."""

from __future__ import annotations

import torch
from ase import Atoms

from mlpcore.neighbours import build_graph
from tests.physics.lennard_jones import LennardJones

CUTOFF_A = 5.0


class Springs(LennardJones):
    """½ k (r − r₀)² between all atoms, r₀ as given, k falling with r₀ and fixed by elements."""

    def energy_function(self, atoms: Atoms):
        graph = build_graph([atoms], CUTOFF_A)
        vectors = torch.as_tensor(graph.vectors_a)
        source, target = torch.as_tensor(graph.source), torch.as_tensor(graph.target)
        rest = vectors.norm(dim=1)
        kinds = torch.as_tensor(atoms.numbers % 7 + 1.0)
        stiffness = torch.exp(-rest) * (1 - rest / CUTOFF_A) ** 2
        stiffness = stiffness * kinds[source] * kinds[target]

        def energy(u: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            moved = vectors + u[target] - u[source]
            moved = moved @ (torch.eye(3, dtype=self.dtype) + strain)
            return (stiffness * (moved.norm(dim=1) - rest) ** 2).sum() / 4

        return energy
