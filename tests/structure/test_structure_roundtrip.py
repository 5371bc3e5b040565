"""Files written by other programs come back as the same crystal."""

from __future__ import annotations

import warnings
from pathlib import Path

import ase.io
import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifWriter

from properties import symmetry
from properties.crystal import Crystal
from properties.examples import example, example_names
from properties.structure import read_all, read_structure


def assert_same(found: Crystal, wanted: Crystal) -> None:
    assert found.formula == wanted.formula
    per_atom = [crystal.volume_a3 / len(crystal) for crystal in (found, wanted)]
    assert per_atom[0] == pytest.approx(per_atom[1], rel=1e-5)
    symmetries = [symmetry.analyse(crystal) for crystal in (found, wanted)]
    assert symmetries[0].number == symmetries[1].number
    np.testing.assert_allclose(
        sorted(symmetries[0].primitive.to_atoms().get_all_distances(mic=True).ravel()),
        sorted(symmetries[1].primitive.to_atoms().get_all_distances(mic=True).ravel()),
        atol=1e-3,
    )


@pytest.mark.parametrize("kind", ["cif", "vasp", "extxyz", "xsf", "gen", "aims"])
@pytest.mark.parametrize("name", example_names())
def test_files_that_ase_writes(name: str, kind: str, tmp_path: Path) -> None:
    crystal = example(name).crystal
    path = tmp_path / "file"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ase.io.write(path, crystal.to_atoms(), format=kind)
    assert_same(read_structure(path.read_bytes(), "file"), crystal)


@pytest.mark.parametrize("name", example_names())
def test_symmetrised_cif_that_pymatgen_writes(name: str) -> None:
    crystal = example(name).crystal
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        structure = Structure(Lattice(crystal.lattice_a), crystal.symbols, crystal.fractional)
        text = str(CifWriter(structure, symprec=1e-3))
    assert_same(read_structure(text.encode(), "pymatgen.cif"), crystal)


@pytest.mark.parametrize("kind", ["cif", "extxyz"])
def test_a_file_of_several_frames_that_ase_writes(kind: str, tmp_path: Path) -> None:
    names = ("Si", "Mg", "ZrO2")
    path = tmp_path / "frames"
    ase.io.write(path, [example(name).crystal.to_atoms() for name in names], format=kind)
    found = read_all(path.read_bytes(), "frames")
    assert tuple(crystal.formula for crystal in found) == names
