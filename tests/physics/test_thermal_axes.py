"""Expansion along the axes of a layered crystal, against minimisation over both of them."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from lennard_jones import CUTOFF_A, LennardJones

from mlpcore.errors import Cancelled
from mlpcore.neighbours import build_graph
from mlpcore.units import EV_IN_KJ_PER_MOL
from properties import relax
from properties.crystal import Crystal
from properties.elasticity.constants import elastic_constants
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations import anisotropic
from properties.vibrations.displacements import displaced, displaced_cells
from properties.vibrations.phonons import (
    TEMPERATURES_K,
    choose_supercell,
    harmonic,
    sample_mesh,
)
from properties.vibrations.thermal import thermal_expansion
from properties.vibrations.thermal_result import (
    AXES_BY_GRUNEISEN,
    AXES_QUASISTATIC,
    EQUAL_AXES,
)

QUICK = dataclasses.replace(
    PRESETS["quick"],
    supercell_length_a=8.0,
    mesh_length_a=30.0,
    fmax_ev_per_a=1e-6,
    max_stress_gpa=1e-4,
)
COMPARED_K = (50.0, 100.0, 150.0)
WEAK = 0.45
"""Strength of bonds between unlike layers, relative to those within a layer."""


class Layered(LennardJones):
    """Lennard-Jones whose bonds between unlike elements are weak: layers slide and breathe."""

    def energy_function(self, atoms):
        graph = build_graph([atoms], CUTOFF_A)
        vectors = torch.as_tensor(graph.vectors_a)
        source, target = torch.as_tensor(graph.source), torch.as_tensor(graph.target)
        kinds = torch.as_tensor(atoms.numbers)
        depth = torch.where(kinds[source] == kinds[target], 1.0, WEAK)

        def energy(u, strain):
            moved = vectors + u[target] - u[source]
            moved = moved @ (torch.eye(3, dtype=self.dtype) + strain)
            squared = (moved**2).sum(dim=1)
            attraction = (self.sigma_a**2 / squared) ** 3
            pair = 4 * self.epsilon_ev * depth * (attraction**2 - attraction)
            return (pair * (1 - squared / CUTOFF_A**2) ** 4).sum() / 2

        return energy


@pytest.fixture(scope="module")
def potential():
    return Layered()


@pytest.fixture(scope="module")
def layers(hcp, potential):
    """Close-packed layers of two elements in turn."""
    pure = hcp()
    crystal = Crystal(pure.lattice_a, np.array([29, 47]), pure.fractional)
    return relax.relax_crystal(crystal, potential, QUICK, Silent()).primitive


@pytest.fixture(scope="module")
def elastic(layers, potential):
    return elastic_constants(layers, potential, QUICK, Silent(), MemoryPieces())


@pytest.fixture(scope="module")
def found(layers, potential, elastic):
    return thermal_expansion(
        layers, potential, potential, QUICK, Silent(), MemoryPieces(), elastic=elastic
    )


@pytest.fixture(scope="module")
def brute(layers, potential):
    """ln a and ln c of least F at each temperature, from F on a grid of both, (t, 2)."""
    steps_a, steps_c = np.linspace(-0.012, 0.024, 5), np.linspace(-0.02, 0.05, 6)
    grid = np.array(list(itertools.product(steps_a, steps_c)))
    free = np.array([free_energy_ev(layers, potential, a, c) for a, c in grid])
    return np.array([lowest(grid, row) for row in free.T])


def free_energy_ev(crystal, potential, step_a, step_c):
    """F at all temperatures of a cell with both axes scaled; no atom is free to move."""
    scale = np.diag(np.exp([step_a, step_a, step_c]))
    cell = crystal.with_lattice(crystal.lattice_a @ scale)
    phonon = displaced(cell, choose_supercell(crystal, QUICK).matrix, QUICK.displacement_a)
    cells = list(displaced_cells(phonon, "any").values())
    forces = [one.forces_ev_per_a for one in potential.evaluate(cells)]
    sample = sample_mesh(harmonic(phonon, forces).phonon, QUICK)
    (static,) = potential.evaluate([cell.to_atoms()])
    return static.energy_ev + sample.free_energy_kj_per_mol / EV_IN_KJ_PER_MOL


def lowest(grid, free):
    """Minimum of a quartic surface through the points, by Newton's method."""
    powers = [(i, j) for i in range(5) for j in range(5) if i + j <= 4]
    x, y = (grid / 0.01).T
    terms = np.array([x**i * y**j for i, j in powers]).T
    coefficients = np.linalg.lstsq(terms, free, rcond=None)[0]

    def term(i, j, x, y):
        return np.where(i >= 0, x ** max(i, 0), 0) * np.where(j >= 0, y ** max(j, 0), 0)

    at = np.zeros(2)
    for _ in range(60):
        slope, curve = np.zeros(2), np.zeros((2, 2))
        for (i, j), c in zip(powers, coefficients, strict=True):
            slope += c * np.array([i * term(i - 1, j, *at), j * term(i, j - 1, *at)])
            mixed = i * j * term(i - 1, j - 1, *at)
            curve += c * np.array(
                [
                    [i * (i - 1) * term(i - 2, j, *at), mixed],
                    [mixed, j * (j - 1) * term(i, j - 2, *at)],
                ]
            )
        at = at - np.linalg.solve(curve, slope)
    return 0.01 * at


