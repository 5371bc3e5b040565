from __future__ import annotations

import numpy as np
import pytest
from job_helpers import Processes

from jobs.store import JobStore
from properties.crystal import Crystal
from properties.spec import Spec


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("LATTICE_LAB_MODELS", str(tmp_path / "models"))
    return JobStore(tmp_path / "jobs")


@pytest.fixture
def spec():
    def make(name="", properties=("relax",), **fields):
        crystal = Crystal(3.0 * np.eye(3), np.array([29]), np.zeros((1, 3)))
        return Spec(crystal, name=name, properties=properties, **fields)

    return make


@pytest.fixture
def processes(store):
    group = Processes(store.root)
    yield group
    group.end_all()
