"""phonopy's own examples, whose forces are from VASP, as a reference for the models.

The folder ``example`` of phonopy's source distribution (BSD) holds them. Polar splitting
at Γ is left out on both sides: the models give no Born charges.
"""

from __future__ import annotations

import copy
import time
import warnings
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import phonopy
from ase import Atoms
from numpy.typing import NDArray
from phonopy import Phonopy
from phonopy.interface.vasp import parse_set_of_forces

from benchmarks.support.elasticity_run import Deadline
from benchmarks.support.kept import stamp
from mlpcore import registry
from mlpcore.errors import MLPError
from properties import pipeline, symmetry
from properties.crystal import Crystal
from properties.progress import MemoryPieces
from properties.results import PhononResult, RelaxResult
from properties.spec import PRESETS, Spec
from properties.vibrations.phonons import TEMPERATURES_K, band_qpoints, sample_mesh

FloatArray = NDArray[np.float64]

EXAMPLES = ("Si", "MgO", "NaCl", "ZnO", "TiO2-anatase")
"""Folders whose forces are PBE's; those of Al2O3 and SnO2 are PBEsol's."""

CODE = ("mlpcore", "properties", "benchmarks/support/phonons_examples.py")
PRESET = "standard"
ROOM_K = 300.0


@cache
def code() -> str:
    """Hash of the code that the numbers depend on."""
    return stamp(*CODE)


@cache
def reference(folder: Path) -> Phonopy:
    """Return an example with its force constants; its primitive cell may be turned."""
    forces = folder / "FORCE_SETS"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the primitive cell is chosen is the intention
        phonon = phonopy.load(
            folder / "phonopy_disp.yaml",
            force_sets_filename=forces if forces.exists() else None,
            primitive_matrix="auto",
            is_nac=False,
            produce_fc=forces.exists(),
            log_level=0,
        )
    if not forces.exists():
        phonon.forces = _forces_of_vasp(phonon, folder)
        phonon.produce_force_constants(show_drift=False)
    phonon.symmetrize_force_constants(level=3, show_drift=False)
    return phonon


def _forces_of_vasp(phonon: Phonopy, folder: Path) -> FloatArray:
    files = sorted(folder.glob("vasprun.xml*"))
    found = parse_set_of_forces(len(phonon.supercell), files, verbose=False)
    return np.array(found["forces"])


def crystal_of(phonon: Phonopy) -> Crystal:
    """Return the primitive cell of a phonopy object."""
    cell = phonon.primitive
    return Crystal(cell.cell, cell.numbers, cell.scaled_positions)


def turned(qpoints: FloatArray, phonon: Phonopy) -> FloatArray:
    """Return q-points given in our standard primitive cell in those of a phonopy object's."""
    own = crystal_of(phonon)
    found = symmetry.analyse(own)
    cartesian = qpoints @ np.linalg.inv(found.primitive.lattice_a).T @ found.rotation
    return np.asarray(cartesian @ own.lattice_a.T)


def frequencies(phonon: Phonopy, qpoints: FloatArray) -> FloatArray:
    """Frequencies (q, b) in THz at q-points of our standard primitive cell."""
    return np.asarray(phonon.run_qpoints(turned(qpoints, phonon)).frequencies)


def measure(folder: Path, model: str, limit_s: float) -> dict[str, Any]:
    """Compare a model with an example; an error of ours becomes a sentence."""
    started = time.monotonic()
    found: dict[str, Any] = {"error": "", "error_type": "", "reference": about(folder)}
    try:
        found["pipeline"] = by_pipeline(folder, model, limit_s)
        found["same_cells"] = on_same_cells(folder, model)
    except MLPError as error:
        found |= {"error": str(error), "error_type": type(error).__name__}
    seconds = round(time.monotonic() - started, 2)
    stamped = {"seconds": seconds, "day": date.today().isoformat(), "code": code()}
    return {"id": folder.name, "model": model, "preset": PRESET, **found, **stamped}


