"""Each member goes to its own rest, however near to the committee's that is."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcore import registry
from properties import pipeline
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from properties.spec import Spec


@pytest.mark.parametrize(("crystal", "model"), [("Si", "si-bp"), ("NaCl", "nacl-bp")])
def test_no_member_stays_in_the_cell_of_the_committee(crystal, model):
    spec = Spec(example(crystal).crystal, model=model, properties=("relax",), preset="quick")
    stages = pipeline.run(spec, Silent(), MemoryPieces()).stages
    committee, relaxed = stages["committee"], stages["relax"]
    volumes = committee.volume_per_atom_a3
    stayed = np.abs(volumes - relaxed.volume_per_atom_a3) < 1e-9
    assert stayed.sum() <= 1  # one may happen to rest where the committee does
    potential = registry.load(model, device="cpu", dtype="float64")
    for member, volume in zip(potential.members, volumes, strict=True):
        atoms = relaxed.primitive.to_atoms()
        scale = np.cbrt(volume / relaxed.volume_per_atom_a3)
        atoms.set_cell(atoms.cell.array * scale, scale_atoms=True)
        stress = member.evaluate([atoms])[0].stress_ev_per_a3
        assert 160.2 * abs(np.trace(stress)) / 3 < 2e-5
