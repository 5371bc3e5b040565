"""The Ewald sum in torch, differentiable any number of times by position, strain and charge.

Conventions as in Allen and Tildesley, Computer Simulation of Liquids (2nd ed., 2017),
chapter 6, with conducting ("tin-foil") surroundings and a homogeneous background where the
charges do not sum to zero. The sum over reciprocal vectors factorises: exp(i k·r) is a product
of three powers, one for each axis, so the structure factors of all k are one product of
matrices and no mesh is needed for crystals of thousands of atoms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mlpcore.errors import StructureError
from mlpcore.neighbours import build_graph
from mlpcore.units import COULOMB_EV_A

if TYPE_CHECKING:
    from ase import Atoms

REACH = 4.8
"""Both sums end where their Gaussian factor is exp(−REACH²), 1e-10 of where it began."""
BALANCE = 3.0
"""Times the splitting that would suit pairs and k-vectors of equal cost; pairs cost more."""
CUTOFF_RANGE_A = (4.0, 12.0)


@dataclass(frozen=True)
class Pairs:
    """Directed pairs of a structure, to be moved by displacements and strain.

    Attributes
    ----------
    source, target
        Indices of the atoms, (p,).
    vectors_a
        From source to target, (p, 3), Å.
    """

    source: torch.Tensor
    target: torch.Tensor
    vectors_a: torch.Tensor

    @classmethod
    def within(cls, atoms: Atoms, cutoff_a: float, device: torch.device) -> Pairs:
        """Find the pairs within a cut-off."""
        graph = build_graph([atoms], cutoff_a)
        parts = (graph.source, graph.target, graph.vectors_a)
        return cls(*(torch.as_tensor(part, device=device) for part in parts))

    def moved(self, displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
        """Return the vectors after atoms moved and all was strained, (p, 3)."""
        steps = displacement[self.target] - displacement[self.source]
        return (self.vectors_a + steps) @ (_identity(strain) + strain)


@dataclass(frozen=True)
class EwaldSum:
    """Ewald sum over one structure, with its pairs and reciprocal vectors.

    Attributes
    ----------
    pairs
        Pairs of the sum in real space.
    fractions
        Positions in units of the cell's vectors, (n, 3).
    cell_a
        Vectors of the cell as rows, (3, 3), Å.
    splitting_per_a
        α of erfc(α r).
    most
        Largest index of a reciprocal vector along each axis.
    """

    pairs: Pairs
    fractions: torch.Tensor
    cell_a: torch.Tensor
    splitting_per_a: float
    most: tuple[int, int, int]

    @classmethod
    def of(
        cls, atoms: Atoms, device: torch.device | str = "cpu", cutoff_a: float | None = None
    ) -> EwaldSum:
        """Set the sum up for a structure, exact to about ten digits.

        Parameters
        ----------
        cutoff_a
            Where the sum over pairs ends; by default what takes least time.

        Raises
        ------
        StructureError
            The structure is not periodic in all three directions.
        """
        if not atoms.pbc.all():
            raise StructureError(
                "Electrostatics is summed over a crystal that repeats in all three directions, "
                f"but this structure repeats along {atoms.pbc.sum()}. Make it periodic; "
                "for a molecule or a slab, leave room around it so that its copies do not meet."
            )
        device = torch.device(device)
        cutoff_a = cutoff_a or _cutoff_a(len(atoms), atoms.cell.volume)
        splitting = REACH / cutoff_a
        reach = 2 * splitting * REACH * atoms.cell.lengths() / (2 * math.pi)
        first, second, third = (math.ceil(length) for length in reach)
        cell = torch.as_tensor(atoms.cell.array, dtype=torch.float64, device=device)
        positions = torch.as_tensor(atoms.positions, dtype=torch.float64, device=device)
        return cls(
            Pairs.within(atoms, cutoff_a, device),
            positions @ torch.linalg.inv(cell),
            cell,
            splitting,
            (first, second, third),
        )

    def energies(
        self, charges: torch.Tensor, displacement: torch.Tensor, strain: torch.Tensor
    ) -> torch.Tensor:
        """Return the energy as a bilinear form of sets of charges.

        Parameters
        ----------
        charges
            Each column a set of charges, (n, c), e.
        displacement, strain
            As in :meth:`mlpcore.potential.Potential.energy_function`, float64.

        Returns
        -------
        torch.Tensor
            (c, c), eV, symmetric; the energy of charges q @ a is a · form · a.
        """
        deformation = _identity(strain) + strain
        cell = self.cell_a @ deformation
        volume = torch.linalg.det(cell).abs()
        form = self._real(charges, self.pairs.moved(displacement, strain))
        form = form + self._reciprocal(charges, displacement, cell) / volume
        form = form - self.splitting_per_a / math.sqrt(math.pi) * charges.T @ charges
        total = charges.sum(dim=0)
        background = math.pi / (2 * self.splitting_per_a**2) / volume
        return COULOMB_EV_A * (form - background * torch.outer(total, total))

    def _real(self, charges: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        distance = torch.linalg.norm(vectors, dim=1)
        screened = torch.erfc(self.splitting_per_a * distance) / distance
        source, target = charges[self.pairs.source], charges[self.pairs.target]
        return (source * screened[:, None]).T @ target / 2

    def _reciprocal(
        self, charges: torch.Tensor, displacement: torch.Tensor, cell: torch.Tensor
    ) -> torch.Tensor:
        """Return the sum over half of the reciprocal vectors, with the others' share."""
        indices = [torch.arange(-m, m + 1, device=cell.device) for m in self.most]
        indices[0] = indices[0][self.most[0] :]
        weights = self._weights(indices, cell)
        factors = self._structure_factors(charges, displacement, indices)
        parts = torch.view_as_real(factors).movedim(1, 0).reshape(charges.shape[1], -1)
        weights = weights.reshape(len(factors), -1, 1).expand(-1, -1, 2).reshape(-1)
        return (parts * weights) @ parts.T

    def _weights(self, indices: list[torch.Tensor], cell: torch.Tensor) -> torch.Tensor:
        """Return 2π exp(−k²/4α²)/k² of each k, twice where −k is not in the list."""
        grid = torch.cartesian_prod(*indices).to(cell.dtype)
        vectors = grid @ (2 * math.pi * torch.linalg.inv(cell)).T
        squared = (vectors**2).sum(dim=1)
        origin = (grid == 0).all(dim=1)
        squared = torch.where(origin, 1.0, squared)  # keeps derivatives finite there
        gaussian = torch.exp(-squared / (4 * self.splitting_per_a**2)) / squared
        twice = 1 + (grid[:, 0] > 0).to(grid.dtype)
        return torch.where(origin, 0.0, 2 * math.pi * twice * gaussian)

    def _structure_factors(
        self, charges: torch.Tensor, displacement: torch.Tensor, indices: list[torch.Tensor]
    ) -> torch.Tensor:
        """Return Σ q exp(i k·r), (first · second, c, third); strain does not change k·r."""
        turns = 2 * math.pi * (self.fractions + displacement @ torch.linalg.inv(self.cell_a))
        angles = [index[:, None] * turns[:, d] for d, index in enumerate(indices)]
        one, two, three = (torch.polar(torch.ones_like(a), a) for a in angles)
        plane = (one[:, None] * two).reshape(-1, 1, len(turns)) * charges.T
        return plane @ three.T


def _identity(strain: torch.Tensor) -> torch.Tensor:
    return torch.eye(3, dtype=strain.dtype, device=strain.device)


def _cutoff_a(n_atoms: int, volume_a3: float) -> float:
    """Return the cut-off that balances both sums (Perram et al., Mol. Phys. 65, 875, 1988)."""
    splitting = BALANCE * math.sqrt(math.pi) * (n_atoms / volume_a3**2) ** (1 / 6)
    return float(np.clip(REACH / splitting, *CUTOFF_RANGE_A))
