"""How far the engine is from what the machine can do: operations and bytes, counted.

python benchmarks/floor.py [--page FILE]

Writes a table into docs/speed.md. Takes half a minute.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from ctypes import c_int32
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from ase import Atoms

from benchmarks.support import cases, page
from benchmarks.support.force_worker import peaks
from benchmarks.support.numbers import figures
from mlpcore import registry
from mlpcore.engine.network import N_L, CLayer, CPath
from mlpcore.engine.radial import N_COEFFICIENTS
from mlpcore.neighbours import build_graph

MODELS = ("sevennet-0", "sevennet-l3i5")
N_ATOMS, ROUNDS = 216, 15
REAL_BYTES = 4
HEADER = (
    "model",
    "parts",
    "operations a pair",
    "operations an atom",
    "operations, 10⁹",
    "bytes, 10⁹",
    "floor, ms",
    "measured, ms",
    "of the peak",
)


@dataclass(frozen=True)
class Work:
    """Operations (a multiplication with an addition is two) and bytes of one layer.

    Attributes
    ----------
    convolution_per_pair, coupling_per_pair
        Tensor products with their radial weights; the matrices they are made with.
    mixing_per_atom, coupling_per_atom
        Products with weight matrices; the couplings of the way back.
    radial_bytes_per_pair
        Coefficients of radial functions read, forward and back.
    feature_bytes_per_atom
        Rows kept from the way forward to the way back: written once, read once.
    feature_bytes_per_pair
        Neighbours' rows read twice, their gradient read and written.
    """

    convolution_per_pair: float
    coupling_per_pair: float
    mixing_per_atom: float
    coupling_per_atom: float
    radial_bytes_per_pair: float
    feature_bytes_per_atom: float
    feature_bytes_per_pair: float


def layer_work(layer: CLayer) -> Work:
    """Count what the engine does in one layer."""
    paths = [layer.paths[k] for k in range(layer.n_paths)]
    channels = [layer.n_in[path.l1] for path in paths]
    degree_sizes = 2 * np.arange(N_L) + 1
    n_in, n_middle, n_gate = (
        np.array(counts) for counts in (layer.n_in, layer.n_middle, layer.n_gate)
    )
    own_maps = n_in * (n_in + n_gate) if layer.has_gradient else 0 * n_in
    row = float((degree_sizes * n_in).sum())
    gate_row = float((degree_sizes * n_gate).sum())
    return Work(
        convolution_per_pair=sum(
            n * _path_operations(p) for n, p in zip(channels, paths, strict=True)
        ),
        coupling_per_pair=sum(2.0 * _nonzero(p.by_harmonic, p.l1, p.l3) for p in paths if p.l2),
        mixing_per_atom=2 * 2.0 * float((degree_sizes * (own_maps + n_middle * n_gate)).sum()),
        coupling_per_atom=sum(
            2.0 * n * _nonzero(p.by_output, p.l1, p.l2)
            for n, p in zip(channels, paths, strict=True)
            if p.l2
        ),
        radial_bytes_per_pair=2.0 * sum(channels) * N_COEFFICIENTS * REAL_BYTES,
        feature_bytes_per_atom=2.0 * (row + gate_row) * REAL_BYTES,
        feature_bytes_per_pair=(4.0 if layer.has_gradient else 2.0) * row * REAL_BYTES,
    )


def _path_operations(path: CPath) -> float:
    """Operations of one channel of one pair, forward and back."""
    d1, d2, d3 = (2 * degree + 1 for degree in (path.l1, path.l2, path.l3))
    radial_forward, radial_back = 2 * (N_COEFFICIENTS - 1), 4 * (N_COEFFICIENTS - 1)
    forward = 2 * d1 if path.l2 == 0 else 2 * d3 * d1 + 2 * d3
    back = d2 * (4 * d1 + 5) + 2
    return float(radial_forward + radial_back + forward + back)


def _nonzero(coupling: Any, first: int, second: int) -> int:
    """Return the number of coefficients of a coupling."""
    entries = (2 * first + 1) * (2 * second + 1)
    begin = (c_int32 * (entries + 1)).from_address(coupling.begin)
    return int(begin[entries])


def layers_of(potential: Any) -> Iterator[CLayer]:
    """Yield the layers of a potential that the engine evaluates."""
    network = potential._evaluator._network.c
    for index in range(network.n_layers):
        yield network.layers[index]


def measured_seconds(potential: Any, atoms: Atoms) -> float:
    """Return the median time of a call, in which no neighbour search falls."""
    spent = []
    for seed in range(ROUNDS + 2):
        moved = cases.rattled(atoms, seed)
        moved.positions = atoms.positions + 0.1 * (moved.positions - atoms.positions)
        started = time.perf_counter()
        potential.evaluate([moved])
        spent.append(time.perf_counter() - started)
    return median(spent[2:])


def row(model: str, peak: dict[str, float]) -> list[str]:
    """Return one line of the table."""
    potential = registry.load(model, device="cpu", dtype="float32")
    atoms = cases.crystal("Si", N_ATOMS)
    n_pairs = len(build_graph([atoms], potential.info.cutoff_a).source)
    work = [layer_work(layer) for layer in layers_of(potential)]
    per_pair = sum(w.convolution_per_pair + w.coupling_per_pair for w in work)
    per_atom = sum(w.mixing_per_atom + w.coupling_per_atom for w in work)
    operations = n_pairs * per_pair + N_ATOMS * per_atom
    n_bytes = n_pairs * sum(
        w.radial_bytes_per_pair + w.feature_bytes_per_pair for w in work
    ) + N_ATOMS * sum(w.feature_bytes_per_atom for w in work)
    floor = operations / (1e9 * peak["gflop_per_s"])
    seconds = measured_seconds(potential, atoms)
    convolution = n_pairs * sum(w.convolution_per_pair for w in work) / operations
    mixing = N_ATOMS * sum(w.mixing_per_atom for w in work) / operations
    return [
        potential.info.title,
        f"tensor products {convolution:.0%}, matrices {mixing:.0%}",
        figures(per_pair),
        figures(per_atom),
        figures(operations / 1e9),
        figures(n_bytes / 1e9),
        figures(1e3 * floor),
        figures(1e3 * seconds),
        f"{floor / seconds:.0%}",
    ]


def main() -> None:
    """Count, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, default=page.PAGE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    peak = peaks()
    rows = [row(model, peak) for model in MODELS]
    block = (
        f"{page.machine()} One thread, {N_ATOMS} atoms of silicon, single precision. A large "
        "matrix product, the most that this machine gives, does "
        f"{figures(peak['gflop_per_s'])} · 10⁹ operations a second; copying memory moves "
        f"{figures(peak['gb_per_s'])} GB/s.\n\n" + page.table(HEADER, rows)
    )
    page.show("floor", block, options.page)


if __name__ == "__main__":
    main()