@pytest.mark.parametrize("kelvin", COMPARED_K)
def test_both_axes_expand_as_in_the_minimum_of_the_free_energy(found, brute, kelvin):
    """Linear in the change of shape: some percent are left where the crystal has grown."""
    at = np.searchsorted(TEMPERATURES_K, kelvin)
    exact = (brute[at + 1] - brute[at - 1]) / (TEMPERATURES_K[at + 1] - TEMPERATURES_K[at - 1])
    own = [found.alpha_linear_per_k[axis][at] for axis in "ac"]
    np.testing.assert_allclose(own, exact, rtol=0.05)


def test_without_the_action_on_the_shape_the_axes_would_be_wrong(found, brute):
    """At 50 K only soft modes are excited, which pull at c: the static path misses that."""
    at = np.searchsorted(TEMPERATURES_K, 50.0)
    exact = (brute[at + 1] - brute[at - 1])[0] / 20.0
    assert found.alpha_linear_per_k["a"][at] == pytest.approx(exact, rel=0.03)
    assert found.alpha_quasistatic_per_k["a"][at] > 1.2 * exact


@pytest.mark.parametrize("kelvin", [0.0, 150.0])
def test_lattice_constants_are_those_of_least_free_energy(found, brute, layers, kelvin):
    """At 0 K the zero-point motion alone has moved both."""
    at = np.searchsorted(TEMPERATURES_K, kelvin)
    start = np.array([np.linalg.norm(layers.lattice_a[k]) for k in (0, 2)])
    own = np.log([found.lattice_a[axis][at] for axis in "ac"] / start)
    np.testing.assert_allclose(own, brute[at], rtol=0.05)
    assert (brute[at] > 0.002).all()


def test_axes_add_up_to_the_volume(found):
    assert found.axis_method == AXES_BY_GRUNEISEN
    linear = found.alpha_linear_per_k
    np.testing.assert_array_equal(linear["a"], linear["b"])
    total = 2 * linear["a"] + linear["c"]
    np.testing.assert_allclose(total, found.alpha_volume_per_k, rtol=2e-3, atol=1e-10)
    assert (linear["a"][0], linear["c"][0]) == pytest.approx((0, 0), abs=1e-12)


def test_linear_response_is_the_sum_over_gruneisen_functions_and_compliances(
    found, layers, elastic
):
    """α_a = (C_V/V) [(S11 + S12) γ_a + S13 γ_c] and so on, from the elastic constants."""
    s = np.linalg.inv(elastic.stiffness_gpa)
    at = np.searchsorted(TEMPERATURES_K, 100.0)
    gamma_a, gamma_c = found.axes.gruneisen[at]
    heat = found.heat_capacity_v_j_per_mol_atoms_k[at] * 2  # nearly that at the relaxed cell
    per_volume = heat / (layers.volume_a3 * 1e-30 * 6.02214076e23) / 1e9  # GPa/K
    expected = per_volume * np.array(
        [
            (s[0, 0] + s[0, 1]) * gamma_a + s[0, 2] * gamma_c,
            2 * s[0, 2] * gamma_a + s[2, 2] * gamma_c,
        ]
    )
    own = found.axes.alpha_linear_per_k[at]
    assert own[1] / own[0] == pytest.approx(expected[1] / expected[0], rel=0.015)
    np.testing.assert_allclose(own, expected, rtol=0.06)  # C_V here is that of the grown cell


def test_mean_of_the_axes_is_the_gruneisen_parameter_of_the_modes(found):
    """In a cell compressed along its static path γ = Σ m_k γ_k dε_k/d ln V."""
    at = np.searchsorted(TEMPERATURES_K, 300.0)
    stiffness = found.axes.stiffness_gpa
    path = np.linalg.solve(stiffness, found.axes.multiplicity)
    path /= found.axes.multiplicity @ path
    mean = (found.axes.gruneisen[at] * found.axes.multiplicity) @ path
    own = np.interp(300.0, found.temperatures_k, found.gruneisen_mode_mean)
    assert mean == pytest.approx(own, rel=0.03)


def test_stiffness_of_the_axes_is_that_of_the_elastic_constants(found, elastic):
    c = elastic.independent_constants
    expected = [[2 * (c["C11"] + c["C12"]), 2 * c["C13"]], [2 * c["C13"], c["C33"]]]
    np.testing.assert_allclose(found.axes.elastic_stiffness_gpa, expected, rtol=1e-9)
    np.testing.assert_allclose(found.axes.stiffness_gpa, expected, rtol=0.01)
    verdicts = {check.code: check.passed for check in found.checks}
    assert verdicts["axes_stiffness"]
    assert verdicts["axes_volume"]


