"""Potentials that an administrator adds: examined first, listed after, and taken away."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ase.build import bulk

from jobs import models
from jobs.errors import JobStateError
from jobs.tasks import Evaluation
from mlpcore import checkpoint, registry
from mlpcore.errors import CheckpointError
from properties.atom_energies import Rattle
from properties.crystal import Crystal
from tests.mlpcore.random_checkpoint import random_checkpoint


def file_of(tmp_path, name="salt", **changes) -> bytes:
    made = random_checkpoint(("Na", "Cl"), n_members=2)
    path = tmp_path / "outside.safetensors"
    checkpoint.write(path, replace(made, card=replace(made.card, name=name), **changes))
    return path.read_bytes()


def names() -> set[str]:
    return {model.name for model in registry.models()}


def test_a_good_file_is_examined_listed_used_and_taken_away(store, tmp_path):
    before = names()
    path = models.add(store, file_of(tmp_path))
    assert path.name == "salt.safetensors"
    assert models.added(store) == (path,)
    assert names() == before | {"salt"}
    with pytest.raises(CheckpointError, match="called 'salt' already"):
        models.add(store, file_of(tmp_path))
    user = store.submit(
        Evaluation(Crystal.from_atoms(bulk("NaCl", "rocksalt", 5.6)), "salt", Rattle(1))
    )
    with pytest.raises(JobStateError, match="1 job was computed with 'salt'"):
        models.delete(store, path)
    store.delete(user)
    models.delete(store, path)
    assert names() == before


def test_weights_that_do_not_fit_are_found_before_the_file_is_listed(store, tmp_path):
    told = b'\\"n_members\\": 2'
    data = file_of(tmp_path)
    assert told in data
    with pytest.raises(CheckpointError, match="do not fit its description"):
        models.add(store, data.replace(told, told[:-1] + b"3"))
    assert models.added(store) == ()
    assert not list((tmp_path / "models").iterdir())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a file of the format safetensors"),
        (b"\x80\x04\x95" + bytes(100), r"Pickled checkpoints .* never opened"),
        (b"PK\x03\x04" + bytes(100), r"Pickled checkpoints .* never opened"),
        (bytes(models.MAX_BYTES + 1), "less than 10 MB"),
        ((9).to_bytes(8, "little") + b'{"a": {}}', "not one of a potential of this program"),
    ],
)
def test_other_files_are_refused_without_a_process(store, monkeypatch, data, message):
    monkeypatch.setattr(models, "_examine", lambda _: pytest.fail("it was opened"))
    with pytest.raises(CheckpointError, match=message):
        models.add(store, data)
    assert models.added(store) == ()


@pytest.mark.parametrize("name", ["../../salt", "a/b", ".hidden", "", "x" * 81])
def test_names_cannot_lead_out_of_the_folder(store, tmp_path, name):
    with pytest.raises(CheckpointError, match="The card of the potential names it"):
        models.add(store, file_of(tmp_path, name))


def test_names_of_shipped_models_are_taken(store, tmp_path):
    with pytest.raises(CheckpointError, match="called 'sevennet-0' already"):
        models.add(store, file_of(tmp_path, "sevennet-0"))


def test_a_file_that_kills_its_reader_is_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "_EXAMINE", "import os; os.abort()")
    with pytest.raises(CheckpointError, match="brought down the process"):
        models.add(store, file_of(tmp_path))
    monkeypatch.setattr(models, "_EXAMINE", "import time; time.sleep(9)")
    monkeypatch.setattr(models, "EXAMINATION_S", 0.2)
    with pytest.raises(CheckpointError, match=r"within 0\.2 s"):
        models.add(store, file_of(tmp_path))
    assert models.added(store) == ()


def test_the_registry_never_sees_a_file_that_is_being_examined(store, tmp_path, monkeypatch):
    def look(path):
        assert "salt" not in names()
        assert json.loads(json.dumps(str(path)))

    monkeypatch.setattr(models, "_examine", look)
    models.add(store, file_of(tmp_path))
    assert "salt" in names()
