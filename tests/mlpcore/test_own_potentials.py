"""Potentials of our own: derivatives, members, the way through a file, and unsafe files."""

from __future__ import annotations

import dataclasses
import json
import pickle
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from ase.build import bulk
from random_checkpoint import random_checkpoint

from mlpcore import checkpoint, registry
from mlpcore.errors import CheckpointError, ModelUnavailableError, UnsupportedElementError
from mlpcore.networks import WITH_NOISE
from mlpcore.potential import Potential

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "random.safetensors"
    checkpoint.write(path, random_checkpoint(n_outputs=WITH_NOISE))
    return path


@pytest.fixture(scope="module")
def potential(stored: Path) -> Potential:
    return registry.load(str(stored))


def salt(seed: int = 0):
    atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    atoms.rattle(0.08, seed=seed)
    return atoms


def test_forces_and_stress_are_derivatives_of_the_energy(potential: Potential) -> None:
    atoms, step = salt(), 1e-5
    (found,) = potential.evaluate([atoms])

    def energy(shift: float, strain: float) -> float:
        moved = atoms.copy()
        e = np.array([[0, strain, 0], [0, 0, 0], [0, 0, 0.5 * strain]])
        moved.set_cell(moved.cell.array @ (np.eye(3) + 0.5 * (e + e.T)), scale_atoms=True)
        moved.positions[2, 1] += shift
        return potential.evaluate([moved])[0].energy_ev

    slope = (energy(step, 0) - energy(-step, 0)) / (2 * step)
    assert found.forces_ev_per_a[2, 1] == pytest.approx(-slope, rel=1e-5)
    slope = (energy(0, step) - energy(0, -step)) / (2 * step)
    stress = found.stress_ev_per_a3
    expected = (stress[0, 1] + 0.5 * stress[2, 2]) * atoms.get_volume()
    assert expected == pytest.approx(slope, rel=1e-5)
    assert np.abs(found.forces_ev_per_a.sum(axis=0)).max() < 1e-12


