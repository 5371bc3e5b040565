"""What a running calculation says, written down for whoever looks at the job."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from jobs.files import write_atomic
from jobs.status import StageProgress, now
from mlpcore.errors import Cancelled
from properties.progress import Arrays, DiskPieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from jobs.folder import JobFolder
    from jobs.status import Status
    from properties.checks import Caution
    from properties.frozen import Frozen

WRITE_INTERVAL_S = 1.0
LOG_INTERVAL_S = 10.0
RECENT_PIECES = 10


class Pace:
    """Estimates the rest of a stage from the pieces computed lately.

    Pieces that come from an earlier attempt cost no time and are left out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = self._last = clock()
        self._done, self._what = 0, ""
        self._recent: deque[tuple[float, int]] = deque(maxlen=RECENT_PIECES)

    @property
    def elapsed_s(self) -> float:
        """Time since the stage began."""
        return self._clock() - self._started

    def advance(self, done: int, what: str = "", *, fresh: bool) -> None:
        """Take note that `done` pieces are finished, the last ones computed or found.

        A smaller number than before, or another word for the piece in hand, is the
        beginning of another kind of work, and the pace of the one before says nothing.
        """
        if (done, what) == (self._done, self._what):
            return
        moment = self._clock()
        if done < self._done or what != self._what:
            self._recent.clear()
        elif fresh:
            self._recent.append((moment - self._last, done - self._done))
        self._last, self._done, self._what = moment, done, what

    def remaining_s(self, total: int) -> float | None:
        """Return the time that the pieces left will take, or ``None`` if unknown."""
        pieces = sum(count for _, count in self._recent)
        if not pieces or total <= 0:
            return None
        each = sum(seconds for seconds, _ in self._recent) / pieces
        since = self._clock() - self._last
        return max(0.0, each * (total - self._done) - since)


class JobMonitor:
    """Writes status, log and stage results of one attempt; stops it when asked to.

    A context manager: while it is open, a thread writes the status down at least
    once every few seconds, which is the heartbeat of the job.
    """

    def __init__(self, folder: JobFolder, status: Status) -> None:
        self._folder = folder
        self._status = status
        self._before = {name: stage.seconds for name, stage in status.stages.items()}
        self._paces: dict[str, Pace] = {}
        self._found = False
        self._logged = 0.0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._failure: OSError | None = None

    def __enter__(self) -> JobMonitor:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._thread.join()

    def stage_started(self, stage: str) -> None:
        """A stage begins."""
        self._paces[stage] = Pace()
        self._found = False
        self._set(stage, StageProgress("running", seconds=self._before.get(stage, 0.0)))
        self.log(f"{stage}: started")
        self.write()
        self.checkpoint()

    def advance(self, stage: str, done: int, total: int, what: str) -> None:
        """Take note of progress; raise :class:`Cancelled` if asked to stop."""
        self._paces[stage].advance(done, what, fresh=not self._found)
        self._found = False
        self._set(stage, StageProgress("running", done, total, what))
        if time.monotonic() - self._logged > LOG_INTERVAL_S or done == total:
            self.log(f"{stage}: {done} of {total} {what}".rstrip())
        self.checkpoint()

    def checkpoint(self) -> None:
        """Raise :class:`Cancelled` if the user asked to stop."""
        if self._failure is not None:
            raise self._failure
        if self._folder.cancel_file.exists():
            raise Cancelled("Cancelled.")

    def stage_finished(self, stage: str, result: Frozen, seconds: float) -> None:
        """Keep the result of a stage."""
        path = self._folder.stage_file(stage)
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, json.dumps(result.to_dict()).encode())
        last = self._timed(stage, self._status.stages[stage])
        self._set(stage, replace(last, state="finished", what="", remaining_s=None))
        self.log(f"{stage}: finished after {seconds:.1f} s")
        self.write()

    def caution(self, caution: Caution) -> None:
        """Keep a warning; one that says that a stage has no result ends the stage."""
        with self._lock:
            self._status = replace(self._status, warnings=(*self._status.warnings, caution))
        if caution.code == "no_result" and caution.stage in self._status.stages:
            last = self._timed(caution.stage, self._status.stages[caution.stage])
            self._set(caution.stage, replace(last, state="failed", remaining_s=None))
        self.log(f"{caution.stage}: warning: {caution.message}")
        self.write()

    def piece_found(self) -> None:
        """A piece of work was taken from an earlier attempt."""
        self._found = True

    def piece_computed(self) -> None:
        """A piece of work was computed just now, so earlier deaths did not stop the job."""
        self._found = False
        with self._lock:
            self._status = replace(self._status, deaths=0)

    def log(self, line: str) -> None:
        """Add a line with the time to the log."""
        self._logged = time.monotonic()
        with self._folder.log_file.open("a", encoding="utf-8") as file:
            file.write(f"{now():%Y-%m-%d %H:%M:%S} {line}\n")

    def current(self) -> Status:
        """Return the status as of now."""
        with self._lock:
            status = self._status
        stages = {name: self._timed(name, stage) for name, stage in status.stages.items()}
        return replace(status, stages=stages, heartbeat=now())

    def write(self) -> None:
        """Write the status down."""
        with self._writing:
            self._folder.write_status(self.current())

    def _set(self, stage: str, progress: StageProgress) -> None:
        with self._lock:
            stages = {**self._status.stages, stage: progress}
            self._status = replace(self._status, stages=stages)

    def _timed(self, stage: str, progress: StageProgress) -> StageProgress:
        if progress.state != "running":
            return progress
        pace = self._paces[stage]
        return replace(
            progress,
            seconds=self._before.get(stage, 0.0) + pace.elapsed_s,
            remaining_s=pace.remaining_s(progress.total),
        )

    def _beat(self) -> None:
        while not self._closed.wait(WRITE_INTERVAL_S):
            try:
                self.write()
            except OSError as error:
                self._failure = error  # raised in the calculation's own thread
                return


class CountedPieces(DiskPieces):
    """Pieces on disk that tell the monitor which were found and which computed."""

    def __init__(self, folder: JobFolder, monitor: JobMonitor) -> None:
        super().__init__(folder.pieces)
        self._files = folder
        self._monitor = monitor

    def get(self, key: str) -> Arrays | None:
        """Return the arrays kept under `key`, or ``None``; a damaged piece counts as none."""
        try:
            arrays = super().get(key)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            self._monitor.log(f"piece {key} is damaged and will be computed again: {error}")
            return None
        if arrays is not None:
            self._monitor.piece_found()
        return arrays

    def put(self, key: str, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep arrays under `key`."""
        super().put(key, arrays)
        self._monitor.piece_computed()
