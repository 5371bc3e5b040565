"""Labelled structures: reading, writing and splitting them. Importing this needs no torch.

A data set is one file of extended XYZ, packed with xz or not. Each frame has its cell, the
energy of the whole cell in eV, forces in eV/Å, where they are known the stress in eV/Å³, and a
source; the first frame also carries the settings of whatever made the labels.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io.extxyz import write_xyz

from mlpcore import extxyz, label_checks
from mlpcore.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcore.frame import Frame

SAME_LABELS = (
    *("functional", "cutoff_ev", "smearing_ev", "energy"),
    *("shift_ev_per_atom", "shift_gpa"),
)
"""Settings of an oracle that data sets must have in common to be joined."""

SAME = 1e-6
"""Difference up to which positions and cells in Å, and labels in eV and Å, are the same."""

PARTS = ("training", "validation", "test")


@dataclass(frozen=True)
class Dataset:
    """Frames and how they were made.

    Attributes
    ----------
    frames
        The labelled structures.
    settings
        Plain JSON values: ``oracle``, ``functional``, ``licence``, ``citation`` and whatever
        else it takes to make the labels again.
    sha256
        Hash of the file that the frames were read from, unpacked; empty for others.
    """

    frames: tuple[Frame, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols in the order in which they come."""
        found = (symbol for frame in self.frames for symbol in frame.atoms.symbols)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Split:
    """Numbers of the frames, from 0, in each of three parts without a frame in common."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def read(path: Path | str) -> Dataset:
    """Read a data set and check that it can be what it claims to be.

    Parameters
    ----------
    path
        Extended XYZ, ending in ``.extxyz``, ``.xyz`` or one of these and ``.xz``.

    Raises
    ------
    DatasetError
        The file cannot be read, or a frame lacks a label, or labels are impossible. The
        message names the frame, counted from 1, and the field.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read ({error.strerror}). Give the path of an extended XYZ file."
        ) from error
    return read_bytes(content, path.name)


def read_bytes(content: bytes, name: str = "The file") -> Dataset:
    """Read a data set from the bytes of a file; see :func:`read`."""
    content = extxyz.unpacked(content, name)
    frames, settings = extxyz.frames_of(content, name)
    found = Dataset(frames, settings, hashlib.sha256(content).hexdigest())
    check(found)
    return found


def check(dataset: Dataset) -> None:
    """Raise DatasetError where labels are missing, impossible or not in the units claimed.

    Twins, which are the same structure twice, are told as well, unless they have the same
    labels and one source.
    """
    if not dataset.frames:
        raise DatasetError("The data hold no structures. Add frames with energies and forces.")
    for number, frame in enumerate(dataset.frames, start=1):
        label_checks.check_frame(frame, number)
    _check_twins(dataset.frames)
    label_checks.check_units(dataset.frames)


def write(path: Path | str, dataset: Dataset, digits: int = 8) -> None:
    """Write a data set, whole or not at all.

    Parameters
    ----------
    path
        Where to; packed if it ends in ``.xz``.
    dataset
        What to write; checked as in :func:`read`, units aside.
    digits
        Decimals that are kept of positions in Å and forces in eV/Å.
    """
    path = Path(path)
    _require_ascii(dataset.settings)
    for number, frame in enumerate(dataset.frames, start=1):
        label_checks.check_frame(frame, number)
    content = text_of(dataset, digits).encode()
    if path.suffix == ".xz":
        content = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Put data sets of one oracle together, in their order.

    Settings that decide the labels (:data:`SAME_LABELS`) have to agree; where others differ,
    such as seeds, all are kept, one after the other.

    Raises
    ------
    DatasetError
        A setting that decides the labels differs, or a frame is in two of them.
    """
    settings: dict[str, Any] = {}
    for key in dict.fromkeys(key for part in parts for key in part.settings):
        told = [part.settings[key] for part in parts if key in part.settings]
        values = [value for i, value in enumerate(told) if value not in told[:i]]
        if len(values) > 1 and key in SAME_LABELS:
            raise DatasetError(
                f"The data sets cannot be joined: their {key} differs "
                f"({' and '.join(map(str, values))}), so labels would not belong together. "
                "Join data of the same settings."
            )
        settings[key] = values[0] if len(values) == 1 else "; ".join(map(str, values))
    frames = tuple(frame for part in parts for frame in part.frames)
    for first, second in _twins(frames):
        raise DatasetError(
            f"Frames {first} and {second} are the same structure. Join each set once: twins "
            "would stand on both sides of the split."
        )
    return Dataset(frames, settings)


def _check_twins(frames: Sequence[Frame]) -> None:
    """Refuse the same structure twice, unless labels and source are the same as well."""
    for first, second in _twins(frames):
        one, other = frames[first - 1], frames[second - 1]
        wrong = [name for name, a, b in _labels(one, other) if not _same(a, b)]
        if wrong:
            raise DatasetError(
                f"Frames {first} and {second} are the same structure with different labels "
                f"({' and '.join(wrong)}; energies {one.energy_ev:.8g} and "
                f"{other.energy_ev:.8g} eV). Keep the right one."
            )
        if one.source != other.source:
            raise DatasetError(
                f"Frames {first} and {second} are the same structure under different sources, "
                f"{one.source!r} and {other.source!r}: twins could stand on both sides of the "
                "split. Leave one out, or give both one source=…."
            )


def _labels(one: Frame, other: Frame) -> tuple[tuple[str, Any, Any], ...]:
    return (
        ("energy", one.energy_ev, other.energy_ev),
        ("forces", one.forces_ev_per_a, other.forces_ev_per_a),
        ("stress", one.stress_ev_per_a3, other.stress_ev_per_a3),
    )


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.allclose(one, other, rtol=0, atol=SAME))


def _twins(frames: Sequence[Frame]) -> list[tuple[int, int]]:
    """Return numbers, from 1, of frames that are the same structure, each with the next one."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number, frame in enumerate(frames):
        groups[frame.atoms.numbers.tobytes()].append(number)
    found = []
    for group in map(np.array, groups.values()):
        values = np.array(
            [
                np.concatenate([atoms.positions.ravel(), atoms.cell.array.ravel()])
                for atoms in (frames[k].atoms for k in group)
            ]
        )
        # Along a direction at random, twins are neighbours.
        direction = np.random.default_rng(0).normal(size=values.shape[1])
        order = np.argsort(values @ direction, kind="stable")
        alike = np.abs(np.diff(values[order], axis=0)).max(axis=1) < SAME
        pairs = np.stack([group[order[:-1]], group[order[1:]]], axis=1)[alike] + 1
        found += [(int(a), int(b)) for a, b in np.sort(pairs, axis=1)]
    return sorted(found)


