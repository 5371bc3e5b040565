"""The engine against the models' own package, against itself, and without a compiler."""

from __future__ import annotations

import ctypes
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from mlpcore import registry, sevennet
from mlpcore.engine import __main__ as engine_command
from mlpcore.engine import library, network, radial
from mlpcore.engine.evaluator import Evaluator
from mlpcore.engine.network import EngineUnsupportedError
from mlpcore.neighbours import NeighbourSearch
from tests.mlpcore.random_structures import random_structures

MODELS = ("sevennet-l3i5", "sevennet-0", "sevennet-mf-0-r2scan")
N_STRUCTURES = 70

pytestmark = pytest.mark.skipif(
    library.find_compiler() is None, reason="without a compiler there is no engine"
)


def _salt(repeats=2, rattle=0.1):
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True) * (repeats, repeats, 1)
    atoms.rattle(rattle, seed=7)
    return atoms


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return request.param


@pytest.fixture(scope="module")
def upstream(model):
    return registry.load(model, device="cpu", dtype="float64", engine="upstream")


@pytest.fixture(scope="module")
def fast(model):
    return registry.load(model, device="cpu", dtype="float64")


def _differences(one, other, n_atoms):
    return (
        abs(one.energy_ev - other.energy_ev) / n_atoms,
        np.abs(one.forces_ev_per_a - other.forces_ev_per_a).max(),
        np.abs(one.stress_ev_per_a3 - other.stress_ev_per_a3).max(),
    )


def test_numbers_of_upstream_over_the_periodic_table(model, upstream, fast):
    """To 2e-6 eV/atom, 1e-5 eV/Å and 1e-5 eV/Å³, or seven digits where atoms collide."""
    elements = sorted(upstream.info.elements)
    seed = MODELS.index(model)
    sizes = []
    for atoms in random_structures(N_STRUCTURES, elements, seed):
        (wanted,), (found,) = upstream.evaluate([atoms]), fast.evaluate([atoms])
        energy, force, stress = _differences(found, wanted, len(atoms))
        assert energy < 2e-6 + 1e-7 * abs(wanted.energy_ev) / len(atoms), atoms
        assert force < 1e-5 + 1e-7 * np.abs(wanted.forces_ev_per_a).max(), atoms
        assert stress < 1e-5 + 1e-7 * np.abs(wanted.stress_ev_per_a3).max(), atoms
        sizes.append(len(atoms))
    assert min(sizes) == 1
    assert max(sizes) > 120


def test_single_precision_rounds_as_upstream_does(model, upstream):
    """Both are compared with double precision."""
    ours = registry.load(model, device="cpu", dtype="float32")
    theirs = registry.load(model, device="cpu", dtype="float32", engine="upstream")
    elements = sorted(upstream.info.elements)
    errors = []
    for atoms in random_structures(14, elements, seed=11):
        (exact,) = upstream.evaluate([atoms])
        errors.append(
            [_differences(p.evaluate([atoms])[0], exact, len(atoms)) for p in (ours, theirs)]
        )
    own, package = np.median(errors, axis=0)
    assert (own < 2 * package).all()


