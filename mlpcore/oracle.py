"""Where labels come from: any ASE calculator, and GPAW as the one for real data.

Importing this module never imports torch, so that it runs in an environment of its own:
``python -m mlpcore.oracle Si --frames 200 --seed 5000 --out si.extxyz`` labels random cells one
by one, appends each to the file at once, goes on where it was stopped, and packs the whole set
as ``si.extxyz.xz`` in the end.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.io.extxyz import read_xyz, write_xyz
from tqdm import tqdm

from mlpcore import dataset
from mlpcore.dataset import to_ase
from mlpcore.errors import DatasetError, MLPError, ModelUnavailableError
from mlpcore.frame import Frame
from mlpcore.sampling import CRYSTALS, RANGES, Sampled, folded_mesh, sample
from mlpcore.units import EV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ase.calculators.calculator import Calculator


@dataclass(frozen=True)
class Oracle:
    """Labels structures.

    Attributes
    ----------
    calculator
        Returns an ASE calculator for a structure.
    settings
        What to write with the data.
    shift_ev_per_atom
        Added to energies, by number of atoms of the cell.
    shift_gpa
        Added to the diagonal of stresses.
    """

    calculator: Callable[[Atoms], Calculator]
    settings: dict[str, Any] = field(default_factory=dict)
    shift_ev_per_atom: dict[int, float] = field(default_factory=dict)
    shift_gpa: float = 0.0

    def label(self, atoms: Atoms, source: str) -> Frame:
        """Compute energy, forces and stress of a structure.

        Raises
        ------
        DatasetError
            The calculation did not converge, or gave numbers that are not finite.
        """
        known = atoms.copy()
        known.calc = self.calculator(known)
        try:
            energy = float(known.get_potential_energy(force_consistent=True))
            forces, stress = known.get_forces(), known.get_stress(voigt=False)
        except Exception as error:
            raise DatasetError(
                f"The oracle gave no label for {atoms.get_chemical_formula()} from {source} "
                f"({type(error).__name__}: {error}). Change its settings or leave the frame "
                "out."
            ) from error
        if not all(np.isfinite(values).all() for values in (energy, forces, stress)):
            raise DatasetError(f"The oracle gave numbers that are not finite for {source}.")
        energy += len(atoms) * self.shift_ev_per_atom.get(len(atoms), 0.0)
        stress = stress + self.shift_gpa / EV_PER_A3_IN_GPA * np.eye(3)
        return Frame(atoms.copy(), energy, forces, stress, source)


@dataclass(frozen=True)
class PlaneWaves:
    """Settings of a plane-wave calculation with GPAW.

    Attributes
    ----------
    cutoff_ev
        Of the plane waves.
    k_points
        Divisions of a Monkhorst–Pack mesh that avoids Γ, by number of atoms of the cell; other
        cells take the points of the primitive one.
    shift_ev_per_atom
        What is added to energies so that meshes of different cells agree for the ideal
        crystal: the doubled primitive cell samples the very points of the primitive one, but
        the cubic cell others, of which silicon has too few for its energy, though not for
        its forces.
    shift_gpa
        What is added to the diagonal of stresses: the stress is that of a fixed number of plane
        waves, the slope of the energies that of a fixed cut-off, and at these cut-offs the two
        differ by a nearly constant pressure (benchmarks/dft_reference.py measures it).
    density, forces
        Convergence, in electrons per valence electron and in eV/Å.
    """

    cutoff_ev: float
    k_points: dict[int, int]
    functional: str = "PBE"
    smearing_ev: float = 0.01
    shift_ev_per_atom: dict[int, float] = field(default_factory=dict)
    shift_gpa: float = 0.0
    density: float = 1e-5
    forces: float = 1e-3


SETTINGS = {
    "Si": PlaneWaves(
        300, {2: 6, 8: 3, 16: 3}, shift_ev_per_atom={8: -0.00900}, shift_gpa=-0.022
    ),
    "NaCl": PlaneWaves(350, {2: 4, 8: 2, 16: 2}, shift_gpa=-0.155),
}


def gpaw_oracle(
    crystal: str, log: str | None = None, settings: PlaneWaves | None = None
) -> Oracle:
    """Return GPAW for a crystal, with the settings of :data:`SETTINGS` if there are no others.

    Raises
    ------
    ModelUnavailableError
        GPAW is not installed.
    """
    try:
        from gpaw import GPAW, PW, FermiDirac
        from gpaw import __version__ as version
    except ImportError as error:
        raise ModelUnavailableError(
            "The oracle is GPAW, which is not installed here. docs/potentials.md says how to "
            "install it in an environment of its own."
        ) from error

    settings = settings or SETTINGS[crystal]

    def calculator(atoms: Atoms) -> Calculator:
        return GPAW(
            mode=PW(settings.cutoff_ev),
            xc=settings.functional,
            kpts=_mesh(crystal, atoms, settings.k_points),
            occupations=FermiDirac(settings.smearing_ev),
            convergence={"density": settings.density, "forces": settings.forces},
            txt=log,
        )

    meshes = ", ".join(f"{k}x{k}x{k} for {n} atoms" for n, k in settings.k_points.items())
    return Oracle(
        calculator,
        {
            "oracle": f"GPAW {version}, plane waves",
            "functional": settings.functional,
            "cutoff_ev": settings.cutoff_ev,
            "k_points": f"{meshes}, without Gamma; others: the points of 2 atoms",
            "smearing_ev": settings.smearing_ev,
            "shift_ev_per_atom": {str(n): v for n, v in settings.shift_ev_per_atom.items()},
            "shift_gpa": settings.shift_gpa,
            "energy": "free energy",
            "licence": "MIT",
            "citation": "Lattice Lab, computed for this project",
        },
        settings.shift_ev_per_atom,
        settings.shift_gpa,
    )


def _mesh(crystal: str, atoms: Atoms, known: dict[int, int]) -> Any:
    if len(atoms) in known:
        return {"size": (known[len(atoms)],) * 3, "gamma": False}
    return folded_mesh(crystal, atoms, known[2])


@dataclass(frozen=True)
class Chosen:
    """A structure to label and where it comes from."""

    atoms: Atoms
    source: str


def chosen(path: Path) -> tuple[list[Chosen], str]:
    """Read structures to label, as :mod:`mlpcore.picking` writes them, and how they were made.

    Raises
    ------
    DatasetError
        The file cannot be read as extended XYZ.
    """
    try:
        with path.open(encoding="utf-8") as file:
            found = list(read_xyz(file, index=slice(None)))
    except Exception as error:
        raise DatasetError(
            f"{path} cannot be read as structures ({type(error).__name__}: {error}). Give "
            "extended XYZ, such as python -m mlpcore pick writes."
        ) from error
    if not found:
        raise DatasetError(f"{path} holds no structures. Give extended XYZ with some.")
    items = []
    for number, atoms in enumerate(found, start=1):
        bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
        items.append(Chosen(bare, str(atoms.info.get("source", f"structure {number}"))))
    return items, str(found[0].info.get("picking", "not stated"))


def extend(path: Path, drawn: Sequence[Sampled | Chosen], oracle: Oracle) -> int:
    """Label what is not in the file yet, appending frame by frame; return how many."""
    done = 0
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            done = sum(1 for _ in read_xyz(file, index=slice(None)))
    for number, item in enumerate(tqdm(drawn[done:], unit="frame"), start=done):
        atoms = to_ase(oracle.label(item.atoms, item.source))
        if number == 0:
            atoms.info["settings"] = oracle.settings
        with path.open("a", encoding="utf-8") as file:
            write_xyz(file, [atoms])
    return max(0, len(drawn) - done)


def main(arguments: list[str] | None = None) -> int:
    """Label random cells of a crystal."""
    parser = argparse.ArgumentParser(prog="python -m mlpcore.oracle", description=main.__doc__)
    parser.add_argument("crystal", choices=sorted(CRYSTALS))
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first frame")
    parser.add_argument("--reach", choices=sorted(RANGES), default="wide", help="how far")
    parser.add_argument(
        "--structures", type=Path, metavar="FILE", help="label these, and draw none at random"
    )
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        oracle = gpaw_oracle(given.crystal, f"{given.out}.txt")
        drawn: Sequence[Sampled | Chosen]
        if given.structures:
            drawn, origin = chosen(given.structures)
            oracle.settings["picking"] = origin
        else:
            drawn = [
                sample(given.crystal, given.seed, k, given.reach) for k in range(given.frames)
            ]
            last = given.seed + given.frames - 1
            oracle.settings["seeds"] = f"{given.seed} to {last}, one a frame"
        extend(given.out, drawn, oracle)
        dataset.write(given.out.with_name(given.out.name + ".xz"), dataset.read(given.out))
    except MLPError as error:
        print(error, file=sys.stderr)  # noqa: T201  a command speaks
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
