"""Files to keep: structures, tables and what phonopy opens."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING

import numpy as np
from ase.io import write

from properties import export_phonopy
from properties.elasticity import voigt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from phonopy import Phonopy

    from properties.results import (
        ElasticResult,
        Outcome,
        PhononResult,
        PressureResult,
        RelaxResult,
        ThermalResult,
    )


def write_relax(folder: Path, result: RelaxResult) -> None:
    """Write the relaxed conventional cell as CIF, the primitive one as POSCAR."""
    write(folder / "relaxed.cif", result.conventional.to_atoms(), format="cif")
    write(
        folder / "POSCAR", result.primitive.to_atoms(), format="vasp", direct=True, sort=False
    )


def write_elastic(folder: Path, result: ElasticResult) -> None:
    """Write the stiffness tensors in GPa, relaxed and clamped ions, as CSV."""
    rows = [
        (kind, f"C_{row}", *np.round(values, 4))
        for kind, tensor in (
            ("relaxed", result.stiffness_gpa),
            ("clamped", result.stiffness_clamped_gpa),
        )
        for row, values in zip(voigt.NAMES, tensor, strict=True)
    ]
    _table(folder / "elastic.csv", ("ions", "row", *(f"{n}_gpa" for n in voigt.NAMES)), rows)


def write_elastic_pressure(folder: Path, result: PressureResult) -> None:
    """Write volume, averages and independent constants at each pressure as CSV."""
    constants = result.constants_gpa
    columns = [
        result.pressures_gpa,
        result.volume_per_atom_a3,
        np.array([m.bulk_vrh_gpa for m in result.moduli]),
        np.array([m.shear_vrh_gpa for m in result.moduli]),
        result.lowest_eigenvalue_gpa,
        *constants.values(),
    ]
    header = (
        "pressure_gpa",
        "volume_per_atom_a3",
        "bulk_modulus_gpa",
        "shear_modulus_gpa",
        "lowest_eigenvalue_gpa",
        *(f"{name}_gpa" for name in constants),
    )
    _table(folder / "elastic_pressure.csv", header, np.round(np.column_stack(columns), 4))


def write_phonons(folder: Path, result: PhononResult, phonon: Phonopy) -> None:
    """Write bands, density of states and harmonic functions as CSV, and phonopy's files."""
    bands = np.column_stack(
        [result.band_distance, result.band_qpoints, result.band_frequency_thz]
    )
    names = [f"band_{i + 1}_thz" for i in range(result.band_frequency_thz.shape[1])]
    _table(folder / "bands.csv", ("distance", "q1", "q2", "q3", *names), bands)
    dos = np.column_stack([result.dos_frequency_thz, result.dos_per_thz])
    _table(folder / "dos.csv", ("frequency_thz", "states_per_thz"), dos)
    functions = np.column_stack(
        [
            result.temperatures_k,
            result.free_energy_kj_per_mol,
            result.entropy_j_per_mol_k,
            result.heat_capacity_j_per_mol_k,
        ]
    )
    header = (
        "temperature_k",
        "free_energy_kj_per_mol",
        "entropy_j_per_mol_k",
        "heat_capacity_v_j_per_mol_k",
    )
    _table(folder / "phonon_thermal.csv", header, functions)
    export_phonopy.write_phonopy(folder, result, phonon)


def write_thermal(folder: Path, result: ThermalResult) -> None:
    """Write the expansion against temperature as CSV, and the volumes, also for phonopy."""
    columns = {
        "temperature_k": result.temperatures_k,
        "volume_per_atom_a3": result.volume_per_atom_a3,
        "alpha_volume_per_k": result.alpha_volume_per_k,
        **{f"alpha_{axis}_per_k": v for axis, v in result.alpha_linear_per_k.items()},
        "bulk_modulus_gpa": result.bulk_modulus_gpa,
        "heat_capacity_v_j_per_mol_atoms_k": result.heat_capacity_v_j_per_mol_atoms_k,
        "heat_capacity_p_j_per_mol_atoms_k": result.heat_capacity_p_j_per_mol_atoms_k,
        "gruneisen": result.gruneisen_thermodynamic,
    }
    _table(folder / "thermal.csv", tuple(columns), np.column_stack(list(columns.values())))
    sampled = {
        "volume_per_atom_a3": result.sampled_volume_per_atom_a3,
        "energy_per_atom_ev": result.sampled_energy_per_atom_ev,
        **{f"{axis}_a": v for axis, v in result.sampled_lattice.items()},
        "min_frequency_thz": result.sampled_min_frequency_thz,
    }
    _table(folder / "volumes.csv", tuple(sampled), np.column_stack(list(sampled.values())))
    if result.vibration_temperatures_k.size:
        export_phonopy.write_qha(
            folder,
            result.sampled_volume_per_atom_a3,
            result.sampled_energy_per_atom_ev,
            result.vibration_temperatures_k,
            result.vibration_free_energy_per_atom_ev,
            result.vibration_entropy_j_per_mol_atoms_k,
            result.vibration_heat_capacity_j_per_mol_atoms_k,
        )


def write_report(folder: Path, outcome: Outcome) -> None:
    """Write result.json, whole or not at all."""
    path = folder / "result.json"
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(outcome.report(), indent=1), encoding="utf-8")
    partial.replace(path)


def _table(path: Path, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(
            [f"{value:.8g}" if isinstance(value, float) else value for value in row]
            for row in rows
        )
