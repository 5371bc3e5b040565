"""The noise that networks learn is the noise that was put into the labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mlpcore.dataset import Dataset
from mlpcore.training import train
from tests.mlpcore import training_data

FORCES_EV_PER_A, ENERGY_EV = 0.2, 0.01


def test_noise_of_energies_and_of_forces_is_told_apart(tmp_path):
    """That of forces is large while that of energies is small: nothing ties them together."""
    generator = np.random.default_rng(2)
    frames = [training_data.frame(generator, f"source {k}") for k in range(150)]
    noisy = tuple(
        dataclasses.replace(
            frame,
            energy_ev=frame.energy_ev + generator.normal(0, ENERGY_EV),
            forces_ev_per_a=frame.forces_ev_per_a
            + generator.normal(0, FORCES_EV_PER_A, frame.forces_ev_per_a.shape),
        )
        for frame in frames
    )
    settings = training_data.config(
        tmp_path, Dataset(noisy), noise=True, n_members=3, epochs=80, refinement_steps=60
    )
    judged = train(settings, tmp_path / "run").report["calibration"]["test"]
    atoms = len(frames[0].atoms)
    found = judged["force"]["rms_aleatoric"], atoms * judged["energy"]["rms_aleatoric"]
    assert found[0] == pytest.approx(FORCES_EV_PER_A, rel=0.25)
    of_one_output = atoms**0.5 * FORCES_EV_PER_A
    assert ENERGY_EV / 2 < found[1] < 0.4 * of_one_output
    for kind in ("energy", "force"):
        assert judged[kind]["after"]["miscalibration_area"] < 0.15
