"""Checkpoints of networks with random weights, for tests that need no training."""

from __future__ import annotations

from typing import Any

import torch
from ase import Atoms
from ase.build import bulk

from mlpcore.checkpoint import Card, Checkpoint
from mlpcore.descriptors.automatic import automatic
from mlpcore.descriptors.derivatives import describe
from mlpcore.networks import ElementNetworks, Shape


def random_checkpoint(
    elements: tuple[str, ...] = ("Na", "Cl"),
    n_members: int = 3,
    n_outputs: int = 1,
    training: tuple[Atoms, ...] = (),
    **more: Any,
) -> Checkpoint:
    """Networks of random weights; descriptors scaled by those of `training`."""
    functions = automatic(elements, cutoff_a=4.5, size="small")
    shape = Shape(len(elements), max(functions.counts), (6, 6), "tanh", n_members, n_outputs)
    networks = ElementNetworks(shape, seeds=range(n_members))
    frames = training or (_rattled(elements),)
    described = [describe(atoms, functions) for atoms in frames]
    lowest, highest = [], []
    for e in range(len(elements)):
        values = torch.cat([torch.as_tensor(d.values[d.element == e]) for d in described])
        networks.shift[e] = values.mean(dim=0)
        networks.scale[e] = values.std(dim=0, correction=0).clamp(min=1e-3)
        lowest.append(values.amin(dim=0))
        highest.append(values.amax(dim=0))
    ranges = {"range_min": torch.stack(lowest), "range_max": torch.stack(highest)}
    card = Card("random", "Random networks", elements)
    network = {
        "hidden": list(shape.hidden),
        "activation": shape.activation,
        "n_members": n_members,
        "n_outputs": n_outputs,
    }
    return Checkpoint(card, functions, network, dict(networks.state_dict()) | ranges, **more)


def _rattled(elements: tuple[str, ...]) -> Atoms:
    if len(elements) == 1:
        atoms = bulk("Si", "diamond", a=5.43, cubic=True)
        atoms.symbols[:] = elements[0]
    else:
        atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
        atoms.symbols[:] = [elements[k % len(elements)] for k in range(len(atoms))]
    atoms.rattle(0.1, seed=3)
    return atoms
