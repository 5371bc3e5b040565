"""Sound velocities: closed forms, group velocities as derivatives, degenerate branches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.spatial.transform import Rotation

from properties.elasticity import christoffel, moduli, voigt, waves
from tests.properties import tensors

DENSITY = 3515.0
DIAMOND = tensors.cubic(1079, 124, 578)
SEEDS = st.integers(0, 2**32 - 1)


def unit(*components):
    return np.array(components) / np.linalg.norm(components)


def random_stable(seed):
    half = np.random.default_rng(seed).normal(size=(6, 6))
    return 20 * half @ half.T + 50 * np.eye(6)


def speed(modulus_gpa, density):
    return np.sqrt(modulus_gpa * 1e9 / density) / 1e3


def phase(stiffness, n, density=DENSITY):
    return christoffel.phase_velocities_km_per_s(stiffness, density, n)


def group(stiffness, n, density=DENSITY):
    return christoffel.group_velocities_km_per_s(stiffness, density, n)


@pytest.mark.parametrize("stiffness", [DIAMOND, tensors.cubic(168.4, 121.4, 75.4)])
def test_velocities_of_a_cubic_crystal_in_closed_form(stiffness):
    c11, c12, c44 = stiffness[[0, 0, 3], [0, 1, 3]]
    expected = {
        (1, 0, 0): [c44, c44, c11],
        (1, 1, 0): [*sorted([c44, (c11 - c12) / 2]), (c11 + c12 + 2 * c44) / 2],
        (1, 1, 1): [(c11 - c12 + c44) / 3] * 2 + [(c11 + 2 * c12 + 4 * c44) / 3],
    }
    for direction, stiffnesses in expected.items():
        np.testing.assert_allclose(
            phase(stiffness, unit(*direction)), speed(np.array(stiffnesses), DENSITY)
        )


@pytest.mark.parametrize(
    ("direction", "published"),
    [((1, 0, 0), (12.82, 12.82, 17.52)), ((1, 1, 0), (11.66, 12.82, 18.32)),
     ((1, 1, 1), (12.06, 12.06, 18.58))],
)  # fmt: skip
def test_velocities_of_diamond_as_published(direction, published):
    """Ioffe Institute, NSM archive, Diamond: mechanical properties (km/s)."""
    np.testing.assert_allclose(phase(DIAMOND, unit(*direction)), published, rtol=2e-3)


def test_isotropic_solid_has_two_velocities_in_every_direction():
    stiffness, n = tensors.isotropic(60, 40), unit(0.3, -0.5, 0.8)
    expected = speed(np.array([40, 40, 140]), DENSITY)
    np.testing.assert_allclose(phase(stiffness, n), expected)
    np.testing.assert_allclose(group(stiffness, n), np.outer(expected, n), atol=1e-9)


def test_section_of_a_hexagonal_crystal():
    """Musgrave 1970: one pure shear, two roots of a quadratic; all turn about the axis."""
    c = tensors.uniaxial(163.7, 36.4, 53.0, 63.5, 38.8)
    for polar in np.radians([0, 20, 45, 70, 90]):
        sin2, cos2 = np.sin(polar) ** 2, np.cos(polar) ** 2
        pure = c[5, 5] * sin2 + c[3, 3] * cos2
        gxx = c[0, 0] * sin2 + c[3, 3] * cos2
        gzz = c[3, 3] * sin2 + c[2, 2] * cos2
        gxz2 = (c[0, 2] + c[3, 3]) ** 2 * sin2 * cos2
        root = np.sqrt((gxx - gzz) ** 2 + 4 * gxz2)
        expected = sorted([pure, (gxx + gzz - root) / 2, (gxx + gzz + root) / 2])
        for azimuth in (0, 0.7):
            n = [
                np.sin(polar) * np.cos(azimuth),
                np.sin(polar) * np.sin(azimuth),
                np.cos(polar),
            ]
            np.testing.assert_allclose(
                phase(c, np.array(n), 7134.0), speed(np.array(expected), 7134.0)
            )


@given(SEEDS)
def test_sum_of_squares_is_a_quadratic_form(seed):
    """Trace of Γ: C_ijil n_j n_l."""
    stiffness = random_stable(seed)
    n = unit(*np.random.default_rng(seed).normal(size=3))
    trace = np.einsum("ijil,j,l", voigt.tensor_from_matrix(stiffness), n, n)
    total = (phase(stiffness, n) ** 2).sum() * 1e6 * DENSITY / 1e9
    assert total == pytest.approx(trace)


def gradient(stiffness, k, step=1e-5):
    """Derivatives of ω(k) = k v(k/|k|) by central differences, [branch, xyz]."""

    def omega(vector):
        length = np.linalg.norm(vector)
        return length * phase(stiffness, vector / length)

    shifts = step * np.eye(3)
    return np.array([(omega(k + s) - omega(k - s)) / (2 * step) for s in shifts]).T


@given(SEEDS)
def test_group_velocity_is_the_gradient_of_the_frequency(seed):
    stiffness = random_stable(seed)
    n = unit(*np.random.default_rng(seed).normal(size=3))
    squares = phase(stiffness, n) ** 2
    apart = np.diff(squares).min() / squares.max()
    if apart > 1e-3:
        np.testing.assert_allclose(
            group(stiffness, n), gradient(stiffness, n), atol=1e-5 * np.sqrt(squares.max())
        )


@given(SEEDS)
def test_group_velocity_along_the_wave_vector_is_the_phase_velocity(seed):
    stiffness = random_stable(seed)
    n = np.random.default_rng(seed).normal(size=(4, 3))
    n /= np.linalg.norm(n, axis=1)[:, None]
    along = np.einsum("...bi,...i->...b", group(stiffness, n), n)
    np.testing.assert_allclose(along, phase(stiffness, n))


@pytest.mark.parametrize(
    ("stiffness", "axis"),
    [
        (DIAMOND, unit(1, 0, 0)),
        (DIAMOND, unit(1, 1, 1)),
        (tensors.QUARTZ, unit(0, 0, 1)),
        (tensors.uniaxial(163.7, 36.4, 53.0, 63.5, 38.8), unit(0, 0, 1)),
    ],
)
def test_degenerate_group_velocities_lie_on_the_axis(stiffness, axis):
    """Two shear branches meet on the axis; the mean over both has its symmetry.

    Along threefold axes the branches leave in a cone: their mean over directions around
    the axis is what is returned on it.
    """
    found = group(stiffness, axis)
    np.testing.assert_allclose(found, np.outer(phase(stiffness, axis), axis), atol=1e-9)
    tilt = 1e-4
    first = np.cross(axis, unit(0.2, 0.5, -0.7))
    first /= np.linalg.norm(first)
    turns = Rotation.from_rotvec(np.outer(np.linspace(0, 2 * np.pi, 25)[:-1], axis))
    around = axis + tilt * turns.apply(first)
    around /= np.linalg.norm(around, axis=1)[:, None]
    near = group(stiffness, around)[:, :2].mean(axis=(0, 1))
    np.testing.assert_allclose(near, found[:2].mean(axis=0), atol=1e-3 * found.max())


def test_internal_conical_refraction_of_diamond():
    """Group velocities just off [111] stand on a cone; tan = |C11 − C12 − 2C44|/(√2 (…))."""
    c11, c12, c44 = 1079, 124, 578
    axis = unit(1, 1, 1)
    near = group(DIAMOND, unit(1, 1, 1.0001))
    off = np.degrees(np.arccos(near[:2] @ axis / np.linalg.norm(near[:2], axis=1)))
    expected = np.degrees(np.arctan((2 * c44 + c12 - c11) / (np.sqrt(2) * (c11 - c12 + c44))))
    np.testing.assert_allclose(off, expected, atol=0.02)


@given(SEEDS)
def test_polarisations_are_the_eigenvectors(seed):
    stiffness = random_stable(seed)
    n = unit(*np.random.default_rng(seed).normal(size=3))
    rows = christoffel.polarisations(stiffness, DENSITY, n)
    np.testing.assert_allclose(rows @ rows.T, np.eye(3), atol=1e-9)
    matrix = np.einsum("ijkl,j,l->ik", voigt.tensor_from_matrix(stiffness), n, n)
    values = phase(stiffness, n) ** 2 * DENSITY * 1e-3
    np.testing.assert_allclose(rows @ matrix, values[:, None] * rows, atol=1e-7 * values.max())
    assert (rows @ n >= 0).all()


def test_longitudinal_wave_of_a_cube_edge_moves_along_it():
    rows = christoffel.polarisations(DIAMOND, DENSITY, unit(0, 1, 0))
    np.testing.assert_allclose(rows[2], [0, 1, 0], atol=1e-12)


def test_an_unstable_wave_has_no_velocity():
    soft = tensors.cubic(100, 110, 30)
    found = phase(soft, unit(1, 1, 0))
    assert np.isnan(found[0])
    assert np.isfinite(found[1:]).all()
    assert np.isnan(group(soft, unit(1, 1, 0))[0]).all()
    assert np.isnan(christoffel.mean_velocity_km_per_s(soft, DENSITY))
    for one in christoffel.extremes(soft, DENSITY, 0):
        assert np.isnan(one.value)


def test_shapes_are_those_of_the_directions():
    n = np.broadcast_to(unit(1, 2, 3), (4, 5, 3))
    assert phase(DIAMOND, n).shape == (4, 5, 3)
    assert group(DIAMOND, n).shape == (4, 5, 3, 3)
    assert christoffel.polarisations(DIAMOND, DENSITY, n).shape == (4, 5, 3, 3)


def test_extreme_velocities_of_diamond():
    """Fast shear is fastest along [100]; slow shear slowest along [110]."""
    c11, c12, c44 = 1079, 124, 578
    slow, fast, longitudinal = (christoffel.extremes(DIAMOND, DENSITY, b) for b in range(3))
    assert slow[0].value == pytest.approx(speed((c11 - c12) / 2, DENSITY), rel=1e-9)
    np.testing.assert_allclose(
        np.sort(np.abs(slow[0].direction)), [0, 0.5**0.5, 0.5**0.5], atol=1e-5
    )
    assert slow[1].value == pytest.approx(speed(c44, DENSITY), rel=1e-9)
    assert fast[1].value == pytest.approx(speed(c44, DENSITY), rel=1e-9)
    assert fast[0].value == pytest.approx(speed((c11 - c12 + c44) / 3, DENSITY), rel=1e-7)
    np.testing.assert_allclose(np.abs(fast[0].direction), unit(1, 1, 1), atol=1e-5)
    assert longitudinal[0].value == pytest.approx(speed(c11, DENSITY), rel=1e-9)
    assert longitudinal[1].value == pytest.approx(
        speed((c11 + 2 * c12 + 4 * c44) / 3, DENSITY), rel=1e-9
    )


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_extremes_turn_with_the_crystal(seed):
    stiffness = random_stable(seed)
    turned = voigt.rotate(stiffness, Rotation.random(random_state=seed).as_matrix())
    for branch in range(3):
        for one, other in zip(
            christoffel.extremes(stiffness, DENSITY, branch),
            christoffel.extremes(turned, DENSITY, branch),
            strict=True,
        ):
            assert other.value == pytest.approx(one.value, rel=1e-6)


def test_exact_debye_temperature_of_an_isotropic_solid_is_andersons():
    stiffness = tensors.isotropic(60, 40)
    exact = christoffel.debye_temperature_k(stiffness, DENSITY, 6.0)
    assert exact == pytest.approx(moduli.debye_temperature_k(stiffness, DENSITY, 6.0))


def test_mean_velocity_is_that_of_random_directions():
    n = np.random.default_rng(0).normal(size=(200_000, 3))
    n /= np.linalg.norm(n, axis=1)[:, None]
    for stiffness in (DIAMOND, tensors.QUARTZ, tensors.CRISTOBALITE):
        inverse_cubes = (phase(stiffness, n) ** -3).sum(axis=1) / 3
        found = christoffel.mean_velocity_km_per_s(stiffness, DENSITY)
        assert found == pytest.approx(inverse_cubes.mean() ** (-1 / 3), rel=2e-3)
        finer = christoffel.mean_velocity_km_per_s(stiffness, DENSITY, n_polar=120)
        assert found == pytest.approx(finer, rel=1e-8)


@pytest.mark.parametrize(
    ("constants", "density", "volume_a3", "published_k"),
    [
        ((176.2, 124.94, 81.77), 9018.0, 11.70, 345),
        ((167.5, 65.0, 80.1), 2331.0, 20.0, 649),
    ],
)
def test_debye_temperatures_at_low_temperature(constants, density, volume_a3, published_k):
    """Constants near 0 K of Cu (Overton & Gaffney 1955) and Si (McSkimin 1953), recalled.

    The elastic Debye temperatures 345 K (Cu) and 649 K (Si) are those of Alers in Mason,
    Physical Acoustics III B (1965), recalled.
    """
    found = christoffel.debye_temperature_k(tensors.cubic(*constants), density, volume_a3)
    assert found == pytest.approx(published_k, rel=0.005)


COPPER = tensors.cubic(168.4, 121.4, 75.4)
CA2SIO4 = next(one.stiffness for one in tensors.ELATE if "Ca2SiO4" in one.name)


def test_cone_about_a_cubic_diagonal_in_closed_form():
    """tan δ = |C11 − C12 − 2 C44| / (√2 (C11 − C12 + C44)) (Musgrave 1970)."""
    n = unit(1, 1, 1)
    cone = christoffel.ray_cone(COPPER, 8960.0, n)
    c11, c12, c44 = COPPER[[0, 0, 3], [0, 1, 3]]
    tangent = abs(c11 - c12 - 2 * c44) / (np.sqrt(2) * (c11 - c12 + c44))
    np.testing.assert_allclose(cone.angles_deg, np.degrees(np.arctan(tangent)))
    np.testing.assert_allclose(cone.angles_deg, 30.9, atol=0.05)
    np.testing.assert_allclose(cone.speeds_km_per_s, 2.488, atol=5e-4)
    assert cone.branches == (0, 1)
    np.testing.assert_allclose(group(COPPER, n, 8960.0)[0], 2.134 * n, atol=5e-4)


def test_cone_about_the_axis_of_quartz_in_closed_form():
    """tan δ = |C14| / C44 along a threefold axis."""
    cone = christoffel.ray_cone(tensors.QUARTZ, 2649.0, unit(0, 0, 1))
    np.testing.assert_allclose(cone.angles_deg, np.degrees(np.arctan(18.04 / 58.20)))
    np.testing.assert_allclose(cone.speeds_km_per_s, 4.907, atol=5e-4)


def acoustic_axis(stiffness, start, end):
    """Direction in the xz plane where the pure shear wave is as fast as the other one."""

    def direction(angle):
        return np.array([np.sin(angle), 0, np.cos(angle)])

    def apart(angle):
        matrix = christoffel.christoffel_gpa(stiffness, direction(angle))
        return matrix[1, 1] - np.linalg.eigvalsh(matrix[::2, ::2])[0]

    return direction(brentq(apart, np.radians(start), np.radians(end), xtol=1e-15))


@pytest.mark.parametrize(
    ("stiffness", "n"),
    [
        (COPPER, unit(1, 1, 1)),
        (tensors.QUARTZ, unit(0, 0, 1)),
        (CA2SIO4, acoustic_axis(CA2SIO4, 30, 45)),
        (CA2SIO4, acoustic_axis(CA2SIO4, 55, 75)),
    ],
)
def test_rays_close_to_an_acoustic_axis_fill_the_cone(stiffness, n):
    cone = christoffel.ray_cone(stiffness, DENSITY, n)
    around = np.linspace(0, 2 * np.pi, 720)
    first = unit(*np.cross(n, [0.3, 0.9, -0.2]))
    second = np.cross(n, first)
    near = n + 1e-5 * (np.outer(np.cos(around), first) + np.outer(np.sin(around), second))
    near /= np.linalg.norm(near, axis=1)[:, None]
    rays = group(stiffness, near)[:, :2]
    speeds = np.linalg.norm(rays, axis=2)
    angles = np.degrees(np.arccos(np.einsum("abi,i->ab", rays, n) / speeds))
    np.testing.assert_allclose([angles.min(), angles.max()], cone.angles_deg, atol=0.01)
    np.testing.assert_allclose([speeds.min(), speeds.max()], cone.speeds_km_per_s, rtol=1e-4)


def test_cone_is_a_line_along_a_fourfold_axis_and_none_elsewhere():
    cone = christoffel.ray_cone(COPPER, 8960.0, unit(1, 0, 0))
    assert cone.angles_deg == pytest.approx((0, 0), abs=1e-9)
    assert christoffel.ray_cone(COPPER, 8960.0, unit(1, 2, 3)) is None
    unstable = tensors.cubic(100, 250, 50)
    assert christoffel.ray_cone(unstable, 8960.0, unit(1, 1, 1)) is None


def test_waves_along_an_acoustic_axis_carry_the_cone():
    slow, fast, longitudinal = waves.along(COPPER, 8960.0, unit(1, 1, 1))
    assert slow.cone is fast.cone is not None
    assert longitudinal.cone is None
    assert all(wave.cone is None for wave in waves.along(COPPER, 8960.0, unit(1, 0, 0)))


def test_unstable_wave_does_not_travel():
    slow, fast, longitudinal = waves.along(tensors.cubic(100, 150, 50), 5000.0, unit(1, 1, 0))
    assert [wave.travels for wave in (slow, fast, longitudinal)] == [False, True, True]
    assert np.isnan(slow.ray).all()
