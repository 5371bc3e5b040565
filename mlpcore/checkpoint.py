"""Checkpoints of our own potentials: one file of tensors and a text, nothing that runs.

The file is in the format ``safetensors``; what the tensors mean is JSON in its header. The
header is read here without torch, so that pages can list potentials.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers

from mlpcore.descriptors.functions import (
    ANGULAR_KINDS,
    Radial,
    SymmetryFunction,
    SymmetryFunctions,
)
from mlpcore.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from mlpcore.networks import Shape

FORMAT = "lattice-lab-potential/1"
SUFFIX = ".safetensors"
MAX_BYTES = 64 * 1024**2
MAX_HEADER_BYTES = 8 * 1024**2
MAX_MEMBERS, MAX_FUNCTIONS, MAX_NODES = 64, 2000, 1000
MAX_CUTOFF_A = 20.0
MAX_DEPTH = 32
KEY = "lattice_lab"
KINDS: dict[str, tuple[type, ...]] = {
    "card": (dict,),
    "functions": (dict,),
    "network": (dict,),
    "training": (dict,),
    "baseline": (str, NoneType),
    "electrostatics": (dict, NoneType),
    "calibration": (dict, NoneType),
}
"""What each part of a description can be."""


@dataclass(frozen=True)
class Card:
    """What a user should know of a potential.

    Attributes
    ----------
    name, title
        Key of the registry, and the name to show.
    elements
        Chemical symbols.
    functional, training_set, licence, citation, character, caution
        Sentences, as in :class:`mlpcore.model_info.ModelInfo`.
    """

    name: str
    title: str
    elements: tuple[str, ...]
    functional: str = "not stated"
    training_set: str = "not stated"
    licence: str = "not stated"
    citation: str = "not stated"
    character: str = ""
    caution: str | None = None


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
        return _shape(self.functions, self.network)

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
    """Write a checkpoint, whole or not at all."""
    from safetensors.torch import save

    text = json.dumps(checkpoint.header(), ensure_ascii=False, allow_nan=False)
    tensors = {name: t.detach().cpu().contiguous() for name, t in checkpoint.tensors.items()}
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(save(tensors, metadata={KEY: text}))
    partial.replace(path)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint and make sure that it is one.

    Raises
    ------
    CheckpointError
        The file is unreadable, damaged, of another kind or version, or its tensors do not
        fit what its header says.
    """
    header = read_header(path)
    found = Checkpoint(
        card=_card(header, path),
        functions=SymmetryFunctions.from_dict(header["functions"]),
        network=header["network"],
        tensors=_tensors(path),
        baseline=header["baseline"],
        electrostatics=header["electrostatics"],
        calibration=header["calibration"],
        training=header["training"],
    )
    _require_fitting(found, path)
    return found


def read_card(path: Path) -> Card:
    """Return what a checkpoint says of itself, without torch."""
    return _card(read_header(path), path)


def read_header(path: Path) -> dict[str, Any]:
    """Return all that a checkpoint holds but its tensors, without torch.

    Raises
    ------
    CheckpointError
        As for :func:`read`.
    """
    whole = _json(_header_bytes(path), path, "its header")
    metadata = whole.get("__metadata__")
    if not isinstance(metadata, dict) or KEY not in metadata:
        raise CheckpointError(
            f"{path.name} is a file of tensors, but not one of a potential of this program. "
            "Choose a checkpoint that `python -m mlpcore train` or `import` wrote."
        )
    header = _json(str(metadata[KEY]).encode(), path, "its description")
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{path.name} has the format {header.get('format')!r}, and {FORMAT!r} is needed. "
            "Train or import the potential again with this version."
        )
    missing = {"card", "functions", "network", "training"} - set(header)
    if missing:
        raise CheckpointError(
            f"{path.name} lacks {', '.join(sorted(missing))} in its description: it is "
            "damaged. Get it again from where it came."
        )
    optional = dict.fromkeys(("baseline", "electrostatics", "calibration"))
    _require_sane(optional | header, path)
    return optional | header


def _require_sane(header: Mapping[str, Any], path: Path) -> None:
    """Refuse what would stop those who only list potentials, or never end."""
    wrong = [name for name, kinds in KINDS.items() if not isinstance(header[name], kinds)]
    if wrong:
        raise CheckpointError(
            f"{path.name} states something of another kind than its format has for "
            f"{', '.join(wrong)}: it is damaged. Get it again from where it came."
        )
    n_members = header["network"].get("n_members")
    if not isinstance(n_members, int) or not 0 < n_members <= MAX_MEMBERS:
        raise CheckpointError(
            f"{path.name} states {n_members!r} members; 1 to {MAX_MEMBERS} are needed."
        )
    functions = SymmetryFunctions.from_dict(header["functions"])
    card = _card(header, path)
    if set(card.elements) != set(functions.elements):
        raise CheckpointError(
            f"The card of {path.name} names {', '.join(card.elements)}, and its symmetry "
            f"functions are those of {', '.join(functions.elements)}: they must be the same."
        )
    for symbol, members in functions.by_element:
        for function in members:
            _require_sane_function(symbol, function, path)


