"""Trainings and evaluations in the same store and queue as calculations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase.build import bulk
from job_helpers import SLOW

from jobs import training as training_jobs
from jobs.errors import JobStateError
from jobs.files import write_atomic
from jobs.folder import JobFolder
from jobs.monitor import JobMonitor
from jobs.status import MAX_DEATHS
from jobs.store import JobStore
from jobs.tasks import Evaluation, Training, task_from_dict
from jobs.worker import run_job
from mlpcore import registry
from mlpcore.errors import Cancelled, SpecError, TrainingError
from mlpcore.potential import Evaluation as Answer
from mlpcore.potential import Potential
from mlpcore.training import Progress
from properties.atom_energies import Rattle
from properties.crystal import Crystal

EPOCHS = 4


def training(**fields):
    return Training(
        {"name": "salt", "epochs": EPOCHS}, "salt.extxyz", "my salt", "Na–Cl", **fields
    )


def evaluation():
    crystal = Crystal.from_atoms(bulk("Cu", cubic=True))
    return Evaluation(crystal, "sevennet-0", Rattle(1, (0.0, 0.1)), "look")


class FakeTraining:
    """Like the real one: keeps its state in the folder, tells each epoch, writes its files."""

    def __init__(self):
        self.epochs_done, self.accident = [], None

    def __call__(self, config, folder, monitor):
        state = folder / "state"
        done = int(state.read_text()) if state.exists() else 0
        for epoch in range(done + 1, config.epochs + 1):
            if self.accident and self.accident[0] == epoch:
                raise self.accident[1]
            self.epochs_done.append(epoch)
            state.write_text(str(epoch))
            monitor(Progress("training", epoch, config.epochs))
        (folder / "model.safetensors").write_bytes(b"weights")
        for name in ("history.json", "parity.npz"):
            (folder / name).write_bytes(b"{}")
        (folder / "report.json").write_text(json.dumps({"test": {"forces_mev_per_a": 12.5}}))


@pytest.fixture
def fake(monkeypatch):
    found = FakeTraining()
    monkeypatch.setattr(training_jobs, "train", found)
    return found


def run(store, job_id):
    return run_job(str(store.root), job_id, SLOW)


@pytest.mark.parametrize("make", [training, evaluation])
def test_a_task_comes_back_from_its_file(make):
    task = make()
    again = task_from_dict(json.loads(json.dumps(task.to_dict())))
    assert type(again) is type(task)
    assert again.to_dict() == task.to_dict()


def test_a_spec_that_does_not_say_its_kind_is_a_calculation(store, spec):
    job_id = store.submit(spec("old"))
    assert "kind" not in json.loads((store.root / job_id / "spec.json").read_text())
    job = store.get(job_id)
    assert (job.kind, job.spec.name, job.formula) == ("calculation", "old", "Cu")


def test_all_kinds_are_listed_and_survive_a_new_index(store, spec):
    store.submit(spec("a"))
    store.submit(training())
    store.submit(evaluation())
    kinds = {"calculation", "training", "evaluation"}
    assert {row.kind for row in store.list()} == kinds
    assert store.reindex() == 3
    assert {row.kind for row in JobStore(store.root).list()} == kinds
    by_kind = {row.kind: row for row in store.list()}
    assert by_kind["training"].formula == "Na–Cl"
    assert (by_kind["evaluation"].model, by_kind["evaluation"].formula) == ("sevennet-0", "Cu")


def test_a_training_is_no_calculation(store):
    job = store.get(store.submit(training()))
    with pytest.raises(JobStateError, match="a training, not a calculation"):
        _ = job.spec


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.extxyz", "a b"])
def test_data_come_from_their_folder_only(name):
    with pytest.raises(SpecError, match="not the name of a data set"):
        Training({}, name)


def test_given_data_are_kept_with_the_job(store):
    task = Training({"name": "own"}, "", "own data", "Si")
    job = store.get(store.submit(task, "../my data.extxyz", b"2\n"))
    path = task.data_path(job.folder)
    assert path.read_bytes() == b"2\n"
    assert path.parent == job.folder / "source"


def test_a_training_leaves_potential_and_report(store, fake):
    job_id = store.submit(training())
    assert run(store, job_id) == "finished"
    job = store.get(job_id)
    assert fake.epochs_done == [1, 2, 3, 4]
    assert (job.stages["training"].done, job.stages["training"].total) == (4, 4)
    assert job.checkpoint.read_bytes() == b"weights"
    assert job.checkpoint.name == job.trained().checkpoint == "salt.safetensors"
    assert job.trained().report == {"test": {"forces_mev_per_a": 12.5}}
    assert {path.name for path in job.files()} == {
        "salt.safetensors",
        "report.json",
        "history.json",
        "parity.npz",
        "result.json",
    }
    assert store.checkpoints() == (job.checkpoint,)
    assert job.report()["settings"]["config"]["epochs"] == EPOCHS


def test_a_cancelled_training_goes_on_where_it_was(store, fake):
    job_id = store.submit(training())
    fake.accident = (3, Cancelled("Cancelled."))
    assert run(store, job_id) == "cancelled"
    assert store.get(job_id).trained() is None
    assert store.checkpoints() == ()
    fake.accident = None
    store.resubmit(job_id)
    assert run(store, job_id) == "finished"
    assert fake.epochs_done == [1, 2, 3, 4]


def test_a_wish_to_stop_reaches_the_training(store, fake, monkeypatch):
    job_id = store.submit(training())
    folder = JobFolder(store.root, job_id)

    def wish(self, config, path, monitor):
        folder.cancel_file.touch()
        monitor(Progress("training", 1, config.epochs))
        pytest.fail("the training went on")

    monkeypatch.setattr(FakeTraining, "__call__", wish)
    assert run(store, job_id) == "cancelled"


def test_settings_that_do_not_fit_give_a_sentence(store, fake):
    job_id = store.submit(Training({"epochs": -1}, "salt.extxyz"))
    assert run(store, job_id) == "failed"
    assert "epochs is -1" in store.get(job_id).message
    fake.accident = (2, TrainingError("The data have no test."))
    job_id = store.submit(training())
    assert run(store, job_id) == "failed"
    assert store.get(job_id).message == "The data have no test."


def test_only_what_was_not_reached_before_counts_as_progress(store, tmp_path):
    folder = JobFolder(store.root, store.submit(training()))
    status = folder.change(lambda status: status.begun())
    for deaths, epoch in ((0, 3), (2, 3), (2, 2), (0, 4)):
        monitor = JobMonitor(folder, status)
        monitor.stage_started("training")
        monitor._status = type(status)(**{**vars(monitor._status), "deaths": 2})
        memory = tmp_path / "furthest.json"
        training_jobs.Follower(monitor, memory)(Progress("training", epoch, 9))
        assert monitor.current().deaths == deaths


def test_a_training_that_always_dies_comes_to_an_end(store, fake):
    job_id = store.submit(training())
    folder = JobFolder(store.root, job_id)
    for _ in range(MAX_DEATHS):
        folder.change(lambda status: status.begun() if status.state == "queued" else status)
        store.requeue(job_id, died=True)
    assert store.get(job_id).state == "failed"


class Committee(Potential):
    """Two springs for each atom and coordinate, of stiffness 1 and 3."""

    engine = "test"

    def __init__(self, stiffness=(1.0, 3.0)):
        self.info = registry.info("sevennet-0")
        self._stiffness = stiffness
        self._rest = None

    @property
    def members(self):
        return (
            tuple(Committee((k,)) for k in self._stiffness)
            if len(self._stiffness) > 1
            else (self,)
        )

    def evaluate_members(self, batch):
        self._rest = batch[0].positions if self._rest is None else self._rest
        for member in (found := self.members):
            member._rest = self._rest
        from mlpcore.potential import _stack

        return [_stack([m.evaluate([atoms])[0] for m in found]) for atoms in batch]

    def evaluate(self, batch):
        (k,) = self._stiffness
        moved = [atoms.positions - self._rest for atoms in batch]
        return [Answer(k * np.sum(u**2) / 2, -k * u, np.zeros((3, 3))) for u in moved]

    def atomic_energies(self, atoms):
        squares = np.sum((atoms.positions - self._rest) ** 2, axis=1)
        return np.array([k * squares / 2 for k in self._stiffness])

    def energy_function(self, atoms):
        raise NotImplementedError


def test_an_evaluation_tells_where_members_differ(store, monkeypatch):
    monkeypatch.setattr(registry, "load", lambda *_, **__: Committee())
    job_id = store.submit(evaluation())
    assert run(store, job_id) == "finished"
    found = store.get(job_id).atoms()
    u = 0.1 * found.pattern
    squares = np.sum(u**2, axis=1)
    np.testing.assert_allclose(found.energy_ev, [np.zeros(4), squares], atol=1e-12)
    np.testing.assert_allclose(found.energy_spread_ev[1], squares / np.sqrt(2), atol=1e-12)
    np.testing.assert_allclose(
        found.force_spread_ev_per_a[1], np.sqrt(2) * np.linalg.norm(u, axis=1), atol=1e-12
    )
    assert found.total_energy_ev[1] == pytest.approx(squares.sum())
    assert np.sqrt(np.mean(u**2)) == pytest.approx(0.1)
    np.testing.assert_allclose(found.pattern.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(
        found.crystal_at(1).to_atoms().positions, found.supercell.to_atoms().positions + u
    )


def test_spreads_carry_the_factors_that_were_measured(store, monkeypatch):
    plain, told = Committee(), Committee()
    told.calibration = {"energy_factor": 0.5, "force_factor": 2.0}
    found = []
    for potential in (plain, told):
        monkeypatch.setattr(registry, "load", lambda *_, chosen=potential, **__: chosen)
        job_id = store.submit(evaluation())
        run(store, job_id)
        found.append(store.get(job_id).atoms())
    as_it_is, calibrated = found
    assert (as_it_is.calibration.known, calibrated.calibration.known) == (False, True)
    np.testing.assert_allclose(
        calibrated.force_spread_ev_per_a, 2 * as_it_is.force_spread_ev_per_a
    )
    np.testing.assert_allclose(calibrated.total_spread_ev, as_it_is.total_spread_ev)
    np.testing.assert_allclose(calibrated.energy_spread_ev, as_it_is.energy_spread_ev)


def test_too_large_a_supercell_is_refused(store):
    with pytest.raises(SpecError, match="make 500 atoms; at most 300"):
        Rattle(5).supercell(evaluation().structure)


def test_a_potential_in_use_cannot_be_deleted(store, fake):
    made = store.submit(training())
    run(store, made)
    path = store.get(made).checkpoint
    user = store.submit(evaluation())
    spec_file = store.root / user / "spec.json"
    asked = json.loads(spec_file.read_text())
    write_atomic(spec_file, json.dumps({**asked, "model": str(path)}).encode())
    assert store.users_of(str(path)) == 1
    with pytest.raises(JobStateError, match="used by 1 other job"):
        store.delete(made)
    store.delete(user)
    store.delete(made)
    assert store.list() == ()
