"""Whether labels can be what they claim to be: complete, finite, and in eV and Å.

One number has no unit to be seen, but labels have to agree with each other. Between two
structures that differ by small steps u and a strain ε, the energy changes by the work

    ΔE ≈ −½ (F₁ + F₂)·u + ½ (V₁σ₁ + V₂σ₂):ε        (trapezium rule, exact to third order)

so that the factor between ΔE and either work tells units apart: 1/n for energies per atom,
1/27.2 for energies in Hartree, 1/160 for stresses in GPa, −1 for their other sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import chemical_symbols
from ase.geometry import find_mic
from ase.units import Bohr, GPa, Hartree, kJ, mol

from mlpcore.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcore.frame import Frame

MOST_PAIRS, FEWEST_PAIRS = 60, 12
LARGEST_STEP_A, LARGEST_STRAIN = 0.6, 0.08
LEAST, MOST = 0.45, 1.7
"""Factors between these are right: steps may be so long that the trapezium rule is poor."""

NEAR = {"forces": 0.2, "stress": 1.0}
"""Difference in the logarithm up to which a factor is put down to a unit."""

PASSED, EXPLAINED = 0.85, 0.9
"""Labels pass if the works as they are explain so much of the energy differences; they are
judged only if the works times some factors explain so much."""

TINY, SMALL, SWAMPS = 1e-12, 0.02, 0.95
"""A work this much smaller than the other, in its square, says nothing. Where forces work too,
a factor of the stress is believed only if it is small, and the stress's work nearly all there
is, as it is for GPa and kbar."""


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
            _check_array(number, name, value, shape, needed)
    if abs(frame.atoms.cell.volume) < 1e-3 * count or not frame.atoms.pbc.all():
        raise DatasetError(
            f"Frame {number} is not periodic in three directions, or its cell has no volume. "
            'Give its Lattice="…", with a vacuum where there is no crystal.'
        )


def check_units(frames: Sequence[Frame]) -> None:
    """Check that energies, forces and stresses are in units that belong together.

    Raises
    ------
    DatasetError
        Single frames have the energy per atom or in Hartree, or all do, or forces or
        stresses are not in eV/Å and eV/Å³. Sets that are too small to tell pass.
    """
    _check_single_energies(frames)
    _check_sizes(frames)
    _check_work(frames)


def _check_array(
    number: int, name: str, value: Any, shape: tuple[int, ...], needed: str
) -> None:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"Frame {number}: the {name} is not made of numbers; needed: {needed}."
        ) from error
    if array.shape != shape:
        raise DatasetError(
            f"Frame {number}: the {name} has the shape {array.shape}; {shape} is needed, "
            f"{needed}."
        )
    if not np.isfinite(array).all():
        where = int(np.argwhere(~np.isfinite(array))[0][0]) + 1 if array.ndim else 0
        atom = f" at atom {where}" if name in ("positions", "forces") else ""
        raise DatasetError(
            f"Frame {number}: the {name} is not finite{atom}. Compute the frame again, "
            "or leave it out."
        )


def _compositions(frames: Sequence[Frame]) -> dict[tuple[tuple[int, int], ...], list[int]]:
    """Sort frames by reduced formula."""
    groups: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for i, frame in enumerate(frames):
        kinds, counts = np.unique(frame.atoms.numbers, return_counts=True)
        counts = counts // np.gcd.reduce(counts)
        groups[tuple(zip(kinds.tolist(), counts.tolist(), strict=True))].append(i)
    return groups


def _check_single_energies(frames: Sequence[Frame]) -> None:
    """Find frames whose energy fits those of the same formula only in another unit."""
    for group in _compositions(frames).values():
        sizes = np.array([len(frames[i].atoms) for i in group])
        per_atom = np.array([frames[i].energy_ev for i in group]) / sizes
        usual = float(np.median(per_atom))
        spread = 1.5 * float(np.median(np.abs(per_atom - usual)))
        low, high = np.percentile(per_atom, (10, 90))
        if len(group) < 10 or spread > 0.1 * abs(usual):
            continue
        for i, size, value in zip(group, sizes, per_atom, strict=True):
            if not low <= value <= high:
                _check_one_energy(i + 1, int(size), float(value), usual)


def _check_one_energy(number: int, size: int, value: float, usual: float) -> None:
    if abs(value - usual) < 0.4 * abs(usual):
        return
    known = (
        ("per atom", size),
        ("in Hartree", Hartree),
        ("in Hartree per atom", size * Hartree),
    )
    for name, factor in known:
        if abs(value * factor - usual) < 0.1 * abs(usual):
            raise DatasetError(
                f"Frame {number}: the energy of {value * size:.6g} seems to be {name}: the "
                f"other frames of this formula have {usual:.4g} eV per atom, so about "
                f"{usual * size:.6g} eV for its {size} atoms. Give the energy of the whole "
                "cell in eV."
            )


def _check_sizes(frames: Sequence[Frame]) -> None:
    """Find energies that are the same for cells of different sizes."""
    for group in _compositions(frames).values():
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


def _check_work(frames: Sequence[Frame]) -> None:
    groups: dict[bytes, list[int]] = defaultdict(list)
    for i, frame in enumerate(frames):
        groups[frame.atoms.numbers.tobytes()].append(i)
    for group in groups.values():
        pairs = _pairs([frames[i] for i in group])
        if len(pairs) >= FEWEST_PAIRS:
            first, second = group[pairs[0][0]] + 1, group[pairs[0][1]] + 1
            _judge(np.array([p[2:] for p in pairs]), len(frames[group[0]].atoms), first, second)


def _pairs(frames: Sequence[Frame]) -> list[tuple[int, int, float, float, float]]:
    """Return pairs of like structures: both numbers, ΔE, and the works of forces and stress."""
    found = []
    for i in range(len(frames)):
        for j in range(max(0, i - 12), i):
            steps, strain = _difference(frames[i], frames[j])
            strained = float(np.abs(strain).max())
            known = strained < 1e-8 or _has_stress(frames[i], frames[j])
            size = float(np.sqrt((steps**2).mean()))
            if known and strained < LARGEST_STRAIN and size < LARGEST_STEP_A:
                works = _works(frames[i], frames[j], steps, strain)
                found.append((size + strained, (i, j, *works)))
    found.sort(key=lambda item: item[0])
    return [item for _, item in found[:MOST_PAIRS]]


def _has_stress(*frames: Frame) -> bool:
    return all(frame.stress_ev_per_a3 is not None for frame in frames)


def _difference(one: Frame, other: Frame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return steps in Å at the mean cell, without the common shift, and the strain."""
    cells = one.atoms.cell.array, other.atoms.cell.array
    mean = (cells[0] + cells[1]) / 2
    fractions = [
        np.linalg.solve(cell.T, frame.atoms.positions.T).T
        for cell, frame in zip(cells, (one, other), strict=True)
    ]
    steps, _ = find_mic((fractions[1] - fractions[0]) @ mean, mean, pbc=True)
    strain = np.linalg.solve(mean, cells[1] - cells[0])
    return steps - steps.mean(axis=0), (strain + strain.T) / 2


