from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator, CalculatorError
from ase.calculators.emt import EMT

from mlpcore import __main__ as command
from mlpcore import dataset, oracle, sampling
from mlpcore.errors import DatasetError, ModelUnavailableError
from mlpcore.oracle import Oracle

DATA = Path(__file__).resolve().parents[2] / "pretrained" / "data"
ORACLE = Oracle(lambda _atoms: EMT(), {"oracle": "EMT"})


class Broken(Calculator):
    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def calculate(self, *_arguments, **_options):
        raise CalculatorError("did not converge in 333 steps")


class Endless(Broken):
    def calculate(self, *_arguments, **_options):
        self.results = {
            "energy": np.nan,
            "free_energy": np.nan,
            "forces": np.zeros((1, 3)),
            "stress": np.zeros(6),
        }


def test_labels_are_those_of_the_calculator():
    atoms = bulk("Cu", cubic=True)
    atoms.positions[0] += 0.1
    frame = ORACLE.label(atoms, "by hand")
    atoms.calc = EMT()
    assert frame.energy_ev == atoms.get_potential_energy(force_consistent=True)
    np.testing.assert_array_equal(frame.forces_ev_per_a, atoms.get_forces())
    np.testing.assert_allclose(frame.stress_ev_per_a3, atoms.get_stress(voigt=False))
    assert frame.atoms.calc is None


def test_shifts_are_applied_to_energy_and_pressure_only():
    shifted = Oracle(ORACLE.calculator, {}, shift_ev_per_atom={4: 0.25}, shift_gpa=-1.602176634)
    atoms = bulk("Cu", cubic=True)
    plain, found = ORACLE.label(atoms, ""), shifted.label(atoms, "")
    assert found.energy_ev - plain.energy_ev == pytest.approx(1.0)
    np.testing.assert_allclose(
        found.stress_ev_per_a3 - plain.stress_ev_per_a3, -0.01 * np.eye(3), atol=1e-12
    )
    np.testing.assert_array_equal(found.forces_ev_per_a, plain.forces_ev_per_a)


@pytest.mark.parametrize(
    ("calculator", "message"),
    [(Broken, "gave no label for Cu from x .* 333 steps"), (Endless, "not finite")],
)
def test_labels_that_failed_are_told(calculator, message):
    with pytest.raises(DatasetError, match=message):
        Oracle(lambda _atoms: calculator()).label(bulk("Cu"), "x")


@pytest.mark.skipif(importlib.util.find_spec("gpaw") is not None, reason="GPAW is installed")
def test_without_gpaw_the_oracle_says_so():
    with pytest.raises(ModelUnavailableError, match="GPAW, which is not installed"):
        oracle.gpaw_oracle("Si")


