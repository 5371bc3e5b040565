"""One attempt at a job in this process: progress, ends, pieces, estimates."""

from __future__ import annotations

import re

import numpy as np
import pytest
import slow_pipeline
from job_helpers import SLOW, ledger, wait_for

from jobs import monitor as monitor_module
from jobs import worker
from jobs.folder import JobFolder
from jobs.monitor import CountedPieces, JobMonitor, Pace
from jobs.status import MAX_DEATHS
from jobs.worker import run_job
from mlpcore.errors import Cancelled
from properties.checks import Caution


def run(store, job_id):
    return run_job(str(store.root), job_id, SLOW)


def begin(store, job_id):
    """Make a job look as if a worker had just started on it."""
    folder = JobFolder(store.root, job_id)
    return folder, folder.change(lambda status: status.begun())


@pytest.fixture
def attempt(store, spec):
    """A monitor of a job that is running, without its thread."""
    return JobMonitor(*begin(store, store.submit(spec(properties=("relax", "elastic")))))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_job_that_goes_well(store, spec):
    job_id = store.submit(spec("n=3"))
    assert run(store, job_id) == "finished"
    job = store.get(job_id)
    assert (job.state, job.message, job.queue_position) == ("finished", "", None)
    stage = job.stages["relax"]
    assert (stage.state, stage.done, stage.total) == ("finished", 3, 3)
    assert stage.remaining_s is None
    assert job.report()["total"] == pytest.approx(sum(np.sqrt([2.0, 3.0, 4.0])))
    assert job.result("relax").energy_per_atom_ev == job.report()["total"]
    assert [row.state for row in store.list()] == ["finished"]
    log = (job.folder / "log.txt").read_text()
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d relax: started$", log, re.MULTILINE)
    assert "relax: finished after" in log


@pytest.mark.parametrize(
    ("accident", "sentence", "traceback"),
    [
        ("fail", r"^The crystal is too shy\.$", None),
        ("crash", r"not foreseen.*error\.txt and log\.txt in the folder of job", "ValueError"),
        ("memory", r"ran out of memory", "MemoryError"),
    ],
)
def test_failures_give_a_sentence(store, spec, accident, sentence, traceback):
    job_id = store.submit(spec(f"n=2 {accident}", properties=("relax", "elastic")))
    assert run(store, job_id) == "failed"
    job = store.get(job_id)
    assert job.state == "failed"
    assert re.search(sentence, job.message)
    assert "Traceback" not in job.message
    assert [stage.state for stage in job.stages.values()] == ["failed", "cancelled"]
    error = job.folder / "error.txt"
    assert error.exists() == (traceback is not None)
    assert traceback is None or traceback in error.read_text()


def test_a_stage_without_a_result_does_not_fail_the_job(store, spec):
    job_id = store.submit(spec("n=2 no_result"))
    assert run(store, job_id) == "finished"
    job = store.get(job_id)
    assert job.stages["relax"].state == "failed"
    assert job.warnings == (Caution("no_result", "relax", "It does not hold still."),)
    assert job.result("relax") is None


def test_a_job_tried_again_keeps_its_pieces(store, spec, monkeypatch):
    job_id = store.submit(spec("n=5 die_at=3"))

    def fail(*_arguments):
        raise OSError("the network is gone")

    monkeypatch.setattr(slow_pipeline.os, "kill", fail)
    assert run(store, job_id) == "failed"
    seconds = store.get(job_id).stages["relax"].seconds
    store.resubmit(job_id)
    assert store.get(job_id).message == ""
    assert not (store.get(job_id).folder / "error.txt").exists()
    assert run(store, job_id) == "finished"
    assert ledger(store, job_id) == list(range(5))
    assert store.get(job_id).stages["relax"].seconds > seconds > 0


def test_a_damaged_piece_is_computed_again(store, spec):
    job_id = store.submit(spec("n=3"))
    folder = JobFolder(store.root, job_id)
    folder.pieces.mkdir()
    (folder.pieces / "relax.1.npz").write_bytes(b"PK\x03\x04 half a file")
    assert run(store, job_id) == "finished"
    assert ledger(store, job_id) == [0, 1, 2]
    assert "relax/1 is damaged" in folder.log_file.read_text()


def test_cancelled_before_and_after_the_worker_takes_it(store, spec):
    before = store.submit(spec("n=3"))
    store.request_cancel(before)
    assert run(store, before) == "cancelled"
    asked = store.submit(spec("n=3"))
    JobFolder(store.root, asked).cancel_file.touch()
    assert run(store, asked) == "cancelled"
    assert ledger(store, before) == ledger(store, asked) == []


def test_two_workers_never_compute_the_same_job(store, spec, monkeypatch):
    monkeypatch.setattr(worker, "BUSY_TIMEOUT_S", 0.1)
    job_id = store.submit(spec("n=1"))
    folder = JobFolder(store.root, job_id)
    with folder.working(timeout_s=0) as mine:
        assert mine
        assert folder.is_worked_on()
        assert run(store, job_id) == "busy"
    assert ledger(store, job_id) == []
    assert store.get(job_id).state == "queued"
    assert not folder.is_worked_on()
    assert run(store, job_id) == "finished"


def test_a_deleted_job_and_a_finished_one_are_left_alone(store, spec):
    job_id = store.submit(spec("n=1"))
    assert run(store, job_id) == "finished"
    assert run(store, job_id) == "finished"
    assert ledger(store, job_id) == [0]
    store.delete(job_id)
    assert run(store, job_id) == "deleted"


