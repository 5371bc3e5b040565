"""The two ways down: Adam over batches of frames, then L-BFGS over all of them at once."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from mlpcore.errors import TrainingError
from mlpcore.training import objective, parameters
from mlpcore.training.lbfgs import Minimiser
from mlpcore.training.objective import MemberErrors
from mlpcore.training.parameters import Best
from mlpcore.training.progress import REFINEMENT, TRAINING, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcore.networks import ElementNetworks
    from mlpcore.training.config import TrainingConfig
    from mlpcore.training.frames import Block
    from mlpcore.training.objective import Prediction, Weights
    from mlpcore.training.progress import Monitor
    from mlpcore.training.state import Folder

SLOWEST = 1e-2
"""Part of the learning rate at which the cosine ends."""

CHUNK_ENTRIES = 20_000_000
"""Entries of descriptor derivatives that are worked on at once when all frames are."""


@dataclass
class Task:
    """What is minimised, on what.

    Attributes
    ----------
    networks
        Changed in place.
    training, validation
        Frames; the errors on the latter decide which weights are kept.
    shares
        How much each frame of the data counts for each member, (m, number of frames), mean 1
        over the training frames.
    frame_weights
        How much each frame of the data counts among the validation frames, (number of frames,).
    weights
        Of the parts of the loss.
    history
        One entry an epoch.
    """

    config: TrainingConfig
    networks: ElementNetworks
    training: Sequence[Block]
    validation: Sequence[Block]
    shares: torch.Tensor
    frame_weights: torch.Tensor
    weights: Weights
    folder: Folder
    monitor: Monitor | None = None
    history: list[dict[str, Any]] = field(default_factory=list)

    def frame_losses(self, found: Prediction, block: Block) -> torch.Tensor:
        """Return the loss of each member for each frame, (m, b)."""
        squared = objective.losses(found, block, self.weights)
        if not self.config.noise:
            return squared
        return squared + objective.surprises(found, block, self.weights)

    def validate(self) -> tuple[torch.Tensor, MemberErrors]:
        """Return loss and errors of each member on the validation frames."""
        total = torch.zeros(self.networks.n_members, dtype=torch.float64)
        sums, counted = MemberErrors.nothing(self.networks.n_members), 0.0
        for block in self.validation:
            found, count = (
                objective.predict(self.networks, block),
                self.frame_weights[block.frames],
            )
            total = total + (self.frame_losses(found, block).detach() * count).sum(dim=1)
            sums, counted = sums.plus(found, block), counted + float(count.sum())
        return total / counted, sums

    def tell(
        self, stage: str, epoch: int, epochs: int, train: MemberErrors, validation: MemberErrors
    ) -> None:
        """Add the errors of an epoch to the history, and say them."""
        self.history.append(
            {
                "stage": stage,
                "epoch": epoch,
                "train": train.to_dict(),
                "validation": validation.to_dict(),
            }
        )
        self.folder.write_history({"schema": 1, "epochs": epochs, "entries": self.history})
        if self.monitor is not None:
            self.monitor(Progress(stage, epoch, epochs, train.mean, validation.mean))


def adam(task: Task, epochs: int) -> None:
    """Descend batch by batch; at the end the networks have each member's best weights."""
    networks, config = task.networks, task.config
    best = Best(networks)
    optimizer = torch.optim.Adam(networks.parameters(), lr=config.learning_rate)
    epoch = _resume_adam(task, optimizer, best)
    while epoch < epochs and best.since <= config.patience:
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _cosine(epoch / epochs)
        train = _epoch(task, optimizer, epoch)
        loss, validation = task.validate()
        best.offer(networks, loss)
        epoch += 1
        task.tell(TRAINING, epoch, epochs, train, validation)
        if task.folder.due(f"{TRAINING}.pt"):
            task.folder.save(f"{TRAINING}.pt", _adam_state(task, epoch, optimizer, best))
    task.folder.save(f"{TRAINING}.pt", _adam_state(task, epochs, optimizer, best))
    parameters.set_rows(networks, best.rows)


def _resume_adam(task: Task, optimizer: torch.optim.Optimizer, best: Best) -> int:
    """Go back to where an earlier attempt was; return how many epochs are done."""
    state = task.folder.load(f"{TRAINING}.pt")
    if state is None:
        return 0
    parameters.set_rows(task.networks, state["rows"])
    optimizer.load_state_dict(state["optimizer"])
    best.resume(state["best"])
    task.history[:] = json.loads(state["history"])
    done: int = state["epoch"]
    return done


