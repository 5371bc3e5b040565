"""Symmetry functions of a frame with their derivatives, computed once before training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mlpcore.descriptors.values import angular_factors, bell, cutoff, topology, values
from mlpcore.neighbours import build_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.descriptors.functions import CutoffKind, SymmetryFunctions
    from mlpcore.descriptors.values import AngularGroup, RadialGroup, Topology
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

    Each term of a function depends on two or three distances, so its derivatives by them are
    taken term by term and added up by pair, then by atom; no atom needs a pass of its own.
    """
    graph = build_graph([atoms], functions.cutoff_a)
    where = topology(graph, functions)
    vectors = torch.as_tensor(graph.vectors_a)
    slopes = _Slopes(vectors, where)
    for group in where.radial:
        slopes.add_radial(group)
    for angular in where.angular:
        slopes.add_angular(angular)
    by_position, by_strain = _by_atom(slopes.by_pair, vectors, where, graph)
    return Described(
        numbers=graph.numbers,
        element=where.element.numpy(),
        values=values(vectors, where).numpy(),
        by_position=by_position.numpy(),
        by_strain=by_strain.numpy(),
        volume_a3=float(graph.volumes_a3[0]),
    )


class _Slopes:
    """Derivatives of the functions of each pair's centre by the pair's vector, (d, 3, p)."""

    def __init__(self, vectors: torch.Tensor, where: Topology) -> None:
        self._vectors = vectors.T.contiguous()
        self._r = vectors.norm(dim=1)
        self._kind: CutoffKind = where.cutoff_kind
        self.by_pair = vectors.new_zeros(where.width, 3, len(vectors))

    def add_radial(self, group: RadialGroup) -> None:
        """Add functions of one distance."""
        r = self._r[group.pairs]
        unit = self._vectors[:, group.pairs] / r
        for column, eta, shift in zip(
            group.columns.tolist(), group.eta, group.shift_a, strict=True
        ):
            _, slope = _weight(r, eta, shift, group.cutoff_a, self._kind)
            self.by_pair[column].index_add_(1, group.pairs, slope * unit)

    def add_angular(self, group: AngularGroup) -> None:
        """Add functions of two distances r₁, r₂ and their scalar product.

        Of a term P(cos θ) w(r₁) w(r₂) w₃(r₃), the derivative by the first vector v₁ is
        a v₁ + b v₂, and the same with 1 and 2 exchanged by the second.
        """
        first, second = group.first[group.mask], group.second[group.mask]
        v1, v2 = self._vectors[:, first], self._vectors[:, second]
        sides = _Sides(self._r[first], self._r[second], (v1 * v2).sum(dim=0))
        factors = _factors(sides.cosine, group.shape.angles)
        widths = [sides.width(group, k, self._kind) for k in range(len(group.shape.widths))]
        for row, angle, column in group.shape.entries:
            along1, along2, across = sides.slopes(*factors[angle], *widths[row])
            for k in range(3):
                by_pair = self.by_pair[column, k]
                by_pair.index_add_(0, first, along1 * v1[k] + across * v2[k])
                by_pair.index_add_(0, second, along2 * v2[k] + across * v1[k])


Width = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


class _Sides:
    """Triplets by two of their sides and the scalar product of these."""

    def __init__(self, r1: torch.Tensor, r2: torch.Tensor, product: torch.Tensor) -> None:
        self._r1, self._r2 = r1, r2
        self._r3 = (r1 * r1 + r2 * r2 - 2 * product).sqrt()
        self._over = 1 / (r1 * r2)
        self.cosine = product * self._over

    def width(self, group: AngularGroup, number: int, kind: CutoffKind) -> Width:
        """Return w(r₁) w(r₂) w₃(r₃), and its derivative by each side over that side."""
        shape = group.shape
        arguments = (*shape.widths[number], shape.cutoff_a, kind)
        w1, s1 = _weight(self._r1, *arguments)
        w2, s2 = _weight(self._r2, *arguments)
        if not shape.narrow:
            return w1 * w2, s1 * w2 / self._r1, w1 * s2 / self._r2, torch.zeros_like(w1)
        w3, s3 = _weight(self._r3, *arguments)
        return (
            w1 * w2 * w3,
            s1 * w2 * w3 / self._r1,
            w1 * s2 * w3 / self._r2,
            w1 * w2 * s3 / self._r3,
        )

    def slopes(
        self,
        factor: torch.Tensor,
        steepness: torch.Tensor,
        weight: torch.Tensor,
        by_r1: torch.Tensor,
        by_r2: torch.Tensor,
        by_r3: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return a for the first vector, a for the second, and b."""
        turn, far = steepness * weight, factor * by_r3
        along1 = factor * by_r1 + far - turn * self.cosine / self._r1**2
        along2 = factor * by_r2 + far - turn * self.cosine / self._r2**2
        return along1, along2, turn * self._over - far


def _weight(
    r: torch.Tensor, eta: float, shift_a: float, cutoff_a: float, kind: CutoffKind
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return exp[−η (r − r_s)²] f(r) and its derivative by r."""
    return _with_slope(lambda x: bell(x, eta, shift_a) * cutoff(x, cutoff_a, kind), r)


def _factors(
    cosine: torch.Tensor, angles: tuple[tuple[float, int], ...]
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return 2^(1−ζ) (1 + λ cos θ)^ζ and its derivative by cos θ, for each ζ and λ."""

    def one(angle: tuple[float, int]) -> tuple[torch.Tensor, torch.Tensor]:
        return _with_slope(
            lambda x: 2 ** (1 - angle[0]) * angular_factors(x, [angle])[0], cosine
        )

    return [one(angle) for angle in angles]


def _with_slope(
    function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a function that acts on each number for itself, and its derivative."""
    leaf = x.detach().requires_grad_(True)
    value = function(leaf)
    (slope,) = torch.autograd.grad(value.sum(), leaf)
    return value.detach(), slope


def _by_atom(
    by_pair: torch.Tensor, vectors: torch.Tensor, where: Topology, graph: Graph
) -> tuple[torch.Tensor, torch.Tensor]:
    """Add up derivatives by pair vectors, (d, 3, p), to those by positions and strain."""
    n, d = len(where.element), where.width
    source, target = where.source, torch.as_tensor(graph.target)
    rows = by_pair.permute(2, 0, 1).contiguous()
    position = rows.new_zeros(n * n, d, 3)
    position.index_add_(0, source * n + target, rows)
    position.index_add_(0, source * (n + 1), -rows)
    strain = rows.new_zeros(n, d, 3, 3)
    for k in range(3):
        part = rows.new_zeros(n, d, 3)
        strain[:, :, k] = part.index_add_(0, source, vectors[:, k, None, None] * rows)
    return position.view(n, n, d, 3).permute(0, 2, 1, 3).contiguous(), strain
