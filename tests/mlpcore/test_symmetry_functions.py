"""Symmetry functions against a second code, closed forms, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, molecule
from dscribe.descriptors import ACSF
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mlpcore.descriptors.automatic import SIZES, automatic
from mlpcore.descriptors.derivatives import describe
from mlpcore.descriptors.functions import Angular, Radial, SymmetryFunctions
from mlpcore.descriptors.values import cutoff, topology, values
from mlpcore.errors import CheckpointError, UnsupportedElementError
from mlpcore.neighbours import build_graph

RADIUS = 4.2
RADIAL = ((0.05, 0.0), (1.3, 2.1))
NARROW = ((0.02, 1.0, 1), (0.3, 4.0, -1), (0.1, 16.0, 1), (0.02, 2.5, -1))


def _triclinic() -> Atoms:
    rng = np.random.default_rng(5)
    cell = [[4.1, 0.2, 0.1], [0.7, 4.6, -0.3], [-0.9, 0.4, 5.2]]
    return Atoms("Si2C3", scaled_positions=rng.random((5, 3)), cell=cell, pbc=True)


def _boxed(name: str) -> Atoms:
    atoms = molecule(name)
    atoms.set_cell([15.0, 15.0, 15.0])
    atoms.center()
    atoms.pbc = True
    return atoms


CRYSTALS = {
    "Si": bulk("Si", "diamond", a=5.4),
    "NaCl": bulk("NaCl", "rocksalt", a=5.6),
    "H2O": _boxed("H2O"),
    "SiC, triclinic": _triclinic(),
}


def _functions(atoms: Atoms) -> SymmetryFunctions:
    """The functions in the order in which dscribe returns them."""
    numbers = sorted(set(atoms.numbers))
    symbols = [Atoms([n]).get_chemical_symbols()[0] for n in numbers]
    found: list[Radial | Angular] = [
        Radial(symbol, eta, shift, RADIUS) for symbol in symbols for eta, shift in RADIAL
    ]
    pairs = [(a, b) for i, a in enumerate(symbols) for b in symbols[: i + 1]]
    found += [
        Angular(pair, eta, zeta, sign, 0.0, RADIUS, kind)
        for pair in pairs
        for kind in ("G4", "G5")
        for eta, zeta, sign in NARROW
    ]
    return SymmetryFunctions(tuple((s, tuple(found)) for s in symbols), "cosine")


@pytest.mark.parametrize("name", CRYSTALS)
def test_values_are_those_of_dscribe(name: str) -> None:
    atoms = CRYSTALS[name].copy()
    atoms.rattle(0.07, seed=2)
    code = ACSF(
        r_cut=RADIUS,
        species=sorted(set(atoms.get_chemical_symbols())),
        g2_params=[list(pair) for pair in RADIAL],
        g4_params=[list(triple) for triple in NARROW],
        g5_params=[list(triple) for triple in NARROW],
        periodic=True,
    )
    theirs = code.create(atoms)
    ours = describe(atoms, _functions(atoms)).values
    # dscribe puts G¹ = Σ f(r) of each element before the radial functions of the element
    first = [e * (1 + len(RADIAL)) for e in range(len(set(atoms.numbers)))]
    theirs = np.delete(theirs, first, axis=1)
    assert np.abs(ours).max() > 0.1
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


def test_a_trimer_has_the_values_of_the_formulas() -> None:
    legs, angle, radius = (1.3, 1.7), np.deg2rad(104), 5.0
    positions = [
        [0, 0, 0],
        [legs[0], 0, 0],
        [legs[1] * np.cos(angle), legs[1] * np.sin(angle), 0],
    ]
    atoms = Atoms("OHH", positions=positions, cell=[20, 20, 20], pbc=True)
    third = float(np.linalg.norm(atoms.positions[1] - atoms.positions[2]))
    for kind in ("cosine", "polynomial"):
        f = [_cut(r / radius, kind) for r in (*legs, third)]
        functions: list[Radial | Angular] = [Radial("H", 0.4, 1.0, radius)]
        expected = [
            sum(np.exp(-0.4 * (r - 1.0) ** 2) * g for r, g in zip(legs, f, strict=False))
        ]
        for name in ("G4", "G5"):
            for zeta, sign in ((1.0, 1), (3.0, -1)):
                functions.append(Angular(("H", "H"), 0.1, zeta, sign, 0.2, radius, name))
                lengths = (*legs, third) if name == "G4" else legs
                weight = np.prod(f if name == "G4" else f[:2])
                weight *= np.exp(-0.1 * sum((r - 0.2) ** 2 for r in lengths))
                expected.append(2 ** (1 - zeta) * (1 + sign * np.cos(angle)) ** zeta * weight)
        by_element = (("O", tuple(functions)), ("H", tuple(functions)))
        found = describe(atoms, SymmetryFunctions(by_element, kind)).values[0]
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def _cut(x: float, kind: str) -> float:
    if kind == "cosine":
        return 0.5 * (np.cos(np.pi * x) + 1)
    return 1 - 10 * x**3 + 15 * x**4 - 6 * x**5


@pytest.mark.parametrize(("kind", "order"), [("cosine", 1), ("polynomial", 2)])
def test_cutoffs_are_as_smooth_as_promised(kind: str, order: int) -> None:
    r = torch.tensor(3.0 - 1e-9, dtype=torch.float64, requires_grad=True)
    value = cutoff(r, 3.0, kind)
    for _ in range(order):
        assert abs(value.item()) < 1e-7
        (value,) = torch.autograd.grad(value, r, create_graph=True)
    assert abs(value.item()) < 1e-7
    (beyond,) = torch.autograd.grad(value, r, create_graph=True)
    assert abs(beyond.item()) > 0.1
    assert float(cutoff(torch.tensor(3.5), 3.0, kind)) == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_moving_turning_and_renaming_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    atoms = _triclinic()
    atoms.positions += rng.normal(0, 0.1, (5, 3))
    functions = automatic(("Si", "C"), cutoff_a=4.0, size="small")
    before = describe(atoms, functions).values
    order = rng.permutation(5)
    moved = atoms[order]
    moved.positions += rng.normal(0, 3, 3)
    turn = Rotation.random(rng=rng).as_matrix()
    moved.set_cell(moved.cell.array @ turn, scale_atoms=True)
    np.testing.assert_allclose(describe(moved, functions).values, before[order], atol=1e-9)
    twice = atoms.repeat((2, 1, 1))
    np.testing.assert_allclose(
        describe(twice, functions).values, np.tile(before, (2, 1)), atol=1e-9
    )


@pytest.mark.parametrize("kind", ["cosine", "polynomial"])
def test_derivatives_for_training_are_those_of_finite_differences(kind: str) -> None:
    atoms, step = _triclinic(), 1e-5
    functions = automatic(("Si", "C"), cutoff_a=4.0, size="standard", cutoff_kind=kind)
    found = describe(atoms, functions)

    def at(shift: float, strain: float) -> np.ndarray:
        moved = atoms.copy()
        e = np.zeros((3, 3))
        e[0, 1] = strain
        moved.set_cell(moved.cell.array @ (np.eye(3) + e), scale_atoms=True)
        moved.positions[3, 2] += shift
        return describe(moved, functions).values

    slope = (at(step, 0) - at(-step, 0)) / (2 * step)
    np.testing.assert_allclose(found.by_position[:, :, 3, 2], slope, atol=2e-8)
    slope = (at(0, step) - at(0, -step)) / (2 * step)
    np.testing.assert_allclose(found.by_strain[:, :, 0, 1], slope, atol=2e-7)
    assert np.abs(found.by_position.sum(axis=2)).max() < 1e-10


def test_values_can_be_differentiated_twice() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.rattle(0.1, seed=1)
    functions = automatic(("Na", "Cl"), cutoff_a=3.6, size="small")
    graph = build_graph([atoms], functions.cutoff_a)
    where = topology(graph, functions)
    vectors = torch.as_tensor(graph.vectors_a).requires_grad_(True)
    direction = torch.linspace(-1, 1, where.width, dtype=torch.float64)

    def energy(v: torch.Tensor) -> torch.Tensor:
        return (values(v, where) @ direction).tanh().sum()

    assert torch.autograd.gradcheck(energy, vectors)
    assert torch.autograd.gradgradcheck(energy, vectors)


def test_several_structures_at_once_are_each_alone() -> None:
    functions = automatic(("Si", "C"), cutoff_a=4.0, size="small")
    several = [_triclinic(), _triclinic().repeat((1, 2, 1)), bulk("SiC", "zincblende", a=4.36)]
    graph = build_graph(several, functions.cutoff_a)
    together = values(torch.as_tensor(graph.vectors_a), topology(graph, functions)).numpy()
    alone = [describe(atoms, functions).values for atoms in several]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_automatic_sets_survive_the_way_through_json(size: str) -> None:
    functions = automatic(("Na", "Cl"), size=size)
    assert SymmetryFunctions.from_dict(functions.to_dict()) == functions
    assert len(set(functions.counts)) == 1
    assert len({str(f) for f in functions.by_element[0][1]}) == functions.counts[0]


def test_what_is_no_symmetry_function_is_refused() -> None:
    data = automatic(("Si",), size="small").to_dict()
    with pytest.raises(CheckpointError, match="cut-off function 'step'"):
        SymmetryFunctions.from_dict({**data, "cutoff_kind": "step"})
    data["by_element"]["Si"][0]["neighbour"] = "Xy"
    with pytest.raises(CheckpointError, match="Xy"):
        SymmetryFunctions.from_dict(data)
    with pytest.raises(CheckpointError, match="cannot be read"):
        SymmetryFunctions.from_dict({"cutoff_kind": "cosine"})


def test_an_unknown_element_is_told() -> None:
    with pytest.raises(UnsupportedElementError, match="Si only"):
        describe(bulk("NaCl", "rocksalt", a=5.6), automatic(("Si",)))
