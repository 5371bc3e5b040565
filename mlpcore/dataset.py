"""Training data: frames with energies, forces and stresses, and where they come from.

Importing this module never imports torch, so that an environment with nothing but a
density-functional code can write data and the pages can look at them.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io.extxyz import read_xyz, write_xyz

from mlpcore.dataset_units import require_units
from mlpcore.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from numpy.typing import NDArray

MAX_BYTES = 200 * 1024**2
PRESSED = ".xz"


@dataclass(frozen=True)
class Frame:
    """One labelled structure.

    Attributes
    ----------
    atoms
        The structure, without a calculator.
    energy_ev
        Of the whole cell, eV.
    forces_ev_per_a
        (n, 3), eV/Å.
    stress_ev_per_a3
        (3, 3), eV/Å³, positive in tension; ``None`` where it was not computed.
    source
        Frames of one source are alike and are kept together when data are split.
    """

    atoms: Atoms
    energy_ev: float
    forces_ev_per_a: NDArray[np.float64]
    stress_ev_per_a3: NDArray[np.float64] | None
    source: str


@dataclass(frozen=True)
class Dataset:
    """Frames, the settings with which they were labelled, and the hash of the file.

    Attributes
    ----------
    settings
        Such as ``oracle``, ``functional``, ``cutoff_ev``, ``seeds``, ``citation``, ``licence``.
    """

    frames: tuple[Frame, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Elements in the order of their first appearance."""
        found = (symbol for frame in self.frames for symbol in frame.atoms.symbols)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Split:
    """Numbers of the frames that are trained on, that choose the weights, and that judge."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def read(path: Path) -> Dataset:
    """Read extended XYZ (eV, Å), compressed (.xz) or not, with its settings beside it.

    Raises
    ------
    DatasetError
        The file is unreadable, or a frame lacks something, holds numbers that are not
        finite, or energies that do not go with the forces; names the frame and the field.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        beside = settings_path(path)
        settings = beside.read_bytes() if beside.is_file() else b"{}"
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read ({error.strerror}). Check the path and who may read it."
        ) from error
    return read_bytes(data, path.name, settings)


def read_bytes(data: bytes, name: str, settings: bytes = b"{}") -> Dataset:
    """Read a data set from the content of its files; see :func:`read`."""
    text = _text(data, name)
    try:
        raw = list(read_xyz(io.StringIO(text), index=slice(None)))
    except (ValueError, KeyError, IndexError, TypeError, OSError, AttributeError) as error:
        raise DatasetError(
            f"{name} cannot be read as extended XYZ ({error}). Each frame needs the number of "
            'atoms, a line with Lattice="…", Properties=species:S:1:pos:R:3:forces:R:3 and '
            "energy=…, then a line for each atom."
        ) from error
    if not raw:
        raise DatasetError(f"{name} holds no frames. Give extended XYZ with at least one.")
    frames = tuple(_frame(atoms, k, name) for k, atoms in enumerate(raw, start=1))
    require_units(frames, name)
    try:
        known = json.loads(settings)
    except ValueError as error:
        raise DatasetError(
            f"The settings beside {name} are not JSON ({error}). Mend or remove that file."
        ) from error
    return Dataset(frames, dict(known), hashlib.sha256(data).hexdigest())


def write(path: Path, dataset: Dataset) -> None:
    """Write extended XYZ, compressed if the name ends in .xz, and the settings beside it."""
    text = io.StringIO()
    write_xyz(text, [_labelled(frame) for frame in dataset.frames])
    data = text.getvalue().encode()
    path.write_bytes(lzma.compress(data, preset=9) if path.suffix == PRESSED else data)
    settings = json.dumps(dataset.settings, indent=1, ensure_ascii=False)
    settings_path(path).write_text(settings + "\n", encoding="utf-8")


def settings_path(path: Path) -> Path:
    """Return where the settings of a data set are kept: beside it, with the ending .json."""
    plain = path.with_suffix("") if path.suffix == PRESSED else path
    return plain.with_suffix(".json")