def _works(
    one: Frame, other: Frame, steps: NDArray[np.float64], strain: NDArray[np.float64]
) -> tuple[float, float, float]:
    forces = -float(((one.forces_ev_per_a + other.forces_ev_per_a) / 2 * steps).sum())
    stress = 0.0
    for frame in (one, other):
        if frame.stress_ev_per_a3 is not None:
            volume = frame.atoms.cell.volume
            stress += volume / 2 * float((frame.stress_ev_per_a3 * strain).sum())
    return other.energy_ev - one.energy_ev, forces, stress


def _judge(pairs: NDArray[np.float64], n_atoms: int, first: int, second: int) -> None:
    """Fit ΔE as a sum of factors times works, and name the unit behind a wrong factor."""
    change, works = pairs[:, 0], pairs[:, 1:]
    size = (works**2).sum(axis=0)
    used = np.flatnonzero(size > TINY * size.max())
    whole, as_they_are = float(change @ change), change - works.sum(axis=1)
    if not size.any() or float(as_they_are @ as_they_are) < (1 - PASSED) * whole:
        return
    factors, *_ = np.linalg.lstsq(works[:, used], change, rcond=None)
    rest = change - works[:, used] @ factors
    if float(rest @ rest) > (1 - EXPLAINED) * whole:
        return
    for column, factor in zip(used, factors, strict=True):
        alone = size[column] > (1 - TINY) * size.sum()
        swamps = abs(factor) < SMALL and size[column] > SWAMPS * size.sum()
        if column == 0 or alone or swamps:
            _tell(("forces", "stress")[column], float(factor), n_atoms, first, second)


def _tell(name: str, factor: float, n_atoms: int, first: int, second: int) -> None:
    """Raise DatasetError for a factor that is wrong."""
    if LEAST < factor < MOST:
        return
    energies = [
        ("energies are per atom", 1 / n_atoms),
        ("energies are in Hartree", 1 / Hartree),
        ("energies are in Rydberg", 2 / Hartree),
        ("energies are in kJ/mol", mol / kJ),
    ]
    units = {
        "forces": [
            ("energies are in Hartree and forces in Hartree/Bohr", 1 / Bohr),
            ("forces are in Hartree/Bohr", Hartree / Bohr),
            ("forces are derivatives, without the minus", -1.0),
            *energies,
        ],
        "stress": [
            ("stresses are in GPa", GPa),
            ("stresses are in kbar", GPa / 10),
            ("stresses have the opposite sign; they are positive in tension here", -1.0),
        ],
    }[name]
    same_sign = [(words, known) for words, known in units if known * factor > 0]
    near = [words for words, known in same_sign if abs(np.log(factor / known)) < NEAR[name]]
    if name == "stress" and abs(factor) < SMALL and not near:
        near = ["stresses are in GPa or kbar"]
    guess = f" It looks as if {' or '.join(near)}." if near else ""
    raise DatasetError(
        f"Energy and {name} do not belong together: between like frames, such as {second} and "
        f"{first}, the energy changes by {factor:.3g} times the work of the {name}.{guess} "
        "Needed are energies of the whole cell in eV, forces in eV/Å and stresses in eV/Å³."
    )
