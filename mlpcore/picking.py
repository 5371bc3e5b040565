"""Structures that a committee finds worth a label, written to a file for the oracle.

``python -m mlpcore pick si-bp --crystal Si --count 40 --out picked.extxyz`` moves atoms in the
committee's own forces, and keeps the structures on which its members differ most. The oracle,
which may live in another environment, labels them (``python -m mlpcore label Si --structures
picked.extxyz --out labelled.extxyz``), and ``python -m mlpcore join`` adds them to the data.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.io import read as read_structure
from ase.io.extxyz import write_xyz

from mlpcore import active, registry
from mlpcore.active import WAYS, Exploration
from mlpcore.errors import MLPError, StructureError, TrainingError
from mlpcore.sampling import CRYSTALS, cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.potential import Potential


PICKED = "picked by"
"""How the sources of these structures begin."""


@dataclass(frozen=True)
class Picked:
    """A structure to label, and how far the members of a committee differ on it.

    Attributes
    ----------
    atoms
        The structure.
    source
        Where it comes from, in words.
    disagreement_ev_per_a
        As in :func:`mlpcore.active.disagreement`.
    """

    atoms: Atoms
    source: str
    disagreement_ev_per_a: float


def picked(
    potential: Potential, starts: Sequence[Atoms], settings: Exploration, name: str
) -> list[Picked]:
    """Explore once and choose what to label; see :func:`mlpcore.active.explore`.

    Parameters
    ----------
    potential
        A committee of at least two members.
    starts
        Structures from which to explore.
    settings
        How to explore; ``rounds`` does not matter.
    name
        Of the committee, for the sources.

    Raises
    ------
    TrainingError
        The potential has one member and can disagree with nobody.
    """
    if len(potential.members) < 2:
        raise TrainingError(
            f"{name} is a single model, and no committee whose members could disagree. Train "
            "one with n_members = 4 or more."
        )
    found = active.candidates(potential, starts, settings, np.random.default_rng(settings.seed))
    doubt = active.disagreement(potential, found)
    kind = f"{settings.temperature_k:.0f} K" if settings.way == "md" else "displaced"
    return [
        Picked(
            found[i],
            f"{PICKED} {name}, {kind}, {len(found[i])} atoms, seed {settings.seed}, number {i}",
            float(doubt[i]),
        )
        for i in active.worth_a_label(found, doubt, settings)
    ]


def write(path: Path, structures: Sequence[Picked], about: str) -> None:
    """Write structures without labels as extended XYZ; the first says how they were made."""
    with path.open("w", encoding="utf-8") as file:
        for number, item in enumerate(structures):
            atoms = item.atoms.copy()
            atoms.info = {"source": item.source, "disagreement": item.disagreement_ev_per_a}
            if number == 0:
                atoms.info["picking"] = about
            write_xyz(file, [atoms], plain=False)


def starts_of(
    crystal: str | None, files: Sequence[Path], sizes: Sequence[int] = ()
) -> list[Atoms]:
    """Return the cells of a known crystal, and the structures of files.

    Parameters
    ----------
    crystal
        One of :data:`~mlpcore.sampling.CRYSTALS`, or none.
    files
        Of structures, in any format that ASE reads.
    sizes
        Numbers of atoms of the crystal's cells to take; all where none is given.

    Raises
    ------
    StructureError
        A file cannot be read, or there is nothing to start from.
    """
    known = cells(crystal) if crystal else []
    found = [atoms for atoms in known if not sizes or len(atoms) in sizes]
    for path in files:
        try:
            structure = read_structure(path)
        except Exception as error:
            raise StructureError(
                f"{path} cannot be read as a structure ({type(error).__name__}: {error}). Give "
                "a CIF, POSCAR or extended XYZ file."
            ) from error
        if not isinstance(structure, Atoms) or not structure.pbc.all():
            raise StructureError(f"{path} holds no crystal: it must be periodic all ways.")
        found.append(structure)
    if not found:
        raise StructureError(
            f"There is nothing to start from. Name a crystal (--crystal {'|'.join(CRYSTALS)}) "
            "or structure files (--start FILE …)."
        )
    return found


def _in_words(committee: str, n_starts: int, settings: Exploration) -> str:
    """Return all that the picks follow from, on one line."""
    given = asdict(settings)
    del given["rounds"], given["enough_ev_per_a"]
    told = [f"committee {committee}", f"{n_starts} starts"]
    return ", ".join([*told, *(f"{name} {value}" for name, value in given.items())])


def _parser() -> argparse.ArgumentParser:
    known = Exploration()
    parser = argparse.ArgumentParser(
        prog="python -m mlpcore pick",
        description="Write the structures on which the members of a committee differ most.",
    )
    parser.add_argument("model", help="a committee: registered name or path of a checkpoint")
    parser.add_argument("--crystal", choices=sorted(CRYSTALS), help="start from its cells")
    parser.add_argument(
        "--sizes", nargs="+", type=int, default=[], metavar="N", help="only cells of N atoms"
    )
    parser.add_argument(
        "--start", nargs="+", type=Path, default=[], metavar="FILE", help="start from these"
    )
    parser.add_argument("--way", choices=WAYS, default=known.way)
    parser.add_argument("--temperature", type=float, default=known.temperature_k, metavar="K")
    parser.add_argument(
        "--steps", type=int, default=known.steps, help="of 1 fs from each start"
    )
    parser.add_argument("--strain", type=float, default=known.strain, help="largest component")
    parser.add_argument("--count", type=int, default=known.picks, help="structures to write")
    parser.add_argument("--seed", type=int, default=known.seed)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.extxyz")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Explore, pick and write; exit status 2 on bad input."""
    given = _parser().parse_args(arguments)
    try:
        settings = Exploration(
            way=given.way,
            temperature_k=given.temperature,
            steps=given.steps,
            strain=given.strain,
            picks=given.count,
            seed=given.seed,
        )
        starts = starts_of(given.crystal, given.start, given.sizes)
        potential = registry.load(given.model, device="cpu", dtype="float64")
        name = potential.info.name
        found = picked(potential, starts, settings, Path(name).stem)
    except MLPError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    write(given.out, found, _in_words(potential.info.sha256, len(starts), settings))
    doubt = [item.disagreement_ev_per_a for item in found]
    spread = f", members differ by {min(doubt):.3f} to {max(doubt):.3f} eV/Å" if doubt else ""
    sys.stdout.write(f"{len(found)} structures{spread}: {given.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
