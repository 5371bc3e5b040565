"""CHGNet's graph and numbers against the package's own converter and forward pass."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, fcc111
from pymatgen.core import Lattice, Structure

from mlpcore import registry
from mlpcore.chgnet_graph import build_bond_graph, pairs_within_groups
from mlpcore.errors import StructureError
from mlpcore.potential import groups_up_to

ELEMENTS = ["H", "C", "O", "Na", "Al", "Si", "Fe", "Sr", "I", "Pu"]
GPA = 160.21766208
"""eV/Å³, as the package has it."""


@cache
def potential(dtype="float64"):
    return registry.load("chgnet-0.3.0", device="cpu", dtype=dtype)


def random_crystal(seed):
    """1 to 12 atoms in a cell of any shape and handedness, some of them outside of it."""
    rng = np.random.default_rng(seed)
    n_atoms = int(rng.integers(1, 13))
    cell = np.eye(3) + 0.5 * rng.uniform(-1, 1, (3, 3))
    if seed % 2:
        cell[0] *= -1
    volume = n_atoms * rng.uniform(6, 40)
    cell *= (volume / abs(np.linalg.det(cell))) ** (1 / 3)
    symbols = rng.choice(ELEMENTS, n_atoms)
    return Atoms(
        symbols, scaled_positions=rng.uniform(-1, 2, (n_atoms, 3)), cell=cell, pbc=True
    )


def converted(atoms):
    """The package's graph."""
    structure = Structure(
        Lattice(np.array(atoms.cell), pbc=atoms.pbc),
        atoms.get_chemical_symbols(),
        atoms.get_scaled_positions(wrap=False),
    )
    return potential()._model.graph_converter(structure)


def reference(atoms):
    """Energy, forces and stress of the package, its inputs in double precision."""
    model, graph = potential()._model, converted(atoms)
    graph.lattice = torch.tensor(np.array(atoms.cell))
    fractions = atoms.get_scaled_positions(wrap=False)
    graph.atom_frac_coord = torch.tensor(fractions, requires_grad=True)
    graph.neighbor_image = graph.neighbor_image.double()
    composition, model.composition_model = model.composition_model, None
    try:
        found = model([graph], task="efs")
    finally:
        model.composition_model = composition
    counts = torch.bincount(graph.atomic_number - 1, minlength=94).double()
    energy = found["e"].item() * len(atoms) + composition.fc(counts).item()
    # over a volume that is negative in a left-handed cell
    handedness = np.sign(np.linalg.det(atoms.cell))
    stress = handedness * found["s"][0].detach().numpy() / GPA
    return energy, found["f"][0].detach().numpy(), (stress + stress.T) / 2


def edges_of(atoms):
    """Our directed edges as (centre, neighbour, image), and the graph itself."""
    graph = build_bond_graph([atoms], 6.0, 3.0)
    vectors = np.concatenate([graph.vectors_a, -graph.vectors_a])
    shifts = vectors - atoms.positions[graph.neighbours] + atoms.positions[graph.centres]
    images = np.rint(shifts @ np.linalg.inv(atoms.cell)).astype(int)
    np.testing.assert_allclose(images @ atoms.cell, shifts, atol=1e-9)
    edges = np.column_stack([graph.centres, graph.neighbours, images])
    return [tuple(edge) for edge in edges.tolist()], graph


def theirs(atoms):
    """Directed edges of the package in the same form, and its graph."""
    graph = converted(atoms)
    images = graph.neighbor_image.numpy().astype(int)
    edges = np.column_stack([graph.atom_graph.reshape(-1, 2).numpy(), images])
    return [tuple(edge) for edge in edges.tolist()], graph


def grouped(edges, undirected):
    """Which directed edges are one bond."""
    bonds = {}
    for edge, bond in zip(edges, undirected, strict=True):
        bonds.setdefault(bond, set()).add(edge)
    return {frozenset(bond) for bond in bonds.values()}


@pytest.mark.parametrize("seed", range(120))
def test_graph_is_that_of_the_package_up_to_order(seed):
    atoms = random_crystal(seed)
    our_edges, ours = edges_of(atoms)
    their_edges, package = theirs(atoms)
    assert sorted(our_edges) == sorted(their_edges)
    bond_of = list(range(ours.n_bonds)) * 2
    assert grouped(our_edges, bond_of) == grouped(
        their_edges, package.directed2undirected.tolist()
    )
    short = [*our_edges[: ours.n_short], *our_edges[ours.n_bonds :][: ours.n_short]]
    our_angles = sorted((short[a], short[b]) for a, b in ours.angles.tolist())
    pairs = package.bond_graph.reshape(-1, 5)[:, [2, 4]].tolist()
    assert our_angles == sorted((their_edges[a], their_edges[b]) for a, b in pairs)


def test_random_crystals_have_self_images_angles_and_none():
    graphs = [build_bond_graph([random_crystal(seed)], 6.0, 3.0) for seed in range(120)]
    assert sum(len(graph.numbers) == 1 for graph in graphs) > 3
    assert sum(len(graph.angles) == 0 for graph in graphs) > 3
    assert sum(len(graph.angles) > 100 for graph in graphs) > 30


