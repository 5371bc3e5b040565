"""Measurements kept as JSON, so that an interrupted benchmark goes on where it was."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "data" / "benchmarks"
SOURCES = {".py", ".c", ".h", ".json"}


def stamp(*places: str) -> str:
    """Return a hash of the code in files and folders: other code means other numbers."""
    digest = hashlib.sha256()
    for place in places:
        start = ROOT / place
        for path in [start, *sorted(start.rglob("*"))]:
            if path.suffix in SOURCES and path.is_file():
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


class Kept:
    """Values by key, each with the stamp of what made it.

    Parameters
    ----------
    path
        The JSON file; made with its folder when the first value is kept.
    fresh
        Forget what the file holds.
    """

    def __init__(self, path: Path, fresh: bool = False) -> None:
        self._path = path
        self._values: dict[str, dict[str, Any]] = {}
        if path.exists() and not fresh:
            self._values = json.loads(path.read_text(encoding="utf-8"))

    def get(self, key: str, stamp: str) -> dict[str, Any] | None:
        """Return the value kept under `key`, or ``None`` if it has another stamp."""
        entry = self._values.get(key)
        if entry is None or entry["stamp"] != stamp:
            return None
        value: dict[str, Any] = entry["value"]
        return value

    def put(self, key: str, stamp: str, value: dict[str, Any]) -> dict[str, Any]:
        """Keep a value with the day it was measured; the file is whole at every moment.

        Returns
        -------
        dict
            The value with the day, as :meth:`get` will return it.
        """
        dated = {**value, "day": date.today().isoformat()}
        self._values[key] = {"stamp": stamp, "value": dated}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(self._values, indent=1), encoding="utf-8")
        partial.replace(self._path)
        return dated
