from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.build import bulk

from mlpcore.electrostatics import (
    ElectrostaticPotential,
    ElectrostaticTerm,
    electrostatic_labels,
)
from mlpcore.errors import StructureError, TrainingError

FLOW = {
    "mode": "flow",
    "charges_e": {"Na": 0.7, "Cl": -0.7, "K": 0.7},
    "cutoff_a": 4.5,
    "n_radial": 4,
    "flow_e": {
        "Cl-Na": [0.03, -0.02, 0.05, 0.01],
        "Cl-K": [0.02, 0.01, -0.04, 0.0],
        "K-Na": [0.05, 0.02, 0.0, 0.03],
    },
}


def flowing(**changes):
    return ElectrostaticPotential.from_settings(FLOW | changes, device="cpu")


@pytest.fixture
def mixed():
    """A rattled cell of (Na, K)Cl, alike in no direction."""
    atoms = bulk("NaCl", "rocksalt", a=5.8) * (2, 2, 1)
    atoms.symbols[0] = "K"
    atoms.rattle(0.15, seed=5)
    return atoms


def test_flow_moves_charge_and_creates_none(mixed):
    charges = flowing().atomic_charges(mixed)
    assert np.abs(charges - flowing(flow_e={}).atomic_charges(mixed)).max() > 0.01
    assert charges.sum() == pytest.approx(0, abs=1e-14)


def test_flow_alone_is_neutral_for_any_composition(mixed):
    without = flowing(charges_e={"Na": 0.0, "Cl": 0.0, "K": 0.0})
    del mixed[0]
    assert without.atomic_charges(mixed).sum() == pytest.approx(0, abs=1e-14)
    with pytest.raises(StructureError, match=r"-0\.7000 e"):
        flowing().evaluate([mixed])


def test_born_charges_are_the_derivative_of_the_polarisation(mixed):
    potential = flowing()
    found = potential.born_charges(mixed).charges_e
    structure = potential.charges.structure(mixed)
    still, step = torch.zeros(3, 3).double(), 1e-4
    for atom, axis in ((0, 0), (3, 2), (5, 1)):
        u = torch.zeros(len(mixed), 3).double()
        u[atom, axis] = step
        change = structure.polarisation(u, still) - structure.polarisation(-u, still)
        np.testing.assert_allclose(found[atom, :, axis], change / (2 * step), atol=1e-7)
    off_diagonal = found[:, ~np.eye(3, dtype=bool)]
    assert np.abs(off_diagonal).max() > 0.005
    np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-13)


def test_the_dipole_is_that_of_the_charges_in_a_molecule():
    """Where no bond crosses the cell's border, the flow's dipole is Σ q r."""
    atoms = bulk("NaCl", "rocksalt", a=5.8)
    atoms.set_cell(20 * np.eye(3))
    potential = flowing()
    structure = potential.charges.structure(atoms)
    still, nothing = torch.zeros(3, 3).double(), torch.zeros(2, 3).double()
    u = torch.tensor([[0.1, -0.2, 0.05], [0.3, 0.1, -0.1]]).double()
    moved = atoms.copy()
    moved.positions += u.numpy()
    expected = [potential.atomic_charges(a) @ a.positions for a in (atoms, moved)]
    change = structure.polarisation(u, still) - structure.polarisation(nothing, still)
    np.testing.assert_allclose(change, expected[1] - expected[0], atol=1e-13)


def test_derivatives_include_the_flow(mixed):
    potential = flowing()
    (found,) = potential.evaluate([mixed])
    step = 1e-4
    energies = []
    for sign in (1, -1):
        moved = mixed.copy()
        moved.positions[2, 1] += sign * step
        energies.append(potential.evaluate([moved])[0].energy_ev)
    slope = (energies[0] - energies[1]) / (2 * step)
    assert -found.forces_ev_per_a[2, 1] == pytest.approx(slope, abs=1e-7)
    np.testing.assert_allclose(found.forces_ev_per_a.sum(axis=0), 0, atol=1e-10)
    energy = potential.energy_function(mixed)
    where = (torch.zeros(8, 3).double(), torch.zeros(3, 3).double())
    where = tuple(w.requires_grad_(True) for w in where)
    assert torch.autograd.gradgradcheck(energy, where, atol=1e-5, rtol=1e-6, fast_mode=True)


def test_the_flow_survives_being_written_down(mixed):
    again = ElectrostaticPotential.from_settings(flowing().charges.to_dict(), device="cpu")
    assert again.evaluate([mixed])[0].energy_ev == flowing().evaluate([mixed])[0].energy_ev


@pytest.mark.parametrize("mode", ["fixed", "fitted", "flow"])
def test_forms_give_what_the_potential_gives(mixed, mode):
    settings = FLOW if mode == "flow" else {"mode": mode, "charges_e": FLOW["charges_e"]}
    term = ElectrostaticTerm(settings, [mixed])
    assert term.trainable == (mode != "fixed")
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        term.free += 0.05 * torch.randn(term.free.shape, generator=generator).double()
    energy, forces, stress = term(term.forms(mixed))
    trained = term.to_dict()
    (expected,) = electrostatic_labels([mixed], trained)
    assert energy.item() == pytest.approx(expected.energy_ev, rel=1e-10)
    np.testing.assert_allclose(forces.detach(), expected.forces_ev_per_a, atol=1e-9)
    np.testing.assert_allclose(stress.detach(), expected.stress_ev_per_a3, atol=1e-10)
    charges = ElectrostaticPotential.from_settings(trained).atomic_charges(mixed)
    assert charges.sum() == pytest.approx(0, abs=1e-12)


def test_a_training_finds_the_charges_behind_forces():
    """Forces of rigid ions of 0.8 e, fitted from 0.5 e."""
    atoms = bulk("NaCl", "rocksalt", a=5.8) * (2, 1, 1)
    atoms.rattle(0.2, seed=2)
    truth = {"mode": "fixed", "charges_e": {"Na": 0.8, "Cl": -0.8}}
    wanted = torch.tensor(electrostatic_labels([atoms], truth)[0].forces_ev_per_a)
    start = {"mode": "fitted", "charges_e": {"Na": 0.5, "Cl": -0.5}}
    term = ElectrostaticTerm(start, [atoms])
    forms = term.forms(atoms)
    optimiser = torch.optim.LBFGS(term.parameters(), line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = ((term(forms)[1] - wanted) ** 2).sum()
        value.backward()
        return value

    for _ in range(5):
        optimiser.step(loss)
    assert term.to_dict()["charges_e"] == pytest.approx(truth["charges_e"], abs=1e-6)


def test_training_data_that_no_charges_suit_are_refused(mixed):
    settings = {"mode": "fitted", "charges_e": {"Na": 0.7, "Cl": -0.7}}
    with pytest.raises(TrainingError, match="Structure 0 of the training data holds K"):
        ElectrostaticTerm(settings, [mixed])
    vacancy = bulk("NaCl", "rocksalt", a=5.8) * (2, 1, 1)
    del vacancy[0]
    with pytest.raises(StructureError, match="Structure 0 of the training data, Cl2Na"):
        ElectrostaticTerm(settings, [vacancy])
    neutral = {"mode": "fitted", "charges_e": {"Na": 0.0, "Cl": 0.0}}
    with pytest.raises(TrainingError, match="let the charge flow"):
        ElectrostaticTerm(neutral, [vacancy, bulk("NaCl", "rocksalt", a=5.8)])
