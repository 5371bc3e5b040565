"""Imaginary modes: directions from symmetry, wells and phases known in closed form."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from mlpcore.errors import Cancelled
from properties import symmetry
from properties.crystal import Crystal
from properties.examples import example
from properties.progress import DiskPieces, MemoryPieces, Silent
from properties.results import SoftModeResult
from properties.spec import Preset
from properties.vibrations import soft_mode, soft_mode_search, soft_mode_well
from properties.vibrations.phonons import phonons
from properties.vibrations.soft_mode_directions import directions, holding_cell
from properties.vibrations.soft_mode_search import Wave
from tests.properties.ferroelectric import CAESIUM, CHLORINE, EDGE_A, Ferroelectric, crystal

SETTINGS = Preset(1e-5, 0.001, 5.9, 64, 5, mesh_length_a=15.0)
S = {"(a, 0, 0)": 1.0, "(a, a, 0)": 1 / 2, "(a, a, a)": 1 / 3}
POLAR = {"(a, 0, 0)": "P4mm", "(a, a, 0)": "Amm2", "(a, a, a)": "R3m"}
MASS_RATIO = crystal().to_atoms().get_masses()[1] / crystal().to_atoms().get_masses()[0]
MEV = 1e3


def followed(potential, pieces=None, monitor=None):
    pieces = pieces or MemoryPieces()
    found, _ = phonons(crystal(), potential, SETTINGS, Silent(), pieces)
    return soft_mode.follow(
        crystal(), potential, potential, SETTINGS, monitor or Silent(), pieces, found
    )


@cache
def polar() -> SoftModeResult:
    return followed(Ferroelectric())


def test_the_polar_mode_is_found_at_gamma_alone():
    (mode,) = polar().modes
    assert (mode.label, mode.degeneracy, mode.n_arms) == ("Γ", 3, 1)
    assert mode.followed
    assert mode.commensurate


def test_its_frequency_is_that_of_the_reduced_mass():
    masses = crystal().to_atoms().get_masses()
    reduced = masses.prod() / masses.sum()
    ev_per_a2_amu_in_thz = 15.633302
    expected = -np.sqrt(2 * Ferroelectric().a / reduced) * ev_per_a2_amu_in_thz
    assert polar().modes[0].frequency_thz == pytest.approx(expected, rel=2e-3)
    for phase in polar().phases:
        assert phase.curvature_frequency_thz == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("direction", S)
def test_wells_have_the_known_depth_amplitude_and_space_group(direction):
    (phase,) = (p for p in polar().phases if p.direction == direction)
    toy = Ferroelectric()
    depth = MEV * toy.depth_ev(S[direction]) / 2
    assert phase.well_depth_mev_per_atom == pytest.approx(depth, rel=1e-6)
    expected = toy.lowest_a(S[direction]) / (1 + MASS_RATIO)
    assert phase.well_amplitude_a == pytest.approx(expected, abs=2e-4)
    assert phase.space_group_symbol == POLAR[direction]
    assert phase.gain_mev_per_atom == pytest.approx(depth, rel=1e-3)
    assert polar().volume_change(phase) == pytest.approx(0, abs=1e-4)
    assert phase.fit_residual_mev_per_atom < 1e-6 * depth


def test_the_anisotropy_decides_which_phase_wins():
    assert polar().best.space_group_symbol == "R3m"
    assert polar().best.gamma_min_frequency_thz > -0.01
    assert polar().phases[-1].gamma_min_frequency_thz < -0.5
    other = followed(Ferroelectric(c=-2.0))
    assert other.best.space_group_symbol == "P4mm"


def test_gain_is_also_given_per_formula_unit():
    best = polar().best
    assert polar().gain_per_formula_unit(best) == pytest.approx(2 * best.gain_mev_per_atom)
    summary = polar().summary()
    assert summary["phases"][0]["gain_mev_per_formula_unit"] == pytest.approx(
        MEV * Ferroelectric().depth_ev(1 / 3), rel=1e-3
    )


def test_alternating_displacements_double_the_cell():
    toy = Ferroelectric(a=-0.5, j=-0.1)
    found = followed(toy)
    assert found.modes[0].label == "R"
    (phase,) = (p for p in found.phases if p.mode == 0 and p.direction == "(a, 0, 0)")
    assert phase.n_atoms == 4
    depth = MEV * toy.depth_ev(1.0, alternating=True) / 2
    assert phase.well_depth_mev_per_atom == pytest.approx(depth, rel=1e-6)
    assert phase.well_amplitude_a == pytest.approx(toy.lowest_a(1.0, True), abs=2e-4)
    assert phase.gain_mev_per_atom == pytest.approx(depth, rel=1e-3)
    assert phase.space_group_number == alternating_by_hand(0.1)


def alternating_by_hand(distance: float) -> int:
    steps = np.array(list(np.ndindex(2, 2, 2)))
    signs = (-1.0) ** steps.sum(axis=1)
    moved = (steps + 0.5) * EDGE_A + distance * signs[:, None] * [1, 0, 0]
    places = np.concatenate([steps * EDGE_A, moved]) / (2 * EDGE_A)
    numbers = np.array([CAESIUM] * 8 + [CHLORINE] * 8)
    return symmetry.analyse(Crystal(2 * EDGE_A * np.eye(3), numbers, places)).number


def test_a_stable_crystal_has_nothing_to_follow():
    found = followed(Ferroelectric(a=-0.5, j=0.0))
    assert found.modes == ()
    assert found.phases == ()
    assert found.best is None
    assert all(check.passed for check in found.checks)


def test_the_result_survives_json():
    text = json.dumps(polar().to_dict())
    revived = SoftModeResult.from_dict(json.loads(text))
    assert json.dumps(revived.to_dict()) == text
    assert revived.best.crystal.formula == "CsCl"


class StopAfter(Silent):
    """Cancels after some checkpoints."""

    def __init__(self, count: int) -> None:
        self.left = count

    def checkpoint(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled("stopped")


def test_a_stopped_run_goes_on_with_what_is_kept(tmp_path):
    pieces = DiskPieces(tmp_path)
    with pytest.raises(Cancelled):
        followed(Ferroelectric(), pieces, StopAfter(12))
    kept = {path.name for path in tmp_path.glob("soft_mode*")}
    assert kept
    again = Ferroelectric()
    resumed = followed(again, pieces)
    fresh = Ferroelectric()
    followed(fresh)
    assert len(again.batches) < len(fresh.batches)
    assert [p.gain_mev_per_atom for p in resumed.phases] == pytest.approx(
        [p.gain_mev_per_atom for p in polar().phases], rel=1e-6
    )


def perovskite() -> Crystal:
    return symmetry.analyse(example("SrTiO3").crystal).primitive


def tilts(qpoint, axis: int, mix=None) -> tuple[Wave, ...]:
    """Rotations of the oxygen octahedra about one axis or, without one, about all three."""
    cell = perovskite()
    vectors = []
    for turned in range(3) if axis < 0 else (axis,):
        vector = np.zeros((len(cell), 3), dtype=complex)
        for k in np.flatnonzero(cell.numbers == 8):
            side = cell.fractional[k] % 1 - 0.5
            side = np.where(np.abs(side) > 0.25, 1.0, 0.0)
            vector[k] = np.cross(np.eye(3)[turned], side)
        vectors.append(vector / np.linalg.norm(vector))
    if mix is not None:
        vectors = list(np.einsum("ij,jkl->ikl", mix, np.array(vectors)))
    return tuple(Wave(np.array(qpoint), vector) for vector in vectors)


def space_groups(arms) -> dict[str, str]:
    found = {}
    for direction in directions(perovskite(), arms):
        atoms = direction.cell.crystal.to_atoms()
        atoms.positions += 0.1 * direction.pattern_a
        found[direction.label] = symmetry.analyse(Crystal.from_atoms(atoms)).symbol
    return found


OUT_OF_PHASE = {"(a, 0, 0)": "I4/mcm", "(a, a, 0)": "Imma", "(a, a, a)": "R-3c"}
IN_PHASE = {"(a, 0, 0)": "P4/mbm", "(a, a, 0)": "I4/mmm", "(a, a, a)": "Im-3"}
"""Howard and Stokes, Acta Cryst. B 54, 782 (1998)."""


@pytest.mark.parametrize("seed", range(4))
def test_tilts_at_r_whatever_the_basis_of_the_degenerate_modes(seed):
    rng = np.random.default_rng(seed)
    mix, _ = np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))
    assert space_groups([tilts((0.5, 0.5, 0.5), -1, mix)]) == OUT_OF_PHASE


def test_tilts_at_m_combine_the_arms_of_the_star():
    points = ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
    assert space_groups([tilts(q, k) for k, q in enumerate(points)]) == IN_PHASE


@pytest.mark.parametrize(("period", "symmetric"), [(3, [False]), (4, [True, True])])
def test_the_phase_of_a_long_wave_is_one_that_symmetry_picks(period, symmetric):
    """Translations turn the phase by 2π/n; mirrors at even n come in two kinds."""
    vector = np.zeros((2, 3), dtype=complex)
    vector[1, 2] = np.exp(0.3j)
    found = directions(crystal(), [(Wave(np.array([0, 0, 1 / period]), vector),)])
    assert [direction.symmetric for direction in found] == symmetric
    for direction in found:
        assert len(direction.cell.crystal) == 2 * period
        assert np.linalg.norm(direction.pattern_a, axis=1).max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("points", "cells"),
    [
        ([(0, 0, 0)], 1),
        ([(0.5, 0.5, 0.5)], 2),
        ([(0.5, 0.5, 0), (0, 0.5, 0.5)], 4),
        ([(0.25, 0.5, 0.5)], 4),
        ([(1 / 3, 1 / 3, 0)], 3),
    ],
)
def test_the_cell_is_the_smallest_that_holds_whole_waves(points, cells):
    cell = holding_cell(perovskite(), [np.array(q) for q in points])
    assert round(np.linalg.det(cell.matrix)) == cells
    for q in points:
        assert np.allclose(cell.matrix @ q, np.round(cell.matrix @ q))
    assert symmetry.analyse(cell.crystal).symbol == "Pm-3m"


def test_points_of_one_star_are_looked_at_once():
    labels = soft_mode_search.labelled_points(perovskite())
    stars = soft_mode_search.candidate_points(perovskite(), labels)
    sizes = {name: len(star) for name, star in stars if name}
    assert sizes == {"Γ": 1, "X": 3, "M": 3, "R": 1}
    all_arms = [tuple(np.round(12 * q).astype(int) % 12) for _, star in stars for q in star]
    assert len(all_arms) == len(set(all_arms))


def test_a_quartic_well_is_fitted_exactly():
    amplitude = np.linspace(0, 0.3, 15)
    found = soft_mode_well.well(amplitude, -100 * amplitude**2 + 2000 * amplitude**4, -1, True)
    assert found.coefficient == pytest.approx([-100, 2000, 0], abs=1e-6)
    assert found.lowest_a == pytest.approx(np.sqrt(1 / 40), abs=1e-4)
    assert found.depth_mev_per_atom == pytest.approx(1.25, rel=1e-6)


def test_a_well_without_a_bottom_says_so():
    amplitude = np.linspace(0, 1.0, 15)
    falling = soft_mode_well.well(amplitude, -(amplitude**2), -1, True)
    assert "still falls at an amplitude of 1.00 Å" in falling.problem
    rising = soft_mode_well.well(amplitude, amplitude**2, -1, True)
    assert "rises from the undistorted crystal" in rising.problem
    assert np.isnan(rising.depth_mev_per_atom)
