"""What the oracle itself says of the properties that its potentials are judged by.

    python benchmarks/dft_reference.py label RECORD.jsonl       (needs GPAW, docs/potentials.md)
    python benchmarks/dft_reference.py summary RECORD.jsonl

The first labels the perfect crystals at several volumes, strained ones, and doubled primitive
cells with one displaced atom; each result is written at once, and none is computed twice. The
second makes pretrained/data/dft_reference.json of them, and data sets of the displaced cells,
which no potential of ours is trained on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mlpcore.oracle import SETTINGS, Oracle, PlaneWaves, gpaw_oracle
from mlpcore.potential import Potential
from mlpcore.sampling import CRYSTALS, cell

EV_STRAINS = (-0.035, -0.025, -0.015, -0.0075, 0.0, 0.0075, 0.015, 0.025, 0.035)
VOLUMES = (1.0, 0.97, 0.9925, 1.015, 1.0375, 1.06)
STRAIN, STEP_A = 0.005, 0.02
OPTICAL_EV_PER_A2 = 27.0
"""Force constant of silicon's two sublattices, for a step that relaxes them."""

MOVED = {"Si": (0,), "NaCl": (0, 1)}


@dataclass
class Record:
    """Labels by key, one JSON object a line; without a path they are only remembered."""

    path: Path | None
    oracles: dict[str, Oracle]

    def __post_init__(self) -> None:
        kept = self.path is not None and self.path.exists()
        lines = self.path.read_text(encoding="utf-8").splitlines() if kept else []
        self.found = {line["key"]: line for line in map(json.loads, lines)}

    def label(self, key: str, crystal: str, atoms: Atoms) -> dict[str, Any]:
        """Return the label of a structure, computed if it is not known."""
        if key not in self.found:
            frame = self.oracles[crystal].label(atoms, key)
            self.found[key] = {
                "key": key,
                "name": crystal,
                "energy": frame.energy_ev,
                "forces": np.asarray(frame.forces_ev_per_a).tolist(),
                "stress": np.asarray(frame.stress_ev_per_a3).tolist(),
                "volume": atoms.get_volume(),
                "cell": atoms.cell.tolist(),
                "scaled": atoms.get_scaled_positions().tolist(),
            }
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(self.found[key]) + "\n")
                print(key, flush=True)
        return self.found[key]


def at_lattice(crystal: str, n_atoms: int, lattice_a: float) -> Atoms:
    """Return the perfect crystal with another lattice constant."""
    atoms = cell(crystal, n_atoms)
    atoms.set_cell(atoms.cell.array * (lattice_a / CRYSTALS[crystal][1]), scale_atoms=True)
    return atoms


def strained(crystal: str, lattice_a: float, kind: str, strain: float) -> Atoms:
    """Return the primitive cell with ε_xx, or with ε_yz of half of `strain`."""
    atoms = at_lattice(crystal, 2, lattice_a)
    deformation = np.eye(3)
    if kind == "xx":
        deformation[0, 0] += strain
    else:
        deformation[1, 2] = deformation[2, 1] = strain / 2
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    return atoms


def energies(record: Record, crystal: str) -> float:
    """Label the crystal at several volumes; return the lattice constant of least energy."""
    first = CRYSTALS[crystal][1]
    for s in EV_STRAINS:
        record.label(f"{crystal} ev {s:g}", crystal, at_lattice(crystal, 2, first * (1 + s)))
    from benchmarks.support.dft_summary import lattice_of

    return lattice_of(record.found, crystal)


def strains(record: Record, crystal: str, lattice_a: float) -> None:
    """Label strained cells, sheared silicon also nearer to where its atoms come to rest."""
    for strain in (-STRAIN, STRAIN):
        at_xx = strained(crystal, lattice_a, "xx", strain)
        record.label(f"{crystal} xx {strain:g}", crystal, at_xx)
        atoms = strained(crystal, lattice_a, "yz", strain)
        if crystal != "Si":
            record.label(f"{crystal} yz {strain:g}", crystal, atoms)
            continue
        for step in (0, 1):
            found = record.label(f"{crystal} yz {strain:g} step{step}", crystal, atoms)
            atoms.positions += np.array(found["forces"]) / OPTICAL_EV_PER_A2


def displaced(record: Record, crystal: str, lattice_a: float) -> Iterator[dict[str, Any]]:
    """Label doubled primitive cells with one displaced atom, at several volumes."""
    for volume in VOLUMES:
        if crystal == "Si":
            rest = at_lattice(crystal, 2, lattice_a * volume ** (1 / 3))
            record.label(f"{crystal} rest {volume:g}", crystal, rest)
        ideal = at_lattice(crystal, 16, lattice_a * volume ** (1 / 3))
        for i in MOVED[crystal]:
            atoms = ideal.copy()
            atoms.positions[i, 0] += STEP_A
            yield record.label(f"{crystal} phonon {volume:g} {i}", crystal, atoms)


def _tight(settings: PlaneWaves) -> PlaneWaves:
    """Converge better than for training, and leave what the code says as it is."""
    return replace(settings, density=1e-6, forces=1e-4, shift_gpa=0.0, shift_ev_per_atom={})


def label(path: Path) -> None:
    """Compute what the record lacks."""
    oracles = {
        name: gpaw_oracle(name, f"{path}.txt", _tight(settings))
        for name, settings in SETTINGS.items()
    }
    record = Record(path, oracles)
    for crystal in CRYSTALS:
        complete(record, crystal)


def complete(record: Record, crystal: str) -> None:
    """Label all that the summary of a crystal is made of."""
    lattice_a = energies(record, crystal)
    strains(record, crystal, lattice_a)
    list(displaced(record, crystal, lattice_a))


def of_potential(potential: Potential, crystal: str) -> dict[str, Any]:
    """Return what a potential says in the place of the oracle, by the very same steps."""
    from benchmarks.support import dft_summary

    record = Record(None, {crystal: Oracle(lambda _atoms: potential.calculator())})
    complete(record, crystal)
    return dft_summary.summary(record.found, crystal)


def main() -> None:
    """Label, or sum up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=("label", "summary"))
    parser.add_argument("record", type=Path)
    options = parser.parse_args()
    if options.task == "label":
        label(options.record)
        return
    from benchmarks.support import dft_summary

    dft_summary.write(Record(options.record, {}).found)


if __name__ == "__main__":
    main()
