"""Elastic moduli of 60 crystals with every model, against PBE.

python benchmarks/elasticity.py [--models NAME …] [--limit N] [--kept DIR] [--html FILE]

Relaxes each crystal and computes its stiffness with relaxed and with clamped ions, in one
thread. Each record is a file under --kept, so that an interrupted run goes on where it was.
Writes the tables and the plot of docs/accuracy.md when all is there, and an HTML page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from tqdm import tqdm

from benchmarks.support.elasticity_run import Records, cases, measure
from benchmarks.support.kept import FOLDER
from mlpcore import registry

MODELS = (
    *("sevennet-l3i5", "chgnet-0.3.0", "sevennet-0"),
    *("sevennet-mf-0-pbe", "chgnet-r2scan", "sevennet-mf-0-r2scan"),
)
LIMIT_S = 900.0
"""Longest time for one crystal with one model."""


def fill(records: Records, options: argparse.Namespace) -> None:
    """Measure what has no record yet, model by model."""
    todo = [
        (model, case)
        for model in options.models
        for case in cases()[: options.limit]
        if options.fresh or records.get(model, case.id) is None
    ]
    with tqdm(todo, disable=None, unit="crystal") as bar:
        for model, case in bar:
            bar.set_description(f"{model} {case.formula}")
            record = measure(case, model, options.seconds)
            records.put(model, case.id, record)
            said = record["error"] or f"{record['relaxed']['shear_gpa']:.1f} GPa shear"
            tqdm.write(f"{model} {case.id} {case.formula}: {record['seconds']:.1f} s, {said}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [model.name for model in registry.models()]
    parser.add_argument("--models", nargs="+", metavar="NAME", default=MODELS, choices=known)
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N crystals")
    parser.add_argument("--seconds", type=float, default=LIMIT_S, help="longest time for one")
    parser.add_argument("--kept", type=Path, default=FOLDER / "elasticity")
    parser.add_argument("--fresh", action="store_true", help="measure all of it anew")
    return parser


def main() -> None:
    """Measure what is missing; write the report."""
    options = _parser().parse_args()
    torch.set_num_threads(1)
    fill(Records(options.kept), options)


if __name__ == "__main__":
    main()
