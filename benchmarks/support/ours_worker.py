"""One crystal through our pipeline, in a process of its own.

python -m benchmarks.support.ours_worker REQUEST.json RESULT.json
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

from properties import pipeline, symmetry
from properties.elasticity import moduli
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from properties.results import ElasticResult, Outcome, PhononResult, RelaxResult, ThermalResult
from properties.spec import Spec

ROOM_K = 300.0


def carry_out(request: dict[str, Any]) -> dict[str, Any]:
    """Run every stage of an example; return seconds, numbers and what matcalc needs."""
    given = example(request["crystal"]).crystal
    spec = Spec(given, model=request["model"], preset=request["preset"])
    outcome = pipeline.run(spec, Silent(), MemoryPieces(), device="cpu")
    found = symmetry.analyse(given)
    return {
        "status": outcome.status,
        "failure": "; ".join(w.message for w in outcome.warnings if w.code == "no_result"),
        "seconds": outcome.seconds,
        "engine": outcome.provenance["model"]["engine"],
        "start": found.primitive.to_dict(),
        "crystal_system": found.crystal_system,
        **_numbers(outcome),
    }


def _numbers(outcome: Outcome) -> dict[str, Any]:
    """Results to compare, of the stages that gave one."""
    found: dict[str, Any] = {}
    for result in outcome.stages.values():
        match result:
            case RelaxResult():
                found["volume_per_atom_a3"] = result.volume_per_atom_a3
            case ElasticResult():
                clamped = moduli.averages(np.asarray(result.stiffness_clamped_gpa))
                found["bulk_gpa"] = result.moduli.bulk_vrh_gpa
                found["shear_gpa"] = result.moduli.shear_vrh_gpa
                found["bulk_clamped_gpa"] = clamped.bulk_vrh_gpa
                found["shear_clamped_gpa"] = clamped.shear_vrh_gpa
            case PhononResult():
                found["supercell_matrix"] = result.supercell_matrix.tolist()
                found["supercell_n_atoms"] = result.supercell_n_atoms
                found["n_displacements"] = result.n_displacements
                found["heat_capacity"] = result.heat_capacity_300k_j_per_mol_atoms_k
            case ThermalResult():
                found["n_volumes"] = len(result.sampled_volume_per_atom_a3)
                found["alpha_per_k"] = _at_room(result)
    return found


def _at_room(result: ThermalResult) -> float | None:
    """Volume expansion at 300 K, where the result holds up to there."""
    if result.valid_up_to_k < ROOM_K:
        return None
    return float(np.interp(ROOM_K, result.temperatures_k, result.alpha_volume_per_k))


def main() -> None:
    """Read the request, write the result."""
    request, result = map(Path, sys.argv[1:])
    found = carry_out(json.loads(request.read_text(encoding="utf-8")))
    unit = 1 if sys.platform == "darwin" else 1024
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    result.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