def about(folder: Path) -> dict[str, Any]:
    """Return the numbers of PBE's force constants."""
    phonon = reference(folder)
    crystal = crystal_of(phonon)
    sample = sample_mesh(phonon, PRESETS[PRESET])
    standard = symmetry.analyse(crystal).primitive
    on_path = frequencies(phonon, np.concatenate(band_qpoints(standard)[0]))
    return {
        "volume_per_atom_a3": crystal.volume_a3 / len(crystal),
        "supercell_n_atoms": len(phonon.supercell),
        "gamma_thz": float(frequencies(phonon, np.zeros((1, 3))).max()),
        "max_frequency_thz": max(sample.max_frequency_thz, float(on_path.max())),
        "heat_capacity_j_per_mol_atoms_k": room(sample.heat_capacity_j_per_mol_k)
        / len(crystal),
    }


def room(values: FloatArray) -> float:
    """Value at 300 K of what is known at the usual temperatures."""
    return float(np.interp(ROOM_K, TEMPERATURES_K, values))


def by_pipeline(folder: Path, model: str, limit_s: float) -> dict[str, Any]:
    """Relax and compute phonons as a job does, and compare along the path."""
    phonon = reference(folder)
    spec = Spec(crystal_of(phonon), model, properties=("relax", "phonons"), preset=PRESET)
    outcome = pipeline.run(spec, Deadline(limit_s), MemoryPieces(), device="cpu")
    relaxed, result = outcome.stages["relax"], outcome.stages["phonons"]
    if not (isinstance(relaxed, RelaxResult) and isinstance(result, PhononResult)):
        raise TypeError("a stage gave another result than its own")
    known = frequencies(phonon, result.band_qpoints)
    return {
        "volume_per_atom_a3": relaxed.volume_per_atom_a3,
        "supercell_n_atoms": result.supercell_n_atoms,
        "gamma_thz": float(result.gamma_frequencies_thz.max()),
        "max_frequency_thz": result.max_frequency_thz,
        "min_frequency_thz": result.min_frequency_thz,
        "imaginary": result.imaginary,
        "heat_capacity_j_per_mol_atoms_k": result.heat_capacity_300k_j_per_mol_atoms_k,
        **deviations(result.band_frequency_thz, known),
    }


def deviations(values: FloatArray, known: FloatArray) -> dict[str, float]:
    """Mean absolute and mean signed difference on the path, THz."""
    apart = values - known
    return {"path_mae_thz": float(np.abs(apart).mean()), "path_mean_thz": float(apart.mean())}


def on_same_cells(folder: Path, model: str) -> dict[str, Any]:
    """Compare where nothing but the forces differs: PBE's own displaced supercells."""
    dft = reference(folder)
    cells = dft.supercells_with_displacements or []
    potential = registry.load(model, device="cpu", dtype="float64")
    forces = np.array([found.forces_ev_per_a for found in potential.evaluate(_to_ase(cells))])
    own = dft.copy()
    own.dataset = copy.deepcopy(dft.dataset)
    own.forces = forces
    own.produce_force_constants(show_drift=False)
    own.symmetrize_force_constants(level=3, show_drift=False)
    standard = symmetry.analyse(crystal_of(dft)).primitive
    qpoints = np.concatenate(band_qpoints(standard)[0])
    values, known = frequencies(own, qpoints), frequencies(dft, qpoints)
    return {
        "force_mae_ev_per_a": float(np.abs(forces - dft.forces).mean()),
        "gamma_thz": float(frequencies(own, np.zeros((1, 3))).max()),
        "max_frequency_thz": float(values.max()),
        "min_frequency_thz": float(values.min()),
        **deviations(values, known),
    }


def _to_ase(cells: Any) -> list[Atoms]:
    return [
        Atoms(numbers=c.numbers, cell=c.cell, scaled_positions=c.scaled_positions, pbc=True)
        for c in cells
    ]
