"""Symmetry functions of silicon: ours, and torchani's AEV where it is installed.

python benchmarks/descriptors.py [--atoms N …] [--threads N] [--page FILE]
    [--torchani-python PYTHON]

Both have 12 radial and 12 angular functions with a cut-off of 6 Å, in double precision,
the neighbour list counted in. PYTHON (or TORCHANI_PYTHON in the environment) is that of an
environment with torchani, which is measured only if it is given.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from ase.build import bulk

from benchmarks.support import page
from benchmarks.support.kept import ROOT
from benchmarks.support.numbers import figures

REPEATS = {8: 1, 64: 2, 512: 4, 1000: 5}
RATTLE_A = 0.05
WORKER = "benchmarks.support.descriptor_worker"
NAMES = {
    "torchani": "torchani AEV",
    "G5": "ours, G2 and G5",
    "G4": "ours, G2 and G4",
    "network": "ours, G4 and a committee of 8",
}
HEADER = ("", "atoms", "values, ms", "with derivatives, ms", "µs per atom", "MB per atom")


def measured(python: str, name: str, n_atoms: int, threads: int) -> dict[str, Any]:
    """Run one worker in a process of its own.

    Raises
    ------
    subprocess.CalledProcessError
        The process failed; it has written why to the screen.
    """
    atoms = bulk("Si", cubic=True).repeat(REPEATS[n_atoms])
    atoms.rattle(RATTLE_A, seed=1)
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.npz"
        np.savez(case, positions=atoms.positions, cell=atoms.cell.array, numbers=atoms.numbers)
        done = subprocess.run(
            [python, "-W", "ignore", "-m", WORKER, name, str(case)],
            cwd=ROOT,
            env={**os.environ, **dict.fromkeys(variables, str(threads))},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(name: str, n_atoms: int, found: dict[str, Any]) -> list[str]:
    """Return the cells of one line of the table."""
    values, both = median(found["values"]), median(found["both"])
    return [
        NAMES[name],
        str(n_atoms),
        figures(1e3 * values),
        figures(1e3 * both),
        figures(1e6 * both / n_atoms),
        figures(found["memory_mb"] / n_atoms, 2) if n_atoms >= 512 else "–",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--atoms", nargs="+", type=int, default=REPEATS, choices=REPEATS)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--torchani-python", default=os.environ.get("TORCHANI_PYTHON"))
    return parser


def main() -> None:
    """Measure, and print the table or write it on the page."""
    options = _parser().parse_args()
    rows = []
    for n_atoms in options.atoms:
        for name in NAMES:
            python = options.torchani_python if name == "torchani" else sys.executable
            if python:
                found = measured(python, name, n_atoms, options.threads)
                rows.append(row(name, n_atoms, found))
                print(", ".join(rows[-1]), flush=True)
    text = f"{page.machine()} {options.threads} threads.\n\n{page.table(HEADER, rows)}"
    page.show("descriptors", text, options.page)


if __name__ == "__main__":
    main()
