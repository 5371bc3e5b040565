"""One quantity by several routes, for a crystal of pair forces where all must agree."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from lennard_jones import LennardJones
from scipy import constants

from properties import relax
from properties.elasticity import christoffel
from properties.elasticity.constants import elastic_constants
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations import consistency
from properties.vibrations.phonons import phonons
from properties.vibrations.thermal import thermal_expansion

QUICK = dataclasses.replace(PRESETS["quick"], fmax_ev_per_a=1e-6, max_stress_gpa=1e-4)


@pytest.fixture(scope="module")
def results(hcp):
    """Close-packed layers, which are neither cubic nor in the axes of the tensor."""
    potential, pieces = LennardJones(), MemoryPieces()
    crystal = relax.relax_crystal(hcp(94), potential, QUICK, Silent()).primitive
    common = (crystal, potential, QUICK, Silent(), pieces)
    elastic = elastic_constants(*common)
    waves, phonon = phonons(*common)
    heat = thermal_expansion(crystal, potential, *common[1:], elastic=elastic, phonon=phonon)
    return {"elastic": elastic, "phonons": waves, "thermal": heat}


@pytest.fixture(scope="module")
def found(results):
    return {one.key: one for one in consistency.comparisons(results)}


def test_every_quantity_is_compared(found):
    assert list(found) == ["sound", "bulk", "debye", "heat", "states", "gruneisen"]


@pytest.mark.parametrize("key", ["sound", "bulk", "debye", "heat", "states", "gruneisen"])
def test_all_routes_agree_for_pair_forces(found, key):
    assert found[key].check.passed, found[key].check.message


def test_sound_is_compared_in_one_frame(results):
    """Every wave, within the reach of the supercell."""
    rows = consistency.sound_rows(results["elastic"], results["phonons"])
    assert len(rows) == 3 * len(results["phonons"].sound_direction) > 0
    assert max(abs(row.deviation) for row in rows) < 0.03


def test_a_wrong_frame_would_be_seen(results):
    turned = dataclasses.replace(
        results["elastic"], ieee_rotation=results["elastic"].ieee_rotation[[2, 0, 1]]
    )
    rows = consistency.sound_rows(turned, results["phonons"])
    assert max(abs(row.deviation) for row in rows) > 0.05


def test_softer_constants_fail_with_their_size(results):
    soft = dataclasses.replace(
        results["elastic"], stiffness_gpa=0.7 * results["elastic"].stiffness_gpa
    )
    found = {o.key: o for o in consistency.comparisons({**results, "elastic": soft})}
    assert not found["bulk"].check.passed
    assert not found["sound"].check.passed
    assert "+42." in found["bulk"].check.message or "+43." in found["bulk"].check.message


def test_debye_temperature_of_long_waves_is_that_of_sound(results):
    elastic = results["elastic"]
    exact = christoffel.debye_temperature_k(
        elastic.stiffness_gpa, elastic.density_kg_per_m3, elastic.volume_per_atom_a3
    )
    assert consistency.debye_of_long_waves_k(results["phonons"]) == pytest.approx(
        exact, rel=0.05
    )


@pytest.mark.parametrize("debye_thz", [3.0, 12.0])
def test_both_debye_temperatures_of_a_debye_spectrum(results, debye_thz):
    nu = np.linspace(0, 1.02 * debye_thz, 2001)
    states = np.where(nu <= debye_thz, 9 * 2 * nu**2 / debye_thz**3, 0.0)
    spectrum = dataclasses.replace(
        results["phonons"],
        dos_frequency_thz=nu,
        dos_per_thz=states,
        max_frequency_thz=debye_thz,
        n_atoms_primitive=2,
    )
    exact = debye_thz * 1e12 * constants.h / constants.k
    assert consistency.debye_of_long_waves_k(spectrum) == pytest.approx(exact, rel=1e-6)
    assert consistency.debye_of_second_moment_k(spectrum) == pytest.approx(exact, rel=1e-3)


def test_bulk_modulus_from_volumes_under_pressure():
    """Murnaghan: V = V₀ (1 + B′p/B)^(−1/B′)."""
    pressures = np.linspace(-2.0, 8.0, 6)
    volumes = 20 * (1 + 4 * pressures / 90) ** (-1 / 4)
    at_zero = consistency.bulk_from_pressures_gpa(pressures, volumes, 0.0)
    assert at_zero == pytest.approx(90, rel=0.02)
    assert consistency.bulk_from_pressures_gpa(pressures, volumes, 4.0) == pytest.approx(
        90 + 4 * 4.0, rel=0.02
    )
    assert np.isnan(consistency.bulk_from_pressures_gpa(pressures, volumes, 9.0))
    assert np.isnan(consistency.bulk_from_pressures_gpa(pressures[:2], volumes[:2], 0.0))


def test_without_results_there_is_nothing_to_compare(results):
    assert consistency.comparisons({}) == ()
    imaginary = dataclasses.replace(results["phonons"], imaginary=True)
    assert consistency.comparisons({"phonons": imaginary}) == ()


def test_sound_has_a_gruneisen_parameter_at_gamma(results):
    """The limit along each line of the path, where γ of a sound wave would be 0/0."""
    heat, waves = results["thermal"], results["phonons"]
    at_gamma = np.abs(waves.band_qpoints).max(axis=1) < 1e-9
    gamma = heat.band_gruneisen[at_gamma]
    assert np.isfinite(gamma).all()
    beside = heat.band_gruneisen[np.flatnonzero(at_gamma)[0] + 4]
    np.testing.assert_allclose(gamma[0][:3], beside[:3], rtol=0.05)
    np.testing.assert_allclose(
        heat.band_gruneisen_distance, waves.band_distance, rtol=1e-6, atol=1e-9
    )
