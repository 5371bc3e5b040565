"""One process of the descriptor benchmark; prints one JSON object.

PYTHON -m benchmarks.support.descriptor_worker (G4|G5|network|torchani) CASE.npz

Kept apart from the rest so that the environment of torchani needs torch and numpy only.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

CUTOFF_A = 6.0
ROUNDS, BUDGET_S = 7, 20.0
Step = Callable[[], torch.Tensor]


def _ours(case: Any, name: str) -> tuple[Step, torch.Tensor]:
    from ase import Atoms

    from mlpcore.descriptors.automatic import automatic
    from mlpcore.descriptors.functions import Angular, SymmetryFunctions
    from mlpcore.descriptors.values import topology, values
    from mlpcore.neighbours import build_graph
    from mlpcore.networks import ElementNetworks, Shape

    functions = automatic(("Si",), CUTOFF_A)
    if name == "G5":
        ((symbol, members),) = functions.by_element
        wide = tuple(replace(f, kind="G5") if isinstance(f, Angular) else f for f in members)
        functions = SymmetryFunctions(((symbol, wide),), functions.cutoff_kind)
    atoms = Atoms(case["numbers"], case["positions"], cell=case["cell"], pbc=True)
    networks = ElementNetworks(Shape(1, functions.counts[0], n_members=8))
    vectors = torch.empty(0, dtype=torch.float64)

    def step() -> torch.Tensor:
        graph = build_graph([atoms], functions.cutoff_a)
        where = topology(graph, functions)
        vectors.data = torch.as_tensor(graph.vectors_a)
        vectors.requires_grad_(True)
        found = values(vectors, where)
        return networks(found, where.element)[..., 0].mean(0) if name == "network" else found

    return step, vectors


def _torchani(case: Any) -> tuple[Step, torch.Tensor]:
    from torchani.aev import AEVComputer

    cell = torch.as_tensor(case["cell"])
    computer = AEVComputer.from_constants(
        radial_cutoff=CUTOFF_A + 1e-6,  # it must be the larger one
        angular_cutoff=CUTOFF_A,
        radial_eta=16.0,
        radial_shifts=np.linspace(0.9, 5.5, 12).tolist(),
        angular_eta=8.0,
        angular_zeta=32.0,
        angular_shifts=[0.9, 2.5, 4.1],
        sections=(np.pi * (np.arange(4) + 0.5) / 4).tolist(),
        num_species=1,
        neighborlist="cell_list"
        if float(cell.diagonal().min()) > 3 * CUTOFF_A
        else "all_pairs",
    ).double()
    positions = torch.as_tensor(case["positions"])[None].requires_grad_(True)
    elements = torch.zeros(1, len(case["numbers"]), dtype=torch.int64)
    pbc = torch.ones(3, dtype=torch.bool)
    return lambda: computer(elements, positions, cell, pbc), positions


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Carry out the command line."""
    name, path = sys.argv[1:]
    case = dict(np.load(path, allow_pickle=False))
    step, leaf = _torchani(case) if name == "torchani" else _ours(case, name)
    before, seconds = _peak_mb(), []
    started = time.perf_counter()
    while len(seconds) < ROUNDS + 1 and time.perf_counter() - started < BUDGET_S:
        began = time.perf_counter()
        found = step()
        forward = time.perf_counter() - began
        torch.autograd.grad(found.sum(), leaf)
        seconds.append((forward, time.perf_counter() - began))
    values, both = zip(*(seconds[1:] or seconds), strict=True)
    print(json.dumps({"values": values, "both": both, "memory_mb": _peak_mb() - before}))


if __name__ == "__main__":
    main()
