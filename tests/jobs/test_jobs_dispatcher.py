"""The queue at work in real processes, and what is left after a ``kill -9``."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time

import psutil
import pytest
from job_helpers import ledger, until, wait_for, worker_of

from jobs.errors import SetupError
from jobs.runner import dispatch
from jobs.settings import WorkerSettings
from jobs.status import MAX_DEATHS


def assert_resumed(store, job_id, undisturbed):
    """The job finished with the right numbers, and only the piece in flight was redone."""
    assert until(store, job_id, "finished", "failed") == "finished"
    pieces = list(range(8))
    # a piece is noted before it is kept, so death in between has it computed once more
    computed = ledger(store, job_id)
    assert sorted(set(computed)) == pieces
    assert computed == sorted(computed)
    assert len(computed) <= len(ledger(store, job_id, "start")) <= len(pieces) + 1
    assert store.get(job_id).report() == store.get(undisturbed).report()
    assert store.get(job_id).stages["relax"].state == "finished"


def test_jobs_run_in_the_order_in_which_they_came(store, spec, processes):
    ids = [store.submit(spec("n=2 sleep=0.1")) for _ in range(3)]
    assert [store.get(job_id).queue_position for job_id in ids] == [1, 2, 3]
    processes.dispatcher()
    for job_id in ids:
        assert until(store, job_id, "finished") == "finished"
    ends = [(store.root / job_id / "files" / "result.json").stat().st_mtime for job_id in ids]
    assert ends == sorted(ends)


def test_a_job_survives_the_death_of_worker_and_dispatcher(store, spec, processes):
    undisturbed = store.submit(spec("n=8"))
    job_id = store.submit(spec("n=8 sleep=0.25"))
    dispatcher = processes.dispatcher()

    wait_for(lambda: len(ledger(store, job_id)) >= 2)
    worker_of(store, job_id).kill()
    assert_resumed(store, job_id, undisturbed)

    second = store.submit(spec("n=8 sleep=0.25"))
    wait_for(lambda: len(ledger(store, second)) >= 2)
    worker = worker_of(store, second)
    dispatcher.kill()
    assert psutil.wait_procs([worker], timeout=3)[0], "the worker outlived its dispatcher"
    processes.dispatcher()
    assert_resumed(store, second, undisturbed)


def test_a_job_survives_the_death_of_both_at_once(store, spec, processes):
    undisturbed = store.submit(spec("n=8"))
    job_id = store.submit(spec("n=8 sleep=0.25"))
    dispatcher = processes.dispatcher()
    wait_for(lambda: len(ledger(store, job_id)) >= 3)
    worker_of(store, job_id).kill()
    dispatcher.kill()
    processes.dispatcher()
    assert_resumed(store, job_id, undisturbed)


def test_a_stopped_dispatcher_hands_its_job_back(store, spec, processes):
    job_id = store.submit(spec("n=50 sleep=0.2"))
    dispatcher = processes.dispatcher()
    wait_for(lambda: len(ledger(store, job_id)) >= 2)
    worker = worker_of(store, job_id)
    began = time.monotonic()
    dispatcher.terminate()
    assert dispatcher.wait(timeout=15) == 0
    assert time.monotonic() - began < 9
    assert not worker.is_running()
    job = store.get(job_id)
    assert (job.state, job.queue_position) == ("queued", 1)


def test_a_second_dispatcher_waits_for_the_first(store, spec, processes):
    first = processes.dispatcher()
    wait_for(lambda: until(store, store.submit(spec("n=1")), "finished"))
    second = processes.dispatcher()
    time.sleep(2)
    assert second.poll() is None
    assert not psutil.Process(second.pid).children()
    first.kill()
    assert until(store, store.submit(spec("n=1")), "finished") == "finished"
    assert psutil.Process(second.pid).children()


def test_a_job_that_kills_its_worker_every_time_fails_with_a_sentence(store, spec, processes):
    job_id = store.submit(spec("n=2 die"))
    processes.dispatcher()
    assert until(store, job_id, "failed", "finished", timeout_s=60) == "failed"
    job = store.get(job_id)
    assert "out of memory" in job.message
    assert job.stages["relax"].state == "failed"
    attempts = (job.folder / "log.txt").read_text().count(" attempt ")
    assert attempts == MAX_DEATHS


def test_cancel_takes_effect_within_a_stage(store, spec, processes):
    job_id = store.submit(spec("n=200 sleep=0.1"))
    processes.dispatcher()
    wait_for(lambda: len(ledger(store, job_id)) >= 2)
    store.request_cancel(job_id)
    assert until(store, job_id, "cancelled", timeout_s=2) == "cancelled"
    assert store.get(job_id).stages["relax"].state == "cancelled"
    kept = len(ledger(store, job_id))
    store.resubmit(job_id)
    wait_for(lambda: len(ledger(store, job_id)) > kept)
    assert ledger(store, job_id) == sorted(set(ledger(store, job_id)))


def listening(*family):
    """Return the (address, port) pairs at which processes listen."""
    return {
        tuple(connection.laddr)
        for process in family
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }


def says_nothing_by_http(host, port):
    """Return whether a port talks HTTP, but has no page."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/info/main/workers.html")
        return connection.getresponse().status == 404
    except (http.client.HTTPException, ConnectionError):
        return False
    finally:
        connection.close()


def test_no_stranger_gives_code_to_the_workers(store, spec, processes):
    job_id = store.submit(spec("n=50 sleep=0.2"))
    dispatcher = processes.dispatcher(LATTICE_LAB_THREADS="3")
    wait_for(lambda: ledger(store, job_id))
    worker = worker_of(store, job_id)
    assert worker.environ()["OMP_NUM_THREADS"] == "3"
    places = listening(psutil.Process(dispatcher.pid), worker)
    assert {host for host, _ in places} == {"127.0.0.1"}
    silent = {place for place in places if says_nothing_by_http(*place)}
    assert len(places - silent) >= 3  # scheduler, nanny and worker
    anonymous = ssl.create_default_context()
    anonymous.check_hostname, anonymous.verify_mode = False, ssl.CERT_NONE
    for place in places - silent:
        with (
            socket.create_connection(place, timeout=5) as plain,
            anonymous.wrap_socket(plain) as secret,
            pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"),
        ):
            secret.recv(1)


def test_an_existing_scheduler_does_the_work(store, spec, processes, tmp_path):
    where = tmp_path / "scheduler.json"
    here = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(where))
    processes.start("distributed.cli.dask_scheduler", "--port", "0", *here)
    address = wait_for(lambda: where.exists() and json.loads(where.read_text()))["address"]
    one = ("--nthreads", "1", "--host", "127.0.0.1", "--local-directory", str(tmp_path))
    processes.start("distributed.cli.dask_worker", address, *one)
    processes.dispatcher(LATTICE_LAB_SCHEDULER=address)
    undisturbed = store.submit(spec("n=8"))
    job_id = store.submit(spec("n=8 sleep=0.25"))
    wait_for(lambda: len(ledger(store, job_id)) >= 2)
    worker_of(store, job_id).kill()
    assert_resumed(store, job_id, undisturbed)


def test_a_scheduler_that_does_not_answer_gives_a_sentence(processes, monkeypatch):
    monkeypatch.setattr("jobs.runner.CONNECT_TIMEOUT_S", 1)
    settings = WorkerSettings(processes.root, 1, 1, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(SetupError, match=r"No Dask scheduler answers at 'tcp://127\.0"):
        dispatch(settings, threading.Event())
