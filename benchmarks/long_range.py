"""Sodium chloride with and without electrostatics, at equal data, against DFT.

python benchmarks/long_range.py [--counts N …] [--seeds N] [--page FILE]

Networks are trained on frames of 64 atoms (PBEsol, phono3py's example NaCl-rd, BSD) with the
same settings, frames and seeds: one on the labels, the others on what Coulomb forces leave of
them. They are then asked what frames of 64 atoms cannot teach: forces in a cell of 512
atoms, the force constants between far ions, and the longitudinal optical branch near Γ.
Trainings are kept under data/benchmarks/learning.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import itertools

import numpy as np
import torch
from phonopy import Phonopy

from benchmarks.support import harmonic, learning, learning_plots, page
from benchmarks.support.kept import FOLDER, ROOT
from mlpcore import dataset
from mlpcore.frame import Frame
from mlpcore.potential import ModelCharges, Potential

BORN_E, DIELECTRIC = 1.09044426, 2.56345522
"""Of NaCl by the DFT of the data: nac_params of phono3py's example."""
SCREENED_E = BORN_E / DIELECTRIC**0.5
RIGID = {"Na": SCREENED_E, "Cl": -SCREENED_E}
VARIANTS: dict[str, dict[str, Any] | None] = {
    "short-range": None,
    "fixed charges": {"mode": "fixed", "charges_e": RIGID},
    "fitted charges": {"mode": "fitted", "charges_e": RIGID},
    "charge flow": {"mode": "flow", "charges_e": RIGID},
}
ONCE = ("fitted charges", "charge flow")
"""Trained with the fewest frames and the first seed only: they take longest."""
SETTINGS = {
    "cutoff_a": 6.0,
    "size": "small",
    "hidden": (15, 15),
    "n_members": 4,
    "split_fractions": (0.8, 0.1, 0.1),
    "split_by": "frame",
    "epochs": 200,
    "stress_weight": 0.0,
}
COUNTS, SEEDS, N_TEST = (10, 40), 2, 40
SHELLS_A = (4.5, 6.0, 8.0, 10.0, 12.0)
END, N_LINE, NEAR = (0.5, 0.0, 0.5), 41, 11
"""From Γ to X; the first quarter of it is near Γ."""
LARGE = ROOT / "benchmarks" / "support" / "nacl_512.extxyz.xz"
"""Two frames of the same example, from mlpcore.public_data, that nothing is trained on."""
PICTURE = ROOT / "docs" / "images" / "long-range.svg"


def dft(large: list[Frame]) -> Phonopy:
    """Return phonons of the DFT from its frames of 512 atoms."""
    lattice_a = large[0].atoms.cell.lengths()[0] / 4
    born = np.array([BORN_E, -BORN_E])[:, None, None] * np.eye(3)
    charges = ModelCharges(born, DIELECTRIC * np.eye(3))
    return harmonic.of_forces(harmonic.ideal("NaCl", "rocksalt", lattice_a, 4), large, charges)


def measure(
    potential: Potential, test: list[Any], large: list[Any], reference: Phonopy
) -> dict[str, Any]:
    """Ask one committee all questions."""
    phonon = harmonic.of_potential(potential, reference)
    own = potential.born_charges(harmonic.to_ase(reference.primitive))
    if own is None:
        phonon.nac_params = None
    distances, wanted = harmonic.by_distance(reference)
    _, found = harmonic.by_distance(phonon)
    far = distances > SETTINGS["cutoff_a"]  # type: ignore[operator]
    return {
        "test": learning.scores(potential, test).to_dict(),
        "large": learning.scores(potential, large).to_dict(),
        "far_error": float(np.linalg.norm((found - wanted)[far]) / np.linalg.norm(wanted[far])),
        "shells": _shells(distances, found - wanted),
        "line_thz": harmonic.line(phonon, END, N_LINE).tolist(),
        "charge_e": None if own is None else float(own.charges_e[0, 0, 0]),
    }


def _shells(distances: Any, constants: Any) -> list[float]:
    """Root mean square of force constants between shells of distance, eV/Å²."""
    ends = itertools.pairwise(SHELLS_A)
    chosen = [(distances >= low) & (distances < high) for low, high in ends]
    return [float(np.sqrt((constants[c] ** 2).mean())) for c in chosen]


def collect(options: argparse.Namespace) -> dict[str, Any]:
    """Train what is not kept and measure all."""
    frames = dataset.read(learning.DATA / "nacl_pbesol.extxyz.xz").frames
    small = [frame for frame in frames if len(frame.atoms) == 64]
    large = list(dataset.read(LARGE).frames)
    reference = dft(large)
    distances, constants = harmonic.by_distance(reference)
    found: dict[str, Any] = {
        "reference": {
            "line_thz": harmonic.line(reference, END, N_LINE).tolist(),
            "shells": _shells(distances, constants),
        },
        "runs": [],
    }
    for count in options.counts:
        for seed in range(options.seeds):
            pool = learning.drawn(small, len(small), seed)
            for name, charges in VARIANTS.items():
                if name in ONCE and (seed or count > min(options.counts)):
                    continue
                potential = learning.trained(
                    f"nacl-{name.replace(' ', '-')}-{count}-{seed}",
                    pool[N_TEST : N_TEST + count],
                    seed=seed,
                    electrostatics=charges,
                    **SETTINGS,
                )
                about = {"variant": name, "count": count, "seed": seed}
                run = measure(potential, pool[:N_TEST], large, reference)
                found["runs"].append(about | run)
                print(about, {k: v for k, v in run.items() if k != "line_thz"}, flush=True)
    return found


def table(found: dict[str, Any]) -> str:
    """Return the errors of all variants; mean and standard deviation over trainings."""
    header = [
        *("frames", "model", "forces, 64 atoms, meV/Å", "forces, 512 atoms, meV/Å"),
        *("force constants beyond 6 Å, %", "LO at Γ, THz", "branches near Γ, THz", "charge, e"),
    ]
    wanted = np.array(found["reference"]["line_thz"])
    rows = []
    for count in sorted({run["count"] for run in found["runs"]}):
        for name in VARIANTS:
            runs = [r for r in found["runs"] if (r["variant"], r["count"]) == (name, count)]
            if runs:
                rows.append([str(count), name, *_cells(runs, wanted)])
    rows.append(["", "DFT", "", "", "", f"{wanted[0].max():.2f}", "", f"{SCREENED_E:.3f}"])
    return page.table(header, rows)


def _cells(runs: list[dict[str, Any]], wanted: Any) -> list[str]:
    lines = [np.array(run["line_thz"]) for run in runs]
    near = [float(np.sqrt(((line - wanted)[:NEAR] ** 2).mean())) for line in lines]
    charges = [run["charge_e"] for run in runs if run["charge_e"] is not None]
    return [
        learning.mean_and_spread([run["test"]["forces_mev_per_a"] for run in runs], 2),
        learning.mean_and_spread([run["large"]["forces_mev_per_a"] for run in runs], 2),
        learning.mean_and_spread([100 * run["far_error"] for run in runs], 0),
        learning.mean_and_spread([float(line[0].max()) for line in lines], 2),
        learning.mean_and_spread(near, 2),
        learning.mean_and_spread(charges, 3) if charges else "none",
    ]


def main() -> None:
    """Measure what is missing; show the table."""
    options = learning.options(__doc__, COUNTS, SEEDS)
    torch.set_num_threads(1)
    found = collect(options)
    learning.keep(FOLDER / "long_range.json", found)
    learning_plots.long_range(found, SHELLS_A, PICTURE)
    page.show("long range", table(found), options.page)


if __name__ == "__main__":
    main()
