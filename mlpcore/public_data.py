"""Public density-functional data in the examples of phonopy and phono3py, made training data.

The files come with the source packages of both programs (3-clause BSD licence); what is read
here are supercells, displacements, forces and energies.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from ase import Atoms

from mlpcore.dataset import Dataset, Frame
from mlpcore.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping

FRAMES_A_SOURCE = 10
"""Random displacements follow each other; ten of them are one source when data are split."""


def from_phonopy(
    path: Path, settings: Mapping[str, Any], name: str = "displacements"
) -> Dataset:
    """Read random displacements with forces and energies (``phonopy_params.yaml[.xz]``).

    Raises
    ------
    DatasetError
        The file is unreadable or has no displacements, forces or energies.
    """
    content = _content(path)
    try:
        perfect = _supercell(content["supercell"])
        known = content["dataset"]
        shape = (-1, len(perfect), 3)
        moved = np.array(known["displacements"], dtype=float).reshape(shape)
        forces = np.array(known["forces"], dtype=float).reshape(shape)
        energies = np.array(known["supercell_energies"], dtype=float)
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path.name} has no displacements, forces and energies of supercells ({error!r}). "
            "Give a file that phonopy or phono3py wrote with random displacements."
        ) from error
    frames = []
    for k, (shift, force, energy) in enumerate(zip(moved, forces, energies, strict=True)):
        atoms = perfect.copy()
        atoms.positions += shift
        source = f"{name} {k // FRAMES_A_SOURCE + 1}"
        frames.append(Frame(atoms, float(energy), force, None, source))
    return Dataset(tuple(frames), dict(settings))


def _supercell(cell: Mapping[str, Any]) -> Atoms:
    points = cell["points"]
    return Atoms(
        [point["symbol"] for point in points],
        scaled_positions=[point["coordinates"] for point in points],
        cell=cell["lattice"],
        pbc=True,
    )


def _content(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        text = lzma.decompress(raw) if path.suffix == ".xz" else raw
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, lzma.LZMAError, yaml.YAMLError) as error:
        raise DatasetError(f"{path} cannot be read ({error}).") from error
    if not isinstance(found, dict):
        raise DatasetError(f"{path.name} is not a file of phonopy.")
    return found
