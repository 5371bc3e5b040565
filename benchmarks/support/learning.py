"""Trainings of the benchmarks: a committee from some frames, kept with its settings."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.support.kept import FOLDER, ROOT
from mlpcore import dataset, registry
from mlpcore.frame import Frame
from mlpcore.picking import PICKED
from mlpcore.potential import Evaluation, Potential
from mlpcore.training import TrainingConfig, train
from mlpcore.units import EV_PER_A3_IN_GPA

FloatArray = NDArray[np.float64]
DATA = ROOT / "pretrained" / "data"
KEPT = FOLDER / "learning"


@dataclasses.dataclass(frozen=True)
class Scores:
    """Root mean square errors; energies after the mean difference is taken off."""

    energy_mev_per_atom: float
    forces_mev_per_a: float
    stress_gpa: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Return plain values."""
        return dataclasses.asdict(self)


def options(description: str, counts: Sequence[int], seeds: int) -> argparse.Namespace:
    """Read the command line of a benchmark that trains on growing numbers of labels."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", nargs="+", type=int, default=counts, metavar="N")
    parser.add_argument("--seeds", type=int, default=seeds, metavar="N")
    parser.add_argument("--page", type=Path, help="the Markdown page to write into")
    return parser.parse_args()


def trained(name: str, frames: Sequence[Frame], **settings: Any) -> Potential:
    """Return the committee trained on `frames` and no other, from what is kept if it is.

    All of the frames count as labels that were paid for: those that stop the training early
    are among them.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for frame in frames:
        digest.update(frame.atoms.positions.tobytes() + frame.forces_ev_per_a.tobytes())
    folder = KEPT / f"{name}-{digest.hexdigest()[:12]}"
    model = folder / "model.safetensors"
    if not model.exists():
        folder.mkdir(parents=True, exist_ok=True)
        data = folder / "data.extxyz"
        dataset.write(data, dataset.Dataset(tuple(frames), {}))
        config = TrainingConfig(data=str(data), name=name, **settings)
        with tqdm(total=None, desc=name, disable=None) as bar:
            train(config, folder, lambda progress: _show(bar, progress))
    return registry.load(str(model), device="cpu", dtype="float64")


def _show(bar: Any, progress: Any) -> None:
    bar.total, bar.n = progress.epochs, progress.epoch
    bar.set_postfix_str(progress.stage)


def scores(potential: Potential, frames: Sequence[Frame]) -> Scores:
    """Compare a potential with the labels of frames."""
    found = [potential.evaluate([frame.atoms])[0] for frame in frames]
    return compared(found, frames)


def compared(found: Sequence[Evaluation], frames: Sequence[Frame]) -> Scores:
    """Compare evaluations with labels."""
    pairs = list(zip(found, frames, strict=True))
    energies = np.array([(e.energy_ev - f.energy_ev) / len(f.atoms) for e, f in pairs])
    forces = [(e.forces_ev_per_a - f.forces_ev_per_a).ravel() for e, f in pairs]
    stresses = [
        (e.stress_ev_per_a3 - f.stress_ev_per_a3).ravel()
        for e, f in pairs
        if f.stress_ev_per_a3 is not None
    ]
    return Scores(
        1e3 * float(energies.std()),
        1e3 * _rms(np.concatenate(forces)),
        EV_PER_A3_IN_GPA * _rms(np.concatenate(stresses)) if stresses else None,
    )


def random_frames(name: str) -> list[Frame]:
    """Return the frames of a set of ours that were drawn at random, none that was picked.

    What a committee chose would make a pool better than random.
    """
    frames = dataset.read(DATA / name).frames
    return [frame for frame in frames if not frame.source.startswith(PICKED)]


def drawn(frames: Sequence[Frame], count: int, seed: int) -> list[Frame]:
    """Draw frames at random, more of them with a larger count."""
    order = np.random.default_rng(seed).permutation(len(frames))
    return [frames[i] for i in order[:count]]


def keep(path: Path, found: dict[str, Any]) -> None:
    """Write results as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    partial.replace(path)


def mean_and_spread(values: Sequence[float], digits: int = 1) -> str:
    """Write the mean with the standard deviation over trainings."""
    mean = f"{np.mean(values):.{digits}f}"
    return f"{mean} ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else mean


def _rms(values: FloatArray) -> float:
    return float(np.sqrt((values**2).mean()))
