"""The worker's part of a job that trains a potential."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.files import write_atomic
from jobs.tasks import TRAINING
from mlpcore.training import TrainingConfig, train
from mlpcore.training.progress import STAGES
from properties.frozen import Frozen

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from jobs.monitor import JobMonitor
    from jobs.tasks import Training
    from mlpcore.training import Progress
    from properties.progress import Pieces

MODEL, REPORT, HISTORY, PARITY = (
    "model.safetensors",
    "report.json",
    "history.json",
    "parity.npz",
)
WRITE_INTERVAL_S = 1.0


@dataclass(frozen=True)
class Trained(Frozen):
    """What came out of a training.

    Attributes
    ----------
    checkpoint
        Name of the file of the potential.
    report
        Content of ``report.json``, see :mod:`mlpcore.training`.
    """

    checkpoint: str
    report: dict[str, Any]


def history(job: Path) -> dict[str, Any] | None:
    """Return the errors of a training so far, from the folder of its job."""
    path = job / TRAINING / HISTORY
    return dict(json.loads(path.read_bytes())) if path.is_file() else None


def parity(job: Path) -> dict[str, NDArray[np.float64]]:
    """Return labels, answers and spread of every frame of a finished training."""
    with np.load(job / "files" / PARITY) as found:
        return dict(found)


class Follower:
    """Tells the job how far a training is.

    A worker that dies and comes back repeats what it had not kept. Only what goes beyond
    the furthest point of all attempts counts as progress, so that a training which dies at
    the same point again and again comes to an end.
    """

    def __init__(self, monitor: JobMonitor, memory: Path) -> None:
        self._monitor, self._memory = monitor, memory
        self._furthest = json.loads(memory.read_bytes()) if memory.is_file() else [-1, -1]
        self._written = 0.0

    def __call__(self, progress: Progress) -> None:
        """Take note; raise :class:`~mlpcore.errors.Cancelled` if asked to stop."""
        reached = [STAGES.index(progress.stage), progress.epoch]
        if reached > self._furthest:
            self._furthest = reached
            self._monitor.piece_computed()
            self._remember()
        self._monitor.advance(TRAINING, progress.epoch, progress.epochs, progress.stage)

    def _remember(self) -> None:
        if time.monotonic() - self._written > WRITE_INTERVAL_S:
            write_atomic(self._memory, json.dumps(self._furthest).encode())
            self._written = time.monotonic()


def run(task: Training, monitor: JobMonitor, pieces: Pieces, files: Path) -> None:
    """Train from where an earlier attempt was interrupted; keep the potential in `files`.

    What a training has done is kept in its own folder, so `pieces` stays empty.
    """
    job = files.parent
    folder = job / TRAINING
    folder.mkdir(exist_ok=True)
    started = time.monotonic()
    monitor.stage_started(TRAINING)
    config = TrainingConfig.from_dict({**task.config, "data": str(task.data_path(job))})
    train(config, folder, Follower(monitor, folder / "furthest.json"))
    checkpoint = f"{config.name}.safetensors"
    shutil.copyfile(folder / MODEL, files / checkpoint)
    for name in (REPORT, PARITY, HISTORY):
        shutil.copyfile(folder / name, files / name)
    report = json.loads((folder / REPORT).read_bytes())
    result = Trained(checkpoint, report)
    summary = {"schema": 1, "kind": task.kind, "settings": task.to_dict(), "report": report}
    write_atomic(files / "result.json", json.dumps(summary, indent=1).encode())
    monitor.stage_finished(TRAINING, result, time.monotonic() - started)
