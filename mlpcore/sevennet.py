"""SevenNet behind the :class:`~mlpcore.potential.Potential` interface."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mlpcore.engine.evaluator import Evaluator
from mlpcore.engine.network import EngineUnsupportedError
from mlpcore.neighbours import Graph, NeighbourSearch, build_graph
from mlpcore.potential import Evaluation, Potential, groups_up_to, resolve_device
from mlpcore.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ase import Atoms

    from mlpcore.model_info import Engine, ModelInfo
    from mlpcore.potential import EnergyFunction


class SevenNetPotential(Potential):
    """A SevenNet checkpoint evaluated by the package's own modules.

    The energy is taken as a function of the edge vectors; forces and stress follow
    from its gradient, as in SevenNet's own ``ForceStressOutputFromEdge``.
    """

    engine = "sevenn"
    memory_per_atom_mb = 40.0

    def __init__(self, info: ModelInfo, model: Any, device: torch.device, dtype: torch.dtype):
        self.info, self.device, self.dtype = info, device, dtype
        self._model = model
        self._modules = [m for name, m in model.named_children() if name != "force_output"]

    @classmethod
    def from_weights(
        cls,
        info: ModelInfo,
        path: Path,
        device: str = "auto",
        dtype: str | None = None,
        engine: Engine = "auto",
    ) -> SevenNetPotential:
        """Build the network in the wanted precision and fill in the checkpoint."""
        where, precision = resolve_device(device), getattr(torch, dtype or "float32")
        _disable_fusion()
        checkpoint = load_weights(path, info)
        model = _build(checkpoint, precision).to(where)
        model.eval()
        model.set_is_batch_data(True)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        if engine == "auto" and where.type == "cpu":
            return _fastest(info, model, where, precision)
        return cls(info, model, where, precision)

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        """Return energy, forces and stress of each structure, as one graph."""
        for atoms in batch:
            self.info.require_elements(atoms.get_chemical_symbols())
        graph = build_graph(batch, self.info.cutoff_a)
        vectors = self._tensor(graph.vectors_a).requires_grad_(True)
        atomic = self._atomic_energies(graph, vectors)
        (gradient,) = torch.autograd.grad(atomic.sum(), vectors)
        return _collect(
            graph, atomic.detach().cpu().double().numpy(), gradient.cpu().double().numpy()
        )

    def energy_function(self, atoms: Atoms) -> EnergyFunction:
        """Return E(u, ε) around `atoms`; see :class:`Potential`."""
        self.info.require_elements(atoms.get_chemical_symbols())
        graph = build_graph([atoms], self.info.cutoff_a)
        reference = self._tensor(graph.vectors_a)
        source = torch.as_tensor(graph.source, device=self.device)
        target = torch.as_tensor(graph.target, device=self.device)
        identity = torch.eye(3, dtype=self.dtype, device=self.device)

        def energy(displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            moved = reference + displacement[target] - displacement[source]
            return self._atomic_energies(graph, moved @ (identity + strain)).sum()

        return energy

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)

    def _atomic_energies(self, graph: Graph, vectors: torch.Tensor) -> torch.Tensor:
        as_tensor = partial(torch.as_tensor, device=self.device)
        numbers = as_tensor(graph.numbers)
        n_structures = len(graph.volumes_a3)
        data: dict[str, Any] = {
            "x": numbers,
            "atomic_numbers": numbers,
            "pos": vectors,  # only asked for its device
            "edge_index": as_tensor(np.stack([graph.source, graph.target])),
            "edge_vec": vectors,
            "num_atoms": as_tensor(np.bincount(graph.owner, minlength=n_structures)),
            "batch": as_tensor(graph.owner),
            "cell_volume": self._tensor(graph.volumes_a3),
        }
        if self.info.modal is not None:
            data["data_modality"] = [self.info.modal] * n_structures
        data = self._prepare(data)
        for module in self._modules:
            data = module(data)
        energies: torch.Tensor = data["atomic_energy"].view(-1)
        return energies

    def _prepare(self, data: dict[str, Any]) -> dict[str, Any]:
        """Translate elements and fidelity into the network's indices.

        Without this step the energies are wrong without any error.
        """
        model = self._model
        data["x"] = model._atomic_numbers_to_onehot(data["atomic_numbers"])
        if model.eval_modal_map:
            indices = [model.modal_map[name] for name in data["data_modality"]]
            data["modal_type"] = torch.tensor(indices, device=self.device)
        return data


class FastSevenNetPotential(SevenNetPotential):
    """A SevenNet checkpoint whose energies and forces come from our own engine.

    The numbers are those of the package to rounding. The energy as a function of
    displacement and strain, differentiable twice, stays with the package's modules.
    """

    batch_atoms = 256
    memory_per_atom_mb = 0.2

    def __init__(
        self,
        info: ModelInfo,
        model: Any,
        device: torch.device,
        dtype: torch.dtype,
        evaluator: Evaluator,
    ) -> None:
        super().__init__(info, model, device, dtype)
        self._evaluator = evaluator
        self._search = NeighbourSearch(info.cutoff_a)
        self.engine = f"lattice-lab/{evaluator.instruction_set.name}"

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        """Return energy, forces and stress of each structure.

        Structures are taken together up to :attr:`batch_atoms`, so that memory does
        not grow with the length of the batch.
        """
        found: list[Evaluation] = []
        for group in groups_up_to(self.batch_atoms, batch):
            for atoms in group:
                self.info.require_elements(atoms.get_chemical_symbols())
            found += self._evaluator.evaluate([self._search.find(atoms) for atoms in group])
        return found


def _fastest(
    info: ModelInfo, model: Any, device: torch.device, dtype: torch.dtype
) -> SevenNetPotential:
    """Return the potential with our engine, or without it where it cannot serve."""
    try:
        evaluator = Evaluator(model, info.modal, str(dtype).removeprefix("torch."))
    except EngineUnsupportedError as error:
        _tell_once(str(error))
        return SevenNetPotential(info, model, device, dtype)
    return FastSevenNetPotential(info, model, device, dtype, evaluator)


@functools.cache
def _tell_once(reason: str) -> None:
    logging.getLogger(__name__).warning(
        "The fast engine is not in use: %s. SevenNet's own package computes instead, with "
        "the same numbers and more slowly.",
        reason,
    )


def _disable_fusion() -> None:
    """Keep TorchScript from compiling anew for every new number of edges.

    Each strained or displaced cell has another one; fused kernels gain nothing on a CPU
    and their compilation costs several evaluations.
    """
    torch.jit.set_fusion_strategy([("STATIC", 0), ("DYNAMIC", 0)])


def _build(checkpoint: dict[str, Any], dtype: torch.dtype) -> Any:
    """Build the network of a checkpoint in `dtype`.

    SevenNet takes torch's default precision at construction, and casts its one-hot
    embedding to single precision in any case; a hook undoes that.
    """
    from sevenn import checkpoint as upstream
    from sevenn.model_build import build_E3_equivariant_model
    from sevenn.scripts.backward_compatibility import patch_state_dict_if_old

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            config = upstream._config_cp_routine(checkpoint["config"])
            model = build_E3_equivariant_model(config)
            stored = {k: v.to(dtype) for k, v in checkpoint["model_state_dict"].items()}
            state = patch_state_dict_if_old(stored, config, model)
            model.load_state_dict(_with_exact_coupling(state, model), strict=True)
    finally:
        torch.set_default_dtype(before)
    model.to(dtype)
    model.get_submodule("onehot_idx_to_onehot").register_forward_hook(_cast_onehot(dtype))
    return model


def _with_exact_coupling(state: dict[str, Any], model: Any) -> dict[str, Any]:
    """Keep the model's own Wigner 3j symbols: the stored ones are in single precision."""
    own = model.state_dict()
    return {key: own[key] if "w3j" in key else value for key, value in state.items()}


def _cast_onehot(dtype: torch.dtype) -> Any:
    def hook(module: Any, _inputs: Any, data: dict[str, torch.Tensor]) -> dict[str, Any]:
        for key in (module.key_output, module.key_additional_output):
            if key is not None:
                data[key] = data[key].to(dtype)
        return data

    return hook


def _collect(graph: Graph, atomic: Any, gradient: Any) -> list[Evaluation]:
    """Turn edge gradients into forces and stresses of each structure."""
    n_atoms = len(graph.numbers)
    forces = np.zeros((n_atoms, 3))
    np.add.at(forces, graph.source, gradient)
    np.subtract.at(forces, graph.target, gradient)
    edge_owner = graph.owner[graph.source]
    results = []
    for index, volume in enumerate(graph.volumes_a3):
        atoms, edges = graph.owner == index, edge_owner == index
        virial = graph.vectors_a[edges].T @ gradient[edges]
        results.append(
            Evaluation(
                float(atomic[atoms].sum()), forces[atoms], (virial + virial.T) / 2 / volume
            )
        )
    return results
