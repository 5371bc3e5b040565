"""Labels chosen by a committee's disagreement against labels chosen at random.

python benchmarks/active_learning.py [--data SET] [--seeds N] [--page FILE]

The pool is DFT data drawn at random, whose labels count as unknown until they are picked. Both
ways start from the same few frames, add as many in each round, and train the same committee on
what they have; errors are of frames that are in no pool. Trainings are kept under
data/benchmarks/learning.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from matplotlib.figure import Figure

from benchmarks.support import learning, page
from benchmarks.support.kept import FOLDER, ROOT
from benchmarks.support.plots import _save
from mlpcore import active
from mlpcore.frame import Frame
from mlpcore.potential import Potential

SETTINGS = {
    "cutoff_a": 6.0,
    "size": "small",
    "hidden": (10, 10),
    "n_members": 4,
    "split_fractions": (0.8, 0.1, 0.1),
    "split_by": "frame",
    "epochs": 60,
    "refinement_steps": 80,
}
START, STEP, ROUNDS, SEEDS, TEST_SHARE = 10, 10, 3, 3, 0.3
SETS = ("si_pbe.extxyz.xz", "nacl_pbe.extxyz.xz")
WAYS = ("at random", "by disagreement")
INK = {"at random": "#888888", "by disagreement": "#c2410c"}
PICTURES = ROOT / "docs" / "images"


def chosen(
    way: str, potential: Potential, pool: list[Frame], rng: np.random.Generator
) -> list[int]:
    """Return the numbers of the frames in the pool that are labelled next."""
    if way == "at random":
        return [int(i) for i in rng.permutation(len(pool))[:STEP]]
    structures = [frame.atoms for frame in pool]
    doubt = active.disagreement(potential, structures)
    return [int(i) for i in active.pick(structures, doubt, STEP)]


def course(
    way: str, pool: Sequence[Frame], test: Sequence[Frame], seed: int, rounds: int
) -> list[dict[str, Any]]:
    """Return the errors on test frames by number of labels, for one way and one seed."""
    rng = np.random.default_rng(seed)
    rest = [pool[i] for i in rng.permutation(len(pool))]
    known, rest = rest[:START], rest[START:]
    found = []
    for number in range(rounds + 1):
        key = f"active-{way.replace(' ', '-')}-{seed}-{number}" if number else f"active-{seed}"
        potential = learning.trained(key, known, seed=seed, **SETTINGS)
        errors = learning.scores(potential, test).to_dict()
        found.append({"way": way, "seed": seed, "count": len(known), "test": errors})
        print(found[-1], flush=True)
        if number < rounds:
            next_ones = set(chosen(way, potential, rest, rng))
            known = known + [rest[i] for i in sorted(next_ones)]
            rest = [frame for i, frame in enumerate(rest) if i not in next_ones]
    return found


def collect(options: argparse.Namespace) -> dict[str, Any]:
    """Train what is not kept and measure all; every seed draws other test frames too."""
    random = learning.random_frames(options.data)
    found: dict[str, Any] = {"data": options.data, "runs": []}
    for seed in range(options.seeds):
        frames = learning.drawn(random, len(random), 1000 + seed)
        n_test = round(TEST_SHARE * len(frames))
        test, pool = frames[:n_test], frames[n_test:]
        found |= {"n_pool": len(pool), "n_test": n_test}
        for way in WAYS:
            found["runs"] += course(way, pool, test, seed, options.rounds)
    return found


def table(found: dict[str, Any]) -> str:
    """Return errors by number of labels: mean, standard deviation over seeds, and the ratio."""
    header = ["labels", *(f"forces {way}, meV/Å" for way in WAYS), "ratio", "seeds won"]
    rows = []
    for count in sorted({run["count"] for run in found["runs"]}):
        random, picked = (_errors(found, way, count) for way in WAYS)
        ratios = [b / a for a, b in zip(random, picked, strict=True)]
        rows.append(
            [
                str(count),
                learning.mean_and_spread(random, 0),
                learning.mean_and_spread(picked, 0),
                learning.mean_and_spread(ratios, 2),
                f"{sum(ratio < 1 for ratio in ratios)} of {len(ratios)}",
            ]
        )
    rows[0][-1] = "the same frames"
    return page.table(header, rows)


def _errors(found: dict[str, Any], way: str, count: int) -> list[float]:
    runs = [run for run in found["runs"] if (run["way"], run["count"]) == (way, count)]
    runs.sort(key=lambda run: run["seed"])
    return [run["test"]["forces_mev_per_a"] for run in runs]


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw the error of forces by number of labels: each seed thin, the mean thick."""
    figure = Figure(figsize=(4.8, 3.4), layout="constrained")
    panel = figure.subplots()
    counts = sorted({run["count"] for run in found["runs"]})
    for way in WAYS:
        errors = np.array([_errors(found, way, count) for count in counts])
        panel.plot(counts, errors, color=INK[way], lw=0.5, alpha=0.6)
        spread = errors.std(axis=1, ddof=1) if errors.shape[1] > 1 else None
        look = {"color": INK[way], "lw": 1.8, "marker": "o", "ms": 4, "capsize": 3}
        panel.errorbar(counts, errors.mean(axis=1), yerr=spread, label=f"picked {way}", **look)
    panel.set(yscale="log", xlabel="labels", ylabel="forces of test frames, RMSE, meV/Å")
    panel.set_xticks(counts)
    panel.legend(frameon=False)
    _save(figure, path)


def main() -> None:
    """Measure what is missing; show the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=SETS, default=SETS[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--page", type=Path, help="the Markdown page to write into")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = collect(options)
    name = f"active-learning-{options.data.split('_')[0]}"
    learning.keep(FOLDER / f"{name}.json", found)
    draw(found, PICTURES / f"{name}.svg")
    page.show(name, table(found), options.page)


if __name__ == "__main__":
    main()
