"""Symmetry functions of many atoms at once, as differentiable torch functions."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from ase.data import atomic_numbers

from mlpcore.descriptors.functions import Radial
from mlpcore.errors import UnsupportedElementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mlpcore.descriptors.functions import CutoffKind, SymmetryFunctions
    from mlpcore.neighbours import Graph

    Indices = NDArray[np.int64]

TRIPLETS = 1 << 16
"""About as many are computed at once: more would leave the processor's cache."""


@dataclass(frozen=True)
class RadialGroup:
    """Functions of one pair of elements with one cut-off: columns `columns` of the centre."""

    pairs: torch.Tensor
    columns: torch.Tensor
    eta: tuple[float, ...]
    shift_a: tuple[float, ...]
    cutoff_a: float


@dataclass(frozen=True)
class AngularShape:
    """Functions of one triple of elements with one cut-off: widths times angular factors.

    Attributes
    ----------
    widths
        η and r_s of each width.
    angles
        ζ and λ of each angular factor.
    entries
        Width, angular factor and column of each function.
    narrow
        Whether the far side counts, as in G⁴.
    """

    widths: tuple[tuple[float, float], ...]
    angles: tuple[tuple[float, int], ...]
    entries: tuple[tuple[int, int, int], ...]
    cutoff_a: float
    narrow: bool


