"""Elastic constants under pressure and from several models."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from lennard_jones import LennardJones

from mlpcore.errors import Cancelled, ModelUnavailableError
from properties import relax, symmetry
from properties.crystal import Crystal
from properties.elasticity.constants import elastic_constants
from properties.elasticity.orientation import Orientation
from properties.elasticity.pressure import elastic_under_pressure
from properties.elasticity.series import PressureResult, SpreadResult
from properties.elasticity.spread import model_spread
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from tests.pages.sample import stiffness

EXACT = dataclasses.replace(PRESETS["tight"], fmax_ev_per_a=1e-7, max_stress_gpa=1e-5)
PRESSURES = (-4.0, 0.0, 4.0, 8.0)


def relaxed(crystal, potential, pressure_gpa=0.0):
    return relax.relax_crystal(crystal, potential, EXACT, Silent(), pressure_gpa).primitive


def swept(crystal, potential, pressures=PRESSURES, monitor=None, pieces=None):
    return elastic_under_pressure(
        relaxed(crystal, potential),
        potential,
        EXACT,
        monitor or Silent(),
        pieces or MemoryPieces(),
        pressures,
    )


@pytest.fixture(scope="module")
def sweeps(fcc, hcp):
    return {"fcc": swept(fcc(), LennardJones()), "hcp": swept(hcp(), LennardJones())}


@pytest.mark.parametrize("structure", ["fcc", "hcp"])
def test_every_pressure_gives_what_a_job_at_that_pressure_gives(
    fcc, hcp, sweeps, potential, structure
):
    crystal = {"fcc": fcc, "hcp": hcp}[structure]()
    sweep = sweeps[structure]
    for k, pressure in enumerate(PRESSURES):
        alone = relaxed(crystal, potential, pressure)
        found = elastic_constants(alone, potential, EXACT, Silent(), MemoryPieces(), pressure)
        largest = np.abs(found.stiffness_gpa).max()
        for series, one in (
            (sweep.stiffness_gpa, found.stiffness_gpa),
            (sweep.stiffness_clamped_gpa, found.stiffness_clamped_gpa),
        ):
            np.testing.assert_allclose(series[k], one, atol=1e-5 * largest)
        assert sweep.volume_per_atom_a3[k] == pytest.approx(found.volume_per_atom_a3, rel=1e-6)
        assert sweep.density_kg_per_m3[k] == pytest.approx(found.density_kg_per_m3, rel=1e-6)


def test_all_checks_pass_for_a_stable_crystal(sweeps):
    for sweep in sweeps.values():
        assert [c.message for c in sweep.checks if not c.passed] == []
        assert {c.code for c in sweep.checks} >= {"pressure_compression", "pressure_born"}


def test_cauchy_relation_over_the_whole_range(sweeps):
    """C12 − C44 = 2p for central forces (Born and Huang 1954)."""
    found = sweeps["fcc"].constants_gpa
    np.testing.assert_allclose(found["C12"] - found["C44"], 2 * np.array(PRESSURES), atol=1e-3)


def test_a_crystal_torn_apart_is_said_to_be(fcc, potential):
    """Beyond the strength under tension there is no equilibrium; what there is, is shown."""
    sweep = swept(fcc(), potential, (-60.0, -40.0, -4.0, 0.0))
    assert "no equilibrium" in sweep.problems[1]
    assert "Not tried" in sweep.problems[0]
    assert sweep.problems[2:] == ("", "")
    assert np.isnan(sweep.stiffness_gpa[:2]).all()
    assert np.isnan(sweep.volume_per_atom_a3[:2]).all()
    assert np.isfinite(sweep.stiffness_gpa[2:]).all()
    failed = {c.code: c.message for c in sweep.checks if not c.passed}
    assert set(failed) == {"pressure_points"}
    assert "-40 GPa: The cell reached" in failed["pressure_points"]
    assert sweep.lowest_eigenvalue_gpa[3] > 0
    assert sweep.unstable_ranges_gpa == []


def test_limits_of_tensors_that_are_linear_in_the_pressure():
    """C44 = 60 − 4p ends at 15 GPa; C11 − C12 = 50 + 5p ends at −10 GPa."""
    pressures = np.array([-20.0, -5.0, 0.0, 10.0, 22.0])
    tensors = [stiffness(150.0 + 5 * p, 100.0, 60.0 - 4 * p) for p in pressures]
    sweep = PressureResult(
        pressures_gpa=pressures,
        start_pressure_gpa=0.0,
        volume_per_atom_a3=np.ones(5),
        density_kg_per_m3=np.ones(5),
        stiffness_gpa=np.array(tensors),
        stiffness_clamped_gpa=np.array(tensors),
        softest_ev_per_a2=np.ones(5),
        laue_class="m-3m",
        problems=("",) * 5,
        checks=(),
    )
    expected = [(-20.0, -10.0), (15.0, 22.0)]
    np.testing.assert_allclose(sweep.unstable_ranges_gpa, expected)
    np.testing.assert_allclose(sweep.constants_gpa["C44"], 60 - 4 * pressures)
    again = PressureResult.from_dict(sweep.to_dict())
    np.testing.assert_allclose(again.unstable_ranges_gpa, expected)


@pytest.mark.parametrize(
    ("c44", "softest", "ranges"),
    [
        ((-10.0, 20.0, 40.0), (1.0, 1.0, 1.0), [(0.0, 10 / 3)]),
        ((10.0, 20.0, 40.0), (-1.0, 3.0, 3.0), [(0.0, 2.5)]),
        ((-10.0, 20.0, 40.0), (-1.0, 3.0, 3.0), [(0.0, 10 / 3)]),
        ((10.0, np.nan, -40.0), (1.0, np.nan, 1.0), [(20.0, 20.0)]),
        ((-10.0, -20.0, -40.0), (1.0, 1.0, 1.0), [(0.0, 20.0)]),
        ((10.0, 20.0, 40.0), (np.nan, np.nan, np.nan), []),
    ],
)
def test_unstable_ranges_of_tensors_and_ions(c44, softest, ranges):
    """Three pressures, 0, 10 and 20 GPa; a missing one is not bridged."""
    tensors = np.array([stiffness(300.0, 100.0, value) for value in c44])
    tensors[np.isnan(c44)] = np.nan
    sweep = PressureResult(
        pressures_gpa=np.array([0.0, 10.0, 20.0]),
        start_pressure_gpa=0.0,
        volume_per_atom_a3=np.ones(3),
        density_kg_per_m3=np.ones(3),
        stiffness_gpa=tensors,
        stiffness_clamped_gpa=tensors,
        softest_ev_per_a2=np.array(softest),
        laue_class="m-3m",
        problems=("",) * 3,
        checks=(),
    )
    np.testing.assert_allclose(sweep.unstable_ranges_gpa, ranges)
    moduli = sweep.summary()["shear_modulus_vrh_gpa"]
    assert [np.isnan(value) for value in moduli] == [not value > 0 for value in c44]


def test_axes_keep_their_names_when_lattice_constants_change_their_order():
    """An orthorhombic crystal whose a and c change places between two models."""
    x, y, z = 0.11, 0.23, 0.37  # the orbit of P2(1)2(1)2(1)
    sites = np.array(
        [[x, y, z], [0.5 - x, -y, 0.5 + z], [-x, 0.5 + y, 0.5 - z], [0.5 + x, 0.5 - y, -z]]
    )
    tensors = {}
    for a, c in ((7.00, 7.05), (7.05, 7.00)):
        crystal = Crystal(np.diag([a, 9.0, c]), np.array([29] * 4), sites)
        tensors[a] = crystal
    first, second = (symmetry.analyse(tensors[a]) for a in (7.00, 7.05))
    known = Orientation.of(first.primitive).axes(first.primitive.lattice_a) @ first.rotation
    own = Orientation.of(second.primitive)
    lattice = second.primitive.lattice_a
    named = own.following(known @ second.rotation.T, lattice).axes(lattice) @ second.rotation
    np.testing.assert_allclose(np.abs(named), np.abs(known), atol=1e-6)
    np.testing.assert_allclose(named, known, atol=1e-6)
    before = own.axes(lattice) @ second.rotation
    assert not np.allclose(np.abs(before), np.abs(known), atol=1e-3)


def test_a_sweep_that_was_stopped_goes_on_where_it_was(fcc, potential):
    class Stop(Silent):
        def advance(self, stage, done, total, what):
            assert stage == "elastic_pressure"
            assert 0 <= done <= total
            if what.startswith("4 GPa"):
                raise Cancelled

    pieces = MemoryPieces()
    with pytest.raises(Cancelled):
        swept(fcc(), potential, monitor=Stop(), pieces=pieces)
    before = potential.calls
    resumed = swept(fcc(), potential, pieces=pieces)
    calls = potential.calls - before
    fresh = LennardJones()
    whole = swept(fcc(), fresh)
    assert calls < fresh.calls
    np.testing.assert_allclose(resumed.stiffness_gpa, whole.stiffness_gpa, atol=1e-3)


def test_models_are_put_side_by_side_and_failures_named(hcp, potential):
    """The second model is stiffer by its well depth, the third is not installed."""

    def load(name):
        if name == "chgnet-0.3.0":
            raise ModelUnavailableError("chgnet is missing.")
        return LennardJones(epsilon_ev=0.5)

    own = elastic_constants(
        relaxed(hcp(), potential), potential, EXACT, Silent(), MemoryPieces()
    )
    spread = model_spread(
        hcp(),
        ("sevennet-0", own),
        ("sevennet-l3i5", "chgnet-0.3.0"),
        load,
        EXACT,
        Silent(),
        MemoryPieces(),
    )
    constants = spread.constants_gpa
    for name in ("C11", "C44", "B", "G"):
        assert constants[name][1] / constants[name][0] == pytest.approx(1.25, rel=1e-4)
        assert np.isnan(constants[name][2])
        gap = 0.25 * constants[name][0]
        assert spread.disagreement_gpa[name] == pytest.approx(gap, rel=1e-3)
        assert spread.disagreement_percent[name] == pytest.approx(100 * 0.25 / 1.125, rel=1e-3)
    assert spread.problems == ("", "", "chgnet is missing.")
    failed = [c.code for c in spread.checks if not c.passed]
    assert failed == ["models_all"]
    assert SpreadResult.from_dict(spread.to_dict()).problems == spread.problems


def test_the_pipeline_runs_both_and_writes_them(run_with, potential, fcc, tmp_path):
    outcome = run_with(
        potential,
        fcc(),
        files=tmp_path,
        properties=("relax",),
        elastic_pressures_gpa=(4.0, 0.0),
        compare_models=("chgnet-0.3.0",),
    )
    assert list(outcome.stages) == ["relax", "elastic", "elastic_pressure", "elastic_models"]
    report = outcome.report()
    assert report["elastic_pressure"]["pressures_gpa"] == [0.0, 4.0]
    spread = report["elastic_models"]
    assert spread["models"] == ["sevennet-0", "chgnet-0.3.0"]
    assert spread["disagreement_between_models_percent"]["B"] == pytest.approx(0, abs=0.1)
    table = (tmp_path / "elastic_pressure.csv").read_text().splitlines()
    assert table[0].startswith("pressure_gpa,volume_per_atom_a3")
    assert len(table) == 3


def test_a_model_without_second_derivatives_says_so(run_with, potential, hcp):
    potential.info = dataclasses.replace(potential.info, twice_differentiable=False)
    outcome = run_with(potential, hcp(), properties=("elastic",), elastic_pressures_gpa=(0.0,))
    (warning,) = [w for w in outcome.warnings if w.code == "finite_strain_only"]
    assert "was not differentiated twice" in warning.message
    found = outcome.stages["elastic"]
    np.testing.assert_allclose(
        outcome.stages["elastic_pressure"].stiffness_gpa[0], found.stiffness_gpa, atol=0.05
    )
    assert np.isnan(outcome.stages["elastic_pressure"].softest_ev_per_a2[0])
