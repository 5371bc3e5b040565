from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torchpme
from ase import Atoms
from ase.build import bulk
from scipy import constants

from mlpcore.electrostatics import ChargeModel, ElectrostaticPotential, EwaldSum
from mlpcore.errors import CheckpointError, StructureError, UnsupportedElementError
from mlpcore.neighbours import build_graph
from mlpcore.units import COULOMB_EV_A

NACL = {"Na": 0.7, "Cl": -0.7}

MADELUNG = [  # by nearest distance: OEIS A085469, A181152, A182566
    ("NaCl", "rocksalt", np.sqrt(1 / 4), 1.747564594633),
    ("CsCl", "cesiumchloride", np.sqrt(3 / 4), 1.762674773071),
    ("ZnS", "zincblende", np.sqrt(3 / 16), 1.638055053389),
]


def rigid(charges):
    return ElectrostaticPotential(ChargeModel("fixed", charges), device="cpu")


@pytest.fixture
def salt():
    """A skewed, strained, rattled cell of NaCl."""
    atoms = bulk("NaCl", "rocksalt", a=5.6) * (2, 1, 1)
    atoms.rattle(0.1, seed=3)
    strain = np.array([[0.02, 0.01, -0.02], [0.01, -0.03, 0.015], [-0.02, 0.015, 0.01]])
    atoms.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    return atoms


def test_the_prefactor_is_that_of_the_constants_of_nature():
    joule_metre = constants.e**2 / (4 * np.pi * constants.epsilon_0)
    assert pytest.approx(joule_metre / constants.eV * 1e10, rel=1e-14) == COULOMB_EV_A
    assert torchpme.prefactors.eV_A == pytest.approx(COULOMB_EV_A, rel=1e-8)


@pytest.mark.parametrize(("formula", "structure", "distance", "constant"), MADELUNG)
@pytest.mark.parametrize("lattice_a", [2.5, 7.0])
def test_madelung_constants_to_ten_digits(formula, structure, distance, constant, lattice_a):
    atoms = bulk(formula, structure, a=lattice_a)
    first, second = atoms.get_chemical_symbols()
    (found,) = rigid({first: 1.0, second: -1.0}).evaluate([atoms])
    found_constant = -found.energy_ev * distance * lattice_a / COULOMB_EV_A
    assert found_constant == pytest.approx(constant, rel=2e-10)


def test_the_energy_does_not_depend_on_where_the_sums_are_split(salt):
    charges = torch.tensor([[NACL[s]] for s in salt.symbols], dtype=torch.float64)
    still, unstrained = torch.zeros(4, 3).double(), torch.zeros(3, 3).double()
    energies = [
        EwaldSum.of(salt, cutoff_a=cutoff).energies(charges, still, unstrained).item()
        for cutoff in (3.5, 5.0, 8.0, 11.0)
    ]
    assert np.ptp(energies) < 1e-9 * abs(energies[0])


def test_energy_and_forces_are_those_of_torch_pme(salt):
    (found,) = rigid(NACL).evaluate([salt])
    smearing, cutoff = 0.9, 6.5
    calculator = torchpme.EwaldCalculator(
        torchpme.CoulombPotential(smearing, prefactor=COULOMB_EV_A),
        lr_wavelength=np.pi * smearing / 7.0,
        full_neighbor_list=True,
    )
    graph = build_graph([salt], cutoff)
    positions = torch.tensor(salt.positions, requires_grad=True)
    source, target = torch.tensor(graph.source), torch.tensor(graph.target)
    steps = (positions - positions.detach())[target] - (positions - positions.detach())[source]
    distances = (torch.tensor(graph.vectors_a) + steps).norm(dim=1)
    charges = torch.tensor([[NACL[s]] for s in salt.symbols], dtype=torch.float64)
    pairs = torch.stack([source, target], dim=1)
    cell = torch.tensor(salt.cell.array)
    potential = calculator(charges, cell, positions, pairs, distances)
    energy = (charges * potential).sum()
    energy.backward()
    assert found.energy_ev == pytest.approx(energy.item(), rel=1e-8)
    np.testing.assert_allclose(found.forces_ev_per_a, -positions.grad.numpy(), atol=1e-8)


def test_forces_and_stress_are_derivatives_of_the_energy(salt):
    potential = rigid(NACL)
    (found,) = potential.evaluate([salt])
    step = 1e-4
    for atom, axis in ((0, 0), (1, 2), (3, 1)):
        energies = []
        for sign in (1, -1):
            moved = salt.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(potential.evaluate([moved])[0].energy_ev)
        slope = (energies[0] - energies[1]) / (2 * step)
        assert -found.forces_ev_per_a[atom, axis] == pytest.approx(slope, abs=1e-7)
    for i, j in itertools.combinations_with_replacement(range(3), 2):
        energies = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[i, j] = sign * step
            moved = salt.copy()
            moved.set_cell(salt.cell @ (np.eye(3) + strain), scale_atoms=True)
            energies.append(potential.evaluate([moved])[0].energy_ev)
        slope = (energies[0] - energies[1]) / (2 * step) / salt.cell.volume
        assert found.stress_ev_per_a3[i, j] == pytest.approx(slope, abs=1e-8)


