"""Spread over members, final numbers, and what is written of structures outside the data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms

from mlpcore.descriptors.functions import Angular, Radial
from mlpcore.potential import Extrapolation
from properties import extrapolation
from properties.committee import checks, numbers
from properties.committee.result import Calibration, Number, decimals_of, spread
from tests.pages import doubts


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


def test_words_have_two_digits_of_the_uncertainty():
    members = np.array([4.671 - 7.98, 4.671, 4.671 + 7.98])
    number = Number("α", "Expansion", "10⁻⁶/K", 4.671, members)
    assert number.in_words == "(4.7 ± 8.0) × 10⁻⁶/K"
    assert Number("ν", "Elastic", "", 0.2, 0.2 + 0.01 * members).in_words == "0.200 ± 0.080"
    wide = Number("C12", "Elastic", "GPa", 231.0, 231.0 + 2262 * np.array([-1.0, 0, 1]))
    assert wide.in_words == "231 ± 2300 GPa"


@pytest.mark.parametrize(
    ("half", "decimals"), [(9.94, 1), (9.96, 0), (0.0996, 2), (123.0, 0), (1e-6, 4)]
)
def test_decimals_follow_the_rounded_uncertainty(half, decimals):
    assert decimals_of(half) == decimals


def number(name, relative):
    return Number(name, "Cell", "GPa", 1.0, 1.0 + relative * np.array([-1.0, 0.0, 1.0]))


def verdicts(*found, problems=()):
    names = ("member 1", "member 2")
    answers = [SimpleNamespace(problems=problems), SimpleNamespace(problems=())]
    return {check.code: check for check in checks.of_members(names, answers, found)}


def test_badges_say_what_the_verdict_is():
    good = verdicts(number(numbers.BULK, 0.1))
    assert [check.label for check in good.values()] == ["All members", "Members agree"]
    bad = verdicts(number(numbers.BULK, 0.2), problems=["no phonons"])
    labels = [check.label for check in bad.values()]
    assert labels == ["Some members failed", "Members disagree"]
    assert not any(check.passed for check in bad.values())


def test_agreement_names_what_it_compares():
    found = [number(name, 0.1 * k) for k, name in enumerate(checks.COMPARED, start=1)]
    message = verdicts(*found, number("C12", 9.0))["committee_agreement"].message
    assert f"differ most in: {numbers.ALPHA} 1.00 ± 0.40 GPa, which is 40 % (limit" in message
    assert message.endswith(
        "only bulk modulus, shear modulus, highest frequency and volume expansion."
    )
    alone = verdicts(number(numbers.BULK, 0.151), number("C12", 9.0))
    assert alone["committee_agreement"].message.endswith("which is 15.1 % (limit 15 %).")


def test_doubt_over_temperature_ends_with_the_first_member_that_leaves():
    alpha = np.arange(20.0).reshape(4, 5)
    alpha[0], alpha[1, 3:], alpha[2, 4:] = np.nan, np.nan, np.nan
    kelvin = np.array([0.0, 10.0, 20.0, 30.0, 40.0])
    found = doubts.committee(alpha_volume_per_k=alpha, temperatures_k=kelvin)
    doubt = found.thermal_doubt("alpha_volume_per_k")
    np.testing.assert_allclose(doubt, [5.0, 5.0, 5.0, np.nan, np.nan])
    assert found.first_to_leave == ("member 2", 20.0)
    nobody = doubts.committee(alpha_volume_per_k=np.full((4, 5), np.nan))
    assert nobody.first_to_leave is None


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

    def __init__(self, *excesses, worst="G2(Si–Si)"):
        self.excesses, self.worst = excesses, worst

    def extrapolation(self, batch):
        assert len(batch) == len(self.excesses)
        return [Extrapolation(np.array(e), self.worst) for e in self.excesses]


CELL = Atoms("Si2")


def test_the_worst_structure_outside_is_told():
    model = Known([0.0, 0.0], [0.0, 0.05], [0.02, 0.12])
    (check,) = extrapolation.checks(model, "code", {"the cell": [CELL], "others": [CELL] * 2})
    assert not check.passed
    assert check.label == "Outside the training data (code)"
    assert check.message.startswith(
        "Others reach 12 % beyond what the model has seen (2 of 2 atoms, limit 1 %), most in "
        "G2(Si–Si). There"
    )
    assert "he cell" not in check.message
    assert extrapolation.FUNCTION not in check.message


def test_a_lone_atom_is_not_counted_and_its_function_comes_last():
    function = Radial("Si", 1.0, 6.5, 7.5)
    model = Known([0.5], worst=f"Si: {function}")
    (check,) = extrapolation.checks(model, "relax_extrapolation", {"the given cell": [CELL]})
    assert check.label == "Outside the training data (structure)"
    plain, _, last = check.message.partition(extrapolation.FUNCTION)
    assert plain.startswith(
        "The given cell reaches 50 % beyond what the model has seen (limit 1 %), most in the "
        "Si neighbours at about 6.5 Å. "
    )
    assert last == "Si: G² Si, η = 1 Å⁻², rₛ = 6.5 Å."


@pytest.mark.parametrize(
    ("worst", "where"),
    [
        (f"Na: {Radial('Cl', 0.79, 4.875, 6.0)}", "the Cl neighbours of Na at about 4.9 Å"),
        (f"Si: {Radial('Si', 0.71, 0.0, 6.0)}", "the nearest Si neighbours"),
        (
            f"Si: {Angular(('Si', 'Si'), 0.07, 16, -1, 0.0, 6.0)}",
            "the angles between Si neighbours",
        ),
        (
            f"Cl: {Angular(('Cl', 'Na'), 0.07, 1, 1, 0.0, 6.0, 'G5')}",
            "the angles between Cl and Na neighbours of Cl",
        ),
        ("the nearest distance", "the nearest distance"),
    ],
)
def test_a_descriptor_is_named_by_what_it_looks_at(worst, where):
    assert extrapolation.where(worst) == where


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
