"""matcalc's own benchmark of elasticity on the same crystals with the same models."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.support import page
from benchmarks.support.elasticity_run import Case, Records
from benchmarks.support.elasticity_scores import IONS, MODULI, Found, finished, known, score
from benchmarks.support.kept import ROOT
from mlpcore import registry

WORKER = ROOT / "benchmarks" / "support" / "matcalc_elasticity_worker.py"
SUBFOLDER = "matcalc"


def request(model: str, cases: Sequence[Case], folder: Path) -> dict[str, Any]:
    """Return what the worker is asked for: the checkpoint, the crystals, where to keep."""
    info = registry.info(model)
    return {
        "package": info.package,
        "weights": info.weights,
        "sha256": info.sha256,
        "modal": info.modal,
        "folder": str(folder / SUBFOLDER / model),
        "cases": [{"id": c.id, "formula": c.formula, "poscar": c.poscar} for c in cases],
    }


def fill(python: str, folder: Path, models: Sequence[str], cases: Sequence[Case]) -> None:
    """Let matcalc measure what has no record yet; a model that it cannot load is said."""
    records = Records(folder / SUBFOLDER)
    for model in models:
        todo = [case for case in cases if records.get(model, case.id) is None]
        if not todo:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            asked = Path(temporary, "request.json")
            asked.write_text(json.dumps(request(model, todo, folder)), encoding="utf-8")
            command = [python, "-P", str(WORKER), str(asked)]
            done = subprocess.run(command, cwd=temporary, check=False)
        if done.returncode:
            print(f"matcalc has no result for {model}: exit status {done.returncode}.")


def table(found: Found, by_matcalc: Found, cases: Sequence[Case]) -> str:
    """Return errors of both on the crystals that both finished, and of matcalc on its own.

    Nothing is left out of matcalc's own mean but what raised an error.
    """
    header = ["model", "both finished", "K", "G", "matcalc alone", "K", "G"]
    rows = []
    for model, theirs in by_matcalc.items():
        good = {case for case, record in theirs.items() if not record["error"]}
        both = finished(found[model]) & good
        cells = [registry.info(model).title, str(len(both))]
        for modulus in MODULI:
            ours = [_mae(found[model], cases, both, modulus, ions) for ions in IONS]
            cells.append(" / ".join((*ours, _mae(theirs, cases, both, modulus))))
        alone = (_mae(theirs, cases, good, modulus) for modulus in MODULI)
        rows.append([*cells, str(len(good)), *alone])
    return page.table(header, rows)


def _mae(
    records: Mapping[str, dict[str, Any]],
    cases: Sequence[Case],
    crystals: set[str],
    modulus: str,
    ions: str | None = None,
) -> str:
    chosen = [case for case in cases if case.id in crystals]
    numbers = [records[case.id][ions] if ions else records[case.id] for case in chosen]
    values = [number[MODULI[modulus]] for number in numbers]
    return f"{score(values, [known(case, modulus) for case in chosen]).mae:.1f}"
