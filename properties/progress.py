"""How a running calculation talks to whoever started it, and where it keeps its pieces."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from properties.checks import Caution
    from properties.results import StageResult

Arrays = dict[str, "NDArray[np.float64]"]


class Monitor(Protocol):
    """Receives progress; the only way in which physics meets the outside."""

    def stage_started(self, stage: str) -> None:
        """A stage begins."""

    def advance(self, stage: str, done: int, total: int, what: str) -> None:
        """`done` of `total` pieces are finished; `what` is a word for people.

        Raises
        ------
        Cancelled
            The user asked to stop.
        """

    def checkpoint(self) -> None:
        """Raise :class:`~mlpcore.errors.Cancelled` if the user asked to stop."""

    def stage_finished(self, stage: str, result: StageResult, seconds: float) -> None:
        """A stage has its result."""

    def caution(self, caution: Caution) -> None:
        """A warning that goes with the result."""


class Silent:
    """A monitor that ignores everything."""

    def stage_started(self, stage: str) -> None:
        """Ignore."""

    def advance(self, stage: str, done: int, total: int, what: str) -> None:
        """Ignore."""

    def checkpoint(self) -> None:
        """Never cancelled."""

    def stage_finished(self, stage: str, result: StageResult, seconds: float) -> None:
        """Ignore."""

    def caution(self, caution: Caution) -> None:
        """Ignore."""


class Part:
    """A monitor for one of several equal parts of a stage, told by functions of other stages.

    Parameters
    ----------
    monitor
        Whom to tell.
    stage
        The stage that the part belongs to.
    index, count
        Which part of how many.
    label
        What the part is, in a word for people.
    """

    STEPS = 100

    def __init__(
        self, monitor: Monitor, stage: str, index: int, count: int, label: str
    ) -> None:
        self._monitor, self._stage, self._label = monitor, stage, label
        self._before, self._total = index * self.STEPS, count * self.STEPS

    def stage_started(self, stage: str) -> None:
        """Part of a stage that has begun."""

    def advance(self, stage: str, done: int, total: int, what: str) -> None:
        """Tell the same of the whole stage."""
        done_here = self.STEPS * done // max(total, 1)
        what = f"{self._label}, {what}"
        self._monitor.advance(self._stage, self._before + done_here, self._total, what)

    def checkpoint(self) -> None:
        """Raise :class:`~mlpcore.errors.Cancelled` if the user asked to stop."""
        self._monitor.checkpoint()

    def stage_finished(self, stage: str, result: StageResult, seconds: float) -> None:
        """Part of a stage that goes on."""

    def caution(self, caution: Caution) -> None:
        """A warning that goes with the result."""
        self._monitor.caution(caution)


class Pieces(Protocol):
    """Keeps finished pieces of work, so that a new start can skip them."""

    def get(self, key: str) -> Arrays | None:
        """Return the arrays kept under `key`, or ``None``."""

    def put(self, key: str, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep arrays under `key`, whole or not at all."""


class MemoryPieces:
    """Pieces kept for the life of the process."""

    def __init__(self) -> None:
        self._kept: dict[str, Arrays] = {}

    def get(self, key: str) -> Arrays | None:
        """Return the arrays kept under `key`, or ``None``."""
        return self._kept.get(key)

    def put(self, key: str, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep arrays under `key`."""
        self._kept[key] = dict(arrays)


class PiecesOf:
    """Pieces of one part of a stage, kept among those of the whole.

    Parameters
    ----------
    pieces
        Where they are kept.
    part
        A prefix that no other part has.
    """

    def __init__(self, pieces: Pieces, part: str) -> None:
        self._pieces, self._part = pieces, part

    def get(self, key: str) -> Arrays | None:
        """Return the arrays kept under `key`, or ``None``."""
        return self._pieces.get(f"{self._part}/{key}")

    def put(self, key: str, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep arrays under `key`."""
        self._pieces.put(f"{self._part}/{key}", arrays)


class DiskPieces:
    """Pieces kept as ``.npz`` files; a file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, key: str) -> Path:
        return self._folder / f"{key.replace('/', '.')}.npz"

    def copy_to(self, folder: Path, without: Collection[str] = ()) -> None:
        """Copy the pieces into another folder, but for those of some keys."""
        left_out = {self._path(key).name for key in without}
        folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob("*.npz"):
            if path.name not in left_out:
                shutil.copyfile(path, folder / path.name)

    def get(self, key: str) -> Arrays | None:
        """Return the arrays kept under `key`, or ``None``."""
        path = self._path(key)
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}

    def put(self, key: str, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep arrays under `key`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(key)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