@dataclass(frozen=True)
class AngularGroup:
    """Triplets of some atoms, as many for each; those that repeat the first are masked.

    Attributes
    ----------
    shape
        The functions that look at them.
    atoms
        Central atoms, (a,).
    first, second
        Indices of two pairs of one centre, each two once, (a·t,).
    mask
        1 for triplets that count, 0 for padding, (a·t,).
    """

    shape: AngularShape
    atoms: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    mask: torch.Tensor


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
    return Topology(
        source=_index(graph.source, device),
        element=_index(element, device),
        width=max(functions.counts),
        radial=tuple(_radial_groups(graph, element, functions, device)),
        angular=tuple(_angular_groups(graph, element, functions, device)),
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
    found = vectors.new_zeros(len(where.element), where.width)
    pairs = PairTerms(vectors, where.cutoff_kind)
    for group in where.radial:
        terms = _radial_terms(pairs.r[group.pairs], group, where.cutoff_kind)
        by_atom = terms.new_zeros(len(found), terms.shape[1])
        by_atom = by_atom.index_add(0, where.source[group.pairs], terms)
        found = found.index_add(1, group.columns, by_atom)
    parts, places = [], []
    for angular in where.angular:
        columns = torch.tensor([c for _, _, c in angular.shape.entries], device=found.device)
        parts.append(_angular_sums(pairs, angular).flatten())
        places.append((angular.atoms[:, None] * where.width + columns).flatten())
    if parts:
        flat = found.flatten().index_add(0, torch.cat(places), torch.cat(parts))
        found = flat.view(found.shape)
    return found


class PairTerms:
    """What depends on one pair only, computed once for all triplets that hold the pair."""

    def __init__(self, vectors: torch.Tensor, kind: CutoffKind) -> None:
        self.r = vectors.norm(dim=1)
        self.kind = kind
        self.components = tuple(c.contiguous() for c in vectors.unbind(1))
        self._weights: dict[tuple[float, float, float], torch.Tensor] = {}

    def weight(self, eta: float, shift_a: float, cutoff_a: float) -> torch.Tensor:
        """Return exp[−η (r − r_s)²] f(r) of every pair, (p,)."""
        key = (eta, shift_a, cutoff_a)
        if key not in self._weights:
            self._weights[key] = bell(self.r, eta, shift_a) * cutoff(
                self.r, cutoff_a, self.kind
            )
        return self._weights[key]

    def product(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Return the scalar product of the vectors of each two pairs."""
        x, y, z = (
            c.index_select(0, first) * c.index_select(0, second) for c in self.components
        )
        return x + y + z


def bell(r: torch.Tensor, eta: float, shift_a: float) -> torch.Tensor:
    """Return exp[−η (r − r_s)²]."""
    return torch.exp(-eta * (r - shift_a) ** 2)


def _radial_terms(r: torch.Tensor, group: RadialGroup, kind: CutoffKind) -> torch.Tensor:
    """Return what each pair adds to each function of a group, (pairs, functions)."""
    shift, eta = r.new_tensor(group.shift_a), r.new_tensor(group.eta)
    bells = torch.exp(-eta * (r[:, None] - shift) ** 2)
    return bells * cutoff(r, group.cutoff_a, kind)[:, None]


def _angular_sums(pairs: PairTerms, group: AngularGroup) -> torch.Tensor:
    """Return each function of a group for its atoms, (atoms, functions).

    All widths times all angular factors, summed over the triplets of an atom, are a product
    of two small matrices.
    """
    shape, first, second = group.shape, group.first, group.second
    r1, r2 = pairs.r.index_select(0, first), pairs.r.index_select(0, second)
    product = pairs.product(first, second)
    common = group.mask.to(r1.dtype)
    if shape.narrow:
        r3 = (r1 * r1 + r2 * r2 - 2 * product).sqrt()
        common = common * cutoff(r3, shape.cutoff_a, pairs.kind)
    widths = []
    for eta, shift in shape.widths:
        weight = pairs.weight(eta, shift, shape.cutoff_a)
        width = common * weight.index_select(0, first) * weight.index_select(0, second)
        widths.append(width * bell(r3, eta, shift) if shape.narrow else width)
    factors = angular_factors(product / (r1 * r2), shape.angles)
    size = (-1, len(group.atoms), len(first) // len(group.atoms))
    sums = torch.bmm(
        torch.stack(widths).view(size).transpose(0, 1),
        torch.stack(factors).view(size).permute(1, 2, 0),
    )
    rows, factors_of, _ = zip(*shape.entries, strict=True)
    scale = sums.new_tensor([2 ** (1 - shape.angles[a][0]) for a in factors_of])
    return sums[:, list(rows), list(factors_of)] * scale


def angular_factors(
    cosine: torch.Tensor, angles: Sequence[tuple[float, int]]
) -> list[torch.Tensor]:
    """Return (1 + λ cos θ)^ζ for each ζ and λ; whole powers share their squares."""
    bases = {sign: _Powers(1 + sign * cosine) for sign in {sign for _, sign in angles}}
    return [bases[sign].power(zeta) for zeta, sign in angles]


class _Powers:
    """Whole powers are products, whose derivatives exist where the base is 0."""

    def __init__(self, base: torch.Tensor) -> None:
        self._squares = [base]

    def power(self, zeta: float) -> torch.Tensor:
        """Return the base to the power of ζ."""
        base = self._squares[0]
        if zeta != int(zeta):
            return base.clamp(min=1e-12) ** zeta
        found, bits = None, int(zeta)
        for place in range(bits.bit_length()):
            if place == len(self._squares):
                self._squares.append(self._squares[-1] ** 2)
            if bits >> place & 1:
                square = self._squares[place]
                found = square if found is None else found * square
        return torch.ones_like(base) if found is None else found


def cutoff(r: torch.Tensor, radius_a: float, kind: CutoffKind) -> torch.Tensor:
    """Return the cut-off function, 0 from `radius_a` on.

    With x = r / `radius_a`, the cosine, ½ (cos πx + 1), has one continuous derivative at the
    cut-off; the polynomial 1 − 10x³ + 15x⁴ − 6x⁵ has two, and so has tanh³(1 − x), which is
    not 1 at r = 0.
    """
    x = (r / radius_a).clamp(max=1.0)
    if kind == "cosine":
        return 0.5 * (torch.cos(math.pi * x) + 1)
    if kind == "tanh3":
        return torch.tanh(1 - x) ** 3
    return 1 + x**3 * (x * (15 - 6 * x) - 10)


def _radial_groups(
    graph: Graph,
    element: Indices,
    functions: SymmetryFunctions,
    device: torch.device | None,
) -> Iterator[RadialGroup]:
    place = {symbol: index for index, symbol in enumerate(functions.elements)}
    grouped: dict[tuple[int, int, float], list[tuple[int, float, float]]] = defaultdict(list)
    for symbol, members in functions.by_element:
        for column, f in enumerate(members):
            if isinstance(f, Radial):
                key = (place[symbol], place[f.neighbour], f.cutoff_a)
                grouped[key].append((column, f.eta, f.shift_a))
    distances = np.linalg.norm(graph.vectors_a, axis=1)
    centre, other = element[graph.source], element[graph.target]
    for (c, o, radius), found in grouped.items():
        chosen = np.flatnonzero((centre == c) & (other == o) & (distances < radius))
        columns, etas, shifts = zip(*found, strict=True)
        yield RadialGroup(_index(chosen, device), _index(columns, device), etas, shifts, radius)


def _angular_groups(
    graph: Graph,
    element: Indices,
    functions: SymmetryFunctions,
    device: torch.device | None,
) -> Iterator[AngularGroup]:
    other, count = element[graph.target], len(functions.elements)
    triplets: dict[tuple[float, bool], tuple[Indices, Indices, Indices]] = {}
    for (centre, low, high), shape in _angular_shapes(functions):
        key = (shape.cutoff_a, shape.narrow)
        if key not in triplets:
            first, second = _triplets(graph, *key)
            ends = other[first], other[second]
            kinds = element[graph.source[first]] * count + np.minimum(*ends)
            triplets[key] = first, second, kinds * count + np.maximum(*ends)
        first, second, kinds = triplets[key]
        mine = np.flatnonzero(kinds == (centre * count + low) * count + high)
        yield from _runs(graph.source, first[mine], second[mine], shape, device)


def _angular_shapes(
    functions: SymmetryFunctions,
) -> Iterator[tuple[tuple[int, int, int], AngularShape]]:
    """Yield the centre and the two ends, by index of element, with their functions."""
    place = {symbol: index for index, symbol in enumerate(functions.elements)}
    for symbol, members in functions.by_element:
        grouped = defaultdict(list)
        for column, f in enumerate(members):
            if not isinstance(f, Radial):
                low, high = sorted(place[neighbour] for neighbour in f.neighbours)
                key = (low, high, f.cutoff_a, f.kind == "G4")
                grouped[key].append(((f.eta, f.shift_a), (f.zeta, f.sign), column))
        for (low, high, radius, narrow), found in grouped.items():
            widths = tuple(dict.fromkeys(width for width, _, _ in found))
            angles = tuple(dict.fromkeys(angle for _, angle, _ in found))
            entries = tuple((widths.index(w), angles.index(a), c) for w, a, c in found)
            shape = AngularShape(widths, angles, entries, radius, narrow)
            yield (place[symbol], low, high), shape


def _runs(
    source: Indices,
    first: Indices,
    second: Indices,
    shape: AngularShape,
    device: torch.device | None,
) -> Iterator[AngularGroup]:
    """Cut triplets into runs of atoms, and pad those of a run to the same number."""
    atoms, begin, counts = np.unique(source[first], return_index=True, return_counts=True)
    run = np.cumsum(counts) // TRIPLETS
    for number in np.unique(run):
        mine = run == number
        place = np.arange(counts[mine].max())
        counted = place < counts[mine][:, None]
        chosen = (begin[mine][:, None] + np.where(counted, place, 0)).ravel()
        yield AngularGroup(
            shape,
            _index(atoms[mine], device),
            _index(first[chosen], device),
            _index(second[chosen], device),
            torch.as_tensor(counted.ravel(), device=device),
        )


def _triplets(graph: Graph, radius_a: float, narrow: bool) -> tuple[Indices, Indices]:
    """Return all unordered pairs of pairs from one centre, which must be sorted by centre.

    With `narrow`, only those whose far side is within the cut-off too.
    """
    near = np.flatnonzero(np.linalg.norm(graph.vectors_a, axis=1) < radius_a)
    centre = graph.source[near]
    after = np.searchsorted(centre, centre, side="right") - np.arange(len(near)) - 1
    first = np.repeat(np.arange(len(near)), after)
    begin = np.cumsum(after) - after
    second = first + 1 + np.arange(len(first)) - np.repeat(begin, after)
    if narrow:
        squares = np.zeros(len(first))
        for component in np.ascontiguousarray(graph.vectors_a[near].T):
            squares += (component[first] - component[second]) ** 2
        within = np.flatnonzero(squares < radius_a**2)
        first, second = first[within], second[within]
    return near[first], near[second]


def _index(values: object, device: torch.device | None) -> torch.Tensor:
    return torch.as_tensor(np.asarray(values, dtype=np.int64), device=device)
