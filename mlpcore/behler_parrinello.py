"""Committees of Behler–Parrinello networks behind the :class:`Potential` interface."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from mlpcore.descriptors.values import topology, values
from mlpcore.neighbours import build_graph
from mlpcore.networks import ElementNetworks, log_variances
from mlpcore.potential import (
    Evaluation,
    Extrapolation,
    MemberEvaluations,
    Potential,
    groups_up_to,
    resolve_device,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.checkpoint import Checkpoint
    from mlpcore.descriptors.functions import SymmetryFunctions
    from mlpcore.descriptors.values import Topology
    from mlpcore.model_info import ModelInfo
    from mlpcore.neighbours import Graph
    from mlpcore.potential import EnergyFunction

CHUNK_ATOMS = 256
"""Atoms whose triplets are in memory at once."""

MARGIN = 1e-6
"""Part of the range by which rounding may leave it."""


class BehlerParrinelloPotential(Potential):
    """E = Σ ε(Gᵢ), the mean over the members of a committee.

    Source: J. Behler and M. Parrinello, Phys. Rev. Lett. 98, 146401 (2007).

    Parameters
    ----------
    info
        The registry's entry.
    functions
        Symmetry functions.
    networks
        Weights of all members.
    ranges
        Smallest and largest descriptors of the training data, (2, e, d); ``None`` if unknown.
    member
        One member instead of the mean of all.
    """

    engine = "lattice-lab/symmetry-functions"
    batch_atoms = CHUNK_ATOMS

    def __init__(
        self,
        info: ModelInfo,
        functions: SymmetryFunctions,
        networks: ElementNetworks,
        ranges: torch.Tensor | None = None,
        member: int | None = None,
    ) -> None:
        self.info, self._functions, self._networks = info, functions, networks
        self._ranges, self._member = ranges, member
        self.device, self.dtype = networks.shift.device, networks.shift.dtype
        self.memory_per_atom_mb = info.memory_per_atom_mb

    @classmethod
    def from_checkpoint(
        cls,
        checkpoint: Checkpoint,
        info: ModelInfo,
        device: str = "auto",
        dtype: str | None = None,
    ) -> BehlerParrinelloPotential:
        """Fill the networks with the tensors of a checkpoint."""
        where, precision = resolve_device(device), getattr(torch, dtype or "float64")
        tensors = dict(checkpoint.tensors)
        limits = [tensors.pop(name, None) for name in ("range_min", "range_max")]
        networks = ElementNetworks(checkpoint.shape)
        networks.load_state_dict(tensors)
        networks.requires_grad_(False).to(where, precision)
        ranges = None
        if limits[0] is not None and limits[1] is not None:
            ranges = torch.stack([limits[0], limits[1]]).to(where, precision)
        found = cls(info, checkpoint.functions, networks, ranges)
        found.calibration = checkpoint.calibration
        return found

    @cached_property
    def members(self) -> tuple[Potential, ...]:
        """Each member on its own."""
        if self._member is not None or self._networks.n_members == 1:
            return (self,)
        return tuple(
            BehlerParrinelloPotential(
                self.info, self._functions, self._networks, self._ranges, member
            )
            for member in range(self._networks.n_members)
        )

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        """Return energy, forces and stress of each structure."""
        return [
            answer
            for group in groups_up_to(CHUNK_ATOMS, batch)
            for answer in self._evaluate_group(group)
        ]

    def _evaluate_group(self, group: Sequence[Atoms]) -> list[Evaluation]:
        graph = self._graph(group)
        atomic, pull = np.zeros(len(graph.numbers)), np.zeros(graph.vectors_a.shape)
        for part in self._parts(graph):
            energies = self._chosen(part.networks_of(self._networks))[..., 0].mean(dim=0)
            (slope,) = torch.autograd.grad(energies.sum(), part.vectors)
            atomic[part.centres], pull[part.pairs] = _numbers(energies), _numbers(slope)
        return _collected(graph, atomic, pull)

    def evaluate_members(self, batch: Sequence[Atoms]) -> list[MemberEvaluations]:
        """Return what each member says of each structure; the descriptors are shared."""
        return [
            answer
            for group in groups_up_to(CHUNK_ATOMS, batch)
            for answer in self._members_of_group(group)
        ]

    def _members_of_group(self, group: Sequence[Atoms]) -> list[MemberEvaluations]:
        graph = self._graph(group)
        m, n = len(self.members), len(graph.numbers)
        atomic, pull = np.zeros((m, n)), np.zeros((m, *graph.vectors_a.shape))
        variance = np.zeros((2, m, n))
        for part in self._parts(graph):
            shared = part.descriptors.detach().requires_grad_(True)
            out = self._chosen(self._networks(shared, part.element))
            atomic[:, part.centres] = _numbers(out[..., 0])
            for member in range(m):
                pull[member, part.pairs] = _numbers(part.slope(shared, out[member, :, 0]))
            noise = log_variances(out)
            if noise is not None:
                variance[:, :, part.centres] = [_numbers(each.exp()) for each in noise]
        answers = [_collected(graph, *each) for each in zip(atomic, pull, strict=True)]
        return [
            _stacked([answer[k] for answer in answers], variance[..., graph.owner == k])
            for k in range(len(group))
        ]

    def atomic_energies(self, atoms: Atoms) -> NDArray[np.float64]:
        """Return each member's energy of each atom, (m, n), eV."""
        parts = self._parts(self._graph([atoms]))
        out = [self._chosen(part.networks_of(self._networks))[..., 0] for part in parts]
        return _numbers(torch.cat(out, dim=1))

    def energy_function(self, atoms: Atoms) -> EnergyFunction:
        """Return E(u, ε) around `atoms`; see :class:`Potential`."""
        graph = self._graph([atoms])
        part = _Part(graph, slice(0, len(atoms)), self._functions, self.device, self.dtype)
        reference, where = part.vectors.detach(), part.where
        source = where.source
        target = torch.as_tensor(graph.target, device=self.device)
        identity = torch.eye(3, dtype=self.dtype, device=self.device)

        def energy(displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            moved = (reference + displacement[target] - displacement[source]) @ (
                identity + strain
            )
            out = self._networks(values(moved, where), where.element)
            return self._chosen(out)[..., 0].mean(dim=0).sum()

        return energy

    def extrapolation(self, batch: Sequence[Atoms]) -> list[Extrapolation] | None:
        """Compare descriptors with those of the training data."""
        if self._ranges is None:
            return None
        return [self._outside(atoms, self._ranges) for atoms in batch]

    def _outside(self, atoms: Atoms, ranges: torch.Tensor) -> Extrapolation:
        parts = list(self._parts(self._graph([atoms])))
        excess = np.concatenate([_beyond(part, ranges) for part in parts])
        by_atom = excess.max(axis=1)
        if not by_atom.any():
            return Extrapolation(by_atom, "")
        atom = int(by_atom.argmax())
        symbol = atoms.get_chemical_symbols()[atom]
        functions = dict(self._functions.by_element)[symbol]
        return Extrapolation(by_atom, f"{symbol}: {functions[int(excess[atom].argmax())]}")

    def _chosen(self, out: torch.Tensor) -> torch.Tensor:
        return out if self._member is None else out[self._member : self._member + 1]

    def _graph(self, group: Sequence[Atoms]) -> Graph:
        for atoms in group:
            self.info.require_elements(atoms.get_chemical_symbols())
        return build_graph(group, self._functions.cutoff_a)

    def _parts(self, graph: Graph) -> Iterator[_Part]:
        """Cut a large structure into atoms whose triplets fit into memory at once."""
        for first in range(0, len(graph.numbers), CHUNK_ATOMS):
            centres = slice(first, min(first + CHUNK_ATOMS, len(graph.numbers)))
            yield _Part(graph, centres, self._functions, self.device, self.dtype)


class _Part:
    """Some atoms of a graph with all their pairs, the topology of these, and descriptors.

    Attributes
    ----------
    centres
        The atoms.
    pairs
        Numbers of the pairs that begin at one of them, (p,).
    vectors
        Of these pairs, (p, 3), Å.
    element
        Index of the element of each of the atoms.
    """

    def __init__(
        self,
        graph: Graph,
        centres: slice,
        functions: SymmetryFunctions,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        begins = (graph.source >= centres.start) & (graph.source < centres.stop)
        self.centres, self.pairs = centres, np.flatnonzero(begins)
        own = replace(
            graph,
            source=graph.source[self.pairs],
            target=graph.target[self.pairs],
            vectors_a=graph.vectors_a[self.pairs],
        )
        self.where: Topology = topology(own, functions, device)
        self.element = self.where.element[centres]
        self.vectors = torch.as_tensor(own.vectors_a, dtype=dtype, device=device)
        self.vectors.requires_grad_(True)

    @cached_property
    def descriptors(self) -> torch.Tensor:
        """Symmetry functions of the atoms, (n, d)."""
        return values(self.vectors, self.where)[self.centres]

    def networks_of(self, networks: ElementNetworks) -> torch.Tensor:
        """Return the outputs of the networks, (m, n, outputs)."""
        out: torch.Tensor = networks(self.descriptors, self.element)
        return out

    def slope(self, shared: torch.Tensor, energies: torch.Tensor) -> torch.Tensor:
        """Return dE by pair vector (p, 3) of energies (n,) that follow from `shared`."""
        (by_value,) = torch.autograd.grad(energies.sum(), shared, retain_graph=True)
        (slope,) = torch.autograd.grad(
            self.descriptors, self.vectors, by_value, retain_graph=True
        )
        return slope


def _numbers(values: torch.Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.detach().cpu().double().numpy()
    return found


def _beyond(part: _Part, ranges: torch.Tensor) -> NDArray[np.float64]:
    """Return how far each descriptor is outside of its range, in units of the range, (n, d)."""
    found = part.descriptors.detach()
    low, high = ranges[0][part.element], ranges[1][part.element]
    width = (high - low).clamp(min=1e-9)
    beyond = torch.maximum(low - found, found - high) / width - MARGIN
    return _numbers(beyond.clamp(min=0.0))


def _collected(
    graph: Graph, atomic: NDArray[np.float64], pull: NDArray[np.float64]
) -> list[Evaluation]:
    """Sum by structure: energies of atoms (n,), and dE by pair vector (p, 3)."""
    forces = np.zeros((len(graph.numbers), 3))
    np.add.at(forces, graph.source, pull)
    np.add.at(forces, graph.target, -pull)
    virial = np.zeros((len(graph.volumes_a3), 3, 3))
    by_pair = graph.vectors_a[:, :, None] * pull[:, None, :]
    np.add.at(virial, graph.owner[graph.source], by_pair)
    virial = 0.5 * (virial + virial.transpose(0, 2, 1))
    return [
        Evaluation(
            float(atomic[graph.owner == k].sum()),
            forces[graph.owner == k],
            virial[k] / volume,
        )
        for k, volume in enumerate(graph.volumes_a3)
    ]


def _stacked(answers: Sequence[Evaluation], variance: NDArray[np.float64]) -> MemberEvaluations:
    """Join the answers of members.

    Parameters
    ----------
    variance
        Of the noise of each atom's forces and of its share of the energy, (2, m, n).
    """
    return MemberEvaluations(
        energies_ev=np.array([answer.energy_ev for answer in answers]),
        forces_ev_per_a=np.stack([answer.forces_ev_per_a for answer in answers]),
        stresses_ev_per_a3=np.stack([answer.stress_ev_per_a3 for answer in answers]),
        energy_noise_ev=np.sqrt(variance[1].sum(axis=1)),
        force_noise_ev_per_a=np.sqrt(variance[0]),
    )
