"""phonopy's own programs open the files that are written, and find the same numbers."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from lennard_jones import LennardJones
from shell_springs import ShellSprings

from properties import export, relax, symmetry
from properties.crystal import Crystal
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations.born import BornCharges
from properties.vibrations.phonons import phonons
from properties.vibrations.thermal import thermal_expansion

QUICK = dataclasses.replace(
    PRESETS["quick"], fmax_ev_per_a=1e-6, max_stress_gpa=1e-4, supercell_length_a=7.0
)
HALF = [0.5, 0.5, 0.5]


def halite():
    lattice = 2.8 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return symmetry.analyse(
        Crystal(lattice, np.array([11, 17]), np.array([[0.0, 0, 0], HALF]))
    ).primitive


@pytest.fixture(scope="module")
def polar(tmp_path_factory):
    """Salt of springs with charges: its result, and the folder of its files."""
    folder = tmp_path_factory.mktemp("harmonic")
    crystal = halite()
    charge = 1.1 * np.eye(3) * np.sign(14 - crystal.numbers)[:, None, None]
    born = BornCharges(2.4 * np.eye(3), charge, "here")
    result, phonon = phonons(
        crystal,
        ShellSprings((2.8, 2.8 * 2**0.5), (3.0, 0.6)),
        QUICK,
        Silent(),
        MemoryPieces(),
        born,
    )
    export.write_phonons(folder, result, phonon)
    return result, folder


@pytest.fixture(scope="module")
def expanding(tmp_path_factory, fcc):
    """A Lennard-Jones crystal: its expansion, and the folder of its files."""
    folder = tmp_path_factory.mktemp("volumes")
    potential = LennardJones()
    cell = relax.relax_crystal(fcc(29), potential, QUICK, Silent()).primitive
    result = thermal_expansion(cell, potential, potential, QUICK, Silent(), MemoryPieces())
    export.write_thermal(folder, result)
    return result, folder


def phonopy(program, *words, folder, code=0):
    """Run one of phonopy's programs and return what it prints."""
    command = [Path(sys.executable).with_name(program), *map(str, words)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def at_points(folder, qpoints, *words):
    """Frequencies that phonopy finds at some points."""
    numbers = [f"{x:.12f}" for q in qpoints for x in q]
    phonopy("phonopy", *words, "--qpoints", " ".join(numbers), folder=folder)
    found = yaml.safe_load((folder / "qpoints.yaml").read_text())
    return np.array([[b["frequency"] for b in point["band"]] for point in found["phonon"]])


def some_points(result):
    """Points of the path away from Γ, where the direction of approach matters."""
    away = np.flatnonzero(np.linalg.norm(result.band_qpoints, axis=1) > 1e-3)
    return away[:: len(away) // 7]


def test_parameters_alone_are_enough(polar):
    result, folder = polar
    points = some_points(result)
    found = at_points(folder, result.band_qpoints[points], "phonopy_params.yaml")
    np.testing.assert_allclose(found, result.band_frequency_thz[points], atol=1e-5)


def test_forces_and_charges_in_the_older_files(polar, tmp_path):
    """Force constants are built anew from FORCE_SETS, and charges come from BORN."""
    result, folder = polar
    for name in ("phonopy_disp.yaml", "FORCE_SETS", "BORN"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    points = some_points(result)
    found = at_points(tmp_path, result.band_qpoints[points], "phonopy_disp.yaml")
    np.testing.assert_allclose(found, result.band_frequency_thz[points], atol=1e-3)
    (tmp_path / "BORN").unlink()
    without = at_points(tmp_path, result.band_qpoints[points], "phonopy_disp.yaml")
    assert np.abs(without - found).max() > 0.05


def test_bands_are_those_of_the_result(polar):
    result, folder = polar
    found = yaml.safe_load((folder / "band.yaml").read_text())
    bands = [[b["frequency"] for b in point["band"]] for point in found["phonon"]]
    np.testing.assert_allclose(bands, result.band_frequency_thz, atol=1e-5)
    np.testing.assert_allclose(
        [point["distance"] for point in found["phonon"]], result.band_distance, atol=1e-5
    )
    ends = [name for pair in found["labels"] for name in pair]
    assert set(ends) == {n for tick in result.band_tick_label for n in tick.split("|")}
    words = ("--gnuplot", "band.yaml")
    printed = phonopy("phonopy-bandplot", *words, folder=folder, code=1)  # its good end
    lines = [line.split() for line in printed.splitlines() if line and line[0] != "#"]
    plotted = np.array([float(line[1]) for line in lines if len(line) == 2])
    np.testing.assert_allclose(plotted, result.band_frequency_thz.T.ravel(), atol=1e-5)


def test_mesh_and_thermodynamics_are_found_again(polar, tmp_path):
    result, folder = polar
    with h5py.File(folder / "mesh.hdf5") as file:
        kept = {name: np.array(values) for name, values in file.items()}
    (tmp_path / "params.yaml").write_bytes((folder / "phonopy_params.yaml").read_bytes())
    mesh = " ".join(str(n) for n in kept["mesh"])
    words = ("params.yaml", "--mesh", mesh, "-t", "--tmax", "1000", "--tstep", "10")
    words += ("--mesh-format", "hdf5", "--exclude-gamma-acoustic")
    phonopy("phonopy", *words, folder=tmp_path)
    with h5py.File(tmp_path / "mesh.hdf5") as file:
        for name, values in kept.items():
            np.testing.assert_allclose(np.array(file[name]), values, atol=1e-5)
    for where in (folder, tmp_path):
        found = yaml.safe_load((where / "thermal_properties.yaml").read_text())
        rows = found["thermal_properties"]
        np.testing.assert_allclose(
            [row["heat_capacity"] for row in rows],
            result.heat_capacity_j_per_mol_k,
            atol=1e-4,
        )
        np.testing.assert_allclose(
            [row["free_energy"] for row in rows], result.free_energy_kj_per_mol, atol=1e-4
        )


def test_density_of_states_is_that_of_the_result(polar):
    result, folder = polar
    found = np.loadtxt(folder / "total_dos.dat")
    np.testing.assert_allclose(found[:, 0], result.dos_frequency_thz, atol=1e-6)
    np.testing.assert_allclose(found[:, 1], result.dos_per_thz, atol=1e-6)


def test_expansion_is_found_again(expanding):
    """phonopy-qha fits the same equation of state to the volumes."""
    result, folder = expanding
    count = len(result.sampled_volume_per_atom_a3)
    names = [f"thermal_properties.yaml-{i + 1:02d}" for i in range(count)]
    words = ("--eos", "vinet", "--tmax", int(result.valid_up_to_k))
    phonopy("phonopy-qha", *words, "e-v.dat", *names, "-s", folder=folder)
    found = np.loadtxt(folder / "volume-temperature.dat")
    own = np.interp(found[:, 0], result.temperatures_k, result.volume_per_atom_a3)
    np.testing.assert_allclose(found[:, 1], own, rtol=1e-5)
    alpha = np.loadtxt(folder / "thermal_expansion.dat")
    inner = (alpha[:, 0] > 50) & (alpha[:, 0] < result.valid_up_to_k - 20)
    own = np.interp(alpha[inner, 0], result.temperatures_k, result.alpha_volume_per_k)
    np.testing.assert_allclose(alpha[inner, 1], own, rtol=0.01)


def test_results_without_the_volumes_functions_write_no_files_for_them(expanding, tmp_path):
    result, _ = expanding
    older = dataclasses.replace(result, vibration_temperatures_k=np.zeros(0))
    export.write_thermal(tmp_path, older)
    assert {path.name for path in tmp_path.iterdir()} == {"thermal.csv", "volumes.csv"}


def test_a_crystal_without_charges_has_no_file_of_them(tmp_path, fcc):
    result, phonon = phonons(fcc(29), LennardJones(), QUICK, Silent(), MemoryPieces())
    export.write_phonons(tmp_path, result, phonon)
    assert not (tmp_path / "BORN").exists()
    assert "nac" not in yaml.safe_load((tmp_path / "phonopy_params.yaml").read_text())
