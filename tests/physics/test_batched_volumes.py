"""Displaced supercells in groups: the same numbers, and nothing that a user would miss."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from lennard_jones import LennardJones

from mlpcore.errors import Cancelled, FitError
from properties import relax
from properties.crystal import Crystal
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations import batches
from properties.vibrations.phonons import (
    MEMORY_BUDGET_MB,
    choose_supercell,
    phonons,
    supercell_dtype,
)
from properties.vibrations.thermal import thermal_expansion

N_STRAINED = 4
QUICK = dataclasses.replace(PRESETS["quick"], supercell_length_a=8.0, mesh_length_a=30.0)


class Heard(Silent):
    """Remembers how far the work was said to be; stops it at a number of displacements."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.steps: list[tuple[int, int, str]] = []
        self._stop_at = stop_at

    def advance(self, stage, done, total, what):
        self.steps.append((done, total, what))
        if what.startswith("displace") and done == self._stop_at:
            raise Cancelled("Stopped by the test.")


@pytest.fixture(scope="module")
def relaxed(hcp):
    """Close-packed layers of two elements in turn: several displacements a volume."""
    pure = hcp()
    crystal = Crystal(pure.lattice_a, np.array([29, 47]), pure.fractional)
    return relax.relax_crystal(crystal, LennardJones(), QUICK, Silent()).primitive


def expansion(crystal, potential, monitor=None, pieces=None):
    keep = MemoryPieces() if pieces is None else pieces
    return thermal_expansion(crystal, potential, potential, QUICK, monitor or Silent(), keep)


@pytest.fixture(scope="module")
def one_by_one(relaxed):
    potential = LennardJones()
    return expansion(relaxed, potential), potential


def supercells(potential):
    """Sizes of the groups of displaced supercells that were evaluated."""
    return [len(batch) for batch in potential.batches if batch[0] > 2]


def test_groups_hold_as_many_atoms_as_the_potential_bears():
    sizes = {"a": 4, "b": 4, "c": 9, "d": 1, "e": 1}
    atoms = {key: range(size) for key, size in sizes.items()}
    assert list(batches.groups(atoms, 8)) == [["a", "b"], ["c"], ["d", "e"]]
    assert list(batches.groups(atoms, 1)) == [["a"], ["b"], ["c"], ["d"], ["e"]]
    assert list(batches.groups(atoms, 19)) == [list(sizes)]
    assert list(batches.groups({}, 8)) == []


def test_volumes_share_groups_and_the_numbers_stay(relaxed, one_by_one):
    """Two displacements a cell: the relaxed volume alone, then four volumes together, then
    four cells strained along the axes."""
    alone, single = one_by_one
    n_atoms = choose_supercell(relaxed, QUICK).n_atoms
    grouped = LennardJones(batch_atoms=5 * n_atoms)
    heard = Heard()
    found = expansion(relaxed, grouped, heard)
    assert len(supercells(single)) == 2 * (QUICK.n_volumes + N_STRAINED)
    assert supercells(grouped) == [2, 5, 3, 5, 3]
    assert found.to_dict() == alone.to_dict()
    done = [step[0] for step in heard.steps]
    assert done == sorted(done)
    assert heard.steps[-1] == (27, 27, "displaced supercells")
    assert [step[0] for step in heard.steps[-3:]] == [19, 24, 27]


def test_displacements_of_one_cell_share_groups(relaxed):
    single, grouped = LennardJones(), LennardJones(batch_atoms=10_000)
    results = [
        phonons(relaxed, potential, QUICK, Silent(), MemoryPieces())[0].to_dict()
        for potential in (single, grouped)
    ]
    assert supercells(single) == [1, 1]
    assert supercells(grouped) == [2]
    assert results[0] == results[1]


def test_stopped_between_groups_it_goes_on_with_what_is_missing(relaxed, one_by_one):
    n_atoms = choose_supercell(relaxed, QUICK).n_atoms
    pieces, stopped = MemoryPieces(), LennardJones(batch_atoms=3 * n_atoms)
    with pytest.raises(Cancelled):
        expansion(relaxed, stopped, Heard(stop_at=10), pieces)
    assert supercells(stopped) == [2, 3]
    resumed = LennardJones(batch_atoms=4 * n_atoms)
    found = expansion(relaxed, resumed, pieces=pieces)
    assert supercells(resumed) == [4, 1, 4, 4]
    done_again = [batch for batch in resumed.batches if batch[0] != n_atoms]
    at_rest = N_STRAINED + QUICK.n_volumes
    assert len(done_again) == N_STRAINED + at_rest  # no volume is relaxed again
    assert found.to_dict() == one_by_one[0].to_dict()


def test_scattered_pieces_are_kept_and_the_gaps_filled(relaxed, one_by_one):
    whole, pieces = MemoryPieces(), MemoryPieces()
    expansion(relaxed, LennardJones(), pieces=whole)
    keys = sorted(key for key in whole._kept if key.startswith("forces/"))
    for key in keys[::3]:
        pieces.put(key, whole.get(key))
    potential = LennardJones(batch_atoms=10_000)
    found = expansion(relaxed, potential, pieces=pieces)
    assert sum(supercells(potential)) == len(keys) - len(keys[::3])
    assert found.to_dict() == one_by_one[0].to_dict()


def test_no_other_volume_is_touched_where_the_relaxed_one_is_no_minimum():
    simple_cubic = Crystal(2.6 * np.eye(3), np.array([29]), np.zeros((1, 3)))
    crystal = relax.relax_crystal(simple_cubic, LennardJones(), QUICK, Silent()).primitive
    potential = LennardJones(batch_atoms=10_000)
    with pytest.raises(FitError, match="imaginary modes"):
        expansion(crystal, potential)
    assert len(potential.batches) == 3  # the cell itself, its displacements, and at rest


@pytest.mark.parametrize(("share", "dtype"), [(1.0, "float64"), (1.01, "float32")])
def test_precision_is_double_as_far_as_the_memory_goes(relaxed, share, dtype):
    potential = LennardJones()
    n_atoms = choose_supercell(relaxed, QUICK).n_atoms
    potential.memory_per_atom_mb = share * MEMORY_BUDGET_MB / n_atoms
    assert supercell_dtype(relaxed, QUICK, potential) == dtype
