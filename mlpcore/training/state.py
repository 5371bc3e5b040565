"""What a training keeps on disk, so that it can be killed at any time and go on."""

from __future__ import annotations

import json
import os
import pickle
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from filelock import FileLock, Timeout

from mlpcore.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlpcore.training.config import TrainingConfig

CONFIG, DATA, HISTORY = "config.json", "data.sha256", "history.json"
SAVE_EVERY_S = 5.0
HISTORY_EVERY_S = 1.0


class Folder:
    """The folder of one training.

    Parameters
    ----------
    path
        Made where there is none.
    config
        Refused where the folder holds the training of another one.
    data_sha256
        Hash of the data; others than those that the folder began with are refused, for what
        is kept belongs to their frames.
    """

    def __init__(self, path: Path, config: TrainingConfig, data_sha256: str) -> None:
        self.path, self.data_sha256 = path, data_sha256
        self._saved: dict[str, float] = {}
        text = json.dumps(config.to_dict(), indent=1, ensure_ascii=False)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._begin(CONFIG, text, "already holds another training")
            self._begin(DATA, data_sha256, "holds a training on other data than those given")
        except OSError as error:
            raise TrainingError(
                f"{path} cannot be written to ({error.strerror}). Choose another folder."
            ) from error

    def _begin(self, name: str, text: str, complaint: str) -> None:
        """Write what a training follows from, or compare it with what it began with."""
        kept = self.path / name
        if kept.exists() and kept.read_text(encoding="utf-8") != text:
            raise TrainingError(
                f"{self.path} {complaint}. Choose another folder, or remove that one."
            )
        write_atomic(kept, text.encode())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others out of the folder.

        Raises
        ------
        TrainingError
            Another process trains in it.
        """
        try:
            with FileLock(self.path / ".lock", timeout=0):
                yield
        except Timeout as error:
            raise TrainingError(
                f"Another process is training in {self.path}. Wait for it, or choose another "
                "folder."
            ) from error

    def save(self, name: str, state: dict[str, Any]) -> None:
        """Keep tensors and plain values under a name."""
        write_atomic(self.path / name, lambda file: torch.save(state, file))

    def load(self, name: str) -> dict[str, Any] | None:
        """Return what was kept, or ``None``; nothing in the file is ever executed."""
        path = self.path / name
        if not path.exists():
            return None
        try:
            found: dict[str, Any] = torch.load(path, weights_only=True)
        except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
            raise TrainingError(
                f"{path} is damaged, so the training cannot go on from it. Remove the file to "
                "begin anew."
            ) from error
        return found

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file."""
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
        write_atomic(self.path / name, text.encode())

    def write_history(self, history: dict[str, Any], last: bool = False) -> None:
        """Write the errors so far, at most about once a second."""
        if self.due(HISTORY, HISTORY_EVERY_S) or last:
            text = json.dumps(history, separators=(",", ":"))
            write_atomic(self.path / HISTORY, text.encode())

    def due(self, name: str, every_s: float = SAVE_EVERY_S) -> bool:
        """Tell whether it is time to save something again; the first time it is not."""
        now = time.monotonic()
        if now - self._saved.setdefault(name, now) < every_s:
            return False
        self._saved[name] = now
        return True


def write_atomic(path: Path, content: bytes | Callable[[Any], None]) -> None:
    """Write a file so that a reader finds the old or the new one, whole."""
    waiting = path.with_name(f".{path.name}.new")
    with waiting.open("wb") as file:
        if callable(content):
            content(file)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)
