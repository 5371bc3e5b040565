"""Space group, standard cells and band path, all from one analysis.

Every stage works in the standard primitive cell of Hinuma, Pizzi, Kumagai, Oba
and Tanaka (Comput. Mater. Sci. 128, 140 (2017)), which seekpath finds. Relaxation,
force constants and band path share it, so that no axis can be mislabelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import seekpath
import spglib
from numpy.typing import NDArray
from spglib.error import SpglibError

from mlpcore.errors import StructureError
from properties.crystal import Crystal

SYMPREC_A = 1e-3
"""Distance within which atoms count as symmetric, in Å."""

NO_SPACE_GROUP = (
    "No space group could be found: atoms may overlap or the cell may be nearly flat. Check "
    "the positions and the lattice of the file."
)

CRYSTAL_SYSTEMS = (
    (2, "triclinic"),
    (15, "monoclinic"),
    (74, "orthorhombic"),
    (142, "tetragonal"),
    (167, "trigonal"),
    (194, "hexagonal"),
    (230, "cubic"),
)


@dataclass(frozen=True)
class WyckoffSite:
    """One orbit of atoms: element, multiplicity with letter, site symmetry, a position."""

    symbol: str
    multiplicity: int
    letter: str
    site_symmetry: str
    position: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Space group and standard cells of a crystal.

    Attributes
    ----------
    primitive, conventional
        Standard cells after Hinuma et al., ideal positions and lattice.
    rotation
        From the Cartesian frame of the analysed crystal to that of the standard cells,
        (3, 3): r_standard = R r.
    """

    number: int
    symbol: str
    point_group: str
    hall_number: int
    sites: tuple[WyckoffSite, ...]
    primitive: Crystal
    conventional: Crystal
    rotation: NDArray[np.float64]

    @property
    def crystal_system(self) -> str:
        """One of the seven crystal systems."""
        return next(name for last, name in CRYSTAL_SYSTEMS if self.number <= last)


@dataclass(frozen=True, eq=False)
class BandPath:
    """Segments between labelled points, in reduced coordinates of the primitive cell."""

    segments: tuple[tuple[str, str], ...]
    points: dict[str, tuple[float, float, float]]


def _cell(crystal: Crystal) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return crystal.lattice_a, crystal.fractional, crystal.numbers


def spacegroup_dataset(crystal: Crystal, symprec_a: float) -> Any:
    """Return spglib's analysis of a crystal.

    spglib answers ``None`` or raises, as other libraries in the process have told it.

    Raises
    ------
    StructureError
        No space group is found, as for overlapping atoms.
    """
    cell: Any = _cell(crystal)
    try:
        dataset = spglib.get_symmetry_dataset(cell, symprec=symprec_a)
    except SpglibError as error:
        raise StructureError(NO_SPACE_GROUP) from error
    if dataset is None:
        raise StructureError(NO_SPACE_GROUP)
    return dataset


def analyse(crystal: Crystal, symprec_a: float = SYMPREC_A) -> Symmetry:
    """Find space group, Wyckoff sites and standard cells.

    Raises
    ------
    StructureError
        No space group is found, as for overlapping atoms.
    """
    return _analyse(_Key(crystal, symprec_a))


def band_path(crystal: Crystal, symprec_a: float = SYMPREC_A) -> BandPath:
    """Return the suggested band path; `crystal` must be a standard primitive cell."""
    found = seekpath.get_path(_cell(crystal), symprec=symprec_a)
    if not np.allclose(found["primitive_lattice"], crystal.lattice_a, atol=1e-5):
        raise StructureError(
            "The band path needs the standard primitive cell, but the cell received is "
            "another one. Pass the cell that properties.symmetry.analyse returns."
        )
    points = {name: tuple(map(float, q)) for name, q in found["point_coords"].items()}
    return BandPath(tuple(map(tuple, found["path"])), points)  # type: ignore[arg-type]


class _Key:
    """Cache key of an analysis: a structure to 1e-8 and a tolerance."""

    def __init__(self, crystal: Crystal, symprec_a: float) -> None:
        self.crystal, self.symprec_a = crystal, symprec_a
        self._identity = (crystal.sha256, symprec_a)

    def __hash__(self) -> int:
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._identity == other._identity


@lru_cache(maxsize=64)
def _analyse(key: _Key) -> Symmetry:
    dataset = spacegroup_dataset(key.crystal, key.symprec_a)
    found = seekpath.get_path(_cell(key.crystal), symprec=key.symprec_a)
    return Symmetry(
        number=int(dataset.number),
        symbol=str(dataset.international),
        point_group=str(dataset.pointgroup),
        hall_number=int(dataset.hall_number),
        sites=_wyckoff_sites(key.crystal, dataset),
        primitive=_from_seekpath(found, "primitive"),
        conventional=_from_seekpath(found, "conv"),
        rotation=np.array(found["rotation_matrix"], dtype=float),
    )


def _from_seekpath(found: dict[str, Any], which: str) -> Crystal:
    return Crystal(
        found[f"{which}_lattice"], found[f"{which}_types"], found[f"{which}_positions"]
    )


def _wyckoff_sites(crystal: Crystal, dataset: Any) -> tuple[WyckoffSite, ...]:
    """List the orbits with multiplicities of the conventional cell."""
    orbits, counts = np.unique(dataset.crystallographic_orbits, return_counts=True)
    per_cell = len(dataset.std_types) / len(crystal)
    return tuple(
        WyckoffSite(
            symbol=crystal.symbols[first],
            multiplicity=round(count * per_cell),
            letter=str(dataset.wyckoffs[first]),
            site_symmetry=str(dataset.site_symmetry_symbols[first]),
            position=tuple(float(x) for x in _in_standard_cell(crystal, dataset, first)),  # type: ignore[arg-type]
        )
        for first, count in zip(orbits, counts, strict=True)
    )


def _in_standard_cell(crystal: Crystal, dataset: Any, index: int) -> NDArray[np.float64]:
    """Position of an atom in spglib's conventional setting, wrapped into [0, 1)."""
    moved = dataset.transformation_matrix @ crystal.fractional[index] + dataset.origin_shift
    return np.round(np.mod(np.round(moved, 6), 1.0), 5)
