"""Checkpoints of our own potentials: one file of tensors and a text, nothing that runs.

The file is in the format ``safetensors``; what the tensors mean is JSON in its header. The
header is read here without torch, so that pages can list potentials.
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcore.checkpoint_header import Card, Description, describe
from mlpcore.errors import CheckpointError
from mlpcore.json_checks import brief

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from mlpcore.descriptors.functions import SymmetryFunctions
    from mlpcore.networks import Shape

__all__ = ["Card", "Checkpoint", "describe_file", "read", "read_card", "read_header", "write"]

FORMAT = "lattice-lab-potential/1"
SUFFIX = ".safetensors"
MAX_BYTES = 64 * 1024**2
MAX_HEADER_BYTES = 8 * 1024**2
MAX_DEPTH = 32
KEY = "lattice_lab"

LARGEST, LEAST_SCALE = 1e9, 1e-15
"""Within these, eight layers of 1024 nodes give finite numbers whatever their weights."""


@dataclass(frozen=True)
class Checkpoint:
    """A potential as it is stored.

    Attributes
    ----------
    card
        For people.
    functions
        Symmetry functions of each element.
    network
        ``hidden``, ``activation``, ``n_members`` and ``n_outputs``, as in
        :class:`mlpcore.networks.Shape`.
    tensors
        State of :class:`mlpcore.networks.ElementNetworks`, and ``range_min`` and
        ``range_max`` of the descriptors in the training data where they are known, (e, d).
    baseline
        Name of the registered potential that is added, or ``None``.
    electrostatics
        Settings of the charges that are added, or ``None``.
    calibration
        Factors of the committee's spread, or ``None``.
    training
        Settings, data with their hash, split and errors on test.
    """

    card: Card
    functions: SymmetryFunctions
    network: dict[str, Any]
    tensors: dict[str, torch.Tensor]
    baseline: str | None = None
    electrostatics: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """Shape of the networks."""
        from mlpcore.networks import Shape

        return Shape(
            len(self.functions.elements),
            max(self.functions.counts),
            tuple(self.network["hidden"]),
            self.network["activation"],
            self.network["n_members"],
            self.network["n_outputs"],
        )

    def header(self) -> dict[str, Any]:
        """Return all but the tensors, in types of JSON."""
        return {
            "format": FORMAT,
            "card": asdict(self.card),
            "functions": self.functions.to_dict(),
            "network": self.network,
            "baseline": self.baseline,
            "electrostatics": self.electrostatics,
            "calibration": self.calibration,
            "training": self.training,
        }


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all.

    Raises
    ------
    CheckpointError
        It could not be read again: see :func:`read`.
    """
    data = _encoded(checkpoint, path.name)
    _decoded(data, _described(_header_in(data, path.name), path.name), path.name)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint and make sure that it is one.

    Raises
    ------
    CheckpointError
        The file is unreadable, damaged, of another kind or version, states what cannot be
        meant, or its tensors do not fit what its header says.
    """
    described = describe_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    return _decoded(data, described, path.name)


def read_card(path: Path) -> Card:
    """Return what a checkpoint says of itself, without torch."""
    return describe_file(path).card


def read_header(path: Path) -> dict[str, Any]:
    """Return all that a checkpoint holds but its tensors, without torch.

    Raises
    ------
    CheckpointError
        As for :func:`read`.
    """
    return describe_file(path).header


def describe_file(path: Path) -> Description:
    """Return all that a checkpoint holds but its tensors, checked, without torch.

    Raises
    ------
    CheckpointError
        As for :func:`read`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(f"{path.name} is no file. Give the path of a checkpoint.")
        with path.open("rb") as file:
            start = file.read(8)
            text = file.read(_header_length(start, status.st_size, path.name))
    except OSError as error:
        raise unreadable(path, error) from error
    return _described(text, path.name)


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """Return what to raise where the file system refuses a checkpoint."""
    return CheckpointError(
        f"{path.name} cannot be read ({error.strerror}). Check the path and who may read it."
    )


