"""Pieces of a training, each against what is known of it."""

import numpy as np
import pytest
import torch

from mlpcore import checkpoint as checkpoints
from mlpcore import registry
from mlpcore.checkpoint import Card, Checkpoint
from mlpcore.descriptors.automatic import automatic
from mlpcore.errors import TrainingError
from mlpcore.networks import WITH_NOISE, ElementNetworks, Shape
from mlpcore.training import frames, objective, parameters, scaling, shares
from mlpcore.training.labels import Labels, voigt
from mlpcore.training.lbfgs import Minimiser
from mlpcore.training.state import Folder
from tests.mlpcore import training_data


@pytest.fixture(scope="module")
def data():
    return training_data.copper(8, seed=5)


@pytest.fixture(scope="module")
def blocks(data):
    functions = automatic(("Cu",), 4.0, "small")
    described = frames.described([f.atoms for f in data.frames], functions, None)
    return frames.blocks(described, [Labels.of(f) for f in data.frames])


@pytest.fixture(scope="module")
def networks(blocks):
    shape = Shape(1, blocks[0].values.shape[2], (6,), n_members=3, n_outputs=WITH_NOISE)
    found = ElementNetworks(shape, [4, 5, 6])
    seen = scaling.descriptor_range(blocks, 1)
    found.shift.copy_(seen.mean)
    found.scale.copy_(seen.deviation)
    return found


def test_blocks_hold_every_frame_once(blocks, data):
    assert [block.n_atoms for block in blocks] == [2, 4]
    numbers = torch.cat([block.frames for block in blocks])
    assert sorted(numbers.tolist()) == list(range(len(data.frames)))
    few = frames.chosen(blocks, [0, 1, 7])
    assert sorted(torch.cat([b.frames for b in few]).tolist()) == [0, 1, 7]


def test_predictions_are_those_of_the_potential(blocks, networks, data, tmp_path):
    """Forces and stress from stored derivatives are those by differentiation."""
    functions = automatic(("Cu",), 4.0, "small")
    card = Card("copper", "Copper", ("Cu",))
    network = {"hidden": [6], "activation": "tanh", "n_members": 3, "n_outputs": WITH_NOISE}
    checkpoint = Checkpoint(card, functions, network, dict(networks.state_dict()))
    checkpoints.write(tmp_path / "copper.safetensors", checkpoint)
    potential = registry.load(str(tmp_path / "copper.safetensors"), device="cpu")
    for block in blocks:
        found = objective.predict(networks, block)
        for row, number in enumerate(block.frames.tolist()):
            (said,) = potential.evaluate_members([data.frames[number].atoms])
            np.testing.assert_allclose(found.energy[:, row], said.energies_ev, rtol=1e-10)
            np.testing.assert_allclose(
                found.forces[:, row].reshape(3, -1, 3), said.forces_ev_per_a, atol=1e-10
            )
            stress = np.array([voigt(s) for s in said.stresses_ev_per_a3])
            np.testing.assert_allclose(found.stress[:, row], stress, atol=1e-10)
            of_force, of_energy = (part[:, row].exp() for part in found.log_variance)
            np.testing.assert_allclose(of_force.sqrt(), said.force_noise_ev_per_a, rtol=1e-8)
            noise = of_energy.sum(dim=1).sqrt()
            np.testing.assert_allclose(noise, said.energy_noise_ev, rtol=1e-8)


def test_loss_is_differentiable_by_the_weights(blocks, networks):
    weights = objective.Weights(1.0, 2.0, 300.0)
    block = blocks[0]

    def loss():
        found = objective.predict(networks, block, training=True)
        return (
            objective.losses(found, block, weights) + objective.surprises(found, block, weights)
        ).sum()

    networks.zero_grad()
    loss().backward()
    gradient = parameters.gradient_rows(networks)
    start = parameters.rows(networks)
    direction = torch.randn(start.shape, generator=torch.Generator().manual_seed(1)).double()
    values = []
    for sign in (1, -1):
        parameters.set_rows(networks, start + sign * 1e-5 * direction)
        values.append(float(loss().detach()))
    parameters.set_rows(networks, start)
    slope = (values[0] - values[1]) / 2e-5
    assert slope == pytest.approx(float((gradient * direction).sum()), rel=1e-6)


def test_frames_without_stress_do_not_count(networks, blocks):
    block = blocks[0]
    bare = block.less(torch.zeros(1), torch.zeros(1), torch.full((1,), torch.nan))
    weights = objective.Weights(0.0, 0.0, 1.0)
    found = objective.predict(networks, bare)
    assert float(objective.losses(found, bare, weights).abs().max()) == 0
    assert objective.errors(networks, [bare]).to_dict()["stress_gpa"] is None


def test_noise_is_judged_by_the_likelihood_of_errors(blocks, networks):
    """−log likelihood is least where the variances are the squared errors, each its own."""
    block = blocks[0]
    found = objective.predict(networks, block)
    m, b, n = found.log_variance[0].shape

    def surprise(of_force, of_energy):
        noise = torch.full((m, b, n), of_force), torch.full((m, b, n), of_energy)
        changed = objective.Prediction(
            block.energy + 0.05 * n**0.5, block.forces + 0.2, found.stress, noise
        )
        weights = objective.Weights(0.0, 0.0, 0.0)
        return float(objective.surprises(changed, block, weights).sum())

    force, energy = float(np.log(0.2**2)), float(np.log(0.05**2))
    best = surprise(force, energy)
    for step in (-0.1, 0.1):
        assert best < surprise(force + step, energy)
        assert best < surprise(force, energy + step)


