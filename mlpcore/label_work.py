"""What the work of forces and stresses between like structures says of labels.

Works of pairs (:mod:`mlpcore.label_pairs`) explain the changes of energy where labels belong
together. All pairs of one frame leave a large rest if that frame is wrong, and the factors
between energies and works are not one if units are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from ase.units import Bohr, GPa, Hartree, kJ, mol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcore.frame import Frame
    from mlpcore.label_pairs import Pairs

FEWEST_PARTNERS = 3
"""So many pairs of a frame make a judgement of it."""

OFF, OFF_EV = 0.75, 4e-3
"""A frame is wrong if its pairs leave this share of the gross work and this energy per atom."""

TINY_FACTOR, TINY_REST = 0.05, 0.02
SCALED, SCALED_REST = 0.2, 0.1
"""Or if a factor below this on its own forces or stress takes all but this share of the rest
away, and the rest is more than long steps, or energies that are convex, may leave; more than
both in the second case."""

CONVEX = 0.7
"""A rest above half the difference of the works at both ends is impossible where the energy is
convex, and it is the whole difference where the labels of one end are too large."""

MOST_PULAY = 5 * GPa
"""Pressures off by less, as with few plane waves, are no error that is told here."""

SMALL = 1e-6
"""Works smaller than the other by this factor say nothing."""

GAP, ALIKE, CALM = 0.5, 1.5, 3.0
"""An energy is apart from the usual one if this share of the way is empty. Frames are calm if
volumes are within this factor of the usual one, and forces not larger by the other."""

NEAR = {"forces": 0.2, "stress": 1.0}
"""Difference in the logarithm up to which a factor is put down to a unit."""

KINDS = ("forces", "stress", "energy")


@dataclass(frozen=True)
class Wrong:
    """A frame that does not fit the others of its group.

    Attributes
    ----------
    frame
        Its number in the group.
    kind
        Which label is wrong, one of :data:`KINDS`; empty if that cannot be told.
    amount
        What the energy is off in eV, or the factor that would put the other label right.
    partners
        Numbers of good frames that it was compared with, nearest first.
    """

    frame: int
    kind: str
    amount: float
    partners: tuple[int, ...]


@dataclass(frozen=True)
class Fit:
    """Factors between changes of energy and the works of forces and stress.

    Attributes
    ----------
    factors, errors
        (2,), with standard errors; NaN where there is no work.
    explained, explained_as_given
        Share of the changes of energy that works explain with these factors, and without.
    rest
        Root mean square of what is left without factors, in units of what may be left.
    """

    factors: NDArray[np.float64]
    errors: NDArray[np.float64]
    explained: float
    explained_as_given: float
    rest: float


def is_apart(values: NDArray[np.float64], value: float, usual: float) -> bool:
    """Return whether most of the way from the usual value to this one is empty."""
    shares = (values - usual) / (value - usual) if value != usual else values * 0
    way = np.sort(np.append(shares[(shares >= 0) & (shares <= 1)], 0.0))
    return bool(np.diff(way).max(initial=0.0) > GAP)


def are_calm(frames: Sequence[Frame]) -> NDArray[np.bool_]:
    """Return which frames have a density and forces like the others, so an energy as well."""
    volumes = np.array([frame.atoms.cell.volume / len(frame.atoms) for frame in frames])
    forces = np.array([float(np.sqrt((frame.forces_ev_per_a**2).mean())) for frame in frames])
    usual = np.abs(np.log(np.abs(volumes) / np.median(np.abs(volumes)))) < np.log(ALIKE)
    return np.asarray(usual & (forces <= CALM * np.median(forces)))


def eased(pairs: Pairs) -> Pairs:
    """Return the pairs with all stresses off by one pressure, whichever fits best."""
    grown = np.flatnonzero(np.abs(pairs.growths_a3) > 0)
    if not len(grown):
        return pairs
    pressures = pairs.rest[grown] / pairs.growths_a3[grown]
    order = np.argsort(pressures)
    weights = (np.abs(pairs.growths_a3) / pairs.scale)[grown][order].cumsum()
    median = pressures[order][np.searchsorted(weights, weights[-1] / 2)]
    pressure = np.clip(median, -MOST_PULAY, MOST_PULAY)
    return replace(pairs, changes=pairs.changes - pressure * pairs.growths_a3)


def wrong_frames(pairs: Pairs, table: NDArray[np.int64]) -> list[Wrong]:
    """Return the frames that do not fit their nearest partners.

    Parameters
    ----------
    pairs
        All pairs of the group.
    table
        The nearest ones of each frame, from :meth:`Pairs.nearest`.
    """
    there, frames = table >= 0, np.arange(len(table))
    first = pairs.ends[table, 0] == frames[:, None]
    counts = there.sum(axis=1)
    bound = OFF * np.maximum(pairs.gross, pairs.scale) + OFF_EV * pairs.n_atoms
    # One partner in four may be wrong as well, in the same way.
    off = _ranked(np.abs(pairs.rest) / bound, table, counts // 4) > 1
    seen = _ranked(np.abs(pairs.rest) / pairs.scale, table, np.maximum(counts - 1, 0) // 2) > 1
    whole = _is_whole_difference(pairs, table)
    amounts, left = _explanations(pairs, table, first)
    tiny = ((np.abs(amounts) < TINY_FACTOR) & (left < TINY_REST))[:, :2].any(axis=1)
    scaled = ((amounts < SCALED) & (left < SCALED_REST))[:, :2].any(axis=1)
    scaled = (tiny & (seen | whole)) | (scaled & seen & whole)
    wrong = (counts >= FEWEST_PARTNERS) & (off | scaled)
    partners = np.where(first, pairs.ends[table, 1], pairs.ends[table, 0])
    return [
        _told(int(frame), amounts[frame], left[frame], partners[frame, there[frame]], wrong)
        for frame in np.flatnonzero(wrong)
    ]


def _ranked(
    values: NDArray[np.float64], table: NDArray[np.int64], ranks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return for each frame the value of this rank, from the least, among its pairs."""
    known = np.sort(np.where(table >= 0, values[table], np.inf), axis=1)
    return np.asarray(known[np.arange(len(table)), ranks])


