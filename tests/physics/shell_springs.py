"""A solid of springs between shells of neighbours, whose lengths at rest do not change."""

from __future__ import annotations

import torch
from ase import Atoms
from lennard_jones import LennardJones

from mlpcore.neighbours import build_graph


class ShellSprings(LennardJones):
    """½ k (r − r₀)² with one length r₀ and one k for each shell of neighbours.

    Atoms further than halfway to the next shell, or 10 % beyond the last one, are free.
    """

    def __init__(self, lengths_a: tuple[float, ...], stiffness_ev_per_a2: tuple[float, ...]):
        super().__init__()
        self.lengths_a = torch.tensor(lengths_a, dtype=self.dtype)
        self.stiffness = torch.tensor(stiffness_ev_per_a2, dtype=self.dtype)

    def energy_function(self, atoms: Atoms):
        graph = build_graph([atoms], float(self.lengths_a[-1]) * 1.1)
        vectors = torch.as_tensor(graph.vectors_a)
        source, target = torch.as_tensor(graph.source), torch.as_tensor(graph.target)
        apart = (vectors.norm(dim=1)[:, None] - self.lengths_a).abs()
        shell = apart.argmin(dim=1)
        rest, stiffness = self.lengths_a[shell], self.stiffness[shell]

        def energy(u: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            moved = vectors + u[target] - u[source]
            moved = moved @ (torch.eye(3, dtype=self.dtype) + strain)
            return (stiffness * (moved.norm(dim=1) - rest) ** 2).sum() / 4

        return energy
