"""The list of weights: ``python -m mlpcore.manifest`` writes pretrained/MANIFEST.json."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from mlpcore import registry
from mlpcore.registry import ModelInfo
from mlpcore.weights import file_sha256

PATH = Path(__file__).resolve().parent.parent / "pretrained" / "MANIFEST.json"


def entry(model: ModelInfo) -> dict[str, Any]:
    """Describe one model and its weight file as it is installed."""
    path = registry.weights_path(model)
    return {
        "name": model.name,
        "title": model.title,
        "sha256": file_sha256(path),
        "size_bytes": path.stat().st_size,
        "comes_with": f"{model.package} {metadata.version(model.package)}",
        "file": model.weights,
        "channel": model.modal,
        "licence": model.licence,
        "doi": re.findall(r"doi:([^\s,;]+)", model.citation),
        "citation": model.citation,
        "functional": model.functional,
        "training_set": model.training_set,
        "elements": " ".join(sorted(model.elements)),
    }


def manifest() -> str:
    """Return the content of the manifest."""
    entries = [entry(model) for model in registry.models()]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(manifest(), encoding="utf-8")
