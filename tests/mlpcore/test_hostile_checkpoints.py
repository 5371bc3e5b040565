"""Checkpoints that state what cannot be meant: every one is refused in a sentence, or works."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import random
import struct
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from ase.build import bulk
from random_checkpoint import random_checkpoint

from mlpcore import __main__ as command
from mlpcore import checkpoint, checkpoint_header, networks, registry
from mlpcore.charge_settings import FIELDS
from mlpcore.electrostatics import ChargeModel
from mlpcore.errors import CheckpointError, ModelUnavailableError, StructureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ERRORS = {
    "energy_mev_per_atom": {"rmse": 1.0, "mae": 0.8},
    "forces_mev_per_a": {"rmse": 20.0, "mae": 15.0},
    "stress_gpa": None,
}
PART = {"n_frames": 3, "committee": ERRORS, "members": [ERRORS, ERRORS]}
CURVE = {"expected": [0.5], "observed": [0.4], "miscalibration_area": 0.1}
JUDGED = {
    "energy": {"before": CURVE, "after": CURVE},
    "force": {"before": CURVE, "after": CURVE},
}
PARTS = {
    "electrostatics": {
        "mode": "flow",
        "charges_e": {"Na": 0.7, "Cl": -0.7},
        "background": False,
        "cutoff_a": 4.5,
        "n_radial": 2,
        "flow_e": {"Cl-Na": [0.03, -0.02]},
    },
    "calibration": {"energy_factor": 1.2, "force_factor": 0.9, "test": JUDGED},
    "training": {
        "data": {"file": "a.extxyz", "n_frames": 6, "sha256": "0" * 64, "settings": {"a": 1}},
        "split": {"train": {"sources": ["a"]}, "test": {"sources": ["b"]}},
        "errors": {"train": PART, "test": PART},
        "label_spread": {
            "energy_mev_per_atom": 9.0,
            "forces_mev_per_a": 9.0,
            "stress_gpa": None,
        },
        "comparison": {"model": "sevennet-0", "errors": ERRORS},
    },
}
MUTANTS: tuple[Any, ...] = (
    *(None, True, -1, 0, 2, math.inf, math.nan, 10**400, 1e300, -1e300, 1e-300),
    *("", "x", "\ud800", [], {}, [[1]], [["Si"], ["Si"]], {"a": {"b": None}}),
)
DRAWN = 2
"""Impossible values for each place; with all of them the tests take minutes, and pass too."""

REFUSED = (CheckpointError, ModelUnavailableError)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("models") / "good.safetensors"
    made = random_checkpoint(n_members=2, n_outputs=networks.WITH_NOISE)
    checkpoint.write(path, dataclasses.replace(made, **PARTS))
    return path.read_bytes()


@pytest.fixture
def write(good: bytes, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Write the good file with another description."""

    def replaced(stated: dict[str, Any]) -> Path:
        length = int.from_bytes(good[:8], "little")
        header = json.loads(good[8 : 8 + length])
        inner = json.dumps(stated).replace("Infinity", "1e400")
        header["__metadata__"][checkpoint.KEY] = inner
        text = json.dumps(header).encode()
        path = tmp_path / "hostile.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + good[8 + length :])
        return path

    return replaced


