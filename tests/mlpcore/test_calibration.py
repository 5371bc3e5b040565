"""Reliability and recalibration against distributions that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcore import calibration
from mlpcore.calibration import Spread

N = 20_000


def gaussian(true_over_claimed, noise=0.0, seed=3):
    """Errors of normal distributions whose widths differ from one to the next."""
    generator = np.random.default_rng(seed)
    claimed = generator.uniform(0.01, 0.3, N)
    true = np.sqrt((true_over_claimed * claimed) ** 2 + noise**2)
    return Spread(true * generator.standard_normal(N), claimed, np.full(N, noise))


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 7.0])
def test_factor_is_what_the_claim_is_wrong_by(ratio):
    assert calibration.factor(gaussian(ratio)) == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_factor_leaves_known_noise_alone(ratio):
    found = calibration.factor(gaussian(ratio, noise=0.1))
    assert found == pytest.approx(ratio, rel=0.05)


def test_noise_that_explains_everything_leaves_nothing_to_the_members():
    generator = np.random.default_rng(1)
    spread = Spread(0.1 * generator.standard_normal(N), np.full(N, 0.02), np.full(N, 0.1))
    assert calibration.factor(spread) < 0.6


@pytest.mark.parametrize("members", [2, 3, 8])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_few_members_whose_spread_is_uncertain_are_judged_without_bias(members, ratio):
    """Members and truth drawn alike: the spread of two is often far too small by accident."""
    generator = np.random.default_rng(8)
    width = generator.uniform(0.1, 1.0, N)
    drawn = width * generator.standard_normal((members, N))
    spread = calibration.energy_spread(
        drawn, np.zeros(N), np.zeros((members, N)), np.ones(N, dtype=int)
    )
    error = ratio * width * generator.standard_normal(N)
    judged = Spread(error, spread.epistemic, spread.aleatoric, spread.degrees)
    assert calibration.factor(judged) == pytest.approx(ratio, rel=0.03)


def test_right_claims_are_reliable_at_every_level():
    curve = calibration.reliability(gaussian(1.0))
    np.testing.assert_allclose(curve.observed, curve.expected, atol=0.012)
    assert curve.miscalibration_area < 0.01


def test_too_confident_claims_lie_below_the_diagonal_until_scaled():
    spread = gaussian(2.0)
    before = calibration.reliability(spread)
    assert (before.observed < before.expected - 0.02).all()
    assert before.miscalibration_area == pytest.approx(_area_of_ratio(2.0), abs=0.005)
    after = calibration.reliability(spread, calibration.factor(spread))
    assert after.miscalibration_area < 0.01


def _area_of_ratio(ratio):
    """∫ |P(|x| < z_p/ratio) − p| dp of a normal x, by an independent quadrature."""
    from scipy.stats import norm

    p = np.linspace(0, 1, 4001)[1:-1]
    covered = 2 * norm.cdf(norm.ppf((1 + p) / 2) / ratio) - 1
    return float(np.abs(covered - p).mean())


def test_certainty_that_is_wrong_is_the_worst():
    certain = Spread(np.ones(10), np.zeros(10), np.zeros(10))
    assert calibration.reliability(certain).miscalibration_area == pytest.approx(0.475)


def test_a_single_member_has_no_factor():
    with pytest.raises(ValueError, match="members that differ"):
        calibration.factor(Spread(np.ones(3), np.zeros(3), np.zeros(3)))


def test_parts_of_the_variance_add_up():
    spread = Spread(np.zeros(1), np.array([3.0]), np.array([8.0]))
    assert spread.total(2.0) == pytest.approx(10.0)


def test_energies_are_judged_per_atom():
    energies = np.array([[2.0, 9.0], [4.0, 9.0]])
    spread = calibration.energy_spread(
        energies, np.array([2.0, 6.0]), np.array([[0.0, 3.0], [0.0, 3.0]]), np.array([2, 3])
    )
    np.testing.assert_allclose(spread.error, [0.5, 1.0])
    np.testing.assert_allclose(spread.epistemic, [np.std([1, 2], ddof=1), 0.0])
    np.testing.assert_allclose(spread.aleatoric, [0.0, 1.0])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_spread_of_forces_does_not_depend_on_axes(seed):
    generator = np.random.default_rng(seed)
    forces = generator.standard_normal((4, 5, 3))
    rotation, _ = np.linalg.qr(generator.standard_normal((3, 3)))
    np.testing.assert_allclose(
        calibration.force_deviation(forces @ rotation), calibration.force_deviation(forces)
    )


def test_spread_of_forces_has_three_components_an_atom():
    generator = np.random.default_rng(0)
    forces = generator.standard_normal((400, 6, 3)) * np.linspace(0.1, 2, 6)[:, None]
    spread = calibration.force_spread(forces, np.zeros((6, 3)), np.zeros((400, 6)))
    assert spread.error.shape == (18,)
    np.testing.assert_allclose(spread.epistemic[::3], np.linspace(0.1, 2, 6), rtol=0.1)


def test_a_judgement_is_plain_and_says_both():
    spread = gaussian(2.0)
    said = calibration.judge(spread, 2.0)
    assert said["n"] == N
    assert said["before"]["miscalibration_area"] > 10 * said["after"]["miscalibration_area"]
    assert said["rms_aleatoric"] == 0
