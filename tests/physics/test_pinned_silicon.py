"""Silicon: values that an independent implementation gave for the same potentials."""

from __future__ import annotations

import numpy as np
import pytest

from properties import pipeline
from properties.crystal import Crystal
from properties.progress import MemoryPieces, Silent
from properties.relax import relax_crystal
from properties.spec import PRESETS, Spec
from properties.vibrations.phonons import phonons

QUICK = PRESETS["quick"]


def silicon():
    half = 5.43 / 2
    lattice = half * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Crystal(lattice, np.array([14, 14]), np.array([[0.0, 0, 0], [0.25, 0.25, 0.25]]))


@pytest.fixture(scope="module")
def outcome():
    """As users have it: through the pipeline, with SevenNet-0, at preset quick."""
    spec = Spec(silicon(), "sevennet-0", ("relax", "elastic", "phonons"), "quick")
    return pipeline.run(spec, Silent(), MemoryPieces(), device="cpu")


def constants(tensor):
    return [tensor[0, 0], tensor[0, 1], tensor[3, 3]]


def test_elastic_constants_of_silicon(outcome):
    found = outcome.stages["elastic"]
    assert constants(found.stiffness_gpa) == pytest.approx([154.3, 69.7, 57.9], rel=0.01)
    assert found.stiffness_clamped_gpa[3, 3] == pytest.approx(77.9, rel=0.01)
    np.testing.assert_allclose(
        constants(found.stiffness_clamped_gpa)[:2], constants(found.stiffness_gpa)[:2], atol=0.1
    )


def test_finite_strain_gives_silicon_the_same_constants(outcome):
    found = outcome.stages["elastic"]
    for strained in found.finite_strain_stiffness_gpa:
        assert constants(strained) == pytest.approx([154.3, 69.7, 57.9], rel=0.01)
    assert found.finite_strain_stiffness_clamped_gpa[0][3, 3] == pytest.approx(77.9, rel=0.01)
    assert found.finite_strain_max_deviation_gpa < 0.1


def test_optical_mode_of_silicon(outcome):
    """Three acoustic modes at zero, three optical ones together."""
    found = outcome.stages["phonons"].gamma_frequencies_thz
    np.testing.assert_allclose(found[:3], 0, atol=1e-4)
    np.testing.assert_allclose(found[3:], 12.5, rtol=0.01)
    assert np.ptp(found[3:]) < 1e-4


def test_optical_mode_of_silicon_with_the_default_model(sevennet_l3i5):
    relaxed = relax_crystal(silicon(), sevennet_l3i5, QUICK, Silent())
    found, _ = phonons(relaxed.primitive, sevennet_l3i5, QUICK, Silent(), MemoryPieces())
    np.testing.assert_allclose(found.gamma_frequencies_thz[3:], 12.8, rtol=0.01)


def test_heat_capacity_of_silicon(outcome):
    """Measured: 20.0 J/mol/K at 300 K; soft modes come a little nearer to 3R."""
    found = outcome.report()["phonons"]["heat_capacity_300k_j_per_mol_atoms_k"]
    assert 19.5 < found < 21.5


def test_curvature_at_finite_displacement_is_the_optical_frequency(outcome, sevennet_0):
    """One component of the relative motion of the two atoms, by hand."""
    crystal, step = outcome.stages["relax"].primitive, 0.01
    forces = []
    for sign in (-1, 1):
        atoms = crystal.to_atoms()
        atoms.positions[0, 0] += sign * step
        forces.append(sevennet_0.evaluate([atoms])[0].forces_ev_per_a[0, 0])
    constant = -(forces[1] - forces[0]) / (2 * step)  # eV/Å²
    ev_per_a2_in_si, mass_kg = 16.021766, 28.085 * 1.66053907e-27
    frequency_thz = np.sqrt(2 * constant * ev_per_a2_in_si / mass_kg) / (2 * np.pi) / 1e12
    own = outcome.stages["phonons"].gamma_frequencies_thz[-1]
    assert own == pytest.approx(frequency_thz, rel=0.005)