def split(
    dataset: Dataset,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    by: str = "source",
) -> Split:
    """Deal frames to training, validation and test.

    Parameters
    ----------
    fractions
        Of the frames, for the three parts.
    by
        ``"source"`` keeps frames of one source together, ``"frame"`` deals each on its own.

    Raises
    ------
    DatasetError
        There are fewer sources than parts, or fractions that are not ones.
    """
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise DatasetError(
            f"The fractions of training, validation and test are {tuple(fractions)}; three "
            "numbers from 0 to 1 are needed whose sum is 1."
        )
    groups: dict[str, list[int]] = {}
    for k, frame in enumerate(dataset.frames):
        groups.setdefault(frame.source if by == "source" else str(k), []).append(k)
    if len(groups) < sum(fraction > 0 for fraction in fractions):
        raise DatasetError(
            f"The data come from {len(groups)} source(s), too few for training, validation and "
            "test frames of different sources. Add data, name their sources, or split by frame."
        )
    order = np.random.default_rng(seed).permutation(sorted(groups))
    parts = _dealt([groups[name] for name in order], fractions)
    return Split(*(tuple(sorted(part)) for part in parts))


def _dealt(groups: list[list[int]], fractions: Sequence[float]) -> list[list[int]]:
    """Give each group to the part that lacks most of its share; smallest parts first."""
    total = sum(map(len, groups))
    parts: list[list[int]] = [[], [], []]
    smallest_first = np.argsort(fractions, kind="stable")
    for group in groups:
        empty = [p for p in smallest_first if fractions[p] > 0 and not parts[p]]
        lacking = [fractions[p] - len(parts[p]) / total for p in range(3)]
        parts[empty[0] if empty else int(np.argmax(lacking))] += group
    return parts


def _text(data: bytes, name: str) -> str:
    try:
        if name.endswith(PRESSED):
            press = lzma.LZMADecompressor()
            data = press.decompress(data, max_length=MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise DatasetError(
                f"{name} is larger than {MAX_BYTES // 1024**2} MiB. Give fewer frames."
            )
        return data.decode()
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{name} is not text in UTF-8 or is damaged ({error}). Give extended XYZ, as it is "
            "or compressed with xz."
        ) from error


def _frame(atoms: Atoms, number: int, name: str) -> Frame:
    results = atoms.calc.results if atoms.calc is not None else {}
    where = f"Frame {number} of {name}"
    for needed in ("energy", "forces"):
        if needed not in results:
            raise DatasetError(
                f"{where} has no {needed}. Every frame needs energy (eV, of the cell) and "
                "forces (eV/Å, a column of three for each atom)."
            )
    if not atoms.pbc.all() or atoms.cell.volume < 1e-3:
        raise DatasetError(
            f"{where} has no periodic cell. Give Lattice and pbc; put molecules in a large box."
        )
    stress = results.get("stress")
    if stress is not None and np.shape(stress) == (6,):
        xx, yy, zz, yz, xz, xy = stress
        stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    source = str(atoms.info.get("source", f"frame {number}"))
    plain = atoms.copy()
    plain.calc = None
    plain.info, plain.arrays = {}, {k: plain.arrays[k] for k in ("numbers", "positions")}
    found = Frame(
        plain,
        float(results["energy"]),
        np.array(results["forces"], dtype=float),
        None if stress is None else np.array(stress, dtype=float),
        source,
    )
    _require_finite(found, where)
    return found


def _require_finite(frame: Frame, where: str) -> None:
    fields = {
        "positions": frame.atoms.positions,
        "cell": frame.atoms.cell.array,
        "energy": frame.energy_ev,
        "forces": frame.forces_ev_per_a,
        "stress": 0.0 if frame.stress_ev_per_a3 is None else frame.stress_ev_per_a3,
    }
    for name, values in fields.items():
        if not np.isfinite(values).all():
            raise DatasetError(
                f"{where} has a number that is not finite in {name}. Compute it again or leave "
                "the frame out."
            )


def _labelled(frame: Frame) -> Atoms:
    atoms = frame.atoms.copy()
    atoms.info["source"] = frame.source
    labels: dict[str, Any] = {"energy": frame.energy_ev, "forces": frame.forces_ev_per_a}
    if frame.stress_ev_per_a3 is not None:
        labels["stress"] = frame.stress_ev_per_a3
    atoms.calc = SinglePointCalculator(atoms, **labels)
    return atoms
