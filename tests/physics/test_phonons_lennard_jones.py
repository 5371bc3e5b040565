"""Phonons and expansion of pair-potential crystals, against exact results."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ase.data import atomic_masses
from lennard_jones import LennardJones
from phonopy.harmonic.dynmat_to_fc import get_commensurate_points
from scipy import constants

from properties import relax
from properties.elasticity.constants import elastic_constants
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations.phonons import phonons, sample_mesh
from properties.vibrations.thermal import thermal_expansion

QUICK = dataclasses.replace(PRESETS["quick"], fmax_ev_per_a=1e-6, max_stress_gpa=1e-4)
THZ = np.sqrt(constants.e / constants.angstrom**2 / constants.atomic_mass) / 2 / np.pi / 1e12
"""Frequency of 1 eV/Å² and 1 u, in THz."""
R = constants.R


def relaxed(crystal, potential):
    return relax.relax_crystal(crystal, potential, QUICK, Silent()).primitive


def harmonic(crystal, potential):
    return phonons(relaxed(crystal, potential), potential, QUICK, Silent(), MemoryPieces())


@pytest.fixture(scope="module")
def copper(fcc):
    return harmonic(fcc(29), LennardJones())


@pytest.fixture(scope="module")
def plutonium(fcc):
    return harmonic(fcc(94), LennardJones())


@pytest.fixture(scope="module")
def elastic(fcc):
    potential = LennardJones()
    crystal = relaxed(fcc(29), potential)
    return elastic_constants(crystal, potential, QUICK, Silent(), MemoryPieces())


@pytest.fixture(scope="module")
def thermal(fcc, elastic):
    potential = LennardJones()
    crystal = relaxed(fcc(29), potential)
    return thermal_expansion(
        crystal, potential, potential, QUICK, Silent(), MemoryPieces(), elastic=elastic
    )


def frequencies_thz(phonon, qpoints):
    return phonon.run_qpoints(qpoints).frequencies


@pytest.mark.parametrize("structure", ["fcc", "hcp"])
def test_commensurate_frequencies_are_those_of_the_whole_supercell(
    request, potential, structure
):
    """Eigenvalues of the supercell's exact force constants, without phonopy."""
    _, phonon = harmonic(request.getfixturevalue(structure)(), potential)
    atoms = potential_atoms(phonon)
    masses = np.repeat(atoms.get_masses(), 3)
    hessian = potential.hessian_ev_per_a2(atoms) / np.sqrt(np.outer(masses, masses))
    values = np.linalg.eigvalsh(hessian)
    exact = np.sign(values) * np.sqrt(np.abs(values)) * THZ
    own = frequencies_thz(phonon, get_commensurate_points(phonon.supercell_matrix))
    np.testing.assert_allclose(np.sort(own.ravel()), exact, rtol=1e-3, atol=2e-4)


def potential_atoms(phonon):
    from ase import Atoms

    cell = phonon.supercell
    return Atoms(
        numbers=cell.numbers, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True
    )


def test_frequencies_go_with_the_inverse_root_of_the_mass(copper, plutonium):
    """With one table of masses for all stages; phonopy's own has none for plutonium."""
    ratio = np.sqrt(atomic_masses[29] / atomic_masses[94])
    np.testing.assert_allclose(
        plutonium[0].band_frequency_thz, copper[0].band_frequency_thz * ratio, atol=1e-6
    )


DIRECTIONS = {"100": [1.0, 0, 0], "110": [1, 1, 0], "111": [1, 1, 1]}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_acoustic_slopes_are_the_velocities_of_sound(copper, elastic, direction):
    """Slopes at Γ against the Christoffel equation of the elastic constants."""
    result, phonon = copper
    along = np.array(DIRECTIONS[direction]) / np.linalg.norm(DIRECTIONS[direction])
    per_a = 0.005
    q = phonon.primitive.cell @ along * per_a
    slopes = frequencies_thz(phonon, [q])[0] / per_a * 100  # THz Å to m/s
    density = elastic.density_kg_per_m3
    velocities = np.sqrt(np.linalg.eigvalsh(christoffel(elastic, along)) * 1e9 / density)
    np.testing.assert_allclose(slopes, velocities, rtol=0.02)
    assert result.n_atoms_primitive == 1


def christoffel(elastic, along):
    c11, c12, c44 = (elastic.independent_constants[f"C{i}"] for i in ("11", "12", "44"))
    matrix = (c12 + c44) * np.outer(along, along)
    np.fill_diagonal(matrix, c44 + (c11 - c44) * along**2)
    return matrix


