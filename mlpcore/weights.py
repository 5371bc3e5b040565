"""Safe loading of weight files: the right hash, and nothing but tensors inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mlpcore.errors import ModelUnavailableError
from mlpcore.files import file_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcore.model_info import ModelInfo

# numpy arrays inside a checkpoint need these three; none of them runs code
_ARRAY_GLOBALS: list[Any] = [
    (np.empty(0).__reduce__()[0], "numpy.core.multiarray._reconstruct"),
    np.ndarray,
    np.dtype,
    *[type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "bool")],
]


def load_weights(path: Path, info: ModelInfo) -> dict[str, Any]:
    """Load a registered checkpoint without executing anything in it.

    Raises
    ------
    ModelUnavailableError
        The file is not the one registered.
    """
    found = file_sha256(path)
    if found != info.sha256:
        raise ModelUnavailableError(
            f"The weights of {info.title} have sha256 {found[:12]}…, but {info.sha256[:12]}… "
            f"is registered. Reinstall {info.package!r} in the version that "
            "requirements.lock names."
        )
    with torch.serialization.safe_globals(_ARRAY_GLOBALS):
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return checkpoint
