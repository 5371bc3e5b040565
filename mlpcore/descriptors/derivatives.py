"""Symmetry functions of a frame with their derivatives, computed once before training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mlpcore.descriptors.values import angular_terms, radial_terms, topology, values
from mlpcore.neighbours import build_graph

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.descriptors.functions import SymmetryFunctions
    from mlpcore.descriptors.values import Topology
    from mlpcore.neighbours import Graph


@dataclass(frozen=True)
class Described:
    """Descriptors of one frame, n atoms with d functions each.

    Attributes
    ----------
    numbers, element
        Atomic numbers, and index of the element among the functions' own, (n,).
    values
        (n, d).
    by_position
        Derivative by the position of each atom with all its images, (n, d, n, 3), 1/Å.
    by_strain
        Derivative by strain ε, positions and cell going to r (1 + ε), (n, d, 3, 3).
    volume_a3
        Of the cell.
    """

    numbers: NDArray[np.int64]
    element: NDArray[np.int64]
    values: NDArray[np.float64]
    by_position: NDArray[np.float64]
    by_strain: NDArray[np.float64]
    volume_a3: float


def describe(atoms: Atoms, functions: SymmetryFunctions) -> Described:
    """Return the descriptors of a frame and their exact derivatives.

    Each term of a function depends on one or two pair vectors, so its derivative by them is
    taken term by term, then added up by atom; no atom needs a pass of its own.
    """
    graph = build_graph([atoms], functions.cutoff_a)
    where = topology(graph, functions)
    vectors = torch.as_tensor(graph.vectors_a)
    sums = _Sums(graph, where)
    for group in where.radial:
        (v,) = _leaves(vectors[group.pairs])
        terms = radial_terms(v, group, where.cutoff_kind)
        sums.add(terms, (v,), (group.pairs,), group.columns)
    for angular in where.angular:
        v, w = _leaves(vectors[angular.first], vectors[angular.second])
        terms = angular_terms(v, w, angular, where.cutoff_kind)
        sums.add(terms, (v, w), (angular.first, angular.second), angular.columns)
    n, d = len(atoms), where.width
    return Described(
        numbers=graph.numbers,
        element=where.element.numpy(),
        values=values(vectors, where).numpy(),
        by_position=sums.by_position.view(n, n, d, 3).permute(0, 2, 1, 3).contiguous().numpy(),
        by_strain=sums.by_strain.view(n, d, 3, 3).numpy(),
        volume_a3=float(graph.volumes_a3[0]),
    )


class _Sums:
    """Derivatives added up over the terms of each atom and function."""

    def __init__(self, graph: Graph, where: Topology) -> None:
        n = len(graph.numbers)
        self._n, self._source = n, where.source
        self._target = torch.as_tensor(graph.target)
        self.by_position = torch.zeros(n * n, where.width, 3, dtype=torch.float64)
        self.by_strain = torch.zeros(n, where.width, 3, 3, dtype=torch.float64)

    def add(
        self,
        terms: torch.Tensor,
        vectors: tuple[torch.Tensor, ...],
        pairs: tuple[torch.Tensor, ...],
        columns: torch.Tensor,
    ) -> None:
        """Add the derivatives of the terms of one group, (t, m), by its pair vectors."""
        centre = self._source[pairs[0]]
        for term, column in enumerate(columns.tolist()):
            slopes = torch.autograd.grad(terms[:, term].sum(), vectors, retain_graph=True)
            for slope, vector, pair in zip(slopes, vectors, pairs, strict=True):
                row = centre * self._n
                position = self.by_position[:, column]
                position.index_add_(0, row + self._target[pair], slope)
                position.index_add_(0, row + centre, -slope)
                strain = vector.detach()[:, :, None] * slope[:, None, :]
                self.by_strain[:, column].index_add_(0, centre, strain)


def _leaves(*vectors: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(vector.detach().requires_grad_(True) for vector in vectors)
