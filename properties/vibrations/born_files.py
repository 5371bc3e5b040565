"""Born charges from files: phonopy's BORN, VASP's OUTCAR and vasprun.xml."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import BornError
from properties.vibrations import born_sites
from properties.vibrations.born_charges import BornCharges

if TYPE_CHECKING:
    from properties.crystal import Crystal

FloatArray = NDArray[np.float64]

LARGEST_CHARGE_E = 30.0
"""Beyond this a number is no effective charge; those of perovskites reach 10."""

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?"
EXPECTED = (
    "Expected is phonopy's BORN (a first line that is skipped, then nine numbers of the "
    "dielectric tensor, then nine a line for each atom), or OUTCAR or vasprun.xml of a VASP "
    "run with LEPSILON = .TRUE."
)


def read_born(data: bytes | str, crystal: Crystal, source: str) -> BornCharges:
    """Read Born charges of a crystal.

    Parameters
    ----------
    data
        Content of BORN, OUTCAR or vasprun.xml. BORN may hold all atoms, or only the first of
        each set of atoms that symmetry makes equal.
    crystal
        The cell that they belong to, as it is given.
    source
        What to call the file.

    Raises
    ------
    BornError
        The file cannot be read, or does not fit the crystal.
    """
    text = data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data
    if "BORN EFFECTIVE CHARGES" in text:
        dielectric, charges = _outcar(text, source)
    elif "<varray" in text or "<modeling" in text:
        dielectric, charges = _vasprun(text, source)
    else:
        dielectric, charges = _phonopy(text, source)
    _require_sensible(dielectric, charges, source)
    return BornCharges(dielectric, _of_all(charges, crystal, source), source)


def _floats(text: str) -> list[float]:
    found = re.findall(NUMBER, text)
    return [float(number.replace("D", "e").replace("d", "e")) for number in found]


def _phonopy(text: str, source: str) -> tuple[FloatArray, FloatArray]:
    """Dielectric tensor and charges of as many atoms as there are."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()[1:]]
    rows = []
    for line in filter(None, lines):
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError as error:
            message = f"{source}: the line '{line[:60]}' holds more than numbers. {EXPECTED}"
            raise BornError(message) from error
    odd = next((row for row in rows if len(row) != 9), None)
    if odd is not None:
        raise BornError(f"{source}: a line has {len(odd)} numbers instead of 9. {EXPECTED}")
    if len(rows) < 2:
        raise BornError(
            f"{source} holds {len(rows)} tensors; at least the dielectric tensor and the "
            f"charges of one atom are needed. {EXPECTED}"
        )
    tensors = np.array(rows).reshape(-1, 3, 3)
    return tensors[0], tensors[1:]


def _outcar(text: str, source: str) -> tuple[FloatArray, FloatArray]:
    dielectric = text.rpartition("MACROSCOPIC STATIC DIELECTRIC TENSOR (including local")[2]
    rows = [_floats(line) for line in dielectric.splitlines()[1:6]]
    epsilon = [row for row in rows if len(row) == 3][:3]
    block = text.rpartition("BORN EFFECTIVE CHARGES")[2]
    charges = [
        [_floats(line)[1:] for line in ion.splitlines()[1:4]]
        for ion in re.split(r"\n\s*ion\s+", block)[1:]
    ]
    return _tensors(epsilon, charges, source)


def _vasprun(text: str, source: str) -> tuple[FloatArray, FloatArray]:
    epsilon = re.search(r'<varray name="epsilon"\s*>(.*?)</varray>', text, re.DOTALL)
    born = re.search(r'<array name="born_charges"\s*>(.*?)</array>', text, re.DOTALL)
    rows = [re.findall(r"<v>(.*?)</v>", one[1] if one else "") for one in (epsilon, born)]
    first, others = ([_floats(row) for row in part] for part in rows)
    return _tensors(first, [others[i : i + 3] for i in range(0, len(others), 3)], source)


def _tensors(
    dielectric: list[list[float]], charges: list[list[list[float]]], source: str
) -> tuple[FloatArray, FloatArray]:
    tensors = [dielectric, *charges]
    complete = all(len(t) == 3 and all(len(row) == 3 for row in t) for t in tensors)
    if not complete or len(tensors) < 2:
        raise BornError(
            f"{source} does not hold both a dielectric tensor and Born charges. {EXPECTED}"
        )
    return np.array(tensors[0]), np.array(tensors[1:])


def _require_sensible(dielectric: FloatArray, charges: FloatArray, source: str) -> None:
    if not np.isfinite(np.concatenate([dielectric[None], charges])).all():
        raise BornError(
            f"{source} holds something that is not a finite number, such as nan or inf. "
            "Correct it, or write the file again."
        )
    lowest = np.linalg.eigvalsh((dielectric + dielectric.T) / 2).min()
    if lowest < 1:
        raise BornError(
            f"{source}: the dielectric tensor has a principal value of {lowest:.3g}; at high "
            "frequency it is at least 1. Give ε∞ (not ε − 1), and it before the charges."
        )
    largest = np.abs(charges).max()
    if largest > LARGEST_CHARGE_E:
        raise BornError(
            f"{source}: an effective charge of {largest:.3g} e is more than the "
            f"{LARGEST_CHARGE_E:g} e that are possible. Give charges in units of e."
        )


def _of_all(charges: FloatArray, crystal: Crystal, source: str) -> FloatArray:
    """Charges of all atoms, from those or from the independent ones."""
    if len(charges) == len(crystal):
        return charges
    first = np.unique(born_sites.orbits(crystal))
    if len(charges) != len(first):
        raise BornError(
            f"{source} holds the charges of {len(charges)} atoms, but the structure has "
            f"{len(crystal)} atoms, {len(first)} of them independent. Give one tensor for each "
            "atom of this structure, or one for each independent atom in its order."
        )
    return born_sites.from_independent(crystal, dict(zip(first.tolist(), charges, strict=True)))
