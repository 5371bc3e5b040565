"""One crystal with one model through our pipeline, and its record kept as a file."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.support.kept import ROOT, stamp
from mlpcore.errors import MLPError
from properties import pipeline, symmetry
from properties.elasticity import moduli
from properties.progress import MemoryPieces, Silent
from properties.results import ElasticResult, Outcome, RelaxResult
from properties.spec import Spec
from properties.structure import read_structure

DATA = ROOT / "benchmarks" / "support" / "elasticity_pbe.json"
"""Materials Project (CC BY 4.0) as collected for matcalc's benchmark: structure, K and G."""

CODE = ("mlpcore", "properties", "benchmarks/support/elasticity_run.py")


class TimeLimitError(MLPError):
    """A crystal took longer than it may."""


class Deadline(Silent):
    """A monitor that ends a calculation after a time; asked at each step and strain.

    Parameters
    ----------
    limit_s
        Seconds from now.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s, self._started = limit_s, time.monotonic()

    def advance(self, stage: str, done: int, total: int, what: str) -> None:
        """Look at the clock."""
        self.checkpoint()

    def checkpoint(self) -> None:
        """Raise :class:`TimeLimitError` when the time is up."""
        if time.monotonic() - self._started > self._limit_s:
            raise TimeLimitError(f"Not finished after {self._limit_s:g} s; stopped.")


@dataclass(frozen=True)
class Case:
    """A crystal of the benchmark with its PBE moduli."""

    id: str
    formula: str
    natoms: int
    poscar: str
    bulk_modulus_vrh_gpa: float
    shear_modulus_vrh_gpa: float


def cases() -> tuple[Case, ...]:
    """Return the crystals in the order of the file."""
    return tuple(Case(**entry) for entry in json.loads(DATA.read_text(encoding="utf-8")))


class Records:
    """Records in a folder, one file for each model and crystal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, model: str, case_id: str) -> Path:
        return self._folder / model / f"{case_id}.json"

    def get(self, model: str, case_id: str) -> dict[str, Any] | None:
        """Return the record, or ``None`` if there is none yet."""
        path = self._path(model, case_id)
        if not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def put(self, model: str, case_id: str, record: dict[str, Any]) -> None:
        """Keep a record, whole or not at all."""
        path = self._path(model, case_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(record, indent=1), encoding="utf-8")
        partial.replace(path)


@cache
def code() -> str:
    """Hash of the code that the numbers depend on."""
    return stamp(*CODE)


def measure(case: Case, model: str, limit_s: float) -> dict[str, Any]:
    """Relax a crystal and compute its elastic constants; an error becomes a sentence.

    Returns
    -------
    dict
        ``error`` and ``error_type`` are empty when there are numbers.
    """
    started = time.monotonic()
    found: dict[str, Any] = {"error": "", "error_type": ""}
    try:
        given = read_structure(case.poscar.encode(), f"{case.id}.poscar")
        spec = Spec(given, model, properties=("relax", "elastic"), preset="quick")
        found |= numbers(pipeline.run(spec, Deadline(limit_s), MemoryPieces(), device="cpu"))
        found["space_group_before"] = symmetry.analyse(given).symbol
    except Exception as error:  # noqa: BLE001 - the boundary: the record holds it all
        found |= {"error": str(error), "error_type": type(error).__name__}
        if not isinstance(error, MLPError):
            found["traceback"] = traceback.format_exc()
    seconds = round(time.monotonic() - started, 2)
    stamped = {"seconds": seconds, "day": date.today().isoformat(), "code": code()}
    return {"id": case.id, "model": model, **found, **stamped}


def numbers(outcome: Outcome) -> dict[str, Any]:
    """Return what the report needs of an outcome, as plain JSON values."""
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
            case ElasticResult():
                found |= _elastic(result)
    return found


def _relaxed(result: RelaxResult) -> dict[str, Any]:
    change = result.volume_per_atom_a3 / result.initial_volume_per_atom_a3 - 1
    return {
        "converged": result.converged,
        "volume_change": change,
        "space_group_after": result.space_group_symbol,
        "space_group_number": result.space_group_number,
        "max_force_ev_per_a": result.max_force_ev_per_a,
        "max_stress_gpa": result.max_stress_gpa,
        "relaxation_steps": len(result.history_energy_per_atom_ev),
    }


def _elastic(result: ElasticResult) -> dict[str, Any]:
    found: dict[str, Any] = {
        "laue_class": result.laue_class,
        "method": result.method,
        "checks": {check.code: check.message for check in result.checks},
    }
    tensors = {"relaxed": result.stiffness_gpa, "clamped": result.stiffness_clamped_gpa}
    for ions, stiffness in tensors.items():
        found[ions] = {
            "stiffness_gpa": np.asarray(stiffness).tolist(),
            "stable": bool(moduli.is_stable(stiffness)),
            **averages(stiffness),
        }
    return found


def averages(stiffness: Any) -> dict[str, float]:
    """Return the Voigt, Reuss and Hill moduli that a benchmark compares, in GPa."""
    m = moduli.averages(np.asarray(stiffness))
    return {
        "bulk_gpa": m.bulk_vrh_gpa,
        "shear_gpa": m.shear_vrh_gpa,
        "bulk_reuss_gpa": m.bulk_reuss_gpa,
        "shear_reuss_gpa": m.shear_reuss_gpa,
        "bulk_voigt_gpa": m.bulk_voigt_gpa,
        "shear_voigt_gpa": m.shear_voigt_gpa,
    }
