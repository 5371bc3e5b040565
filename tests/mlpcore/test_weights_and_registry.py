from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import pytest
import torch

from mlpcore import manifest, registry
from mlpcore.errors import ModelUnavailableError, UnsupportedElementError
from mlpcore.potential import resolve_device
from mlpcore.weights import file_sha256, load_weights


class Harmful:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def registered_as(path):
    return dataclasses.replace(registry.info("sevennet-0"), sha256=file_sha256(path))


def test_a_changed_byte_is_refused(tmp_path):
    model = registry.info("sevennet-0")
    content = bytearray(registry.weights_path(model).read_bytes())
    content[len(content) // 2] ^= 1
    changed = tmp_path / "changed.pth"
    changed.write_bytes(content)
    with pytest.raises(ModelUnavailableError, match=r"sha256 .* is registered\. Reinstall"):
        load_weights(changed, model)


def test_code_in_a_weight_file_never_runs(tmp_path):
    trap, weights = tmp_path / "trap", tmp_path / "weights.pth"
    torch.save({"model": Harmful(trap)}, weights)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load_weights(weights, registered_as(weights))
    assert not trap.exists()


def test_plain_tensors_load(tmp_path):
    weights = tmp_path / "weights.pth"
    torch.save({"a": torch.arange(3.0)}, weights)
    loaded = load_weights(weights, registered_as(weights))
    assert loaded["a"].tolist() == [0.0, 1.0, 2.0]


def test_unknown_names_list_the_known_ones():
    with pytest.raises(
        ModelUnavailableError, match=r"'nonesuch'.*sevennet-l3i5.*chgnet-r2scan"
    ):
        registry.load("nonesuch")


def test_a_missing_package_says_what_to_install():
    model = dataclasses.replace(registry.info("sevennet-0"), package="no_such_package")
    with pytest.raises(ModelUnavailableError, match="pip install no_such_package"):
        registry.weights_path(model)


def test_missing_weights_say_what_to_do():
    model = dataclasses.replace(registry.info("sevennet-0"), weights="nowhere.pth")
    with pytest.raises(ModelUnavailableError, match=r"nowhere\.pth.*Reinstall"):
        registry.weights_path(model)


def test_the_default_is_the_first_model():
    assert registry.models()[0].name == registry.DEFAULT_MODEL == "sevennet-l3i5"


@pytest.mark.parametrize("model", registry.universal_models(), ids=lambda model: model.name)
def test_every_model_says_where_it_comes_from(model):
    assert registry.weights_path(model).stat().st_size > 0
    for text in (model.functional, model.training_set, model.licence, model.citation):
        assert text
    assert len(model.character) > 40
    assert ("r2scan" in model.name) == (model.caution is not None)


def test_elements_are_checked_by_name():
    model = registry.info("chgnet-0.3.0")
    assert model.unsupported(["Si", "Pu", "Rn", "Am", "Rn"]) == ("Am", "Rn")
    model.require_elements(["H", "Si", "Pu"])
    with pytest.raises(
        UnsupportedElementError, match=r"CHGNet 0\.3\.0 was not trained on Am, Rn"
    ):
        model.require_elements(["Si", "Rn", "Am"])


def test_the_manifest_describes_the_installed_weights():
    stored = json.loads(manifest.PATH.read_text(encoding="utf-8"))
    assert stored == json.loads(manifest.manifest())


def test_a_named_device_is_taken_as_it_is():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda")
