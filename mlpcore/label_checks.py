"""Whether labels can be what they claim to be: complete, finite, and in eV and Å.

One number has no unit to be seen, but labels have to agree with each other: energies of frames
of one formula are alike, and between like structures they change by the work of forces and
stresses (:mod:`mlpcore.label_work`). The factor between change and work tells units apart: 1/n
for energies per atom, 1/27.2 for energies in Hartree, 1/160 for stresses in GPa, −1 for a wrong
sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import chemical_symbols

from mlpcore import label_work
from mlpcore.errors import DatasetError
from mlpcore.label_pairs import pairs_of

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.frame import Frame
    from mlpcore.label_pairs import Pairs
    from mlpcore.label_work import Wrong

CLOSEST_A = 0.3
"""Least distance of atoms; 0.53 Å is the least in the sets that are shipped."""

LARGEST = {
    "positions": (1e6, "Å"),
    "cell": (1e4, "Å"),
    "energy": (1e7, "eV an atom"),
    "forces": (1e5, "eV/Å"),
    "stress": (1e5, "eV/Å³"),
}
"""Magnitudes that no calculation of a crystal gives."""

FEWEST_ENERGIES, FEWEST_PAIRS = 5, 12
"""Energies of one formula, and pairs, that are enough to judge by."""

FEWEST_STEPS, SEEN_STEP_A, SEEN_CHANGE_EV = 3, 0.005, 1e-6
"""So many pairs whose steps change the energy cannot go with forces that are zero."""

MOST_WRONG = 1 / 3
"""Share of the frames up to which wrong ones are set aside before the others are judged."""

RIGHT = {"forces": (0.55, 1.45), "stress": (0.3, 3.0)}
"""Factors that are right: steps may be so long that the trapezium rule is poor."""

SURE, NEARLY_SURE = 5, 2
"""Standard errors that a factor has to be off; fewer if it is that of a unit of the forces."""

WELL, POORLY, AS_GIVEN, SEEN = 0.9, 0.85, 0.6, 0.8
"""Factors mean something if works then explain the first share of the changes of energy. Labels
do not fit if works explain less than the second with any factors, less than the third as they
are, and leave more than the fourth in units of what may be left."""

SURELY_SEEN = 0.2
"""This much left is enough where the factor of the forces is too small for sure."""

LEAST_ENERGY_EV = 1.0
"""Energies per atom that are nearer to zero have no unit to be seen."""

ZERO_FORCES = "All forces of these frames are zero; give them as they were computed."
MIXED_UP = (
    "The forces may be those of other atoms or other axes, labels those of another structure, "
    "units mixed, or energies noisier than they differ; check the way from the calculation to "
    "the file."
)


def check_frame(frame: Frame, number: int) -> None:
    """Check one frame by itself; raises DatasetError naming it, counted from 1."""
    count = len(frame.atoms)
    if count == 0:
        raise DatasetError(f"Frame {number} has no atoms.")
    unknown = sorted({int(z) for z in frame.atoms.numbers if not 0 < z < len(chemical_symbols)})
    if unknown:
        raise DatasetError(
            f"Frame {number} has atoms of no element (atomic numbers {unknown}). "
            "Use chemical symbols."
        )
    for name, value, shape, needed in (
        ("positions", frame.atoms.positions, (count, 3), "three numbers for each atom"),
        ("cell", frame.atoms.cell.array, (3, 3), "three vectors"),
        ("energy", frame.energy_ev, (), "one number, of the whole cell"),
        ("forces", frame.forces_ev_per_a, (count, 3), "three numbers for each atom"),
        ("stress", frame.stress_ev_per_a3, (3, 3), "six or nine numbers"),
    ):
        if value is not None or name != "stress":
            array = _checked_array(number, name, value, shape, needed)
            _check_size(number, name, array / count if name == "energy" else array)
    if abs(frame.atoms.cell.volume) < 1e-3 * count or not frame.atoms.pbc.all():
        raise DatasetError(
            f"Frame {number} is not periodic in three directions, or its cell has no volume. "
            'Give its Lattice="…", with a vacuum where there is no crystal.'
        )
    _check_distances(number, frame.atoms)


def _checked_array(
    number: int, name: str, value: Any, shape: tuple[int, ...], needed: str
) -> NDArray[np.float64]:
    verbs = ("are", "have") if name.endswith("s") and name != "stress" else ("is", "has")
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise DatasetError(
            f"Frame {number}: the {name} {verbs[0]} not made of numbers ({str(value)[:40]}); "
            f"needed: {needed}."
        )
    if array.shape != shape:
        raise DatasetError(
            f"Frame {number}: the {name} {verbs[1]} the shape {array.shape}; {shape} is "
            f"needed, {needed}."
        )
    if not np.isfinite(array).all():
        raise DatasetError(
            f"Frame {number}: the {name} {verbs[0]} not finite"
            f"{_at_atom(name, ~np.isfinite(array))}. Compute the frame again, or leave it out."
        )
    return array.astype(float)


def _at_atom(name: str, where: NDArray[np.bool_]) -> str:
    return f" at atom {np.argwhere(where)[0][0] + 1}" if name in {"positions", "forces"} else ""


def _check_size(number: int, name: str, array: NDArray[np.float64]) -> None:
    most, unit = LARGEST[name]
    largest = float(np.abs(array).max())
    if largest > most:
        raise DatasetError(
            f"Frame {number}: the {name} of {largest:.4g} {unit}"
            f"{_at_atom(name, np.abs(array) == largest)} cannot be meant; at most {most:g} "
            f"{unit} is possible. Check the unit, or leave the frame out."
        )


def _check_distances(number: int, atoms: Atoms) -> None:
    """Refuse atoms on top of each other, or of their images."""
    cell = atoms.cell.array
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    if heights.min() < CLOSEST_A:
        raise DatasetError(
            f"Frame {number}: the cell is only {heights.min():.3g} Å high; at least "
            f"{CLOSEST_A} Å is needed. Give the cell in shorter vectors, in Å."
        )
    if len(atoms) == 1:
        return
    distance, one, other = _closest(atoms.positions, cell, heights)
    if distance < CLOSEST_A:
        raise DatasetError(
            f"Frame {number}: atoms {one + 1} and {other + 1} are {distance:.3g} Å apart, "
            f"images of the cell included; at least {CLOSEST_A} Å is needed. Check positions "
            "and cell, both in Å, or leave the frame out."
        )


def _closest(
    positions: NDArray[np.float64], cell: NDArray[np.float64], heights: NDArray[np.float64]
) -> tuple[float, int, int]:
    """Return the least distance up to CLOSEST_A, else infinity, and the two atoms."""
    from scipy.spatial import cKDTree

    points, owners = positions @ np.linalg.inv(cell), np.arange(len(positions))
    points -= np.floor(points)
    for axis in range(3):
        low = np.flatnonzero(points[:, axis] < CLOSEST_A / heights[axis])
        points = np.concatenate([points, points[low] + np.eye(3)[axis]])
        owners = np.concatenate([owners, owners[low]])
    tree = cKDTree(points @ cell)
    distances, found = tree.query(
        tree.data[: len(positions)], 2, distance_upper_bound=CLOSEST_A
    )
    atom = int(distances[:, 1].argmin())
    other = found[atom, 1] if found[atom, 0] == atom else found[atom, 0]
    distance = float(distances[atom, 1])
    return distance, atom, int(owners[other]) if distance < CLOSEST_A else atom


def check_units(frames: Sequence[Frame]) -> None:
    """Check that energies, forces and stresses are in units that belong together.

    Raises
    ------
    DatasetError
        Single frames have an energy in another unit, or a label that does not fit the others;
        or all energies are per atom or in Hartree, forces or stresses not in eV/Å and eV/Å³,
        or labels have nothing to do with each other. Sets that are too small to tell pass.
    """
    formulas = list(_compositions(frames).values())
    _check_single_energies(frames, formulas)
    _check_sizes(frames, formulas)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for i, frame in enumerate(frames):
        groups[frame.atoms.numbers.tobytes()].append(i)
    for group in groups.values():
        _check_work([frames[i] for i in group], [i + 1 for i in group])


def _compositions(frames: Sequence[Frame]) -> dict[tuple[tuple[int, int], ...], list[int]]:
    """Sort frames by reduced formula."""
    groups: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for i, frame in enumerate(frames):
        kinds, counts = np.unique(frame.atoms.numbers, return_counts=True)
        counts = counts // np.gcd.reduce(counts)
        groups[tuple(zip(kinds.tolist(), counts.tolist(), strict=True))].append(i)
    return groups


def _check_single_energies(frames: Sequence[Frame], formulas: Sequence[list[int]]) -> None:
    """Find frames whose energy fits those of the same formula only in another unit."""
    for group in formulas:
        sizes = np.array([len(frames[i].atoms) for i in group])
        per_atom = np.array([frames[i].energy_ev for i in group]) / sizes
        usual = float(np.median(per_atom))
        spread = 1.5 * float(np.median(np.abs(per_atom - usual)))
        low, high = np.percentile(per_atom, (10, 90))
        if len(group) < FEWEST_ENERGIES or spread > 0.1 * abs(usual):
            continue
        if abs(usual) < LEAST_ENERGY_EV:
            continue
        quiet = label_work.are_calm([frames[i] for i in group])
        for k in np.flatnonzero(quiet & ((per_atom < low) | (per_atom > high))):
            if label_work.is_apart(per_atom, float(per_atom[k]), usual):
                _check_one_energy(group[k] + 1, int(sizes[k]), float(per_atom[k]), usual)


def _check_one_energy(number: int, size: int, value: float, usual: float) -> None:
    if abs(value - usual) < 0.4 * abs(usual):
        return
    known = [("missing", 0.0)] if value == 0 else []
    known += [(words, factor) for words, factor in label_work.energy_units(size) if value]
    for words, factor in known:
        if value == 0 or abs(value / factor - usual) < 0.1 * abs(usual):
            raise DatasetError(
                f"Frame {number}: the energy of {value * size:.6g} seems to be {words}: the "
                f"other frames of this formula have {usual:.4g} eV per atom, so about "
                f"{usual * size:.6g} eV for its {size} atoms. Give the energy of the whole "
                "cell in eV."
            )


def _check_sizes(frames: Sequence[Frame], formulas: Sequence[list[int]]) -> None:
    """Find energies that are the same for cells of different sizes."""
    for group in formulas:
        by_size: dict[int, list[int]] = defaultdict(list)
        for i in group:
            by_size[len(frames[i].atoms)].append(i)
        small, large = by_size[min(by_size)], by_size[max(by_size)]
        n_small, n_large = min(by_size), max(by_size)
        first, second = (
            np.array([frames[i].energy_ev for i in members]) for members in (small, large)
        )
        usual = float(np.median(first))
        spread = float(max(np.ptp(first), np.ptp(second)))
        alike = abs(np.median(second) - usual) < 0.1 * abs(usual)
        if n_large >= 1.5 * n_small and alike and spread < 0.3 * abs(usual):
            raise DatasetError(
                f"The energy seems to be per atom: frame {small[0] + 1} with {n_small} atoms "
                f"has {first[0]:.6g} and frame {large[0] + 1} with {n_large} atoms has "
                f"{second[0]:.6g}. Give energies of the whole cell in eV."
            )


def _check_work(frames: Sequence[Frame], numbers: Sequence[int]) -> None:
    """Check frames of the same atoms, which have these numbers, against each other."""
    pairs = pairs_of(frames)
    if not len(pairs):
        return
    table = pairs.nearest(len(frames))
    _check_zero_forces(pairs.chosen(np.unique(table[table >= 0])), frames, numbers)
    wrong = label_work.wrong_frames(pairs, table)
    good = _good(pairs, table, wrong)
    _check_factors(good, frames, numbers)
    words = _misfit(good, wrong, frames, numbers)
    if words:
        mild = label_work.eased(pairs)
        wrong = label_work.wrong_frames(mild, table)
        if _misfit(_good(mild, table, wrong), wrong, frames, numbers):
            raise DatasetError(words)


def _check_zero_forces(pairs: Pairs, frames: Sequence[Frame], numbers: Sequence[int]) -> None:
    """Refuse forces that are all zero where steps change the energy."""
    moved = (pairs.steps_a > SEEN_STEP_A) & (np.abs(pairs.rest) > SEEN_CHANGE_EV)
    if moved.sum() >= FEWEST_STEPS and not any(f.forces_ev_per_a.any() for f in frames):
        raise DatasetError(_words_of_misfit(pairs, numbers, ZERO_FORCES))


def _good(pairs: Pairs, table: NDArray[np.int64], wrong: Sequence[Wrong]) -> Pairs:
    """Return the nearest pairs, without frames that are wrong if these are few."""
    near = pairs.chosen(np.unique(table[table >= 0]))
    if len(wrong) > MOST_WRONG * len(table):
        return near
    numbers = [each.frame for each in wrong]
    return near.chosen(np.flatnonzero(~np.isin(near.ends, numbers).any(axis=1)))


def _check_factors(pairs: Pairs, frames: Sequence[Frame], numbers: Sequence[int]) -> None:
    """Refuse works that explain the energies very well, but with other factors than one."""
    fit = label_work.fitted(pairs) if len(pairs) >= FEWEST_PAIRS else None
    if fit is None or fit.explained < WELL:
        return
    nearest = pairs.ends[int((pairs.steps_a + pairs.strains).argmin())]
    for name, factor, error in zip(RIGHT, fit.factors, fit.errors, strict=True):
        least, most = RIGHT[name]
        off = max(least - factor, factor - most)
        units = label_work.units_behind(name, float(factor), frames[0]) if off > 0 else []
        sure = NEARLY_SURE if units and name == "forces" else SURE
        if off > sure * error:
            guess = f" It looks as if {' or '.join(units)}." if units else ""
            raise DatasetError(
                f"Energy and {name} do not belong together: between like frames, such as "
                f"{numbers[nearest[0]]} and {numbers[nearest[1]]}, the energy changes by "
                f"{factor:.3g} times the work of the {name}.{guess} Needed are energies of the "
                "whole cell in eV, forces in eV/Å and stresses in eV/Å³, positive in tension."
            )


def _misfit(
    good: Pairs, wrong: Sequence[Wrong], frames: Sequence[Frame], numbers: Sequence[int]
) -> str:
    """Return what is wrong where works do not explain the energies; empty if they do."""
    if len(good) >= FEWEST_PAIRS:
        fit = label_work.fitted(good)
        unlike = fit.explained < POORLY and fit.explained_as_given < AS_GIVEN
        surely = fit.factors[0] + SURE * fit.errors[0] < RIGHT["forces"][0]
        if unlike and fit.rest > (SURELY_SEEN if surely else SEEN):
            least = f" Of all frames, {_listed([numbers[w.frame] for w in wrong])} fit least."
            return _words_of_misfit(good, numbers, MIXED_UP + (least if wrong else ""))
    return _words_of_wrong(wrong, frames, numbers) if wrong else ""


def _words_of_misfit(pairs: Pairs, numbers: Sequence[int], reason: str) -> str:
    worst = int((np.abs(pairs.rest) / pairs.scale).argmax())
    one, other = (numbers[k] for k in pairs.ends[worst])
    return (
        "Energies, forces and stresses do not fit together: between like frames, such as "
        f"{one} and {other}, the energy changes by {pairs.changes[worst]:.4g} eV, but by the "
        f"work of forces and stresses it should by {pairs.works[worst].sum():.4g} eV. {reason}"
    )


def _words_of_wrong(
    wrong: Sequence[Wrong], frames: Sequence[Frame], numbers: Sequence[int]
) -> str:
    first, others = wrong[0], [numbers[each.frame] for each in wrong[1:]]
    partners = " and ".join(str(numbers[k]) for k in first.partners[:2])
    like = f"like frames, such as {partners}," if partners else "like frames"
    words = _wrong_energy if first.kind == "energy" else _wrong_work
    more = f" The same check fails for {_listed(others)}." if others else ""
    return f"Frame {numbers[first.frame]}: {words(first, frames[first.frame], like)}{more}"


def _wrong_energy(wrong: Wrong, frame: Frame, like: str) -> str:
    right = frame.energy_ev - wrong.amount
    ratio = frame.energy_ev / right if right else 0.0
    known = label_work.energy_units(len(frame.atoms))
    units = [words for words, value in known if abs(ratio / value - 1) < 0.1]
    guess = f" It seems to be {units[0]}." if units else ""
    return (
        f"the energy of {frame.energy_ev:.6g} eV does not fit: forces and stresses of it and "
        f"{like} lead to {right:.6g} eV.{guess} Give the energy of the whole cell in eV."
    )


def _wrong_work(wrong: Wrong, frame: Frame, like: str) -> str:
    if not wrong.kind:
        return (
            f"energy, forces and stress do not fit those of {like} and which of them is wrong "
            "cannot be told. Compute the frame again, or leave it out."
        )
    units = label_work.nearest_units(
        wrong.kind, wrong.amount, label_work.units_of(wrong.kind, frame)
    )
    guess = f" It looks as if {units[0]}." if units else ""
    return (
        f"the {wrong.kind} {'does' if wrong.kind == 'stress' else 'do'} not fit: energies "
        f"between it and {like} change by {wrong.amount:.3g} times the work of its "
        f"{wrong.kind}.{guess} Needed are forces in eV/Å and stresses in eV/Å³, positive in "
        "tension."
    )


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return ", ".join(map(str, numbers[:10])) + more