def test_energies_of_atoms_are_least_squares(blocks):
    counted = [
        block.less(block.energy - 3.5 * block.n_atoms, torch.zeros(1), torch.zeros(1))
        for block in blocks
    ]
    with pytest.raises(TrainingError, match="the same energy per atom"):
        scaling.label_scale(counted, 1)
    noisy = [
        block.less(-0.01 * torch.arange(len(block)), torch.zeros(1), torch.zeros(1))
        for block in counted
    ]
    assert float(scaling.label_scale(noisy, 1).atom_energy_ev) == pytest.approx(3.5, abs=0.02)


def test_constant_descriptors_are_left_alone(blocks):
    constant = [
        frames.Block(**{**vars(block), "values": torch.full_like(block.values, 7.0)})
        for block in blocks
    ]
    seen = scaling.descriptor_range(constant, 1)
    assert float(seen.deviation.min()) == float(seen.deviation.max()) == 1.0
    assert float(seen.mean.min()) == 7.0


@pytest.mark.parametrize("kind", ["subsample", "bootstrap", "seed"])
def test_shares_average_to_one_over_the_training_frames(kind, tmp_path, data):
    config = training_data.config(tmp_path, data, n_members=4, member_data=kind)
    train = (0, 2, 3, 5, 6)
    weights = shares.frame_weights(data, 0.0)
    found = shares.shares(train, weights, config)
    np.testing.assert_allclose(found[:, list(train)].mean(dim=1), 1)
    assert float(found[:, [1, 4, 7]].abs().max()) == 0
    assert bool((found == found[0]).all()) == (kind == "seed")
    again = shares.shares(train, weights, config)
    assert bool((found == again).all())


def test_violent_frames_count_less_where_it_is_asked_for(tmp_path, data):
    squared = np.array([(f.forces_ev_per_a**2).mean() for f in data.frames])
    calm = float(np.sqrt(np.median(squared)))
    weights = shares.frame_weights(data, calm)
    np.testing.assert_allclose(weights, 1 / (1 + squared / calm**2))
    assert float(shares.frame_weights(data, 0.0).min()) == 1.0
    config = training_data.config(tmp_path, data, n_members=2, member_data="seed")
    found = shares.shares((0, 2, 3), weights, config)
    np.testing.assert_allclose(found[:, [0, 2, 3]].mean(dim=1), 1)
    ratio = found[0, 0] / found[0, 2]
    assert float(ratio) == pytest.approx(float(weights[0] / weights[2]))


def test_parts_keep_far_sources_and_large_forces_out(tmp_path):
    data = training_data.copper(20)
    largest = sorted(
        float(np.linalg.norm(f.forces_ev_per_a, axis=1).max()) for f in data.frames
    )
    config = training_data.config(
        tmp_path, data, far_sources=["source 9"], largest_force_ev_per_a=largest[-2] + 1e-6
    )
    parts = shares.parts(data, config)
    assert len(parts.left_out) == 1
    assert {data.frames[i].source for i in parts.far} <= {"source 9"}
    every = sorted(i for numbers in vars(parts).values() for i in numbers)
    assert every == list(range(20))
    published = parts.to_dict(data)
    sources = [set(published[p]["sources"]) for p in ("train", "validation", "test")]
    assert len(set.union(*sources)) == sum(map(len, sources))


def test_lbfgs_minimises_every_row_by_itself():
    """Three valleys of Rosenbrock's function, one of them begun at its minimum."""
    start = torch.tensor([[-1.2, 1.0], [0.5, -0.3], [1.0, 1.0]], dtype=torch.float64)

    def function(x):
        x = x.detach().requires_grad_()
        value = (1 - x[:, 0]) ** 2 + 100 * (x[:, 1] - x[:, 0] ** 2) ** 2
        (gradient,) = torch.autograd.grad(value.sum(), x)
        return value.detach(), gradient

    minimiser = Minimiser(function, start)
    for _ in range(60):
        before = minimiser.value
        minimiser.step()
        assert bool((minimiser.value <= before).all())
    np.testing.assert_allclose(minimiser.x, 1, atol=1e-5)


def test_lbfgs_of_a_row_does_not_depend_on_the_others():
    scales = torch.tensor([[1.0, 10.0, 100.0], [3.0, 5.0, 7.0]], dtype=torch.float64)
    start = torch.tensor([[1.0, 1.0, 1.0], [2.0, -1.0, 4.0]], dtype=torch.float64)

    def run(rows):
        def function(x):
            return (scales[rows] * x**4).sum(dim=1), 4 * scales[rows] * x**3

        minimiser = Minimiser(function, start[rows])
        for _ in range(8):
            minimiser.step()
        return minimiser.x

    np.testing.assert_allclose(run([0, 1])[1], run([1])[0], rtol=1e-9)


def test_a_folder_holds_one_training(tmp_path):
    first = training_data.config(tmp_path)
    Folder(tmp_path / "run", first, "abc")
    Folder(tmp_path / "run", first, "abc")
    other = training_data.config(tmp_path, seed=9)
    with pytest.raises(TrainingError, match="already holds another training"):
        Folder(tmp_path / "run", other, "abc")


def test_a_damaged_state_is_told_and_never_executed(tmp_path):
    folder = Folder(tmp_path / "run", training_data.config(tmp_path), "abc")
    assert folder.load("training.pt") is None
    (folder.path / "training.pt").write_bytes(b"cos\nsystem\n(S'touch executed'\ntR.")
    with pytest.raises(TrainingError, match="is damaged"):
        folder.load("training.pt")