def _require_sane_function(symbol: str, function: SymmetryFunction, path: Path) -> None:
    zeta = 1.0 if isinstance(function, Radial) else function.zeta
    numbers = (function.eta, function.shift_a, function.cutoff_a, zeta)
    finite = all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers)
    known = isinstance(function, Radial) or (
        function.kind in ANGULAR_KINDS and function.sign in {-1, 1}
    )
    if not (finite and known and 0 < function.cutoff_a <= MAX_CUTOFF_A and zeta > 0):
        raise CheckpointError(
            f"A symmetry function of {symbol} in {path.name} cannot be used: "
            f"{asdict(function)}. Its cut-off must be up to {MAX_CUTOFF_A:g} Å, ζ above 0, λ 1 "
            "or −1, and all numbers finite."
        )


def _header_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CheckpointError(
                f"{path.name} has {size / 1024**2:.0f} MiB; checkpoints of up to "
                f"{MAX_BYTES // 1024**2} MiB are opened."
            )
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if start[:2] in (b"PK", b"\x80\x02", b"\x80\x04") or len(start) < 8:
                raise _not_safe(path)
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
                raise _not_safe(path)
            return file.read(length)
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read ({error.strerror}). Check the path and who may "
            "read it."
        ) from error


def _not_safe(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is not a file of the format safetensors, or is cut short. Pickled "
        "checkpoints (.pt, .pth, .pkl) are never opened, because they can run programs: "
        "give a file that `python -m mlpcore train` or `import` wrote."
    )


def _depth(text: bytes) -> int:
    """How deep tables and lists are nested, told without reading them."""
    brackets = np.frombuffer(
        re.sub(rb'"(?:[^"\\]|\\.)*"?', b"", text, flags=re.DOTALL), np.uint8
    )
    opened = np.isin(brackets, list(b"[{")).astype(int)
    closed = np.isin(brackets, list(b"]}")).astype(int)
    return int(np.cumsum(opened - closed).max(initial=0))


def _json(text: bytes, path: Path, what: str) -> dict[str, Any]:
    # Some packages raise the recursion limit so far that the parser would end the process.
    if _depth(text) > MAX_DEPTH:
        raise _not_safe(path)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _not_safe(path) from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path.name}: {what} is not a table of names and values.")
    return found


def _card(header: Mapping[str, Any], path: Path) -> Card:
    try:
        card = Card(**{**header["card"], "elements": tuple(header["card"]["elements"])})
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"The card of {path.name} cannot be read ({error}). It needs name, title and "
            "elements as text."
        ) from error
    texts = [v for k, v in asdict(card).items() if k not in {"elements", "caution"}]
    if not all(isinstance(text, str) for text in texts):
        raise CheckpointError(f"The card of {path.name} holds something else than text.")
    unknown = [symbol for symbol in card.elements if symbol not in atomic_numbers]
    if unknown or not card.elements:
        raise CheckpointError(
            f"The card of {path.name} names {unknown or 'no elements'}; chemical symbols are "
            "needed."
        )
    return card


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        found: dict[str, torch.Tensor] = load(path.read_bytes())
    except (SafetensorError, OSError, ValueError) as error:
        raise _not_safe(path) from error
    return found


def _shape(functions: SymmetryFunctions, network: Mapping[str, Any]) -> Shape:
    from mlpcore.networks import ACTIVATIONS, Shape

    try:
        shape = Shape(
            len(functions.elements),
            max(functions.counts),
            tuple(int(width) for width in network["hidden"]),
            str(network["activation"]),
            int(network["n_members"]),
            int(network["n_outputs"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"The shape of the networks cannot be read ({error!r})."
        ) from error
    sane = (
        0 < shape.n_members <= MAX_MEMBERS
        and shape.n_inputs <= MAX_FUNCTIONS
        and shape.n_outputs in {1, 2}
        and all(0 < width <= MAX_NODES for width in shape.hidden)
        and shape.activation in ACTIVATIONS
    )
    if not sane:
        raise CheckpointError(
            f"The networks have {shape.n_members} members, layers {shape.hidden}, activation "
            f"{shape.activation!r}, {shape.n_outputs} outputs: up to {MAX_MEMBERS} members, "
            f"{MAX_NODES} nodes, 1 or 2 outputs and one of {', '.join(ACTIVATIONS)} are known."
        )
    return shape


def _require_fitting(checkpoint: Checkpoint, path: Path) -> None:
    import torch

    expected = checkpoint.shape.tensors()
    found = dict(checkpoint.tensors)
    for name in ("range_min", "range_max"):
        if name in found:
            expected[name] = expected["shift"]
    wrong = [
        f"{name} {tuple(found[name].shape) if name in found else 'missing'} instead of {shape}"
        for name, shape in expected.items()
        if name not in found or tuple(found[name].shape) != shape
    ]
    wrong += [f"{name} unexpected" for name in found.keys() - expected.keys()]
    if wrong:
        raise CheckpointError(
            f"The tensors of {path.name} do not fit its description: {'; '.join(wrong[:3])}. "
            "The file is damaged; get it again from where it came."
        )
    bad = [name for name, t in found.items() if t.dtype != torch.float64 or not _finite(t)]
    if bad or float(found["scale"].abs().min()) <= 0:
        raise CheckpointError(
            f"{path.name} holds numbers that are not finite, or not in double precision, in "
            f"{', '.join(bad) or 'scale'}. Train the potential again."
        )


def _finite(tensor: torch.Tensor) -> bool:
    return math.isfinite(float(tensor.abs().max()))
