"""What a training refuses, before hours are spent or kept work is spoiled."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest
import torch
from ase.build import bulk
from filelock import FileLock

from mlpcore import __main__ as command
from mlpcore import dataset
from mlpcore.dataset import Dataset
from mlpcore.errors import Cancelled, DatasetError, TrainingError
from mlpcore.frame import Frame
from mlpcore.training import TrainingConfig, train
from mlpcore.training.lbfgs import Minimiser
from tests.mlpcore import training_data


def test_a_training_does_not_go_on_with_other_data(tmp_path):
    """Kept weights and answers belong to the frames that they were made with."""
    data = training_data.copper(12)
    settings = training_data.config(tmp_path, data)

    def stop(found):
        if found.stage == "training":
            raise Cancelled("for now")

    with pytest.raises(Cancelled):
        train(settings, tmp_path / "run", stop)
    training_data.config(tmp_path, dataclasses.replace(data, frames=data.frames[::-1]))
    with pytest.raises(TrainingError, match="holds a training on other data"):
        train(settings, tmp_path / "run")
    training_data.config(tmp_path, data)
    train(settings, tmp_path / "run")


def test_two_trainings_do_not_share_a_folder(tmp_path):
    settings = training_data.config(tmp_path, training_data.copper(12))
    (tmp_path / "run").mkdir()
    with (
        FileLock(tmp_path / "run" / ".lock"),
        pytest.raises(TrainingError, match="Another process is training in"),
    ):
        train(settings, tmp_path / "run")


def test_a_minimisation_without_numbers_comes_to_an_end():
    start = torch.ones(2, 3, dtype=torch.float64)

    def function(x):
        factor = torch.tensor([[1.0], [float("nan")]], dtype=torch.float64)
        return (factor * x**2).sum(dim=1), 2 * factor * x

    minimiser = Minimiser(function, start)
    for _ in range(20):
        minimiser.step()
    assert float(minimiser.x[0].abs().max()) < 1e-3
    torch.testing.assert_close(minimiser.x[1], start[1])


def test_labels_that_are_out_of_reach_end_the_training(tmp_path, monkeypatch):
    settings = training_data.config(tmp_path, training_data.copper(12), epochs=1)
    real = training_data_nan(monkeypatch)
    with pytest.raises(TrainingError, match="not finite, so there is no way down"):
        train(settings, tmp_path / "run")
    assert real.calls > 0


def training_data_nan(monkeypatch):
    """Have all losses of the refinement come out as not-a-number."""
    from mlpcore.training import descent

    class Counter:
        calls = 0

    whole = descent._Full.__call__

    def broken(self, rows):
        Counter.calls += 1
        value, gradient = whole(self, rows)
        return value * float("nan"), gradient

    monkeypatch.setattr(descent._Full, "__call__", broken)
    return Counter


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"foo": "x"}, "The card has foo = 'x'"),
        ({"name": "x"}, "The card has name"),
        ({"functional": 5}, "The card has functional = 5; texts are needed"),
        ({"licence": datetime.date(2026, 1, 1)}, "Write dates as text"),
    ],
)
def test_cards_that_could_not_be_written_are_refused_at_once(card, words):
    with pytest.raises(TrainingError, match=words):
        TrainingConfig.from_dict({"data": "a.extxyz", "card": card})


def test_only_universal_models_are_corrected():
    with pytest.raises(TrainingError, match="'si-bp' is itself a potential of our own"):
        TrainingConfig.from_dict({"data": "a.extxyz", "baseline": "si-bp"})


def test_settings_of_data_that_no_checkpoint_can_hold_are_refused(tmp_path, monkeypatch):
    settings = training_data.config(tmp_path, training_data.copper(12))
    whole = dataset.read

    def read(path):
        return dataclasses.replace(whole(path), settings={"cutoff_ev": float("nan")})

    monkeypatch.setattr(dataset, "read", read)
    with pytest.raises(DatasetError, match="settings in the first frame"):
        train(settings, tmp_path / "run")


def test_an_element_that_nobody_could_learn_is_named(tmp_path):
    data = training_data.copper(12)
    atoms = bulk("Au")
    alien = Frame(atoms, -3.2, np.zeros((1, 3)), None, "gold")
    for seed in range(20):
        settings = training_data.config(
            tmp_path, Dataset((*data.frames, alien)), split_seed=seed
        )
        try:
            train(settings, tmp_path / f"run-{seed}")
        except TrainingError as error:
            assert "No training frame holds Au" in str(error)  # noqa: PT017  some seeds learn it
            return
    pytest.fail("in no split was gold outside the training frames")


def test_forces_beyond_the_limit_are_told(tmp_path):
    settings = training_data.config(
        tmp_path, training_data.copper(12), largest_force_ev_per_a=0.01
    )
    with pytest.raises(TrainingError, match="All 12 frames have a larger force than"):
        train(settings, tmp_path / "run")


def test_nothing_is_gone_on_with_where_nothing_is(tmp_path, capsys):
    path = tmp_path / "a.toml"
    training_data.config(tmp_path)
    path.write_text(f'data = "{tmp_path / "copper.extxyz"}"\n')
    words = ["train", str(path), "--out", str(tmp_path / "nowhere"), "--resume"]
    assert command.main(words) == command.BAD_INPUT
    assert "There is no training in" in capsys.readouterr().err
