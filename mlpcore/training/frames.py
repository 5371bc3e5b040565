"""Frames as the training computes with them: descriptors, their derivatives, labels.

Frames of the same number of atoms are kept in one block, so that forces and stress of a
batch of frames are one batched matrix product: ∂ε/∂G of all atoms of a frame, in a row, times
the derivatives of G by all positions and strains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mlpcore.descriptors.derivatives import describe
from mlpcore.training.labels import VOIGT
from mlpcore.training.progress import DESCRIPTORS, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

    from mlpcore.descriptors.derivatives import Described
    from mlpcore.descriptors.functions import SymmetryFunctions
    from mlpcore.training.labels import Labels
    from mlpcore.training.progress import Monitor


@dataclass(frozen=True)
class Block:
    """Frames of n atoms each, b of them, with d descriptors an atom.

    Attributes
    ----------
    frames
        Number of each frame in the data, (b,).
    values
        Descriptors, (b, n, d).
    element
        Index of the element of each atom, (b, n).
    derivative
        What ∂E/∂G is multiplied with for forces in eV/Å and then stress in eV/Å³,
        (b, n·d, 3n + 6).
    energy, forces, stress
        Labels, (b,), (b, 3n) and (b, 6); NaN where a frame has no stress.
    """

    frames: torch.Tensor
    values: torch.Tensor
    element: torch.Tensor
    derivative: torch.Tensor
    energy: torch.Tensor
    forces: torch.Tensor
    stress: torch.Tensor

    @property
    def n_atoms(self) -> int:
        """Number of atoms of each frame."""
        return self.values.shape[1]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, rows: torch.Tensor) -> Block:
        """Return some of the frames, by index or mask."""
        return Block(**{name: value[rows] for name, value in vars(self).items()})

    def less(self, energy: torch.Tensor, forces: torch.Tensor, stress: torch.Tensor) -> Block:
        """Return the block with something subtracted from its labels."""
        parts = dict(vars(self))
        parts["energy"] = self.energy - energy
        parts["forces"], parts["stress"] = self.forces - forces, self.stress - stress
        return Block(**parts)


def described(
    structures: Sequence[Atoms], functions: SymmetryFunctions, monitor: Monitor | None
) -> list[Described]:
    """Describe each structure."""
    found = []
    for number, atoms in enumerate(structures, start=1):
        found.append(describe(atoms, functions))
        if monitor is not None:
            monitor(Progress(DESCRIPTORS, number, len(structures)))
    return found


def blocks(descriptions: Sequence[Described], labels: Sequence[Labels]) -> list[Block]:
    """Sort frames by their number of atoms; the smallest come first."""
    sizes = np.array([len(found.numbers) for found in descriptions])
    return [
        _block(np.flatnonzero(sizes == size), descriptions, labels)
        for size in sorted(set(sizes.tolist()))
    ]


def chosen(every: Sequence[Block], frames: Sequence[int]) -> list[Block]:
    """Return the blocks with only the frames of these numbers."""
    wanted = torch.tensor(sorted(frames), dtype=torch.int64)
    parts = [block[torch.isin(block.frames, wanted)] for block in every]
    return [part for part in parts if len(part)]


def _block(
    frames: np.ndarray, descriptions: Sequence[Described], labels: Sequence[Labels]
) -> Block:
    found = [descriptions[i] for i in frames]
    known = [labels[i] for i in frames]
    return Block(
        frames=torch.as_tensor(frames, dtype=torch.int64),
        values=_stacked([d.values for d in found]),
        element=torch.as_tensor(np.stack([d.element for d in found]), dtype=torch.int64),
        derivative=_stacked([_derivative(d) for d in found]),
        energy=_stacked([k.energy_ev for k in known]),
        forces=_stacked([k.forces_ev_per_a.ravel() for k in known]),
        stress=_stacked([k.stress_ev_per_a3 for k in known]),
    )


def _stacked(parts: Sequence[object]) -> torch.Tensor:
    return torch.as_tensor(np.stack([np.asarray(part) for part in parts]), dtype=torch.float64)


def _derivative(described: Described) -> np.ndarray:
    n, d = described.values.shape
    by_strain = np.stack(
        [
            (described.by_strain[..., i, j] + described.by_strain[..., j, i]) / 2
            for i, j in VOIGT
        ],
        axis=-1,
    )
    return np.concatenate(
        [
            -described.by_position.reshape(n * d, 3 * n),
            by_strain.reshape(n * d, 6) / described.volume_a3,
        ],
        axis=1,
    )
