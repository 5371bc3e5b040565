"""Which frames are for what, and how much each counts for each member."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    left_out
        Used for nothing, because of forces larger than the configuration allows.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    far: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()

    def to_dict(self, data: Dataset) -> dict[str, Any]:
        """Return numbers and sources of the frames, to be published."""
        return {
            name: {
                "frames": list(frames),
                "sources": sorted({data.frames[i].source for i in frames}),
            }
            for name, frames in vars(self).items()
        }


def elements(data: Dataset) -> tuple[str, ...]:
    """Return the chemical symbols of a data set, sorted."""
    return tuple(sorted({symbol for frame in data.frames for symbol in frame.atoms.symbols}))


def parts(data: Dataset, config: TrainingConfig) -> Parts:
    """Split a data set as configured.

    Raises
    ------
    TrainingError
        A part would be empty.
    """
    sources = [frame.source for frame in data.frames]
    far = tuple(i for i, name in enumerate(sources) if name.startswith(config.far_sources))
    usable = [i for i in _within(data, config.largest_force_ev_per_a) if i not in set(far)]
    if not usable:
        raise TrainingError(
            f"All {len(sources) - len(far)} frames have a larger force than "
            f"largest_force_ev_per_a = {config.largest_force_ev_per_a:g} eV/Å. Raise it, or "
            "add frames that are nearer to equilibrium."
        )
    inside = replace(data, frames=tuple(data.frames[i] for i in usable))
    split = dataset.split(inside, config.split_fractions, config.split_seed, by=config.split_by)
    train, validation, test = (
        tuple(usable[i] for i in part) for part in (split.train, split.validation, split.test)
    )
    left_out = tuple(sorted(set(range(len(data.frames))) - set(usable) - set(far)))
    found = Parts(train, validation, test, far, left_out)
    for name in ("train", "validation", "test"):
        if not getattr(found, name):
            raise TrainingError(
                f"Nothing is left for {name} of {len(usable)} frames. Give more frames "
                'with different sources, or split_by = "frame".'
            )
    _require_elements(data, found)
    return found


def _require_elements(data: Dataset, found: Parts) -> None:
    """Refuse a split in which nothing can be learned of an element."""
    learned = {symbol for i in found.train for symbol in data.frames[i].atoms.symbols}
    unknown = sorted(set(elements(data)) - learned)
    if unknown:
        raise TrainingError(
            f"No training frame holds {', '.join(unknown)}, which other frames do. Add frames "
            "with it, leave those out, or choose another split_seed."
        )


def _within(data: Dataset, largest_ev_per_a: float) -> list[int]:
    """Return the frames without a larger force on any atom."""
    largest = [float(np.linalg.norm(f.forces_ev_per_a, axis=1).max()) for f in data.frames]
    return [i for i, force in enumerate(largest) if force <= largest_ev_per_a]


def frame_weights(data: Dataset, calm_force_ev_per_a: float) -> torch.Tensor:
    """Return how much each frame counts because of its forces, (n_frames,), at most 1.

    See ``calm_force_ev_per_a`` of :class:`~mlpcore.training.config.TrainingConfig`.
    """
    squared = np.array([(f.forces_ev_per_a**2).mean() for f in data.frames])
    if calm_force_ev_per_a == 0:
        return torch.ones(len(squared), dtype=torch.float64)
    return torch.from_numpy(1 / (1 + squared / calm_force_ev_per_a**2))


def shares(train: Sequence[int], weights: torch.Tensor, config: TrainingConfig) -> torch.Tensor:
    """Return how much each frame counts for each member, (m, n_frames).

    The mean over the training frames is 1; other frames count 0.

    Parameters
    ----------
    weights
        From :func:`frame_weights`.
    """
    found = np.zeros((config.n_members, len(weights)))
    for member in range(config.n_members):
        generator = np.random.default_rng([config.seed, member])
        found[member, list(train)] = _counts(len(train), config, generator)
    weighted = torch.from_numpy(found) * weights
    return weighted * len(train) / weighted.sum(dim=1, keepdim=True)


def _counts(n: int, config: TrainingConfig, generator: np.random.Generator) -> np.ndarray:
    if config.member_data == "bootstrap":
        return np.bincount(generator.integers(n, size=n), minlength=n).astype(float)
    counts = np.ones(n)
    if config.member_data == "subsample":
        left_out = n - max(1, round(config.member_fraction * n))
        counts[generator.permutation(n)[:left_out]] = 0
    return counts * n / counts.sum()
