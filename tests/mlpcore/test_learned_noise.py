"""The noise that networks learn is the noise that was put into the labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mlpcore.dataset import Dataset
from mlpcore.training import train
from tests.mlpcore import training_data


@pytest.mark.parametrize(("force_ev_per_a", "energy_ev"), [(0.2, 0.004), (0.01, 0.5)])
def test_noise_of_energies_and_of_forces_is_told_apart(tmp_path, force_ev_per_a, energy_ev):
    """Either may be large while the other is small; nothing ties them together."""
    generator = np.random.default_rng(2)
    frames = [training_data.frame(generator, f"source {k}") for k in range(150)]
    noisy = tuple(
        dataclasses.replace(
            frame,
            energy_ev=frame.energy_ev + generator.normal(0, energy_ev),
            forces_ev_per_a=frame.forces_ev_per_a
            + generator.normal(0, force_ev_per_a, frame.forces_ev_per_a.shape),
        )
        for frame in frames
    )
    settings = training_data.config(
        tmp_path, Dataset(noisy), noise=True, n_members=3, epochs=80, refinement_steps=60
    )
    judged = train(settings, tmp_path / "run").report["calibration"]["test"]
    found = judged["force"]["rms_aleatoric"], 2 * judged["energy"]["rms_aleatoric"]
    larger = 0 if force_ev_per_a > energy_ev else 1
    put_in = (force_ev_per_a, energy_ev)
    assert found[larger] == pytest.approx(put_in[larger], rel=0.35)
    assert found[1 - larger] < 0.2 * put_in[larger]
    for kind in ("energy", "force"):
        assert judged[kind]["after"]["miscalibration_area"] < 0.15
