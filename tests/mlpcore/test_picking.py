"""From a committee to structures in a file, from there to labels, and into the data."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import read as read_structures
from ase.io import write as write_structures

from mlpcore import __main__ as command
from mlpcore import active, dataset, oracle, picking, registry, sampling
from mlpcore.active import Exploration
from mlpcore.dataset import Dataset
from mlpcore.errors import DatasetError, StructureError, TrainingError
from mlpcore.oracle import Oracle

EMT_ORACLE = Oracle(lambda _atoms: EMT(), {"oracle": "EMT", "functional": "EMT"})


@pytest.fixture(scope="module")
def committee():
    return registry.load("si-bp", device="cpu", dtype="float64")


def run(arguments, capsys):
    status = command.main([str(word) for word in arguments])
    return status, capsys.readouterr()


def test_picks_of_dynamics_are_doubtful_and_say_where_they_come_from(tmp_path, capsys):
    path = tmp_path / "picked.extxyz"
    words = ["pick", "si-bp", "--crystal", "Si", "--sizes", 8, "--temperature", 900]
    words += ["--steps", 160, "--count", 3, "--seed", 4, "--out", path]
    status, said = run(words, capsys)
    assert status == command.DONE
    assert "3 structures, members differ by" in said.out
    found = read_structures(path, ":")
    assert [len(atoms) for atoms in found] == [8, 8, 8]
    assert all(atoms.info["source"].startswith("picked by si-bp, 900 K") for atoms in found)
    about = found[0].info["picking"]
    assert f"committee {registry.info('si-bp').sha256}, 1 starts, way md" in about
    assert about.endswith("seed 4")
    potential = registry.load("si-bp", device="cpu", dtype="float64")
    doubt = [atoms.info["disagreement"] for atoms in found]
    np.testing.assert_allclose(active.disagreement(potential, found), doubt, rtol=1e-4)
    moved = [
        np.abs(a.get_scaled_positions() - b.get_scaled_positions()).max()
        for a, b in itertools.pairwise(found)
    ]
    assert min(moved) > 1e-3


def test_more_doubtful_structures_are_picked(committee):
    settings = Exploration(way="displacements", n_candidates=20, picks=4, width_a=0.15)
    starts = picking.starts_of("Si", [], [8])
    chosen = picking.picked(committee, starts, settings, "si-bp")
    every = active.candidates(committee, starts, settings, np.random.default_rng(0))
    doubt = active.disagreement(committee, every)
    assert max(item.disagreement_ev_per_a for item in chosen) == pytest.approx(doubt.max())
    assert np.mean([item.disagreement_ev_per_a for item in chosen]) > 1.2 * doubt.mean()


def test_a_single_model_has_nobody_to_disagree_with(committee):
    member = committee.members[0]
    with pytest.raises(TrainingError, match="single model, and no committee"):
        picking.picked(member, [sampling.cell("Si", 8)], Exploration(), "si-bp")


def test_starts_are_cells_of_the_crystal_and_structures_of_files(tmp_path):
    assert sorted({len(atoms) for atoms in picking.starts_of("NaCl", [])}) == [6, 8, 16]
    path = tmp_path / "Cu.cif"
    write_structures(path, bulk("Cu"))
    assert [a.get_chemical_formula() for a in picking.starts_of(None, [path])] == ["Cu"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read as a structure"), ("1\nx\nCu 0 0 0\n", "holds no crystal")],
)
def test_files_that_are_no_start_are_told(tmp_path, content, message):
    path = tmp_path / "start.xyz"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StructureError, match=message):
        picking.starts_of(None, [path])


def test_without_a_start_the_command_says_what_is_needed(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        command.main(["pick", "si-bp", "--out", str(tmp_path / "x.extxyz")])
    assert left.value.code == command.BAD_INPUT
    assert "nothing to start from. Name a crystal" in capsys.readouterr().err


def test_picked_structures_are_labelled_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(oracle, "gpaw_oracle", lambda *_: EMT_ORACLE)
    items = []
    for seed in range(3):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(0.05, seed=seed)
        items.append(picking.Picked(atoms, f"picked, number {seed}", 0.1))
    picked = tmp_path / "picked.extxyz"
    picking.write(picked, items, "way md, seed 7")
    out = tmp_path / "labelled.extxyz"
    status, _ = run(["label", "Si", "--structures", picked, "--out", out], capsys)
    assert status == command.DONE
    found = dataset.read(tmp_path / "labelled.extxyz.xz")
    assert [f.source for f in found.frames] == [item.source for item in items]
    assert found.settings["picking"] == "way md, seed 7"
    for frame, item in zip(found.frames, items, strict=True):
        expected = EMT_ORACLE.label(item.atoms, "")
        np.testing.assert_allclose(frame.forces_ev_per_a, expected.forces_ev_per_a, atol=1e-6)


def test_structures_that_cannot_be_read_are_told(tmp_path):
    path = tmp_path / "empty.extxyz"
    path.write_text("")
    for given in (path, tmp_path / "nowhere.extxyz"):
        with pytest.raises(DatasetError, match="extended XYZ"):
            oracle.chosen(given)


def frames(first, count):
    found = []
    for seed in range(first, first + count):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(0.05, seed=seed)
        found.append(EMT_ORACLE.label(atoms, f"seed {seed}"))
    return tuple(found)


def test_joined_sets_keep_their_order_and_what_was_said_of_them(tmp_path, capsys):
    paths = []
    for first in (0, 10):
        settings = {"functional": "EMT", "seeds": f"{first} to {first + 2}"}
        paths.append(tmp_path / f"{first}.extxyz")
        dataset.write(paths[-1], Dataset(frames(first, 3), settings))
    out = tmp_path / "joined.extxyz.xz"
    status, said = run(["join", *paths, "--out", out], capsys)
    assert status == command.DONE
    assert "6 frames" in said.out
    found = dataset.read(out)
    assert [f.source for f in found.frames] == [f"seed {k}" for k in (0, 1, 2, 10, 11, 12)]
    assert found.settings == {"functional": "EMT", "seeds": "0 to 2; 10 to 12"}


def test_sets_of_different_oracles_are_not_joined():
    one = Dataset(frames(0, 2), {"functional": "PBE", "cutoff_ev": 350})
    other = Dataset(frames(5, 2), {"functional": "PBEsol", "cutoff_ev": 350})
    with pytest.raises(DatasetError, match=r"their functional differs \(PBE and PBEsol\)"):
        dataset.joined([one, other])


def test_a_frame_is_joined_once():
    one = Dataset(frames(0, 3), {})
    with pytest.raises(DatasetError, match="Frames 3 and 4 are the same structure"):
        dataset.joined([one, Dataset(frames(2, 2), {})])


@pytest.mark.parametrize("value", ['say "so"', "a\\b", "two\nlines", {"nested": ["α"]}])
def test_settings_that_would_not_come_back_are_not_written(tmp_path, value):
    with pytest.raises(DatasetError, match="does not keep"):
        dataset.write(tmp_path / "a.extxyz", Dataset(frames(0, 2), {"note": value}))


def test_settings_come_back_as_they_were_written(tmp_path):
    settings = {
        "seeds": "1 to 3; 5",
        "shift": {"8": -0.009},
        "cutoff_ev": 300,
        "way": "md, 300 K",
    }
    dataset.write(tmp_path / "a.extxyz", Dataset(frames(0, 2), settings))
    assert dataset.read(tmp_path / "a.extxyz").settings == settings
