"""The worker's part of a job that looks at single atoms."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from jobs.files import write_atomic
from properties import atom_energies
from properties.frozen import plain

if TYPE_CHECKING:
    from pathlib import Path

    from jobs.monitor import JobMonitor
    from jobs.tasks import Evaluation
    from properties.progress import Pieces


def run(task: Evaluation, monitor: JobMonitor, pieces: Pieces, files: Path) -> None:
    """Evaluate a committee atom by atom; the work is too short to be kept in pieces."""
    from mlpcore import registry

    started = time.monotonic()
    monitor.stage_started(atom_energies.STAGE)
    potential = registry.load(task.model, dtype="float64")
    result = atom_energies.compute(potential, task.structure, task.rattle, monitor)
    for caution in atom_energies.cautions(result):
        monitor.caution(caution)
    report = {"schema": 1, "kind": task.kind, "model": result.model, **result.summary()}
    write_atomic(files / "result.json", json.dumps(plain(report), indent=1).encode())
    monitor.stage_finished(atom_energies.STAGE, result, time.monotonic() - started)
