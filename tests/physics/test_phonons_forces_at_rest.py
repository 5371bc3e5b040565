from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mlpcore import registry
from properties import symmetry
from properties.crystal import Crystal
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from properties.spec import PRESETS
from properties.vibrations.displacements import displaced, forces_at_rest
from properties.vibrations.phonons import harmonic_of


def shifted_marcasite() -> Crystal:
    """A marcasite whose sulphur atoms are not at rest; all symmetry is kept."""
    cell = symmetry.analyse(example("FeS2").crystal).primitive
    found = symmetry.analyse(cell)
    fractional = np.array(found.primitive.fractional)
    sulphur = np.array(found.primitive.symbols) == "S"
    inner = (fractional - np.round(fractional * 2) / 2)[sulphur]
    fractional[sulphur] += 1e-3 * np.sign(inner) * (np.abs(inner) > 1e-6)
    moved = Crystal(found.primitive.lattice_a, found.primitive.numbers, fractional)
    assert symmetry.analyse(moved).number == found.number
    return moved


def test_what_relaxation_left_of_the_forces_is_no_response():
    """At Γ the modes must not depend on the size of the supercell, rest or no rest."""
    potential = registry.load("sevennet-0", device="cpu", dtype="float64")
    cell = shifted_marcasite()
    at_gamma = []
    for length in (4.0, 8.0):
        settings = PRESETS["quick"].__class__(1e-3, 0.01, length, 400, 5)
        found = harmonic_of(cell, potential, settings, Silent(), MemoryPieces())
        at_gamma.append(found.phonon.run_qpoints([[0.0, 0.0, 0.0]]).frequencies[0][3:])
    assert at_gamma[0] == pytest.approx(at_gamma[1], abs=0.25)


def test_forces_at_rest_are_those_of_the_primitive_cell_repeated():
    potential = registry.load("sevennet-0", device="cpu", dtype="float64")
    cell = shifted_marcasite()
    phonon = displaced(cell, 2 * np.eye(3, dtype=int), 0.01)
    rest = forces_at_rest(phonon, potential)
    assert np.abs(rest).max() > 1e-3
    supercell = phonon.supercell
    whole = Atoms(
        numbers=supercell.numbers,
        cell=supercell.cell,
        scaled_positions=supercell.scaled_positions,
        pbc=True,
    )
    (direct,) = potential.evaluate([whole])
    assert rest == pytest.approx(direct.forces_ev_per_a, abs=1e-6)
