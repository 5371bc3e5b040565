"""Crystals through matcalc as its own benchmark does it; run in an environment that has it.

python -P matcalc_elasticity_worker.py REQUEST.json

Nothing of this project is imported here: that environment has its own packages.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from matcalc import ElasticityCalc
from pymatgen.core import Structure

FMAX_EV_PER_A = 0.05
"""What matcalc's benchmark of elasticity relaxes to; all else is matcalc's default."""


def calculator(request: dict[str, Any]) -> Any:
    """Load the checkpoint that ours has; refuse another one."""
    package = importlib.import_module(request["package"])
    weights = Path(str(package.__file__)).parent / request["weights"]
    if hashlib.sha256(weights.read_bytes()).hexdigest() != request["sha256"]:
        sys.exit(f"{weights.name} is another checkpoint than ours: install the same package.")
    if request["package"] == "chgnet":
        from chgnet.model import CHGNet
        from chgnet.model.dynamics import CHGNetCalculator

        model = CHGNet.from_file(str(weights), mlp_out_bias=False)
        return CHGNetCalculator(model, use_device="cpu")
    from sevenn.calculator import SevenNetCalculator

    return SevenNetCalculator(str(weights), device="cpu", modal=request["modal"])


def moduli(structure: Structure, model: Any) -> dict[str, Any]:
    """Relax a crystal and strain it; an error becomes a sentence."""
    started = time.perf_counter()
    try:
        found = ElasticityCalc(model, fmax=FMAX_EV_PER_A, units_GPa=True).calc(structure)
        numbers = {
            "bulk_gpa": float(found["bulk_modulus_vrh"]),
            "shear_gpa": float(found["shear_modulus_vrh"]),
        }
    except Exception as error:  # noqa: BLE001 - the boundary: the record holds it
        numbers = {"error": f"{type(error).__name__}: {error}"}
    return {"error": "", **numbers, "seconds": round(time.perf_counter() - started, 2)}


def main() -> None:
    """Do what the request names; keep each record as soon as it is there."""
    warnings.simplefilter("ignore")
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model, folder = calculator(request), Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    for case in request["cases"]:
        record = moduli(Structure.from_str(case["poscar"], fmt="poscar"), model)
        partial = folder / f"{case['id']}.partial"
        partial.write_text(json.dumps(record), encoding="utf-8")
        partial.replace(folder / f"{case['id']}.json")
        print(case["id"], case["formula"], record, flush=True)


if __name__ == "__main__":
    main()
