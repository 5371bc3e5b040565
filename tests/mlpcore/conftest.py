from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from ase.build import bulk

from mlpcore import registry

OWN_CRYSTALS = (
    bulk("Si", "diamond", a=5.47),
    bulk("NaCl", "rocksalt", a=5.69),
    bulk("KCl", "rocksalt", a=6.25),
)
NAMES = [model.name for model in registry.models()]


@cache
def loaded(name, dtype):
    return registry.load(name, device="cpu", dtype=dtype)


@pytest.fixture(scope="session", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="session")
def potential(name):
    """Each registered potential in double precision."""
    return loaded(name, "float64")


@pytest.fixture(scope="session")
def single(name):
    """Each registered potential in the precision it was trained in."""
    return loaded(name, "float32")


@pytest.fixture
def crystal(request):
    """A crystal without any symmetry left, strained by some percent and rattled.

    MgO, or what the potential asked for knows if it is one of our own.
    """
    atoms = bulk("MgO", "rocksalt", a=4.25)
    model = registry.info(request.getfixturevalue("name"))
    if model.unsupported(["Mg", "O"]):
        atoms = next(a for a in OWN_CRYSTALS if not model.unsupported(a.get_chemical_symbols()))
        atoms = atoms.copy()
    strain = np.array([[0.02, 0.01, -0.02], [0.01, -0.03, 0.015], [-0.02, 0.015, 0.01]])
    atoms.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    atoms.positions += np.array([[0.05, -0.02, 0.04], [-0.03, 0.07, 0.01]])
    return atoms