def turned(crystal):
    angle = np.radians(25.0)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    return crystal.with_lattice(crystal.lattice_a @ turn @ turn.T[[2, 0, 1]])


def test_strains_follow_the_axes_of_a_turned_crystal(hcp):
    crystal = turned(hcp())
    strains = anisotropic.independent_axes(crystal)
    assert list(strains) == ["a", "c"]
    c_axis = crystal.lattice_a[2]
    np.testing.assert_allclose(strains["c"] @ c_axis, c_axis, atol=1e-8)
    np.testing.assert_allclose(strains["a"] @ c_axis, 0, atol=1e-8)
    np.testing.assert_allclose(strains["a"] @ crystal.lattice_a[0], crystal.lattice_a[0])


def test_orthorhombic_axes_are_three_and_those_of_cubic_crystals_none(fcc):
    box = Crystal(np.diag([3.0, 4.0, 5.0]), np.array([29]), np.zeros((1, 3)))
    strains = anisotropic.independent_axes(box)
    assert list(strains) == ["a", "b", "c"]
    np.testing.assert_allclose(sum(strains.values()), np.eye(3), atol=1e-12)
    assert anisotropic.independent_axes(fcc(29)) == {}


def test_a_cubic_crystal_needs_no_strains(fcc):
    crystal = relax.relax_crystal(fcc(29), LennardJones(), QUICK, Silent()).primitive
    pieces = Ledger()
    found = thermal_expansion(crystal, LennardJones(), LennardJones(), QUICK, Silent(), pieces)
    assert found.axis_method == EQUAL_AXES
    assert found.axes is None
    assert not [key for key in pieces.keys if "axis" in key]


class Ledger(MemoryPieces):
    """Remembers what was put into it."""

    def __init__(self):
        super().__init__()
        self.keys = []

    def put(self, key, arrays):
        self.keys.append(key)
        super().put(key, arrays)


class StopAt(Silent):
    """Stops at a step of the work, and remembers how far it was said to be."""

    def __init__(self, step=None):
        self.step, self.heard = step, []

    def advance(self, stage, done, total, what):
        self.heard.append((done, total))
        if len(self.heard) - 1 == self.step:
            raise Cancelled("Stopped by the test.")


@pytest.fixture(scope="module")
def heard(layers, potential):
    monitor = StopAt()
    thermal_expansion(layers, potential, potential, QUICK, monitor, MemoryPieces())
    return monitor.heard


def test_progress_counts_the_strained_cells(heard):
    """Five volumes and four strained cells, each to be relaxed and displaced twice."""
    assert {total for _, total in heard} == {9 * 3}
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == (27, 27)


@pytest.mark.parametrize("before_the_end", [2, 4, 7])
def test_interrupted_it_goes_on_with_what_is_missing(
    layers, potential, found, heard, before_the_end
):
    pieces = Ledger()
    with pytest.raises(Cancelled):
        thermal_expansion(
            layers, potential, potential, QUICK, StopAt(len(heard) - before_the_end), pieces
        )
    resumed = thermal_expansion(layers, potential, potential, QUICK, Silent(), pieces)
    assert len(pieces.keys) == len(set(pieces.keys))
    for axis in "ac":
        np.testing.assert_array_equal(
            resumed.alpha_linear_per_k[axis], found.alpha_linear_per_k[axis]
        )


def test_where_a_strained_cell_has_imaginary_modes_the_reason_is_told(
    layers, potential, monkeypatch
):
    monkeypatch.setattr(anisotropic, "IMAGINARY_THZ", 0.5)
    result = thermal_expansion(layers, potential, potential, QUICK, Silent(), MemoryPieces())
    assert result.axis_method == AXES_QUASISTATIC
    assert "strained by 1 % along a has imaginary modes" in result.axis_note
    for axis in "abc":
        np.testing.assert_array_equal(
            result.alpha_linear_per_k[axis], result.alpha_quasistatic_per_k[axis]
        )


@pytest.mark.slow
def test_corundum_expands_more_along_its_axis(sevennet_l3i5):
    """Measured 5.4 and 6.2 × 10⁻⁶/K at 300 K (handbooks, good to some percent)."""
    settings = dataclasses.replace(
        PRESETS["quick"], supercell_length_a=8.0, mesh_length_a=40.0, fmax_ev_per_a=1e-3
    )
    crystal = relax.relax_crystal(
        example("Al2O3").crystal, sevennet_l3i5, settings, Silent()
    ).primitive
    found = thermal_expansion(
        crystal, sevennet_l3i5, sevennet_l3i5, settings, Silent(), MemoryPieces()
    )
    at = np.searchsorted(found.temperatures_k, 300.0)
    a, c = (1e6 * found.alpha_linear_per_k[axis][at] for axis in "ac")
    assert 4.0 < a < c < 9.0
    assert c / a == pytest.approx(1.15, abs=0.1)
