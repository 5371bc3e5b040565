"""Potentials of a calculation: loaded once, and always with the same weights."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mlpcore import registry
from mlpcore.errors import ModelUnavailableError
from mlpcore.model_info import Engine, ModelInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcore.potential import Potential
    from properties.progress import Pieces

WEIGHTS = "weights"
"""Key of the piece that says which weights the others belong to."""


def load(model: str, device: str, dtype: str, engine: Engine) -> Potential:
    """Return a potential, one of the last ones without loading it again."""
    return _loaded(_loader(model), model, device, dtype, engine)


def _loader(model: str) -> tuple[Callable[..., Potential], str]:
    """Who loads a model, and the hash of its weights: one trained anew keeps its name."""
    return registry.load, registry.info(model).sha256


@lru_cache(maxsize=2)
def _loaded(
    loader: tuple[Callable[..., Potential], str],
    model: str,
    device: str,
    dtype: str,
    engine: Engine,
) -> Potential:
    """Keep the last potentials: to build one takes seconds, and one job follows another."""
    return loader[0](model, device=device, dtype=dtype, engine=engine)


def require_same_weights(model: ModelInfo, pieces: Pieces) -> None:
    """Refuse to go on with pieces of work of a potential that was trained anew since."""
    if not model.own:
        return
    kept = pieces.get(WEIGHTS)
    if kept is not None and str(kept["sha256"]) != model.sha256:
        raise ModelUnavailableError(
            f"The weights of {model.title} are others than when this calculation began "
            f"({model.sha256[:12]} instead of {str(kept['sha256'])[:12]}). What is finished "
            "does not belong to them: submit the calculation anew."
        )
    pieces.put(WEIGHTS, {"sha256": np.array(model.sha256)})
