"""A small data set with labels that cost nothing: copper as its embedded-atom model has it."""

import dataclasses
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT

from mlpcore import dataset
from mlpcore.dataset import Dataset
from mlpcore.frame import Frame
from mlpcore.training import TrainingConfig

QUICK = {
    "name": "copper",
    "cutoff_a": 4.0,
    "size": "small",
    "hidden": [8],
    "n_members": 2,
    "epochs": 6,
    "batch_frames": 4,
    "refinement_steps": 6,
    "learning_rate": 0.01,
    "split_fractions": [0.6, 0.2, 0.2],
}


def frame(generator, source, cells=(2, 1, 1)):
    atoms = bulk("Cu", cubic=False) * cells
    strain = generator.normal(scale=0.02, size=(3, 3))
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    atoms.positions += generator.normal(scale=0.06, size=(len(atoms), 3))
    atoms.calc = EMT()
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    stress = atoms.get_stress(voigt=False)
    atoms.calc = None
    return Frame(atoms, float(energy), forces, stress, source)


def copper(n_frames=20, seed=0, stress=True) -> Dataset:
    """Cells of two and four atoms, two frames a source."""
    generator = np.random.default_rng(seed)
    frames = [
        frame(generator, f"source {k // 2}", (2, 2, 1) if k % 3 == 0 else (2, 1, 1))
        for k in range(n_frames)
    ]
    if not stress:
        frames = [dataclasses.replace(each, stress_ev_per_a3=None) for each in frames]
    return Dataset(tuple(frames), {"functional": "EMT", "licence": "LGPL"})


def config(path: Path, data: Dataset | None = None, **changes) -> TrainingConfig:
    """Write the data and return settings that train on them at once."""
    file = path / "copper.extxyz"
    dataset.write(file, data or copper())
    return TrainingConfig.from_dict({**QUICK, "data": str(file), **changes})
