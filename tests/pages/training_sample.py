"""Data and results of a training on silicon whose atoms hang on springs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from ase.build import bulk

from mlpcore import dataset
from mlpcore.dataset import Dataset
from mlpcore.frame import Frame


def springs(count: int = 10) -> Dataset:
    """Two atoms on springs, each structure a source of its own."""
    frames = []
    for index in range(count):
        u = np.random.default_rng(index).normal(scale=0.05, size=(2, 3))
        u -= u.mean(axis=0)
        atoms = bulk("Si", a=5.43)
        atoms.positions += u
        frames.append(Frame(atoms, float(np.sum(u**2)), -2 * u, None, f"source {index}"))
    return Dataset(tuple(frames), {"functional": "springs", "licence": "MIT"})


def file_of(count: int = 10) -> bytes:
    """The same as a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "springs.extxyz"
        dataset.write(path, springs(count))
        return path.read_bytes()


def errors(forces: float) -> dict:
    """Errors of one part."""
    known = {"rmse": forces, "mae": forces / 2}
    return {"energy_mev_per_atom": known, "forces_mev_per_a": known, "stress_gpa": None}


def report(n_test: int = 2) -> dict:
    """What a training says of itself."""
    parts = {"train": (6, 10.0), "validation": (2, 12.0), "test": (n_test, 14.25)}
    curve = {"expected": [0.5], "observed": [0.3]}
    judged = {
        kind: {"before": curve, "after": {"expected": [0.5], "observed": [0.52]}}
        for kind in ("energy", "force")
    }
    return {
        "name": "springs",
        "title": "Springs",
        "elements": ["Si"],
        "config": {"n_members": 2},
        "data": {"file": "springs.extxyz", "sha256": "ab" * 32, "n_frames": 10, "settings": {}},
        "n_descriptors": 14,
        "split": {
            part: {"frames": list(range(n)), "sources": [f"source {k}" for k in range(n)]}
            for part, (n, _) in parts.items()
        },
        "errors": {
            part: {"n_frames": n, "committee": errors(off), "members": [errors(off)]}
            for part, (n, off) in parts.items()
        },
        "label_spread": {
            "energy_mev_per_atom": 20.0, "forces_mev_per_a": 140.0, "stress_gpa": None,
        },
        "comparison": {"model": "sevennet-0", "errors": errors(180.0)},
        "calibration": {"energy_factor": 1.2, "force_factor": 1.5, "test": judged},
        "learning_curve": [],
    }  # fmt: skip


def history(epochs: int) -> dict:
    """Errors that fall as the number of the epoch grows."""
    entries = [
        {
            "stage": "training",
            "epoch": epoch,
            "train": {
                "energy_mev_per_atom": [50 / epoch] * 2,
                "forces_mev_per_a": [900 / epoch, 1000 / epoch],
                "stress_gpa": None,
            },
            "validation": {
                "energy_mev_per_atom": [60 / epoch] * 2,
                "forces_mev_per_a": [990 / epoch, 1100 / epoch],
                "stress_gpa": None,
            },
        }
        for epoch in range(1, epochs + 1)
    ]
    return {"schema": 1, "epochs": 20, "entries": entries}


def parity() -> dict[str, np.ndarray]:
    """Labels and answers of a few frames."""
    line = np.linspace(-1, 1, 6)
    return {
        f"{part}_{kind}_{what}": line + 0.01 * (what == "model")
        for part in ("train", "validation", "test")
        for kind in ("energy", "forces")
        for what in ("label", "model", "spread")
    }
