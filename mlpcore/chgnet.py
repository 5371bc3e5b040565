"""CHGNet behind the :class:`~mlpcore.potential.Potential` interface."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pymatgen.core import Lattice, Structure

from mlpcore.errors import StructureError
from mlpcore.potential import Evaluation, Potential, resolve_device
from mlpcore.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ase import Atoms

    from mlpcore.potential import EnergyFunction
    from mlpcore.registry import Engine, ModelInfo


class CHGNetPotential(Potential):
    """A CHGNet checkpoint evaluated by the package's own modules.

    The package computes in single precision throughout. Here positions and lattice
    enter in the wanted precision, so that finite strains resolve small differences.
    """

    engine = "chgnet"
    memory_per_atom_mb = 40.0

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
        """Return energy, forces and stress of each structure, one after another."""
        return [self._evaluate_one(atoms) for atoms in batch]

    def _evaluate_one(self, atoms: Atoms) -> Evaluation:
        energy = self.energy_function(atoms)
        displacement = self._zeros(len(atoms), 3).requires_grad_(True)
        strain = self._zeros(3, 3).requires_grad_(True)
        total = energy(displacement, strain)
        by_position, by_strain = torch.autograd.grad(total, [displacement, strain])
        stress = by_strain.cpu().double().numpy() / atoms.cell.volume
        forces: Any = -by_position.cpu().double().numpy()
        return Evaluation(total.item(), forces, (stress + stress.T) / 2)

    def energy_function(self, atoms: Atoms) -> EnergyFunction:
        """Return E(u, ε) around `atoms`; see :class:`Potential`."""
        self.info.require_elements(atoms.get_chemical_symbols())
        graph = self._graph(atoms)
        positions = self._tensor(atoms.get_positions())
        lattice = self._tensor(np.array(atoms.cell))
        identity = torch.eye(3, dtype=self.dtype, device=self.device)
        reference_ev = self._reference_ev[atoms.numbers - 1].sum()

        def energy(displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            deformation = identity + strain
            features = self._features(
                graph, (positions + displacement) @ deformation, lattice @ deformation
            )
            per_atom: torch.Tensor = self._model._compute(features)["e"]
            return per_atom.sum() * len(atoms) + reference_ev.to(per_atom.device)

        return energy

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)

    def _zeros(self, *shape: int) -> torch.Tensor:
        return torch.zeros(*shape, dtype=self.dtype, device=self.device)

    def _graph(self, atoms: Atoms) -> Any:
        structure = Structure(
            Lattice(np.array(atoms.cell)),
            atoms.get_chemical_symbols(),
            atoms.get_scaled_positions(wrap=False),
        )
        try:
            return self._model.graph_converter(structure).to(self.device)
        except ValueError as error:
            raise StructureError(
                f"{self.info.title} cannot describe an atom without neighbours within "
                f"{self.info.cutoff_a:g} Å. Choose a denser structure or a SevenNet model."
            ) from error

    def _features(self, graph: Any, positions: torch.Tensor, lattice: torch.Tensor) -> Any:
        """Basis expansions of one graph, as in upstream's ``BatchedGraph.from_graphs``."""
        from chgnet.model.model import BatchedGraph

        model = self._model
        pairs = graph.atom_graph.reshape(-1, 2)
        in_atom_graph, in_bond_graph, directions = model.bond_basis_expansion(
            center=positions[pairs[:, 0]],
            neighbor=positions[pairs[:, 1]],
            undirected2directed=graph.undirected2directed,
            image=graph.neighbor_image.to(self.dtype),
            lattice=lattice,
        )
        angles, triplets = self._zeros(0), self._zeros(0)
        if len(graph.bond_graph) != 0:
            first, second = graph.bond_graph[:, 2], graph.bond_graph[:, 4]
            angles = model.angle_basis_expansion(directions[first], directions[second])
            triplets = graph.bond_graph[:, [0, 1, 3]]
        no_strain: list[Any] = [None]  # as upstream's own code passes it
        return BatchedGraph(
            atomic_numbers=graph.atomic_number,
            bond_bases_ag=in_atom_graph,
            bond_bases_bg=in_bond_graph,
            angle_bases=angles,
            batched_atom_graph=pairs,
            batched_bond_graph=triplets,
            atom_owners=torch.zeros_like(graph.atomic_number),
            directed2undirected=graph.directed2undirected,
            atom_positions=[positions],
            strains=no_strain,
            volumes=[],
        )
