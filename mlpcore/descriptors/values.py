"""Symmetry functions of many atoms at once, as differentiable torch functions."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase.data import atomic_numbers

from mlpcore.descriptors.functions import Radial
from mlpcore.errors import UnsupportedElementError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcore.descriptors.functions import CutoffKind, SymmetryFunctions
    from mlpcore.neighbours import Graph


@dataclass(frozen=True)
class RadialGroup:
    """Functions of one pair of elements with one cut-off: columns `columns` of the centre."""

    pairs: torch.Tensor
    columns: torch.Tensor
    eta: tuple[float, ...]
    shift_a: tuple[float, ...]
    cutoff_a: float


@dataclass(frozen=True)
class AngularGroup:
    """Functions of one triple of elements that share width, shift, cut-off and kind.

    ``first`` and ``second`` are indices of pairs from the same centre, each two once.
    """

    first: torch.Tensor
    second: torch.Tensor
    columns: torch.Tensor
    zeta: tuple[float, ...]
    sign: tuple[int, ...]
    eta: float
    shift_a: float
    cutoff_a: float
    narrow: bool


@dataclass(frozen=True)
class Topology:
    """Which pairs and pairs of pairs enter which functions.

    Attributes
    ----------
    source
        Central atom of each pair, (p,).
    element
        Index of the element of each atom, (n,).
    width
        Number of columns, the largest count of functions of an element.
    """

    source: torch.Tensor
    element: torch.Tensor
    width: int
    radial: tuple[RadialGroup, ...]
    angular: tuple[AngularGroup, ...]
    cutoff_kind: CutoffKind


def topology(
    graph: Graph, functions: SymmetryFunctions, device: torch.device | None = None
) -> Topology:
    """Sort the pairs of a graph by the functions that look at them.

    Raises
    ------
    UnsupportedElementError
        An atom is of an element without functions.
    """
    element = element_indices(graph.numbers, functions)
    distances = np.linalg.norm(graph.vectors_a, axis=1)
    centre, other = element[graph.source], element[graph.target]
    radial, angular = _grouped(functions)
    radial_groups = []
    for (c, o, cutoff), members in radial.items():
        chosen = np.flatnonzero((centre == c) & (other == o) & (distances < cutoff))
        columns, etas, shifts = zip(*members, strict=True)
        radial_groups.append(
            RadialGroup(_index(chosen, device), _index(columns, device), etas, shifts, cutoff)
        )
    triplets: dict[float, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    angular_groups = []
    for (c, pair, eta, shift, cutoff, narrow), columns_of in angular.items():
        if cutoff not in triplets:
            triplets[cutoff] = _triplets(graph.source, distances, cutoff)
        first, second = triplets[cutoff]
        mine = centre[first] == c
        ends = np.sort(np.stack([other[first], other[second]]), axis=0)
        mine &= (ends[0] == pair[0]) & (ends[1] == pair[1])
        first, second = first[mine], second[mine]
        if narrow:
            apart = graph.vectors_a[first] - graph.vectors_a[second]
            near = np.einsum("ij,ij->i", apart, apart) < cutoff**2
            first, second = first[near], second[near]
        columns, zetas, signs = zip(*columns_of, strict=True)
        angular_groups.append(
            AngularGroup(
                _index(first, device),
                _index(second, device),
                _index(columns, device),
                zetas,
                signs,
                eta,
                shift,
                cutoff,
                narrow,
            )
        )
    return Topology(
        source=_index(graph.source, device),
        element=_index(element, device),
        width=max(functions.counts),
        radial=tuple(radial_groups),
        angular=tuple(angular_groups),
        cutoff_kind=functions.cutoff_kind,
    )


def element_indices(
    numbers: NDArray[np.int64], functions: SymmetryFunctions
) -> NDArray[np.int64]:
    """Return the place of each atom's element among the central elements."""
    place = np.full(120, -1)
    for index, symbol in enumerate(functions.elements):
        place[atomic_numbers[symbol]] = index
    found: NDArray[np.int64] = place[numbers]
    if (found < 0).any():
        raise UnsupportedElementError(
            f"The potential knows {', '.join(functions.elements)} only; the structure holds "
            "other elements. Choose another potential."
        )
    return found


