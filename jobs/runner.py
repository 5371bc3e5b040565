"""The dispatcher: takes jobs from the queue and has Dask workers compute them.

One dispatcher works on a folder of jobs. It keeps nothing in memory that the
folders do not hold as well, so it may die at any moment: the next one finds the
jobs whose worker is gone by their free lock and queues them again.
"""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster
from filelock import FileLock, Timeout

from jobs.errors import SetupError
from jobs.folder import JobFolder
from jobs.settings import WorkerSettings
from jobs.status import now
from jobs.store import JobStore
from jobs.worker import PIPELINE, run_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from jobs.status import Status

logger = logging.getLogger("jobs")

POLL_S = 0.5
CONNECT_TIMEOUT_S = 20
SILENCE = timedelta(seconds=60)
"""How long a worker on another machine may be silent before it counts as dead."""

DASK_CONFIG: dict[str, Any] = {
    # A death is reported at once; how often a job may be tried again is our decision.
    "distributed.scheduler.allowed-failures": 0,
    # A worker that is deep in torch may answer late; a dead one is noticed by its socket.
    "distributed.scheduler.worker-ttl": None,
    "distributed.worker.profile.enabled": False,
    # Dask opens an HTTP port in any case; it has nothing to say there.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.admin.tick.limit": "60s",
    "distributed.diagnostics.nvml": False,
}
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Dispatcher:
    """Moves jobs between the queue and the workers, a step at a time.

    Parameters
    ----------
    store, client
        The jobs, and the Dask client to submit them with.
    capacity
        Returns how many jobs may be worked on at the same time.
    silence
        A running job is taken for abandoned when its lock is free and its worker has
        been silent for so long.
    pipeline
        See :func:`jobs.worker.run_job`.
    """

    def __init__(
        self,
        store: JobStore,
        client: Client,
        capacity: Callable[[], int],
        silence: timedelta = timedelta(0),
        pipeline: str = PIPELINE,
    ) -> None:
        self._store = store
        self._client = client
        self._capacity = capacity
        self._silence = silence
        self._pipeline = pipeline
        self._futures: dict[str, Future] = {}

    def step(self) -> None:
        """Take note of what has ended, find what was abandoned, start what can start."""
        self._collect()
        self._recover()
        self._start()

    def release(self) -> None:
        """Queue again what was under way, after its workers were stopped on purpose."""
        for job_id in self._futures:
            self._store.requeue(job_id, died=False)
        self._futures.clear()

    def _collect(self) -> None:
        for job_id, future in list(self._futures.items()):
            if not future.done():
                continue
            del self._futures[job_id]
            if future.status == "finished":
                logger.info("job %s: %s", job_id, future.result())
                continue
            error = future.exception() if future.status == "error" else None
            known = isinstance(error, KilledWorker) or error is None
            logger.warning(
                "job %s: its worker was lost", job_id, exc_info=None if known else error
            )

    def _recover(self) -> None:
        for job_id, status in self._store.running(skip=self._futures):
            folder = JobFolder(self._store.root, job_id)
            if self._is_silent(status) and not folder.is_worked_on():
                state = self._store.requeue(job_id, died=True)
                logger.warning("job %s: left behind by its worker, now %s", job_id, state)

    def _is_silent(self, status: Status) -> bool:
        return status.heartbeat is None or now() - status.heartbeat >= self._silence

    def _start(self) -> None:
        if not self._store.next_queued(1, skip=self._futures):
            return
        free = self._capacity() - len(self._futures)
        for job_id in self._store.next_queued(free, skip=self._futures):
            logger.info("job %s: given to a worker", job_id)
            self._futures[job_id] = self._client.submit(
                run_job, str(self._store.root), job_id, self._pipeline, pure=False, retries=0
            )


def _worker_config(threads: int) -> dict[str, dict[str, int]]:
    """Return what replaces Dask's one thread a worker, before numpy and torch look.

    Dask's setting of malloc goes with it: it returns memory to the system after every
    large tensor, only to ask for it again.
    """
    return {"distributed.nanny.pre-spawn-environ": dict.fromkeys(THREAD_VARIABLES, threads)}


@contextmanager
def _local_client(settings: WorkerSettings) -> Iterator[Client]:
    """Start workers of our own; they end with this process, however it ends."""
    with (
        dask.config.set(DASK_CONFIG | _worker_config(settings.threads)),
        LocalCluster(
            n_workers=settings.workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=True,  # fresh keys: nobody else on this machine can send code to run
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            memory_limit=0,  # the system's limit counts: Dask's own would end jobs too early
            local_directory=str(settings.jobs / ".workers"),
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _remote_client(settings: WorkerSettings) -> Iterator[Client]:
    try:
        client = Client(settings.scheduler, timeout=CONNECT_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise SetupError(
            f"No Dask scheduler answers at {settings.scheduler!r} ({error}). Start it with "
            "`dask scheduler`, correct LATTICE_LAB_SCHEDULER, or leave it unset to compute "
            "on this machine."
        ) from error
    with client:
        yield client


@contextmanager
def _alone(settings: WorkerSettings, stop: threading.Event) -> Iterator[bool]:
    """Wait until no other dispatcher works on the folder; yield whether to go on."""
    lock = FileLock(settings.jobs / ".dispatcher.lock", timeout=1, thread_local=False)
    told = False
    while not stop.is_set():
        try:
            lock.acquire()
        except Timeout:
            if not told:
                logger.warning("another dispatcher works on %s; waiting", settings.jobs)
                told = True
            continue
        try:
            yield True
        finally:
            lock.release()
        return
    yield False


def dispatch(settings: WorkerSettings, stop: threading.Event, pipeline: str = PIPELINE) -> None:
    """Work off the queue until `stop` is set.

    Raises
    ------
    SetupError
        The scheduler cannot be reached, or was lost.
    """
    store = JobStore(settings.jobs)
    with _alone(settings, stop) as go_on:
        if not go_on:
            return
        store.heal()
        open_client = _remote_client if settings.scheduler else _local_client
        with open_client(settings) as client:
            dispatcher = _dispatcher(settings, store, client, pipeline)
            logger.info("working on the jobs in %s", settings.jobs)
            while not stop.wait(POLL_S):
                if client.status not in ("running", "connecting"):
                    raise SetupError("The Dask scheduler was lost. Starting again helps.")
                dispatcher.step()
        if not settings.scheduler:
            dispatcher.release()


def _dispatcher(
    settings: WorkerSettings, store: JobStore, client: Client, pipeline: str
) -> Dispatcher:
    if settings.scheduler:
        return Dispatcher(store, client, lambda: len(client.nthreads()), SILENCE, pipeline)
    return Dispatcher(store, client, lambda: settings.workers, pipeline=pipeline)


def main(pipeline: str = PIPELINE) -> int:
    """Run the dispatcher until SIGINT or SIGTERM; return the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logger.setLevel(logging.INFO)
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    dispatch(WorkerSettings.from_environment(), stop, pipeline)
    return 0