def test_forces_are_the_gradient_of_the_energy(fast):
    atoms, step = _salt(repeats=1), 1e-4
    (found,) = fast.evaluate([atoms])
    for atom, axis in ((0, 0), (3, 1), (6, 2)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(fast.evaluate([moved])[0].energy_ev)
        slope = (energies[0] - energies[1]) / (2 * step)
        assert -slope == pytest.approx(found.forces_ev_per_a[atom, axis], abs=2e-7)


def test_stress_is_the_strain_derivative_of_the_energy(fast):
    atoms, step = _salt(repeats=1), 1e-5
    (found,) = fast.evaluate([atoms])
    for i, j in ((0, 0), (1, 2), (0, 2)):
        energies = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[i, j] += sign * step / 2
            strain[j, i] += sign * step / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
            energies.append(fast.evaluate([strained])[0].energy_ev)
        slope = (energies[0] - energies[1]) / (2 * step) / atoms.get_volume()
        assert slope == pytest.approx(found.stress_ev_per_a3[i, j], abs=1e-8)


def test_energy_and_force_go_to_zero_smoothly_at_the_cutoff(fast):
    """A pair that parts: no step in energy or force where the list of pairs ends."""

    def pair(distance):
        atoms = Atoms("NaCl", [[5, 5, 5], [5 + distance, 5, 5]], cell=[30] * 3, pbc=True)
        return fast.evaluate([atoms])[0]

    cutoff, step = fast.info.cutoff_a, 1e-4
    inside, outside = pair(cutoff - step), pair(cutoff + step)
    assert outside.forces_ev_per_a == pytest.approx(0.0, abs=1e-15)
    farther_in = pair(cutoff - 2 * step)
    near, far = (np.abs(found.forces_ev_per_a).max() for found in (inside, farther_in))
    assert near < 2e-3
    assert far > 1.9 * near
    assert abs(inside.energy_ev - outside.energy_ev) < near * step


def test_batch_is_the_same_as_one_by_one(fast):
    elements = sorted(fast.info.elements)
    batch = list(random_structures(9, elements, seed=5))
    assert sum(map(len, batch)) > 0
    for atoms, found in zip(batch, fast.evaluate(batch), strict=True):
        (alone,) = fast.evaluate([atoms])
        scale = max(1.0, np.abs(alone.forces_ev_per_a).max())
        assert max(_differences(found, alone, 1)) < 1e-10 * scale


def test_threads_change_nothing_but_rounding(fast):
    atoms, before = _salt(), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(fast.evaluate([atoms])[0])
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert max(_differences(other, found[0], 1)) < 1e-11


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_instruction_set_gives_the_same_numbers(upstream, dtype):
    atoms = _salt()
    (wanted,) = upstream.evaluate([atoms])
    candidates = NeighbourSearch(upstream.info.cutoff_a).find(atoms)
    sets = library.supported_instruction_sets()
    assert sets[-1].name == "baseline"
    for instruction_set in sets:
        evaluator = Evaluator(upstream._model, upstream.info.modal, dtype, instruction_set)
        (found,) = evaluator.evaluate([candidates])
        assert max(_differences(found, wanted, len(atoms))) < 1e-5


def test_c_structures_are_those_of_ctypes():
    for dtype in ("float32", "float64"):
        compiled, _ = library.load_library(dtype)
        assert compiled.layer_bytes() == ctypes.sizeof(network.CLayer)
        assert compiled.network_bytes() == ctypes.sizeof(network.network_type(dtype))


def test_radial_polynomials_follow_the_network(upstream):
    modules = dict(upstream._model.named_children())
    edge, weights = modules["edge_embedding"], modules["1_convolution"].weight_nn
    cutoff = upstream.info.cutoff_a
    table = radial.piecewise_polynomials(edge, weights, cutoff)
    knots = radial.knots_a(cutoff)
    r = np.random.default_rng(0).uniform(0.5, cutoff, size=500)
    interval = np.searchsorted(knots, r, side="right") - 1
    t = (r - knots[interval]) / np.diff(knots)[interval]
    found = (table[interval] * t[:, None, None] ** np.arange(6)).sum(axis=2)
    tensor = torch.as_tensor(r)
    envelope = edge.cutoff_function(tensor)[:, None]
    wanted = weights(edge.basis_function(tensor) * envelope).numpy()
    assert np.abs(found - wanted).max() < 1e-7 * np.abs(wanted).max()


def test_engine_is_named_and_can_be_switched_off(fast, upstream):
    assert fast.engine == f"lattice-lab/{library.supported_instruction_sets()[0].name}"
    assert upstream.engine == "sevenn"


def test_without_compiler_upstream_computes_and_says_so_once(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv(library.CACHE_VARIABLE, str(tmp_path))
    library._load.cache_clear()
    sevennet._tell_once.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            potentials = [registry.load("sevennet-0", device="cpu") for _ in range(2)]
    finally:
        library._load.cache_clear()
        sevennet._tell_once.cache_clear()
    assert [potential.engine for potential in potentials] == ["sevenn", "sevenn"]
    told = [record for record in caplog.records if "fast engine" in record.message]
    assert len(told) == 1
    assert "no C compiler" in told[0].getMessage()


def test_compiler_that_fails_is_reported(monkeypatch, tmp_path):
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'does not know this option' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    monkeypatch.setenv(library.CACHE_VARIABLE, str(tmp_path / "cache"))
    library._load.cache_clear()
    try:
        with pytest.raises(EngineUnsupportedError, match="does not know this option"):
            library.load_library("float32")
    finally:
        library._load.cache_clear()
    assert not list((tmp_path / "cache").iterdir())


def test_compiled_library_serves_without_compiler(monkeypatch, tmp_path):
    """A container may compile ahead and leave the compiler out."""
    monkeypatch.setenv(library.CACHE_VARIABLE, str(tmp_path))
    library._load.cache_clear()
    library.load_library("float64")
    library._load.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    try:
        assert library.load_library("float64")[0].lanes() > 0
    finally:
        library._load.cache_clear()


def test_command_compiles_ahead(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(library.CACHE_VARIABLE, str(tmp_path))
    assert engine_command.main([]) == 0
    named = [Path(line) for line in capsys.readouterr().out.split()]
    assert sorted(named) == sorted(tmp_path.iterdir())
    assert len(named) == 2


def test_command_says_that_there_is_no_compiler(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(library.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    assert engine_command.main(["--all"]) == 1
    assert "no C compiler" in capsys.readouterr().err


def test_network_with_odd_widths_is_refused(upstream):
    with pytest.raises(EngineUnsupportedError, match="need multiples of 128"):
        network.build_network(upstream._model, upstream.info.modal, "float32", lanes=64)


MEMORY = """
from pathlib import Path
from ase.build import bulk
from mlpcore import registry
potential = registry.load("sevennet-l3i5", device="cpu", dtype="float64")
atoms = bulk("Si", "diamond", 5.43, cubic=True) * (4, 4, 4)
atoms.rattle(0.05, seed=1)
assert len(atoms) == 512
potential.evaluate([atoms])
lines = Path("/proc/self/status").read_text().splitlines()
print(potential.engine, *(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_of_500_atoms_is_below_1500_mb():
    run = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    engine, peak = run.stdout.split()[-2:]
    assert engine.startswith("lattice-lab/")
    assert int(peak) * 1024 < 1.5e9
