"""A job that goes on from another one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from job_helpers import SLOW, ledger

from jobs import worker
from jobs.errors import JobNotFoundError
from jobs.files import write_atomic
from jobs.folder import JobFolder
from mlpcore.errors import SpecError
from properties.progress import DiskPieces


def finished(store, spec):
    job_id = store.submit(spec("n=4", properties=("relax",)))
    assert worker.run_job(str(store.root), job_id, SLOW) == "finished"
    return job_id


def test_pieces_are_taken_over_and_not_computed_again(store, spec):
    first = finished(store, spec)
    assert ledger(store, first) == [0, 1, 2, 3]
    wanted = spec("n=6", properties=("relax", "phonons", "soft_mode"))
    second = store.submit(wanted, takes_over=first)
    assert worker.run_job(str(store.root), second, SLOW) == "finished"
    assert ledger(store, second) == [4, 5]
    assert store.get(first).report() != store.get(second).report()


def test_stages_that_do_not_hold_are_left_behind(store, spec):
    first = finished(store, spec)
    pieces = DiskPieces(JobFolder(store.root, first).pieces)
    for stage in ("relax", "elastic_pressure"):
        pieces.put(f"stage/{stage}", {"json": np.array("{}")})
    folder = JobFolder(store.root, first)
    before = spec(properties=("relax", "elastic_pressure"), elastic_pressures_gpa=(1.0,))
    write_atomic(folder.path / "spec.json", json.dumps(before.to_dict()).encode())
    second = store.submit(
        spec(properties=("relax",), elastic_pressures_gpa=(2.0,)), takes_over=first
    )
    taken = DiskPieces(JobFolder(store.root, second).pieces)
    assert taken.get("stage/relax") is not None
    assert taken.get("stage/elastic_pressure") is None


def test_files_come_along_but_the_report_is_new(store, spec):
    first = finished(store, spec)
    (JobFolder(store.root, first).downloads / "relaxed.cif").write_text("data_")
    second = store.submit(spec("n=5"), takes_over=first)
    assert [path.name for path in store.get(second).files()] == ["relaxed.cif"]
    store.delete(first)
    assert store.get(second).files()[0].read_text() == "data_"


def test_nothing_is_taken_over_from_another_crystal_or_an_unknown_job(store, spec):
    first = finished(store, spec)
    with pytest.raises(SpecError, match="differ in pressure_gpa"):
        store.submit(spec(pressure_gpa=3.0), takes_over=first)
    with pytest.raises(JobNotFoundError):
        store.submit(spec(), takes_over="0" * 32)
    assert [path.name for path in store.root.iterdir() if path.name.startswith(".new")] == []
