"""``python -m mlpcore``: what it prints, and with which status it leaves."""

import json

import pytest

from mlpcore import __main__ as command
from tests.mlpcore import training_data


@pytest.fixture
def toml(tmp_path):
    settings = training_data.config(tmp_path, training_data.copper(12), epochs=2)
    values = {k: v for k, v in training_data.QUICK.items() if k != "epochs"}
    lines = [f"{k} = {json.dumps(v)}" for k, v in values.items()]
    path = tmp_path / "copper.toml"
    path.write_text("\n".join([f'data = "{settings.data}"', "epochs = 2", *lines]))
    return path


def test_training_prints_the_errors_and_can_be_looked_at(toml, tmp_path, capsys):
    out = tmp_path / "out"
    assert command.main(["train", str(toml), "--out", str(out)]) == command.DONE
    text = capsys.readouterr().out
    assert "forces, meV/Å" in text
    assert str(out / "model.safetensors") in text
    assert command.main(["train", str(toml), "--out", str(out)]) == command.BAD_INPUT
    assert "--resume" in capsys.readouterr().err
    assert command.main(["train", str(toml), "--out", str(out), "--resume"]) == command.DONE
    assert command.main(["info", str(out / "model.safetensors")]) == command.DONE
    shown = capsys.readouterr().out
    assert "functional: EMT" in shown
    assert "members: 2" in shown


def test_data_are_described(toml, tmp_path, capsys):
    assert command.main(["data", str(tmp_path / "copper.extxyz")]) == command.DONE
    text = capsys.readouterr().out
    assert "12 frames of Cu, from 6 sources" in text
    assert "2 (8 frames), 4 (4 frames)" in text
    assert "stress: 12 frames" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["data", "nowhere.extxyz"], "nowhere.extxyz cannot be read"),
        (["info", "nowhere.safetensors"], "nowhere.safetensors cannot be read"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(words, says, capsys):
    assert command.main(words) == command.BAD_INPUT
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


@pytest.mark.parametrize("words", [[], ["dance"], ["train"], ["data", "a", "--fast"]])
def test_wrong_words_leave_with_status_2(words, capsys):
    with pytest.raises(SystemExit) as left:
        command.main(words)
    assert left.value.code == command.BAD_INPUT
    assert "See --help" in capsys.readouterr().err
