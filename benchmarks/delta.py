"""Silicon: a universal model corrected with few DFT labels, against a network on its own.

python benchmarks/delta.py [--counts N …] [--seeds N] [--page FILE]

The labels are ours (PBE, pretrained/data/si_pbe.extxyz.xz); frames with large forces are left
out. With each number of labels the same network is trained twice, on the labels and on what
the universal model gets wrong. Test frames are never drawn. Phonons are compared with those of
the same DFT (pretrained/data/dft_reference.json), at its lattice constant. Trainings are kept
under data/benchmarks/learning.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from benchmarks.support import harmonic, learning, learning_plots, page
from benchmarks.support.kept import FOLDER, ROOT
from mlpcore import registry
from mlpcore.potential import Potential

BASELINE = "sevennet-l3i5"
VARIANTS = {"from scratch": None, "corrected": BASELINE}
SETTINGS = {
    "cutoff_a": 7.5,
    "size": "small",
    "hidden": (15, 15),
    "n_members": 4,
    "split_fractions": (0.8, 0.1, 0.1),
    "split_by": "frame",
    "epochs": 150,
    "refinement_steps": 200,
    "energy_weight": 0.1,
}
COUNTS, SEEDS, N_TEST = (10, 30, 100), 2, 16
NEAR_EV_PER_A = 5.0
"""Frames with larger forces are left out: errors there would hide those near the crystal."""
REPEATS, END, N_LINE = 2, (0.5, 0.0, 0.5), 41
REFERENCE = learning.DATA / "dft_reference.json"
PICTURE = ROOT / "docs" / "images" / "delta.svg"


def measure(potential: Potential, test: list[Any], lattice_a: float) -> dict[str, Any]:
    """Return errors on frames that were never drawn, and frequencies from Γ to X."""
    crystal = harmonic.ideal("Si", "diamond", lattice_a, REPEATS)
    phonon = harmonic.of_potential(potential, crystal)
    return {
        "test": learning.scores(potential, test).to_dict(),
        "line_thz": harmonic.line(phonon, END, N_LINE).tolist(),
    }


def collect(options: argparse.Namespace) -> dict[str, Any]:
    """Train what is not kept and measure all."""
    frames = [
        frame
        for frame in learning.random_frames("si_pbe.extxyz.xz")
        if np.linalg.norm(frame.forces_ev_per_a, axis=1).max() < NEAR_EV_PER_A
    ]
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))["Si"]
    lattice_a = reference["lattice_a"]
    shuffled = learning.drawn(frames, len(frames), 0)
    test, pool = shuffled[:N_TEST], shuffled[N_TEST:]
    universal = registry.load(BASELINE, device="cpu", dtype="float64")
    found: dict[str, Any] = {
        "reference": reference["points_thz"],
        "baseline": measure(universal, test, lattice_a),
        "runs": [],
    }
    for count in options.counts:
        for seed in range(options.seeds):
            chosen = learning.drawn(pool, count, seed)
            for name, baseline in VARIANTS.items():
                key = f"si-{name.replace(' ', '-')}-{count}-{seed}"
                potential = learning.trained(
                    key, chosen, seed=seed, baseline=baseline, **SETTINGS
                )
                about = {"variant": name, "count": count, "seed": seed}
                run = measure(potential, test, lattice_a)
                found["runs"].append(about | run)
                print(about, run["test"], max(run["line_thz"][0]), flush=True)
    return found


def table(found: dict[str, Any]) -> str:
    """Return the errors by number of labels; mean and standard deviation over trainings."""
    header = ["labels", "model", "energy, meV/atom", "forces, meV/Å", "stress, GPa"]
    header += ["Γ, THz", "X TA, THz", "X LA, THz"]
    rows = [["0", "SevenNet-l3i5", *_cells([found["baseline"]])]]
    for count in sorted({run["count"] for run in found["runs"]}):
        for name in VARIANTS:
            runs = [r for r in found["runs"] if (r["variant"], r["count"]) == (name, count)]
            if runs:
                rows.append([str(count), name, *_cells(runs)])
    pbe = (found["reference"]["Γ"][-1], found["reference"]["X"][0], found["reference"]["X"][2])
    return page.table(
        header, [*rows, ["", "PBE, ours", "", "", "", *(f"{f:.2f}" for f in pbe)]]
    )


def _cells(runs: list[dict[str, Any]]) -> list[str]:
    fields = ("energy_mev_per_atom", "forces_mev_per_a", "stress_gpa")
    errors = [[run["test"][field] for run in runs] for field in fields]
    ends = [
        (run["line_thz"][0][-1], run["line_thz"][-1][0], run["line_thz"][-1][2]) for run in runs
    ]
    digits = (1, 0, 2)
    return [
        *(learning.mean_and_spread(e, d) for e, d in zip(errors, digits, strict=True)),
        *(learning.mean_and_spread(f, 2) for f in zip(*ends, strict=True)),
    ]


def main() -> None:
    """Measure what is missing; show the table."""
    options = learning.options(__doc__, COUNTS, SEEDS)
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
    found = collect(options)
    learning.keep(FOLDER / "delta.json", found)
    learning_plots.delta(found, PICTURE)
    page.show("delta", table(found), options.page)


if __name__ == "__main__":
    main()
