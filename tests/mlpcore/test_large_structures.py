"""Structures beyond one piece of work, and those that can be no matter."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mlpcore import behler_parrinello, registry
from mlpcore.errors import StructureError
from mlpcore.neighbours import build_graph


@pytest.mark.parametrize("name", ["si-bp", "nacl-lr"])
def test_pieces_add_up_to_the_whole(name, monkeypatch):
    """Energies, forces, stress, members, atoms and range do not depend on the pieces."""
    potential = registry.load(name, device="cpu", dtype="float64")
    crystal = {"si-bp": ("Si", "diamond", 5.5), "nacl-lr": ("NaCl", "rocksalt", 5.7)}[name]
    atoms = bulk(*crystal, cubic=True) * (2, 1, 1)
    atoms.rattle(0.15, seed=3)

    def answers():
        (whole,), (members,) = potential.evaluate([atoms]), potential.evaluate_members([atoms])
        (outside,) = potential.extrapolation([atoms])
        return [
            np.array(whole.energy_ev),
            whole.forces_ev_per_a,
            whole.stress_ev_per_a3,
            members.energies_ev,
            members.forces_ev_per_a,
            members.stresses_ev_per_a3,
            potential.atomic_energies(atoms),
            outside.excess,
        ]

    at_once = answers()
    monkeypatch.setattr(behler_parrinello, "CHUNK_ATOMS", 5)
    for one, other in zip(at_once, answers(), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-10)


def test_a_lone_atom_has_no_forces():
    potential = registry.load("si-bp", device="cpu", dtype="float64")
    (found,) = potential.evaluate([Atoms("Si", cell=[30, 30, 30], pbc=True)])
    assert np.isfinite(found.energy_ev)
    assert np.abs(found.forces_ev_per_a).max() == 0


@pytest.mark.parametrize(
    ("atoms", "words"),
    [
        (Atoms(cell=[5, 5, 5], pbc=True), "has no atoms"),
        (Atoms("Si", [[np.nan, 0, 0]], cell=[5, 5, 5], pbc=True), "not finite"),
        (Atoms("Si", cell=[0.3, 0.3, 0.3], pbc=True), "Check the lattice vectors"),
        (
            Atoms("Si2", [[0, 0, 0], [0, 0, 0.005]], cell=[5, 5, 5], pbc=True),
            "Atoms 1 and 2 of Si2 are 0.005 Å apart",
        ),
    ],
)
@pytest.mark.parametrize("name", ["si-bp", "sevennet-0"])
def test_what_can_be_no_matter_is_refused_in_a_sentence(name, atoms, words):
    potential = registry.load(name, device="cpu")
    with pytest.raises(StructureError, match=words):
        potential.evaluate([atoms])


def test_dense_matter_is_not_refused():
    diamond = bulk("C", "diamond", a=3.0)
    assert len(build_graph([diamond], 12.0).source) > 2 * 2000
