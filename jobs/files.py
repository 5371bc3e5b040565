"""Writing files whole or not at all, and names that stay inside their folder."""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import JobFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAME_BYTES = 100
_UNSAFE = re.compile(r"[^\w.+() -]+")


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` so that a reader, or a power cut, meets the old file or the new one."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def safe_name(name: str, otherwise: str = "structure") -> str:
    """Return a file name made of the last part of `name`, harmless in any folder.

    Folders, control characters, leading dots and excess length are dropped; the
    extension is kept, for it tells the format.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    clean = _UNSAFE.sub("_", last).strip(" .")
    stem, suffix = Path(clean).stem, Path(clean).suffix
    room = MAX_NAME_BYTES - len(suffix.encode())
    if room <= 0:
        stem, suffix, room = clean, "", MAX_NAME_BYTES
    short = stem.encode()[:room].decode(errors="ignore")
    return f"{short}{suffix}" or otherwise


@contextmanager
def saving(what: str) -> Iterator[None]:
    """Turn a refusal of the file system into a sentence for the user."""
    try:
        yield
    except OSError as error:
        raise JobFileError(
            f"{what} could not be saved: {error.strerror or error}. Nothing was lost that "
            "was saved before; ask the administrator to look at the space and the "
            "permissions of the job folder, then try again."
        ) from error
