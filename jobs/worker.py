"""The function that a worker process runs for a job."""

from __future__ import annotations

import importlib
import os
import socket
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import JobNotFoundError
from jobs.files import write_atomic
from jobs.folder import JobFolder
from jobs.monitor import CountedPieces, JobMonitor
from jobs.settings import models_folder
from jobs.tasks import FUNCTIONS, kind_of
from mlpcore.errors import Cancelled, MLPError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.status import Status

PIPELINE = "properties.pipeline:run"
BUSY_TIMEOUT_S = 20.0

UNEXPECTED = (
    "Something went wrong that was not foreseen. What was computed so far is kept, and "
    "the job can be started again. If it fails again, ask the administrator to look at "
    "error.txt and log.txt in the folder of job {id}."
)

OUT_OF_MEMORY = (
    "The machine ran out of memory. Choose a smaller cell or the preset 'quick', or ask the "
    "administrator for more memory; what was computed so far is kept."
)

_one_at_a_time = threading.Lock()  # torch's default precision belongs to the whole process


def run_job(root: str, job_id: str, pipeline: str = PIPELINE) -> str:
    """Compute a job, from where an earlier attempt was interrupted.

    Parameters
    ----------
    root
        Folder of the jobs.
    job_id
        The job.
    pipeline
        ``module:function`` with the signature of :func:`properties.pipeline.run`, for
        calculations; the other kinds of jobs have functions of their own.

    Returns
    -------
    str
        The state in which the job is now; ``busy`` if another process works on it,
        ``deleted`` if it is gone.
    """
    models_folder(Path(root))
    with _one_at_a_time:
        try:
            folder = JobFolder(Path(root), job_id)
        except JobNotFoundError:
            return "deleted"
        with folder.working(timeout_s=BUSY_TIMEOUT_S) as mine:
            return _attempt(folder, pipeline) if mine else "busy"


def _begin(folder: JobFolder) -> Status:
    """Take the job; one still called running was left behind by a worker that died."""

    def begin(status: Status) -> Status:
        if status.state == "running":
            status = status.requeued(died=True)
        if status.state != "queued":
            return status
        if folder.cancel_file.exists():
            return status.ended("cancelled", "Cancelled.")
        return status.begun()

    return folder.change(begin)


def _attempt(folder: JobFolder, pipeline: str) -> str:
    status = _begin(folder)
    if status.state != "running":
        return status.state
    monitor = JobMonitor(folder, status)
    monitor.log(f"attempt {status.attempts} on {socket.gethostname()}, process {os.getpid()}")
    with monitor:
        state, message = _compute(folder, monitor, pipeline)
    last = monitor.current()
    ended = folder.change(lambda _: last.ended(state, message))
    monitor.log(f"{ended.state} {message}".rstrip())
    return ended.state


def _compute(folder: JobFolder, monitor: JobMonitor, pipeline: str) -> tuple[str, str]:
    """Return the final state and the sentence that goes with it."""
    try:
        task = folder.read_task()
        run = _resolve(FUNCTIONS.get(kind_of(task.properties), pipeline))
        folder.downloads.mkdir(exist_ok=True)
        pieces = CountedPieces(folder, monitor)
        run(task, monitor, pieces, files=folder.downloads)
    except Cancelled:
        return "cancelled", "Cancelled."
    except MLPError as error:
        return "failed", str(error)
    except Exception as error:  # noqa: BLE001 - the boundary: the traceback goes to the folder
        write_atomic(folder.error_file, traceback.format_exc().encode())
        return "failed", _sentence(error).format(id=folder.id)
    return "finished", ""


def _sentence(error: Exception) -> str:
    """Return what to tell the user; torch reports a lack of memory as a RuntimeError."""
    text = str(error).lower()
    signs = ("out of memory", "not enough memory", "can't allocate memory")
    if isinstance(error, MemoryError) or any(sign in text for sign in signs):
        return OUT_OF_MEMORY
    return UNEXPECTED


def _resolve(pipeline: str) -> Callable[..., object]:
    module, _, function = pipeline.partition(":")
    resolved: Callable[..., object] = getattr(importlib.import_module(module), function)
    return resolved
