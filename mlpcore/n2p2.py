"""Potentials in the format of n2p2 and RuNNer, read as checkpoints.

Lengths and energies of such files are taken as Bohr and Hartree, the atomic units that both
programs use, unless said otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from mlpcore.checkpoint import LEAST_SCALE, MAX_BYTES, Card, Checkpoint
from mlpcore.checkpoint_header import MAX_LAYERS, MAX_MEMBERS, MAX_NODES
from mlpcore.descriptors.functions import CutoffKind, SymmetryFunctions
from mlpcore.errors import CheckpointError
from mlpcore.json_checks import are_symbols, brief
from mlpcore.n2p2_files import Settings, Units, read_scaling, read_weights
from mlpcore.n2p2_functions import read_functions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


CUTOFFS: dict[int, CutoffKind] = {1: "cosine", 2: "tanh3", 6: "polynomial"}
ACTIVATIONS = {
    "t": "tanh",
    "p": "softplus",
    "l": "linear",
    "s": "logistic",
    "g": "gaussian",
    "c": "cosine",
}
CONVERSIONS = (1e-6, 1e6)
"""Smallest and largest factor between units."""


@dataclass(frozen=True)
class _Member:
    """One potential: arrays over elements e, functions d, and layers."""

    functions: SymmetryFunctions
    hidden: tuple[int, ...]
    activation: str
    shift: NDArray[np.float64]
    scale: NDArray[np.float64]
    range_min: NDArray[np.float64]
    range_max: NDArray[np.float64]
    atom_energy_ev: NDArray[np.float64]
    energy_scale_ev: float
    weights: list[NDArray[np.float64]]
    biases: list[NDArray[np.float64]]


def read(folder: Path, units: Units | None = None) -> Checkpoint:
    """Read one potential, or a committee of several that lie in folders of their own.

    Parameters
    ----------
    folder
        With ``input.nn``, ``scaling.data`` and ``weights.*.data``; or with such folders, which
        are the members in the order of their names.
    units
        Of the numbers in the files; ``None`` for Bohr and Hartree.

    Raises
    ------
    CheckpointError
        A file is missing or damaged, a keyword or type of function is not understood (the
        message names the line), or members differ in more than numbers.
    """
    paths = _folders(folder)
    members = [_member(path, units or Units(), MAX_BYTES // len(paths)) for path in paths]
    first = members[0]
    for path, member in zip(paths, members, strict=True):
        same = (member.functions, member.hidden, member.activation)
        if same != (first.functions, first.hidden, first.activation):
            raise CheckpointError(
                f"{path.name} has other symmetry functions or layers than the first member; "
                "the members of a committee must share them. Import it on its own."
            )
    return _checkpoint(folder, members)


def _folders(folder: Path) -> list[Path]:
    if (folder / "input.nn").is_file():
        return [folder]
    inside = [path.parent for path in folder.glob("*/input.nn")]
    if not inside:
        raise CheckpointError(
            f"{folder.name} holds no input.nn, nor do folders in it. Give the folder of a "
            "potential of n2p2 or RuNNer, or one with a folder for each member of a committee."
        )
    if len(inside) > MAX_MEMBERS:
        raise CheckpointError(
            f"{folder.name} holds {len(inside)} potentials; a committee can have up to "
            f"{MAX_MEMBERS} members. Import some of them."
        )
    return sorted(inside, key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])


def _member(folder: Path, units: Units, most_bytes: int) -> _Member:
    settings = Settings(folder / "input.nn")
    elements = _elements(settings)
    functions = SymmetryFunctions(
        read_functions(settings, elements, units), _cutoff_kind(settings)
    )
    hidden, activation = _layers(settings)
    _require_small(settings, functions, hidden, most_bytes)
    ranges = read_scaling(folder / "scaling.data", functions.counts)
    shift, scale = _scaling(settings, ranges)
    weights, biases = _networks(folder, functions, hidden)
    ranges = np.nan_to_num(ranges)
    return _Member(
        functions,
        hidden,
        activation,
        shift,
        scale,
        ranges[..., 0],
        ranges[..., 1],
        _atom_energies(settings, elements) * units.energy_ev,
        units.energy_ev / settings.number("conv_energy", 1.0, *CONVERSIONS),
        weights,
        biases,
    )


def _elements(settings: Settings) -> tuple[str, ...]:
    """Return the elements by atomic number, the order in which files count them."""
    line = settings.one("elements")
    if not are_symbols(line.words):
        line.refuse(f"{brief(' '.join(line.words))} should be chemical symbols, each once.")
    if "number_of_elements" in settings:
        stated = settings.one("number_of_elements")
        if stated.number_only() != len(line.words):
            stated.refuse(
                f"{stated.words[0]} are stated, and elements names {len(line.words)}: "
                f"{' '.join(line.words)}. Correct one of them."
            )
    return tuple(sorted(line.words, key=lambda symbol: atomic_numbers[symbol]))


def _cutoff_kind(settings: Settings) -> CutoffKind:
    line = settings.one("cutoff_type")
    numbers = [*line.numbers(), 0.0]
    if numbers[0] not in CUTOFFS or numbers[1] != 0:
        line.refuse(
            f"cut-off function {' '.join(line.words)!r} is not known here; known are "
            f"{', '.join(f'{n} ({name})' for n, name in CUTOFFS.items())}, without a shift."
        )
    return CUTOFFS[int(numbers[0])]


def _layers(settings: Settings) -> tuple[tuple[int, ...], str]:
    stated = settings.one("global_hidden_layers_short").counts(MAX_LAYERS)[0]
    line = settings.one("global_nodes_short")
    hidden = tuple(line.counts(MAX_NODES))
    if len(hidden) != stated:
        line.refuse(
            f"{len(hidden)} numbers are given; {stated} hidden layers need {stated} of them."
        )
    line = settings.one("global_activation_short")
    letters = line.words
    known = set(letters) <= set(ACTIVATIONS)
    if (
        len(letters) != stated + 1
        or not known
        or letters[-1] != "l"
        or len({*letters[:-1]}) > 1
    ):
        line.refuse(
            f"{brief(' '.join(letters))} should be one letter for each of {stated} hidden "
            f"layers, the same for all, of {', '.join(ACTIVATIONS)}, and l for the output."
        )
    return hidden, ACTIVATIONS[letters[0]]


def _require_small(
    settings: Settings, functions: SymmetryFunctions, hidden: tuple[int, ...], most_bytes: int
) -> None:
    """Refuse networks that no checkpoint could hold, before their arrays are made."""
    widths = (max(functions.counts), *hidden, 1)
    n_bytes = 8 * len(functions.elements) * sum(a * b for a, b in _pairs(widths))
    if n_bytes > most_bytes:
        settings.one("global_nodes_short").refuse(
            f"with layers {' → '.join(map(str, widths))} for each element the weights take "
            f"{n_bytes / 1024**2:.0f} MiB; each potential of a checkpoint has room for "
            f"{most_bytes / 1024**2:.0f} MiB of them. Use smaller networks or fewer members."
        )


def _scaling(
    settings: Settings, ranges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shift and scale with which networks see (G − shift) / scale, (e, d)."""
    low, high, mean, sigma = np.moveaxis(ranges, 2, 0)
    scaled = "scale_symmetry_functions" in settings
    by_sigma = "scale_symmetry_functions_sigma" in settings
    centred = "center_symmetry_functions" in settings or by_sigma
    least, most = _interval(settings) if scaled or by_sigma else (0.0, 1.0)
    width = sigma if by_sigma and not scaled else high - low if scaled else np.ones_like(low)
    there = ~np.isnan(low)
    scale = np.where(there, width / (most - least), 1.0)
    unusable = np.argwhere(~(scale >= LEAST_SCALE))
    if len(unusable):
        e, d = unusable[0] + 1
        raise CheckpointError(
            f"{settings.path.parent.name}/scaling.data: function {d} of element {e} does not "
            "vary, or its standard deviation is missing, so that it cannot be scaled. Remove "
            "it, or the keywords scale_symmetry_functions and scale_symmetry_functions_sigma."
        )
    origin = mean if centred else low if scaled else np.zeros_like(low)
    return np.where(there, origin - least * scale, 0.0), scale


