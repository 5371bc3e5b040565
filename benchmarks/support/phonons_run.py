"""One crystal with one model through relaxation and phonons, as a record to keep."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from benchmarks.support.elasticity_run import Deadline
from benchmarks.support.kept import ROOT, stamp
from mlpcore.errors import MLPError
from properties import pipeline, symmetry
from properties.progress import MemoryPieces
from properties.results import Outcome, PhononResult, RelaxResult
from properties.spec import Spec
from properties.structure import read_structure

DATA = ROOT / "benchmarks" / "support" / "heat_capacity_pbe.json"
"""Alexandria's PBE phonons (CC BY 4.0) as collected for matcalc's benchmark."""

CODE = ("mlpcore", "properties", "benchmarks/support/phonons_run.py")
ROOM_K = 300.0


@dataclass(frozen=True)
class Case:
    """A crystal of the benchmark with its PBE heat capacity at constant volume, 300 K."""

    id: str
    formula: str
    natoms: int
    poscar: str
    heat_capacity_300k_j_per_mol_cell_k: float


@cache
def cases() -> tuple[Case, ...]:
    """Return the crystals, those with few atoms first."""
    found = [Case(**entry) for entry in json.loads(DATA.read_text(encoding="utf-8"))]
    return tuple(sorted(found, key=lambda case: case.natoms))


@cache
def code() -> str:
    """Hash of the code that the numbers depend on."""
    return stamp(*CODE)


def measure(case: Case, model: str, preset: str, limit_s: float) -> dict[str, Any]:
    """Relax a crystal and compute its phonons; an error becomes a sentence.

    Returns
    -------
    dict
        ``error`` and ``error_type`` are empty when there are numbers.
    """
    started = time.monotonic()
    found: dict[str, Any] = {"error": "", "error_type": ""}
    try:
        given = read_structure(case.poscar.encode(), f"{case.id}.poscar")
        spec = Spec(given, model, properties=("relax", "phonons"), preset=preset)
        found["space_group_before"] = symmetry.analyse(given).symbol
        outcome = pipeline.run(spec, Deadline(limit_s), MemoryPieces(), device="cpu")
        found |= numbers(outcome, len(given))
    except Exception as error:  # noqa: BLE001 - the boundary: the record holds it all
        found |= {"error": str(error), "error_type": type(error).__name__}
        if not isinstance(error, MLPError):
            found["traceback"] = traceback.format_exc()
    seconds = round(time.monotonic() - started, 2)
    stamped = {"seconds": seconds, "day": date.today().isoformat(), "code": code()}
    return {"id": case.id, "model": model, "preset": preset, **found, **stamped}


def numbers(outcome: Outcome, n_atoms: int) -> dict[str, Any]:
    """Return what the report needs of an outcome, as plain JSON values.

    Parameters
    ----------
    n_atoms
        Of the cell that the heat capacity refers to.
    """
    found: dict[str, Any] = {"engine": outcome.provenance["model"]["engine"]}
    found["failed_checks"] = [
        check.code
        for result in outcome.stages.values()
        for check in result.checks
        if not check.passed
    ]
    for caution in outcome.warnings:
        if caution.code == "no_result":
            found |= {"error": caution.message, "error_type": "no_result"}
    for result in outcome.stages.values():
        match result:
            case RelaxResult():
                found |= _relaxed(result)
            case PhononResult():
                found |= _phonons(result, n_atoms)
    return found


def _relaxed(result: RelaxResult) -> dict[str, Any]:
    change = result.volume_per_atom_a3 / result.initial_volume_per_atom_a3 - 1
    return {
        "converged": result.converged,
        "volume_change": change,
        "space_group_after": result.space_group_symbol,
    }


def _phonons(result: PhononResult, n_atoms: int) -> dict[str, Any]:
    per_cell = n_atoms / result.n_atoms_primitive
    entropy = np.interp(ROOM_K, result.temperatures_k, result.entropy_j_per_mol_k)
    return {
        "supercell_n_atoms": result.supercell_n_atoms,
        "supercell_length_a": result.supercell_length_a,
        "n_displacements": result.n_displacements,
        "min_frequency_thz": result.min_frequency_thz,
        "max_frequency_thz": result.max_frequency_thz,
        "imaginary": result.imaginary,
        "heat_capacity_j_per_mol_cell_k": n_atoms * result.heat_capacity_300k_j_per_mol_atoms_k,
        "entropy_j_per_mol_cell_k": float(entropy) * per_cell,
    }