def test_second_derivatives_are_exact(salt):
    energy = rigid(NACL).energy_function(salt)
    generator = torch.Generator().manual_seed(0)
    u = 0.01 * torch.randn(4, 3, generator=generator, dtype=torch.float64)
    strain = 0.01 * torch.randn(3, 3, generator=generator, dtype=torch.float64)
    where = (u.requires_grad_(True), strain.requires_grad_(True))
    assert torch.autograd.gradgradcheck(energy, where, atol=1e-5, rtol=1e-6, fast_mode=True)


def test_a_supercell_has_the_energy_of_its_cells(salt):
    small, large = rigid(NACL).evaluate([salt, salt * (2, 1, 3)])
    assert large.energy_ev == pytest.approx(6 * small.energy_ev, rel=1e-10)
    np.testing.assert_allclose(large.forces_ev_per_a[:4], small.forces_ev_per_a, atol=1e-9)
    np.testing.assert_allclose(large.stress_ev_per_a3, small.stress_ev_per_a3, atol=1e-11)


def test_two_far_ions_attract_each_other_as_in_empty_space():
    atoms = Atoms("NaCl", [[0, 0, 0], [4, 0, 0]], cell=[60, 60, 60], pbc=True)
    (found,) = rigid({"Na": 1.0, "Cl": -1.0}).evaluate([atoms])
    dipoles = 4 * np.pi / 3 * 4 / 60**3  # field of all copies, in conducting surroundings
    assert found.forces_ev_per_a[0, 0] == pytest.approx(
        COULOMB_EV_A * (1 / 16 - dipoles), rel=2e-5
    )


def test_energies_of_atoms_sum_to_the_energy(salt):
    potential = rigid(NACL)
    shares = potential.atomic_energies(salt)
    assert shares.shape == (1, 4)
    assert shares.sum() == pytest.approx(potential.evaluate([salt])[0].energy_ev, rel=1e-12)


def test_born_charges_of_rigid_ions_are_their_charges(salt):
    found = rigid(NACL).born_charges(salt)
    expected = np.array([NACL[s] for s in salt.symbols])[:, None, None] * np.eye(3)
    np.testing.assert_allclose(found.charges_e, expected, atol=1e-15)
    np.testing.assert_array_equal(found.dielectric, np.eye(3))


def test_a_charged_crystal_is_refused_with_its_charge(salt):
    del salt[0]
    with pytest.raises(StructureError, match=r"would have a charge of -0\.7000 e"):
        rigid(NACL).evaluate([salt])


def test_a_background_neutralises_where_the_model_allows_it():
    model = ChargeModel("fixed", {"Na": 1.0}, background=True)
    atoms = Atoms("Na", cell=3 * np.eye(3), pbc=True)
    (found,) = ElectrostaticPotential(model, device="cpu").evaluate([atoms])
    wigner = 2.837297479  # of a simple cubic lattice of charges, halved and over a
    assert found.energy_ev == pytest.approx(-wigner / 2 / 3 * COULOMB_EV_A, rel=1e-9)


def test_a_slab_without_its_third_direction_is_refused(salt):
    salt.pbc = (True, True, False)
    with pytest.raises(StructureError, match=r"all three directions.*repeats along 2"):
        rigid(NACL).evaluate([salt])


def test_an_element_without_charge_is_named(salt):
    salt.symbols[0] = "K"
    with pytest.raises(UnsupportedElementError, match="K"):
        rigid(NACL).evaluate([salt])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "guess", "charges_e": NACL}, "mode of the electrostatics is 'guess'"),
        ({"mode": "fixed"}, "charges of the electrostatics are None"),
        ({"mode": "fixed", "charges_e": {"Xx": 1}}, "chemical symbol"),
        ({"mode": "fixed", "charges_e": {"Na": float("nan")}}, "a charge is nan"),
        ({"mode": "fixed", "charges_e": {"Na": "1"}}, "a charge is '1'"),
        ({"mode": "fixed", "charges_e": {"Na": 100}}, "at most 20"),
        ({"mode": "fixed", "charges_e": NACL, "flow_e": {"Cl-Na": [1]}}, "mode 'fixed'"),
        ({"mode": "flow", "charges_e": NACL, "cutoff_a": 1e6}, "up to 12 Å"),
        ({"mode": "flow", "charges_e": NACL, "n_radial": 10**9}, "1 to 50"),
        ({"mode": "flow", "charges_e": NACL, "flow_e": {"Na-K": [0]}}, "pairs are Cl-Na"),
        ({"mode": "flow", "charges_e": NACL, "flow_e": {"Cl-Na": [0]}}, "have 6 coefficients"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises(CheckpointError, match=message):
        ChargeModel.from_dict(settings)
