"""Which frames are for what, and how much each counts for each member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mlpcore import dataset
from mlpcore.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.dataset import Dataset
    from mlpcore.training.config import TrainingConfig


@dataclass(frozen=True)
class Parts:
    """Numbers of the frames of each part of the data.

    Attributes
    ----------
    train, validation, test
        To learn from, to choose weights by, and to judge by.
    far
        Unlike all of those, to judge the spread by.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    far: tuple[int, ...] = ()

    def to_dict(self, data: Dataset) -> dict[str, Any]:
        """Return numbers and sources of the frames, to be published."""
        return {
            name: {
                "frames": list(frames),
                "sources": sorted({data.frames[i].source for i in frames}),
            }
            for name, frames in vars(self).items()
        }


def parts(data: Dataset, config: TrainingConfig) -> Parts:
    """Split a data set as configured.

    Raises
    ------
    TrainingError
        A part would be empty.
    """
    is_far = [
        any(frame.source.startswith(word) for word in config.far_sources)
        for frame in data.frames
    ]
    near = [i for i, far in enumerate(is_far) if not far]
    inside = dataset.Dataset(tuple(data.frames[i] for i in near), data.settings)
    split = dataset.split(inside, config.split_fractions, config.split_seed, by=config.split_by)
    found = Parts(
        *(tuple(near[i] for i in part) for part in (split.train, split.validation, split.test)),
        far=tuple(i for i, far in enumerate(is_far) if far),
    )
    for name in ("train", "validation", "test"):
        if not getattr(found, name):
            raise TrainingError(
                f"Nothing is left for {name} of {len(data.frames)} frames. Give more frames "
                'with different sources, or split_by = "frame".'
            )
    return found


def shares(train: Sequence[int], n_frames: int, config: TrainingConfig) -> torch.Tensor:
    """Return how much each frame counts for each member, (m, n_frames).

    The mean over the training frames is 1; other frames count 0.
    """
    found = np.zeros((config.n_members, n_frames))
    for member in range(config.n_members):
        generator = np.random.default_rng([config.seed, member])
        found[member, list(train)] = _counts(len(train), config, generator)
    return torch.from_numpy(found)


def _counts(n: int, config: TrainingConfig, generator: np.random.Generator) -> np.ndarray:
    if config.member_data == "bootstrap":
        return np.bincount(generator.integers(n, size=n), minlength=n).astype(float)
    counts = np.ones(n)
    if config.member_data == "subsample":
        left_out = n - max(1, round(config.member_fraction * n))
        counts[generator.permutation(n)[:left_out]] = 0
    return counts * n / counts.sum()
