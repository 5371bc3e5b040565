"""What we write, opened by phonopy's own command line: the same numbers."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from properties import export, symmetry
from properties.crystal import Crystal
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations.born import BornCharges
from properties.vibrations.phonons import phonons
from tests.properties.springs import Springs

SHORT = dataclasses.replace(PRESETS["quick"], supercell_length_a=8.0, mesh_length_a=30.0)
SALT = Crystal(
    np.array([[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]]),
    np.array([11, 17]),
    np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
)
FILES = {
    "all in one": ["phonopy_params.yaml"],
    "files of a usual run": ["phonopy_disp.yaml", "FORCE_SETS", "BORN"],
}


@pytest.fixture(scope="module")
def salt(tmp_path_factory):
    """A salt of springs with charges, and the folder of its files."""
    crystal = symmetry.analyse(SALT).primitive
    charges = np.where(crystal.numbers == 11, 1.1, -1.1)[:, None, None] * np.eye(3)
    born = BornCharges(2.4 * np.eye(3), charges, "test")
    result, phonon = phonons(crystal, Springs(), SHORT, Silent(), MemoryPieces(), born)
    folder = tmp_path_factory.mktemp("salt")
    export.write_phonons(folder, result, phonon)
    return result, folder


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_the_command_line_finds_the_same_bands(salt, files, tmp_path):
    result, folder = salt
    for name in files:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    tool = Path(sys.executable).with_name("phonopy-load")
    options = ["--band", "0 0 0  0.5 0 0.5", "--band-points", "5"]
    subprocess.run(
        [tool, files[0], *options], cwd=tmp_path, check=True, capture_output=True, timeout=200
    )
    found = yaml.safe_load((tmp_path / "band.yaml").read_text())["phonon"]
    theirs = [[band["frequency"] for band in point["band"]] for point in (found[0], found[-1])]
    at_x = np.flatnonzero(np.abs(result.band_qpoints - [0.5, 0, 0.5]).max(axis=1) < 1e-9)[0]
    np.testing.assert_allclose(theirs, result.band_frequency_thz[[0, at_x]], atol=2e-3)
    assert result.band_frequency_thz[0, -1] > 1.05 * result.gamma_frequencies_thz[-1]


def test_bands_and_densities_are_those_of_the_result(salt):
    result, folder = salt
    bands = yaml.safe_load((folder / "band.yaml").read_text())
    found = [[b["frequency"] for b in point["band"]] for point in bands["phonon"]]
    np.testing.assert_allclose(found, result.band_frequency_thz, atol=1e-9)
    total = np.loadtxt(folder / "total_dos.dat")
    parts = np.loadtxt(folder / "projected_dos.dat")
    np.testing.assert_allclose(parts[:, 1:].sum(axis=1), total[:, 1], atol=1e-8)
