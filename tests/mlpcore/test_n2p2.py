"""Potentials of n2p2 and RuNNer: CP2K's water committee, and files that are spoilt."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.units import Bohr, Hartree

from mlpcore import __main__ as command
from mlpcore import checkpoint, n2p2, registry
from mlpcore.errors import MLPError

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path("usr/share/cp2k/NNP/bulkH2O-jcp2020-cnnp")
PLACES = (
    Path(os.environ.get("WATER_COMMITTEE", "nowhere")),
    ROOT / ".venv/cp2k-data" / INSIDE,
    "/" / INSIDE,
)
FOLDER = next((place for place in PLACES if place.is_dir()), None)
FREE_ATOMS_HARTREE = {"O": -74.94518524, "H": -0.45890771}

pytestmark = pytest.mark.skipif(
    FOLDER is None,
    reason="CP2K's water committee is not here: run .ci/water_committee, or name its folder "
    "in WATER_COMMITTEE",
)


@pytest.fixture(scope="module")
def committee(tmp_path_factory):
    path = tmp_path_factory.mktemp("n2p2") / "water.safetensors"
    checkpoint.write(path, n2p2.read(FOLDER))
    return registry.load(str(path))


@pytest.mark.parametrize("name", ["cubic", "triclinic"])
def test_all_eight_members_are_those_of_cp2k(committee, name):
    stored = json.loads((Path(__file__).parent / "water_committee.json").read_text())
    known = stored["structures"][name]
    atoms = Atoms(known["symbols"], known["positions_a"], cell=known["cell_a"], pbc=True)
    (found,) = committee.evaluate_members([atoms])
    free = sum(FREE_ATOMS_HARTREE[symbol] for symbol in known["symbols"])
    energies = found.energies_ev / Hartree - free
    np.testing.assert_allclose(energies, known["energies_hartree"], rtol=0, atol=2e-7)
    assert np.ptp(energies) > 1e-3
    forces = found.forces_ev_per_a * Bohr / Hartree
    np.testing.assert_allclose(forces, known["forces_hartree_per_bohr"], rtol=0, atol=2e-8)


def test_the_command_makes_the_same_potential(committee, tmp_path, capsys):
    out = tmp_path / "water.safetensors"
    assert command.main(["import", str(FOLDER), str(out)]) == command.DONE
    assert command.main(["info", str(out)]) == command.DONE
    assert "members: 8" in capsys.readouterr().out
    atoms = Atoms("H2O", [(0, 0, 0), (0.9, 0.3, 0), (0.3, 0.9, 0)], cell=[9, 9, 9], pbc=True)
    (same,) = registry.load(str(out)).evaluate([atoms])
    (known,) = committee.evaluate([atoms])
    assert same.energy_ev == known.energy_ev
    assert command.main(["import", str(tmp_path), str(out)]) == command.BAD_INPUT
    assert "input.nn" in capsys.readouterr().err


def test_one_member_is_a_potential_too(committee):
    alone = n2p2.read(FOLDER / "nnp-3")
    assert alone.network["n_members"] == 1
    assert committee.info.n_members == 8
    assert set(committee.info.elements) == {"H", "O"}


@pytest.fixture
def spoilt(tmp_path):
    folder = tmp_path / "nnp-1"
    shutil.copytree(FOLDER / "nnp-1", folder)

    def change(name, old, new):
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return folder

    return change


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        ("input.nn", "symfunction_short H 2 H", "symfunction_short H 12 H", "12"),
        ("input.nn", "random_seed ", "nonsense_keyword ", "nonsense_keyword"),
        ("input.nn", "symfunction_short H 2 H 0.001", "symfunction_short H 2 H x", "input.nn"),
        ("weights.001.data", "-1.4743705267740645E-01", "NaN", "weights.001.data"),
        ("scaling.data", "2.8655329382224032E-01", "", "scaling.data"),
    ],
)
def test_what_cannot_be_read_is_named(spoilt, name, old, new, sentence):
    with pytest.raises(MLPError) as told:
        n2p2.read(spoilt(name, old, new))
    assert sentence in str(told.value)


def test_a_missing_file_is_named(spoilt, tmp_path):
    folder = spoilt("input.nn", "random_seed", "random_seed")
    (folder / "weights.008.data").unlink()
    with pytest.raises(MLPError, match=r"weights\.008\.data"):
        n2p2.read(folder)
    with pytest.raises(MLPError, match="nowhere"):
        n2p2.read(tmp_path / "nowhere")
