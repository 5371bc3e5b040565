"""Quasiharmonic expansion of a solid whose answer is known: E(V) and ω ∝ V^(−γ)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants
from scipy.optimize import brentq

from mlpcore.errors import FitError
from mlpcore.units import EV_IN_KJ_PER_MOL, EV_PER_A3_IN_GPA
from properties.vibrations import quasiharmonic as qha

K_EV = constants.value("Boltzmann constant in eV/K")
T = np.arange(0.0, 1001.0, 10.0)


@dataclasses.dataclass(frozen=True)
class EinsteinSolid:
    """Three equal oscillators an atom on a Vinet curve; Mie–Grüneisen by construction."""

    gamma: float = 1.7
    bulk_ev_per_a3: float = 0.6
    volume_a3: float = 16.0
    derivative: float = 4.5
    einstein_k: float = 250.0

    def static_ev(self, v):
        """Vinet et al., J. Phys. Condens. Matter 1, 1941 (1989)."""
        x = (v / self.volume_a3) ** (1 / 3)
        eta = 1.5 * (self.derivative - 1)
        factor = 9 * self.bulk_ev_per_a3 * self.volume_a3 / eta**2
        return factor * (1 + (eta * (1 - x) - 1) * np.exp(eta * (1 - x)))

    def theta_k(self, v):
        return self.einstein_k * (v / self.volume_a3) ** -self.gamma

    def vibrational_ev(self, v, t):
        theta = self.theta_k(v)
        with np.errstate(divide="ignore"):
            thermal = np.where(t > 0, t * np.log1p(-np.exp(-theta / np.maximum(t, 1e-9))), 0)
        return 3 * K_EV * (theta / 2 + thermal)

    def heat_capacity_ev_per_k(self, v, t):
        x = np.minimum(self.theta_k(v) / np.maximum(t, 1e-9), 700)
        return 3 * K_EV * (x / 2 / np.sinh(x / 2)) ** 2

    def entropy_ev_per_k(self, v, t):
        x = np.minimum(self.theta_k(v) / np.maximum(t, 1e-9), 700)
        found = 3 * K_EV * (x / np.expm1(x) - np.log1p(-np.exp(-x)))
        return np.where(t > 0, found, 0.0)

    def vibrations(self, v, t):
        return qha.Vibrations(
            self.vibrational_ev(v, t[:, None]),
            self.entropy_ev_per_k(v, t[:, None]) * EV_IN_KJ_PER_MOL * 1e3,
            self.heat_capacity_ev_per_k(v, t[:, None]) * EV_IN_KJ_PER_MOL * 1e3,
        )

    def slope(self, v, t, order=1, h=2e-3):
        """Derivative of the free energy by volume, in eighth or sixth order of h."""
        at = self.static_ev(v + h * np.arange(-3, 4)) + self.vibrational_ev(
            v + h * np.arange(-3, 4), t
        )
        weights = {
            1: np.array([-1, 9, -45, 0, 45, -9, 1]) / 60 / h,
            2: np.array([2, -27, 270, -490, 270, -27, 2]) / 180 / h**2,
        }
        return weights[order] @ at

    def exact(self, t, pressure_ev_per_a3=0.0):
        """Volume, bulk modulus (eV/Å³) and expansion γ C_V/(B V)."""
        v = brentq(lambda v: self.slope(v, t) + pressure_ev_per_a3, 14.0, 18.0, xtol=1e-12)
        bulk = v * self.slope(v, t, order=2)
        return v, bulk, self.gamma * self.heat_capacity_ev_per_k(v, t) / bulk / v

    def expansion(self, count=7, pressure_gpa=0.0, temperatures=T, form="vinet"):
        volumes = self.volume_a3 * np.linspace(0.97, 1.06, count)
        return qha.expansion(
            temperatures,
            volumes,
            self.static_ev(volumes),
            self.vibrations(volumes, temperatures),
            pressure_gpa,
            form,
        )


@pytest.fixture(scope="module")
def solid():
    return EinsteinSolid()


@pytest.fixture(scope="module")
def found(solid):
    return solid.expansion()


@pytest.mark.parametrize(
    ("temperature_k", "accuracy"),
    [(50.0, 1e-3), (100.0, 1e-3), (300.0, 1e-3), (600.0, 1e-3), (900.0, 1e-3)],
)
def test_expansion_of_a_mie_grueneisen_solid(solid, found, temperature_k, accuracy):
    """Also where α bends: it is no difference over steps of temperature."""
    volume, bulk, alpha = solid.exact(temperature_k)
    at = np.searchsorted(found.temperatures_k, temperature_k)
    assert found.volume_a3[at] == pytest.approx(volume, rel=1e-5)
    assert found.bulk_modulus_gpa[at] == pytest.approx(bulk * EV_PER_A3_IN_GPA, rel=1e-3)
    assert found.alpha_per_k[at] == pytest.approx(alpha, rel=accuracy)
    assert found.gruneisen[at] == pytest.approx(solid.gamma, rel=accuracy)


def test_grueneisen_parameter_is_that_of_the_oscillators(solid, found):
    warm = found.temperatures_k >= 100
    np.testing.assert_allclose(found.gruneisen[warm], solid.gamma, rtol=5e-3)


@pytest.mark.parametrize("gamma", [-0.8, 0.0, 0.5, 3.0])
def test_sign_and_size_of_the_expansion_follow_the_oscillators(gamma):
    solid = EinsteinSolid(gamma=gamma, bulk_ev_per_a3=1.2)
    found = solid.expansion()
    at = np.searchsorted(found.temperatures_k, 300.0)
    assert found.gruneisen[at] == pytest.approx(gamma, abs=0.01)
    assert found.alpha_per_k[at] == pytest.approx(solid.exact(300.0)[2], rel=5e-3, abs=1e-8)


def test_nothing_expands_at_absolute_zero(found):
    assert found.temperatures_k[0] == 0
    assert found.alpha_per_k[0] == 0
    assert found.heat_capacity_v_j_per_mol_k[0] == pytest.approx(0, abs=1e-12)
    assert np.isnan(found.gruneisen[0])


def test_zero_point_motion_expands(solid, found):
    assert found.volume_a3[0] > solid.volume_a3
    assert found.volume_a3[0] == pytest.approx(solid.exact(0.0)[0], rel=1e-6)


def test_heat_capacity_at_constant_pressure(found):
    volume_m3 = found.volume_a3 * 1e-30 * constants.N_A
    work = found.alpha_per_k**2 * found.bulk_modulus_gpa * 1e9 * volume_m3
    np.testing.assert_allclose(
        found.heat_capacity_p_j_per_mol_k - found.heat_capacity_v_j_per_mol_k,
        work * found.temperatures_k,
        rtol=1e-9,
        atol=1e-12,
    )
    assert found.heat_capacity_v_j_per_mol_k[-1] == pytest.approx(3 * constants.R, rel=0.01)


def test_heat_capacity_is_taken_at_the_equilibrium_volume(solid, found):
    at = np.searchsorted(found.temperatures_k, 100.0)
    exact = solid.heat_capacity_ev_per_k(found.volume_a3[at], 100.0) * EV_IN_KJ_PER_MOL * 1e3
    assert found.heat_capacity_v_j_per_mol_k[at] == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("pressure_gpa", [1.5, -1.0])
def test_pressure_moves_the_minimum(solid, pressure_gpa):
    found = solid.expansion(pressure_gpa=pressure_gpa)
    volume, _, alpha = solid.exact(200.0, pressure_gpa / EV_PER_A3_IN_GPA)
    at = np.searchsorted(found.temperatures_k, 200.0)
    assert found.volume_a3[at] == pytest.approx(volume, rel=1e-4)
    assert found.alpha_per_k[at] == pytest.approx(alpha, rel=0.02)


def test_both_equations_of_state_agree_on_a_smooth_curve(solid, found):
    other = solid.expansion(form="birch_murnaghan")
    np.testing.assert_allclose(other.alpha_per_k, found.alpha_per_k, rtol=0.03, atol=1e-9)


def test_the_result_ends_where_the_volume_leaves_the_range():
    solid = EinsteinSolid(gamma=3.0, bulk_ev_per_a3=0.25)
    found = solid.expansion()
    assert 100 < found.temperatures_k[-1] < 1000
    assert found.volume_a3.max() <= 16.0 * 1.06
    after = solid.exact(found.temperatures_k[-1] + 20)[0]
    assert after > 16.0 * 1.06
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        assert np.ndim(value) == 0 or len(value) == len(found.temperatures_k)


def test_a_minimum_outside_the_range_from_the_start_is_refused():
    with pytest.raises(FitError, match=r"outside the sampled range \(15\.520 to 16\.960"):
        EinsteinSolid(bulk_ev_per_a3=0.02, gamma=3.0, einstein_k=600).expansion()


def test_too_few_volumes_are_refused():
    with pytest.raises(FitError, match="at least 5 volumes, got 4"):
        EinsteinSolid().expansion(count=4)


@pytest.mark.parametrize("form", ["vinet", "birch_murnaghan"])
def test_fit_returns_the_parameters_of_a_curve_of_its_kind(form):
    from phonopy.qha.eos import get_eos

    volumes = np.linspace(15, 17, 7)
    energies = get_eos(form)(volumes, [-5.0, 0.6, 4.5, 15.9])
    fit = qha.fit_equation_of_state(volumes, np.asarray(energies), form)
    assert fit.energy_ev == pytest.approx(-5.0, abs=1e-9)
    assert fit.volume_a3 == pytest.approx(15.9, rel=1e-7)
    assert fit.bulk_modulus_gpa == pytest.approx(0.6 * EV_PER_A3_IN_GPA, rel=1e-6)
    assert fit.derivative == pytest.approx(4.5, rel=1e-5)
    assert fit.residual_ev < 1e-9


def test_large_energies_lose_no_precision():
    """A total energy of a hundred thousand eV over the same curve."""
    solid, volumes = EinsteinSolid(), np.linspace(15.5, 17, 7)
    near, far = (
        qha.fit_equation_of_state(volumes, solid.static_ev(volumes) + shift)
        for shift in (0.0, -1e5)
    )
    assert far.volume_a3 == pytest.approx(near.volume_a3, rel=1e-7)
    assert far.bulk_modulus_gpa == pytest.approx(near.bulk_modulus_gpa, rel=1e-5)


def test_a_curve_without_minimum_is_refused():
    volumes = np.linspace(15, 17, 7)
    with pytest.raises(FitError, match=r"no minimum|misses a point"):
        qha.fit_equation_of_state(volumes, -((volumes - 16) ** 2))


def test_an_outlier_is_refused_with_its_size():
    solid, volumes = EinsteinSolid(), np.linspace(15.5, 17, 7)
    energies = solid.static_ev(volumes)
    energies[0] -= 0.02
    with pytest.raises(FitError, match=r"misses a point by \d+\.\d\d meV/atom; at most 5"):
        qha.fit_equation_of_state(volumes, energies)


@given(st.integers(5, 15), st.floats(-0.06, -0.01), st.floats(0.02, 0.12))
def test_offsets_are_even_and_hold_zero(count, lowest, highest):
    offsets = qha.volume_offsets(count, lowest, highest)
    assert len(offsets) == count
    assert np.abs(offsets).min() < 1e-15
    np.testing.assert_allclose(np.diff(offsets), (highest - lowest) / (count - 1))
    assert offsets[0] < 0 < offsets[-1]


@given(st.floats(0.5, 20.0))
def test_a_cell_that_keeps_its_shape_expands_by_a_third(length):
    volumes = np.linspace(15, 17, 7)
    alpha, at = np.array([1e-5, 3e-5]), np.array([15.5, 16.5])
    linear = qha.linear_expansion(alpha, at, volumes, length * volumes ** (1 / 3))
    np.testing.assert_allclose(linear, alpha / 3, rtol=1e-9)


def test_linear_expansions_of_a_power_law_add_up():
    """a ∝ V^0.6 and c ∝ V^−0.2: twice the first and once the second give the volume's."""
    volumes, alpha, at = np.linspace(15, 17, 7), np.array([2e-5]), np.array([16.0])
    a = qha.linear_expansion(alpha, at, volumes, 3 * volumes**0.6)
    c = qha.linear_expansion(alpha, at, volumes, 5 * volumes**-0.2)
    np.testing.assert_allclose(a, 0.6 * alpha)
    np.testing.assert_allclose(2 * a + c, alpha)
    assert c < 0
