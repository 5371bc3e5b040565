from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from ase.build import bulk
from random_checkpoint import random_checkpoint

from mlpcore import registry
from mlpcore.composition import SumPotential, assemble
from mlpcore.electrostatics import ElectrostaticPotential
from mlpcore.errors import CheckpointError, ModelUnavailableError, UnsupportedElementError

CHARGES = {"mode": "fixed", "charges_e": {"Na": 0.7, "Cl": -0.7}}
BASELINE = "sevennet-0"


def assembled(**terms):
    checkpoint = dataclasses.replace(random_checkpoint(("Na", "Cl"), 3), **terms)
    info = dataclasses.replace(
        registry.info(BASELINE), name="ours", elements=frozenset({"Na", "Cl"})
    )
    return assemble(checkpoint, info, load_baseline, device="cpu", dtype="float64")


def load_baseline(name, precision):
    return registry.load_baseline(name, "cpu", precision)


@pytest.fixture(scope="module")
def total():
    """Baseline, electrostatics and a committee of three."""
    return assembled(baseline=BASELINE, electrostatics=CHARGES)


@pytest.fixture
def salt():
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.positions += np.array([[0.05, -0.02, 0.04], [-0.03, 0.07, 0.01]])
    return atoms


def test_a_checkpoint_alone_is_no_sum():
    assert not isinstance(assembled(), SumPotential)


def test_terms_are_named_and_none_is_forgotten(total):
    assert [type(term).__name__ for term in total.terms][1:] == [
        "ElectrostaticPotential",
        "BehlerParrinelloPotential",
    ]
    assert total.engine.startswith(f"{BASELINE} by ")
    assert " + ewald + " in total.engine
    assert total.info.name == "ours"
    assert total.info.elements == {"Na", "Cl"}
    assert total.info.cutoff_a == max(term.info.cutoff_a for term in total.terms)


def test_the_sum_is_the_sum_of_its_terms(total, salt):
    (found,) = total.evaluate([salt])
    parts = [term.evaluate([salt])[0] for term in total.terms]
    assert all(abs(part.energy_ev) > 1e-6 for part in parts)
    assert found.energy_ev == pytest.approx(sum(p.energy_ev for p in parts), rel=1e-12)
    forces = sum(p.forces_ev_per_a for p in parts)
    np.testing.assert_allclose(found.forces_ev_per_a, forces, atol=1e-12)
    stress = sum(p.stress_ev_per_a3 for p in parts)
    np.testing.assert_allclose(found.stress_ev_per_a3, stress, atol=1e-12)


def test_the_energy_function_agrees_with_the_evaluation(total, salt):
    u = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    strain = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
    energy = total.energy_function(salt)(u, strain)
    gradient, virial = torch.autograd.grad(energy, (u, strain))
    (found,) = total.evaluate([salt])
    assert energy.item() == pytest.approx(found.energy_ev, abs=1e-6)
    np.testing.assert_allclose(-gradient, found.forces_ev_per_a, atol=1e-6)
    stress = (virial + virial.T) / 2 / salt.cell.volume
    np.testing.assert_allclose(stress, found.stress_ev_per_a3, atol=1e-7)


def test_second_derivatives_are_the_sum_of_those_of_the_terms(total, salt):
    def hessian(potential):
        energy, unstrained = potential.energy_function(salt), torch.zeros(3, 3).double()
        at = torch.zeros(2, 3).double()
        return torch.autograd.functional.hessian(lambda u: energy(u, unstrained), at)

    expected = sum(hessian(term) for term in total.terms)
    np.testing.assert_allclose(hessian(total), expected, atol=1e-9)


def test_members_share_the_other_terms(total, salt, monkeypatch):
    calls = []
    evaluate = ElectrostaticPotential.evaluate

    def counted(self, batch):
        calls.append(len(batch))
        return evaluate(self, batch)

    monkeypatch.setattr(ElectrostaticPotential, "evaluate", counted)
    (found,) = total.evaluate_members([salt])
    assert calls == [1]
    one_by_one = [member.evaluate([salt])[0] for member in total.members]
    assert len(one_by_one) == 3
    energies = [answer.energy_ev for answer in one_by_one]
    np.testing.assert_allclose(found.energies_ev, energies, rtol=1e-12)
    assert np.ptp(energies) > 1e-6
    forces = [answer.forces_ev_per_a for answer in one_by_one]
    np.testing.assert_allclose(found.forces_ev_per_a, forces, atol=1e-12)
    (mean,) = total.evaluate([salt])
    assert found.mean.energy_ev == pytest.approx(mean.energy_ev, rel=1e-12)


def test_what_only_some_terms_know(total, salt):
    assert total.atomic_energies(salt) is None  # SevenNet keeps the energies of its atoms
    np.testing.assert_allclose(total.born_charges(salt).charges_e[0], 0.7 * np.eye(3))
    assert assembled(baseline=BASELINE).born_charges(salt) is None
    both = assembled(electrostatics=CHARGES)
    energies = both.atomic_energies(salt).sum(axis=1)
    np.testing.assert_allclose(energies, both.evaluate_members([salt])[0].energies_ev)


def test_a_structure_far_from_the_training_data_is_told_and_survives(total, salt):
    salt.set_cell(0.7 * salt.cell, scale_atoms=True)
    (outside,) = total.extrapolation([salt])
    assert outside.outside
    (found,) = total.evaluate([salt])
    assert np.isfinite(found.energy_ev)


def test_elements_of_the_correction_bound_the_sum(total):
    with pytest.raises(UnsupportedElementError, match="Mg"):
        total.evaluate([bulk("MgO", "rocksalt", a=4.2)])


def test_a_baseline_must_be_registered(tmp_path):
    """A stranger's checkpoint opens no file."""
    with pytest.raises(ModelUnavailableError, match="not one of the models here"):
        assembled(baseline=str(tmp_path / "other.safetensors"))


def test_settings_of_charges_are_checked():
    with pytest.raises(CheckpointError, match="mode of the electrostatics"):
        assembled(electrostatics={"mode": "magic"})


def test_terms_must_have_one_precision_and_one_committee():
    charges = ElectrostaticPotential.from_settings(CHARGES, device="cpu")
    single = ElectrostaticPotential.from_settings(CHARGES, device="cpu", dtype="float32")
    for terms in ((charges,), (charges, single)):
        with pytest.raises(ValueError, match="two terms or more, of one precision"):
            SumPotential(terms, charges.info)
