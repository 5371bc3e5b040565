"""A crystal of the CsCl type whose double wells are known in closed form.

Caesium forms a cube of stiff springs; chlorine, displaced by d from the middle of its eight
neighbours, has −a|d|² + b|d|⁴ + c(dx⁴ + dy⁴ + dz⁴) along the edges of the caesium cube, and
J|d − d'|² with each neighbouring one. Strain leaves d alone, so a relaxed phase keeps the
cell, and the wells are

    all chlorine one way (Γ):   E = −a d² + (b + c s) d⁴,
    alternating (R):            E = −(a − 12 J) d² + (b + c s) d⁴,

per cell, with s = Σ n⁴ of the unit vector along d.
"""

from __future__ import annotations

import numpy as np
import torch
from ase import Atoms

from mlpcore.neighbours import build_graph
from properties.crystal import Crystal
from tests.physics.lennard_jones import LennardJones

EDGE_A = 3.0
CUTOFF_A = 4.7
SPRING = 6.0
CAESIUM, CHLORINE = 55, 17


def crystal() -> Crystal:
    return Crystal(
        EDGE_A * np.eye(3), np.array([CAESIUM, CHLORINE]), np.array([[0, 0, 0], [0.5] * 3])
    )


class Ferroelectric(LennardJones):
    """Energies in eV, lengths in Å; `a` may be negative for a crystal without a soft mode."""

    def __init__(self, a: float = 0.5, b: float = 8.0, c: float = 2.0, j: float = 0.5) -> None:
        super().__init__()
        self.a, self.b, self.c, self.j = a, b, c, j

    def depth_ev(self, s: float, alternating: bool = False) -> float:
        """Depth of the well, per cell."""
        return self._square(alternating) ** 2 / (4 * (self.b + self.c * s))

    def lowest_a(self, s: float, alternating: bool = False) -> float:
        """Displacement d at the bottom of the well."""
        return np.sqrt(self._square(alternating) / (2 * (self.b + self.c * s)))

    def _square(self, alternating: bool) -> float:
        return self.a - 12 * self.j if alternating else self.a

    def energy_function(self, atoms: Atoms):
        graph = build_graph([atoms], CUTOFF_A)
        vectors = torch.as_tensor(graph.vectors_a)
        source, target = torch.as_tensor(graph.source), torch.as_tensor(graph.target)
        length = vectors.norm(dim=1)
        kinds = torch.as_tensor(atoms.numbers)
        from_cl, to_cl = kinds[source] == CHLORINE, kinds[target] == CHLORINE
        near = from_cl & ~to_cl & (length < 3.5)
        pairs = from_cl & to_cl & (length < 3.7)
        edges = ~from_cl & ~to_cl
        rest = torch.where(length < 3.7, EDGE_A, np.sqrt(2) * EDGE_A)
        axes = vectors[edges & (length < 3.7)]
        axes = axes / axes.norm(dim=1, keepdim=True)
        n_atoms = len(atoms)

        def energy(u: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            moved = vectors + u[target] - u[source]
            moved = moved @ (torch.eye(3, dtype=self.dtype) + strain)
            d = torch.zeros(n_atoms, 3, dtype=self.dtype)
            d = d.index_add(0, source[near], -moved[near] / 8)
            square = (d**2).sum(dim=1)
            local = (
                -self.a * square
                + self.b * square**2
                + 3 * self.c * ((d @ axes.T) ** 4).mean(dim=1)
            )
            joined = ((d[source[pairs]] - d[target[pairs]]) ** 2).sum() / 2
            stretch = ((moved[edges].norm(dim=1) - rest[edges]) ** 2).sum() / 4
            return local.sum() + self.j * joined + SPRING * stretch

        return energy
