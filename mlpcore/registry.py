"""The potentials on offer, as data, and the one way to load them.

Importing this module is cheap and never imports torch: the pages list models
from it. Only :func:`load` imports the adapter that a model names.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import os
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcore.checkpoint import SUFFIX, describe_file, unreadable
from mlpcore.errors import CheckpointError, ModelUnavailableError
from mlpcore.files import file_sha256
from mlpcore.json_checks import brief
from mlpcore.model_info import Engine, ModelInfo

if TYPE_CHECKING:
    from mlpcore.potential import Potential

log = logging.getLogger(__name__)

DEFAULT_MODEL = "sevennet-l3i5"
PRETRAINED = Path(__file__).resolve().parent.parent / "pretrained"
MODELS_VARIABLE = "LATTICE_LAB_MODELS"
"""Names the folder of potentials that an administrator added."""

MEMORY_PER_ATOM_MB = 1.0
"""What symmetry functions take for one atom more, at most: 0.7 was measured for silicon within
7.5 Å up to 256 atoms, and 0.1 for rock salt within 6 Å; larger structures come in pieces."""


@cache
def _universal() -> dict[str, ModelInfo]:
    text = Path(__file__).with_name("models.json").read_text(encoding="utf-8")
    return {entry["name"]: ModelInfo.from_entry(entry) for entry in json.loads(text)}


def _catalogue() -> dict[str, ModelInfo]:
    """Universal potentials, our own, and those that an administrator added, in this order."""
    found = dict(_universal())
    for folder in (PRETRAINED, _added_folder()):
        for path in sorted(folder.glob(f"*{SUFFIX}")) if folder else ():
            try:
                model = _own(path)
            except CheckpointError as error:
                log.warning("A potential is left out: %s", error)
                continue
            found.setdefault(model.name, model)
    return found


def _added_folder() -> Path | None:
    named = os.environ.get(MODELS_VARIABLE)
    return Path(named) if named else None


def _own(path: Path) -> ModelInfo:
    """Read the header of a checkpoint, anew only when the file changed."""
    try:
        state = path.stat()
        return _from_header(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise unreadable(path, error) from error


@lru_cache(maxsize=256)
def _from_header(path: Path, _mtime_ns: int, _size: int) -> ModelInfo:
    described = describe_file(path)
    header, card = described.header, described.card
    baseline = _universal().get(header["baseline"] or "")
    if header["baseline"] and baseline is None:
        raise CheckpointError(
            f"{path.name} corrects {brief(header['baseline'])}, which is not one of the "
            f"potentials here ({', '.join(_universal())}). Add that model first."
        )
    terms = [baseline] if baseline else []
    return ModelInfo(
        name=card.name if path.parent in {PRETRAINED, _added_folder()} else str(path),
        title=card.title,
        adapter="",
        package="",
        weights=path.name,
        sha256=file_sha256(path),
        modal=None,
        functional=card.functional,
        training_set=card.training_set,
        licence=card.licence,
        citation=card.citation,
        cutoff_a=max([described.functions.cutoff_a, *(term.cutoff_a for term in terms)]),
        memory_per_atom_mb=MEMORY_PER_ATOM_MB + sum(t.memory_per_atom_mb for t in terms),
        upstream_memory_per_atom_mb=MEMORY_PER_ATOM_MB
        + sum(t.upstream_memory_per_atom_mb for t in terms),
        elements=frozenset(card.elements),
        twice_differentiable=all(term.twice_differentiable for term in terms),
        character=card.character,
        caution=card.caution,
        checkpoint=str(path),
        n_members=header["network"]["n_members"],
        baseline=header["baseline"],
        long_range=header["electrostatics"] is not None,
    )


def universal_models() -> tuple[ModelInfo, ...]:
    """Return the models that know most elements and come with packages."""
    return tuple(_universal().values())


def models() -> tuple[ModelInfo, ...]:
    """Return every registered model, the recommended one first."""
    return tuple(_catalogue().values())


def info(name: str) -> ModelInfo:
    """Return the entry of a model, by its name or as the path of a checkpoint.

    Raises
    ------
    ModelUnavailableError
        There is no such model.
    CheckpointError
        The file is not a checkpoint of ours.
    """
    found = _universal().get(name) or _catalogue().get(name)
    if found is not None:
        return found
    if name.endswith(SUFFIX) and "\0" not in name:
        return _own(Path(name).absolute())
    raise ModelUnavailableError(
        f"There is no model called {name!r}. Choose one of: {', '.join(_catalogue())}, or give "
        f"the path of a checkpoint ({SUFFIX})."
    )


def weights_path(model: ModelInfo) -> Path:
    """Return where the weights lie; raise if their package is not installed."""
    if model.checkpoint is not None:
        return Path(model.checkpoint)
    spec = importlib.util.find_spec(model.package)
    if spec is None or spec.origin is None:
        raise ModelUnavailableError(
            f"{model.title} needs the Python package {model.package!r}, which is not "
            f"installed. Install it with: pip install {model.package}"
        )
    path = Path(spec.origin).parent / model.weights
    if not path.is_file():
        raise ModelUnavailableError(
            f"The weights of {model.title} are not at {model.weights!r} in the package "
            f"{model.package!r}. Reinstall the version that requirements.lock names."
        )
    return path


def load(
    name: str, device: str = "auto", dtype: str | None = None, engine: Engine = "auto"
) -> Potential:
    """Load a potential.

    Parameters
    ----------
    name
        A registered name, see :func:`models`.
    device
        ``"cpu"``, ``"cuda"``, or ``"auto"`` for a GPU where there is one.
    dtype
        ``"float32"`` or ``"float64"``; ``None`` for the precision that the model
        was trained in.
    engine
        ``"auto"`` for our own code where there is one for this model and device,
        ``"upstream"`` for the package that the model comes from.

    Raises
    ------
    ModelUnavailableError
        The name, its package or its weights cannot be found, or the weight file
        is not the one that was registered.
    """
    model = info(name)
    if model.checkpoint is not None:
        return _load_own(model, device, dtype, engine)
    module_name, _, class_name = model.adapter.partition(":")
    path = weights_path(model)
    adapter = getattr(importlib.import_module(module_name), class_name)
    potential: Potential = adapter.from_weights(
        model, path, device=device, dtype=dtype, engine=engine
    )
    return potential


def _load_own(model: ModelInfo, device: str, dtype: str | None, engine: Engine) -> Potential:
    from mlpcore import checkpoint, composition

    path = weights_path(model)
    expected = _shipped_hashes().get(model.name) if path.parent == PRETRAINED else model.sha256
    if file_sha256(path) != expected:
        raise ModelUnavailableError(
            f"The weights of {model.title} are not those of {PRETRAINED.name}/MANIFEST.json. "
            "Get the file again, or, having trained it anew, run: python -m mlpcore.manifest"
        )
    return composition.assemble(
        checkpoint.read(path),
        model,
        lambda name, precision: load_baseline(name, device, precision, engine),
        device,
        dtype,
    )


def load_baseline(
    name: str, device: str = "auto", dtype: str | None = None, engine: Engine = "auto"
) -> Potential:
    """Load what a checkpoint corrects; only universal models, for it must open no file.

    Raises
    ------
    ModelUnavailableError
        The name is not that of a universal model.
    """
    if name not in _universal():
        raise ModelUnavailableError(
            f"The checkpoint corrects {name!r}, which is not one of the models here: "
            f"{', '.join(_universal())}. Add that model first."
        )
    return load(name, device, dtype, engine)


def _shipped_hashes() -> dict[str, str]:
    text = (PRETRAINED / "MANIFEST.json").read_text(encoding="utf-8")
    return {entry["name"]: entry["sha256"] for entry in json.loads(text)}
