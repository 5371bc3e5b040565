"""Neighbours found again without a search are those that a search would find."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcore import neighbours
from mlpcore.neighbours import NeighbourSearch, build_graph

CUTOFF_A = 4.0


def _crystal():
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


def _pairs_within_cutoff(candidates):
    """Return (atom, neighbour, vector) of all candidates within the cut-off, sorted."""
    atom = np.repeat(np.arange(len(candidates.numbers)), np.diff(candidates.first))
    position = candidates.positions_a
    vector = (
        position[candidates.neighbour] - position[atom] + candidates.image @ candidates.cell_a
    )
    near = np.linalg.norm(vector, axis=1) < CUTOFF_A
    return _sorted(atom[near], candidates.neighbour[near], vector[near])


def _sorted(source, target, vector):
    rows = np.column_stack([source, target, vector.round(6) + 0.0])
    return rows[np.lexsort(rows.T[::-1])]


@pytest.fixture
def searches(monkeypatch):
    """Count the searches made."""
    made, original = [], neighbours._search

    def counted(atoms, radius_a):
        made.append(len(atoms))
        return original(atoms, radius_a)

    monkeypatch.setattr(neighbours, "_search", counted)
    return made


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rattle=st.floats(0.0, 0.5),
    strain=st.floats(0.0, 0.15),
)
def test_moved_and_strained_crystal_has_the_pairs_of_a_fresh_search(seed, rattle, strain):
    rng = np.random.default_rng(seed)
    search, atoms = NeighbourSearch(CUTOFF_A), _crystal()
    search.find(atoms)
    deformation = np.eye(3) + rng.uniform(-strain, strain, size=(3, 3))
    atoms.set_cell(atoms.cell @ deformation, scale_atoms=True)
    atoms.positions += rng.normal(scale=rattle, size=(8, 3))
    graph = build_graph([atoms], CUTOFF_A)
    wanted = _sorted(graph.source, graph.target, graph.vectors_a)
    assert _pairs_within_cutoff(search.find(atoms)) == pytest.approx(wanted, abs=1e-5)


def test_small_moves_and_strains_need_no_search(searches):
    search, atoms = NeighbourSearch(CUTOFF_A), _crystal()
    for step in range(5):
        atoms.rattle(0.01, seed=step)
        atoms.set_cell(atoms.cell * 1.005, scale_atoms=True)
        search.find(atoms)
    assert len(searches) == 1


def test_drift_of_the_whole_crystal_needs_no_search(searches):
    search, atoms = NeighbourSearch(CUTOFF_A), _crystal()
    search.find(atoms)
    atoms.positions += 3.0
    search.find(atoms)
    assert len(searches) == 1


def test_far_moves_other_atoms_and_jumps_by_a_lattice_vector_are_searched_anew(searches):
    search, atoms = NeighbourSearch(CUTOFF_A), _crystal()
    search.find(atoms)
    atoms.positions[3] += [1.0, 0.0, 0.0]
    search.find(atoms)
    atoms.positions[2] += atoms.cell[0]
    search.find(atoms)
    atoms.numbers[0] = 19
    search.find(atoms)
    assert len(searches) == 4


def test_candidates_of_an_atom_come_by_distance():
    candidates = NeighbourSearch(CUTOFF_A).find(bulk("Cu", "fcc", a=3.6))
    vectors = candidates.image @ candidates.cell_a
    lengths = np.linalg.norm(vectors, axis=1)
    assert (np.diff(lengths.round(3)) >= 0).all()
    assert len(lengths) > 12


def test_only_the_last_lists_are_kept():
    search = NeighbourSearch(CUTOFF_A, kept=2)
    for symbol in ("Cu", "Ag", "Au"):
        search.find(bulk(symbol, "fcc", a=4.0))
    assert len(search._lists) == 2
