"""Charges of atoms: of each element, and flowing between neighbours.

q_i = q_element(i) + Σ_j p_ij with p_ij = −p_ji: what one atom gains its neighbour loses, so the
flow is neutral pair by pair whatever its parameters are, and it has a dipole, so that the
polarisation and with it the Born charges are defined in a crystal too. This is the split-charge
picture of Nistor et al. (J. Chem. Phys. 125, 094108, 2006) with a flow that depends on
the two elements and their distance:

p_ij(r) = Σ_k c_k T_k(2 r/r_c − 1) (1 − r²/r_c²)³, T_k the Chebyshev polynomials.

Everything is linear in the parameters, which :mod:`~mlpcore.electrostatics.training` uses.
In a crystal the charges are effective ones, Z*/√ε∞: electrons of ions screen the
interaction, and at rest only the screened one is seen. So the dielectric constant is one here.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase.data import atomic_numbers

from mlpcore.charge_settings import FLOW_CUTOFF_A, N_RADIAL, check
from mlpcore.electrostatics.ewald import Pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms


class ChargeModel(torch.nn.Module):
    """Charges as a linear function of a few parameters.

    Attributes
    ----------
    mode
        ``"fixed"``, ``"fitted"`` or ``"flow"``; the first two differ in training only.
    elements
        Chemical symbols, in the order of their parameters.
    cutoff_a
        Where the flow ends; 0 without flow.
    background
        Whether a homogeneous background may neutralise a crystal.
    values
        Charge of each element in e, then the coefficients of the flow pair by pair, (p,).
    """

    values: torch.Tensor

    def __init__(
        self,
        mode: str,
        charges_e: Mapping[str, float],
        flow_e: Mapping[tuple[str, str], Sequence[float]] | None = None,
        cutoff_a: float = 0.0,
        background: bool = False,
    ) -> None:
        super().__init__()
        self.mode, self.cutoff_a, self.background = mode, cutoff_a, background
        self.elements = tuple(charges_e)
        flow = dict(flow_e or {})
        self.pairs = tuple(flow)
        self.n_radial = len(next(iter(flow.values()))) if flow else 0
        values = [*charges_e.values(), *itertools.chain.from_iterable(flow.values())]
        self.register_buffer("values", torch.tensor(values, dtype=torch.float64))

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> ChargeModel:
        """Build from what a configuration or a checkpoint holds.

        Parameters
        ----------
        settings
            ``mode``; ``charges_e`` by element; ``background`` (default false). With flow also
            ``cutoff_a``, ``n_radial`` (how many functions a pair has) and ``flow_e``,
            coefficients by pair, ``"Cl-Na"``; pairs without any begin at zero.

        Raises
        ------
        CheckpointError
            A field is missing, unknown, or cannot be meant; see
            :func:`mlpcore.charge_settings.check`.
        """
        check(settings)
        charges = {symbol: float(q) for symbol, q in settings["charges_e"].items()}
        if settings["mode"] != "flow":
            return cls(settings["mode"], charges, background=settings.get("background", False))
        given = settings.get("flow_e", {})
        zeros = [0.0] * int(settings.get("n_radial", N_RADIAL))
        pairs = itertools.combinations(sorted(charges), 2)
        flow = {pair: list(given.get("-".join(pair), zeros)) for pair in pairs}
        cutoff_a = float(settings.get("cutoff_a", FLOW_CUTOFF_A))
        return cls("flow", charges, flow, cutoff_a, settings.get("background", False))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings with the present values, for a checkpoint."""
        values = self.values.tolist()
        n_elements = len(self.elements)
        found: dict[str, Any] = {
            "mode": self.mode,
            "charges_e": dict(zip(self.elements, values[:n_elements], strict=True)),
            "background": self.background,
        }
        if self.mode == "flow":
            flow = np.reshape(values[n_elements:], (len(self.pairs), -1)).tolist()
            names = ["-".join(pair) for pair in self.pairs]
            found |= {"cutoff_a": self.cutoff_a, "n_radial": self.n_radial}
            found["flow_e"] = dict(zip(names, flow, strict=True))
        return found

    def structure(self, atoms: Atoms) -> ChargedStructure:
        """Return the charges' dependence on the positions of one structure's atoms."""
        return ChargedStructure(self, atoms)


class ChargedStructure:
    """Charges and polarisation of one structure as functions of displacement and strain."""

    def __init__(self, model: ChargeModel, atoms: Atoms) -> None:
        device = model.values.device
        numbers = torch.as_tensor(atoms.numbers.astype(np.int64), device=device)
        known = torch.tensor([atomic_numbers[s] for s in model.elements], device=device)
        self._model = model
        self._of_element = (numbers[:, None] == known).to(torch.float64)
        self._pairs = []
        if model.pairs:
            every = Pairs.within(atoms, model.cutoff_a, device)
            self._pairs = [_between(every, numbers, pair) for pair in model.pairs]

    def basis(self, displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
        """Return the derivative of each charge by each parameter, (n, p)."""
        columns = [self._of_element]
        for pairs in self._pairs:
            amount = self._radial(pairs.moved(displacement, strain))
            nothing = amount.new_zeros(len(self._of_element), self._model.n_radial)
            gained = nothing.index_add(0, pairs.source, amount)
            columns.append(gained - nothing.index_add(0, pairs.target, amount))
        return torch.cat(columns, dim=1)

    def polarisation(self, displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
        """Return the dipole of the cell up to a constant, (3,), e·Å."""
        n_elements = len(self._model.elements)
        of_element = self._of_element @ self._model.values[:n_elements]
        deformation = torch.eye(3, dtype=strain.dtype, device=strain.device) + strain
        dipole = of_element @ displacement @ deformation
        flow = self._model.values[n_elements:].reshape(len(self._pairs), self._model.n_radial)
        for coefficients, pairs in zip(flow, self._pairs, strict=True):
            vectors = pairs.moved(displacement, strain)
            dipole = dipole - (self._radial(vectors) @ coefficients) @ vectors
        return dipole

    def _radial(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return Chebyshev polynomials of the distance that end at the cut-off, (p, k)."""
        part = torch.linalg.norm(vectors, dim=1) / self._model.cutoff_a
        ending = (1 - part**2).clamp(min=0) ** 3
        return ending[:, None] * torch.stack(_chebyshev(2 * part - 1, self._model.n_radial), 1)


def _chebyshev(x: torch.Tensor, count: int) -> list[torch.Tensor]:
    found = [torch.ones_like(x), x]
    while len(found) < count:
        found.append(2 * x * found[-1] - found[-2])
    return found[:count]


def _between(every: Pairs, numbers: torch.Tensor, pair: tuple[str, str]) -> Pairs:
    first, second = (atomic_numbers[symbol] for symbol in pair)
    chosen = (numbers[every.source] == first) & (numbers[every.target] == second)
    return Pairs(every.source[chosen], every.target[chosen], every.vectors_a[chosen])
