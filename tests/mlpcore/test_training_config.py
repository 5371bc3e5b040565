"""Settings of a training: what is possible, and what is said about the rest."""

import json
import subprocess
import sys

import pytest

from mlpcore.errors import MLPError, TrainingError
from mlpcore.training import TrainingConfig


def test_settings_survive_json():
    config = TrainingConfig("a.extxyz", hidden=(7, 5), learning_curve=(0.5,), noise=True)
    again = TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert again.sha256 == config.sha256


def test_a_file_is_read_beside_which_its_data_lie(tmp_path):
    path = tmp_path / "my_model.toml"
    path.write_text(
        'data = "set.extxyz"\nn_members = 3\nhidden = [5]\n[card]\nlicence = "MIT"\n'
    )
    config = TrainingConfig.read(path)
    assert config.data == str(tmp_path / "set.extxyz")
    assert (config.name, config.n_members, config.hidden) == ("my-model", 3, (5,))
    assert config.card == {"licence": "MIT"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_member": 3}, "no setting 'n_member'"),
        ({"n_members": 0}, "n_members is 0; a whole number from 1 to 64"),
        ({"n_members": 2.5}, "n_members is 2.5"),
        ({"n_members": True}, "n_members is True"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'; a number from"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"hidden": []}, "one to four layers"),
        ({"hidden": [20, 0]}, "one to four layers"),
        ({"hidden": 20}, "hidden is 20; a list"),
        ({"hidden": [True]}, "one to four layers"),
        ({"title": 5}, "title is 5; a text"),
        ({"split_fractions": [0.9, 0.1]}, "three positive numbers"),
        ({"split_fractions": [0.5, 0.1, 0.1]}, "add up to 1"),
        ({"learning_curve": [2.0]}, "parts between 0 and 1"),
        ({"far_sources": [""]}, "beginnings of names"),
        ({"member_data": "luck"}, "possible are subsample, bootstrap, seed"),
        ({"name": "../up"}, "name '../up' is not possible"),
        ({"noise": 1}, "true or false"),
        ({"electrostatics": "yes"}, "a table is needed"),
        ({"baseline": "nothing"}, "no model called 'nothing'"),
        ({"energy_weight": 0, "force_weight": 0, "stress_weight": 0}, "nothing to train on"),
    ],
)
def test_impossible_settings_are_named(changes, words):
    with pytest.raises(MLPError, match=words):
        TrainingConfig.from_dict({"data": "a.extxyz", **changes})


@pytest.mark.parametrize("values", [{}, {"data": 3}])
def test_data_must_be_named(values):
    with pytest.raises(TrainingError, match="names no data"):
        TrainingConfig.from_dict(values)


def test_a_file_that_is_no_toml_is_told(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("data = ")
    with pytest.raises(TrainingError, match="is not a TOML file"):
        TrainingConfig.read(path)
    with pytest.raises(TrainingError, match="cannot be read"):
        TrainingConfig.read(tmp_path / "b.toml")


def test_settings_need_no_torch():
    code = (
        "import sys, mlpcore.training, properties.plots.training;"
        "sys.exit('torch' in sys.modules or 'scipy.optimize' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
