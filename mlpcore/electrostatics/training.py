"""Electrostatics in a training: subtracted from the labels, with charges fixed or trained.

The energy is a quadratic form of the parameters of the charges, and so are forces and stress.
The forms of each structure are computed once; in every epoch the electrostatics is then a few
products, differentiable by the parameters.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.linalg import null_space

from mlpcore.electrostatics.charges import ChargeModel
from mlpcore.electrostatics.ewald import EwaldSum
from mlpcore.electrostatics.potential import ElectrostaticPotential, require_neutral
from mlpcore.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.potential import Evaluation


@dataclass(frozen=True)
class Forms:
    """Electrostatics of a structure by product of two parameters, for t products.

    Attributes
    ----------
    energy_ev
        (t,), eV.
    forces_ev_per_a
        (t, n, 3), eV/Å.
    stress_ev_per_a3
        (t, 3, 3), eV/Å³.
    """

    energy_ev: torch.Tensor
    forces_ev_per_a: torch.Tensor
    stress_ev_per_a3: torch.Tensor


class ElectrostaticTerm(torch.nn.Module):
    """Electrostatics with charges that a training can change.

    Charges of elements move only in directions in which every structure of the training
    stays neutral; the flow of charge is neutral by itself.

    Parameters
    ----------
    settings
        As in :meth:`ChargeModel.from_dict`; the charges are those to begin with.
    structures
        All that the charges have to keep neutral.

    Attributes
    ----------
    free
        The parameters to train, (f,); 0 at the beginning, none where charges are fixed.
    """

    columns: torch.Tensor

    def __init__(self, settings: Mapping[str, Any], structures: Sequence[Atoms]) -> None:
        super().__init__()
        self._charges = ChargeModel.from_dict(settings)
        for number, atoms in enumerate(structures):
            self._require(atoms, number)
        directions = _directions(self._charges, structures)
        start = self._charges.values[:, None]
        self.register_buffer("columns", torch.cat([start, directions], dim=1))
        self.free = torch.nn.Parameter(torch.zeros(directions.shape[1], dtype=torch.float64))

    @property
    def trainable(self) -> bool:
        """Whether there is anything to train."""
        return self.free.numel() > 0

    @property
    def products(self) -> torch.Tensor:
        """Products of two parameters, in the order of :class:`Forms`, (t,)."""
        weights = torch.cat([self.free.new_ones(1), self.free])
        first, second = _products(len(weights))
        twice = (first != second).to(weights.dtype).to(weights.device) + 1
        return twice * weights[first] * weights[second]

    def forms(self, atoms: Atoms) -> Forms:
        """Compute the forms of one structure, float64."""
        ewald, charged = EwaldSum.of(atoms), self._charges.structure(atoms)
        u = torch.zeros(len(atoms), 3, dtype=torch.float64, requires_grad=True)
        eps = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
        energies = ewald.energies(charged.basis(u, eps) @ self.columns.cpu(), u, eps)
        energies = energies[_products(self.columns.shape[1])]
        pairs = [torch.autograd.grad(e, (u, eps), retain_graph=True) for e in energies]
        gradients, virials = (torch.stack(part) for part in zip(*pairs, strict=True))
        stress = (virials + virials.mT) / 2 / atoms.cell.volume
        return Forms(energies.detach(), -gradients, stress)

    def forward(self, forms: Forms) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return energy (), forces (n, 3) and stress (3, 3) with the present charges.

        Forms of several structures may be joined: energies and stresses stacked along a
        further axis after the first, forces joined along the atoms.
        """
        products = self.products
        parts = (forms.energy_ev, forms.forces_ev_per_a, forms.stress_ev_per_a3)
        energy, forces, stress = (torch.tensordot(products.to(p), p, dims=1) for p in parts)
        return energy, forces, stress

    def to_dict(self) -> dict[str, Any]:
        """Return the settings with the trained values, for a checkpoint."""
        found = ChargeModel.from_dict(self._charges.to_dict())
        weights = torch.cat([self.free.new_ones(1), self.free.detach()])
        found.values.copy_(self.columns @ weights)
        return found.to_dict()

    def _require(self, atoms: Atoms, number: int) -> None:
        unknown = sorted(set(atoms.symbols) - set(self._charges.elements))
        if unknown:
            raise TrainingError(
                f"Structure {number} of the training data holds {', '.join(unknown)}, for "
                "which the electrostatics has no charge. Add it to charges_e; 0 is possible."
            )
        if not self._charges.background:
            require_neutral(self._charges, atoms, f"Structure {number} of the training data")


def electrostatic_labels(
    structures: Sequence[Atoms], settings: Mapping[str, Any]
) -> list[Evaluation]:
    """Return what fixed charges contribute to the labels of structures."""
    return ElectrostaticPotential.from_settings(settings, device="cpu").evaluate(structures)


def _products(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = torch.tensor(list(itertools.combinations_with_replacement(range(count), 2)))
    return chosen[:, 0], chosen[:, 1]


def _directions(charges: ChargeModel, structures: Sequence[Atoms]) -> torch.Tensor:
    """Return how the parameters may change, (p, f)."""
    n_elements, n_values = len(charges.elements), len(charges.values)
    if charges.mode == "fixed":
        return torch.zeros(n_values, 0, dtype=torch.float64)
    of_elements = _neutral_directions(charges, structures)
    if charges.mode == "fitted" and not of_elements.shape[1]:
        raise TrainingError(
            "No charges by element but zero keep every composition of the training data "
            "neutral. Train on one composition, or let the charge flow (mode 'flow')."
        )
    n_flow = n_values - n_elements
    found = np.zeros((n_values, of_elements.shape[1] + n_flow))
    found[:n_elements, : of_elements.shape[1]] = of_elements
    found[n_elements:, of_elements.shape[1] :] = np.eye(n_flow)
    return torch.as_tensor(found)


def _neutral_directions(
    charges: ChargeModel, structures: Sequence[Atoms]
) -> NDArray[np.float64]:
    """Return unit changes of the elements' charges that charge no structure, (e, f)."""
    counts = [[list(a.symbols).count(s) for s in charges.elements] for a in structures]
    compositions = np.unique(np.array(counts, dtype=float), axis=0)
    found: NDArray[np.float64] = null_space(compositions)
    return found
