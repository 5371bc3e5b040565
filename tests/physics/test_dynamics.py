"""Molecular dynamics through the ASE calculator: the energy is conserved."""

from __future__ import annotations

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from mlpcore import registry


def _energies(step_fs, duration_fs=120.0):
    """Return the total energy (eV/atom) along a trajectory of hot salt."""
    atoms = bulk("NaCl", "rocksalt", a=5.7, cubic=True)
    atoms.calc = registry.load("sevennet-l3i5", device="cpu", dtype="float64").calculator()
    MaxwellBoltzmannDistribution(atoms, temperature_K=600, rng=np.random.default_rng(3))
    dynamics = VelocityVerlet(atoms, timestep=step_fs * units.fs)
    energies = []
    dynamics.attach(lambda: energies.append(atoms.get_total_energy() / len(atoms)))
    dynamics.run(round(duration_fs / step_fs))
    return np.array(energies)


def test_energy_error_falls_with_the_square_of_the_time_step():
    """As it must with velocity Verlet if, and only if, forces belong to a smooth energy."""
    coarse, fine = (np.abs(e - e[0]).max() for e in map(_energies, (4.0, 2.0)))
    assert coarse < 2e-3
    assert coarse / fine == pytest.approx(4.0, rel=0.25)
