"""From the bytes of a file to a checked crystal.

The format is recognised by content, so a missing or wrong extension does no harm.
Only formats that can be read as plain text are read; nothing is executed and no
other file is opened. Every input that is not a usable crystal is refused with a
:class:`~mlpcore.errors.StructureError` whose text is meant for the user.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mlpcore.errors import StructureError
from properties.crystal import Crystal
from properties.structure_checks import checked
from properties.structure_formats import FORMATS, Format
from properties.structure_sites import MAX_STRUCTURES, RawStructure

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
"""Largest file that is read; a crystal within the atom limit needs far less."""

READABLE = ", ".join(known.title for known in FORMATS)

_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89HDF", "an HDF5 file"),
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def read_structure(data: bytes, filename: str) -> Crystal:
    """Read the one crystal that a file holds.

    Parameters
    ----------
    data
        Content of the file.
    filename
        Its name, for messages only; folders in it are ignored.

    Raises
    ------
    StructureError
        The file is not a usable crystal, or holds several structures.
    """
    crystals = read_all(data, filename)
    if len(crystals) > 1:
        formulas = ", ".join(crystal.formula for crystal in crystals[:5])
        raise StructureError(
            f"{safe_name(filename)} holds {len(crystals)} structures ({formulas}"
            f"{', …' if len(crystals) > 5 else ''}), but one is needed. "
            "Choose one of them, or keep only that one in the file."
        )
    return crystals[0]


def read_all(data: bytes, filename: str) -> tuple[Crystal, ...]:
    """Read every crystal that a file holds, in order; there is at least one.

    Parameters
    ----------
    data, filename
        As for :func:`read_structure`.

    Raises
    ------
    StructureError
        The file cannot be read, or one of its structures is not a usable crystal.
    """
    name = safe_name(filename)
    text = _decode(data, name)
    found = _parse(_recognise(text, name), text, name)
    return tuple(checked(raw, name) for raw in found)


def safe_name(filename: str) -> str:
    """Return the last part of a file name, printable and at most 80 characters long."""
    last = PurePosixPath(filename.replace("\\", "/")).name
    printable = "".join(c for c in last if c.isprintable()).strip()
    return printable[:80] if printable.strip(".") else "the file"


def _decode(data: bytes, name: str) -> str:
    """Return the text with Unix line ends; refuse what is empty, huge or binary."""
    if not data.strip():
        raise StructureError(f"{name} is empty. Choose a file with a crystal structure in it.")
    if len(data) > MAX_UPLOAD_BYTES:
        raise StructureError(
            f"{name} is larger than {MAX_UPLOAD_BYTES // 1024**2} MB, the most that is read. "
            "Keep only the structure itself."
        )
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            raise StructureError(
                f"{name} is {kind}, but a plain text file is needed. Unpack or convert it "
                f"to one of: {READABLE}."
            )
    text = _text(data)
    if _CONTROL.search(text):
        raise StructureError(
            f"{name} is a binary file, but a plain text file is needed. "
            f"Readable formats: {READABLE}."
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(data: bytes) -> str:
    """Decode UTF-8 or UTF-16, else take each byte as a Latin-1 letter."""
    encodings = ("utf-16",) if data.startswith(_UTF16_MARKS) else ("utf-8-sig",)
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _recognise(text: str, name: str) -> Format:
    for known in FORMATS:
        if known.recognises(text):
            return known
    raise StructureError(
        f"The format of {name} was not recognised, or the file is cut off near its beginning. "
        f"Readable formats: {READABLE}."
    )


def _parse(known: Format, text: str, name: str) -> list[RawStructure]:
    try:
        found = known.read(text)
    except StructureError as error:
        raise StructureError(f"{name} could not be read as {known.title}: {error}") from error
    if not found:
        raise StructureError(
            f"{name} looks like {known.title}, but no atoms with positions are in it: it may "
            "be cut off or hold no structure. Export the structure again."
        )
    if len(found) > MAX_STRUCTURES:
        raise StructureError(
            f"{name} holds {len(found)} structures, and at most {MAX_STRUCTURES} are read. "
            "Keep only those of interest."
        )
    return found
