"""The jobs on disk: submit, look up, list, cancel, try again, delete.

A folder per job holds the truth (see :mod:`jobs.folder`); ``index.sqlite`` beside
them makes lists quick. Workers write only to the folder, so what the index says
about a job that has not ended is compared with the folder before it is used.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import JobFileError, JobNotFoundError, JobStateError
from jobs.files import safe_name, saving, sync_folder, write_atomic
from jobs.folder import JobFolder, is_id, new_id
from jobs.index import Index, JobSummary
from jobs.job import Job
from jobs.settings import jobs_folder
from jobs.status import FINAL, StageProgress, Status
from jobs.tasks import TRAINING, Task
from properties.progress import DiskPieces
from properties.reuse import stages_that_hold
from properties.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


__all__ = [
    "Job",
    "JobFileError",
    "JobNotFoundError",
    "JobStateError",
    "JobStore",
    "JobSummary",
    "StageProgress",
]


class JobStore:
    """All jobs below one folder.

    Parameters
    ----------
    root
        Made if need be; readable by its owner only.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        with saving(f"The job folder {self.root}"):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._index = Index(self.root / "index.sqlite")
        if not (self.root / "index.sqlite").is_file():
            self.reindex()

    @classmethod
    def default(cls) -> JobStore:
        """Return the store that LATTICE_LAB_JOBS names, else ``data/jobs`` here."""
        return cls(jobs_folder())

    def submit(
        self,
        task: Task,
        source_name: str = "",
        source: bytes = b"",
        takes_over: str | None = None,
    ) -> str:
        """Put a calculation, a training or an evaluation in the queue.

        Parameters
        ----------
        task
            What to compute.
        source_name, source
            The file as the user gave it, kept for the record.
        takes_over
            A job whose work is taken over as far as it holds for this one; see
            :mod:`properties.reuse`.

        Returns
        -------
        str
            The identifier, which is also the only key to the job.

        Raises
        ------
        JobFileError
            The folder cannot be written.
        JobNotFoundError
            There is no job to take work over from.
        SpecError
            Nothing of its work holds.
        """
        job_id = new_id()
        status = Status.new(task.properties)
        staging = self.root / f".new-{job_id}"
        with saving("The job"):
            try:
                staging.mkdir(mode=0o700)
                write_atomic(staging / "spec.json", json.dumps(task.to_dict()).encode())
                write_atomic(staging / "status.json", json.dumps(status.to_dict()).encode())
                if source:
                    (staging / "source").mkdir()
                    write_atomic(staging / "source" / safe_name(source_name), source)
                if takes_over and isinstance(task, Spec):
                    self._take_over(takes_over, staging, task)
                sync_folder(staging)
                staging.rename(self.root / job_id)
                sync_folder(self.root)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        self._index.put(job_id, task, status)
        return job_id

    def _take_over(self, job_id: str, staging: Path, spec: Spec) -> None:
        """Copy the files and the pieces of work of a job that hold for `spec`."""
        known = JobFolder(self.root, job_id)
        old = self.get(job_id).spec
        hold = stages_that_hold(old, spec)
        anew = [f"stage/{stage}" for stage in old.properties if stage not in hold]
        DiskPieces(known.pieces).copy_to(staging / known.pieces.name, without=anew)
        (staging / known.downloads.name).mkdir()
        for path in self.get(job_id).files():
            if path.name != "result.json":
                shutil.copyfile(path, staging / known.downloads.name / path.name)

    def get(self, job_id: str) -> Job:
        """Return a job; raise :class:`JobNotFoundError` for an unknown identifier."""
        folder = JobFolder(self.root, job_id)
        status = folder.read_status()
        return Job(
            id=job_id,
            task=folder.read_task(),
            state=status.state,
            created=status.created,
            stages=status.stages,
            message=status.message,
            queue_position=self._turn(job_id) if status.state == "queued" else None,
            warnings=status.warnings,
            folder=folder.path,
            heartbeat=status.heartbeat,
        )

    def list(self, limit: int = 100) -> tuple[JobSummary, ...]:
        """Return the newest jobs, newest first."""
        self._correct_index()
        return self._index.newest(limit)

    def request_cancel(self, job_id: str) -> None:
        """End a queued job now, and a running one at its next piece of work."""
        folder = JobFolder(self.root, job_id)

        def cancel(status: Status) -> Status:
            if status.state == "queued":
                return status.ended("cancelled", "Cancelled before it started.")
            if status.state == "running":
                folder.cancel_file.touch()
            return status

        with saving("The request to cancel"):
            self._index.update(job_id, folder.change(cancel))

    def resubmit(self, job_id: str) -> None:
        """Queue a failed or cancelled job again; pieces of work that it finished count.

        Raises
        ------
        JobStateError
            The job is queued, running or finished.
        """
        folder = JobFolder(self.root, job_id)

        def again(status: Status) -> Status:
            if status.state not in FINAL - {"finished"}:
                raise JobStateError(
                    f"Only a failed or cancelled job can be started again; this one is "
                    f"{status.state}."
                )
            folder.cancel_file.unlink(missing_ok=True)
            folder.error_file.unlink(missing_ok=True)
            return status.resubmitted()

        with saving("The job"):
            self._index.update(job_id, folder.change(again))

    def delete(self, job_id: str) -> None:
        """Remove a job with all its files.

        Raises
        ------
        JobStateError
            It runs, or other jobs were computed with the potential that it made.
        """
        folder = JobFolder(self.root, job_id)
        users = self.users_of(*map(str, folder.downloads.glob("*.safetensors")))
        if users:
            raise JobStateError(
                f"The potential of this training was used by {users} other "
                f"{'job' if users == 1 else 'jobs'}, which could not be shown without it. "
                "Delete those first."
            )
        with folder.working(timeout_s=0) as free:
            if not free:
                raise JobStateError(
                    "This job is running. Cancel it and wait until it has stopped, then "
                    "delete it."
                )
            doomed = self.root / f".deleted-{job_id}"
            with saving("The deletion"):
                folder.path.rename(doomed)
                self._index.delete(job_id)
                shutil.rmtree(doomed)

    def checkpoints(self, limit: int = 200) -> tuple[Path, ...]:
        """Return the potentials that finished trainings have made, the newest first."""
        found = []
        for row in self.list(limit):
            if row.kind == TRAINING and row.state == "finished":
                found += sorted((self.root / row.id / "files").glob("[!.]*.safetensors"))
        return tuple(found)

    def users_of(self, *models: str) -> int:
        """Return how many jobs were asked for with any of `models`, names or paths."""
        wanted = set(models)
        count = 0
        for path in self.root.glob("*/spec.json") if wanted else ():
            asked = JobFolder(self.root, path.parent.name).read_json(path)
            used = {asked.get("model"), *asked.get("compare_models", ())}
            count += not used.isdisjoint(wanted)
        return count

    def reindex(self) -> int:
        """Make the index anew from the folders; return how many jobs there are.

        Jobs whose files cannot be read are left where they are, out of the index.
        """
        folders = [path.name for path in self.root.iterdir() if is_id(path.name)]
        self._index.remove()
        self._index.create()
        count = 0
        for job_id in folders:
            count += self._adopt(job_id)
        return count

    def heal(self) -> None:
        """Bring the index into line with the folders, and mend it if it is damaged.

        For the one process that may: the dispatcher, when it starts.
        """
        try:
            self._index.create()
            known = {row.id for row in self._index.newest(-1)}
        except sqlite3.DatabaseError:
            self.reindex()
            return
        for path in self.root.iterdir():
            if path.name.startswith(".deleted-"):
                shutil.rmtree(path)
            elif is_id(path.name) and path.name not in known:
                self._adopt(path.name)

    def next_queued(self, limit: int, skip: Collection[str]) -> tuple[str, ...]:
        """Return up to `limit` queued jobs in the order of their turns, except `skip`."""
        ready: list[str] = []
        if limit > 0:
            for job_id, status in self._unfinished(skip):
                if status.state == "queued":
                    ready.append(job_id)
                if len(ready) == limit:
                    break
        return tuple(ready)

    def running(self, skip: Collection[str]) -> tuple[tuple[str, Status], ...]:
        """Return the jobs said to be running, except `skip`."""
        return tuple(item for item in self._unfinished(skip) if item[1].state == "running")

    def requeue(self, job_id: str, *, died: bool) -> str:
        """Put a running job whose worker is gone back in the queue; return its state."""
        folder = JobFolder(self.root, job_id)

        def back(status: Status) -> Status:
            if status.state != "running":
                return status
            if folder.cancel_file.exists():
                return status.ended("cancelled", "Cancelled.")
            return status.requeued(died=died)

        status = folder.change(back)
        self._index.update(job_id, status)
        return status.state

    def _adopt(self, job_id: str) -> bool:
        try:
            folder = JobFolder(self.root, job_id)
            self._index.put(job_id, folder.read_task(), folder.read_status())
        except JobFileError:
            return False
        return True

    def _unfinished(self, skip: Collection[str] = ()) -> Iterator[tuple[str, Status]]:
        """Yield what has not ended by its folder, correcting the index on the way."""
        for job_id, state in self._index.unfinished():
            if job_id in skip:
                continue
            try:
                status = JobFolder(self.root, job_id).read_status()
            except (JobNotFoundError, JobFileError):
                self._index.delete(job_id)  # as reindex() would; the folder stays
                continue
            if status.state != state:
                self._index.update(job_id, status)
            if status.state not in FINAL:
                yield job_id, status

    def _correct_index(self) -> None:
        deque(self._unfinished(), maxlen=0)

    def _turn(self, job_id: str) -> int | None:
        waiting = [key for key, status in self._unfinished() if status.state == "queued"]
        return waiting.index(job_id) + 1 if job_id in waiting else None
