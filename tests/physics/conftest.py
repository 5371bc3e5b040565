from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lennard_jones import LennardJones

from mlpcore import registry
from properties import pipeline
from properties.crystal import Crystal
from properties.progress import MemoryPieces, Silent
from properties.spec import Spec

A_FCC = 3.6


@cache
def loaded(name):
    return registry.load(name, device="cpu", dtype="float64")


def fcc_crystal(element=29, a=A_FCC):
    lattice = a / 2 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Crystal(lattice, np.array([element]), np.zeros((1, 3)))


def hcp_crystal(element=29):
    a, c = A_FCC / np.sqrt(2), A_FCC * 2 / np.sqrt(3)
    lattice = np.array([[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, c]])
    fractional = np.array([[1 / 3, 2 / 3, 1 / 4], [2 / 3, 1 / 3, 3 / 4]])
    return Crystal(lattice, np.array([element] * 2), fractional)


@pytest.fixture(scope="session")
def fcc():
    return fcc_crystal


@pytest.fixture(scope="session")
def hcp():
    return hcp_crystal


@pytest.fixture
def potential():
    return LennardJones()


@pytest.fixture(scope="session")
def sevennet_0():
    return loaded("sevennet-0")


@pytest.fixture(scope="session")
def sevennet_l3i5():
    return loaded("sevennet-l3i5")


@pytest.fixture
def run_with(monkeypatch):
    """Run the pipeline with a potential of ours in place of a registered one."""

    def run(potential, crystal, monitor=None, pieces=None, files=None, **fields):
        monkeypatch.setattr("mlpcore.registry.load", lambda *_args, **_kwargs: potential)
        fields = {"model": "sevennet-0", "preset": "quick", **fields}
        spec = Spec(crystal, **fields)
        keep = MemoryPieces() if pieces is None else pieces
        return pipeline.run(spec, monitor or Silent(), keep, files)

    return run