def stated_in(good: bytes) -> dict[str, Any]:
    length = int.from_bytes(good[:8], "little")
    metadata = json.loads(good[8 : 8 + length])["__metadata__"]
    found: dict[str, Any] = json.loads(metadata[checkpoint.KEY])
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every name and the ends of every list, at any depth."""
    keys = list(value) if isinstance(value, dict) else []
    if isinstance(value, list):
        keys = sorted({0, len(value) - 1} & set(range(len(value))))
    for key in keys:
        yield (*path, key)
        yield from places(value[key], (*path, key))


def changed(stated: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    found = copy.deepcopy(stated)
    inner: Any = found
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return found


def salt():
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.rattle(0.05, seed=1)
    return atoms


def told_or_works(path: Path) -> str | None:
    """Return the sentence with which a file is refused, if it does not give numbers."""
    try:
        registry.info(str(path))
        found = registry.load(str(path), device="cpu")
        (answer,) = found.evaluate([salt()])
        (members,) = found.evaluate_members([salt()])
        found.extrapolation([salt()])
    except (*REFUSED, StructureError) as error:
        return str(error)
    assert np.isfinite(answer.energy_ev)
    assert np.isfinite(answer.forces_ev_per_a).all()
    assert np.isfinite(answer.stress_ev_per_a3).all()
    assert np.isfinite(members.energies_ev).all()
    return None


def require_sentence(said: str | None, what: str) -> None:
    """Fail unless a refusal is short, one line, and can be printed."""
    if said is not None:
        assert "\n" not in said, what
        assert len(said.encode()) < 1000, what


def drawn(stated: dict[str, Any], count: int, more: tuple[Any, ...] = ()):
    """Each place of a description, without its value and with some impossible ones instead."""
    chance = random.Random(1)
    for place in places(stated):
        for value in (..., *chance.sample((*MUTANTS, *more), count)):
            yield place, value


def test_no_change_of_the_description_brings_anything_down(good, write, capsys):
    stated, used = stated_in(good), 0
    assert told_or_works(write(stated)) is None
    for place, value in drawn(stated, DRAWN):
        path, what = write(changed(stated, place, value)), f"{place} = {value!r}"
        try:
            said = told_or_works(path)
            shown = place[0] != "functions"
            status = command.main(["info", str(path)]) if shown else command.DONE
        except Exception as error:
            raise AssertionError(what) from error
        require_sentence(said, what)
        assert status in {command.DONE, command.BAD_INPUT}, what
        used += said is None
    assert used > 20
    printed = capsys.readouterr()
    (printed.out + printed.err).encode()


def test_no_change_of_the_tensors_header_brings_anything_down(good, tmp_path):
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])
    path = tmp_path / "hostile.safetensors"
    for place, value in drawn(header, DRAWN, more=("F32", "F4", "BOOL", 2**63)):
        text = json.dumps(changed(header, place, value)).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + good[8 + length :])
        try:
            said = told_or_works(path)
        except Exception as error:
            raise AssertionError(f"{place} = {value!r}") from error
        require_sentence(said, f"{place} = {value!r}")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("functions", "by_element", "Na", -1, "sign"), [1]),
        (("functions", "by_element", "Na", -1, "eta"), 10**400),
        (("functions", "by_element", "Na", -1, "neighbours"), [["Na"], ["Na"]]),
        (("functions", "by_element", "Na", 0, "neighbour"), ["Na"]),
        (("card", "elements"), [["Na"]]),
        (("card", "title"), "\ud800"),
        (("network", "hidden"), [math.inf]),
    ],
)
def test_one_bad_file_does_not_stop_the_listing(place, value, good, write, monkeypatch, caplog):
    path = write(changed(stated_in(good), place, value))
    (path.parent / "good.safetensors").write_bytes(good)
    monkeypatch.setenv(registry.MODELS_VARIABLE, str(path.parent))
    names = [model.name for model in registry.models()]
    assert names[0] == registry.DEFAULT_MODEL
    assert "random" in names
    assert "hostile.safetensors" in caplog.text


def test_a_folder_or_a_file_without_end_is_no_checkpoint(tmp_path, monkeypatch):
    import os

    (tmp_path / "folder.safetensors").mkdir()
    os.mkfifo(tmp_path / "pipe.safetensors")
    monkeypatch.setenv(registry.MODELS_VARIABLE, str(tmp_path))
    assert registry.models()
    for name in ("folder", "pipe"):
        with pytest.raises(CheckpointError, match="is no file"):
            registry.info(str(tmp_path / f"{name}.safetensors"))
    with pytest.raises(ModelUnavailableError, match="no model called"):
        registry.info("a\0.safetensors")


RADIAL = ("functions", "by_element", "Na", 0)
ANGULAR = ("functions", "by_element", "Na", -1)
FLOW = {"mode": "flow", "charges_e": {"Na": 0.7, "Cl": -0.7}}


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        ((*ANGULAR, "zeta"), 1e4, r"ζ is 10000\.0; 0\.01 to 100 is possible"),
        ((*ANGULAR, "zeta"), 1e300, r"ζ is 1e\+300"),
        ((*ANGULAR, "eta"), -1e300, r"η is -1e\+300 Å⁻²; 0 to 1000 Å⁻² is possible"),
        ((*RADIAL, "eta"), True, "η is True"),
        ((*RADIAL, "shift_a"), 4.6, r"r_s is 4\.6 Å; it must lie within the cut-off"),
        ((*RADIAL, "neighbour"), "Xx", "name .'Xx'., which is not one of their"),
        ((*ANGULAR, "neighbours"), ["Na"], "neighbours are .'Na',.; two chemical symbols"),
        ((*ANGULAR, "foo"), 1, "'foo': 1.*neighbours.*are needed"),
        (("functions", "by_element", "Na"), [], "functions of Na are ..; each element needs"),
        (("functions", "by_element"), {"Xx": [1]}, "for each chemical symbol"),
        (("electrostatics",), {**FLOW, "flow_e": {"Cl-Na": [1e300] * 6}}, "at most 20"),
        (("electrostatics",), {**FLOW, "flow_e": None}, "flow of charge is None; a table"),
        (("electrostatics",), {**FLOW, "charges_e": {"Na": 10**400}}, "a charge is 1000"),
        (("electrostatics",), {**FLOW, "charges_e": {"Na": 1.0}}, "has no charge for Cl"),
        (("electrostatics",), {**FLOW, "background": "no"}, "background .* is 'no'; true or"),
        (("electrostatics",), {**FLOW, "chrages": 1}, r"no setting \['chrages'\]; known are"),
        (("calibration", "energy_factor"), "a", "energy_factor is 'a'. Needed are an energy"),
        (("calibration", "force_factor"), -3, "force_factor is -3"),
        (("calibration", "force_factor"), math.nan, "force_factor is nan"),
        (("calibration", "test", "force", "after"), None, "calibration.test is {"),
        (("calibration",), {}, "energy_factor is missing"),
        (("training", "errors"), {}, r"training\.errors is {}, where"),
        (("training", "errors", "test", "n_frames"), "3", r"errors\.test\.n_frames is '3'"),
        (("training", "errors", "test", "members"), [], r"errors\.test\.members is \[\]"),
        (("training", "comparison"), 5, r"training\.comparison is 5"),
        (("network", "n_members"), True, "states True members; a whole number from 1 to 64"),
        (("network", "n_outputs"), 2, "n_outputs is 2; one of 1, 3 is needed. Train"),
        (("network", "hidden"), [], "hidden layers are ..; a list of 1 to 8"),
        (("network", "hidden"), [True], "are .True.; each can have 1 to 1024 nodes"),
        (("card", "caution"), {"a": 1}, "has {'a': 1} for caution; text is needed"),
        (("card", "name"), 5, "has 5 for name; text is needed"),
        (("card", "elements"), ["Na", "Na"], "each once"),
        (("baseline",), " ", "baseline has no name"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_needed(place, value, sentence, good, write):
    path = write(changed(stated_in(good), place, value))
    with pytest.raises(CheckpointError, match=rf"hostile\.safetensors: .*{sentence}"):
        registry.info(str(path))


@pytest.mark.parametrize(
    ("place", "value", "limit"),
    [
        (("functions", "by_element", "Na"), 60_000, "40000 in all and 5000 of one"),
        (("network", "hidden"), 200_000, "a list of 1 to 8"),
    ],
)
def test_too_much_is_refused_before_it_is_built(place, value, limit, good, write):
    path = write(changed(stated_in(good), place, [{"neighbour": "Na"}] * value))
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(CheckpointError, match=limit):
        checkpoint.describe_file(path)
    assert time.monotonic() - began < 5
    assert tracemalloc.get_traced_memory()[1] < 200 * 2**20
    tracemalloc.stop()


def test_brackets_are_counted_with_little_memory():
    text = b'"' + b'\\"' * 2_000_000 + b'"' + b"[]" * 10
    began = time.monotonic()
    assert checkpoint._depth(text) == 1
    assert time.monotonic() - began < 2


def with_tensor(name: str, change: Callable[[torch.Tensor], torch.Tensor]):
    made = random_checkpoint(n_members=2)
    return dataclasses.replace(made, tensors={**made.tensors, name: change(made.tensors[name])})


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("scale", lambda t: -t, "scales a symmetry function by -.* or more is needed"),
        ("scale", lambda t: t * 0, "scales a symmetry function by 0"),
        ("scale", lambda t: t * 1e-300, "1e-15 or more is needed"),
        ("range_min", lambda t: t + 1e3, "range_min of a symmetry function is above"),
        (
            "weights.0",
            lambda t: t * 1e300,
            r"weights\.0 that are not finite, larger than 1e\+09",
        ),
        ("shift", lambda t: t.float(), "not in double precision"),
    ],
)
def test_tensors_with_which_nothing_can_be_computed_are_not_written(
    name, change, sentence, tmp_path
):
    path = tmp_path / "new.safetensors"
    with pytest.raises(CheckpointError, match=sentence):
        checkpoint.write(path, with_tensor(name, change))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"calibration": {"energy_factor": -1.0, "force_factor": 1.0}}, "energy_factor is -1"),
        ({"training": {"errors": {}}}, "training.errors"),
        ({"training": {"note": math.nan}}, "cannot be written: .* not finite"),
        ({"training": {"note": "\ud800"}}, "cannot be written: .* text that is none"),
        ({"training": {"note": "x" * checkpoint.MAX_HEADER_BYTES}}, "up to 8 MiB are read"),
        ({"training": {"note": [[[[]]]] * 2 + [json.loads("[" * 40 + "]" * 40)]}}, "32 deep"),
        ({"baseline": ""}, "baseline has no name"),
    ],
)
def test_what_could_not_be_read_is_not_written(parts, sentence, tmp_path):
    made = dataclasses.replace(random_checkpoint(n_members=2), **parts)
    with pytest.raises(CheckpointError, match=sentence):
        checkpoint.write(tmp_path / "new.safetensors", made)
    assert not list(tmp_path.iterdir())


def test_what_headers_know_of_networks_is_what_networks_know():
    """Headers are read without torch, so these are written down twice."""
    assert set(checkpoint_header.ACTIVATIONS) == set(networks.ACTIVATIONS)
    assert set(checkpoint_header.N_OUTPUTS) == {1, networks.WITH_NOISE}


def test_extreme_functions_that_are_allowed_give_numbers(good, write):
    """At the limits energies are finite, in single precision too."""
    stated = stated_in(good)
    for own in stated["functions"]["by_element"].values():
        own[-1].update(zeta=100.0, eta=0.0, sign=1)
        own[-2].update(zeta=0.01, eta=1000.0)
        own[0].update(eta=1000.0, shift_a=-4.5)
        own[1].update(cutoff_a=0.1, shift_a=0.0)
    for dtype in ("float32", "float64"):
        found = registry.load(str(write(stated)), device="cpu", dtype=dtype)
        (answer,) = found.evaluate([salt()])
        assert np.isfinite(answer.energy_ev)
        assert np.isfinite(answer.forces_ev_per_a).all()


def test_settings_of_charges_come_back():
    charges = ChargeModel.from_dict(PARTS["electrostatics"])
    assert charges.to_dict() == PARTS["electrostatics"]
    assert set(charges.to_dict()) <= FIELDS


@pytest.mark.parametrize("path", sorted(registry.PRETRAINED.glob("*.safetensors")), ids=str)
def test_shipped_potentials_are_written_as_they_are_read(path, tmp_path):
    checkpoint.write(tmp_path / "again.safetensors", checkpoint.read(path))
    again = checkpoint.read(tmp_path / "again.safetensors")
    assert again.header() == checkpoint.read(path).header()
