"""Elastic constants of pair-potential crystals, against exact relations."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from lennard_jones import LennardJones
from scipy.spatial.transform import Rotation

from mlpcore.units import EV_PER_A3_IN_GPA
from properties import relax
from properties.crystal import Crystal
from properties.elasticity.constants import elastic_constants
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS

EXACT = dataclasses.replace(PRESETS["tight"], fmax_ev_per_a=1e-7, max_stress_gpa=1e-5)


def relaxed(crystal, potential, pressure_gpa=0.0):
    found = relax.relax_crystal(crystal, potential, EXACT, Silent(), pressure_gpa)
    assert found.converged
    return found.primitive


def elastic(crystal, potential, pressure_gpa=0.0):
    primitive = relaxed(crystal, potential, pressure_gpa)
    return elastic_constants(
        primitive, potential, EXACT, Silent(), MemoryPieces(), pressure_gpa
    )


@pytest.fixture(scope="module")
def known(fcc, hcp):
    """Elastic constants of a close-packed crystal, each computed once."""

    @cache
    def of(structure, pressure_gpa=0.0):
        return elastic({"fcc": fcc, "hcp": hcp}[structure](), LennardJones(), pressure_gpa)

    return of


def pressure_of(crystal, potential, scale):
    (found,) = potential.evaluate([crystal.with_lattice(crystal.lattice_a * scale).to_atoms()])
    return -np.trace(found.stress_ev_per_a3) / 3 * EV_PER_A3_IN_GPA


@pytest.mark.parametrize("pressure_gpa", [0.0, 8.0, -3.0])
def test_cauchy_relation_of_central_forces(known, pressure_gpa):
    """C12 − C44 = 2p for the stress–strain coefficients (Born and Huang 1954)."""
    found = known("fcc", pressure_gpa).independent_constants
    assert found["C12"] - found["C44"] == pytest.approx(2 * pressure_gpa, abs=1e-3)
    assert found["C44"] > 50


@pytest.mark.parametrize("pressure_gpa", [0.0, 8.0])
def test_bulk_modulus_is_the_slope_of_the_pressure(fcc, known, potential, pressure_gpa):
    crystal, h = relaxed(fcc(), potential, pressure_gpa), 1e-4
    minus, plus = (pressure_of(crystal, potential, 1 + s * h) for s in (-1, 1))
    assert (minus + plus) / 2 == pytest.approx(pressure_gpa, abs=1e-3)
    slope = -(plus - minus) / (6 * h)  # d ln V is three times d ln a
    found = known("fcc", pressure_gpa)
    assert found.moduli.bulk_voigt_gpa == pytest.approx(slope, rel=1e-5)
    assert found.moduli.bulk_reuss_gpa == pytest.approx(slope, rel=1e-5)


def test_atoms_at_inversion_centres_do_not_relax(known):
    found = known("fcc")
    np.testing.assert_allclose(found.stiffness_gpa, found.stiffness_clamped_gpa, atol=1e-9)


def test_hexagonal_close_packing_relaxes_by_its_optical_mode(known):
    """Clamped ions keep the Cauchy relations; the pair of atoms gives way to shear."""
    found = known("hcp")
    clamped, free = found.stiffness_clamped_gpa, found.stiffness_gpa
    assert clamped[0, 2] == pytest.approx(clamped[3, 3], abs=1e-3)  # C13 = C44
    assert clamped[0, 1] == pytest.approx(clamped[5, 5], abs=1e-3)  # C12 = C66
    assert free[5, 5] < clamped[5, 5] - 1
    assert free[2, 2] == pytest.approx(clamped[2, 2], abs=1e-6)
    assert found.laue_class == "6/mmm"
    assert np.linalg.eigvalsh(clamped - free).min() > -1e-6


@pytest.mark.parametrize("structure", ["fcc", "hcp"])
@pytest.mark.parametrize("pressure_gpa", [0.0, 8.0])
def test_finite_strains_agree_to_a_thousandth(known, structure, pressure_gpa):
    found = known(structure, pressure_gpa)
    largest = found.stiffness_gpa.max()
    assert found.method == "second derivatives"
    assert 0 < found.finite_strain_max_deviation_gpa < 1e-3 * largest
    clamped = found.finite_strain_stiffness_clamped_gpa[0]
    np.testing.assert_allclose(clamped, found.stiffness_clamped_gpa, atol=1e-3 * largest)
    assert {c.code for c in found.checks if not c.passed} == set()


def test_finite_strain_error_falls_with_the_square_of_the_strain(known):
    found = known("fcc")
    errors = np.abs(found.finite_strain_stiffness_gpa - found.stiffness_gpa).max((1, 2))
    squares = (found.finite_strains / found.finite_strains[0]) ** 2
    np.testing.assert_allclose(errors / errors[0], squares, rtol=0.02)


def test_energies_under_strain_follow_the_exact_curvature(known):
    found = known("hcp")
    small = np.isclose(np.abs(found.strain_energy_strain), found.finite_strains[0])
    for energies, column in (
        (found.strain_energy_clamped_ev, 0),
        (found.strain_energy_relaxed_ev, 1),
    ):
        second = energies[:, small].sum(axis=1) / found.finite_strains[0] ** 2
        np.testing.assert_allclose(
            second, found.strain_energy_curvature_ev[:, column], rtol=2e-3
        )


def test_without_second_derivatives_the_finite_strains_are_the_result(hcp, known, potential):
    exact = known("hcp")
    potential.info = dataclasses.replace(potential.info, twice_differentiable=False)
    found = elastic(hcp(), potential)
    assert found.method == "finite strain"
    np.testing.assert_allclose(
        found.stiffness_gpa, exact.finite_strain_stiffness_gpa[0], atol=1e-2
    )


def test_the_cell_in_which_a_crystal_comes_does_not_matter(hcp, known, potential):
    """A supercell, turned, shifted, in another order of atoms."""
    atoms = hcp().to_atoms().repeat((2, 1, 1))
    turn = Rotation.from_rotvec([0.4, 1.3, -0.2]).as_matrix()
    atoms.set_cell(atoms.cell @ turn.T, scale_atoms=True)
    atoms.positions += [0.3, 1.1, -2.6]
    other = Crystal.from_atoms(atoms[[2, 0, 3, 1]])
    np.testing.assert_allclose(
        elastic(other, potential).stiffness_gpa,
        known("hcp").stiffness_gpa,
        atol=1e-3,
    )


def test_relaxation_finds_the_minimum_from_afar(fcc, potential):
    """The same volume from 3 % compressed and stretched cells, and no stress in it."""
    volumes = [relaxed(fcc(a=3.6 * scale), potential).volume_a3 for scale in (0.97, 1.0, 1.03)]
    assert np.ptp(volumes) / volumes[0] < 1e-7
    crystal = relaxed(fcc(), potential)
    assert pressure_of(crystal, potential, 1.0) == pytest.approx(0, abs=1e-5)


def test_relaxation_at_fixed_volume_keeps_it_and_finds_the_shape(hcp, potential):
    start = hcp()
    squeezed = start.with_lattice(start.lattice_a * [1.02, 1.02, 1 / 1.02**2])
    found = relax.relax(squeezed, potential, EXACT, Silent(), fixed_volume=True)
    assert found.converged
    assert found.crystal.volume_a3 == pytest.approx(squeezed.volume_a3, rel=1e-10)
    c_over_a = np.linalg.norm(found.crystal.lattice_a, axis=1)[[2, 0]]
    assert c_over_a[0] / c_over_a[1] == pytest.approx(np.sqrt(8 / 3), abs=3e-3)


def test_pressure_does_the_work_that_it_should(fcc, potential):
    """At 8 GPa the relaxed cell carries a stress of −8 GPa and is smaller."""
    found = relax.relax_crystal(fcc(), potential, EXACT, Silent(), 8.0)
    assert pressure_of(found.primitive, potential, 1.0) == pytest.approx(8.0, abs=1e-4)
    assert found.volume_per_atom_a3 < relaxed(fcc(), potential).volume_a3
    assert found.pressure_gpa == 8.0
    assert found.space_group_number == 225
