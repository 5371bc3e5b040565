"""Electrostatics behind the :class:`~mlpcore.potential.Potential` interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mlpcore.electrostatics.charges import ChargedStructure, ChargeModel
from mlpcore.electrostatics.ewald import EwaldSum
from mlpcore.errors import StructureError
from mlpcore.model_info import ModelInfo
from mlpcore.potential import Evaluation, ModelCharges, Potential, resolve_device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.potential import EnergyFunction

NEUTRAL_E = 1e-6
"""Largest charge that a cell may have, from charges written with few digits."""


class ElectrostaticPotential(Potential):
    """Coulomb energy of the charges that a :class:`ChargeModel` gives the atoms.

    Computed in double precision whatever the precision of the terms beside it. A cell must
    be neutral, unless the model allows for a homogeneous background; the energy of
    a charged cell then depends on its size.
    """

    engine = "ewald"
    memory_per_atom_mb = 0.5

    def __init__(
        self, charges: ChargeModel, device: str = "auto", dtype: str | None = None
    ) -> None:
        self.device, self.dtype = resolve_device(device), getattr(torch, dtype or "float64")
        self.charges = charges.to(self.device)
        self.info = _info(charges)

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, Any], device: str = "auto", dtype: str | None = None
    ) -> ElectrostaticPotential:
        """Build from the settings in a checkpoint; see :meth:`ChargeModel.from_dict`."""
        return cls(ChargeModel.from_dict(settings), device, dtype)

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        """Return energy, forces and stress of each structure."""
        return [self._evaluate(atoms) for atoms in batch]

    def energy_function(self, atoms: Atoms) -> EnergyFunction:
        """Return E(u, ε) around `atoms`; see :class:`Potential`."""
        ewald, charged = self._prepare(atoms)

        def energy(displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            u, eps = displacement.double(), strain.double()
            charges = charged.basis(u, eps) @ self.charges.values
            return ewald.energies(charges[:, None], u, eps)[0, 0].to(displacement.dtype)

        return energy

    def atomic_charges(self, atoms: Atoms) -> NDArray[np.float64]:
        """Return the charge of each atom, (n,), e."""
        _, charged = self._prepare(atoms)
        u, eps = self._at_rest(atoms)
        charges: NDArray[np.float64] = (
            (charged.basis(u, eps) @ self.charges.values).cpu().numpy()
        )
        return charges

    def atomic_energies(self, atoms: Atoms) -> NDArray[np.float64]:
        """Return half of the energy of each atom's charge in the potential, (1, n), eV."""
        ewald, charged = self._prepare(atoms)
        u, eps = self._at_rest(atoms)
        charges = (charged.basis(u, eps) @ self.charges.values).requires_grad_(True)
        energy = ewald.energies(charges[:, None], u, eps)[0, 0]
        (potential,) = torch.autograd.grad(energy, charges)
        shares: NDArray[np.float64] = (charges.detach() * potential / 2).cpu().numpy()
        return shares[None]

    def born_charges(self, atoms: Atoms) -> ModelCharges:
        """Return the derivative of the polarisation by each position.

        The charges are already screened, so the dielectric tensor is the identity.
        """
        _, charged = self._prepare(atoms)
        u, eps = self._at_rest(atoms)
        u.requires_grad_(True)
        polarisation = charged.polarisation(u, eps)
        rows = [torch.autograd.grad(p, u, retain_graph=True)[0] for p in polarisation]
        return ModelCharges(torch.stack(rows, dim=1).cpu().numpy(), np.eye(3))

    def _evaluate(self, atoms: Atoms) -> Evaluation:
        u, eps = self._at_rest(atoms)
        u.requires_grad_(True)
        eps.requires_grad_(True)
        energy = self.energy_function(atoms)(u, eps)
        gradient, virial = torch.autograd.grad(energy, (u, eps))
        stress = (virial + virial.T) / 2 / atoms.cell.volume
        return Evaluation(energy.item(), -gradient.cpu().numpy(), stress.cpu().numpy())

    def _prepare(self, atoms: Atoms) -> tuple[EwaldSum, ChargedStructure]:
        self.info.require_elements(atoms.get_chemical_symbols())
        if not self.charges.background:
            require_neutral(self.charges, atoms)
        return EwaldSum.of(atoms, self.device), self.charges.structure(atoms)

    def _at_rest(self, atoms: Atoms) -> tuple[torch.Tensor, torch.Tensor]:
        zeros = (torch.zeros(len(atoms), 3), torch.zeros(3, 3))
        u, eps = (z.to(device=self.device, dtype=torch.float64) for z in zeros)
        return u, eps


def require_neutral(charges: ChargeModel, atoms: Atoms, what: str = "This structure") -> None:
    """Raise :class:`StructureError` unless the charges of the elements sum to zero."""
    of_element = dict(zip(charges.elements, charges.values.tolist(), strict=False))
    total = sum(of_element[symbol] for symbol in atoms.symbols)
    if abs(total) > NEUTRAL_E:
        raise StructureError(
            f"{what}, {atoms.get_chemical_formula()}, would have a charge of {total:+.4f} e "
            "with the charges that the model gives to its elements, and a charged crystal has "
            "no finite energy. Use the composition that the model was made for, or a model "
            "that allows for a neutralising background."
        )


def _info(charges: ChargeModel) -> ModelInfo:
    return ModelInfo(
        name="electrostatics",
        title="Electrostatics",
        adapter="mlpcore.electrostatics:ElectrostaticPotential",
        package="",
        weights="",
        sha256="",
        modal=None,
        functional="",
        training_set="",
        licence="MIT",
        citation="P. P. Ewald, Ann. Phys. 369, 253 (1921).",
        cutoff_a=charges.cutoff_a,
        memory_per_atom_mb=ElectrostaticPotential.memory_per_atom_mb,
        upstream_memory_per_atom_mb=ElectrostaticPotential.memory_per_atom_mb,
        elements=frozenset(charges.elements),
        twice_differentiable=True,
        character="Coulomb energy of point charges, without any other force.",
        caution=None,
    )
