from __future__ import annotations

import io
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from mlpcore import dataset, public_data
from mlpcore.errors import DatasetError

DATA = Path(__file__).resolve().parents[2] / "pretrained" / "data"
CELL = {
    "lattice": [[5.0, 0, 0], [0, 5.0, 0], [0, 0, 5.0]],
    "points": [
        {"symbol": "Na", "coordinates": [0.0, 0.0, 0.0]},
        {"symbol": "Cl", "coordinates": [0.5, 0.5, 0.5]},
    ],
}
STEPS = [[0.1, 0.0, 0.0], [0.0, -0.2, 0.0]]
FORCES = [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
BLOCK = {"displacements": [STEPS], "forces": [FORCES], "supercell_energies": [-7.5]}


def packed(content) -> bytes:
    return lzma.compress(yaml.safe_dump(content).encode())


def test_displacements_become_frames(tmp_path):
    path = tmp_path / "phonopy_params.yaml.xz"
    path.write_bytes(packed({"supercell": CELL, "dataset": BLOCK}))
    found = public_data.from_phonopy(path, {"functional": "PBEsol"})
    (frame,) = found.frames
    assert found.settings == {"functional": "PBEsol"}
    assert frame.atoms.get_chemical_formula() == "ClNa"
    np.testing.assert_allclose(frame.atoms.positions, [[0.1, 0, 0], [2.5, 2.3, 2.5]])
    np.testing.assert_array_equal(frame.forces_ev_per_a, FORCES)
    assert frame.energy_ev == -7.5
    assert frame.stress_ev_per_a3 is None
    assert frame.source == "displaced 0.15 Å, 2 atoms, number 1"


def test_a_set_is_found_in_its_package(tmp_path):
    archive = tmp_path / "phono3py-4.10.0.tar.gz"
    content = packed(
        {
            "supercell": CELL,
            "dataset": BLOCK,
            "phonon_supercell": CELL,
            "phonon_dataset": BLOCK,
            "nac": {"born_effective_charge": [[1.1]], "dielectric_constant": [[2.5]]},
        }
    )
    with tarfile.open(archive, "w:gz") as package:
        member = tarfile.TarInfo(f"phono3py-4.10.0/{public_data.SOURCES['nacl'].member}")
        member.size = len(content)
        package.addfile(member, io.BytesIO(content))
    out = tmp_path / "nacl.extxyz.xz"
    assert public_data.main(["nacl", str(archive), str(out)]) == 0
    found = dataset.read(out)
    assert len(found.frames) == 2
    assert found.settings["licence"] == "BSD-3-Clause"
    assert found.settings["born_charges_e"] == [[1.1]]
    with pytest.raises(DatasetError, match=r"does not hold example/KCl.* phonopy==4\.10\.0"):
        public_data.convert("kcl", archive)


def test_what_is_no_archive_is_told(tmp_path, capsys):
    (tmp_path / "x.tar.gz").write_text("no archive")
    with pytest.raises(SystemExit) as stopped:
        public_data.main(["kcl", str(tmp_path / "x.tar.gz"), str(tmp_path / "out.extxyz")])
    assert stopped.value.code == 2
    assert "pip download" in capsys.readouterr().err


@pytest.mark.parametrize("content", [{"supercell": CELL}, {"dataset": BLOCK}, "text", [1, 2]])
def test_files_without_displacements_are_told(tmp_path, content):
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(DatasetError, match=r"other\.yaml has no displacements"):
        public_data.from_phonopy(path, {})


@pytest.mark.parametrize(
    ("name", "sizes", "elements"),
    [
        ("kcl_pbesol", {64: 120}, {"K", "Cl"}),
        ("nacl_pbesol", {64: 100, 512: 2}, {"Na", "Cl"}),
    ],
)
def test_shipped_public_sets_are_whole_and_cited(name, sizes, elements):
    found = dataset.read(DATA / f"{name}.extxyz.xz")
    counts = {n: sum(len(f.atoms) == n for f in found.frames) for n in sizes}
    assert counts == sizes
    assert set(found.elements) == elements
    assert {"licence", "copyright", "citation", "functional"} <= set(found.settings)


@pytest.mark.parametrize("name", ["si_pbe", "nacl_pbe"])
def test_shipped_sets_of_our_own_have_all_labels_and_say_how_they_came(name):
    found = dataset.read(DATA / f"{name}.extxyz.xz")
    assert len(found.frames) >= 80
    assert all(frame.stress_ev_per_a3 is not None for frame in found.frames)
    assert len({frame.source for frame in found.frames}) == len(found.frames)
    sizes = {"si_pbe": {2, 6, 8, 16}, "nacl_pbe": {2, 6, 8, 16}}[name]
    assert {len(frame.atoms) for frame in found.frames} == sizes
    assert "python -m mlpcore label" in found.settings["command"]
    assert (DATA / f"{name}.extxyz.xz").stat().st_size < 1_000_000
