"""Lattices of springs between neighbours, whose phonons are known in closed form."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ase.data import atomic_masses
from lennard_jones import LennardJones
from scipy import constants
from shell_springs import ShellSprings

from properties import symmetry
from properties.crystal import Crystal
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations.born import BornCharges
from properties.vibrations.phonons import phonons

QUICK = dataclasses.replace(PRESETS["quick"], supercell_length_a=7.5, mesh_length_a=30.0)
THZ = np.sqrt(constants.e / constants.angstrom**2 / constants.atomic_mass) / 2 / np.pi / 1e12
"""Frequency of 1 eV/Å² and 1 u, in THz."""
D = 2.8
K = 3.0
FACES = D * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])


def crystal(lattice, numbers, fractional):
    return symmetry.analyse(
        Crystal(np.array(lattice), np.array(numbers), np.array(fractional, dtype=float))
    ).primitive


def vibrate(cell, potential, born=None, **changes):
    settings = dataclasses.replace(QUICK, **changes)
    return phonons(cell, potential, settings, Silent(), MemoryPieces(), born)


def halite():
    return crystal(FACES, [11, 17], [[0, 0, 0], [0.5] * 3])


@pytest.fixture(scope="module")
def salt():
    """Rock salt with springs to the nearest and the second neighbours."""
    return vibrate(halite(), ShellSprings((D, D * 2**0.5), (K, 0.6)))


def phases(cell, qpoints):
    """Angle q·r between neighbours at a distance D along x, y and z, (q, 3)."""
    return 2 * np.pi * D * qpoints @ np.linalg.inv(cell.lattice_a).T


def test_one_atom_chains_along_each_axis():
    """ω = 2 √(k/m) |sin(qa/2)|: springs between neighbours alone leave chains apart."""
    cell = crystal(D * np.eye(3), [29], [[0, 0, 0]])
    result, _ = vibrate(cell, ShellSprings((D,), (K,)))
    half = phases(cell, result.band_qpoints) / 2
    exact = 2 * THZ * np.sqrt(K / atomic_masses[29]) * np.abs(np.sin(half))
    np.testing.assert_allclose(
        np.abs(result.band_frequency_thz), np.sort(exact, axis=1), atol=0.05
    )


def test_two_atom_chains_along_each_axis():
    """ω² = k/μ ± k √(1/μ² − 4 sin²(qd)/(mM))."""
    cell = halite()
    result, _ = vibrate(cell, ShellSprings((D,), (K,)))
    inverse = (1 / atomic_masses[[11, 17]]).sum()
    product = atomic_masses[[11, 17]].prod()
    sines = np.sin(phases(cell, result.band_qpoints)) ** 2
    root = np.sqrt(inverse**2 - 4 * sines / product)
    squares = K * np.hstack([inverse - root, inverse + root])
    exact = THZ * np.sqrt(np.maximum(squares, 0))
    np.testing.assert_allclose(
        np.abs(result.band_frequency_thz), np.sort(exact, axis=1), atol=0.05
    )


def test_the_supercell_does_not_matter_to_short_springs(salt):
    larger, _ = vibrate(
        halite(), ShellSprings((D, D * 2**0.5), (K, 0.6)), supercell_length_a=10.0
    )
    assert larger.supercell_n_atoms > salt[0].supercell_n_atoms
    np.testing.assert_allclose(larger.band_frequency_thz, salt[0].band_frequency_thz, atol=2e-3)


def test_charges_split_modes_by_the_relation_of_lyddane_sachs_and_teller():
    """ω_LO²/ω_TO² = ε₀/ε∞ with ε₀ = ε∞ + e² Z*²/(ε_vac μ V ω_TO²)."""
    cell = halite()
    charge, screening = 1.1, 2.4
    charges = charge * np.eye(3) * np.sign(14 - cell.numbers)[:, None, None]
    born = BornCharges(screening * np.eye(3), charges, "here")
    result, _ = vibrate(cell, ShellSprings((D, D * 2**0.5), (K, 0.6)), born)
    transverse = result.gamma_frequencies_thz[-1]
    reduced = 1 / (1 / atomic_masses[[11, 17]]).sum() * constants.atomic_mass
    volume = cell.volume_a3 * constants.angstrom**3
    oscillator = (charge * constants.e) ** 2 / (constants.epsilon_0 * reduced * volume)
    static = screening + oscillator / (2e12 * np.pi * transverse) ** 2
    for frequencies in result.limit_frequency_thz:
        np.testing.assert_allclose(frequencies[3:5], transverse, rtol=1e-5)
        assert frequencies[-1] ** 2 / transverse**2 == pytest.approx(
            static / screening, rel=1e-4
        )


def test_eigenvectors_are_orthonormal(salt):
    vectors = salt[0].band_eigenvectors
    products = np.swapaxes(vectors.conj(), 1, 2) @ vectors
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(6), products.shape), atol=1e-5)


def test_group_speeds_are_slopes_of_the_bands(salt):
    """Central differences in three directions where no other band is near."""
    result, phonon = salt
    inverse, step = phonon.primitive.cell.T, 1e-4
    tested = 0
    for index in range(3, len(result.band_qpoints), 5):
        q = result.band_qpoints[index]
        ends = [
            phonon.run_qpoints(q + sign * step * np.eye(3) @ inverse.T).frequencies
            for sign in (1, -1)
        ]
        slopes = np.linalg.norm((ends[0] - ends[1]) / (2 * step), axis=0) * 0.1
        gaps = np.diff([-9.0, *result.band_frequency_thz[index], 99.0])
        alone = np.minimum(gaps[:-1], gaps[1:]) > 0.3
        np.testing.assert_allclose(
            result.band_group_speed_km_per_s[index][alone], slopes[alone], atol=0.02
        )
        tested += alone.sum()
    assert tested > 20


def test_shares_of_the_atoms_add_up_to_all_states(salt):
    result, _ = salt
    np.testing.assert_allclose(
        result.projected_dos_per_thz.sum(axis=0), result.dos_per_thz, atol=1e-9
    )
    per_atom = np.trapezoid(result.projected_dos_per_thz, result.dos_frequency_thz, axis=1)
    np.testing.assert_allclose(per_atom, 3, rtol=0.05)


def activities(result):
    """Labels of the optical modes at Γ: all, Raman active, infrared active."""
    optical = [mode for mode in result.gamma_modes if not mode.acoustic]
    return tuple(
        sorted(mode.label for mode in optical if wanted(mode))
        for wanted in (
            lambda _: True,
            lambda mode: mode.raman_active,
            lambda mode: mode.infrared_active,
        )
    )


def test_rock_salt_is_infrared_active_only(salt):
    assert activities(salt[0]) == (["T1u"], [], ["T1u"])


def test_diamond_is_raman_active_only():
    cell = crystal(2.7 * FACES / D, [14, 14], [[0, 0, 0], [0.25] * 3])
    near = 2.7 * 2 * 3**0.5 / 4
    result, _ = vibrate(cell, ShellSprings((near, 2.7 * 2**0.5), (8.0, 1.0)))
    assert activities(result) == (["T2g"], ["T2g"], [])


def test_rutile_has_the_modes_of_its_factor_group():
    """A1g + A2g + A2u + B1g + B2g + 2 B1u + Eg + 3 Eu beside the acoustic ones."""
    x = 0.305
    oxygen = [[x, x, 0], [-x, -x, 0], [0.5 - x, 0.5 + x, 0.5], [0.5 + x, 0.5 - x, 0.5]]
    cell = crystal(
        np.diag([4.594, 4.594, 2.959]), [22, 22, 8, 8, 8, 8], [[0] * 3, [0.5] * 3, *oxygen]
    )
    result, _ = vibrate(cell, LennardJones(sigma_a=1.8))
    names = ["A1g", "A2g", "A2u", "B1g", "B1u", "B1u", "B2g", "Eg", "Eu", "Eu", "Eu"]
    assert activities(result) == (names, ["A1g", "B1g", "B2g", "Eg"], ["A2u"] + ["Eu"] * 3)


def test_modes_of_a_set_are_as_many_as_its_symbol_says(salt):
    for mode in salt[0].gamma_modes:
        assert len(mode.bands) == {"A": 1, "B": 1, "E": 2, "T": 3}[mode.label[0]]
    assert sorted(b for mode in salt[0].gamma_modes for b in mode.bands) == list(range(6))