def _interval(settings: Settings) -> tuple[float, float]:
    """Return what smallest and largest descriptors become."""
    names = ("scale_min_short", "scale_max_short")
    least, most = (
        settings.number(name, settings.number(f"{name}_atomic", default))
        for name, default in zip(names, (0.0, 1.0), strict=True)
    )
    if most <= least:
        raise CheckpointError(
            f"{settings.path.parent.name}/input.nn: scale_min_short is {least:g} and "
            f"scale_max_short {most:g}; the second must be larger."
        )
    return least, most


def _atom_energies(settings: Settings, elements: Sequence[str]) -> NDArray[np.float64]:
    """Return energies that are added for each atom, in the files' unit."""
    found = np.full(len(elements), settings.number("mean_energy", 0.0))
    given = set()
    for line in settings.all("atom_energy"):
        if len(line.words) != 2 or line.words[0] not in elements:
            line.refuse("a chemical symbol among the elements and an energy are needed.")
        if line.words[0] in given:
            line.refuse(f"{line.words[0]} was given already. Leave one of them.")
        given.add(line.words[0])
        found[elements.index(line.words[0])] += line.numbers(1)[0]
    return found


def _networks(
    folder: Path, functions: SymmetryFunctions, hidden: tuple[int, ...]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return weights (e, inputs, outputs), with zeros where an element has no function."""
    width = max(functions.counts)
    widths = (width, *hidden, 1)
    weights = [np.zeros((len(functions.elements), *pair)) for pair in _pairs(widths)]
    biases = [np.zeros((len(functions.elements), 1, n)) for n in widths[1:]]
    for e, (symbol, count) in enumerate(zip(functions.elements, functions.counts, strict=True)):
        path = folder / f"weights.{atomic_numbers[symbol]:03d}.data"
        own_weights, own_biases = read_weights(path, _pairs((count, *hidden, 1)))
        for layer, (weight, bias) in enumerate(zip(own_weights, own_biases, strict=True)):
            weights[layer][e, : len(weight)] = weight
            biases[layer][e, 0] = bias
    return weights, biases


def _pairs(widths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple(pairwise(widths))


def _checkpoint(folder: Path, members: Sequence[_Member]) -> Checkpoint:
    import torch

    first = members[0]
    alike = [_rescaled(member, first) for member in members]
    arrays = {
        "shift": first.shift,
        "scale": first.scale,
        "atom_energy_ev": first.atom_energy_ev,
        "energy_scale_ev": np.array(first.energy_scale_ev),
        "range_min": np.min([member.range_min for member in members], axis=0),
        "range_max": np.max([member.range_max for member in members], axis=0),
    }
    for layer in range(len(first.weights)):
        arrays[f"weights.{layer}"] = np.stack([weights[layer] for weights, _ in alike])
        arrays[f"biases.{layer}"] = np.stack([biases[layer] for _, biases in alike])
    network = {
        "hidden": list(first.hidden),
        "activation": first.activation,
        "n_members": len(members),
        "n_outputs": 1,
    }
    tensors = {name: torch.tensor(a, dtype=torch.float64) for name, a in arrays.items()}
    training = {"imported_from": "n2p2", "folder": folder.resolve().name}
    return Checkpoint(
        _card(folder, first), first.functions, network, tensors, training=training
    )


def _rescaled(
    member: _Member, first: _Member
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return weights and biases that give the same energies with the first one's scaling.

    (G − s) / c = ((G − s₁) / c₁) c₁ / c + (s₁ − s) / c goes into the first layer; the scale
    and the atoms' energies go into the last one, whose output is linear.
    """
    weights, biases = list(member.weights), list(member.biases)
    offset = (first.shift - member.shift) / member.scale
    biases[0] = biases[0] + offset[:, None, :] @ weights[0]
    weights[0] = weights[0] * (first.scale / member.scale)[:, :, None]
    ratio = member.energy_scale_ev / first.energy_scale_ev
    apart = (member.atom_energy_ev - first.atom_energy_ev) / first.energy_scale_ev
    weights[-1] = weights[-1] * ratio
    biases[-1] = biases[-1] * ratio + apart[:, None, None]
    return weights, biases


def _card(folder: Path, member: _Member) -> Card:
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "imported"
    return Card(
        name=name,
        title=folder.resolve().name.strip() or "Imported",
        elements=member.functions.elements,
        character="Imported from files in the format of n2p2 and RuNNer; what it was trained "
        "on, and how well it does, is not stated in them.",
    )
