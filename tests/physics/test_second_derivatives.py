"""Second derivatives that symmetry filled in, against differences of forces."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcore import registry
from properties import symmetry
from properties.elasticity import hessian, voigt
from properties.elasticity.hessian import second_derivatives
from properties.examples import example
from properties.progress import MemoryPieces, Silent

STEP_A, STEP = 2e-3, 5e-4


@pytest.fixture(scope="module")
def potential():
    return registry.load("sevennet-l3i5", device="cpu", dtype="float64")


@pytest.fixture(scope="module", params=["Si", "Mg", "SiO2"])
def crystal(request):
    return symmetry.analyse(example(request.param).crystal).primitive


@pytest.fixture(scope="module")
def exact(crystal, potential):
    return second_derivatives(crystal, potential, Silent(), MemoryPieces())


def test_force_constants_are_differences_of_forces(crystal, potential, exact):
    atoms = crystal.to_atoms()
    for atom, axis in ((0, 0), (0, 2), (len(crystal) - 1, 1)):
        moved = [atoms.copy(), atoms.copy()]
        for copy, sign in zip(moved, (1, -1), strict=True):
            copy.positions[atom, axis] += sign * STEP_A
        plus, minus = (e.forces_ev_per_a for e in potential.evaluate(moved))
        row = -(plus - minus) / (2 * STEP_A)
        assert exact.position_position[atom, axis] == pytest.approx(row, abs=2e-3)


@pytest.mark.parametrize("component", range(6))
def test_strain_blocks_are_differences_of_stress_and_forces(
    crystal, potential, exact, component
):
    pair = voigt.PAIRS[component]
    strain = np.zeros((3, 3))
    strain[pair] += STEP / 2
    strain[pair[::-1]] += STEP / 2
    energies, gradients = [], []
    for sign in (1, 0, -1):
        atoms, deformation = crystal.to_atoms(), np.eye(3) + sign * strain
        atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
        (found,) = potential.evaluate([atoms])
        energies.append(found.energy_ev)
        gradients.append(-found.forces_ev_per_a @ deformation.T)
    by_atoms = (gradients[0] - gradients[2]) / (2 * STEP)
    curvature = (energies[0] - 2 * energies[1] + energies[2]) / STEP**2
    assert exact.strain_position[pair] == pytest.approx(by_atoms, abs=2e-3)
    assert exact.strain_strain[pair][pair] == pytest.approx(curvature, rel=1e-3)


def test_symmetric_crystals_need_few_rows(crystal):
    most = {2: 5, 9: 9}[len(crystal)]
    assert len(hessian._Plan.of(crystal).keys()) <= most
