"""Pairs of structures that are alike, and the work of forces and stresses between them.

Between two structures that differ by small steps u and a strain ε, the energy changes by the
work

    ΔE ≈ −½ (F₁ + F₂)·u + ½ (V₁σ₁ + V₂σ₂):ε        (trapezium rule, exact to third order)

All pairs are computed at once, because a data set has thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcore.frame import Frame

LARGEST_STEP_A, LARGEST_STRAIN = 0.6, 0.08
"""Root mean square of the components of steps, and largest component of the deformation, up to
which structures are alike. Turned cells are not: their forces are turned, too."""

NEIGHBOURS = 6
"""Nearest pairs of each frame that count."""

FEWEST_APART, MOST_WORK = 12, 4_000_000
"""Each frame is compared with at least so many that follow it, or with more as long as the
number of atoms, all pairs together, allows it."""

FLOOR, REACH = 0.03, 0.25
"""Rest as a share of the gross work: least, and the step in Å, or strain, that makes it one."""

NOISE_EV = 1e-3
"""Error of an energy for one atom; those of several add up in squares."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of like structures that have the same atoms in their order.

    Attributes
    ----------
    n_atoms
        Of each structure.
    ends
        (p, 2), numbers of the frames within their group.
    steps_a, strains
        (p,), how far the structures are from each other.
    growths_a3
        (p,), V₂ − V₁.
    changes
        (p,), E₂ − E₁ in eV.
    works
        (p, 2, 2) in eV: of forces and of stress; halves due to the labels of either end.
    gross
        (p,) in eV: works without cancellation between atoms and components.
    """

    n_atoms: int
    ends: NDArray[np.int64]
    steps_a: NDArray[np.float64]
    strains: NDArray[np.float64]
    growths_a3: NDArray[np.float64]
    changes: NDArray[np.float64]
    works: NDArray[np.float64]
    gross: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ends)

    @cached_property
    def rest(self) -> NDArray[np.float64]:
        """(p,) in eV, the change of energy that works do not explain."""
        return self.changes - self.works.sum(axis=(1, 2))

    @cached_property
    def scale(self) -> NDArray[np.float64]:
        """(p,) in eV, the rest that long steps and noise may leave."""
        distance = (self.steps_a**2 + self.strains**2) / REACH**2
        return self.gross * (FLOOR + distance) + NOISE_EV * np.sqrt(self.n_atoms)

    def chosen(self, which: NDArray[np.int64]) -> Pairs:
        """Return some of the pairs."""
        arrays = {key: value for key, value in vars(self).items() if key in _ARRAYS}
        return replace(self, **{key: value[which] for key, value in arrays.items()})

    def nearest(self, n_frames: int) -> NDArray[np.int64]:
        """Return numbers of the nearest pairs of each frame, (n, NEIGHBOURS), −1 for none."""
        frame, pair = self.ends.T.ravel(), np.tile(np.arange(len(self)), 2)
        order = np.lexsort(((self.steps_a + self.strains)[pair], frame))
        frame, pair = frame[order], pair[order]
        rank = np.arange(len(frame)) - np.searchsorted(frame, frame)
        table = np.full((n_frames, NEIGHBOURS), -1)
        close = rank < NEIGHBOURS
        table[frame[close], rank[close]] = pair[close]
        return table


_ARRAYS = ("ends", "steps_a", "strains", "growths_a3", "changes", "works", "gross")


@dataclass(frozen=True)
class _Stack:
    """Frames of the same atoms as arrays; virials are stresses times volumes, in eV."""

    cells: NDArray[np.float64]
    volumes: NDArray[np.float64]
    fractions: NDArray[np.float64]
    energies: NDArray[np.float64]
    forces: NDArray[np.float64]
    virials: NDArray[np.float64]
    has_stress: NDArray[np.bool_]


def pairs_of(frames: Sequence[Frame]) -> Pairs:
    """Return the pairs of like structures among frames that have the same atoms in their order.

    Pairs of strained cells need stresses, others do without.
    """
    stack = _stacked(frames)
    count, n_atoms = len(frames), len(frames[0].atoms)
    apart = max(FEWEST_APART, MOST_WORK // (count * (n_atoms + 8)))
    found = [_pairs_apart(stack, k) for k in range(1, max(2, min(apart + 1, count)))]
    arrays = {key: np.concatenate([getattr(each, key) for each in found]) for key in _ARRAYS}
    return Pairs(n_atoms, **arrays)


def _stacked(frames: Sequence[Frame]) -> _Stack:
    cells = np.array([frame.atoms.cell.array for frame in frames])
    volumes = np.abs(np.linalg.det(cells))
    positions = np.array([frame.atoms.positions for frame in frames])
    given = [frame.stress_ev_per_a3 for frame in frames]
    stresses = np.array([np.zeros((3, 3)) if stress is None else stress for stress in given])
    return _Stack(
        cells,
        volumes,
        positions @ np.linalg.inv(cells),
        np.array([frame.energy_ev for frame in frames], dtype=float),
        np.array([frame.forces_ev_per_a for frame in frames], dtype=float),
        stresses * volumes[:, None, None],
        np.array([stress is not None for stress in given]),
    )


def _pairs_apart(stack: _Stack, apart: int) -> Pairs:
    """Return the pairs of each frame and the one that comes so many frames later."""
    one = np.arange(max(0, len(stack.energies) - apart))
    steps, deformation = _differences(stack, one, one + apart)
    sizes = np.sqrt((steps**2).mean(axis=(1, 2)))
    strains = np.abs(deformation).max(axis=(1, 2))
    known = (strains < 1e-8) | (stack.has_stress[one] & stack.has_stress[one + apart])
    like = np.flatnonzero(known & (sizes < LARGEST_STEP_A) & (strains < LARGEST_STRAIN))
    ends = np.stack([one[like], one[like] + apart], axis=1)
    strain = (deformation + deformation.swapaxes(1, 2))[like] / 2
    parts = (
        -stack.forces[ends] * steps[like, None] / 2,
        stack.virials[ends] * strain[:, None] / 2,
    )
    return Pairs(
        steps.shape[1],
        ends,
        sizes[like],
        strains[like],
        np.diff(stack.volumes[ends], axis=1)[:, 0],
        np.diff(stack.energies[ends], axis=1)[:, 0],
        np.stack([part.sum(axis=(2, 3)) for part in parts], axis=1),
        np.sum([np.abs(part).sum(axis=(1, 2, 3)) for part in parts], axis=0),
    )


def _differences(
    stack: _Stack, one: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return steps in Å at the mean cell, without the common shift, and the deformation."""
    mean = (stack.cells[one] + stack.cells[other]) / 2
    moves = stack.fractions[other] - stack.fractions[one]
    moves = moves - moves[:, :1]
    moves -= np.round(moves)
    moves -= moves.mean(axis=1, keepdims=True)
    deformation = np.linalg.solve(mean, stack.cells[other] - stack.cells[one])
    return moves @ mean, np.asarray(deformation, dtype=np.float64)
