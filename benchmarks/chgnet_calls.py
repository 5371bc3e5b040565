"""CHGNet: where a call spends its time, in its package and here, and whether batches pay.

python benchmarks/chgnet_calls.py [--threads N …] [--rounds N] [--max-atoms N] [--page FILE]

Writes two tables into docs/speed.md. Takes a few minutes.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from ase import Atoms

from benchmarks.support import cases, page
from benchmarks.support.numbers import figures, paired_ratio
from mlpcore import registry
from mlpcore.potential import Potential

MODEL = "chgnet-0.3.0"
PARTS = ("graph", "forward", "backward", "whole")
CALLS = (("Si", 2), ("Si", 8), ("Si", 64), ("Si", 216), ("Al2O3", 10), ("Al2O3", 120))
BATCHES = (("Si", 2), ("Si", 8), ("Al2O3", 10), ("Al2O3", 30), ("Si", 64))
LIMITS = (1, 16, 32, 64, 128, 256)
ATOMS_OF_BATCH = 256

Seconds = dict[str, list[float]]


def seconds(step: Callable[[], Any]) -> tuple[float, Any]:
    """Run a step; return how long it took, and what it gave."""
    started = time.perf_counter()
    found = step()
    return time.perf_counter() - started, found


def package_calculator() -> Any:
    """Return the calculator of the model's authors."""
    from chgnet.model import CHGNet, CHGNetCalculator

    name = MODEL.removeprefix("chgnet-")
    model = CHGNet.load(model_name=name, use_device="cpu", verbose=False)
    return CHGNetCalculator(model=model, use_device="cpu")


def package_parts(calculator: Any, atoms: Atoms) -> tuple[float, ...]:
    """Time graph, forward pass, derivatives and a whole call of the package."""
    from pymatgen.io.ase import AseAtomsAdaptor

    model, structure = calculator.model, AseAtomsAdaptor.get_structure(atoms)
    graph_s, graph = seconds(lambda: model.graph_converter(structure))
    forward_s, _ = seconds(lambda: model([graph], task="e"))
    both_s, _ = seconds(lambda: model([graph], task="efs"))
    whole_s, _ = seconds(lambda: calculator.calculate(atoms))
    return graph_s, forward_s, both_s - forward_s, whole_s


def our_parts(potential: Potential, atoms: Atoms) -> tuple[float, ...]:
    """Time graph, forward pass, derivatives and a whole call of ours."""
    shapes = (len(atoms), 3), (3, 3)
    inputs = [torch.zeros(s, dtype=potential.dtype, requires_grad=True) for s in shapes]
    graph_s, energy = seconds(lambda: potential.energy_function(atoms))
    forward_s, total = seconds(lambda: energy(*inputs))
    backward_s, _ = seconds(lambda: torch.autograd.grad(total, inputs))
    whole_s, _ = seconds(lambda: potential.evaluate([atoms]))
    return graph_s, forward_s, backward_s, whole_s


def time_calls(
    calculator: Any, potential: Potential, atoms: Atoms, rounds: int
) -> tuple[Seconds, Seconds]:
    """Time package and ours by turns; the first two rounds warm up."""
    package: Seconds = defaultdict(list)
    ours: Seconds = defaultdict(list)
    for k in range(rounds + 2):
        moved = cases.rattled(atoms, k)
        times = package_parts(calculator, moved), our_parts(potential, moved)
        if k >= 2:
            for kept, found in zip((package, ours), times, strict=True):
                for part, value in zip(PARTS, found, strict=True):
                    kept[part].append(value)
    return package, ours


def calls_table(threads: Sequence[int], rounds: int, max_atoms: int) -> str:
    """Measure single calls; milliseconds."""
    calculator, potential = package_calculator(), registry.load(MODEL, device="cpu")
    rows = []
    for n_threads in threads:
        torch.set_num_threads(n_threads)
        for name, n_atoms in CALLS:
            if n_atoms > max_atoms:
                continue
            atoms = cases.crystal(name, n_atoms)
            package, ours = time_calls(calculator, potential, atoms, rounds)
            cells = [figures(1e3 * median(side[p])) for side in (package, ours) for p in PARTS]
            ratio = figures(paired_ratio(package["whole"], ours["whole"]), 2)
            rows.append([f"{name} {n_atoms}", str(n_threads), *cells, f"{ratio} ×"])
            print(" ".join(rows[-1]), flush=True)
    header = ["ms", "threads", *(f"{side} {p}" for side in ("package", "ours") for p in PARTS)]
    return page.table([*header, "ratio"], rows)


def time_batch(potential: Any, batch: Sequence[Atoms], rounds: int) -> Seconds:
    """Time a batch under each limit by turns; the first round warms up."""
    found: Seconds = defaultdict(list)
    for k in range(rounds + 1):
        for limit in LIMITS:
            potential.batch_atoms = limit
            spent, _ = seconds(lambda: potential.evaluate(batch))
            if k >= 1:
                found[str(limit)].append(spent / len(batch))
    return found


def batches_table(threads: Sequence[int], rounds: int, max_atoms: int) -> str:
    """Measure batches; milliseconds for one structure of them."""
    potential = registry.load(MODEL, device="cpu")
    rows = []
    for n_threads in threads:
        torch.set_num_threads(n_threads)
        for name, n_atoms in BATCHES:
            if n_atoms > max_atoms:
                continue
            n_structures = min(32, ATOMS_OF_BATCH // n_atoms)
            atoms = cases.crystal(name, n_atoms)
            batch = [cases.rattled(atoms, k) for k in range(n_structures)]
            found = time_batch(potential, batch, rounds)
            cells = [figures(1e3 * median(found[str(limit)])) for limit in LIMITS]
            rows.append([f"{n_structures} times {name} {n_atoms}", str(n_threads), *cells])
            print(" ".join(rows[-1]), flush=True)
    limits = [f"up to {limit} atoms" if limit > 1 else "one by one" for limit in LIMITS]
    return page.table(["ms for each", "threads", *limits], rows)


def main() -> None:
    """Measure both tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", nargs="+", type=int, default=(1, 2))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--max-atoms", type=int, default=10_000)
    parser.add_argument("--page", type=Path, default=page.PAGE)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    asked = options.threads, options.rounds, options.max_atoms
    version = importlib.metadata.version("chgnet")
    where = f"{page.machine()} The package is chgnet {version}."
    block = "\n\n".join([where, calls_table(*asked), batches_table(*asked)])
    page.write(options.page, "chgnet", block)


if __name__ == "__main__":
    main()
