"""Whole trainings on data that cost nothing."""

import dataclasses
import json

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones

from mlpcore import calibration, checkpoint, dataset, registry
from mlpcore.dataset import Dataset
from mlpcore.electrostatics import electrostatic_labels
from mlpcore.errors import Cancelled, DatasetError
from mlpcore.frame import Frame
from mlpcore.training import progress, train
from mlpcore.training.state import Folder
from tests.mlpcore import training_data
from tests.mlpcore.training_data import config


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A committee of two, its settings, the progress it told, and its folder."""
    path = tmp_path_factory.mktemp("training")
    settings = config(
        path,
        epochs=15,
        refinement_steps=15,
        learning_curve=[0.5],
        far_sources=["source 9"],
        card={"licence": "CC0", "character": "Copper for tests."},
    )
    told = []
    result = train(settings, path / "run", told.append)
    return settings, result, told, path / "run"


def test_errors_fall_far_below_the_spread_of_the_labels(trained):
    _, result, _, _ = trained
    errors, spread = result.report["errors"]["test"]["committee"], result.report["label_spread"]
    for kind in ("energy_mev_per_atom", "forces_mev_per_a"):
        assert errors[kind]["mae"] <= errors[kind]["rmse"] < 0.5 * spread[kind]


def test_the_checkpoint_says_what_the_report_says(trained):
    """The errors of the shipped file, from nothing but the file, the data and the split."""
    settings, result, _, folder = trained
    potential = registry.load(str(folder / "model.safetensors"), device="cpu")
    data = dataset.read(settings.data)
    test = result.report["split"]["test"]["frames"]
    found = potential.evaluate([data.frames[i].atoms for i in test])
    forces = [
        f.forces_ev_per_a - data.frames[i].forces_ev_per_a
        for i, f in zip(test, found, strict=True)
    ]
    energies = [
        (f.energy_ev - data.frames[i].energy_ev) / len(data.frames[i].atoms)
        for i, f in zip(test, found, strict=True)
    ]
    said = result.report["errors"]["test"]["committee"]
    rms = [
        1e3 * np.sqrt((np.concatenate(v, axis=None) ** 2).mean()) for v in (energies, forces)
    ]
    assert rms[0] == pytest.approx(said["energy_mev_per_atom"]["rmse"], rel=1e-6)
    assert rms[1] == pytest.approx(said["forces_mev_per_a"]["rmse"], rel=1e-6)
    (inside,) = potential.extrapolation(
        [data.frames[result.report["split"]["train"]["frames"][0]].atoms]
    )
    assert not inside.outside


def test_parity_is_what_the_potential_says(trained):
    _, result, _, folder = trained
    with np.load(folder / "parity.npz", allow_pickle=False) as arrays:
        model, label = arrays["test_stress_model"], arrays["test_stress_label"]
        assert arrays["train_forces_spread"].min() > 0
    off = np.sqrt(((model - label) ** 2).mean())
    said = result.report["errors"]["test"]["committee"]["stress_gpa"]["rmse"]
    assert off == pytest.approx(said)


def test_factors_are_those_of_the_validation_frames(trained):
    _, result, _, _ = trained
    known = result.checkpoint.calibration
    assert known["fitted_on"] == "validation"
    assert set(known) >= {"test", "far"}
    area = known["test"]["force"]["before"]["miscalibration_area"]
    curve = calibration.Reliability(
        np.array(known["test"]["force"]["before"]["expected"]),
        np.array(known["test"]["force"]["before"]["observed"]),
    )
    assert curve.miscalibration_area == pytest.approx(area)


def test_the_files_agree_and_the_split_is_published(trained):
    settings, result, _, folder = trained
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report == json.loads(json.dumps(result.report))
    data = dataset.read(settings.data)
    for part in ("train", "validation", "test", "far"):
        published = report["split"][part]
        assert published["sources"] == sorted(
            {data.frames[i].source for i in published["frames"]}
        )
    card = checkpoint.read_card(folder / "model.safetensors")
    assert card.licence == "CC0"
    assert card.character.startswith("Copper for tests. Errors on ")


def test_progress_tells_every_stage_in_order(trained):
    _, result, told, folder = trained
    stages = list(dict.fromkeys(each.stage for each in told))
    assert stages == ["descriptors", "training", "refinement", "learning curve", "report"]
    assert stages == sorted(stages, key=progress.STAGES.index)
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    assert history["entries"] == result.history
    assert len(history["entries"]) == 30


def test_the_learning_curve_ends_with_the_potential(trained):
    _, result, _, _ = trained
    few, all_of_them = result.report["learning_curve"]
    assert few["n_train"] < all_of_them["n_train"]
    assert all_of_them["committee"] == result.report["errors"]["test"]["committee"]


class Stop:
    """A monitor that asks to stop at some point."""

    def __init__(self, stage, epoch):
        self.point = (stage, epoch)

    def __call__(self, told):
        if (told.stage, told.epoch) == self.point:
            raise Cancelled("stopped")


@pytest.mark.parametrize("noise", [False, True])
def test_an_interrupted_training_ends_like_an_uninterrupted_one(tmp_path, monkeypatch, noise):
    settings = config(tmp_path, training_data.copper(12), noise=noise)
    whole = train(settings, tmp_path / "whole")
    monkeypatch.setattr(Folder, "due", lambda self, name, every_s=0.0: True)
    for stage, epoch in (("descriptors", 3), ("training", 4), ("refinement", 3)):
        with pytest.raises(Cancelled):
            train(settings, tmp_path / "cut", Stop(stage, epoch))
    cut = train(settings, tmp_path / "cut")
    assert cut.report == whole.report
    assert cut.history == whole.history
    for name, tensor in whole.checkpoint.tensors.items():
        assert bool((cut.checkpoint.tensors[name] == tensor).all()), name


def test_another_seed_is_another_committee(tmp_path):
    data = training_data.copper(12)
    few = {"epochs": 2, "refinement_steps": 0, "n_members": 1}
    found = [
        train(config(tmp_path, data, seed=seed, **few), tmp_path / str(run))
        for run, seed in enumerate((1, 1, 2))
    ]
    weights = [each.checkpoint.tensors["weights.0"] for each in found]
    assert bool((weights[0] == weights[1]).all())
    assert not bool((weights[0] == weights[2]).all())
    assert found[0].checkpoint.calibration is None


def test_data_without_stress_train_without(tmp_path):
    settings = config(tmp_path, training_data.copper(12, stress=False), n_members=1)
    result = train(settings, tmp_path / "run")
    assert result.report["errors"]["test"]["committee"]["stress_gpa"] is None
    assert result.report["label_spread"]["stress_gpa"] is None


def test_too_few_sources_are_told(tmp_path):
    settings = config(tmp_path, training_data.copper(4))
    with pytest.raises(DatasetError, match="2 sources"):
        train(settings, tmp_path / "run")


class Stiff:
    """A baseline that says half of what the labels say."""

    def __init__(self, data):
        self._known = {f.atoms.positions.tobytes(): f for f in data.frames}
        self.asked = 0

    def evaluate(self, batch):
        from mlpcore.potential import Evaluation

        self.asked += len(batch)
        return [
            Evaluation(0.5 * f.energy_ev, 0.5 * f.forces_ev_per_a, 0.5 * f.stress_ev_per_a3)
            for f in (self._known[atoms.positions.tobytes()] for atoms in batch)
        ]


def test_a_baseline_is_asked_once_and_only_its_error_is_learned(tmp_path, monkeypatch):
    settings = config(tmp_path, training_data.copper(12), baseline="sevennet-0", n_members=1)
    data = dataset.read(settings.data)
    baseline = Stiff(data)
    monkeypatch.setattr(registry, "load", lambda name, dtype: baseline)
    monkeypatch.setattr(Folder, "due", lambda self, name, every_s=0.0: True)
    with pytest.raises(Cancelled):
        train(settings, tmp_path / "run", Stop("labels", 5))
    result = train(settings, tmp_path / "run")
    assert baseline.asked == len(data.frames)
    assert result.checkpoint.baseline == "sevennet-0"
    train_frames = result.report["split"]["train"]["frames"]
    mean = np.mean([data.frames[i].energy_ev / len(data.frames[i].atoms) for i in train_frames])
    learned = float(result.checkpoint.tensors["atom_energy_ev"])
    assert learned == pytest.approx(0.5 * mean, abs=0.05)


def test_a_model_that_is_worse_than_another_says_so(tmp_path, monkeypatch):
    settings = config(
        tmp_path,
        training_data.copper(12),
        compare_with="sevennet-0",
        n_members=1,
        epochs=1,
        refinement_steps=0,
    )
    data = dataset.read(settings.data)

    class Better(Stiff):
        def evaluate(self, batch):
            from mlpcore.potential import Evaluation

            frames = [self._known[atoms.positions.tobytes()] for atoms in batch]
            return [
                Evaluation(
                    f.energy_ev + 7.0 * len(f.atoms), f.forces_ev_per_a, f.stress_ev_per_a3
                )
                for f in frames
            ]

    monkeypatch.setattr(registry, "load", lambda name, dtype: Better(data))
    result = train(settings, tmp_path / "run")
    errors = result.report["comparison"]["errors"]
    assert errors["energy_mev_per_atom"]["rmse"] == pytest.approx(0, abs=1e-6)
    assert errors["forces_mev_per_a"]["rmse"] == pytest.approx(0, abs=1e-6)
    assert (
        "SevenNet-0 has smaller errors of energies and forces" in result.checkpoint.card.caution
    )


def ionic(charge, n_frames=20):
    """Rock salt of point charges that also repel their neighbours."""
    generator = np.random.default_rng(2)
    frames = []
    for k in range(n_frames):
        atoms = bulk("NaCl", "rocksalt", a=5.64) * (2, 1, 1)
        atoms.positions += generator.normal(scale=0.05, size=(4, 3))
        atoms.calc = LennardJones(sigma=2.4, epsilon=0.3, rc=3.5, smooth=True)
        energy, forces = atoms.get_potential_energy(), atoms.get_forces()
        stress = atoms.get_stress(voigt=False)
        atoms.calc = None
        frames.append(Frame(atoms, float(energy), forces, stress, f"{k}"))
    given = {"mode": "fixed", "charges_e": {"Na": charge, "Cl": -charge}}
    found = electrostatic_labels([f.atoms for f in frames], given)
    return Dataset(
        tuple(
            dataclasses.replace(
                f,
                energy_ev=f.energy_ev + e.energy_ev,
                forces_ev_per_a=f.forces_ev_per_a + e.forces_ev_per_a,
                stress_ev_per_a3=f.stress_ev_per_a3 + e.stress_ev_per_a3,
            )
            for f, e in zip(frames, found, strict=True)
        ),
        {},
    )


def test_fixed_charges_leave_the_rest_to_the_networks(tmp_path):
    settings = config(
        tmp_path,
        ionic(0.8, 10),
        cutoff_a=3.5,
        electrostatics={"mode": "fixed", "charges_e": {"Na": 0.8, "Cl": -0.8}},
    )
    result = train(settings, tmp_path / "run")
    potential = registry.load(str(tmp_path / "run" / "model.safetensors"), device="cpu")
    data = dataset.read(settings.data)
    test = result.report["split"]["test"]["frames"]
    found = potential.evaluate([data.frames[i].atoms for i in test])
    off = [
        f.forces_ev_per_a - data.frames[i].forces_ev_per_a
        for i, f in zip(test, found, strict=True)
    ]
    said = result.report["errors"]["test"]["committee"]["forces_mev_per_a"]["rmse"]
    assert 1e3 * np.sqrt((np.concatenate(off) ** 2).mean()) == pytest.approx(said, rel=1e-6)


def test_fitted_charges_are_those_of_the_labels(tmp_path):
    settings = config(
        tmp_path,
        ionic(0.9, 16),
        cutoff_a=3.5,
        electrostatics={"mode": "fitted", "charges_e": {"Na": 0.6, "Cl": -0.6}},
    )
    result = train(settings, tmp_path / "run")
    found = result.checkpoint.electrostatics["charges_e"]
    assert found["Na"] == pytest.approx(-found["Cl"])
    assert found["Na"] == pytest.approx(0.9, abs=0.05)
