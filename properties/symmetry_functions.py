"""Symmetry functions of one atom as curves, with the atom's own neighbours on them.

For pages that answer to sliders: plain numpy, one atom and one function at a time. Equations
6, 8 and 9 of J. Behler, J. Chem. Phys. 134, 074106 (2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.descriptors.automatic import automatic
from mlpcore.descriptors.functions import Angular, Radial
from properties import surroundings, symmetry

if TYPE_CHECKING:
    from mlpcore.descriptors.automatic import Size
    from mlpcore.descriptors.functions import CutoffKind
    from properties.crystal import Crystal
    from properties.surroundings import Surroundings

FloatArray = NDArray[np.float64]
POINTS = 301


@dataclass(frozen=True)
class Curve:
    """A named line."""

    name: str
    x: FloatArray
    y: FloatArray


@dataclass(frozen=True)
class Sticks:
    """Where the crystal has neighbours or angles: place, height, and how many, (s,) each."""

    name: str
    x: FloatArray
    height: FloatArray
    count: NDArray[np.int64]


@dataclass(frozen=True)
class RadialView:
    """A radial function, its cut-off function, the neighbours on it, and its value."""

    curve: Curve
    cutoff: Curve
    sticks: tuple[Sticks, ...]
    value: float
    count: int


@dataclass(frozen=True)
class AngularView:
    """The angular factor, the crystal's angles on it, what they add, and the value."""

    curve: Curve
    positions: Sticks
    contributions: Sticks
    value: float
    count: int


@dataclass(frozen=True)
class SetView:
    """All functions of an automatic set as curves, and the crystal's distances and angles."""

    radial: tuple[Curve, ...]
    angular: tuple[Curve, ...]
    distances: Sticks
    angles: Sticks
    n_radial: int
    n_angular: int


def cutoff_values(r_a: FloatArray, cutoff_a: float, kind: CutoffKind) -> FloatArray:
    """Return the cut-off function: 1 at r = 0, 0 from the cut-off on."""
    x = np.minimum(r_a / cutoff_a, 1.0)
    if kind == "cosine":
        return 0.5 * (np.cos(np.pi * x) + 1)
    if kind == "tanh3":
        return np.tanh(1 - x) ** 3
    return 1 + x**3 * (x * (15 - 6 * x) - 10)


def radial_terms(function: Radial, r_a: FloatArray, kind: CutoffKind) -> FloatArray:
    """Return what a neighbour at each distance adds to G²."""
    bell = np.exp(-function.eta * (r_a - function.shift_a) ** 2)
    return bell * cutoff_values(r_a, function.cutoff_a, kind)


def angular_factor(function: Angular, cosine: FloatArray) -> FloatArray:
    """Return 2^(1−ζ) (1 + λ cos θ)^ζ."""
    base = np.maximum(1 + function.sign * cosine, 0.0)
    factor: FloatArray = 2 ** (1 - function.zeta) * base**function.zeta
    return factor


def angular_terms(
    function: Angular,
    sides_a: tuple[FloatArray, FloatArray, FloatArray],
    cosine: FloatArray,
    kind: CutoffKind,
) -> FloatArray:
    """Return what each pair of neighbours adds to G⁴ or G⁵; the third side is the far one."""
    counted = sides_a if function.kind == "G4" else sides_a[:2]
    found = angular_factor(function, cosine)
    for side in counted:
        found = found * cutoff_values(side, function.cutoff_a, kind)
        found = found * np.exp(-function.eta * (side - function.shift_a) ** 2)
    return found


def different_atoms(crystal: Crystal) -> tuple[int, ...]:
    """Return one atom of each set that symmetry makes equal, by its index in the crystal."""
    first: dict[int, int] = {}
    for index, orbit in enumerate(_orbits(crystal)):
        first.setdefault(int(orbit), index)
    return tuple(first.values())


def _orbits(crystal: Crystal) -> NDArray[np.int64]:
    found = symmetry.spacegroup_dataset(crystal, symmetry.SYMPREC_A)
    orbits: NDArray[np.int64] = found.equivalent_atoms
    return orbits


def atom_label(crystal: Crystal, index: int) -> str:
    """Return element and number of an atom: ``Na 1``."""
    return f"{crystal.symbols[index]} {index + 1}"


