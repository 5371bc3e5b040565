"""Phonons of 40 crystals and of phonopy's examples with every model, against PBE.

python benchmarks/phonons.py [--models NAME …] [--limit N] [--preset NAME] [--kept DIR]
                             [--phonopy-examples DIR] [--page FILE]

Relaxes each crystal and computes its phonons, in one thread. Each record is a file under
--kept, so that an interrupted run goes on where it was. phonopy's examples are in its source
distribution (BSD), not in its wheel:

    pip download --no-deps --no-binary phonopy phonopy==4.10.0
    tar xzf phonopy-4.10.0.tar.gz

Name phonopy-4.10.0/example with --phonopy-examples or PHONOPY_EXAMPLES; without it, that part
is left out. Writes the tables and the plot of docs/accuracy.md when all is there.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from tqdm import tqdm

from benchmarks.support import (
    page,
    phonons_examples,
    phonons_expansion,
    phonons_plots,
    phonons_report,
    phonons_run,
)
from benchmarks.support.elasticity_run import Records
from benchmarks.support.kept import FOLDER
from mlpcore import registry

MODELS = (
    *("sevennet-l3i5", "chgnet-0.3.0", "sevennet-0"),
    *("sevennet-mf-0-pbe", "chgnet-r2scan", "sevennet-mf-0-r2scan"),
)
"""In the order of measuring: the recommended one, then CHGNet, then the rest."""
LIMIT_S = 900.0
"""Longest time for one crystal with one model; looked at in each step and displacement."""

Task = tuple[Records, str, str, Callable[[], dict[str, Any]]]
"""Where the record goes, its model and name, and how to measure it."""


def tasks(options: argparse.Namespace) -> list[Task]:
    """Return everything that can be measured, model by model."""
    found: list[Task] = []
    for model in options.models:
        crystals = Records(options.kept / options.preset)
        for case in phonons_run.cases()[: options.limit]:
            what = (case, model, options.preset, options.seconds)
            found.append((crystals, model, case.id, lambda a=what: phonons_run.measure(*a)))  # type: ignore[misc]
        for name, measure in _examples(options):
            folder = options.phonopy_examples / name
            call = (folder, model, options.seconds)
            records = Records(options.kept / "examples")
            found.append((records, model, name, lambda m=measure, a=call: m(*a)))  # type: ignore[misc]
    return found


def _examples(options: argparse.Namespace) -> list[tuple[str, Callable[..., dict[str, Any]]]]:
    if options.phonopy_examples is None:
        return []
    dispersions = [(name, phonons_examples.measure) for name in phonons_examples.EXAMPLES]
    return dispersions + [
        (name, phonons_expansion.measure) for name in phonons_expansion.SERIES
    ]


def fill(options: argparse.Namespace) -> None:
    """Measure what has no record yet."""
    todo = [task for task in tasks(options) if options.fresh or task[0].get(*task[1:3]) is None]
    with tqdm(todo, disable=None, unit="crystal") as bar:
        for records, model, name, measure in bar:
            bar.set_description(f"{model} {name}")
            record = measure()
            records.put(model, name, record)
            tqdm.write(f"{model} {name}: {record['seconds']:.1f} s {record['error']}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [model.name for model in registry.universal_models()]
    examples = os.environ.get("PHONOPY_EXAMPLES")
    parser.add_argument("--models", nargs="+", metavar="NAME", default=MODELS, choices=known)
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N crystals")
    parser.add_argument("--preset", default="standard", choices=("quick", "standard", "tight"))
    parser.add_argument("--seconds", type=float, default=LIMIT_S, help="longest time for one")
    parser.add_argument("--kept", type=Path, default=FOLDER / "phonons")
    parser.add_argument("--fresh", action="store_true", help="measure all of it anew")
    parser.add_argument(
        "--phonopy-examples", type=Path, default=Path(examples) if examples else None
    )
    parser.add_argument("--page", type=Path, help="the Markdown page to write into")
    return parser


def collect(folder: Path, models: list[str], names: list[str]) -> phonons_report.Found:
    """Read what there is, by model in the order of the registry and by name."""
    records = Records(folder)
    found = {
        model.name: {name: one for name in names if (one := records.get(model.name, name))}
        for model in registry.universal_models()
        if model.name in models
    }
    return {model: of_model for model, of_model in found.items() if of_model}


def report(options: argparse.Namespace) -> None:
    """Show the tables; write them to the page where all was measured."""
    chosen = phonons_run.cases()[: options.limit]
    crystals = [case.id for case in chosen]
    names = [*phonons_examples.EXAMPLES, *phonons_expansion.SERIES]
    found, rough, examples = (
        collect(options.kept / place, options.models, wanted)
        for place, wanted in (
            (options.preset, crystals),
            ("quick", crystals),
            ("examples", names),
        )
    )
    whole = options.limit is None and set(MODELS) <= set(options.models) and examples
    where = options.page or (phonons_report.PAGE if whole else None)
    if where:
        picture = where.parent / "images" / phonons_report.PICTURE.name
        phonons_plots.heat_capacities(found, chosen, picture)
    page.show("phonons", phonons_report.block(found, chosen, rough, examples), where)


def main() -> None:
    """Measure what is missing; write the report."""
    options = _parser().parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="phonopy")
    fill(options)
    report(options)


if __name__ == "__main__":
    main()
