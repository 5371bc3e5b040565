"""Potentials that an administrator adds to this server, and takes away again.

A checkpoint comes from outside, so it is examined in a process of its own before it is
listed; the web server reads nothing of it but its text.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jobs.errors import JobStateError
from jobs.files import safe_name, saving, sync_folder, write_atomic
from jobs.settings import models_folder
from mlpcore import registry
from mlpcore.checkpoint import SUFFIX, read_card
from mlpcore.errors import CheckpointError

if TYPE_CHECKING:
    from jobs.store import JobStore

PROJECT = Path(__file__).resolve().parent.parent
MAX_BYTES = 10_000_000
EXAMINATION_S = 120
_NAME = re.compile(r"\w[\w.-]{0,79}", re.ASCII)
_EXAMINE = """
import sys
from pathlib import Path
from mlpcore import registry
from mlpcore.errors import MLPError
try:
    registry.load(sys.argv[1], device="cpu", dtype="float64")
except MLPError as error:
    sys.stdout.write(str(error))
    sys.exit(3)
"""


def added(store: JobStore) -> tuple[Path, ...]:
    """Return the checkpoints that were added to this server."""
    folder = models_folder(store.root)
    return tuple(sorted(folder.glob(f"[!.]*{SUFFIX}")))


def add(store: JobStore, data: bytes, file_name: str = f"model{SUFFIX}") -> Path:
    """Examine a checkpoint and keep it under the name that its card gives.

    Parameters
    ----------
    file_name
        What messages call it.

    Raises
    ------
    CheckpointError
        It is too large, not a checkpoint, damaged, or there is a model of that name.
    JobFileError
        It cannot be stored.
    """
    if len(data) > MAX_BYTES:
        raise CheckpointError(
            f"The file has {len(data) / 1e6:.1f} MB; checkpoints of element networks have "
            f"less than {MAX_BYTES / 1e6:.0f} MB. Choose the file that a training has written."
        )
    folder = models_folder(store.root)
    with saving("The potential"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".new-") as aside:
            waiting = Path(aside) / f"{safe_name(file_name).removesuffix(SUFFIX)}{SUFFIX}"
            write_atomic(waiting, data)
            target = folder / f"{_free_name(waiting, store)}{SUFFIX}"
            _examine(waiting)
            waiting.rename(target)
        sync_folder(folder)
    return target


def _free_name(path: Path, store: JobStore) -> str:
    """Return the name on a checkpoint's card, if it is possible and not taken."""
    name = read_card(path).name
    if not _NAME.fullmatch(name):
        raise CheckpointError(
            f"The card of the potential names it {name[:80]!r}. Names are made of letters, "
            "digits, '-', '_' and '.', at most 80 of them: train it with another name."
        )
    if name in {model.name for model in registry.models()}:
        here = name in {known.stem for known in added(store)}
        way_out = (
            "Train this one under another name, or delete that one first."
            if here
            else "It comes with the project and cannot be deleted here: train this one under "
            "another name."
        )
        raise CheckpointError(f"There is a potential called {name!r} already. {way_out}")
    return name


def _examine(path: Path) -> None:
    """Load a checkpoint in another process; raise what is wrong with it."""
    try:
        found = subprocess.run(
            [sys.executable, "-c", _EXAMINE, str(path)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=EXAMINATION_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckpointError(
            f"The file could not be opened within {EXAMINATION_S} s and was not added. Make it "
            "anew with python -m mlpcore train."
        ) from error
    if found.returncode == 3 and found.stdout:
        raise CheckpointError(found.stdout)
    if found.returncode:
        raise CheckpointError(
            "The file brought down the process that examined it and was not added. Make it "
            "anew with python -m mlpcore train."
        )


def _name(path: Path) -> str:
    """Return the key of a checkpoint; a damaged one, which has none, goes by its file."""
    try:
        return read_card(path).name
    except CheckpointError:
        return path.stem


def delete(store: JobStore, path: Path) -> None:
    """Take a potential away again.

    Raises
    ------
    JobStateError
        Jobs need it to be shown.
    """
    users = store.users_of(_name(path), str(path))
    if users:
        raise JobStateError(
            f"{users} {'job was' if users == 1 else 'jobs were'} computed with {path.stem!r} "
            "and could not be shown without it. Delete them first."
        )
    with saving("The deletion"):
        path.unlink(missing_ok=True)
