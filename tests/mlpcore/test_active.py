from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from mlpcore import active, dataset, registry
from mlpcore.active import Exploration, explore
from mlpcore.dataset import Dataset
from mlpcore.errors import Cancelled, TrainingError
from mlpcore.oracle import Oracle
from mlpcore.potential import Evaluation, MemberEvaluations
from mlpcore.training import TrainingConfig, train

ORACLE = Oracle(lambda _atoms: EMT(), {"oracle": "EMT"})
CUBE = bulk("Cu", cubic=True)


class Committee:
    """EMT twice, with forces that part as the atoms leave their ideal places."""

    def __init__(self, doubt: float = 1.0):
        self.doubt = doubt

    def evaluate(self, batch):
        frames = [ORACLE.label(atoms, "") for atoms in batch]
        return [Evaluation(f.energy_ev, f.forces_ev_per_a, f.stress_ev_per_a3) for f in frames]

    def evaluate_members(self, batch):
        found = []
        for atoms, answer in zip(batch, self.evaluate(batch), strict=True):
            ideal = CUBE.get_scaled_positions() @ atoms.cell.array
            apart = self.doubt * (atoms.positions - ideal)
            forces = np.stack([answer.forces_ev_per_a + apart, answer.forces_ev_per_a - apart])
            zero = np.zeros(2)
            found.append(
                MemberEvaluations(
                    zero + answer.energy_ev, forces, np.zeros((2, 3, 3)), zero, np.zeros((2, 4))
                )
            )
        return found

    def calculator(self):
        return EMT()


def displaced(width: float, seed: int = 0):
    atoms = CUBE.copy()
    atoms.positions += np.random.default_rng(seed).normal(0, width, (4, 3))
    return atoms


def test_disagreement_is_the_spread_of_the_worst_atom():
    atoms = CUBE.copy()
    atoms.positions[2] += [0.3, 0.0, 0.4]
    np.testing.assert_allclose(active.disagreement(Committee(), [atoms]), [0.5])
    assert len(active.disagreement(Committee(), [])) == 0


def test_picks_are_those_of_most_doubt_but_not_twins():
    structures = [displaced(0.2, 1), displaced(0.2, 1), displaced(0.2, 2), displaced(0.02, 3)]
    structures[1].positions += 1e-4
    doubt = np.array([0.9, 1.0, 0.5, 0.1])
    assert active.pick(structures, doubt, 2).tolist() == [1, 2]
    assert active.pick(structures, doubt, 4).tolist() == [1, 0, 2, 3]


def test_picks_come_back_where_there_are_too_few_others():
    twins = [displaced(0.2, 1) for _ in range(4)]
    far = displaced(0.2, 2)
    found = active.pick([*twins, far], np.array([4.0, 3.0, 2.0, 1.0, 0.5]), 3)
    assert set(found.tolist()) <= set(range(5))
    assert len(set(found.tolist())) == 3


def test_fingerprints_do_not_depend_on_place_order_or_size():
    atoms = displaced(0.2)
    known = active.fingerprint(atoms)
    moved = atoms.copy()
    moved.rotate(40, (1, 2, 3), rotate_cell=True)
    moved.positions += [0.3, -0.2, 0.9]
    np.testing.assert_allclose(active.fingerprint(moved[[2, 0, 3, 1]]), known, atol=1e-9)
    np.testing.assert_allclose(active.fingerprint(atoms * (2, 1, 1)), known, atol=1e-9)
    assert np.linalg.norm(active.fingerprint(displaced(0.2, 5)) - known) > 1e-2


def test_displacements_and_strains_stay_within_their_bounds():
    settings = Exploration(way="displacements", n_candidates=30, width_a=0.1, strain=0.02)
    found = active.candidates(Committee(), [CUBE], settings, np.random.default_rng(0))
    assert len(found) == 30
    for atoms in found:
        strain = np.linalg.solve(CUBE.cell.array, atoms.cell.array) - np.eye(3)
        assert 0 < np.abs(strain).max() <= 0.02
        np.testing.assert_allclose(strain, strain.T, atol=1e-12)