def test_heat_capacity_nears_that_of_dulong_and_petit(plutonium):
    """3R (1 − ⟨(hν/kT)²⟩/12 + …), the mean over the density of states."""
    result, _ = plutonium
    weights = result.dos_per_thz / result.dos_per_thz.sum()
    x = result.dos_frequency_thz * 1e12 * constants.h / (constants.k * 1000)
    expected = 3 * R * (1 - (weights * x**2).sum() / 12)
    assert result.heat_capacity_j_per_mol_k[-1] == pytest.approx(expected, rel=2e-4)
    assert result.heat_capacity_j_per_mol_k[-1] < 3 * R
    assert result.heat_capacity_j_per_mol_k[-1] > 0.99 * 3 * R


def test_thermodynamic_functions_belong_together(copper):
    """S = −dF/dT and C = T dS/dT; at 0 K the free energy is that of the zero point."""
    result, _ = copper
    t = result.temperatures_k
    entropy = -np.gradient(result.free_energy_kj_per_mol, t) * 1e3
    capacity = t * np.gradient(result.entropy_j_per_mol_k, t)
    middle = (t >= 100) & (t < 1000)
    np.testing.assert_allclose(entropy[middle], result.entropy_j_per_mol_k[middle], rtol=2e-3)
    np.testing.assert_allclose(
        capacity[middle], result.heat_capacity_j_per_mol_k[middle], rtol=5e-3
    )
    half = constants.h * constants.N_A / 2 * 1e12 / 1e3
    weights = result.dos_per_thz / result.dos_per_thz.sum()
    zero_point = 3 * half * (weights * result.dos_frequency_thz).sum()
    assert result.zero_point_energy_kj_per_mol == pytest.approx(zero_point, rel=2e-3)


def test_low_temperature_heat_capacity_is_that_of_debye(copper, elastic):
    """(2π²/5) k (kT/ħ)³ V ⟨Σ v⁻³⟩ with velocities of sound from the elastic constants."""
    _, phonon = copper
    temperature_k, rng = 12.0, np.random.default_rng(1)
    along = rng.normal(size=(500, 3))
    along /= np.linalg.norm(along, axis=1)[:, None]
    matrices = np.array([christoffel(elastic, n) for n in along])
    cubes = np.sqrt(np.linalg.eigvalsh(matrices) * 1e9 / elastic.density_kg_per_m3) ** 3
    thermal_per_m3 = (constants.k * temperature_k / constants.hbar) ** 3 * (1 / cubes).sum(
        axis=1
    ).mean()
    volume_m3 = elastic.volume_per_atom_a3 * 1e-30
    debye = R * 2 * np.pi**2 / 15 * volume_m3 * thermal_per_m3
    phonon.run_mesh(300.0)  # 12 K is 0.25 THz: far below the highest mode, above the spacing
    sampled = phonon.run_thermal_properties(
        temperatures=[temperature_k], exclude_gamma_acoustic=True
    )
    assert sampled.heat_capacity[0] == pytest.approx(debye, rel=0.05)


def test_density_of_states_holds_three_modes_per_atom(copper):
    result, _ = copper
    total = np.trapezoid(result.dos_per_thz, result.dos_frequency_thz)
    assert total == pytest.approx(3, rel=0.01)
    assert not result.imaginary


def test_rigid_translations_stay_out_of_the_free_energy(fcc, potential):
    """Rounding on either side of zero must not decide whether they count."""
    _, phonon = harmonic(fcc(29), potential)
    exact = phonon.force_constants.copy()
    free = []
    for rounding in (-1e-10, 1e-10):
        changed = exact.copy()
        changed[0, phonon.primitive.p2s_map[0]] += rounding * np.eye(3)
        phonon.force_constants = changed
        free.append(sample_mesh(phonon, QUICK).free_energy_kj_per_mol[-1])
    assert free[0] == pytest.approx(free[1], rel=0, abs=1e-7)


def test_path_and_labels_of_the_face_centred_lattice(copper):
    result, _ = copper
    assert result.band_tick_label[0] == "Γ"
    assert {"Γ", "X", "L"} <= set("|".join(result.band_tick_label).split("|"))
    assert len(result.band_tick_distance) == len(result.band_tick_label)
    at_gamma = np.flatnonzero(np.linalg.norm(result.band_qpoints, axis=1) < 1e-9)
    np.testing.assert_allclose(result.band_frequency_thz[at_gamma], 0, atol=1e-4)


