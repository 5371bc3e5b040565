"""Curves and values of symmetry functions on the pages against the ones that are trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.build import bulk

from mlpcore.descriptors.automatic import automatic
from mlpcore.descriptors.functions import Angular, Radial
from mlpcore.descriptors.values import topology, values
from mlpcore.neighbours import build_graph
from properties import surroundings
from properties import symmetry_functions as curves
from properties.crystal import Crystal

CUTOFF_A = 4.8


def salt(rattled: float = 0.0) -> Crystal:
    atoms = bulk("NaCl", "rocksalt", 5.64)
    if rattled:
        atoms.rattle(rattled, seed=3)
    return Crystal.from_atoms(atoms)


@pytest.mark.parametrize("kind", ["cosine", "polynomial"])
def test_values_are_those_of_the_networks(kind):
    crystal = salt(0.2)
    functions = automatic(("Na", "Cl"), CUTOFF_A, "small", kind)
    graph = build_graph([crystal.to_atoms()], CUTOFF_A)
    expected = values(torch.tensor(graph.vectors_a), topology(graph, functions)).numpy()
    found = [
        [curves.value(crystal, atom, f, kind) for f in functions.by_element[atom][1]]
        for atom in range(2)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_narrow_functions_with_and_without_the_far_side():
    crystal = salt(0.2)
    for kind in ("G4", "G5"):
        function = Angular(("Na", "Cl"), 0.05, 3.0, -1, 0.4, CUTOFF_A, kind)
        functions = automatic(("Na", "Cl"), CUTOFF_A)
        functions = type(functions)((("Na", (function,)), ("Cl", (function,))), "cosine")
        graph = build_graph([crystal.to_atoms()], CUTOFF_A)
        expected = values(torch.tensor(graph.vectors_a), topology(graph, functions)).numpy()
        found = curves.of_every_atom(crystal, function, "cosine")
        np.testing.assert_allclose(found, expected[:, 0], rtol=1e-10)


def test_rocksalt_has_its_textbook_shells():
    view = curves.radial(salt(), 0, Radial("Cl", 0.0, 0.0, 5.0), "cosine")
    (shells,) = view.sticks
    np.testing.assert_allclose(shells.x, [2.82, 2.82 * np.sqrt(3)], atol=1e-6)
    assert shells.count.tolist() == [6, 8]
    np.testing.assert_allclose(shells.height, 0.5 * (np.cos(np.pi * shells.x / 5) + 1))
    assert view.value == pytest.approx(float(np.sum(shells.count * shells.height)))


def test_rocksalt_has_its_textbook_angles():
    around = surroundings.of_atom(salt(), 0, 2.9)
    places, _, counts = surroundings.gathered(around.angles_deg, around.angles_deg, 0.05)
    np.testing.assert_allclose(places, [90.0, 180.0], atol=1e-5)
    assert counts.tolist() == [12, 3]
    np.testing.assert_allclose(np.unique(around.third_a.round(6)), [3.988082, 5.64])


def test_angles_beyond_the_far_side_do_not_count_in_g4():
    three = curves.angular(salt(), 0, Angular(("Cl", "Cl"), 0, 1, 1, 0, 4.5, "G4"), "cosine")
    two = curves.angular(salt(), 0, Angular(("Cl", "Cl"), 0, 1, 1, 0, 4.5, "G5"), "cosine")
    assert (three.count, two.count) == (12, 12)
    assert three.value < two.value
    np.testing.assert_allclose(two.contributions.height.sum(), two.value)


def test_nothing_within_the_cutoff_is_zero_and_drawn():
    view = curves.radial(salt(), 0, Radial("Na", 1.0, 0.0, 2.0), "cosine")
    assert (view.value, view.count, len(view.sticks[0].x)) == (0.0, 0, 0)
    far = curves.angular(salt(), 0, Angular(("Na", "Na"), 0, 1, 1, 0, 2.0, "G4"), "cosine")
    assert (far.value, far.count) == (0.0, 0)


def test_equal_atoms_are_offered_once():
    assert curves.different_atoms(Crystal.from_atoms(bulk("Si", a=5.43))) == (0,)
    assert curves.different_atoms(salt()) == (0, 1)


def test_the_whole_set_is_counted():
    view = curves.automatic_set(salt(), 1, 6.0, "small", "cosine")
    total = automatic(("Na", "Cl"), 6.0, "small").counts[1]
    assert view.n_radial + view.n_angular == total
    assert 2 * len(view.radial) == view.n_radial
    assert view.distances.count[0] == 6
