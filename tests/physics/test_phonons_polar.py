"""Splitting of longitudinal and transverse modes by Born charges, against closed forms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ase.data import atomic_masses
from scipy import constants

from mlpcore.errors import BornError
from properties import symmetry
from properties.crystal import Crystal
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations.born import BornCharges, for_primitive, library_born, read_born
from properties.vibrations.phonons import phonons
from tests.properties.springs import Springs

SHORT = dataclasses.replace(PRESETS["quick"], supercell_length_a=8.0, mesh_length_a=20.0)
SALT = Crystal(
    np.array([[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]]),
    np.array([11, 17]),
    np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
)


def squares(frequencies):
    """Sum of ω²; imaginary modes are negative."""
    return (np.sign(frequencies) * frequencies**2).sum()


def test_splitting_is_that_of_the_ionic_plasma():
    """ω_LO² − ω_TO² = e² Z*²/(ε₀ ε∞ μ V), in SI units without phonopy."""
    primitive = symmetry.analyse(SALT).primitive
    born = library_born(primitive)
    given, checks = for_primitive(born, primitive, primitive, np.eye(3))
    result, _ = phonons(primitive, Springs(), SHORT, Silent(), MemoryPieces(), given)
    masses = atomic_masses[[11, 17]] * constants.atomic_mass
    reduced = masses.prod() / masses.sum()
    charge = abs(given.charges_e[0, 0, 0]) * constants.e
    volume = primitive.volume_a3 * 1e-30
    plasma = charge**2 / (constants.epsilon_0 * given.dielectric[0, 0] * reduced * volume)
    plasma_thz2 = plasma / (2e12 * np.pi) ** 2
    for frequencies in result.limit_frequency_thz:
        np.testing.assert_allclose(
            squares(frequencies) - squares(result.gamma_frequencies_thz), plasma_thz2, rtol=1e-3
        )
    assert all(check.passed for check in checks)


def test_wrong_charges_are_told_in_sentences():
    with pytest.raises(BornError, match="charges of 3 atoms, but the structure has 2 atoms"):
        read_born("14.4\n" + "2 0 0 0 2 0 0 0 2\n" * 4, SALT, "BORN")
    charged = BornCharges(2 * np.eye(3), np.array([np.eye(3), 0.1 * np.eye(3)]), "test")
    primitive = symmetry.analyse(SALT).primitive
    made, checks = for_primitive(charged, SALT, primitive, np.zeros(0))
    assert [check.passed for check in checks] == [True, False]
    np.testing.assert_allclose(made.charges_e.sum(axis=0), 0, atol=1e-12)
    tilted = BornCharges(np.diag([2.0, 3, 4]), np.array([np.eye(3), -np.eye(3)]), "test")
    assert not for_primitive(tilted, SALT, primitive, np.zeros(0))[1][0].passed