def test_dynamics_ends_where_the_committee_no_longer_knows():
    settings = Exploration(steps=40, every=4, temperature_k=900, limit_ev_per_a=5.0)
    calm = active.candidates(Committee(1e-3), [CUBE], settings, np.random.default_rng(0))
    wild = active.candidates(Committee(1e3), [CUBE], settings, np.random.default_rng(0))
    assert (len(calm), len(wild)) == (10, 1)
    assert all(atoms.calc is None for atoms in calm)
    assert np.abs(calm[-1].positions - calm[0].positions).max() > 1e-2


def test_rounds_keep_their_records_and_grow_the_data():
    settings = Exploration(
        way="displacements", n_candidates=12, rounds=3, picks=2, limit_ev_per_a=0.4, seed=3
    )
    seen, learned = [], []

    def learn(frames):
        learned.append(len(frames))
        return Committee()

    start = [ORACLE.label(displaced(0.05), "start")]
    result = explore(learn, ORACLE, start, [CUBE], settings, lambda r, f: seen.append((r, f)))
    assert learned == [1, 3, 5, 7]
    assert [r.n_labels for r in result.rounds] == [1, 3, 5]
    assert [len(f) for _, f in seen] == [3, 5, 7]
    for record in result.rounds:
        doubt = np.array(record.disagreement_ev_per_a)
        assert record.n_candidates == 12
        assert (doubt[list(record.picked)] <= 0.4).all()
        assert record.error_ev_per_a < 1e-9
    assert {frame.source.split(",")[0] for frame in result.frames[1:]} == {
        "round 1",
        "round 2",
        "round 3",
    }


def test_rounds_end_when_nothing_is_in_doubt():
    settings = Exploration(way="displacements", n_candidates=4, enough_ev_per_a=0.5)
    start = [ORACLE.label(CUBE, "start")]
    result = explore(lambda _f: Committee(1e-3), ORACLE, start, [CUBE], settings)
    assert result.rounds == ()
    assert len(result.frames) == 1


def test_a_monitor_may_stop_the_search():
    settings = Exploration(way="displacements", n_candidates=4, picks=1)

    def stop(*_arguments):
        raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        explore(lambda _f: Committee(), ORACLE, [], [CUBE], settings, stop)


def test_unknown_ways_are_told():
    with pytest.raises(TrainingError, match="'walk'; possible are md, displacements"):
        Exploration(way="walk")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"every": 0}, "every of an exploration is 0; 1 to 1e"),
        ({"temperature_k": -5.0}, "temperature_k of an exploration is -5.0"),
        ({"temperature_k": float("nan")}, "temperature_k of an exploration is nan"),
        ({"picks": 0}, "picks of an exploration is 0"),
        ({"steps": 10}, "10 steps are fewer than the 20"),
    ],
)
def test_explorations_that_cannot_be_are_told(changes, words):
    with pytest.raises(TrainingError, match=words):
        Exploration(**changes)


def test_a_real_committee_learns_what_it_doubted(tmp_path):
    """Two rounds of training on EMT: errors on what was in doubt fall once it is learned."""
    numbers = SimpleNamespace(runs=0)

    def learn(frames):
        numbers.runs += 1
        data = tmp_path / f"{numbers.runs}.extxyz"

        dataset.write(data, Dataset(tuple(frames)))
        config = TrainingConfig(
            data=str(data),
            size="small",
            cutoff_a=4.0,
            hidden=(8,),
            n_members=2,
            split_by="frame",
            epochs=30,
            refinement_steps=50,
        )
        folder = tmp_path / f"training-{numbers.runs}"
        train(config, folder)
        return registry.load(str(folder / "model.safetensors"), device="cpu", dtype="float64")

    start = [ORACLE.label(displaced(0.03, seed), f"start {seed}") for seed in range(6)]
    settings = Exploration(
        way="displacements",
        n_candidates=20,
        rounds=1,
        picks=8,
        limit_ev_per_a=1e3,
        width_a=0.12,
    )
    result = explore(learn, ORACLE, start, [CUBE], settings)
    (record,) = result.rounds
    new = result.frames[6:]
    answers = result.potential.evaluate([frame.atoms for frame in new])
    apart = [a.forces_ev_per_a - f.forces_ev_per_a for a, f in zip(answers, new, strict=True)]
    assert np.sqrt((np.array(apart) ** 2).mean()) < 0.7 * record.error_ev_per_a
    doubt = np.array(record.disagreement_ev_per_a)
    assert doubt[list(record.picked)].mean() > doubt.mean()
