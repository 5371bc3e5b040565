"""The LO–TO splitting of rigid ions: in full, and by phonopy from the model's own charges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms
from scipy import constants

from mlpcore.composition import SumPotential
from mlpcore.electrostatics import ChargeModel, ElectrostaticPotential
from mlpcore.electrostatics.ewald import Pairs
from mlpcore.potential import Evaluation, ModelCharges, Potential
from mlpcore.units import COULOMB_EV_A

CHARGE_E, LATTICE_A = 0.8, 5.6
THZ = np.sqrt(constants.eV / constants.atomic_mass) / constants.angstrom / (2e12 * np.pi)


class BornMayer(Potential):
    """Repulsion of nearest neighbours, A exp(−r/ρ), that holds the lattice at its constant."""

    device, dtype = torch.device("cpu"), torch.float64
    engine, memory_per_atom_mb = "Born–Mayer", 1.0
    rho_a = 0.32

    def __init__(self, info):
        self.info = info
        nearest = LATTICE_A / 2
        pull = 1.747564594633 * CHARGE_E**2 * COULOMB_EV_A / nearest**2
        self.strength_ev = pull * self.rho_a / 6 * np.exp(nearest / self.rho_a)

    def energy_function(self, atoms):
        pairs = Pairs.within(atoms, 0.6 * LATTICE_A, self.device)

        def energy(displacement, strain):
            distance = pairs.moved(displacement, strain).norm(dim=1)
            return self.strength_ev / 2 * torch.exp(-distance / self.rho_a).sum()

        return energy

    def evaluate(self, batch):
        return [self._evaluate(atoms) for atoms in batch]

    def _evaluate(self, atoms):
        u = torch.zeros(len(atoms), 3, dtype=torch.float64, requires_grad=True)
        strain = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
        energy = self.energy_function(atoms)(u, strain)
        gradient, virial = torch.autograd.grad(energy, (u, strain))
        return Evaluation(energy.item(), -gradient.numpy(), virial.numpy() / atoms.cell.volume)


@pytest.fixture(scope="module")
def crystal():
    return bulk("NaCl", "rocksalt", a=LATTICE_A)


def salt_of(charges):
    electrostatics = ElectrostaticPotential(charges, device="cpu")
    return SumPotential((electrostatics, BornMayer(electrostatics.info)), electrostatics.info)


@pytest.fixture(scope="module")
def ionic():
    return salt_of(ChargeModel("fixed", {"Na": CHARGE_E, "Cl": -CHARGE_E}))


@pytest.fixture(scope="module")
def phonons(ionic, crystal):
    return by_phonopy(ionic, ionic.born_charges(crystal))


def by_phonopy(potential, charges):
    """Phonopy's, from finite displacements in 64 atoms and the given charges."""
    cubic = bulk("NaCl", "rocksalt", a=LATTICE_A, cubic=True)
    cell = PhonopyAtoms(
        symbols=cubic.get_chemical_symbols(),
        cell=cubic.cell.array,
        scaled_positions=cubic.get_scaled_positions(),
    )
    found = Phonopy(cell, 2 * np.eye(3), primitive_matrix="F", log_level=0)
    found.generate_displacements(distance=0.01)
    displaced = [
        Atoms(c.symbols, cell=c.cell, positions=c.positions, pbc=True)
        for c in found.supercells_with_displacements
    ]
    found.forces = [answer.forces_ev_per_a for answer in potential.evaluate(displaced)]
    found.produce_force_constants()
    found.nac_params = {
        "born": charges.charges_e,
        "dielectric": charges.dielectric,
        "factor": COULOMB_EV_A,
    }
    return found


def in_full(ionic, crystal, repeats):
    """Frequencies of all waves that fit into a supercell, in THz, ascending."""
    supercell = crystal * repeats
    energy, strain = ionic.energy_function(supercell), torch.zeros(3, 3).double()
    at = torch.zeros(len(supercell), 3).double()
    hessian = torch.autograd.functional.hessian(lambda u: energy(u, strain), at)
    inverse = np.repeat(supercell.get_masses() ** -0.5, 3)
    matrix = hessian.reshape(len(inverse), -1).numpy() * np.outer(inverse, inverse)
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    return np.sign(values) * np.sqrt(np.abs(values)) * THZ


def test_the_lattice_is_at_rest(ionic, crystal):
    (found,) = ionic.evaluate([crystal])
    np.testing.assert_allclose(found.stress_ev_per_a3, 0, atol=1e-8)
    np.testing.assert_allclose(found.forces_ev_per_a, 0, atol=1e-9)


def test_the_splitting_is_that_of_lyddane_sachs_and_teller(ionic, crystal, phonons):
    (transverse,) = {round(f, 9) for f in in_full(ionic, crystal, (1, 1, 1))[3:]}
    reduced = 1 / (1 / crystal.get_masses()).sum()
    plasma = 4 * np.pi * COULOMB_EV_A * CHARGE_E**2 / crystal.cell.volume / reduced
    longitudinal = np.sqrt(transverse**2 + plasma * THZ**2)
    phonons.run_qpoints([[0, 0, 0]], nac_q_direction=[1, 0, 0])
    found = phonons.qpoints.frequencies[0, 3:]
    np.testing.assert_allclose(found, [transverse, transverse, longitudinal], rtol=2e-4)
    assert longitudinal > 1.5 * transverse


def test_long_waves_of_a_long_supercell_are_those_of_phonopy_with_its_charges(
    ionic, crystal, phonons
):
    """A wave of ten cells, computed in full, has the LO branch that phonopy draws there."""
    n_cells = 10
    full = in_full(ionic, crystal, (1, 1, n_cells))
    phonons.run_qpoints([[0, 0, k / n_cells] for k in range(n_cells)])
    by_phonopy = phonons.qpoints.frequencies
    np.testing.assert_allclose(full[3:], np.sort(by_phonopy.ravel())[3:], atol=5e-3)


def test_flow_splits_by_its_born_charges_not_by_its_charges(crystal):
    flowing = salt_of(
        ChargeModel(
            "flow", {"Cl": -0.8, "Na": 0.8}, {("Cl", "Na"): [0.1, -0.06, 0.08, 0.02]}, 4.5
        )
    )
    born = flowing.born_charges(crystal)
    static = flowing.terms[0].atomic_charges(crystal)
    found = []
    for charges in (born.charges_e, static[:, None, None] * np.eye(3)):
        phonons = by_phonopy(flowing, ModelCharges(charges, np.eye(3)))
        phonons.run_qpoints([[0, 0, 0.05]])
        found.append(phonons.qpoints.frequencies[0, -1])
    wanted = in_full(flowing, crystal, (1, 1, 20))[-1]
    assert found[0] == pytest.approx(wanted, abs=2e-3)
    assert abs(found[1] - wanted) > 0.05
