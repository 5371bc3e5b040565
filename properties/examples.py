"""The crystals that come with the project: files and facts in the folder ``examples``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlpcore.errors import StructureError
from properties.crystal import Crystal
from properties.structure import read_structure

FOLDER = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True, eq=False)
class Example:
    """A crystal that comes with the project.

    Attributes
    ----------
    name, title
        Key for :func:`example`, and the name to show.
    crystal
        The structure as its file has it.
    note
        One sentence on what makes it interesting.
    space_group_number, density_g_per_cm3
        Known values, from measurement.
    source
        Where the lattice parameters and positions come from.
    file
        The structure's file.
    """

    name: str
    title: str
    crystal: Crystal
    note: str
    space_group_number: int
    density_g_per_cm3: float
    source: str
    file: Path


@cache
def _index() -> dict[str, dict[str, str]]:
    text = (FOLDER / "index.json").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in json.loads(text)}


def example_names() -> tuple[str, ...]:
    """Return the names of all examples, the simplest first."""
    return tuple(_index())


@cache
def example(name: str) -> Example:
    """Return an example; upper and lower case are the same.

    Raises
    ------
    StructureError
        There is no example of that name.
    """
    entries = {key.lower(): entry for key, entry in _index().items()}
    if name.lower() not in entries:
        raise StructureError(
            f"There is no example called {name!r}. Choose one of: {', '.join(_index())}."
        )
    entry = dict(entries[name.lower()])
    file = FOLDER / entry.pop("file")
    return Example(
        name=entry["name"],
        title=entry["title"],
        crystal=read_structure(file.read_bytes(), file.name),
        note=entry["note"],
        space_group_number=int(entry["space_group_number"]),
        density_g_per_cm3=float(entry["density_g_per_cm3"]),
        source=entry["source"],
        file=file,
    )