def _require_ascii(settings: dict[str, Any]) -> None:
    """Refuse letters that the reader of extended XYZ would not give back."""
    for key, value in settings.items():
        if "\\" in json.dumps([key, value], default=str):
            raise DatasetError(
                f"The setting {key!r} has letters that extended XYZ does not keep: {value!r}. "
                "Write it in ASCII, without quotation marks, backslashes and line breaks."
            )


def text_of(dataset: Dataset, digits: int = 8) -> str:
    """Return the data set as extended XYZ."""
    buffer = io.StringIO()
    for number, frame in enumerate(dataset.frames):
        atoms = to_ase(frame, digits)
        if number == 0 and dataset.settings:
            atoms.info["settings"] = dataset.settings
        write_xyz(buffer, [atoms])
    return buffer.getvalue()


def to_ase(frame: Frame, digits: int = 8) -> Atoms:
    """Return the structure with its labels as ASE keeps them."""
    source = frame.atoms
    atoms = Atoms(
        source.numbers, np.round(source.positions, digits), cell=source.cell, pbc=True
    )
    labels: dict[str, Any] = {"energy": frame.energy_ev}
    labels["forces"] = np.round(frame.forces_ev_per_a, digits)
    if frame.stress_ev_per_a3 is not None:
        labels["stress"] = np.round(frame.stress_ev_per_a3, 10)
    atoms.calc = SinglePointCalculator(atoms, **labels)
    atoms.info["source"] = frame.source
    return atoms


def split(dataset: Dataset, fractions: Sequence[float], seed: int, by: str = "source") -> Split:
    """Divide the frames at random into training, validation and test.

    Parameters
    ----------
    dataset
        The frames.
    fractions
        Shares of the three parts; they add up to 1.
    seed
        Same seed, same parts.
    by
        ``"source"`` keeps frames of one source in one part; ``"frame"`` does not.

    Raises
    ------
    DatasetError
        There are fewer than three sources, or frames, to divide.
    """
    groups: dict[object, list[int]] = defaultdict(list)
    for number, frame in enumerate(dataset.frames):
        groups[frame.source if by == "source" else number].append(number)
    if len(groups) < len(PARTS):
        unit = "sources" if by == "source" else "frames"
        other = ' Split by "frame" instead, or add data.' if by == "source" else " Add data."
        raise DatasetError(
            f"The data have {len(groups)} {unit}; training, validation and test need at "
            f"least one each, so three.{other}"
        )
    shuffled = [list(groups.values())[i] for i in _order(len(groups), seed)]
    return Split(*(tuple(sorted(part)) for part in _dealt(shuffled, fractions)))


def _order(count: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(count)


def _dealt(groups: list[list[int]], fractions: Sequence[float]) -> list[list[int]]:
    """Give each part one group, then every group to the part that lacks most."""
    total = sum(map(len, groups))
    parts: list[list[int]] = [[], [], []]
    by_size = sorted(range(3), key=lambda part: fractions[part])
    for part, smallest in zip(by_size, sorted(groups[:3], key=len), strict=True):
        parts[part] += smallest
    for group in groups[3:]:
        lacking = [f * total - len(p) for f, p in zip(fractions, parts, strict=True)]
        parts[int(np.argmax(lacking))] += group
    return parts
