"""Spread over members, final numbers, and what is written of structures outside the data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms

from mlpcore.potential import Extrapolation
from properties import extrapolation
from properties.committee import numbers
from properties.committee.result import Calibration, Number, spread


def test_spread_is_the_deviation_of_a_sample():
    values = np.random.default_rng(0).normal(size=(5, 3, 2))
    np.testing.assert_allclose(spread(values), values.std(axis=0, ddof=1))


def test_members_without_an_answer_are_left_out():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [np.nan, np.nan]])
    found = spread(values)
    assert found[0] == pytest.approx(np.sqrt(2))
    assert np.isnan(found[1])


def test_both_parts_are_added_in_squares_and_kept_apart():
    number = Number(
        "E", "Cell", "eV", 2.0, np.array([1.0, 2.0, 3.0]), factor=3.0, aleatoric=4.0
    )
    assert (number.spread, number.epistemic, number.combined) == (1.0, 3.0, 5.0)
    alone = Number("E", "Cell", "eV", 2.0, np.array([1.0, 2.0, 3.0]), factor=3.0)
    assert alone.combined == 3.0
    assert alone.relative == 1.5


def test_degenerate_modes_at_gamma_are_one_number():
    frequencies = np.array([-1e-3, 1e-3, 2e-3, 5.0, 5.0, 7.0, 9.0, 9.0, 9.0])
    phonons = SimpleNamespace(
        band_frequency_thz=frequencies[None], gamma_frequencies_thz=frequencies
    )
    members = np.array([0.9, 1.1])[:, None] * frequencies
    found = numbers.of_phonons(phonons, members[:, None], members, Calibration())
    assert [n.name for n in found] == [
        *("Highest frequency", "Γ, modes 4–5", "Γ, mode 6", "Γ, modes 7–9"),
    ]
    assert found[2].value == 7.0
    np.testing.assert_allclose(found[2].members, [6.3, 7.7])


def test_an_imaginary_mode_at_gamma_is_not_taken_for_a_translation():
    frequencies = np.array([-3.0, 0.0, 0.0, 0.0, 5.0, 5.1])
    phonons = SimpleNamespace(
        band_frequency_thz=frequencies[None], gamma_frequencies_thz=frequencies
    )
    members = np.stack([frequencies, frequencies])
    found = numbers.of_phonons(phonons, members[:, None], members, Calibration())
    assert found[1].value == -3.0


class Known:
    """A model that finds the given excesses."""

    def __init__(self, *excesses):
        self.excesses = excesses

    def extrapolation(self, batch):
        assert len(batch) == len(self.excesses)
        return [Extrapolation(np.array(e), "G2(Si–Si)") for e in self.excesses]


CELL = Atoms("Si2")


def test_the_worst_structure_outside_is_told():
    model = Known([0.0, 0.0], [0.0, 0.05], [0.02, 0.12])
    (check,) = extrapolation.checks(model, "code", {"the cell": [CELL], "others": [CELL] * 2})
    assert not check.passed
    assert check.label == "Outside the training data"
    assert "others by 12 % of the range (2 of 2 atoms, in G2(Si–Si))" in check.message
    assert "the cell by" not in check.message


def test_inside_is_a_check_that_passed():
    (check,) = extrapolation.checks(Known([0.0, 0.009]), "code", {"the cell": [CELL]})
    assert check.passed


def test_nothing_is_said_of_a_model_that_does_not_know():
    model = SimpleNamespace(extrapolation=lambda _batch: None)
    assert extrapolation.checks(model, "code", {"the cell": [CELL]}) == ()


def test_a_spread_is_widened_but_never_narrowed():
    narrow = Calibration(2.0, 0.001, known=True)
    assert (narrow.energy, narrow.force) == (2.0, 1.0)
    assert not narrow.as_measured
    assert Calibration(2.0, 1.5, known=True).as_measured
