from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from ase.build import bulk

from benchmarks import delta, long_range
from benchmarks.support import harmonic, learning
from mlpcore.electrostatics import ElectrostaticPotential
from mlpcore.frame import Frame
from mlpcore.potential import Evaluation

POTENTIAL = ElectrostaticPotential.from_settings(
    {"mode": "fixed", "charges_e": {"Na": 0.7, "Cl": -0.7}}, device="cpu"
)
LATTICE_A = 5.6


def frames_of(crystal, count, size_a):
    """Random displacements of all atoms, in another order and shifted by lattice vectors."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(count):
        atoms = harmonic.to_ase(crystal.supercell)
        atoms.positions += size_a * rng.normal(size=atoms.positions.shape)
        order = rng.permutation(len(atoms))
        atoms = atoms[order]
        (answer,) = POTENTIAL.evaluate([atoms])
        atoms.positions += rng.integers(-1, 2, size=(len(atoms), 3)) @ atoms.cell.array
        found.append(SimpleNamespace(atoms=atoms, forces_ev_per_a=answer.forces_ev_per_a))
    return found


def test_random_and_single_displacements_give_the_same_force_constants():
    crystal = harmonic.ideal("NaCl", "rocksalt", LATTICE_A, 2)
    by_steps = harmonic.of_potential(POTENTIAL, crystal)
    by_frames = harmonic.of_forces(crystal, frames_of(crystal, 4, 1e-3))
    distances, steps = harmonic.by_distance(by_steps)
    _, frames = harmonic.by_distance(by_frames)
    np.testing.assert_allclose(frames, steps, atol=2e-3 * np.abs(steps).max())
    assert distances[0] == 0
    assert distances.max() == pytest.approx(LATTICE_A * 3**0.5)


def test_frames_of_another_crystal_are_refused():
    crystal = harmonic.ideal("NaCl", "rocksalt", LATTICE_A, 2)
    (frame,) = frames_of(crystal, 1, 1e-3)
    frame.atoms.positions += [LATTICE_A / 2, 0, 0]
    with pytest.raises(ValueError, match="not of this supercell"):
        harmonic.of_forces(crystal, [frame])


def test_errors_are_taken_after_the_mean_difference_of_energies():
    atoms = bulk("NaCl", "rocksalt", a=LATTICE_A)
    zero = np.zeros((2, 3))
    frames = [Frame(atoms, energy, zero, None, "made up") for energy in (0.0, 1.0)]
    found = [Evaluation(e, zero + f, np.zeros((3, 3))) for e, f in ((5.0, 0.1), (6.02, -0.1))]
    scores = learning.compared(found, frames)
    assert scores.energy_mev_per_atom == pytest.approx(5.0)
    assert scores.forces_mev_per_a == pytest.approx(100.0)
    assert scores.stress_gpa is None


def test_more_labels_include_the_fewer():
    frames = list(range(30))
    assert learning.drawn(frames, 20, 1)[:10] == learning.drawn(frames, 10, 1)
    assert learning.drawn(frames, 10, 1) != learning.drawn(frames, 10, 2)


def test_tables_give_mean_and_spread_of_the_trainings():
    line = [[0.0, 0.0, 0.0, 5.0, 5.0, 7.0]] * long_range.N_LINE
    scores = {"energy_mev_per_atom": 1.0, "forces_mev_per_a": 3.0, "stress_gpa": 0.1}
    runs = [
        {
            **{"variant": name, "count": 10, "seed": seed, "charge_e": None},
            **{"test": scores, "large": scores, "far_error": 0.5 + 0.1 * seed},
            **{"line_thz": line},
        }
        for name in ("short-range", "corrected")
        for seed in range(2)
    ]
    shown = long_range.table({"reference": {"line_thz": line}, "runs": runs[:2]})
    assert "| 10 | short-range | 3.00 ± 0.00 | 3.00 ± 0.00 | 55 ± 7 | 7.00 ± 0.00 |" in shown
    reference = {"Γ": [0.0, 15.1], "X": [4.4, 4.4, 12.0]}
    found = {"reference": reference, "baseline": runs[0], "runs": runs[2:]}
    shown = delta.table(found)
    assert "| 0 | SevenNet-l3i5 | 1.0 | 3 | 0.10 | 7.00 | 0.00 | 0.00 |" in shown
    assert "| 10 | corrected | 1.0 ± 0.0 |" in shown
    assert "15.10 | 4.40 | 12.00 |" in shown
