"""A training from a configuration to a checkpoint and a report."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcore import checkpoint as checkpoints
from mlpcore import dataset, registry
from mlpcore.checkpoint import Card, Checkpoint
from mlpcore.descriptors.automatic import automatic
from mlpcore.electrostatics import electrostatic_labels
from mlpcore.errors import DatasetError
from mlpcore.networks import WITH_NOISE
from mlpcore.training import assessment, charges, committee, frames, labels, shares
from mlpcore.training.progress import CURVE, LABELS, REPORT, Progress
from mlpcore.training.scaling import label_scale
from mlpcore.training.state import Folder, write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.dataset import Dataset
    from mlpcore.descriptors.functions import SymmetryFunctions
    from mlpcore.training.assessment import Answers
    from mlpcore.training.committee import Trained
    from mlpcore.training.config import TrainingConfig
    from mlpcore.training.frames import Block
    from mlpcore.training.labels import Labels
    from mlpcore.training.progress import Monitor
    from mlpcore.training.shares import Parts

MODEL, REPORT_FILE, PARITY = "model.safetensors", "report.json", "parity.npz"
CHARGES_FILE = "charges.pt"


@dataclass(frozen=True)
class TrainingResult:
    """What a training gives.

    Attributes
    ----------
    checkpoint
        The potential.
    history
        Errors of all members, one entry an epoch.
    report
        Split, errors on each part, calibration, comparison and learning curve, as in
        ``report.json``.
    parity
        Labels, answers and spread; see :func:`mlpcore.training.assessment.parity`.
    """

    checkpoint: Checkpoint
    history: list[dict[str, Any]]
    report: dict[str, Any]
    parity: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class _Prepared:
    """Data as they are trained on."""

    data: Dataset
    parts: Parts
    functions: SymmetryFunctions
    labels: list[Labels]
    blocks: list[Block]
    frame_weights: torch.Tensor
    electrostatics: dict[str, Any] | None

    @property
    def elements(self) -> tuple[str, ...]:
        return self.functions.elements


def train(config: TrainingConfig, path: Path, monitor: Monitor | None = None) -> TrainingResult:
    """See :func:`mlpcore.training.train`."""
    data = dataset.read(Path(config.data))
    _require_plain(data.settings)
    folder = Folder(path, config, data.sha256)
    with folder.alone():
        return _train(config, data, folder, monitor)


def _require_plain(settings: dict[str, Any]) -> None:
    """Refuse what the checkpoint could not hold in the end."""
    try:
        json.dumps(settings, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"The settings in the first frame cannot be kept with the potential ({error}). Use "
            "text, finite numbers, lists and tables."
        ) from error


def _train(
    config: TrainingConfig, data: Dataset, folder: Folder, monitor: Monitor | None
) -> TrainingResult:
    ready = _prepare(config, data, folder, monitor)
    trained = committee.train(
        config,
        ready.blocks,
        ready.frame_weights,
        ready.parts,
        len(ready.elements),
        folder,
        monitor,
    )
    curve = [
        _curve_point(config, ready, fraction, folder, monitor)
        for fraction in sorted(config.learning_curve)
    ]
    by_part = _by_part(trained, ready)
    report = _report(config, ready, by_part, curve, folder, monitor)
    result = TrainingResult(
        checkpoint=_checkpoint(config, ready, trained, report),
        history=trained.history,
        report=report,
        parity=assessment.parity(by_part, [labels.Labels.of(f) for f in data.frames]),
    )
    _write(result, folder)
    return result


def _prepare(
    config: TrainingConfig, data: Dataset, folder: Folder, monitor: Monitor | None
) -> _Prepared:
    elements = shares.elements(data)
    parts = shares.parts(data, config)
    functions = automatic(elements, config.cutoff_a, config.size, config.cutoff_kind)  # type: ignore[arg-type]
    known = [labels.Labels.of(frame) for frame in data.frames]
    if config.baseline is not None:
        base = labels.by_potential(config.baseline, "baseline", data.frames, folder, monitor)
        known = [own.minus(other) for own, other in zip(known, base, strict=True)]
    structures = [frame.atoms for frame in data.frames]
    described = frames.described(structures, functions, monitor)
    electrostatics = config.electrostatics
    if electrostatics is not None:
        kept = folder.load(CHARGES_FILE)
        electrostatics = kept or _charges(
            config, structures, frames.blocks(described, known), parts, len(elements), monitor
        )
        folder.save(CHARGES_FILE, electrostatics)
        known = _without(known, structures, electrostatics, monitor)
    blocks = frames.blocks(described, known)
    weights = shares.frame_weights(data, config.calm_force_ev_per_a)
    return _Prepared(data, parts, functions, known, blocks, weights, electrostatics)


def _charges(
    config: TrainingConfig,
    structures: Sequence[Atoms],
    blocks: Sequence[Block],
    parts: Parts,
    n_elements: int,
    monitor: Monitor | None,
) -> dict[str, Any]:
    """Return the electrostatics that is asked for, its charges fitted if they are not fixed."""
    scale = label_scale(frames.chosen(blocks, parts.train), n_elements)
    return charges.fitted(
        config.electrostatics or {},
        structures,
        blocks,
        parts.train,
        n_elements,
        committee.weights_of(config, scale),
        monitor,
    )


def _without(
    known: Sequence[Labels],
    structures: Sequence[Atoms],
    electrostatics: dict[str, Any],
    monitor: Monitor | None,
) -> list[Labels]:
    """Subtract what the charges give."""
    left = []
    for number, (own, atoms) in enumerate(zip(known, structures, strict=True), start=1):
        (found,) = electrostatic_labels([atoms], electrostatics)
        left.append(own.minus(labels.of_evaluation(found)))
        if monitor is not None:
            monitor(Progress(LABELS, number, len(structures)))
    return left


def _by_part(trained: Trained, ready: _Prepared) -> dict[str, Answers]:
    return {
        name: assessment.answers(trained.networks, frames.chosen(ready.blocks, numbers))
        for name, numbers in vars(ready.parts).items()
        if numbers and name != "left_out"
    }


def _curve_point(
    config: TrainingConfig,
    ready: _Prepared,
    fraction: float,
    folder: Folder,
    monitor: Monitor | None,
) -> dict[str, Any]:
    """Train on a part of the training frames, always the same first ones of one order."""
    order = np.random.default_rng([config.split_seed, 1]).permutation(ready.parts.train)
    count = max(2, round(fraction * len(order)))
    fewer = replace(ready.parts, train=tuple(int(i) for i in order[:count]))
    short = committee.smaller(config)
    inner = Folder(folder.path / f"curve-{count}", short, folder.data_sha256)

    def tell(progress: Progress) -> None:
        if monitor is not None:
            monitor(Progress(CURVE, progress.epoch, progress.epochs))

    trained = committee.train(
        short, ready.blocks, ready.frame_weights, fewer, len(ready.elements), inner, tell
    )
    found = assessment.answers(trained.networks, frames.chosen(ready.blocks, fewer.test))
    return {"n_train": count, **found.errors()}


def _report(
    config: TrainingConfig,
    ready: _Prepared,
    by_part: dict[str, Answers],
    curve: list[dict[str, Any]],
    folder: Folder,
    monitor: Monitor | None,
) -> dict[str, Any]:
    data, parts = ready.data, ready.parts
    whole = [labels.Labels.of(data.frames[i]) for i in parts.test]
    sizes = [len(data.frames[i].atoms) for i in parts.test]
    errors = {name: answers.errors() for name, answers in by_part.items()}
    if curve:
        curve = [*curve, {"n_train": len(parts.train), **errors["test"]}]
    report = {
        "schema": 1,
        "name": config.name,
        "title": config.title or config.name,
        "elements": list(ready.elements),
        "config": {**config.to_dict(), "data": Path(config.data).name},
        "data": {
            "file": Path(config.data).name,
            "sha256": data.sha256,
            "n_frames": len(data.frames),
            "settings": data.settings,
        },
        "n_descriptors": max(ready.functions.counts),
        "split": parts.to_dict(data),
        "errors": errors,
        "label_spread": assessment.label_spread(whole, sizes),
        "comparison": _comparison(config, ready, whole, folder, monitor),
        "calibration": assessment.judged(by_part),
        "electrostatics": ready.electrostatics,
        "learning_curve": curve,
    }
    if monitor is not None:
        monitor(Progress(REPORT, 1, 1))
    return report


def _comparison(
    config: TrainingConfig,
    ready: _Prepared,
    whole: Sequence[Labels],
    folder: Folder,
    monitor: Monitor | None,
) -> dict[str, Any] | None:
    """Return the errors of another potential on the test frames."""
    if config.compare_with is None:
        return None
    test = [ready.data.frames[i] for i in ready.parts.test]
    found = labels.by_potential(config.compare_with, "comparison", test, folder, monitor)
    counts = assessment.element_counts(ready.data, ready.parts.test, ready.elements)
    return {
        "model": config.compare_with,
        "title": registry.info(config.compare_with).title,
        "energy_shifted": True,
        "errors": assessment.foreign_errors(found, whole, counts),
    }


def _checkpoint(
    config: TrainingConfig, ready: _Prepared, trained: Trained, report: dict[str, Any]
) -> Checkpoint:
    tensors = dict(trained.networks.state_dict())
    tensors["range_min"], tensors["range_max"] = trained.seen.lowest, trained.seen.highest
    kept = ("data", "split", "errors", "label_spread", "comparison", "config")
    return Checkpoint(
        card=_card(config, ready, report),
        functions=ready.functions,
        network={
            "hidden": list(config.hidden),
            "activation": config.activation,
            "n_members": config.n_members,
            "n_outputs": WITH_NOISE if config.noise else 1,
        },
        tensors=tensors,
        baseline=config.baseline,
        electrostatics=ready.electrostatics,
        calibration=report["calibration"],
        training={name: report[name] for name in kept},
    )


def _card(config: TrainingConfig, ready: _Prepared, report: dict[str, Any]) -> Card:
    settings = ready.data.settings
    given = dict(config.card)
    fields = {
        "functional": str(settings.get("functional", settings.get("xc", "not stated"))),
        "training_set": f"{len(ready.parts.train)} of {len(ready.data.frames)} frames of "
        f"{Path(config.data).name}",
        "licence": str(settings.get("licence", "not stated")),
        "citation": str(settings.get("citation", "not stated")),
    }
    character = f"{given.pop('character', '')} {_in_words(report)}".strip()
    caution = " ".join(filter(None, [given.pop("caution", ""), _worse(report)])) or None
    return Card(
        name=config.name,
        title=config.title or config.name,
        elements=ready.elements,
        character=character,
        caution=caution,
        **{**fields, **given},
    )


def _in_words(report: dict[str, Any]) -> str:
    """Say how large the errors on the test frames are."""
    found = report["errors"]["test"]
    known = found["committee"]
    text = (
        f"Errors on {found['n_frames']} frames it never saw (RMSE): "
        f"{known['energy_mev_per_atom']['rmse']:.1f} meV/atom, "
        f"{known['forces_mev_per_a']['rmse']:.0f} meV/Å"
    )
    if known["stress_gpa"]:
        text += f", {known['stress_gpa']['rmse']:.2f} GPa"
    return text + "."


def _worse(report: dict[str, Any]) -> str:
    """Say so if the model that it was compared with has smaller errors."""
    other = report["comparison"]
    if other is None:
        return ""
    own, theirs = report["errors"]["test"]["committee"], other["errors"]
    worse = [
        what
        for kind, what in (
            ("energy_mev_per_atom", "energies"),
            ("forces_mev_per_a", "forces"),
            ("stress_gpa", "stresses"),
        )
        if own[kind] and theirs[kind] and own[kind]["rmse"] > theirs[kind]["rmse"]
    ]
    if not worse:
        return ""
    return (
        f"On the data that it was tested with, {other['title']} has smaller errors of "
        f"{' and '.join(worse)}."
    )


def _write(result: TrainingResult, folder: Folder) -> None:
    checkpoints.write(folder.path / MODEL, result.checkpoint)
    write_atomic(folder.path / PARITY, lambda file: _save_arrays(file, result.parity))
    folder.write_json(REPORT_FILE, result.report)


def _save_arrays(file: Any, arrays: dict[str, NDArray[np.float64]]) -> None:
    np.savez_compressed(file, allow_pickle=False, **arrays)
