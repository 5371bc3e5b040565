"""Sets of symmetry functions that cover a neighbourhood evenly, chosen without the data."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Literal

import numpy as np

from mlpcore.descriptors.functions import Angular, Radial, SymmetryFunctions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.descriptors.functions import CutoffKind, SymmetryFunction

Size = Literal["small", "standard", "large"]

# radial functions per element; widths (in units of 1/r_c²) and ζ of the angular ones
SIZES: dict[Size, tuple[int, tuple[float, ...], tuple[float, ...]]] = {
    "small": (8, (0.5,), (1.0, 4.0)),
    "standard": (12, (0.5, 4.0), (1.0, 4.0, 16.0)),
    "large": (16, (0.5, 4.0, 12.0), (1.0, 2.0, 4.0, 16.0)),
}
NEAREST_A = 1.5


def automatic(
    elements: Sequence[str],
    cutoff_a: float = 6.0,
    size: Size = "standard",
    cutoff_kind: CutoffKind = "polynomial",
) -> SymmetryFunctions:
    """Return the same set for every element.

    Half of the radial functions are Gaussians centred on the atom with widths in a geometric
    series, half are shells of equal width between 1.5 Å and the cut-off, in the manner of
    Imbalzano et al., J. Chem. Phys. 148, 241730 (2018). The angular ones are G⁴ for each pair
    of elements, both signs of λ, all ζ and all widths.
    """
    n_radial, widths, zetas = SIZES[size]
    found: list[SymmetryFunction] = []
    for symbol in elements:
        found += _radial(symbol, cutoff_a, n_radial)
    found += [
        Angular(pair, round(width / cutoff_a**2, 6), zeta, sign, 0.0, cutoff_a)
        for pair in combinations_with_replacement(elements, 2)
        for width in widths
        for zeta in zetas
        for sign in (1, -1)
    ]
    return SymmetryFunctions(tuple((s, tuple(found)) for s in elements), cutoff_kind)


def _radial(symbol: str, cutoff_a: float, count: int) -> list[Radial]:
    centred = count // 2
    etas = np.geomspace(0.5, 40.0, centred) / cutoff_a**2
    centres = np.linspace(NEAREST_A, cutoff_a, count - centred, endpoint=False)
    step = centres[1] - centres[0]
    return [Radial(symbol, round(float(eta), 6), 0.0, cutoff_a) for eta in etas] + [
        Radial(symbol, round(float(1 / step**2), 6), round(float(c), 6), cutoff_a)
        for c in centres
    ]
