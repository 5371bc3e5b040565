"""Training of committees of element networks on energies, forces and stresses.

Importing this package is cheap and never imports torch; only :func:`train` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcore.training.config import TrainingConfig
from mlpcore.training.progress import Errors, Monitor, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcore.training.run import TrainingResult

__all__ = ["Errors", "Monitor", "Progress", "TrainingConfig", "train"]


def train(
    config: TrainingConfig, folder: Path, monitor: Monitor | None = None
) -> TrainingResult:
    """Train a committee, or go on where an interrupted training stopped.

    Parameters
    ----------
    config
        What to train on what.
    folder
        Where the state of the training and at the end its files are kept: the checkpoint
        ``model.safetensors``, ``history.json``, ``report.json`` and ``parity.npz``.
    monitor
        Called as the training goes on; may raise :class:`~mlpcore.errors.Cancelled`, after
        which the same call continues from the last state that was kept.

    Raises
    ------
    DatasetError
        The data are not usable.
    TrainingError
        The configuration does not fit the data, or the folder holds another training.
    """
    from mlpcore.training import run

    return run.train(config, folder, monitor)
