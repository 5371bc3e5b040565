"""What every registered potential must fulfil, whatever its kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.build import bulk, make_supercell
from scipy.spatial.transform import Rotation

from mlpcore import registry
from mlpcore.errors import UnsupportedElementError

STEP = 5e-5
"""Å, or strain; the error of a central difference is near 1e-8 with it."""


def displaced(atoms, atom, axis, distance):
    moved = atoms.copy()
    moved.positions[atom, axis] += distance
    return moved


def strained(atoms, strain):
    moved = atoms.copy()
    moved.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    return moved


def unit_strain(i, j):
    strain = np.zeros((3, 3))
    strain[i, j] += 0.5
    strain[j, i] += 0.5
    return strain


def central_differences(potential, pairs):
    """Slopes of the energy from (minus, plus) pairs of structures."""
    found = potential.evaluate([atoms for pair in pairs for atoms in pair])
    energies = np.array([one.energy_ev for one in found]).reshape(-1, 2)
    return (energies[:, 1] - energies[:, 0]) / (2 * STEP)


def rotated(atoms, rotation):
    turned = atoms.copy()
    turned.set_cell(atoms.cell @ rotation.T)
    turned.positions = atoms.positions @ rotation.T
    return turned


def test_forces_are_minus_the_slope_of_the_energy(potential, crystal):
    (found,) = potential.evaluate([crystal])
    pairs = [
        [displaced(crystal, atom, axis, sign * STEP) for sign in (-1, 1)]
        for atom in range(len(crystal))
        for axis in range(3)
    ]
    slopes = central_differences(potential, pairs).reshape(-1, 3)
    assert np.abs(found.forces_ev_per_a).max() > 0.1
    np.testing.assert_allclose(found.forces_ev_per_a, -slopes, atol=1e-6)


def test_stress_is_the_slope_of_the_energy_by_strain(potential, crystal):
    (found,) = potential.evaluate([crystal])
    components = [(i, j) for i in range(3) for j in range(i, 3)]
    pairs = [
        [strained(crystal, sign * STEP * unit_strain(i, j)) for sign in (-1, 1)]
        for i, j in components
    ]
    slopes = central_differences(potential, pairs) / crystal.cell.volume
    own = [found.stress_ev_per_a3[i, j] for i, j in components]
    assert np.abs(own).max() > 1e-3
    np.testing.assert_allclose(own, slopes, atol=1e-6)


def test_stress_is_symmetric_and_forces_add_up_to_zero(potential, crystal):
    (found,) = potential.evaluate([crystal])
    np.testing.assert_allclose(found.stress_ev_per_a3, found.stress_ev_per_a3.T, atol=1e-14)
    np.testing.assert_allclose(found.forces_ev_per_a.sum(axis=0), 0, atol=1e-10)


def test_proper_rotations_turn_forces_and_stress_with_the_crystal(potential, crystal):
    """To rounding in double precision, which stored single-precision symbols would miss."""
    rotation = Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
    before, after = potential.evaluate([crystal, rotated(crystal, rotation)])
    assert after.energy_ev == pytest.approx(before.energy_ev, rel=0, abs=1e-11)
    np.testing.assert_allclose(
        after.forces_ev_per_a, before.forces_ev_per_a @ rotation.T, rtol=0, atol=2e-12
    )
    np.testing.assert_allclose(
        after.stress_ev_per_a3,
        rotation @ before.stress_ev_per_a3 @ rotation.T,
        rtol=0,
        atol=1e-12,
    )


def test_a_mirror_image_has_nearly_the_same_energy(potential, crystal):
    """SevenNet knows rotations but not inversion; CHGNet, made of distances, knows both."""
    before, after = potential.evaluate([crystal, rotated(crystal, -np.eye(3))])
    limit = 1e-9 if potential.engine == "chgnet" else 1e-3
    assert after.energy_ev == pytest.approx(before.energy_ev, rel=0, abs=limit * len(crystal))


def test_translation_and_choice_of_images_change_nothing(potential, crystal):
    moved = crystal.copy()
    moved.positions += [0.37, -1.9, 5.3]
    moved.wrap()
    before, after = potential.evaluate([crystal, moved])
    assert after.energy_ev == pytest.approx(before.energy_ev, rel=0, abs=1e-9)
    np.testing.assert_allclose(after.forces_ev_per_a, before.forces_ev_per_a, atol=1e-8)


def test_order_of_atoms_changes_nothing(potential, crystal):
    before, after = potential.evaluate([crystal, crystal[[1, 0]]])
    assert after.energy_ev == pytest.approx(before.energy_ev, rel=0, abs=1e-9)
    np.testing.assert_allclose(after.forces_ev_per_a[::-1], before.forces_ev_per_a, atol=1e-8)


def test_twice_the_crystal_has_twice_the_energy(potential, crystal):
    double = make_supercell(crystal, np.diag([2, 1, 1]))
    before, after = potential.evaluate([crystal, double])
    assert after.energy_ev == pytest.approx(2 * before.energy_ev, rel=0, abs=1e-8)
    np.testing.assert_allclose(after.stress_ev_per_a3, before.stress_ev_per_a3, atol=1e-10)


def test_a_batch_equals_its_structures_one_by_one(potential, crystal):
    other = make_supercell(crystal, np.diag([1, 2, 1]))
    together = potential.evaluate([crystal, other, crystal])
    for one, atoms in zip(together, (crystal, other, crystal), strict=True):
        (alone,) = potential.evaluate([atoms])
        assert one.energy_ev == pytest.approx(alone.energy_ev, rel=0, abs=1e-9)
        np.testing.assert_allclose(one.forces_ev_per_a, alone.forces_ev_per_a, atol=1e-9)
        np.testing.assert_allclose(one.stress_ev_per_a3, alone.stress_ev_per_a3, atol=1e-10)


def variables(potential, n_atoms):
    options = {"dtype": torch.float64, "device": potential.device, "requires_grad": True}
    return torch.zeros(n_atoms, 3, **options), torch.zeros(3, 3, **options)


def test_energy_function_agrees_with_evaluate(potential, crystal):
    """Two codes where our engine serves; on silicon their stresses differ by 2e-10 eV/Å³."""
    u, strain = variables(potential, len(crystal))
    energy = potential.energy_function(crystal)(u, strain)
    by_u, by_strain = torch.autograd.grad(energy, [u, strain])
    (found,) = potential.evaluate([crystal])
    assert energy.item() == pytest.approx(found.energy_ev, rel=0, abs=1e-9)
    np.testing.assert_allclose(-by_u.numpy(), found.forces_ev_per_a, atol=1e-8)
    symmetric = (by_strain + by_strain.T).numpy() / 2 / crystal.cell.volume
    np.testing.assert_allclose(symmetric, found.stress_ev_per_a3, atol=1e-9)


def test_energy_function_moves_atoms_and_cell_as_it_says(potential, crystal):
    rng = np.random.default_rng(3)
    u = 1e-3 * rng.normal(size=(len(crystal), 3))
    strain = 1e-3 * rng.normal(size=(3, 3))
    energy = potential.energy_function(crystal)(torch.tensor(u), torch.tensor(strain))
    moved = crystal.copy()
    moved.positions += u
    moved = strained(moved, strain)
    (found,) = potential.evaluate([moved])
    assert energy.item() == pytest.approx(found.energy_ev, rel=0, abs=1e-6)


def test_second_derivatives_are_slopes_of_forces_and_stress(potential, crystal):
    assert potential.info.twice_differentiable
    u, strain = variables(potential, len(crystal))
    energy = potential.energy_function(crystal)(u, strain)
    (by_u,) = torch.autograd.grad(energy, [u], create_graph=True)
    row_u, row_strain = torch.autograd.grad(by_u[1, 2], [u, strain])
    step = 1e-5  # Å; CHGNet's third derivatives vary so fast that 1e-4 would be too long
    minus, plus = potential.evaluate([displaced(crystal, 1, 2, s * step) for s in (-1, 1)])
    forces = (plus.forces_ev_per_a - minus.forces_ev_per_a) / (2 * step)
    stress = (plus.stress_ev_per_a3 - minus.stress_ev_per_a3) / (2 * step)
    np.testing.assert_allclose(row_u.numpy(), -forces, atol=1e-5)
    symmetric = (row_strain + row_strain.T).numpy() / 2
    np.testing.assert_allclose(symmetric, stress * crystal.cell.volume, atol=1e-5)


def test_calculator_gives_the_same_through_ase(potential, crystal):
    (found,) = potential.evaluate([crystal])
    crystal.calc = potential.calculator()
    assert crystal.get_potential_energy() == found.energy_ev
    np.testing.assert_array_equal(crystal.get_forces(), found.forces_ev_per_a)
    np.testing.assert_allclose(crystal.get_stress(voigt=False), found.stress_ev_per_a3)


def test_unknown_elements_are_named(potential):
    radium = bulk("Ra", "bcc", a=5.1)
    known = len(potential.info.elements)
    with pytest.raises(
        UnsupportedElementError, match=rf"was not trained on Ra\. It knows {known}"
    ):
        potential.evaluate([radium])
    with pytest.raises(UnsupportedElementError, match="choose a structure made of those"):
        potential.energy_function(radium)


def test_a_potential_has_as_many_members_as_the_registry_says(potential, crystal):
    assert len(potential.members) == potential.info.n_members
    if potential.info.n_members == 1:
        assert potential.members == (potential,)
    (members,) = potential.evaluate_members([crystal])
    (found,) = potential.evaluate([crystal])
    assert members.mean.energy_ev == pytest.approx(found.energy_ev, rel=0, abs=1e-9)
    np.testing.assert_allclose(members.mean.forces_ev_per_a, found.forces_ev_per_a, atol=1e-9)


UPSTREAM_SEVENNET = {
    "sevennet-l3i5": ("7net-l3i5", None),
    "sevennet-0": ("7net-0", None),
    "sevennet-mf-0-pbe": ("7net-mf-0", "PBE"),
    "sevennet-mf-0-r2scan": ("7net-mf-0", "R2SCAN"),
}


def upstream_calculator(name):
    if name in UPSTREAM_SEVENNET:
        from sevenn.calculator import SevenNetCalculator

        model, modal = UPSTREAM_SEVENNET[name]
        return SevenNetCalculator(model=model, modal=modal, device="cpu")
    from chgnet.model import CHGNet, CHGNetCalculator

    model = CHGNet.load(
        model_name=name.removeprefix("chgnet-"), use_device="cpu", verbose=False
    )
    return CHGNetCalculator(model=model, use_device="cpu")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", [model.name for model in registry.universal_models()], indirect=True
)
def test_agrees_with_the_calculator_of_its_authors(single, name, crystal):
    (found,) = single.evaluate([crystal])
    theirs = crystal.copy()
    theirs.calc = upstream_calculator(name)
    assert found.energy_ev == pytest.approx(theirs.get_potential_energy(), rel=0, abs=1e-4)
    np.testing.assert_allclose(found.forces_ev_per_a, theirs.get_forces(), atol=1e-5)
    np.testing.assert_allclose(
        found.stress_ev_per_a3, theirs.get_stress(voigt=False), atol=1e-5
    )


def test_single_precision_is_close_to_double(potential, single, crystal):
    (exact,), (rounded,) = potential.evaluate([crystal]), single.evaluate([crystal])
    assert rounded.energy_ev == pytest.approx(exact.energy_ev, rel=0, abs=1e-4)
    np.testing.assert_allclose(rounded.forces_ev_per_a, exact.forces_ev_per_a, atol=2e-4)
