"""Expansion of phonopy's quasiharmonic examples: VASP's series and the models' own.

Energies and thermal properties of the example go through the same fit and the same
derivatives as ours, so that only the energies and forces differ.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.support.elasticity_run import Deadline
from benchmarks.support.kept import stamp
from mlpcore.errors import MLPError
from mlpcore.units import EV_IN_KJ_PER_MOL
from properties import pipeline
from properties.examples import example
from properties.progress import MemoryPieces
from properties.results import PhononResult, RelaxResult, ThermalResult
from properties.spec import Spec
from properties.vibrations import quasiharmonic as qha
from properties.vibrations.phonons import TEMPERATURES_K

FloatArray = NDArray[np.float64]

SERIES = {"Al-QHA": "Al", "Si-QHA": "Si", "Cu-QHA": "Cu"}
"""Folders of phonopy's examples and our crystals."""
FUNCTIONAL = {"Al-QHA": "PBE", "Si-QHA": "PBE", "Cu-QHA": "PBEsol"}
SHOWN_K = (100.0, 300.0, 600.0)
MIN_VOLUME, MAX_VOLUME = 0.91, 1.11
"""Volumes of the series that are fitted, relative to that of lowest energy."""

CODE = ("mlpcore", "properties", "benchmarks/support/phonons_expansion.py")
PRESET = "standard"


@cache
def code() -> str:
    """Hash of the code that the numbers depend on."""
    return stamp(*CODE)


@dataclass(frozen=True)
class Series:
    """Static energies and thermal properties at some volumes, per atom.

    Attributes
    ----------
    volumes_a3, energies_ev
        (v,).
    vibrations
        At the usual temperatures, (t, v).
    """

    volumes_a3: FloatArray
    energies_ev: FloatArray
    vibrations: qha.Vibrations


@cache
def series(folder: Path) -> Series:
    """Read an example; the volumes are those near the minimum."""
    table = np.loadtxt(folder / "e-v.dat")
    files = sorted(folder.glob("thermal_properties.yaml-*"), key=_number)
    if len(files) != len(table):
        raise ValueError(f"{folder} has {len(table)} volumes but {len(files)} files for them")
    thermal = [_thermal(path) for path in files]
    n_atoms = thermal[0][0]
    volumes, energies = table.T / n_atoms
    lowest = volumes[np.argmin(energies)]
    near = (volumes > MIN_VOLUME * lowest) & (volumes < MAX_VOLUME * lowest)
    free, entropy, heat = (
        np.array([values[k] for _, values in thermal]).T[:, near] / n_atoms for k in range(3)
    )
    vibrations = qha.Vibrations(free / EV_IN_KJ_PER_MOL, entropy, heat)
    return Series(volumes[near], energies[near], vibrations)


def _number(path: Path) -> int:
    return int(path.name.partition("-")[2])


def _thermal(path: Path) -> tuple[int, list[FloatArray]]:
    """Number of atoms; free energy, entropy and heat capacity at the usual temperatures."""
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    rows = data["thermal_properties"]
    at, *values = (
        np.array([row[key] for row in rows], dtype=float)
        for key in ("temperature", "free_energy", "entropy", "heat_capacity")
    )
    return int(data["natom"]), [np.interp(TEMPERATURES_K, at, one) for one in values]


def about(folder: Path) -> dict[str, Any]:
    """Return the expansion of the series."""
    found = series(folder)
    static = qha.fit_equation_of_state(found.volumes_a3, found.energies_ev)
    grown = qha.expansion(TEMPERATURES_K, found.volumes_a3, found.energies_ev, found.vibrations)
    return {
        "functional": FUNCTIONAL[folder.name],
        "n_volumes": len(found.volumes_a3),
        "static_volume_a3": static.volume_a3,
        "static_bulk_gpa": static.bulk_modulus_gpa,
        "at": {
            f"{t:g}": _at(
                t,
                grown.temperatures_k,
                volume_a3=grown.volume_a3,
                alpha_linear_per_k=grown.alpha_per_k / 3,
                bulk_gpa=grown.bulk_modulus_gpa,
                heat_capacity_p=grown.heat_capacity_p_j_per_mol_k,
            )
            for t in SHOWN_K
        },
    }


def _at(kelvin: float, temperatures: FloatArray, **values: FloatArray) -> dict[str, float]:
    """Values at a temperature; not-a-number beyond the range that was sampled."""
    return {
        name: float(np.interp(kelvin, temperatures, array, right=np.nan))
        for name, array in values.items()
    }


def measure(folder: Path, model: str, limit_s: float) -> dict[str, Any]:
    """Compute the same with a model through the pipeline; an error becomes a sentence."""
    started = time.monotonic()
    found: dict[str, Any] = {"error": "", "error_type": "", "reference": about(folder)}
    try:
        found["pipeline"] = by_pipeline(SERIES[folder.name], model, limit_s)
    except MLPError as error:
        found |= {"error": str(error), "error_type": type(error).__name__}
    seconds = round(time.monotonic() - started, 2)
    stamped = {"seconds": seconds, "day": date.today().isoformat(), "code": code()}
    return {"id": folder.name, "model": model, "preset": PRESET, **found, **stamped}


def by_pipeline(name: str, model: str, limit_s: float) -> dict[str, Any]:
    """Return the expansion of an example crystal as a job computes it."""
    stages = ("relax", "phonons", "thermal")
    spec = Spec(example(name).crystal, model, properties=stages, preset=PRESET)
    outcome = pipeline.run(spec, Deadline(limit_s), MemoryPieces(), device="cpu")
    for caution in outcome.warnings:
        if caution.code == "no_result":
            raise MLPError(caution.message)
    found: dict[str, Any] = {}
    for result in outcome.stages.values():
        match result:
            case RelaxResult():
                found["static_volume_a3"] = result.volume_per_atom_a3
            case PhononResult():
                found["max_frequency_thz"] = result.max_frequency_thz
            case ThermalResult():
                found |= _thermal_numbers(result)
    return found


def _thermal_numbers(result: ThermalResult) -> dict[str, Any]:
    return {
        "static_bulk_gpa": result.static_bulk_modulus_gpa,
        "valid_up_to_k": result.valid_up_to_k,
        "at": {
            f"{t:g}": _at(
                t,
                result.temperatures_k,
                volume_a3=result.volume_per_atom_a3,
                alpha_linear_per_k=result.alpha_volume_per_k / 3,
                bulk_gpa=result.bulk_modulus_gpa,
                heat_capacity_p=result.heat_capacity_p_j_per_mol_atoms_k,
            )
            for t in SHOWN_K
        },
    }
