"""One job's folder: its files, its locks, and changes of its state.

The folder is the truth about a job; the index only helps to find it. Nothing
here needs more than the folder, so a worker on another machine can use it
through a shared file system.
"""

from __future__ import annotations

import json
import re
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from jobs.errors import JobFileError, JobNotFoundError
from jobs.files import write_atomic
from jobs.status import Status
from jobs.tasks import Task, task_from_dict
from mlpcore.errors import MLPError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ID = re.compile(r"[0-9a-f]{32}")
TRANSITIONS_LOCK = ".transitions.lock"


def new_id() -> str:
    """Return an identifier that nobody can guess."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Return whether `text` has the form of an identifier."""
    return _ID.fullmatch(text) is not None


class JobFolder:
    """The files of one job.

    Raises
    ------
    JobNotFoundError
        `job_id` is malformed, or there is no such folder.
    """

    def __init__(self, root: Path, job_id: str) -> None:
        if not is_id(job_id) or not (root / job_id / "status.json").is_file():
            raise JobNotFoundError(
                f"There is no job {job_id[:40]!r} here. It may have been deleted; check "
                "the address, or look for the job in the list."
            )
        self.id = job_id
        self.root = root
        self.path = root / job_id

    @property
    def pieces(self) -> Path:
        """Folder of the finished pieces of work."""
        return self.path / "pieces"

    @property
    def training(self) -> Path:
        """Folder in which a training keeps its history and its state."""
        return self.path / "training"

    @property
    def downloads(self) -> Path:
        """Folder of the files that the user takes away."""
        return self.path / "files"

    @property
    def cancel_file(self) -> Path:
        """File whose existence asks the worker to stop."""
        return self.path / "cancel"

    @property
    def error_file(self) -> Path:
        """Traceback of an unexpected failure, for the administrator."""
        return self.path / "error.txt"

    @property
    def log_file(self) -> Path:
        """What happened when, a line each."""
        return self.path / "log.txt"

    def stage_file(self, stage: str) -> Path:
        """File of a stage's result."""
        return self.path / "stages" / f"{stage}.json"

    def read_json(self, path: Path) -> Any:
        """Return the content of a JSON file; raise :class:`JobFileError` if damaged."""
        try:
            return json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise JobFileError(
                f"The file {path.name} of job {self.id} cannot be read: {error}. "
                "Submit the calculation again, or restore the file from a backup."
            ) from error

    def read_task(self) -> Task:
        """Return what was asked for."""
        data = self.read_json(self.path / "spec.json")
        try:
            return task_from_dict(data)
        except (MLPError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise JobFileError(
                f"The settings of job {self.id} do not fit this version of the program: "
                f"{error} Submit the calculation again."
            ) from error

    def read_status(self) -> Status:
        """Return the state now."""
        data = self.read_json(self.path / "status.json")
        try:
            return Status.from_dict(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise JobFileError(
                f"The file status.json of job {self.id} was written by another version of "
                f"the program ({error!r}). Submit the calculation again."
            ) from error

    def write_status(self, status: Status) -> None:
        """Replace the state; the caller holds a lock that keeps others from it."""
        write_atomic(self.path / "status.json", json.dumps(status.to_dict()).encode())

    def change(self, change: Callable[[Status], Status]) -> Status:
        """Replace the state by ``change(state)``, with no one in between."""
        with FileLock(self.root / TRANSITIONS_LOCK):
            before = self.read_status()
            after = change(before)
            if after != before:
                self.write_status(after)
            return after

    @contextmanager
    def working(self, timeout_s: float) -> Iterator[bool]:
        """Hold the lock of whoever works on the job; yield whether it was to be had.

        The operating system frees it when its process dies, however it dies.
        """
        lock = FileLock(self.path / "work.lock", timeout=timeout_s)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def is_worked_on(self) -> bool:
        """Return whether some process works on the job now."""
        with self.working(timeout_s=0) as free:
            return not free
