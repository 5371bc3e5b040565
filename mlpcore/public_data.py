"""Public DFT data sets that come with the sources of phonopy and phono3py, as training data.

python -m mlpcore.public_data {kcl,nacl,aln} ARCHIVE OUT

ARCHIVE is the source package as the package index has it:

    pip download --no-deps --no-binary :all: phonopy==4.10.0 phono3py==4.10.0
"""

from __future__ import annotations

import argparse
import lzma
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ase import Atoms

from mlpcore import dataset
from mlpcore.dataset import Dataset
from mlpcore.errors import DatasetError, MLPError
from mlpcore.frame import Frame

DIGITS = 5
"""Decimals of Å and eV/Å that are kept: 0.01 meV/Å is far below the noise of the labels."""

JCP = "A. Togo and A. Seko, J. Chem. Phys. 160, 211001 (2024)"


@dataclass(frozen=True)
class Source:
    """Where a set is in which package, and what is known of its making.

    Attributes
    ----------
    package
        Source package that holds it.
    member
        Path in the package.
    copyright_line
        As the package's licence has it.
    citation
        Work to cite.
    known
        Settings of the DFT as far as the package tells them.
    """

    package: str
    member: str
    copyright_line: str
    citation: str
    known: dict[str, Any]


SOURCES = {
    "kcl": Source(
        "phonopy 4.10.0",
        "example/KCl-SSCHA/phonopy_mlpsscha_params_KCl-120.yaml.xz",
        "Copyright (c) 2014-2024, Phonopy. All rights reserved.",
        "A. Togo, H. Hayashi, T. Tadano, S. Tsutsui and I. Tanaka, "
        "J. Phys.: Condens. Matter 34, 365401 (2022)",
        {"oracle": "VASP", "functional": "PBEsol"},
    ),
    "nacl": Source(
        "phono3py 4.10.0",
        "example/NaCl-rd/phono3py_params_NaCl.yaml.xz",
        "Copyright (c) 2015-2024, Phonopy. All rights reserved.",
        JCP,
        {"oracle": "VASP", "functional": "PBEsol", "cutoff_ev": 520},
    ),
    "aln": Source(
        "phono3py 4.10.0",
        "example/AlN-rd/phonopy_params_mp-661.yaml.xz",
        "Copyright (c) 2015-2024, Phonopy. All rights reserved.",
        JCP,
        {"oracle": "VASP", "functional": "PBEsol", "cutoff_ev": 520, "kpoints": "Gamma, 2x2x2"},
    ),
}


def convert(name: str, archive: Path) -> Dataset:
    """Read one of the public sets from the source package that holds it.

    Parameters
    ----------
    name
        A key of :data:`SOURCES`.
    archive
        The package, ``.tar.gz``.

    Raises
    ------
    DatasetError
        The archive cannot be read or does not hold the set.
    """
    source = SOURCES[name]
    found = _content(_member(archive, source))
    nac = found.get("nac", {})
    settings = {
        **source.known,
        "licence": "BSD-3-Clause",
        "copyright": source.copyright_line,
        "citation": source.citation,
        "package": source.package,
        "file": source.member,
        "born_charges_e": nac.get("born_effective_charge"),
        "dielectric": nac.get("dielectric_constant"),
    }
    return Dataset(_all_frames(found, source.member), settings)


def from_phonopy(path: Path, settings: dict[str, Any]) -> Dataset:
    """Read random displacements with forces and energies as phonopy and phono3py write them.

    Parameters
    ----------
    path
        ``phonopy_params.yaml`` or the like, packed with xz or not.
    settings
        What is known of their making.

    Raises
    ------
    DatasetError
        The file is unreadable, or has no displacements, forces or energies.
    """
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}).") from error
    return Dataset(_all_frames(_content(packed), path.name), settings)


def _member(archive: Path, source: Source) -> bytes:
    try:
        with tarfile.open(archive) as package:
            root = package.getnames()[0].split("/")[0]
            member = package.extractfile(f"{root}/{source.member}")
            return member.read() if member else b""
    except (OSError, tarfile.TarError, KeyError) as error:
        raise DatasetError(
            f"{archive} does not hold {source.member} ({error}). Needed is the source package "
            f"of {source.package}: pip download --no-deps --no-binary :all: "
            f"{source.package.replace(' ', '==')}."
        ) from error


def _content(packed: bytes) -> dict[str, Any]:
    try:
        text = lzma.decompress(packed) if packed.startswith(b"\xfd7zXZ") else packed
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (lzma.LZMAError, yaml.YAMLError) as error:
        raise DatasetError(f"The displacements cannot be read: {error}.") from error
    return found if isinstance(found, dict) else {}


def _all_frames(content: dict[str, Any], name: str) -> tuple[Frame, ...]:
    try:
        found = _frames(content["dataset"], content["supercell"])
        if "phonon_dataset" in content:
            found += _frames(content["phonon_dataset"], content["phonon_supercell"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{name} has no displacements, forces and energies of supercells ({error!r}). Give "
            "a file that phonopy or phono3py wrote with random displacements."
        ) from error
    return tuple(found)


def _frames(block: dict[str, Any], cell: dict[str, Any]) -> list[Frame]:
    symbols = [point["symbol"] for point in cell["points"]]
    fractions = [point["coordinates"] for point in cell["points"]]
    ideal = Atoms(symbols, scaled_positions=fractions, cell=cell["lattice"], pbc=True)
    found: list[Frame] = []
    for steps, forces, energy in zip(
        block["displacements"], block["forces"], block["supercell_energies"], strict=True
    ):
        atoms = ideal.copy()
        atoms.positions += np.array(steps)
        length = float(np.linalg.norm(steps, axis=1).mean())
        source = f"displaced {length:.2f} Å, {len(atoms)} atoms, number {len(found) + 1}"
        found.append(Frame(atoms, float(energy), np.array(forces), None, source))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Convert one set; exit status 2 on bad input."""
    parser = argparse.ArgumentParser(description="Make training data of a public DFT set.")
    parser.add_argument("name", choices=sorted(SOURCES))
    parser.add_argument("archive", type=Path)
    parser.add_argument("out", type=Path, help="ends in .extxyz or .extxyz.xz")
    options = parser.parse_args(arguments)
    try:
        found = convert(options.name, options.archive)
        dataset.check(found)
        dataset.write(options.out, found, DIGITS)
    except MLPError as error:
        parser.exit(2, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