def test_the_command_labels_packs_and_names_its_seeds(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(oracle, "gpaw_oracle", lambda *_: Oracle(lambda _atoms: EMT()))
    monkeypatch.setitem(sampling.CRYSTALS, "Si", ("fcc", 3.6))
    monkeypatch.setattr(sampling, "bulk", lambda _name, *a, **k: bulk("Cu", *a, **k))
    path = tmp_path / "si.extxyz"
    words = ["label", "Si", "--frames", "4", "--seed", "9", "--reach", "gentle"]
    assert command.main([*words, "--out", str(path)]) == command.DONE
    found = dataset.read(tmp_path / "si.extxyz.xz")
    assert found.settings["seeds"] == "9 to 12, one a frame"
    expected = [sampling.sample("Si", 9, k, "gentle").source for k in range(4)]
    assert [frame.source for frame in found.frames] == expected
    capsys.readouterr()


def test_labelling_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    monkeypatch.setitem(sampling.CRYSTALS, "Cu", ("fcc", 3.6))
    drawn = [sampling.sample("Cu", 7, k) for k in range(5)]
    path = tmp_path / "cu.extxyz"
    assert oracle.extend(path, drawn[:2], ORACLE) == 2
    assert oracle.extend(path, drawn, ORACLE) == 3
    assert oracle.extend(path, drawn, ORACLE) == 0
    found = dataset.read(path)
    assert found.settings == {"oracle": "EMT"}
    assert [frame.source for frame in found.frames] == [item.source for item in drawn]


def test_no_torch_is_needed_to_make_data():
    code = (
        "import sys, mlpcore.oracle, mlpcore.public_data\n"
        "assert not {'torch', 'matscipy', 'phonopy', 'gpaw'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("reach", sampling.RANGES)
@pytest.mark.parametrize("crystal", sampling.CRYSTALS)
def test_cells_follow_from_their_seed_alone(crystal, reach):
    for number in range(14):
        one, other = (sampling.sample(crystal, 50, number, reach) for _ in range(2))
        np.testing.assert_array_equal(one.atoms.positions, other.atoms.positions)
        assert one.source == other.source
        assert len(one.atoms) == np.resize(sampling.RANGES[reach].cycle, 14)[number]


@pytest.mark.parametrize(
    ("reach", "name", "first"),
    [
        ("wide", "si_pbe", 5000),
        ("wide", "nacl_pbe", 1000),
        ("gentle", "si_pbe", 6000),
        ("gentle", "nacl_pbe", 2000),
        ("long", "si_pbe", 7000),
        ("long", "nacl_pbe", 4000),
    ],
)
def test_cells_of_the_shipped_data_are_drawn_again(reach, name, first):
    """Their seeds are published: the very cells must follow."""
    frames = dataset.read(DATA / f"{name}.extxyz.xz").frames
    crystal = {"si_pbe": "Si", "nacl_pbe": "NaCl"}[name]
    known = {frame.source: frame.atoms for frame in frames}
    for number in range(7):
        item = sampling.sample(crystal, first, number, reach)
        labelled = known[item.source]
        np.testing.assert_allclose(labelled.positions, item.atoms.positions, atol=1e-6)
        np.testing.assert_allclose(labelled.cell.array, item.atoms.cell.array, atol=1e-6)


def _ideal(crystal, item):
    """The perfect cell that a sample was made of: the one it is least strained from."""
    if len(item.atoms) != 6:
        return sampling.cell(crystal, len(item.atoms))
    cells = [sampling.third(crystal, k) for k in range(len(sampling.THIRDS))]
    return min(cells, key=lambda one: np.abs(one.cell.array - item.atoms.cell.array).max())


@pytest.mark.parametrize(
    ("reach", "strain_bound", "volumetric", "largest_width_a"),
    [("wide", 0.04, 0.027, 0.25), ("gentle", 0.025, 0.02, 0.1), ("long", 0.02, 0.015, 0.12)],
)
@pytest.mark.parametrize("crystal", sampling.CRYSTALS)
def test_cells_are_strained_and_rattled_as_stated(
    crystal, reach, strain_bound, volumetric, largest_width_a
):
    for number in range(70):
        item = sampling.sample(crystal, 300, number, reach)
        ideal = _ideal(crystal, item)
        strain = np.linalg.solve(ideal.cell.array, item.atoms.cell.array) - np.eye(3)
        np.testing.assert_allclose(strain, strain.T, atol=1e-12)
        in_volume = len(ideal) in sampling.RANGES[reach].volumes
        bound = strain_bound + (volumetric if in_volume else 0)
        assert np.abs(strain).max() <= bound
        moved = item.atoms.positions - ideal.positions @ (np.eye(3) + strain)
        assert np.abs(moved).max() <= 5 * item.width_a + 1e-9
        assert item.width_a <= largest_width_a


def test_doubled_cells_have_the_density_of_the_others():
    for crystal in sampling.CRYSTALS:
        volumes = [sampling.cell(crystal, n).get_volume() / n for n in (2, 8, 16)]
        np.testing.assert_allclose(volumes, volumes[0])


def test_each_pair_of_wave_vectors_in_thirds_has_its_cell():
    thirds = [np.array(q) / 3 for q in np.ndindex(3, 3, 3) if any(q)]
    held = [
        {n for n, q in enumerate(thirds) if np.allclose((m @ q) % 1 % 1, 0)}
        for m in (np.round(m) for m in sampling.THIRDS)
    ]
    assert [len(waves) for waves in held] == [2] * 13
    assert set().union(*held) == set(range(26))


@pytest.mark.parametrize("number", range(13))
def test_a_folded_mesh_holds_the_points_of_the_primitive_cell(number):
    """A free particle's energies, |k + G|², are the same for both cells, each as often."""
    divisions, reach = 6, np.array(list(np.ndindex(13, 13, 13))) - 6
    primitive, larger = sampling.cell("Si", 2), sampling.third("Si", number)
    levels = []
    for atoms in (primitive, larger):
        points = sampling.folded_mesh("Si", atoms, divisions)
        waves = (points[:, None] + reach).reshape(-1, 3) @ atoms.cell.reciprocal().array
        energy = np.sort((waves**2).sum(axis=1))
        levels.append(energy[energy < 0.12])
    assert len(levels[0]) > 100
    np.testing.assert_allclose(levels[1], levels[0], atol=1e-9)