def _encoded(checkpoint: Checkpoint, name: str) -> bytes:
    from safetensors.torch import save

    tensors = {key: t.detach().cpu().contiguous() for key, t in checkpoint.tensors.items()}
    try:
        text = json.dumps(checkpoint.header(), ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError as error:
        raise CheckpointError(
            f"{name} cannot be written: its description holds numbers that are not finite, or "
            f"text that is none ({error}). Train the potential again with other data."
        ) from error
    data: bytes = save(tensors, metadata={KEY: text})
    return data


def _decoded(data: bytes, described: Description, name: str) -> Checkpoint:
    header = described.header
    parts = ("network", "baseline", "electrostatics", "calibration", "training")
    found = Checkpoint(
        card=described.card,
        functions=described.functions,
        tensors=_tensors(data, name),
        **{part: header[part] for part in parts},
    )
    _require_fitting(found, name)
    _require_usable(found.tensors, name)
    return found


def _header_in(data: bytes, name: str) -> bytes:
    return data[8 : 8 + _header_length(data[:8], len(data), name)]


def _header_length(start: bytes, size: int, name: str) -> int:
    """Return how long the header is, from the first bytes and the size of the file."""
    if size > MAX_BYTES:
        raise CheckpointError(
            f"{name} has {size / 1024**2:.0f} MiB; checkpoints of up to "
            f"{MAX_BYTES // 1024**2} MiB are opened. Choose smaller networks, fewer members or "
            "fewer symmetry functions."
        )
    if start[:2] in (b"PK", b"\x80\x02", b"\x80\x04") or len(start) < 8:
        raise _not_safe(name)
    length = int.from_bytes(start, "little")
    if not 2 <= length <= size - 8:
        raise _not_safe(name)
    if length > MAX_HEADER_BYTES:
        raise CheckpointError(
            f"{name} has a description of {length / 1024**2:.0f} MiB; up to "
            f"{MAX_HEADER_BYTES // 1024**2} MiB are read. Choose fewer symmetry functions, or "
            "training data with fewer sources."
        )
    return length


def _described(text: bytes, name: str) -> Description:
    """Read the header of the file, and in it the description."""
    try:
        metadata = _json(text).get("__metadata__")
    except ValueError as error:
        raise _not_safe(name) from error
    if not isinstance(metadata, dict) or not isinstance(metadata.get(KEY), str):
        raise CheckpointError(
            f"{name} is a file of tensors, but not one of a potential of this program. "
            "Choose a checkpoint that `python -m mlpcore train` or `import` wrote."
        )
    try:
        header = _json(metadata[KEY].encode())
    except ValueError as error:
        raise CheckpointError(
            f"{name}: its description cannot be read ({error}). It is damaged: get it again "
            "from where it came."
        ) from error
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{name} has the format {brief(header.get('format'))}, and {FORMAT!r} is needed. "
            "Train or import the potential again with this version."
        )
    return describe(header, name)


def _not_safe(name: str) -> CheckpointError:
    return CheckpointError(
        f"{name} is not a file of the format safetensors, or is cut short. Pickled "
        "checkpoints (.pt, .pth, .pkl) are never opened, because they can run programs: "
        "give a file that `python -m mlpcore train` or `import` wrote."
    )


def _depth(text: bytes) -> int:
    """How deep tables and lists are nested, told without reading them."""
    brackets = np.frombuffer(
        re.sub(rb'"(?:[^"\\]++|\\.)*+"?', b"", text, flags=re.DOTALL), np.uint8
    )
    opened = np.isin(brackets, list(b"[{")).astype(np.int8)
    closed = np.isin(brackets, list(b"]}")).astype(np.int8)
    return int(np.cumsum(opened - closed, dtype=np.int32).max(initial=0))


def _json(text: bytes) -> dict[str, Any]:
    """Return a table of names and values; raise :class:`ValueError` for anything else."""
    # Some packages raise the recursion limit so far that the parser would end the process.
    if _depth(text) > MAX_DEPTH:
        raise ValueError(f"tables are nested more than {MAX_DEPTH} deep")
    found = json.loads(text.decode())
    if re.search(rb"\\u[dD]", text):
        # Halves of surrogate pairs are read, but can be neither shown nor written.
        json.dumps(found, ensure_ascii=False).encode()
    if not isinstance(found, dict):
        raise ValueError("it is not a table of names and values")  # noqa: TRY004
    return found


def _tensors(data: bytes, name: str) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        found: dict[str, torch.Tensor] = load(data)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise _not_safe(name) from error
    return found


def _require_fitting(checkpoint: Checkpoint, name: str) -> None:
    expected = checkpoint.shape.tensors()
    found = checkpoint.tensors
    if "range_min" in found or "range_max" in found:
        expected |= dict.fromkeys(("range_min", "range_max"), expected["shift"])
    wrong = [
        f"{key} {tuple(found[key].shape) if key in found else 'missing'} instead of {shape}"
        for key, shape in expected.items()
        if key not in found or tuple(found[key].shape) != shape
    ]
    wrong += [f"{brief(key)} unexpected" for key in found.keys() - expected.keys()]
    if wrong:
        raise CheckpointError(
            f"The tensors of {name} do not fit its description: {'; '.join(wrong[:3])}. "
            "The file is damaged; get it again from where it came."
        )


def _require_usable(tensors: dict[str, torch.Tensor], name: str) -> None:
    """Refuse numbers with which energies are not finite, or nothing else that is meant."""
    import torch

    for key, tensor in tensors.items():
        largest = float(tensor.abs().max()) if tensor.dtype == torch.float64 else None
        # Comparing with "not" finds NaN as well.
        if largest is None or not largest <= LARGEST:
            raise CheckpointError(
                f"{name} holds numbers in {key} that are not finite, larger than {LARGEST:g} "
                f"or not in double precision ({largest or tensor.dtype}). Train the potential "
                "again."
            )
    smallest = float(tensors["scale"].min())
    if smallest < LEAST_SCALE:
        raise CheckpointError(
            f"{name} scales a symmetry function by {smallest:g}; {LEAST_SCALE:g} or more is "
            "needed. Train the potential again without functions that do not vary."
        )
    if "range_min" in tensors and bool((tensors["range_min"] > tensors["range_max"]).any()):
        raise CheckpointError(
            f"In {name}, range_min of a symmetry function is above its range_max. The file is "
            "damaged; get it again from where it came."
        )
