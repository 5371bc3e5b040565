"""Waiting for jobs, looking into their folders, and programs in real processes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import inherited_environment

PROJECT = Path(__file__).resolve().parents[2]
SLOW = "slow_pipeline:run"


def wait_for(condition, timeout_s=30.0, interval_s=0.05):
    """Return the first true value of `condition`; fail when there is none in time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(interval_s)
    return pytest.fail(f"nothing came of it within {timeout_s} s")


def ledger(store, job_id, word="end"):
    """Return the pieces that were computed, in their order."""
    path = store.root / job_id / "ledger.txt"
    lines = path.read_text().split("\n") if path.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith(word)]


def until(store, job_id, *states, timeout_s=40.0):
    """Return the state of a job once it is one of `states`."""
    return wait_for(lambda: (s := store.get(job_id).state) in states and s, timeout_s)


def worker_of(store, job_id):
    """Return the process that computes a job, from its log."""
    lines = (store.root / job_id / "log.txt").read_text().splitlines()
    attempt = [line for line in lines if " attempt " in line][-1]
    return psutil.Process(int(attempt.rsplit(" ", 1)[1]))


class Processes:
    """Starts programs of the project and ends what is left of them."""

    def __init__(self, root):
        self._environment = {
            **inherited_environment(),
            "LATTICE_LAB_JOBS": str(root),
            "LATTICE_LAB_WORKERS": "1",
            "PYTHONPATH": str(Path(__file__).parent),
        }
        self.root = root
        self._started = {}

    def start(self, *words, **environment):
        output = self.root.parent / f"output-{len(self._started)}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=PROJECT,
                env=self._environment | environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._started[process] = output
        return process

    def output(self, process):
        """Return what a program has written so far."""
        return self._started[process].read_text()

    def dispatcher(self, **environment):
        return self.start("jobs", "dispatch", "--pipeline", SLOW, **environment)

    def end_all(self):
        for process in self._started:
            family = []
            if process.poll() is None:
                family = psutil.Process(process.pid).children(recursive=True)
                process.kill()
            for child in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            process.wait()
