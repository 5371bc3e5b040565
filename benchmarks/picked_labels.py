"""What labels are worth that a committee picked from its own dynamics, with the real oracle.

python benchmarks/picked_labels.py [--seeds N] [--page FILE]

Rock salt first had 200 frames with waves of one lattice constant. To these the same number of
cells of three primitive ones was added twice: drawn at random, and picked by a committee from
its own dynamics (python -m mlpcore pick), both labelled by GPAW. The errors are of the halves
of either kind that nobody trained on. Trainings are kept under data/benchmarks/learning.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from benchmarks.support import learning, page
from benchmarks.support.kept import FOLDER
from mlpcore import active, dataset
from mlpcore.frame import Frame
from mlpcore.picking import PICKED

SET, LONG = "nacl_pbe.extxyz.xz", 6
SETTINGS = {
    "cutoff_a": 6.0,
    "size": "small",
    "hidden": (15, 15),
    "n_members": 4,
    "split_fractions": (0.8, 0.1, 0.1),
    "split_by": "frame",
    "largest_force_ev_per_a": 3.0,
    "epochs": 40,
    "refinement_steps": 400,
    "stress_weight": 1.0,
    "electrostatics": {"mode": "fixed", "charges_e": {"Na": 0.71, "Cl": -0.71}},
}
ADDED = ("none", "drawn at random", "picked by disagreement")
KINDS = ("drawn at random", "picked by disagreement")


def kinds() -> tuple[list[Frame], dict[str, list[Frame]]]:
    """Return the first frames, and the long ones by how they were chosen."""
    frames = dataset.read(learning.DATA / SET).frames
    picked = [f for f in frames if f.source.startswith(PICKED) and len(f.atoms) == LONG]
    drawn = [f for f in learning.random_frames(SET) if len(f.atoms) == LONG]
    first = [f for f in learning.random_frames(SET) if len(f.atoms) != LONG]
    return first, dict(zip(KINDS, (drawn, picked), strict=True))


def collect(seeds: int) -> list[dict[str, Any]]:
    """Train what is not kept and measure all."""
    first, by_kind = kinds()
    count = min(len(frames) for frames in by_kind.values()) // 2
    found = []
    for seed in range(seeds):
        order = {kind: learning.drawn(f, len(f), seed) for kind, f in by_kind.items()}
        tests = {kind: frames[count:] for kind, frames in order.items()}
        for added in ADDED:
            more = order[added][:count] if added in order else []
            key = f"nacl-added-{added.replace(' ', '-')}-{seed}"
            potential = learning.trained(key, [*first, *more], seed=seed, **SETTINGS)
            run: dict[str, Any] = {"added": added, "seed": seed, "count": len(more)}
            for kind, frames in tests.items():
                structures = [frame.atoms for frame in frames]
                run[kind] = learning.scores(potential, frames).forces_mev_per_a
                run[f"{kind}, doubt"] = 1e3 * float(
                    np.median(active.disagreement(potential, structures))
                )
            found.append(run)
            print(run, flush=True)
    return found


def table(runs: list[dict[str, Any]]) -> str:
    """Return errors and disagreement by what was added; mean and spread over trainings."""
    header = ["labels added", "how many", *(f"forces, {kind}, meV/Å" for kind in KINDS)]
    header += [f"members differ, {kind}, meV/Å" for kind in KINDS]
    rows = []
    for added in ADDED:
        chosen = [run for run in runs if run["added"] == added]
        columns = [*KINDS, *(f"{kind}, doubt" for kind in KINDS)]
        cells = [learning.mean_and_spread([run[c] for run in chosen]) for c in columns]
        rows.append([added, str(chosen[0]["count"]), *cells])
    return page.table(header, rows)


def main() -> None:
    """Measure what is missing; show the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--page", type=Path, help="the Markdown page to write into")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = collect(options.seeds)
    learning.keep(FOLDER / "picked-labels.json", {"runs": runs})
    page.show("picked labels", table(runs), options.page)


if __name__ == "__main__":
    main()
