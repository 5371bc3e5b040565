"""Elastic moduli of 60 crystals with every model, against PBE.

python benchmarks/elasticity.py [--models NAME …] [--limit N] [--kept DIR] [--html FILE]
                                [--matcalc-python PATH]

Relaxes each crystal and computes its stiffness with relaxed and with clamped ions, in one
thread. Each record is a file under --kept, so that an interrupted run goes on where it was.
Writes the tables and the plot of docs/accuracy.md when all is there, and an HTML page.
With the Python of an environment that has matcalc, that measures the same crystals too.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from tqdm import tqdm

from benchmarks.support import (
    elasticity_matcalc,
    elasticity_page,
    elasticity_report,
    page,
    plots,
)
from benchmarks.support.elasticity_run import Case, Records, cases, measure
from benchmarks.support.elasticity_scores import IONS, MODULI, Found, finished, known
from benchmarks.support.kept import FOLDER
from mlpcore import registry

MODELS = (
    *("sevennet-l3i5", "chgnet-0.3.0", "sevennet-0"),
    *("sevennet-mf-0-pbe", "chgnet-r2scan", "sevennet-mf-0-r2scan"),
)
"""In the order of measuring: the recommended one, then CHGNet, then the rest."""
LIMIT_S = 900.0
"""Longest time for one crystal with one model; looked at in each step and strain."""


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
    known = [model.name for model in registry.universal_models()]
    parser.add_argument("--models", nargs="+", metavar="NAME", default=MODELS, choices=known)
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N crystals")
    parser.add_argument("--seconds", type=float, default=LIMIT_S, help="longest time for one")
    parser.add_argument("--kept", type=Path, default=FOLDER / "elasticity")
    parser.add_argument("--fresh", action="store_true", help="measure all of it anew")
    parser.add_argument("--html", type=Path, help="the page with plots to turn to")
    parser.add_argument("--matcalc-python", default=os.environ.get("MATCALC_PYTHON"))
    parser.add_argument("--page", type=Path, help="the Markdown page to write into")
    return parser


def collect(records: Records, models: Sequence[str], chosen: Sequence[Case]) -> Found:
    """Read what there is, by model in the order of the registry and by crystal."""
    return {
        model.name: of_model
        for model in registry.universal_models()
        if model.name in models
        and (
            of_model := {
                case.id: found for case in chosen if (found := records.get(model.name, case.id))
            }
        )
    }


def pairs(found: Found, chosen: Sequence[Case]) -> dict[str, Any]:
    """Return what the plot shows: PBE and model by model, modulus and ions."""
    return {
        model: {
            modulus: {
                ions: [
                    (known(case, modulus), records[case.id][ions][key])
                    for case in chosen
                    if case.id in finished(records)
                ]
                for ions in IONS
            }
            for modulus, key in MODULI.items()
        }
        for model, records in found.items()
    }


def report(found: Found, options: argparse.Namespace) -> None:
    """Write the HTML page; the Markdown page and its plot where all was measured."""
    chosen = cases()[: options.limit]
    html = options.html or options.kept / "report.html"
    elasticity_page.write(html, found, chosen)
    print(f"Written: {html}\n{elasticity_report.summary(found)}")
    whole = options.limit is None and set(MODELS) <= set(options.models)
    where = options.page or (elasticity_report.PAGE if whole else None)
    if where:
        picture = where.parent / "images" / elasticity_report.PICTURE.name
        plots.parity(pairs(found, chosen), picture)
    by_matcalc = collect(
        Records(options.kept / elasticity_matcalc.SUBFOLDER), options.models, chosen
    )
    page.show("elasticity", elasticity_report.block(found, chosen, by_matcalc), where)


def main() -> None:
    """Measure what is missing; write the report."""
    options = _parser().parse_args()
    torch.set_num_threads(1)
    records, chosen = Records(options.kept), cases()[: options.limit]
    fill(records, options)
    if options.matcalc_python:
        elasticity_matcalc.fill(options.matcalc_python, options.kept, options.models, chosen)
    report(collect(records, options.models, chosen), options)


if __name__ == "__main__":
    main()
