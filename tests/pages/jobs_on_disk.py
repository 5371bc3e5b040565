"""Jobs in any state, written to disk without a worker."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from jobs.files import write_atomic
from jobs.folder import JobFolder
from jobs.status import StageProgress, Status
from jobs.store import JobStore
from properties.frozen import plain
from properties.results import Outcome
from properties.spec import Spec
from tests.pages import sample

if TYPE_CHECKING:
    from jobs.tasks import Task
    from properties.frozen import Frozen
    from properties.results import Caution, StageResult


def spec(name: str = "", model: str = "sevennet-0", **fields: Any) -> Spec:
    """Silicon, all stages, preset quick; `fields` changes it."""
    return Spec(sample.crystal(), model=model, preset="quick", name=name, **fields)


def queued(store: JobStore, name: str = "", **fields: Any) -> str:
    """A job that waits."""
    return store.submit(spec(name, **fields))


def running(store: JobStore, results: dict[str, StageResult], **fields: Any) -> str:
    """A job with some results and the next stage under way."""
    job_id = queued(store, **fields)
    store_results(store, job_id, results)
    _change(store, job_id, lambda status: _with_stages(status.begun(), results, "running"))
    return job_id


def ended(
    store: JobStore,
    state: str,
    results: dict[str, StageResult],
    message: str = "",
    warnings: tuple[Caution, ...] = (),
    **fields: Any,
) -> str:
    """A job that is over; made aside, so that no worker of the store takes it up."""
    with TemporaryDirectory(dir=store.root.parent) as aside:
        staging = JobStore(Path(aside))
        job_id = queued(staging, **fields)
        _end(staging, job_id, state, results, message, warnings)
        shutil.move(staging.root / job_id, store.root / job_id)
    store.reindex()
    return job_id


def ended_task(
    store: JobStore, task: Task, results: dict[str, Frozen], state: str = "finished"
) -> str:
    """A job of another kind that is over, without its files."""
    with TemporaryDirectory(dir=store.root.parent) as aside:
        staging = JobStore(Path(aside))
        job_id = staging.submit(task)
        store_results(staging, job_id, results)
        _change(
            staging, job_id, lambda s: _with_stages(s.begun(), results, "running").ended(state)
        )
        shutil.move(staging.root / job_id, store.root / job_id)
    store.reindex()
    return job_id


def _end(
    store: JobStore,
    job_id: str,
    state: str,
    results: dict[str, StageResult],
    message: str,
    warnings: tuple[Caution, ...],
) -> None:
    store_results(store, job_id, results)

    def end(status: Status) -> Status:
        done = _with_stages(status.begun(), results, "running")
        return replace(done.ended(state, message), warnings=warnings)

    _change(store, job_id, end)
    _write_files(store, job_id, results, warnings)


def _change(store: JobStore, job_id: str, change) -> None:
    status = JobFolder(store.root, job_id).change(change)
    store._index.update(job_id, status)


def _with_stages(status: Status, results: dict[str, StageResult], following: str) -> Status:
    stages = {}
    rest = StageProgress(following, 1, 5, "strain xx", 30.0, 95.0)
    for name in status.stages:
        if name in results:
            stages[name] = StageProgress("finished", 4, 4, "", 12.0)
        else:
            stages[name] = rest
            rest = StageProgress()
    return replace(status, stages=stages)


def store_results(store: JobStore, job_id: str, results: dict[str, StageResult]) -> None:
    folder = JobFolder(store.root, job_id)
    for stage, result in results.items():
        path = folder.stage_file(stage)
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, json.dumps(result.to_dict()).encode())


def _write_files(
    store: JobStore,
    job_id: str,
    results: dict[str, StageResult],
    warnings: tuple[Caution, ...],
) -> None:
    downloads = JobFolder(store.root, job_id).downloads
    downloads.mkdir()
    status = "finished" if len(results) == len(spec().properties) else "incomplete"
    outcome = Outcome(status, {"formula": "Si"}, sample.provenance(), warnings, results)
    text = json.dumps(plain(outcome.report()))
    write_atomic(downloads / "result.json", text.encode())
