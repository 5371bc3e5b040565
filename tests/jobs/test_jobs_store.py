"""The job folders and their index."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from slow_pipeline import relax_result

from jobs.errors import JobFileError, JobNotFoundError, JobStateError
from jobs.files import MAX_NAME_BYTES, safe_name, write_atomic
from jobs.folder import JobFolder
from jobs.status import Status
from jobs.store import JobStore

HOSTILE = (
    "../../evil.cif",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a\0b.cif",
    "..\\..\\evil.cif",
    "C:\\Users\\x\\POSCAR",
    "x" * 5000 + ".cif",
    "é" * 300 + ".vasp",
    "." * 300,
    "\ud800.cif",
    "new\nline.cif",
    ".hidden",
    "name." + "y" * 400,
)


def everything_below(folder):
    return set(folder.rglob("*"))


def set_state(store, job_id, change):
    return JobFolder(store.root, job_id).change(change)


def test_round_trip(store, spec):
    wanted = spec("my copper", properties=("relax", "thermal"), pressure_gpa=2.0)
    before = datetime.now(UTC)
    job = store.get(store.submit(wanted, "POSCAR", b"content"))
    assert job.spec.to_dict() == wanted.to_dict()
    assert job.spec.name == "my copper"
    assert job.state == "queued"
    assert job.queue_position == 1
    assert before <= job.created <= before + timedelta(seconds=10)
    assert list(job.stages) == ["relax", "thermal"]
    assert {stage.state for stage in job.stages.values()} == {"waiting"}
    assert job.result("relax") is None
    assert job.report() is None
    assert job.files() == ()
    assert (job.folder / "source" / "POSCAR").read_bytes() == b"content"


def test_results_reports_and_files_are_read_when_asked_for(store, spec):
    job = store.get(store.submit(spec()))
    result = relax_result(job.spec, energy=-3.5)
    (job.folder / "stages").mkdir()
    write_atomic(job.folder / "stages/relax.json", json.dumps(result.to_dict()).encode())
    (job.folder / "files").mkdir()
    for name in ("result.json", "bands.csv", "half.partial", ".hidden"):
        write_atomic(job.folder / "files" / name, b'{"status": "finished"}')
    assert job.result("relax").to_dict() == result.to_dict()
    assert job.result("../spec") is None
    assert job.report() == {"status": "finished"}
    assert [path.name for path in job.files()] == ["bands.csv", "result.json"]


def test_a_result_of_another_version_gives_a_sentence(store, spec):
    job = store.get(store.submit(spec()))
    (job.folder / "stages").mkdir()
    (job.folder / "stages/relax.json").write_text('{"energy": 1}')
    with pytest.raises(JobFileError, match="another version"):
        job.result("relax")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leads_out_of_the_folder(store, spec, name, tmp_path):
    before = everything_below(tmp_path)
    job = store.get(store.submit(spec(), name, b"x"))
    new = everything_below(tmp_path) - before
    assert all(path == job.folder or job.folder in path.parents for path in new)
    (source,) = (job.folder / "source").iterdir()
    assert source.read_bytes() == b"x"
    assert not source.name.startswith(".")


@pytest.mark.parametrize("name", HOSTILE)
def test_safe_names(name):
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= MAX_NAME_BYTES
    assert not set(safe) & set("/\\\0\n")
    assert safe_name(safe) == safe


def test_safe_names_keep_what_tells_the_format():
    assert safe_name("../../My crystal (2).cif") == "My crystal (2).cif"
    assert safe_name("x" * 5000 + ".vasp").endswith("x.vasp")


def test_two_users_with_the_same_file_name(store, spec):
    first = store.get(store.submit(spec("a"), "POSCAR", b"first"))
    second = store.get(store.submit(spec("b"), "POSCAR", b"second"))
    assert first.id != second.id
    assert (first.folder / "source/POSCAR").read_bytes() == b"first"
    assert (second.folder / "source/POSCAR").read_bytes() == b"second"


@pytest.mark.parametrize(
    "job_id", ["", "..", "../jobs", "0" * 32, "0" * 31, "G" * 32, "a/b", "0" * 32 + "\n", "\0"]
)
def test_unknown_and_malformed_identifiers(store, job_id):
    for action in (store.get, store.request_cancel, store.resubmit, store.delete):
        with pytest.raises(JobNotFoundError, match="There is no job"):
            action(job_id)


def test_list_is_newest_first_and_knows_the_state(store, spec):
    ids = [store.submit(spec(str(number), preset="quick")) for number in range(3)]
    set_state(store, ids[1], lambda status: status.begun())
    rows = store.list()
    assert [row.id for row in rows] == ids[::-1]
    assert [row.state for row in rows] == ["queued", "running", "queued"]
    row = rows[0]
    assert (row.name, row.formula, row.preset) == ("2", "Cu", "quick")
    assert row.properties == ("relax",)
    assert row.created == store.get(row.id).created
    assert [row.id for row in store.list(limit=1)] == [ids[2]]


def test_states_and_places_in_the_queue(store, spec):
    first, second, third = (store.submit(spec()) for _ in range(3))
    store.request_cancel(first)
    assert store.get(first).state == "cancelled"
    assert "before it started" in store.get(first).message
    assert [store.get(job_id).queue_position for job_id in (first, second, third)] == [
        None,
        1,
        2,
    ]
    store.resubmit(first)
    assert store.get(first).queue_position == 3
    assert store.next_queued(2, skip={third}) == (second, first)
    for refused in (first, third):
        with pytest.raises(JobStateError, match="is queued"):
            store.resubmit(refused)


def test_cancelling_a_running_job_leaves_a_request(store, spec):
    job_id = store.submit(spec())
    set_state(store, job_id, lambda status: status.begun())
    store.request_cancel(job_id)
    assert store.get(job_id).state == "running"
    assert JobFolder(store.root, job_id).cancel_file.exists()
    assert store.requeue(job_id, died=True) == "cancelled"
    store.resubmit(job_id)
    assert not JobFolder(store.root, job_id).cancel_file.exists()


def test_cancelling_a_finished_job_changes_nothing(store, spec):
    job_id = store.submit(spec())
    set_state(store, job_id, lambda status: status.begun().ended("finished"))
    store.request_cancel(job_id)
    assert store.get(job_id).state == "finished"
    assert not JobFolder(store.root, job_id).cancel_file.exists()


def test_delete(store, spec):
    job_id = store.submit(spec(), "POSCAR", b"x")
    with (
        JobFolder(store.root, job_id).working(timeout_s=0),
        pytest.raises(JobStateError, match="running"),
    ):
        store.delete(job_id)
    assert store.get(job_id).state == "queued"
    store.delete(job_id)
    assert store.list() == ()
    with pytest.raises(JobNotFoundError):
        store.get(job_id)
    assert not [path for path in store.root.iterdir() if path.is_dir()]


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_the_index_is_rebuilt_from_the_folders(store, spec, damage):
    ids = [store.submit(spec(str(number))) for number in range(3)]
    set_state(store, ids[0], lambda status: status.begun().ended("failed", "No."))
    expected = store.list()
    for path in store.root.glob("index.sqlite*"):
        path.unlink()
    if damage == "garbage":
        (store.root / "index.sqlite").write_bytes(b"this is not a database" * 100)
    again = JobStore(store.root)
    again.heal()
    assert again.list() == expected
    assert again.reindex() == 3


def test_heal_finds_jobs_that_the_index_missed(store, spec):
    job_id = store.submit(spec())
    with sqlite3.connect(store.root / "index.sqlite") as connection:
        connection.execute("DELETE FROM jobs")
    assert store.list() == ()
    store.heal()
    assert [row.id for row in store.list()] == [job_id]


def test_a_damaged_job_does_not_hide_the_others(store, spec):
    damaged, healthy = store.submit(spec()), store.submit(spec())
    (store.root / damaged / "status.json").write_text("{")
    assert [row.id for row in store.list()] == [healthy]
    assert store.next_queued(5, skip=()) == (healthy,)
    assert store.reindex() == 1
    with pytest.raises(JobFileError, match="cannot be read"):
        store.get(damaged)


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path, monkeypatch):
    path = tmp_path / "status.json"
    write_atomic(path, b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_gives_a_sentence_and_no_half_job(store, spec, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JobFileError, match="No space left on device"):
        store.submit(spec(), "POSCAR", b"x")
    assert store.list() == ()
    assert not [path for path in store.root.iterdir() if path.is_dir()]


def test_readers_never_meet_a_half_written_status(store, spec):
    folder = JobFolder(store.root, store.submit(spec()))
    stop = threading.Event()

    def write():
        while not stop.is_set():
            folder.change(lambda status: status.begun().requeued(died=False))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = {folder.read_status().attempts for _ in range(2000)}
    finally:
        stop.set()
        writer.join()
    assert len(seen) > 1


def test_opening_a_job_and_a_long_list_is_quick(store, spec):
    ids = [store.submit(spec()) for _ in range(30)]
    for job_id in ids[:-1]:
        set_state(store, job_id, lambda status: status.begun().ended("finished"))
    store.list()
    began = time.perf_counter()
    for _ in range(10):
        store.get(ids[0])
        store.list()
    assert (time.perf_counter() - began) / 10 < 0.05


def test_the_status_survives_its_own_file():
    status = Status.new(["relax", "thermal"]).begun().ended("failed", "Too hot.")
    assert Status.from_dict(json.loads(json.dumps(status.to_dict()))) == status


def test_the_default_folder_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LATTICE_LAB_JOBS", str(tmp_path / "elsewhere"))
    assert JobStore.default().root == tmp_path / "elsewhere"