def _is_whole_difference(pairs: Pairs, table: NDArray[np.int64]) -> NDArray[np.bool_]:
    spread = np.abs(np.diff(pairs.works, axis=2)).sum(axis=(1, 2))
    rest, spread = (
        (np.where(table >= 0, (values / pairs.scale)[table], 0) ** 2).sum(axis=1)
        for values in (pairs.rest, spread)
    )
    return np.asarray(rest > CONVEX**2 * spread)


def _explanations(
    pairs: Pairs, table: NDArray[np.int64], first: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each frame and each of KINDS what would be wrong, and the rest then left."""
    own = np.where(first[..., None], pairs.works[table, :, 0], pairs.works[table, :, 1])
    columns = np.concatenate([own, np.where(first, -1.0, 1.0)[..., None]], axis=2)
    weights = (table >= 0) / pairs.scale[table]
    rest, columns = pairs.rest[table] * weights, columns * weights[..., None]
    size = (columns**2).sum(axis=1)
    slopes = (columns * rest[..., None]).sum(axis=1) / np.where(size > 0, size, 1)
    after = ((rest[..., None] - slopes[:, None] * columns) ** 2).sum(axis=1)
    before = (rest**2).sum(axis=1)
    left = after / np.where(before > 0, before, 1)[:, None]
    return slopes + np.array([1.0, 1.0, 0.0]), left


def _told(
    frame: int,
    amounts: NDArray[np.float64],
    left: NDArray[np.float64],
    partners: NDArray[np.int64],
    wrong: NDArray[np.bool_],
) -> Wrong:
    best = int(left.argmin())
    kind = KINDS[best] if left[best] < 2 * SCALED_REST else ""
    good = tuple(int(k) for k in partners if not wrong[k])
    return Wrong(frame, kind, float(amounts[best]), good)


def fitted(pairs: Pairs) -> Fit:
    """Fit changes of energy as a sum of factors times works, each pair as its steps allow."""
    works = pairs.works.sum(axis=2) / pairs.scale[:, None]
    changes, rest = pairs.changes / pairs.scale, pairs.rest / pairs.scale
    size = np.sqrt((works**2).sum(axis=0))
    used = np.flatnonzero(size > SMALL * size.max())
    factors, errors = np.full((2, 2), np.nan)
    after = changes
    if size.any():
        columns = works[:, used] / size[used]
        found, spread = _with_errors(columns, changes, pairs.ends)
        factors[used], errors[used] = found / size[used], spread / size[used]
        after = changes - columns @ found
    whole = max(float(changes @ changes), 1e-300)
    explained, given = (1 - float(each @ each) / whole for each in (after, rest))
    return Fit(factors, errors, explained, given, float(np.sqrt((rest**2).mean())))


def _with_errors(
    columns: NDArray[np.float64], values: NDArray[np.float64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients and their standard errors.

    Pairs that share a frame are no independent observations, so the errors are those of the
    jackknife that leaves out one frame after the other, with all its pairs.
    """
    products = columns[:, :, None] * columns[:, None, :]
    projections = columns * values[:, None]
    frames, places = np.unique(ends, return_inverse=True)
    places = places.reshape(ends.shape)
    shares = [np.zeros((len(frames), *each.shape[1:])) for each in (products, projections)]
    for end in (0, 1):
        np.add.at(shares[0], places[:, end], products)
        np.add.at(shares[1], places[:, end], projections)
    left = np.linalg.pinv(products.sum(axis=0) - shares[0], hermitian=True)
    without = np.einsum("fij,fj->fi", left, projections.sum(axis=0) - shares[1])
    count = len(frames)
    variance = (count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    found = np.linalg.pinv(products.sum(axis=0), hermitian=True) @ projections.sum(axis=0)
    return found, np.sqrt(variance)


def energy_units(size: int) -> list[tuple[str, float]]:
    """Return what energies may be by mistake, and their ratio to energies in eV."""
    return [
        ("per atom", 1 / size),
        ("in Hartree", 1 / Hartree),
        ("in Hartree per atom", 1 / Hartree / size),
        ("in Rydberg", 2 / Hartree),
        ("in kJ/mol", mol / kJ),
        ("of the opposite sign", -1.0),
    ]


def units_behind(name: str, factor: float, frame: Frame) -> list[str]:
    """Return what may be behind a factor between the energies and a work of all frames."""
    known = units_of(name, frame)
    if name == "forces":
        size = len(frame.atoms)
        known += [("energies are in Hartree and forces in Hartree/Bohr", 1 / Bohr)]
        known += [("lengths are in Bohr", Bohr)]
        known += [(f"energies are {words}", ratio) for words, ratio in energy_units(size)]
    return nearest_units(name, factor, known)


def units_of(name: str, frame: Frame) -> list[tuple[str, float]]:
    """Return what forces or stress may be by mistake, and the factor that puts them right."""
    if name == "forces":
        return [
            ("forces are derivatives, without the minus", -1.0),
            ("forces are in Hartree/Bohr", Hartree / Bohr),
            ("forces are in meV/Å", 1e-3),
        ]
    return [
        ("stresses have the opposite sign; they are positive in tension here", -1.0),
        ("stresses are in GPa", GPa),
        ("stresses are in kbar", GPa / 10),
        ("stresses are in GPa, of the opposite sign", -GPa),
        ("stresses are in kbar, of the opposite sign", -GPa / 10),
        ("stresses are virials, not divided by the volume", 1 / abs(frame.atoms.cell.volume)),
    ]


def nearest_units(name: str, factor: float, known: list[tuple[str, float]]) -> list[str]:
    """Return the two likeliest units."""
    near = [
        (abs(float(np.log(factor / value))), words)
        for words, value in known
        if value * factor > 0 and abs(np.log(factor / value)) < NEAR[name]
    ]
    return [words for _, words in sorted(near, key=lambda each: each[0])[:2]]
