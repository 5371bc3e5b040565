"""One process of the force benchmark; prints one JSON object a line.

python -m benchmarks.support.force_worker time MODEL CRYSTAL:ATOMS …
python -m benchmarks.support.force_worker memory MODEL ENGINE CRYSTAL:ATOMS
python -m benchmarks.support.force_worker peaks
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from ase import Atoms

from benchmarks.support.cases import crystal, rattled
from mlpcore import registry
from mlpcore.model_info import Engine

Forces = Callable[[Atoms], Any]

MIN_ROUNDS, MAX_ROUNDS, BUDGET_S = 3, 21, 12.0
WARM_UP_CALLS = 3
PAUSE_S = 0.02
"""Before each call, so that idle threads of the call before it have gone to sleep."""
PACKAGE_MAX_ATOMS = 128
"""Size up to which the package's own calculator is timed beside ours: it takes as long
as the upstream modules behind our interface, and large cells take minutes."""


def loaded(model: str, engine: Engine, dtype: str = "float32") -> tuple[Forces, str]:
    """Return a function for the forces, and the name of the engine behind it."""
    potential = registry.load(model, device="cpu", dtype=dtype, engine=engine)
    return lambda atoms: potential.evaluate([atoms])[0].forces_ev_per_a, potential.engine


def package_calculator(model: str) -> Forces:
    """Return the forces of the ASE calculator that the model's package brings."""
    from sevenn.calculator import SevenNetCalculator

    info = registry.info(model)
    calculator = SevenNetCalculator(str(registry.weights_path(info)), device="cpu")

    def forces(atoms: Atoms) -> Any:
        calculator.calculate(atoms, ["forces"])
        return calculator.results["forces"]

    return forces


class Contest:
    """Every engine of one model, timed on the same structures in turn."""

    def __init__(self, model: str) -> None:
        upstream, _ = loaded(model, "upstream")
        ours, self.engine = loaded(model, "auto")
        double, _ = loaded(model, "auto", "float64")
        self._runners = {"upstream": upstream, "ours": ours, "ours_double": double}
        self._package = package_calculator(model)
        small = crystal("Si", 2)
        for seed in range(WARM_UP_CALLS):
            for forces in (*self._runners.values(), self._package):
                forces(rattled(small, seed))

    def time(self, name: str, n_atoms: int) -> dict[str, Any]:
        """Return seconds of each call, and how far the forces are from upstream's."""
        atoms = crystal(name, n_atoms)
        runners = dict(self._runners)
        if n_atoms <= PACKAGE_MAX_ATOMS:
            runners["package"] = self._package
        for forces in runners.values():
            forces(rattled(atoms, 0))
        seconds: dict[str, list[float]] = {key: [] for key in runners}
        difference = dict.fromkeys(runners, 0.0)
        started = time.perf_counter()
        for number in range(1, MAX_ROUNDS + 1):
            found = _round(runners, rattled(atoms, number), number, seconds)
            for key, forces in found.items():
                off = float(np.abs(forces - found["upstream"]).max())
                difference[key] = max(difference[key], off)
            if number >= MIN_ROUNDS and time.perf_counter() - started > BUDGET_S:
                break
        return {"seconds": seconds, "difference": difference, "engine": self.engine}


def _round(
    runners: dict[str, Forces], atoms: Atoms, number: int, seconds: dict[str, list[float]]
) -> dict[str, Any]:
    """Call each once, another one first in every round; append to `seconds`."""
    names = list(runners)
    found = {}
    for name in names[number % len(names) :] + names[: number % len(names)]:
        time.sleep(PAUSE_S)
        started = time.perf_counter()
        found[name] = np.array(runners[name](atoms))
        seconds[name].append(time.perf_counter() - started)
    return found


def memory(model: str, engine: Engine, name: str, n_atoms: int) -> dict[str, float]:
    """Return the most memory that this process held, before and after two large calls."""
    forces, _ = loaded(model, engine)
    forces(crystal("Si", 2))
    before = _peak_mb()
    atoms = crystal(name, n_atoms)
    for seed in (1, 2):
        forces(rattled(atoms, seed))
    return {"before_mb": before, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def peaks() -> dict[str, float]:
    """Return what the machine does at best: single-precision products, and copies."""
    a, b = torch.rand(2, 2048, 2048)
    source = torch.rand(1 << 26)
    target = torch.empty_like(source)
    product = _best_seconds(lambda: torch.mm(a, b))
    copy = _best_seconds(lambda: target.copy_(source))
    return {"gflop_per_s": 2e-9 * 2048**3 / product, "gb_per_s": 8e-9 * len(source) / copy}


def _best_seconds(call: Callable[[], object], repeats: int = 9) -> float:
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return median(sorted(taken)[:3])


def main() -> None:
    """Carry out the command line."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    match sys.argv[1:]:
        case ["peaks"]:
            print(json.dumps(peaks()), flush=True)
        case ["memory", model, ("auto" | "upstream") as engine, case]:
            name, _, size = case.partition(":")
            print(json.dumps(memory(model, engine, name, int(size))), flush=True)
        case ["time", model, *cases]:
            contest = Contest(model)
            for case in cases:
                name, _, size = case.partition(":")
                found = contest.time(name, int(size))
                print(json.dumps({"case": case, **found}), flush=True)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
