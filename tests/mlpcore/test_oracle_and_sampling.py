from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator, CalculatorError
from ase.calculators.emt import EMT

from mlpcore import dataset, oracle, sampling
from mlpcore.errors import DatasetError, ModelUnavailableError
from mlpcore.oracle import Oracle

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
        oracle.gpaw_oracle(oracle.SETTINGS["Si"])


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


@pytest.mark.parametrize("crystal", sampling.CRYSTALS)
def test_cells_follow_from_their_seed_alone(crystal):
    for number in range(14):
        one, other = (sampling.sample(crystal, 50, number) for _ in range(2))
        np.testing.assert_array_equal(one.atoms.positions, other.atoms.positions)
        assert one.source == other.source
        assert len(one.atoms) == sampling.CYCLE[number % 7]


@pytest.mark.parametrize("crystal", sampling.CRYSTALS)
def test_cells_are_strained_and_rattled_as_stated(crystal):
    for number in range(70):
        item = sampling.sample(crystal, 300, number)
        ideal = sampling.cell(crystal, len(item.atoms))
        strain = np.linalg.solve(ideal.cell.array, item.atoms.cell.array) - np.eye(3)
        np.testing.assert_allclose(strain, strain.T, atol=1e-12)
        bound = 0.04 + (0.027 if len(ideal) == 2 else 0)
        assert np.abs(strain).max() <= bound
        moved = item.atoms.positions - ideal.positions @ (np.eye(3) + strain)
        assert np.abs(moved).max() <= 5 * item.width_a + 1e-9
        assert item.width_a <= 0.25


def test_doubled_cells_have_the_density_of_the_others():
    for crystal in sampling.CRYSTALS:
        volumes = [sampling.cell(crystal, n).get_volume() / n for n in (2, 8, 16)]
        np.testing.assert_allclose(volumes, volumes[0])
