"""Weights that change under a calculation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlpcore import registry
from mlpcore.errors import ModelUnavailableError
from properties.loading import require_same_weights
from properties.progress import MemoryPieces

OWN = replace(registry.info("sevennet-0"), checkpoint="own.safetensors", sha256="a" * 64)


def test_pieces_of_other_weights_are_refused():
    pieces = MemoryPieces()
    require_same_weights(OWN, pieces)
    require_same_weights(OWN, pieces)
    with pytest.raises(ModelUnavailableError, match="bbbbbbbbbbbb instead of aaaaaaaaaaaa"):
        require_same_weights(replace(OWN, sha256="b" * 64), pieces)


def test_weights_of_packages_are_fixed_by_their_name():
    pieces = MemoryPieces()
    for sha256 in ("a", "b"):
        require_same_weights(replace(OWN, checkpoint=None, sha256=sha256), pieces)
    assert not pieces._kept
