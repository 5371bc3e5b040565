"""Whether energies go with forces and stresses: mixed-up units are found by physics.

Between two frames of the same atoms the energy changes by the work of forces and stresses on
the way, to third order ½ Σ [V σ h⁻ᵀ : Δh − F · (Δs h)] over the two ends, with h the cell and s
the fractional positions. Energies per atom, or in Hartree, differ from that by a factor.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcore.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcore.dataset import Frame

HARTREE_EV, BOHR_A = 27.211386, 0.529177
FEWEST_PAIRS = 4
LEAST_CORRELATION = 0.9
ROUGH = 2.2
"""Factor by which the work may miss where displacements are large."""

NEAR = 0.4
"""Part by which a factor may miss that of a known mix-up."""

FARTHEST_A = 1.5
"""Displacement of an atom up to which two frames are near enough to be compared."""


def require_units(frames: Sequence[Frame], name: str) -> None:
    """Raise :class:`DatasetError` if energies and forces are not in eV and eV/Å, per cell."""
    changes, works = _changes_and_works(frames)
    if len(changes) < FEWEST_PAIRS or not np.any(works):
        return
    correlation = changes @ works / np.sqrt((changes @ changes) * (works @ works) + 1e-300)
    factor = float(changes @ works / (works @ works))
    if abs(correlation) < LEAST_CORRELATION or 1 / ROUGH < factor < ROUGH:
        return
    atoms = float(np.mean([len(frame.atoms) for frame in frames]))
    raise DatasetError(
        f"The energies in {name} change by {factor:.3g} times the work of the forces between "
        f"frames, and 1 is needed: {_reason(factor, atoms)}. Give energies of the whole cell "
        "in eV, forces in eV/Å and stresses in eV/Å³."
    )


def _reason(factor: float, atoms: float) -> str:
    known = {
        1 / atoms: "it looks as if energies were per atom instead of per cell",
        1 / HARTREE_EV: "it looks as if energies were in Hartree",
        HARTREE_EV / BOHR_A: "it looks as if forces were in Hartree/Bohr",
        1 / BOHR_A: "it looks as if energies were in Hartree and forces in Hartree/Bohr",
        -1.0: "it looks as if forces were gradients, of the other sign",
    }
    for expected, words in known.items():
        if abs(factor / expected - 1) < NEAR:
            return words
    return "the units do not go together"


def _changes_and_works(
    frames: Sequence[Frame],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return energy differences and works for neighbouring frames of the same atoms."""
    found = []
    by_atoms: dict[bytes, list[Frame]] = {}
    for frame in frames:
        by_atoms.setdefault(frame.atoms.numbers.tobytes(), []).append(frame)
    for alike in by_atoms.values():
        for a, b in pairwise(alike):
            work = _work(a, b)
            if work is not None:
                found.append((b.energy_ev - a.energy_ev, work))
    changes, works = np.array(found).reshape(-1, 2).T
    return changes, works


def _work(a: Frame, b: Frame) -> float | None:
    """Return the work from `a` to `b`; ``None`` where it cannot be told."""
    cell_a, cell_b = a.atoms.cell.array, b.atoms.cell.array
    fixed = bool(np.allclose(cell_a, cell_b, atol=1e-6))
    if not fixed and (a.stress_ev_per_a3 is None or b.stress_ev_per_a3 is None):
        return None
    moved = b.atoms.get_scaled_positions(wrap=False) - a.atoms.get_scaled_positions(wrap=False)
    moved -= np.round(moved)
    path = moved @ (0.5 * (cell_a + cell_b))
    if np.abs(path).max() > FARTHEST_A:
        return None
    work = -0.5 * float(((a.forces_ev_per_a + b.forces_ev_per_a) * path).sum())
    if not fixed:
        for frame, cell in ((a, cell_a), (b, cell_b)):
            strain = np.linalg.solve(cell, cell_b - cell_a)
            stress = frame.stress_ev_per_a3
            work += 0.5 * frame.atoms.get_volume() * float((stress * strain).sum())
    return work
