"""Potentials that an administrator adds to this server, and takes away again.

A checkpoint comes from outside, so it is examined in a process of its own before it is
listed; the web server reads nothing of it but its text.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import JobStateError
from jobs.files import safe_name, saving, sync_folder, write_atomic
from jobs.settings import models_folder
from mlpcore.errors import CheckpointError

if TYPE_CHECKING:
    from jobs.store import JobStore

PROJECT = Path(__file__).resolve().parent.parent
SUFFIX = ".safetensors"
MAX_BYTES = 10_000_000
EXAMINATION_S = 120
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
    return tuple(sorted(folder.glob(f"[!.]*{SUFFIX}"))) if folder.is_dir() else ()


def add(store: JobStore, name: str, data: bytes) -> Path:
    """Examine a checkpoint and keep it.

    Parameters
    ----------
    name
        The file's name, of which the stem becomes the key of the model.
    data
        The file.

    Raises
    ------
    CheckpointError
        It is too large, not a checkpoint, damaged, or there is one of that name.
    JobFileError
        It cannot be stored.
    """
    if len(data) > MAX_BYTES:
        raise CheckpointError(
            f"The file has {len(data) / 1e6:.1f} MB; checkpoints of element networks have "
            f"less than {MAX_BYTES / 1e6:.0f} MB. Choose the file that a training has written."
        )
    folder = models_folder(store.root)
    target = folder / f"{Path(safe_name(name, 'model')).stem}{SUFFIX}"
    if target.exists():
        raise CheckpointError(
            f"There is a potential called {target.stem!r} already. Give the file another name, "
            "or delete that potential first."
        )
    with saving("The potential"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        waiting = folder / f".new-{target.name}"
        try:
            write_atomic(waiting, data)
            _examine(waiting)
            waiting.rename(target)
            sync_folder(folder)
        finally:
            waiting.unlink(missing_ok=True)
    return target


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


def delete(store: JobStore, path: Path) -> None:
    """Take a potential away again.

    Raises
    ------
    JobStateError
        Jobs need it to be shown.
    """
    users = store.users_of(path.stem, str(path))
    if users:
        raise JobStateError(
            f"{users} {'job was' if users == 1 else 'jobs were'} computed with {path.stem!r} "
            "and could not be shown without it. Delete them first."
        )
    with saving("The deletion"):
        path.unlink(missing_ok=True)
