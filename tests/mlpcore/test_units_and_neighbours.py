from __future__ import annotations

import ase.units
import numpy as np
import pytest
from ase.build import bulk, make_supercell
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from mlpcore import units
from mlpcore.neighbours import build_graph


@pytest.mark.parametrize(
    ("factor", "known"),
    [
        (units.EV_PER_A3_IN_GPA, 160.21766208),
        (units.EV_IN_KJ_PER_MOL, 96.48533212),
        (units.AMU_PER_A3_IN_KG_PER_M3, 1660.53906660),
        (units.THZ_IN_EV, 4.135667697e-3),
        (units.THZ_IN_PER_CM, 33.35640952),
        (units.THZ_IN_K, 47.99243073),
    ],
)
def test_unit_factors_have_their_known_values(factor, known):
    assert factor == pytest.approx(known, rel=1e-8)


def test_unit_factors_agree_with_ase():
    assert pytest.approx(1 / ase.units.GPa, rel=1e-7) == units.EV_PER_A3_IN_GPA
    assert pytest.approx(ase.units.mol / ase.units.kJ, rel=1e-7) == units.EV_IN_KJ_PER_MOL
    boltzmann_ev = constants.value("Boltzmann constant in eV/K")
    assert pytest.approx(units.THZ_IN_K * boltzmann_ev) == units.THZ_IN_EV


def brute_force(atoms, cutoff_a):
    """Sorted lengths of all pairs, from a block of images large enough by far."""
    shifts = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3, indexing="ij"), -1).reshape(-1, 3)
    images = shifts @ np.array(atoms.cell)
    inside = atoms.get_positions(wrap=True)
    apart = inside[None, :, None] - inside[:, None, None] + images
    lengths = np.linalg.norm(apart, axis=-1).ravel()
    return np.sort(lengths[(lengths > 1e-9) & (lengths < cutoff_a)])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(2.5, 6.0))
def test_pairs_are_those_within_the_cutoff(seed, cutoff_a):
    rng = np.random.default_rng(seed)
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.set_cell(atoms.cell + 0.3 * rng.normal(size=(3, 3)), scale_atoms=True)
    atoms.positions += 20 * rng.normal(size=(2, 3))
    lengths = np.linalg.norm(build_graph([atoms], cutoff_a).vectors_a, axis=1)
    np.testing.assert_allclose(np.sort(lengths), brute_force(atoms, cutoff_a), atol=1e-9)


def test_vectors_point_from_source_to_target():
    atoms = make_supercell(bulk("MgO", "rocksalt", a=4.2), 2 * np.eye(3, dtype=int))
    graph = build_graph([atoms], 4.0)
    apart = atoms.positions[graph.target] - atoms.positions[graph.source]
    shifts = (graph.vectors_a - apart) @ np.linalg.inv(np.array(atoms.cell))
    np.testing.assert_allclose(shifts, np.round(shifts), atol=1e-9)


def test_structures_of_a_batch_share_no_pair():
    batch = [bulk("Si"), bulk("Cu"), bulk("MgO", "rocksalt", a=4.2)]
    graph = build_graph(batch, 4.5)
    assert graph.owner.tolist() == [0, 0, 1, 2, 2]
    np.testing.assert_array_equal(graph.owner[graph.source], graph.owner[graph.target])
    counts = [len(build_graph([atoms], 4.5).source) for atoms in batch]
    assert np.bincount(graph.owner[graph.source]).tolist() == counts
    np.testing.assert_allclose(graph.volumes_a3, [a.cell.volume for a in batch])
