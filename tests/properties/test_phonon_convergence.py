"""Supercells and displacements of a test of convergence, and what it will take."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from mlpcore import registry
from properties import symmetry
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from properties.results import ConvergenceResult
from properties.spec import PRESETS, Preset
from properties.vibrations import convergence, estimate
from properties.vibrations.convergence_result import agree
from properties.vibrations.phonons import phonons
from tests.properties.ferroelectric import Ferroelectric, crystal

SETTINGS = Preset(1e-5, 0.001, 5.9, 54, 5, mesh_length_a=15.0)


@cache
def computed() -> tuple[ConvergenceResult, int, int]:
    """The result, evaluations of the phonons, and all evaluations."""
    potential = Ferroelectric(a=-0.5, b=8.0, c=0.0, j=0.05)
    pieces = MemoryPieces()
    found, _ = phonons(crystal(), potential, SETTINGS, Silent(), pieces)
    before = sum(len(batch) for batch in potential.batches)
    result = convergence.converge(crystal(), potential, SETTINGS, Silent(), pieces, found)
    return result, before, sum(len(batch) for batch in potential.batches)


def test_modes_of_short_springs_are_converged_at_once():
    result = computed()[0]
    assert result.point_label == ("Γ", "X", "M", "R")
    assert result.supercell_holds_point[result.own].all()
    assert result.supercell_deviation_thz[result.own].max() < 1e-3
    assert all(check.passed for check in result.checks)
    assert result.supercell_n_atoms[result.recommended] <= result.supercell_n_atoms[-1]


def test_a_quartic_term_moves_frequencies_with_the_square_of_the_displacement():
    result = computed()[0]
    at_gamma = result.displacement_frequency_thz[:, 0, -1] ** 2
    slope = np.diff(at_gamma) / np.diff(result.displacement_a**2)
    assert slope == pytest.approx(np.full(3, slope[0]), rel=0.02)
    assert slope[0] > 0


def test_displacements_of_the_preset_are_taken_over():
    result, before, after = computed()
    assert 0 < before < after
    others = np.arange(len(result.supercell_n_atoms)) != result.own
    assert np.isnan(result.supercell_seconds[result.own])
    assert np.isfinite(result.supercell_seconds[others]).all()


def test_the_result_survives_json():
    text = json.dumps(computed()[0].to_dict())
    assert json.dumps(ConvergenceResult.from_dict(json.loads(text)).to_dict()) == text


@pytest.mark.parametrize("name", ["Si", "SrTiO3", "Al2O3", "Mg"])
@pytest.mark.parametrize("preset", PRESETS)
def test_plans_grow_around_the_preset_and_stay_within_limits(name, preset):
    settings = PRESETS[preset]
    cell = symmetry.analyse(example(name).crystal).primitive
    planned = estimate.plan(cell, settings, 0.2)
    atoms = [one.n_atoms for one in planned.supercells]
    lengths = [one.length_a for one in planned.supercells]
    assert 2 <= len(atoms) <= estimate.MOST_SUPERCELLS
    assert lengths == sorted(lengths)
    assert atoms[-1] <= 1.5 * settings.max_supercell_atoms
    assert 0 < planned.own < len(atoms)


def test_memory_limits_the_plan():
    cell = symmetry.analyse(example("Si").crystal).primitive
    roomy, tight = (estimate.plan(cell, PRESETS["quick"], mb) for mb in (0.2, 90.0))
    assert tight.supercells[-1].n_atoms <= 66 < roomy.supercells[-1].n_atoms


def test_costs_follow_atoms_and_displacements():
    cell = symmetry.analyse(example("Si").crystal).primitive
    planned = estimate.plan(cell, PRESETS["quick"], 0.2)
    per_atom = estimate.seconds_per_atom(6.4, 2, 64)
    parts = estimate.costs(planned, 2, per_atom, 0.2, PRESETS["quick"])
    assert per_atom == pytest.approx(0.05)
    own, last = parts[planned.own], parts[-2]
    assert (own.n_displaced, own.seconds) == (0, 0.0)
    assert last.seconds == pytest.approx(0.05 * 2 * last.n_atoms)
    assert parts[-1].seconds == pytest.approx(0.05 * 2 * 3 * own.n_atoms)
    assert last.memory_mb - own.memory_mb == pytest.approx(0.2 * (last.n_atoms - own.n_atoms))
    seconds, memory = estimate.total(parts)
    assert seconds == pytest.approx(sum(part.seconds for part in parts))
    assert memory == last.memory_mb


def test_an_unknown_time_stays_unknown():
    assert np.isnan(estimate.seconds_per_atom(None, 1, 64))


def test_frequencies_agree_within_the_larger_limit():
    reference = np.array([1.0, 20.0])
    assert agree(np.array([1.04, 20.19]), reference)
    assert not agree(np.array([1.06, 20.0]), reference)
    assert not agree(np.array([1.0, 20.21]), reference)


@pytest.mark.parametrize("model", [m.name for m in registry.universal_models()])
def test_the_registry_knows_the_memory_of_each_model(model):
    info = registry.info(model)
    loaded = registry.load(model, device="cpu")
    expected = {"sevenn": info.upstream_memory_per_atom_mb}
    own = expected.get(loaded.engine, info.memory_per_atom_mb)
    assert loaded.memory_per_atom_mb == own
