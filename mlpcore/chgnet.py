"""CHGNet behind the :class:`~mlpcore.potential.Potential` interface."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase.data import chemical_symbols

from mlpcore.chgnet_graph import build_bond_graph
from mlpcore.errors import StructureError
from mlpcore.potential import Evaluation, Potential, groups_up_to, resolve_device
from mlpcore.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ase import Atoms

    from mlpcore.chgnet_graph import BondGraph
    from mlpcore.model_info import Engine, ModelInfo
    from mlpcore.potential import EnergyFunction


class CHGNetPotential(Potential):
    """A CHGNet checkpoint evaluated by the package's own modules.

    The package computes in single precision throughout. Here positions and lattice
    enter in the wanted precision, so that finite strains resolve small differences.
    """

    engine = "chgnet"
    batch_atoms = 64  # beyond, one call for all is no faster: docs/speed.md
    memory_per_atom_mb = 33.0  # diamond in float64, the densest in angles; oxides take a third

    def __init__(self, info: ModelInfo, model: Any, device: torch.device, dtype: torch.dtype):
        self.info, self.device, self.dtype = info, device, dtype
        self._model = model
        self._reference_ev = model.composition_model.fc.weight.detach().double().view(-1)

    @classmethod
    def from_weights(
        cls,
        info: ModelInfo,
        path: Path,
        device: str = "auto",
        dtype: str | None = None,
        engine: Engine = "auto",
    ) -> CHGNetPotential:
        """Build the network from its own arguments and fill in the checkpoint."""
        from chgnet.model import CHGNet

        where, precision = resolve_device(device), getattr(torch, dtype or "float32")
        checkpoint = load_weights(path, info)["model"]
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its parameter count
            model = CHGNet(**{**checkpoint["model_args"], "mlp_out_bias": False})
        model.load_state_dict(checkpoint["state_dict"])
        model.to(precision).to(where).eval()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        return cls(info, model, where, precision)

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        """Return energy, forces and stress of each structure, small ones in one graph."""
        groups = groups_up_to(self.batch_atoms, batch)
        return [found for group in groups for found in self._evaluate_group(group)]

    def energy_function(self, atoms: Atoms) -> EnergyFunction:
        """Return E(u, ε) around `atoms`; see :class:`Potential`."""
        graph = self._graph([atoms])

        def energy(displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            return self._energies(graph, displacement, strain.unsqueeze(0))[0]

        return energy

    def _evaluate_group(self, group: Sequence[Atoms]) -> list[Evaluation]:
        graph = self._graph(group)
        displacement = self._zeros(len(graph.numbers), 3).requires_grad_(True)
        strain = self._zeros(len(group), 3, 3).requires_grad_(True)
        energies = self._energies(graph, displacement, strain)
        slopes = torch.autograd.grad(energies.sum(), [displacement, strain])
        by_position, by_strain = (slope.cpu().double().numpy() for slope in slopes)
        found = []
        for k, atoms in enumerate(group):
            stress = by_strain[k] / atoms.cell.volume
            forces = -by_position[graph.owner == k]
            found.append(Evaluation(energies[k].item(), forces, (stress + stress.T) / 2))
        return found

    def _graph(self, group: Sequence[Atoms]) -> BondGraph:
        for atoms in group:
            self.info.require_elements(atoms.get_chemical_symbols())
        graph = build_bond_graph(
            group, self.info.cutoff_a, self._model.graph_converter.bond_graph_cutoff
        )
        if len(graph.isolated):
            atom = graph.isolated[0]
            symbol = chemical_symbols[graph.numbers[atom]]
            formula = group[graph.owner[atom]].get_chemical_formula()
            raise StructureError(
                f"{self.info.title} cannot describe an atom without neighbours within "
                f"{self.info.cutoff_a:g} Å, such as one of {symbol} in "
                f"{formula}. Choose a denser structure or a SevenNet model."
            )
        return graph

    def _energies(
        self, graph: BondGraph, displacement: torch.Tensor, strain: torch.Tensor
    ) -> torch.Tensor:
        """Energy in eV of each structure, their atoms displaced and then strained."""
        identity = torch.eye(3, dtype=self.dtype, device=self.device)
        start, owner = self._indices(graph.start), self._indices(graph.owner)
        moved = displacement[self._indices(graph.end)] - displacement[start]
        vectors = torch.einsum(
            "bi,bij->bj",
            self._tensor(graph.vectors_a) + moved,
            (identity + strain)[owner[start]],
        )
        per_atom: torch.Tensor = self._model._compute(self._features(graph, vectors))["e"]
        reference_ev = self._reference_ev[self._indices(graph.numbers) - 1]
        n_atoms = torch.bincount(owner)
        energies = per_atom.double() * n_atoms
        return energies.index_add(0, owner, reference_ev)

    def _features(self, graph: BondGraph, vectors: torch.Tensor) -> Any:
        """Basis expansions of all bonds and angles, the input of upstream's network."""
        from chgnet.model.model import BatchedGraph

        model, short = self._model, graph.n_short
        lengths = torch.linalg.vector_norm(vectors, dim=1)
        directions = vectors[:short] / lengths[:short, None]
        directions = torch.cat([directions, -directions])
        radial = model.bond_basis_expansion
        angles, triplets = self._zeros(0), self._zeros(0)
        if len(graph.angles):
            first, second = self._indices(graph.angles.T)
            angles = model.angle_basis_expansion(directions[first], directions[second])
            tips = self._indices(np.concatenate([graph.start[:short], graph.end[:short]]))
            triplets = torch.stack([tips[first], first % short, second % short]).T
        return BatchedGraph(
            atomic_numbers=self._indices(graph.numbers),
            bond_bases_ag=radial.rbf_expansion_ag(lengths),
            bond_bases_bg=radial.rbf_expansion_bg(lengths),
            angle_bases=angles,
            batched_atom_graph=self._indices(np.stack([graph.centres, graph.neighbours])).T,
            batched_bond_graph=triplets,
            atom_owners=self._indices(graph.owner),
            directed2undirected=torch.arange(graph.n_bonds, device=self.device).repeat(2),
            atom_positions=[],
            strains=[],
            volumes=[],
        )

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)

    def _indices(self, values: Any) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.int64, device=self.device)

    def _zeros(self, *shape: int) -> torch.Tensor:
        return torch.zeros(*shape, dtype=self.dtype, device=self.device)
