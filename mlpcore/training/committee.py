"""One committee from described frames: scales, Adam, L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from mlpcore.errors import TrainingError
from mlpcore.networks import WITH_NOISE, ElementNetworks, Shape
from mlpcore.training import descent, shares
from mlpcore.training.descent import Task
from mlpcore.training.frames import chosen
from mlpcore.training.objective import Weights
from mlpcore.training.scaling import descriptor_range, label_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.training.config import TrainingConfig
    from mlpcore.training.frames import Block
    from mlpcore.training.progress import Monitor
    from mlpcore.training.scaling import DescriptorRange, LabelScale
    from mlpcore.training.shares import Parts
    from mlpcore.training.state import Folder

MEMBER_SEEDS = 10_000


@dataclass(frozen=True)
class Trained:
    """A committee, the range of the descriptors that it has seen, and how it came about."""

    networks: ElementNetworks
    seen: DescriptorRange
    history: list[dict[str, Any]]


def train(
    config: TrainingConfig,
    every: Sequence[Block],
    weights: torch.Tensor,
    parts: Parts,
    n_elements: int,
    folder: Folder,
    monitor: Monitor | None,
) -> Trained:
    """Train all members at once; `weights` are those of :func:`shares.frame_weights`."""
    task, seen = _task(config, every, weights, parts, n_elements, folder, monitor)
    descent.adam(task, config.epochs)
    _require_finite(task.networks)
    if config.refinement_steps:
        descent.refine(task, config.refinement_steps)
    epochs = config.epochs + config.refinement_steps
    folder.write_history({"schema": 1, "epochs": epochs, "entries": task.history}, last=True)
    _require_finite(task.networks)
    return Trained(task.networks, seen, task.history)


def _require_finite(networks: ElementNetworks) -> None:
    if not torch.isfinite(torch.cat([p.flatten() for p in networks.parameters()])).all():
        raise TrainingError(
            "The training diverged. Lower learning_rate, or look for wrong labels with "
            "python -m mlpcore data."
        )


def _task(
    config: TrainingConfig,
    every: Sequence[Block],
    weights: torch.Tensor,
    parts: Parts,
    n_elements: int,
    folder: Folder,
    monitor: Monitor | None,
) -> tuple[Task, DescriptorRange]:
    training = chosen(every, parts.train)
    seen, scale = descriptor_range(training, n_elements), label_scale(training, n_elements)
    networks = _networks(config, n_elements, seen.mean.shape[1])
    networks.shift.copy_(seen.mean)
    networks.scale.copy_(seen.deviation)
    networks.atom_energy_ev.copy_(scale.atom_energy_ev)
    networks.energy_scale_ev.copy_(torch.tensor(scale.energy_ev))
    task = Task(
        config=config,
        networks=networks,
        training=training,
        validation=chosen(every, parts.validation),
        shares=shares.shares(parts.train, weights, config),
        frame_weights=weights,
        weights=weights_of(config, scale),
        folder=folder,
        monitor=monitor,
    )
    return task, seen


def weights_of(config: TrainingConfig, scale: LabelScale) -> Weights:
    """Return the weights of the loss for labels of this scale."""
    return Weights.of(scale, config.energy_weight, config.force_weight, config.stress_weight)


def _networks(config: TrainingConfig, n_elements: int, n_inputs: int) -> ElementNetworks:
    shape = Shape(
        n_elements=n_elements,
        n_inputs=n_inputs,
        hidden=config.hidden,
        activation=config.activation,
        n_members=config.n_members,
        n_outputs=WITH_NOISE if config.noise else 1,
    )
    first = MEMBER_SEEDS * config.seed
    return ElementNetworks(shape, range(first, first + config.n_members))


def smaller(config: TrainingConfig) -> TrainingConfig:
    """Return the settings of a point of the learning curve: two members are enough."""
    return replace(config, n_members=min(2, config.n_members), learning_curve=())
