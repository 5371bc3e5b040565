"""The list of weights: ``python -m mlpcore.manifest`` writes pretrained/MANIFEST.json."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from mlpcore import registry
from mlpcore.files import file_sha256
from mlpcore.model_info import ModelInfo

PATH = Path(__file__).resolve().parent.parent / "pretrained" / "MANIFEST.json"


def entry(model: ModelInfo) -> dict[str, Any]:
    """Describe one model and its weight file as it is installed."""
    path = registry.weights_path(model)
    return {
        "name": model.name,
        "title": model.title,
        "sha256": file_sha256(path),
        "size_bytes": path.stat().st_size,
        "comes_with": _origin(model),
        "file": model.weights,
        "channel": model.modal,
        "licence": model.licence,
        "doi": re.findall(r"doi:([^\s,;]+)", model.citation),
        "citation": model.citation,
        "functional": model.functional,
        "training_set": model.training_set,
        "elements": " ".join(sorted(model.elements)),
    }


def _origin(model: ModelInfo) -> str:
    if model.own:
        return "this repository"
    return f"{model.package} {metadata.version(model.package)}"


def _shipped(model: ModelInfo) -> bool:
    return not model.own or registry.weights_path(model).parent == registry.PRETRAINED


def manifest() -> str:
    """Return the content of the manifest."""
    entries = [entry(model) for model in registry.models() if _shipped(model)]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(manifest(), encoding="utf-8")
