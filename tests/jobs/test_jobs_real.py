"""The real calculation under ``kill -9``: silicon, preset quick."""

from __future__ import annotations

import numpy as np
import pytest
from job_helpers import until, wait_for, worker_of

from properties.crystal import Crystal
from properties.spec import Spec

SILICON = Crystal(
    5.431 / 2 * (np.ones((3, 3)) - np.eye(3)),
    np.array([14, 14]),
    np.array([[0.0, 0.0, 0.0], [0.25, 0.25, 0.25]]),
)
PATIENCE_S = 400.0


def numbers(value, path=""):
    """Yield every number of a report with its place, times left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "seconds":
                yield from numbers(item, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers(item, f"{path}/{index}")
    elif isinstance(value, int | float):
        yield path, value


def volumes(store, job_id):
    """Count the volumes that are relaxed: files appear at once, the status once a second."""
    return len(list((store.root / job_id / "pieces").glob("volume.*.npz")))


@pytest.mark.slow
def test_silicon_has_the_same_numbers_after_two_deaths_in_thermal(store, processes):
    spec = Spec(SILICON, model="sevennet-0", properties=("thermal",), preset="quick")
    undisturbed, disturbed = store.submit(spec), store.submit(spec)
    dispatcher = processes.start("jobs", "dispatch")
    assert until(store, undisturbed, "finished", "failed", timeout_s=PATIENCE_S) == "finished"

    wait_for(lambda: volumes(store, disturbed) >= 1, PATIENCE_S)
    worker_of(store, disturbed).kill()
    wait_for(lambda: store.get(disturbed).stages["thermal"].state != "running")
    wait_for(lambda: volumes(store, disturbed) >= 3, PATIENCE_S)
    worker_of(store, disturbed).kill()
    dispatcher.kill()
    processes.start("jobs", "dispatch")
    assert until(store, disturbed, "finished", "failed", timeout_s=PATIENCE_S) == "finished"

    expected = dict(numbers(store.get(undisturbed).report()))
    found = dict(numbers(store.get(disturbed).report()))
    assert len(expected) > 100
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)
    log = (store.get(disturbed).folder / "log.txt").read_text()
    assert log.count(" attempt ") == 3
