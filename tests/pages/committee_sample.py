"""What a committee might say of the atoms of rock salt; closed formulas, no potential."""

from __future__ import annotations

import numpy as np
from ase.build import bulk

from jobs.store import JobStore
from jobs.tasks import Evaluation
from properties.atom_energies import AtomEnergies, Rattle
from properties.crystal import Crystal
from tests.pages import jobs_on_disk

RATTLE = Rattle(1, (0.0, 0.1, 0.3))


def crystal() -> Crystal:
    """Rock salt in its conventional cell."""
    return Crystal.from_atoms(bulk("NaCl", "rocksalt", 5.64, cubic=True))


def result(n_members: int = 4) -> AtomEnergies:
    """Energies and spreads that grow with the square of the displacement."""
    cell = RATTLE.supercell(crystal())
    pattern = RATTLE.pattern(len(cell))
    amplitudes = np.array(RATTLE.amplitudes_a)
    squares = np.outer(amplitudes**2, np.sum(pattern**2, axis=1))
    shares = -3.2 + 0.4 * (cell.numbers == 11) + 2.0 * squares
    spread = (0.01 + squares) * (n_members > 1)
    return AtomEnergies(
        supercell=cell,
        pattern=pattern,
        amplitudes_a=amplitudes,
        energy_ev=shares,
        energy_spread_ev=0.1 * spread,
        force_ev_per_a=4.0 * np.sqrt(squares),
        force_spread_ev_per_a=spread,
        force_noise_ev_per_a=np.zeros_like(spread),
        excess=np.maximum(squares - 0.1, 0.0),
        worst=("", "", "Na: G2 Cl, η = 0.79 Å⁻², r_s = 4.875 Å"),
        total_energy_ev=shares.sum(axis=1),
        total_spread_ev=0.05 * spread.sum(axis=1),
        n_members=n_members,
        model={"name": "salt", "title": "Salt committee", "sha256": "0" * 64},
    )


def finished(store: JobStore, model: str = "sevennet-0") -> str:
    """A finished look at single atoms."""
    task = Evaluation(crystal(), model, RATTLE, "salt")
    return jobs_on_disk.ended_task(store, task, {"evaluation": result()})