def values(vectors: torch.Tensor, where: Topology) -> torch.Tensor:
    """Return the symmetry functions of all atoms.

    Parameters
    ----------
    vectors
        From centre to neighbour, (p, 3), Å, in the order of the graph.
    where
        From :func:`topology`.

    Returns
    -------
    torch.Tensor
        (n, width); zero in columns that an element does not have. Differentiable to any order.
    """
    n = len(where.element)
    found = vectors.new_zeros(n, where.width)
    for group in where.radial:
        terms = radial_terms(vectors[group.pairs], group, where.cutoff_kind)
        found = _added(found, terms, where.source[group.pairs], group.columns)
    for angular in where.angular:
        terms = angular_terms(
            vectors[angular.first], vectors[angular.second], angular, where.cutoff_kind
        )
        found = _added(found, terms, where.source[angular.first], angular.columns)
    return found


def radial_terms(vectors: torch.Tensor, group: RadialGroup, kind: CutoffKind) -> torch.Tensor:
    """Return what each pair adds to each function of a group, (pairs, functions)."""
    r = vectors.norm(dim=1, keepdim=True)
    shift, eta = r.new_tensor(group.shift_a), r.new_tensor(group.eta)
    return torch.exp(-eta * (r - shift) ** 2) * cutoff(r, group.cutoff_a, kind)


def angular_terms(
    first: torch.Tensor, second: torch.Tensor, group: AngularGroup, kind: CutoffKind
) -> torch.Tensor:
    """Return what each triplet adds to each function of a group, (triplets, functions)."""
    r1, r2 = first.norm(dim=1), second.norm(dim=1)
    cosine = (first * second).sum(dim=1) / (r1 * r2)
    exponent = (r1 - group.shift_a) ** 2 + (r2 - group.shift_a) ** 2
    weight = cutoff(r1, group.cutoff_a, kind) * cutoff(r2, group.cutoff_a, kind)
    if group.narrow:
        r3 = (first - second).norm(dim=1)
        exponent = exponent + (r3 - group.shift_a) ** 2
        weight = weight * cutoff(r3, group.cutoff_a, kind)
    weight = weight * torch.exp(-group.eta * exponent)
    angles = [
        2 ** (1 - zeta) * _power(1 + sign * cosine, zeta)
        for zeta, sign in zip(group.zeta, group.sign, strict=True)
    ]
    return weight[:, None] * torch.stack(angles, dim=1)


def cutoff(r: torch.Tensor, radius_a: float, kind: CutoffKind) -> torch.Tensor:
    """Return the cut-off function, 1 at r = 0 and 0 from `radius_a` on.

    The cosine, ½ (cos πx + 1), has one continuous derivative at the cut-off; the polynomial
    1 − 10x³ + 15x⁴ − 6x⁵ has two.
    """
    x = (r / radius_a).clamp(max=1.0)
    if kind == "cosine":
        return 0.5 * (torch.cos(math.pi * x) + 1)
    return 1 + x**3 * (x * (15 - 6 * x) - 10)


def _power(base: torch.Tensor, zeta: float) -> torch.Tensor:
    """Whole powers are products, whose derivatives exist where the base is 0."""
    if zeta == int(zeta):
        return base ** int(zeta)
    return base.clamp(min=1e-12) ** zeta


def _added(
    found: torch.Tensor, terms: torch.Tensor, atoms: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    by_atom = terms.new_zeros(len(found), terms.shape[1]).index_add(0, atoms, terms)
    return found.index_add(1, columns, by_atom)


def _grouped(functions: SymmetryFunctions) -> tuple[dict[Any, Any], dict[Any, Any]]:
    place = {symbol: index for index, symbol in enumerate(functions.elements)}
    radial: dict[Any, Any] = defaultdict(list)
    angular: dict[Any, Any] = defaultdict(list)
    for symbol, members in functions.by_element:
        for column, f in enumerate(members):
            if isinstance(f, Radial):
                radial[place[symbol], place[f.neighbour], f.cutoff_a].append(
                    (column, f.eta, f.shift_a)
                )
            else:
                ends = tuple(sorted(place[neighbour] for neighbour in f.neighbours))
                key = (place[symbol], ends, f.eta, f.shift_a, f.cutoff_a, f.kind == "G4")
                angular[key].append((column, f.zeta, f.sign))
    return radial, angular


def _triplets(
    source: NDArray[np.int64], distances: NDArray[np.float64], radius_a: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all unordered pairs of pairs from one centre; `source` must be sorted."""
    near = np.flatnonzero(distances < radius_a)
    centre = source[near]
    end = np.searchsorted(centre, centre, side="right")
    after = end - np.arange(len(near)) - 1
    first = np.repeat(np.arange(len(near)), after)
    begin = np.cumsum(after) - after
    second = first + 1 + np.arange(len(first)) - begin[first]
    return near[first], near[second]


def _index(values: object, device: torch.device | None) -> torch.Tensor:
    return torch.as_tensor(np.asarray(values, dtype=np.int64), device=device)
