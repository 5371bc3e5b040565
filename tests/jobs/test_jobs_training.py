"""Real trainings as jobs: small ones, killed and gone on with, and used afterwards."""

from __future__ import annotations

import io

import numpy as np
import pytest
from ase.build import bulk
from job_helpers import until, wait_for, worker_of

from jobs import training as training_jobs
from jobs.tasks import Evaluation, Training
from mlpcore import dataset, registry
from mlpcore.dataset import Dataset
from mlpcore.frame import Frame
from properties.atom_energies import Rattle
from properties.crystal import Crystal

SMALL = {
    "name": "springs",
    "title": "Springs",
    "cutoff_a": 4.0,
    "size": "small",
    "hidden": [4],
    "n_members": 2,
    "epochs": 30,
    "refinement_steps": 5,
    "split_fractions": [0.6, 0.2, 0.2],
}


def springs(tmp_path, count: int = 10) -> bytes:
    """Silicon whose atoms hang on springs, as a data set."""
    frames = []
    for index in range(count):
        rest = bulk("Si", a=5.43)
        u = np.random.default_rng(index).normal(scale=0.05, size=(2, 3))
        u -= u.mean(axis=0)
        atoms = rest.copy()
        atoms.positions += u
        frames.append(Frame(atoms, float(np.sum(u**2)), -2 * u, None, f"source {index}"))
    path = tmp_path / "springs.extxyz"
    dataset.write(path, Dataset(tuple(frames), {"functional": "springs"}))
    return path.read_bytes()


def submit(store, tmp_path, **changes) -> str:
    task = Training(SMALL | changes, "", "springs", "Si")
    return store.submit(task, "springs.extxyz", springs(tmp_path))


def test_a_killed_training_goes_on_and_its_potential_is_used(store, processes, tmp_path):
    job_id = submit(store, tmp_path, epochs=3000, patience=3000)
    processes.dispatcher()
    job = store.get(job_id)
    assert wait_for((job.folder / "training" / "training.pt").exists)
    told = wait_for(lambda: training_jobs.history(job.folder))
    before = told["entries"][-1]["epoch"]
    worker_of(store, job_id).kill()
    assert until(store, job_id, "finished", timeout_s=180.0) == "finished"
    log = (job.folder / "log.txt").read_text()
    assert "attempt 2" in log
    job = store.get(job_id)
    told = training_jobs.history(job.folder)["entries"]
    epochs = [entry["epoch"] for entry in told if entry["stage"] == "training"]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) >= before
    assert registry.info(str(job.checkpoint)).title == "Springs"
    assert job.trained().report["errors"]["test"]["n_frames"] == 2
    assert set(training_jobs.parity(job.folder)) >= {"test_forces_label", "test_forces_model"}

    look = Evaluation(Crystal.from_atoms(bulk("Si", a=5.43)), str(job.checkpoint), Rattle(1))
    looked = store.submit(look)
    assert until(store, looked, "finished", "failed") == "finished"
    found = store.get(looked).atoms()
    assert found.n_members == 2
    np.testing.assert_allclose(found.energy_ev.sum(axis=1), found.total_energy_ev, atol=1e-8)
    assert found.excess.shape == found.energy_ev.shape


def test_data_without_forces_end_in_a_sentence(store, tmp_path):
    from jobs.worker import run_job

    text = io.BytesIO(springs(tmp_path)).read().decode()
    broken = text.replace(":forces:R:3", ":other:R:3").encode()
    job_id = store.submit(Training(SMALL, "", "springs", "Si"), "springs.extxyz", broken)
    assert run_job(str(store.root), job_id) == "failed"
    assert "Frame 1 has no forces" in store.get(job_id).message


@pytest.mark.parametrize("name", ["springs.extxyz", "a b;c.extxyz"])
def test_given_files_keep_their_ending(store, tmp_path, name):
    task = Training(SMALL, "", "springs", "Si")
    job = store.get(store.submit(task, name, springs(tmp_path)))
    assert task.data_path(job.folder).suffix == ".extxyz"