def test_what_a_worker_left_behind_is_taken_up_but_not_for_ever(store, spec):
    job_id = store.submit(spec("n=1"))
    folder, _ = begin(store, job_id)
    for deaths in range(1, MAX_DEATHS):
        assert store.requeue(job_id, died=True) == "queued"
        assert folder.read_status().deaths == deaths
        begin(store, job_id)
    assert run(store, job_id) == "failed"
    assert "out of memory" in store.get(job_id).message
    store.resubmit(job_id)
    assert run(store, job_id) == "finished"


def test_a_new_piece_makes_up_for_earlier_deaths(store, spec):
    job_id = store.submit(spec())
    folder, _ = begin(store, job_id)
    store.requeue(job_id, died=True)
    monitor = JobMonitor(*begin(store, job_id))
    assert monitor.current().deaths == 1
    CountedPieces(folder, monitor).put("a", {"x": np.ones(1)})
    assert monitor.current().deaths == 0


def test_an_interrupt_is_not_swallowed(store, spec, monkeypatch):
    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(slow_pipeline, "_piece", interrupt)
    job_id = store.submit(spec("n=1"))
    with pytest.raises(KeyboardInterrupt):
        run(store, job_id)
    assert not JobFolder(store.root, job_id).is_worked_on()
    assert store.requeue(job_id, died=True) == "queued"


def test_the_estimate_goes_by_computed_pieces_only():
    clock = Clock()
    pace = Pace(clock)
    assert pace.remaining_s(10) is None
    for done in (1, 2, 3):
        clock.now += 0.01
        pace.advance(done, fresh=False)
    assert pace.remaining_s(10) is None
    clock.now += 4.0
    pace.advance(4, fresh=True)
    assert pace.remaining_s(10) == pytest.approx(24.0)
    clock.now += 1.5
    assert pace.remaining_s(10) == pytest.approx(22.5)
    clock.now += 2.5
    pace.advance(6, fresh=True)  # two pieces in four seconds
    assert pace.remaining_s(10) == pytest.approx(4 * 8.0 / 3)
    clock.now += 1000.0
    assert pace.remaining_s(10) == 0.0
    assert pace.remaining_s(0) is None


def test_the_estimate_begins_anew_with_another_kind_of_work():
    clock = Clock()
    pace = Pace(clock)
    clock.now += 4.0
    pace.advance(4, fresh=True)
    pace.advance(0, fresh=True)
    assert pace.remaining_s(2) is None
    clock.now += 30.0
    pace.advance(1, fresh=True)
    assert pace.remaining_s(2) == pytest.approx(30.0)
    pace.advance(1, "displaced supercells", fresh=True)
    assert pace.remaining_s(5) is None
    clock.now += 6.0
    pace.advance(3, "displaced supercells", fresh=True)
    assert pace.remaining_s(5) == pytest.approx(6.0)


def test_found_pieces_are_told_from_computed_ones(attempt, store, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(monitor_module, "Pace", lambda: Pace(clock))
    pieces = CountedPieces(attempt._folder, attempt)
    pieces.put("relax/0", {"x": np.ones(1)})
    attempt.stage_started("relax")
    assert pieces.get("relax/0") is not None
    attempt.advance("relax", 1, 4, "pieces")
    assert attempt.current().stages["relax"].remaining_s is None
    assert pieces.get("relax/1") is None
    clock.now += 2.0
    pieces.put("relax/1", {"x": np.ones(1)})
    attempt.advance("relax", 2, 4, "pieces")
    stage = attempt.current().stages["relax"]
    assert (stage.done, stage.total, stage.what) == (2, 4, "pieces")
    assert stage.remaining_s == pytest.approx(4.0)


def test_the_heart_beats_while_a_piece_takes_long(attempt, store, monkeypatch):
    monkeypatch.setattr(monitor_module, "WRITE_INTERVAL_S", 0.02)
    folder = attempt._folder
    with attempt:
        attempt.stage_started("relax")
        first = folder.read_status()
        later = wait_for(
            lambda: (s := folder.read_status()).heartbeat > first.heartbeat and s, 5
        )
    assert later.stages["relax"].seconds > first.stages["relax"].seconds


def test_a_status_that_cannot_be_written_stops_the_calculation(attempt, monkeypatch):
    monkeypatch.setattr(monitor_module, "WRITE_INTERVAL_S", 0.02)
    attempt.stage_started("relax")

    def full(_status):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(attempt._folder, "write_status", full)
    with attempt, pytest.raises(OSError, match="No space left"):
        wait_for(attempt.checkpoint, 5)


def test_a_request_to_cancel_is_met_at_every_step(attempt, store):
    attempt.stage_started("relax")
    attempt.checkpoint()
    store.request_cancel(attempt._folder.id)
    for step in (
        attempt.checkpoint,
        lambda: attempt.advance("relax", 1, 2, "x"),
        lambda: attempt.stage_started("elastic"),
    ):
        with pytest.raises(Cancelled):
            step()


def test_one_finished_stage_stays_while_the_job_starts_again(attempt, store, spec):
    attempt.stage_started("relax")
    attempt.stage_finished("relax", slow_pipeline.relax_result(spec()), 1.0)
    attempt.stage_started("elastic")
    job_id = attempt._folder.id
    store.requeue(job_id, died=True)
    _, status = begin(store, job_id)
    assert [stage.state for stage in status.stages.values()] == ["finished", "waiting"]
    assert store.get(job_id).result("relax").space_group_number == 221
