"""Files in phonopy's formats, for its command line and for other programs that read them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import yaml
from numpy.typing import NDArray
from phonopy.file_IO import get_BORN_lines, write_FORCE_SETS
from phonopy.harmonic.force_constants import full_fc_to_compact_fc

from mlpcore.units import COULOMB_EV_A, EV_IN_KJ_PER_MOL

if TYPE_CHECKING:
    from pathlib import Path

    from phonopy import Phonopy

    from properties.results import PhononResult

FloatArray = NDArray[np.float64]


def write_phonopy(folder: Path, result: PhononResult, phonon: Phonopy) -> None:
    """Write everything that phonopy opens.

    ``phonopy_params.yaml`` holds cells, displacements, forces, force constants and Born
    charges; ``phonopy_disp.yaml``, ``FORCE_SETS`` and ``BORN`` hold the same in the files
    of a usual phonopy run. What follows from them is in ``band.yaml``, ``mesh.hdf5``,
    ``total_dos.dat``, ``projected_dos.dat`` and ``thermal_properties.yaml``.

    Parameters
    ----------
    phonon
        Sampled as for `result`.
    """
    _write_mesh(folder / "mesh.hdf5", phonon)
    _write_params(folder / "phonopy_params.yaml", phonon)  # forgets the mesh
    left_out = ("force_sets", "force_constants", "born_effective_charge", "dielectric_constant")
    phonon.save(folder / "phonopy_disp.yaml", settings=dict.fromkeys(left_out, False))
    write_FORCE_SETS(_dataset(phonon), folder / "FORCE_SETS")
    if phonon.nac_params is not None:
        _write_born(folder / "BORN", phonon)
    _write_bands(folder / "band.yaml", result, phonon)
    _columns(folder / "total_dos.dat", result.dos_frequency_thz, result.dos_per_thz[None])
    if result.projected_dos_per_thz.size:
        dos = result.projected_dos_per_thz
        _columns(folder / "projected_dos.dat", result.dos_frequency_thz, dos)
    write_thermal_properties(
        folder / "thermal_properties.yaml",
        result.temperatures_k,
        result.free_energy_kj_per_mol,
        result.entropy_j_per_mol_k,
        result.heat_capacity_j_per_mol_k,
    )


def _dataset(phonon: Phonopy) -> Any:
    if phonon.dataset is None:
        raise ValueError("the phonopy object has no displacements: make it with displaced()")
    return phonon.dataset


def _write_params(path: Path, phonon: Phonopy) -> None:
    """Write force constants between the primitive cell and all others: the rest repeats."""
    whole = np.asarray(phonon.force_constants)
    phonon.force_constants = full_fc_to_compact_fc(phonon.primitive, whole)
    phonon.save(
        path, settings={"force_sets": True, "displacements": True, "force_constants": True}
    )
    phonon.force_constants = whole


def _write_born(path: Path, phonon: Phonopy) -> None:
    nac: Any = phonon.nac_params
    lines = get_BORN_lines(
        phonon.unitcell, nac["born"], nac["dielectric"], symprec=phonon.symmetry.tolerance
    )
    path.write_text("\n".join([f"{COULOMB_EV_A:.8f}", *lines[1:]]) + "\n", encoding="utf-8")


def _write_bands(path: Path, result: PhononResult, phonon: Phonopy) -> None:
    """Write the bands as phonopy does, without eigenvectors, which would fill megabytes."""
    starts = [*result.band_segment_start, len(result.band_distance)]
    lengths = [int(n) for n in np.diff(starts)]
    header = {
        "nqpoint": len(result.band_distance),
        "npath": len(lengths),
        "segment_nqpoint": lengths,
        "labels": _segment_labels(result.band_tick_label),
        "reciprocal_lattice": np.linalg.inv(phonon.primitive.cell).T.tolist(),
        "natom": len(phonon.primitive),
        "lattice": phonon.primitive.cell.tolist(),
        "points": [
            {"symbol": symbol, "coordinates": position.tolist(), "mass": float(mass)}
            for symbol, position, mass in zip(
                phonon.primitive.symbols,
                phonon.primitive.scaled_positions,
                phonon.primitive.masses,
                strict=True,
            )
        ],
    }
    points = zip(
        result.band_qpoints, result.band_distance, result.band_frequency_thz, strict=True
    )
    with path.open("w", encoding="utf-8") as file:
        yaml.safe_dump(header, file, sort_keys=False, allow_unicode=True)
        file.write("phonon:\n")
        for q, distance, frequencies in points:
            file.write(f"- q-position: [ {q[0]:12.7f}, {q[1]:12.7f}, {q[2]:12.7f} ]\n")
            file.write(f"  distance: {distance:12.7f}\n  band:\n")
            file.writelines(f"  - frequency: {f:15.10f}\n" for f in frequencies)


def _segment_labels(ticks: tuple[str, ...]) -> list[list[str]]:
    """Names of both ends of each segment; a tick between unconnected ones has two."""
    names = [tick.split("|") for tick in ticks]
    return [[first[-1], last[0]] for first, last in pairwise(names)]


def _write_mesh(path: Path, phonon: Phonopy) -> None:
    mesh: Any = phonon.mesh
    with h5py.File(path, "w") as file:
        file.create_dataset("mesh", data=mesh.mesh_numbers)
        for name, values in (
            ("qpoint", mesh.qpoints),
            ("weight", mesh.weights),
            ("frequency", mesh.frequencies),
        ):
            file.create_dataset(name, data=values, compression="gzip")


def _columns(path: Path, frequency_thz: FloatArray, dos_per_thz: FloatArray) -> None:
    columns = np.column_stack([frequency_thz, *dos_per_thz])
    np.savetxt(path, columns, fmt="%20.10f", header="Frequency (THz), states per THz")


def write_thermal_properties(
    path: Path,
    temperatures_k: FloatArray,
    free_energy_kj_per_mol: FloatArray,
    entropy_j_per_mol_k: FloatArray,
    heat_capacity_j_per_mol_k: FloatArray,
) -> None:
    """Write harmonic functions of a cell, all (t,), as phonopy's thermal_properties.yaml."""
    lines = [
        "unit:",
        "  temperature:   K",
        "  free_energy:   kJ/mol",
        "  entropy:       J/K/mol",
        "  heat_capacity: J/K/mol",
        f"zero_point_energy: {free_energy_kj_per_mol[0]:.7f}",
        "thermal_properties:",
    ]
    for row in zip(
        temperatures_k,
        free_energy_kj_per_mol,
        entropy_j_per_mol_k,
        heat_capacity_j_per_mol_k,
        strict=True,
    ):
        t, free, entropy, heat = (f"{value:.10f}" for value in row)
        lines += [f"- temperature: {t}", f"  free_energy: {free}", f"  entropy: {entropy}"]
        lines += [f"  heat_capacity: {heat}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_qha(
    folder: Path,
    volumes_a3: FloatArray,
    energies_ev: FloatArray,
    temperatures_k: FloatArray,
    free_energy_ev: FloatArray,
    entropy_j_per_mol_k: FloatArray,
    heat_capacity_j_per_mol_k: FloatArray,
) -> None:
    """Write what phonopy-qha opens: e-v.dat and thermal_properties.yaml-NN.

    Parameters
    ----------
    volumes_a3, energies_ev
        Of a cell, (v,).
    free_energy_ev, entropy_j_per_mol_k, heat_capacity_j_per_mol_k
        Of the same cell by vibrations alone, (t, v).
    """
    table = np.column_stack([volumes_a3, energies_ev])
    np.savetxt(folder / "e-v.dat", table, fmt="%20.10f", header="cell volume (Å³), energy (eV)")
    free = free_energy_ev * EV_IN_KJ_PER_MOL
    for index in range(len(volumes_a3)):
        write_thermal_properties(
            folder / f"thermal_properties.yaml-{index + 1:02d}",
            temperatures_k,
            free[:, index],
            entropy_j_per_mol_k[:, index],
            heat_capacity_j_per_mol_k[:, index],
        )