def test_second_derivatives_are_slopes_of_the_forces(potential: Potential) -> None:
    atoms, step = salt(1), 1e-5
    energy = potential.energy_function(atoms)
    zero = torch.zeros(len(atoms), 3, dtype=torch.float64)
    strain = torch.zeros(3, 3, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(lambda u: energy(u, strain), zero)
    rows = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions[3, 2] += sign * step
        rows.append(potential.evaluate([moved])[0].forces_ev_per_a)
    slope = -(rows[0] - rows[1]) / (2 * step)
    np.testing.assert_allclose(hessian[3, 2].numpy(), slope, atol=1e-6)


def test_the_committee_is_the_mean_of_its_members(potential: Potential) -> None:
    batch = [salt(1), salt(2).repeat((2, 1, 1))]
    together = potential.evaluate_members(batch)
    for atoms, whole, members in zip(batch, potential.evaluate(batch), together, strict=True):
        alone = [member.evaluate([atoms])[0] for member in potential.members]
        np.testing.assert_allclose(
            members.energies_ev, [a.energy_ev for a in alone], atol=1e-12
        )
        forces = np.stack([a.forces_ev_per_a for a in alone])
        np.testing.assert_allclose(members.forces_ev_per_a, forces, atol=1e-12)
        np.testing.assert_allclose(
            members.mean.forces_ev_per_a, whole.forces_ev_per_a, atol=1e-12
        )
        assert members.energies_ev.std() > 1e-3
        by_atom = potential.atomic_energies(atoms)
        assert by_atom is not None
        np.testing.assert_allclose(by_atom.sum(axis=1), members.energies_ev, atol=1e-10)
        assert (members.force_noise_ev_per_a > 0).all()


def test_energy_is_extensive_and_does_not_see_the_order_of_atoms(potential: Potential) -> None:
    atoms = salt(4)
    (one,) = potential.evaluate([atoms])
    twice, shuffled = atoms.repeat((1, 2, 1)), atoms[::-1]
    double, turned = potential.evaluate([twice, shuffled])
    assert double.energy_ev == pytest.approx(2 * one.energy_ev, rel=1e-12)
    np.testing.assert_allclose(double.stress_ev_per_a3, one.stress_ev_per_a3, atol=1e-12)
    np.testing.assert_allclose(turned.forces_ev_per_a[::-1], one.forces_ev_per_a, atol=1e-12)


def test_a_structure_unlike_the_training_data_is_outside(stored: Path) -> None:
    trained_on = (salt(1), salt(2))
    path = stored.with_name("ranged.safetensors")
    checkpoint.write(path, random_checkpoint(training=trained_on))
    potential = registry.load(str(path))
    pressed = salt(1)
    pressed.set_cell(pressed.cell.array * 0.8, scale_atoms=True)
    inside, outside = potential.extrapolation([trained_on[0], pressed]) or []
    assert not inside.outside
    assert inside.worst == ""
    assert outside.excess.shape == (8,)
    assert outside.outside
    assert "η" in outside.worst


def test_a_checkpoint_comes_back_bit_by_bit(stored: Path) -> None:
    first = checkpoint.read(stored)
    again = stored.with_name("again.safetensors")
    checkpoint.write(again, first)
    assert again.read_bytes() == stored.read_bytes()
    assert checkpoint.read(again).functions == first.functions


def test_unknown_elements_are_told(potential: Potential) -> None:
    with pytest.raises(UnsupportedElementError, match="not trained on Si"):
        potential.evaluate([bulk("Si", "diamond", a=5.43)])


def _pickled(good: bytes) -> bytes:
    return pickle.dumps({"weights": [1.0, 2.0]})


def _zipped(good: bytes) -> bytes:
    return b"PK\x03\x04" + good


def _cut(good: bytes) -> bytes:
    return good[: len(good) // 2]


def _giant_header(good: bytes) -> bytes:
    return struct.pack("<Q", 2**50) + good[8:]


def _text(good: bytes) -> bytes:
    return b"energy = 1.0\n" * 100


def _nothing(good: bytes) -> bytes:
    return b""


def _other_tensors(good: bytes) -> bytes:
    from safetensors.torch import save

    return save({"a": torch.zeros(3)})


def _deep(good: bytes) -> bytes:
    text = b"[" * 100_000
    return struct.pack("<Q", len(text)) + text


def _deep_description(good: bytes) -> bytes:
    text = json.dumps({"__metadata__": {checkpoint.KEY: '{"a":' * 100_000}}).encode()
    return struct.pack("<Q", len(text)) + text


@pytest.fixture
def far_recursion() -> Iterator[None]:
    """Recursion as deep as symfc allows, where Python's parsers overrun the stack."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(limit)


def test_brackets_in_text_are_not_nesting() -> None:
    assert checkpoint._depth(rb'{"a[[[": ["\"[[", {"b": "]]"}]}') == 3
    assert checkpoint._depth(b'"' + b"\\" * 1001) == 0


@pytest.mark.parametrize(
    "spoil",
    [
        _pickled,
        _zipped,
        _cut,
        _giant_header,
        _text,
        _nothing,
        _other_tensors,
        _deep,
        _deep_description,
    ],
)
def test_what_is_no_checkpoint_is_one_sentence(
    spoil, stored: Path, tmp_path: Path, far_recursion: None
) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(spoil(stored.read_bytes()))
    with pytest.raises(CheckpointError, match=r"bad\.safetensors") as told:
        checkpoint.read(path)
    assert "\n" not in str(told.value)


def test_a_pickle_is_not_even_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "evil.safetensors"
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (mark,))

    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CheckpointError, match="never opened"):
        checkpoint.read(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights.0": torch.zeros(2, 2)}, "do not fit"),
        ({"surprise": torch.zeros(1, dtype=torch.float64)}, "'surprise' unexpected"),
        ({"atom_energy_ev": torch.tensor([0.0, torch.nan], dtype=torch.float64)}, "not finite"),
    ],
)
def test_tensors_that_do_not_fit_are_told(
    change, sentence: str, stored: Path, tmp_path: Path
) -> None:
    path = tmp_path / "odd.safetensors"
    path.write_bytes(filled(stored.read_bytes(), change))
    with pytest.raises(CheckpointError, match=sentence):
        checkpoint.read(path)


def filled(good: bytes, change: dict[str, torch.Tensor]) -> bytes:
    """The file with some of its tensors replaced."""
    from safetensors.torch import load, save

    length = int.from_bytes(good[:8], "little")
    metadata = json.loads(good[8 : 8 + length])["__metadata__"]
    return save(load(good) | change, metadata=metadata)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ({"activation": "system"}, "activation"),
        ({"n_members": 10**9}, "members"),
        ({"hidden": [10**7]}, "nodes"),
        ({"hidden": "many"}, "a list of 1 to 8"),
    ],
)
def test_networks_that_cannot_be_are_neither_read_nor_written(
    network, sentence: str, stored: Path, tmp_path: Path
) -> None:
    path = tmp_path / "odd.safetensors"
    path.write_bytes(described(stored.read_bytes(), "network", lambda old: old | network))
    with pytest.raises(CheckpointError, match=sentence):
        checkpoint.read(path)
    good, path = random_checkpoint(), tmp_path / "new.safetensors"
    with pytest.raises(CheckpointError, match=sentence):
        checkpoint.write(path, dataclasses.replace(good, network=good.network | network))
    assert not list(tmp_path.glob("new*"))


def described(good: bytes, part: str, change) -> bytes:
    """The file with one part of its description replaced."""
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])
    stated = json.loads(header["__metadata__"][checkpoint.KEY])
    stated[part] = change(stated[part])
    header["__metadata__"][checkpoint.KEY] = json.dumps(stated)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + good[8 + length :]


def with_function(**fields):
    def change(functions):
        functions["by_element"]["Na"][-1].update(fields)
        return functions

    return change


@pytest.mark.parametrize(
    ("part", "change", "sentence"),
    [
        ("network", lambda _: [], "another kind .* for network"),
        ("network", lambda old: old | {"n_members": 10**9}, "states 1000000000 members"),
        ("network", lambda old: old | {"n_members": "three"}, "states 'three' members"),
        ("baseline", lambda _: ["sevennet-0"], "another kind .* for baseline"),
        ("electrostatics", lambda _: [1], "another kind .* for electrostatics"),
        ("training", lambda _: None, "another kind .* for training"),
        ("card", lambda old: old | {"elements": ["Na", "Xe"]}, "names Na, Xe, and"),
        ("functions", with_function(eta="x"), "function of Na cannot .* η is 'x'"),
        ("functions", with_function(eta=float("nan")), "cannot be used"),
        ("functions", with_function(cutoff_a=1e6), r"cut-off is 1000000\.0 Å; 0\.1 to 20 Å"),
        ("functions", with_function(cutoff_a=-1.0), "cannot be used"),
        ("functions", with_function(zeta=-1e6), "cannot be used"),
        ("functions", with_function(sign=0), "cannot be used"),
        ("functions", with_function(kind="G9"), "cannot be used"),
    ],
)
def test_a_description_that_cannot_be_meant_is_told_without_loading(
    part: str, change, sentence: str, stored: Path, tmp_path: Path
) -> None:
    """Pages list potentials by their headers: none of these may stop them."""
    path = tmp_path / "odd.safetensors"
    path.write_bytes(described(stored.read_bytes(), part, change))
    with pytest.raises(CheckpointError, match=sentence):
        registry.info(str(path))


def test_another_version_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "later.safetensors"
    monkeypatch.setattr(checkpoint, "FORMAT", "lattice-lab-potential/9")
    checkpoint.write(path, random_checkpoint())
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="lattice-lab-potential/9"):
        checkpoint.read(path)


def test_a_damaged_file_in_the_folder_of_models_is_left_out(
    stored: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "good.safetensors").write_bytes(stored.read_bytes())
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    monkeypatch.setenv(registry.MODELS_VARIABLE, str(tmp_path))
    names = [model.name for model in registry.models()]
    assert "random" in names
    assert "bad.safetensors" in caplog.text
    assert registry.info("random").n_members == 3
    monkeypatch.delenv(registry.MODELS_VARIABLE)
    with pytest.raises(ModelUnavailableError, match="no model called 'random'"):
        registry.info("random")


def test_headers_are_read_without_torch(stored: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, json; from mlpcore import registry; "
        f"model = registry.info({str(stored)!r}); "
        "print(json.dumps([model.title, model.n_members, 'torch' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["Random networks", 3, False]