def _adam_state(
    task: Task, epoch: int, optimizer: torch.optim.Optimizer, best: Best
) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "rows": parameters.rows(task.networks),
        "optimizer": optimizer.state_dict(),
        "best": best.state(),
        "history": json.dumps(task.history),
    }


def _cosine(part: float) -> float:
    return SLOWEST + (1 - SLOWEST) * 0.5 * (1 + math.cos(math.pi * part))


def _epoch(task: Task, optimizer: torch.optim.Optimizer, epoch: int) -> MemberErrors:
    """Go once through all training frames; return the errors met on the way."""
    sums = MemberErrors.nothing(task.networks.n_members)
    for batch in _batches(task, epoch):
        found = objective.predict(task.networks, batch, training=True)
        each = task.frame_losses(found, batch) * task.shares[:, batch.frames]
        optimizer.zero_grad()
        each.mean(dim=1).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        sums = sums.plus(found, batch)
    return sums


def _batches(task: Task, epoch: int) -> Iterator[Block]:
    """Cut the training frames in an order that follows from seed and epoch."""
    generator = torch.Generator().manual_seed(task.config.seed * 1_000_003 + epoch)
    pieces = [
        (block, rows)
        for block in task.training
        for rows in torch.randperm(len(block), generator=generator).split(
            task.config.batch_frames
        )
    ]
    for index in torch.randperm(len(pieces), generator=generator).tolist():
        block, rows = pieces[index]
        yield block[rows]


def refine(task: Task, steps: int) -> None:
    """Descend with L-BFGS; at the end the networks have each member's best weights."""
    networks, best = task.networks, Best(task.networks)
    best.offer(networks, task.validate()[0])
    full = _Full(task)
    minimiser = Minimiser(full, parameters.rows(networks))
    if not (minimiser.value.isfinite() & minimiser.gradient.isfinite().all(dim=1)).all():
        raise TrainingError(
            "The errors of the training frames, or their derivatives, are not finite, so there "
            "is no way down. Look for atoms that touch and for wrong labels with python -m "
            "mlpcore data, or lower largest_force_ev_per_a."
        )
    step = _resume_refinement(task, minimiser, best)
    while step < steps and best.since <= task.config.patience:
        minimiser.step()
        parameters.set_rows(networks, minimiser.x)
        loss, validation = task.validate()
        best.offer(networks, loss)
        step += 1
        task.tell(REFINEMENT, step, steps, full.errors, validation)
        if task.folder.due(f"{REFINEMENT}.pt"):
            task.folder.save(f"{REFINEMENT}.pt", _refinement_state(task, step, minimiser, best))
    task.folder.save(f"{REFINEMENT}.pt", _refinement_state(task, steps, minimiser, best))
    parameters.set_rows(networks, best.rows)


class _Full:
    """Loss and gradient of each member over all training frames.

    Attributes
    ----------
    errors
        Of the weights that were asked for last, which are those that a search ends with.
    """

    errors: MemberErrors

    def __init__(self, task: Task) -> None:
        self._task = task
        self._n_frames = sum(map(len, task.training))

    def __call__(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return values (m,) and gradients (m, p)."""
        task = self._task
        parameters.set_rows(task.networks, rows)
        task.networks.zero_grad()
        self.errors = MemberErrors.nothing(task.networks.n_members)
        total = torch.zeros(task.networks.n_members, dtype=torch.float64)
        for batch in _chunks(task.training):
            found = objective.predict(task.networks, batch, training=True)
            each = task.frame_losses(found, batch) * task.shares[:, batch.frames]
            loss = each.sum(dim=1) / self._n_frames
            loss.sum().backward()  # type: ignore[no-untyped-call]
            total = total + loss.detach()
            self.errors = self.errors.plus(found, batch)
        return total, parameters.gradient_rows(task.networks)


def _chunks(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        per_chunk = max(1, CHUNK_ENTRIES // block.derivative[0].numel())
        if len(block) <= per_chunk:
            yield block
        else:
            for rows in torch.arange(len(block)).split(per_chunk):
                yield block[rows]


def _resume_refinement(task: Task, minimiser: Minimiser, best: Best) -> int:
    state = task.folder.load(f"{REFINEMENT}.pt")
    if state is None:
        return 0
    minimiser.resume(state["minimiser"])
    best.resume(state["best"])
    task.history[:] = json.loads(state["history"])
    done: int = state["step"]
    return done


def _refinement_state(
    task: Task, step: int, minimiser: Minimiser, best: Best
) -> dict[str, Any]:
    return {
        "step": step,
        "minimiser": minimiser.state(),
        "best": best.state(),
        "history": json.dumps(task.history),
    }