def slab():
    atoms = fcc111("Al", (1, 1, 3), vacuum=5.0, periodic=True)
    atoms.pbc = [True, True, False]
    return atoms


SHELLS_AT_CUTOFFS = Atoms("Fe", cell=3 * np.eye(3), pbc=True)
"""Neighbours at 3 and 6 Å exactly."""
CRYSTALS = {
    **{f"random {seed}": random_crystal(seed) for seed in range(30)},
    "one atom": bulk("Al"),
    "cutoffs": SHELLS_AT_CUTOFFS,
    "sparse": bulk("Cs", "bcc", a=6.2),
    "slab": slab(),
    "supercell": bulk("MgO", "rocksalt", a=4.2, cubic=True) * (2, 2, 1),
}


@pytest.mark.parametrize("name", CRYSTALS)
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_numbers_are_those_of_the_package_in_double_precision(name):
    atoms = CRYSTALS[name]
    energy, forces, stress = reference(atoms)
    (found,) = potential().evaluate([atoms])
    largest = max(1.0, np.abs(forces).max())
    assert found.energy_ev == pytest.approx(energy, rel=0, abs=1e-11 * len(atoms))
    np.testing.assert_allclose(found.forces_ev_per_a, forces, rtol=0, atol=1e-10 * largest)
    # the package divides by the volume in single precision
    np.testing.assert_allclose(found.stress_ev_per_a3, stress, rtol=2e-7, atol=1e-10)


def test_single_precision_is_as_exact_as_the_package():
    from chgnet.model import CHGNet

    package = CHGNet.load(model_name="0.3.0", use_device="cpu", verbose=False)
    crystals = [bulk("Si") * 2, bulk("Al") * 2, CRYSTALS["supercell"], bulk("C") * 2]
    for seed, atoms in enumerate(crystals):
        atoms.rattle(0.05, seed=seed)
    errors, package_errors = [], []
    for atoms, exact in zip(crystals, potential().evaluate(crystals), strict=True):
        (rounded,) = potential("float32").evaluate([atoms])
        other = package([converted(atoms)], task="ef")
        assert rounded.energy_ev == pytest.approx(exact.energy_ev, rel=0, abs=3e-6 * len(atoms))
        errors.append(rounded.forces_ev_per_a - exact.forces_ev_per_a)
        package_errors.append(other["f"][0].detach().numpy() - exact.forces_ev_per_a)
    ours, their = (np.sqrt(np.mean(np.concatenate(e) ** 2)) for e in (errors, package_errors))
    assert 0 < ours < 1.5 * their
    assert ours < 3e-5


def test_batches_are_evaluated_in_graphs_of_a_bounded_size(monkeypatch):
    sizes = []
    model = potential("float32")
    evaluate_group = model._evaluate_group

    def counted(group):
        sizes.append(sum(len(atoms) for atoms in group))
        return evaluate_group(group)

    monkeypatch.setattr(model, "_evaluate_group", counted)
    big = bulk("Na", cubic=True) * (3, 3, 4)
    found = model.evaluate([bulk("Si")] * 33 + [big])
    assert len(found) == 34
    assert sizes == [64, 2, 72]
    assert len(found[-1].forces_ev_per_a) == 72


def test_groups_keep_the_order_and_never_are_empty():
    batch = [bulk("Si"), bulk("Al"), bulk("Si", cubic=True), bulk("Al")]
    assert groups_up_to(3, batch) == [batch[:2], batch[2:3], batch[3:]]
    assert groups_up_to(1, batch) == [[atoms] for atoms in batch]
    assert groups_up_to(100, batch) == [batch]
    assert groups_up_to(100, []) == []


def test_one_graph_of_many_equals_their_own_graphs():
    batch = [random_crystal(seed) for seed in range(8)]
    together = potential()._evaluate_group(batch)
    for atoms, one in zip(batch, together, strict=True):
        (alone,) = potential()._evaluate_group([atoms])
        largest = max(1.0, np.abs(alone.forces_ev_per_a).max())
        assert one.energy_ev == pytest.approx(alone.energy_ev, rel=0, abs=1e-10)
        np.testing.assert_allclose(
            one.forces_ev_per_a, alone.forces_ev_per_a, rtol=0, atol=1e-10 * largest
        )
        np.testing.assert_allclose(
            one.stress_ev_per_a3, alone.stress_ev_per_a3, rtol=0, atol=1e-10 * largest
        )


def test_an_atom_without_neighbours_is_refused_alone_and_in_a_batch():
    lonely = bulk("Ar", "fcc", a=9.0)
    message = r"neighbours within 6 Å, such as one of Ar in Ar\. Choose a denser structure"
    with pytest.raises(StructureError, match=message):
        potential().energy_function(lonely)
    with pytest.raises(StructureError, match=message):
        potential().evaluate([bulk("Si"), lonely, bulk("Al")])
    with pytest.raises(ValueError, match="isolated"):
        converted(lonely)


def test_pairs_within_groups_are_all_ordered_pairs():
    group = np.array([4, 1, 4, 4, 0, 1])
    expected = [[a, b] for a in range(6) for b in range(6) if a != b and group[a] == group[b]]
    assert sorted(pairs_within_groups(group).tolist()) == expected
    assert pairs_within_groups(np.array([], dtype=np.int64)).shape == (0, 2)