def radial(crystal: Crystal, atom: int, function: Radial, kind: CutoffKind) -> RadialView:
    """Draw one radial function with the neighbours of one atom."""
    around = surroundings.of_atom(crystal, atom, function.cutoff_a)
    r = np.linspace(0, function.cutoff_a, POINTS)
    mine = around.has(function.neighbour)
    distances = around.distances_a[mine]
    terms = radial_terms(function, distances, kind)
    places, sums, counts = surroundings.gathered(distances, terms, surroundings.ALIKE_A)
    return RadialView(
        Curve("what a neighbour adds", r, radial_terms(function, r, kind)),
        Curve("cut-off function", r, cutoff_values(r, function.cutoff_a, kind)),
        (
            Sticks(
                f"{function.neighbour} neighbours", places, sums / np.maximum(counts, 1), counts
            ),
        ),
        float(terms.sum()),
        int(mine.sum()),
    )


def angular(crystal: Crystal, atom: int, function: Angular, kind: CutoffKind) -> AngularView:
    """Draw one angular function with the angles at one atom."""
    around = surroundings.of_atom(crystal, atom, function.cutoff_a)
    theta = np.linspace(0, 180, POINTS)
    mine = around.pairs_of(function.neighbours)
    terms = _angular_terms(around, mine, function, kind)
    counted = terms > 0
    angles = around.angles_deg[mine][counted]
    places, sums, counts = surroundings.gathered(angles, terms[counted], surroundings.ALIKE_DEG)
    return AngularView(
        Curve("angular factor", theta, angular_factor(function, _cosine(theta))),
        Sticks(
            "angles of the crystal",
            places,
            angular_factor(function, _cosine(places)),
            counts,
        ),
        Sticks("all pairs at this angle", places, sums, counts),
        float(terms.sum()),
        int(counted.sum()),
    )


def _cosine(degrees: FloatArray) -> FloatArray:
    found: FloatArray = np.cos(np.radians(degrees))
    return found


def _angular_terms(
    around: Surroundings, mine: NDArray[np.bool_], function: Angular, kind: CutoffKind
) -> FloatArray:
    sides = (
        around.distances_a[around.first[mine]],
        around.distances_a[around.second[mine]],
        around.third_a[mine],
    )
    return angular_terms(function, sides, _cosine(around.angles_deg[mine]), kind)


def value(crystal: Crystal, atom: int, function: Radial | Angular, kind: CutoffKind) -> float:
    """Return a function's value for one atom."""
    view = (
        radial(crystal, atom, function, kind)
        if isinstance(function, Radial)
        else angular(crystal, atom, function, kind)
    )
    return view.value


def of_every_atom(crystal: Crystal, function: Radial | Angular, kind: CutoffKind) -> FloatArray:
    """Return a function's value for each atom of a crystal, (n,)."""
    return np.array([value(crystal, atom, function, kind) for atom in range(len(crystal))])


def automatic_set(
    crystal: Crystal, atom: int, cutoff_a: float, size: Size, kind: CutoffKind
) -> SetView:
    """Draw all functions that an automatic set has for one atom."""
    elements = tuple(dict.fromkeys(crystal.symbols))
    functions = dict(automatic(elements, cutoff_a, size, kind).by_element)
    mine = functions[crystal.symbols[atom]]
    distances = [f for f in mine if isinstance(f, Radial)]
    angles = [f for f in mine if isinstance(f, Angular)]
    around = surroundings.of_atom(crystal, atom, cutoff_a)
    r, theta = np.linspace(0, cutoff_a, POINTS), np.linspace(0, 180, POINTS)
    first_only = [f for f in distances if f.neighbour == elements[0]]
    factors = {(f.zeta, f.sign): f for f in angles}
    return SetView(
        tuple(Curve(_width(f), r, radial_terms(f, r, kind)) for f in first_only),
        tuple(
            Curve(
                f"ζ = {f.zeta:g}, λ = {f.sign:+d}".replace("-", "−"),
                theta,
                angular_factor(f, _cosine(theta)),
            )
            for f in factors.values()
        ),
        _rug("distances in the crystal", around.distances_a, surroundings.ALIKE_A),
        _rug("angles in the crystal", around.angles_deg, surroundings.ALIKE_DEG),
        len(distances),
        len(angles),
    )


def _width(function: Radial) -> str:
    return f"η = {function.eta:.3g} Å⁻², r_s = {function.shift_a:.2f} Å"


def _rug(name: str, places: FloatArray, alike: float) -> Sticks:
    found, _, counts = surroundings.gathered(places, places, alike)
    return Sticks(name, found, np.zeros(len(found)), counts)
