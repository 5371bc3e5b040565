"""Descriptors by other ways to the same numbers: automatic derivatives, other runs, float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms

from mlpcore.descriptors import values as module
from mlpcore.descriptors.automatic import automatic
from mlpcore.descriptors.derivatives import describe
from mlpcore.descriptors.functions import CUTOFF_KINDS, Angular, Radial, SymmetryFunctions
from mlpcore.descriptors.values import topology, values
from mlpcore.neighbours import build_graph

RADIUS = 3.6
MIXED: tuple[Radial | Angular, ...] = (
    Radial("C", 0.7, 1.4, RADIUS),
    Angular(("C", "Si"), 0.1, 3.0, 1, 0.4, RADIUS, "G4"),
    Angular(("Si", "C"), 0.1, 2.5, -1, 0.0, RADIUS, "G5"),
    Radial("Si", 0.3, 0.0, 3.1),
    Angular(("C", "C"), 0.2, 1.0, -1, 0.2, 3.1, "G5"),
    Angular(("Si", "C"), 0.02, 16.0, 1, 0.0, RADIUS, "G4"),
)


def _crystal() -> Atoms:
    rng = np.random.default_rng(11)
    cell = [[3.9, 0.2, 0.1], [0.7, 4.1, -0.3], [-0.9, 0.4, 4.6]]
    return Atoms("Si2C2", scaled_positions=rng.random((4, 3)), cell=cell, pbc=True)


def _functions(kind: str) -> SymmetryFunctions:
    """Silicon has all of the functions, carbon fewer and in another order."""
    return SymmetryFunctions((("Si", MIXED), ("C", MIXED[:1:-1])), kind)


@pytest.mark.parametrize("kind", CUTOFF_KINDS)
def test_derivatives_in_closed_form_are_the_automatic_ones(kind: str) -> None:
    atoms, functions = _crystal(), _functions(kind)
    graph = build_graph([atoms], functions.cutoff_a)
    where = topology(graph, functions)
    reference = torch.as_tensor(graph.vectors_a)
    source, target = torch.as_tensor(graph.source), torch.as_tensor(graph.target)

    def of(shift: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
        moved = reference + shift[target] - shift[source]
        return values(moved @ (torch.eye(3, dtype=torch.float64) + strain), where)

    start = torch.zeros(4, 3, dtype=torch.float64), torch.zeros(3, 3, dtype=torch.float64)
    by_position, by_strain = torch.autograd.functional.jacobian(of, start)
    found = describe(atoms, functions)
    np.testing.assert_allclose(found.by_position, by_position.numpy(), atol=1e-12)
    np.testing.assert_allclose(found.by_strain, by_strain.numpy(), atol=1e-12)
    assert np.abs(found.by_position[:2]).max(axis=(0, 2, 3)).min() > 1e-6


def test_second_derivatives_of_every_kind_of_function() -> None:
    functions = _functions("polynomial")
    graph = build_graph([_crystal()], functions.cutoff_a)
    where = topology(graph, functions)
    vectors = torch.as_tensor(graph.vectors_a)
    along = torch.sin(torch.arange(vectors.numel(), dtype=torch.float64)).view(vectors.shape)

    def on_the_line(step: torch.Tensor) -> torch.Tensor:
        return values(vectors + 0.1 * step * along, where).tanh().sum(dim=0)

    step = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(on_the_line, step)
    assert torch.autograd.gradgradcheck(on_the_line, step)


def test_runs_of_few_triplets_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = automatic(("Si", "C"), cutoff_a=4.0, size="small")
    graph = build_graph([_crystal()], functions.cutoff_a)
    vectors = torch.as_tensor(graph.vectors_a)
    whole = topology(graph, functions)
    monkeypatch.setattr(module, "TRIPLETS", 10)
    cut = topology(graph, functions)
    assert len(cut.angular) > len(whole.angular)
    np.testing.assert_allclose(values(vectors, cut), values(vectors, whole), atol=1e-13)


def test_single_precision_is_as_good_as_its_digits() -> None:
    functions = _functions("cosine")
    graph = build_graph([_crystal()], functions.cutoff_a)
    where = topology(graph, functions)
    vectors = torch.as_tensor(graph.vectors_a)
    single = values(vectors.float(), where)
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single, values(vectors, where), rtol=1e-5, atol=2e-5)


def test_an_atom_alone_has_zeros() -> None:
    atoms = Atoms("Si", positions=[[5, 5, 5]], cell=[20, 20, 20], pbc=True)
    found = describe(atoms, _functions("cosine"))
    assert not found.values.any()
    assert not found.by_position.any()
    assert not found.by_strain.any()