def test_expansion_is_that_of_its_grueneisen_parameter(thermal):
    """α = γ C_V/(B V), with γ from the modes at the relaxed volume, to some percent."""
    at = np.searchsorted(thermal.temperatures_k, 300.0)
    modes = next(c for c in thermal.checks if c.code == "gruneisen_agreement")
    assert modes.passed
    volume_m3 = thermal.volume_per_atom_a3[at] * 1e-30 * constants.N_A
    alpha = (
        thermal.gruneisen_thermodynamic[at]
        * thermal.heat_capacity_v_j_per_mol_atoms_k[at]
        / (thermal.bulk_modulus_gpa[at] * 1e9 * volume_m3)
    )
    assert thermal.alpha_volume_per_k[at] == pytest.approx(alpha, rel=1e-6)
    assert 2.5 < thermal.gruneisen < 4
    assert thermal.alpha_volume_per_k[0] == 0
    assert (thermal.alpha_volume_per_k[1:] > 0).all()


def test_a_cubic_crystal_expands_alike_along_its_axes(thermal):
    for axis in "abc":
        np.testing.assert_allclose(
            thermal.alpha_linear_per_k[axis], thermal.alpha_volume_per_k / 3, rtol=1e-6
        )


def test_heat_capacities_differ_by_the_work_of_expansion(thermal):
    """C_p − C_V = α² B V T."""
    volume_m3 = thermal.volume_per_atom_a3 * 1e-30 * constants.N_A
    work = (
        thermal.alpha_volume_per_k**2
        * thermal.bulk_modulus_gpa
        * 1e9
        * volume_m3
        * thermal.temperatures_k
    )
    difference = (
        thermal.heat_capacity_p_j_per_mol_atoms_k - thermal.heat_capacity_v_j_per_mol_atoms_k
    )
    np.testing.assert_allclose(difference, work, atol=1e-9)


def test_bulk_modulus_three_ways(thermal, elastic):
    """Elastic constants, static equation of state, and softened by vibrations."""
    reuss = elastic.moduli.bulk_reuss_gpa
    assert thermal.static_bulk_modulus_gpa == pytest.approx(reuss, rel=0.01)
    assert 0.9 * reuss < thermal.bulk_modulus_gpa[0] < reuss
    assert thermal.bulk_modulus_gpa[-1] < thermal.bulk_modulus_gpa[0]


def test_all_checks_of_a_good_crystal_pass(thermal, copper, elastic):
    failed = [c.code for r in (thermal, copper[0], elastic) for c in r.checks if not c.passed]
    assert failed == ["qha_range"]  # this crystal expands by 3 % up to 520 K


def test_expansion_ends_where_the_sampled_volumes_end(thermal):
    assert thermal.valid_up_to_k == thermal.temperatures_k[-1] < 1000
    assert f"above {thermal.valid_up_to_k:g} K" in thermal.validity_reason
    step = np.diff(thermal.volume_per_atom_a3)[-1]
    largest = thermal.sampled_volume_per_atom_a3.max()
    assert largest - 2 * step < thermal.volume_per_atom_a3[-1] <= largest
    lengths = {
        len(v) for v in (*thermal.alpha_linear_per_k.values(), thermal.gruneisen_thermodynamic)
    }
    assert lengths == {len(thermal.temperatures_k)}


def test_mode_parameters_are_slopes_of_the_exact_frequencies(thermal, copper, fcc, potential):
    """−d ln ω/d ln V at X from supercells a little smaller and larger."""
    crystal, h = relaxed(fcc(29), potential), 0.004
    at_x = []
    for scale in (1 - h, 1 + h):
        strained = crystal.with_lattice(crystal.lattice_a * scale)
        _, phonon = phonons(strained, potential, QUICK, Silent(), MemoryPieces())
        at_x.append(frequencies_thz(phonon, [[0.5, 0, 0.5]])[0])
    exact = -(np.log(at_x[1]) - np.log(at_x[0])) / (3 * 2 * h)
    result, _ = copper
    x_distance = result.band_tick_distance[result.band_tick_label.index("X")]
    at = np.argmin(np.abs(thermal.band_gruneisen_distance - x_distance))
    np.testing.assert_allclose(np.sort(thermal.band_gruneisen[at]), np.sort(exact), rtol=0.01)
