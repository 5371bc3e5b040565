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
from ase.units import Bohr, Hartree

from mlpcore.checkpoint import Card, Checkpoint
from mlpcore.descriptors.functions import (
    Angular,
    CutoffKind,
    Radial,
    SymmetryFunction,
    SymmetryFunctions,
)
from mlpcore.errors import CheckpointError
from mlpcore.n2p2_files import Settings, read_scaling, read_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcore.n2p2_files import Line

CUTOFFS: dict[int, CutoffKind] = {1: "cosine", 2: "tanh3", 6: "polynomial"}
ACTIVATIONS = {
    "t": "tanh",
    "p": "softplus",
    "l": "linear",
    "s": "logistic",
    "g": "gaussian",
    "c": "cosine",
}
RADIAL, NARROW, WIDE = 2, 3, 9
WORDS = {RADIAL: (6,), NARROW: (8, 9), WIDE: (8, 9)}
"""Words of a symmetry function of each type; the last, a shift, may be missing."""


@dataclass(frozen=True)
class Units:
    """Lengths and energies of the files, in Å and eV."""

    length_a: float = Bohr
    energy_ev: float = Hartree


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
    members = [_member(path, units or Units()) for path in _folders(folder)]
    first = members[0]
    for path, member in zip(_folders(folder), members, strict=True):
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
    return sorted(inside, key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])


def _member(folder: Path, units: Units) -> _Member:
    settings = Settings(folder / "input.nn")
    elements = _elements(settings)
    functions = SymmetryFunctions(
        tuple((symbol, _functions(settings, symbol, elements, units)) for symbol in elements),
        _cutoff_kind(settings),
    )
    hidden, activation = _layers(settings)
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
        units.energy_ev / settings.number("conv_energy", 1.0),
        weights,
        biases,
    )


def _elements(settings: Settings) -> tuple[str, ...]:
    """Return the elements by atomic number, the order in which files count them."""
    line = settings.one("elements")
    unknown = [word for word in line.words if word not in atomic_numbers]
    if unknown or not line.words or len(set(line.words)) < len(line.words):
        line.refuse(f"{' '.join(line.words)!r} should be chemical symbols, each once.")
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


def _functions(
    settings: Settings, symbol: str, elements: Sequence[str], units: Units
) -> tuple[SymmetryFunction, ...]:
    """Return the functions of an element in the order in which weights count them."""
    found = [
        _function(line, elements, units)
        for line in settings.all("symfunction_short")
        if line.words[:1] == (symbol,) or line.words[:1] not in {(e,) for e in elements}
    ]
    if not found:
        raise CheckpointError(
            f"{settings.path.parent.name}/input.nn: {symbol} has no symmetry functions."
        )
    return tuple(function for _, function in sorted(found, key=lambda pair: pair[0]))


def _function(
    line: Line, elements: Sequence[str], units: Units
) -> tuple[tuple[float, ...], SymmetryFunction]:
    """Return a function with the key by which the program sorts."""
    words = line.words
    kind = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    if kind not in WORDS or len(words) not in WORDS[kind]:
        line.refuse(
            f"{' '.join(words)!r} is not a symmetry function of type 2, 3 or 9 with its "
            "parameters; other types are not known here."
        )
    first = 3 if kind == RADIAL else 4
    symbols = (words[0], *words[2:first])
    unknown = [symbol for symbol in symbols if symbol not in elements]
    if unknown:
        line.refuse(f"{', '.join(unknown)} is not among the elements {' '.join(elements)}.")
    a, b = units.length_a, units.length_a**-2
    places = sorted(atomic_numbers[symbol] for symbol in symbols[1:])
    if kind == RADIAL:
        eta, shift, cutoff = line.numbers(first)
        radial = Radial(words[2], eta * b, shift * a, cutoff * a)
        return (kind, cutoff, eta, shift, *places), radial
    eta, sign, zeta, cutoff, shift = [*line.numbers(first), 0.0][:5]
    if sign not in {-1.0, 1.0}:
        line.refuse(f"λ is {sign:g}; 1 or −1 is needed.")
    ends = sorted(words[2:4], key=lambda symbol: atomic_numbers[symbol])
    angular = Angular(
        (ends[0], ends[1]),
        eta * b,
        zeta,
        int(sign),
        shift * a,
        cutoff * a,
        "G4" if kind == NARROW else "G5",
    )
    return (kind, cutoff, eta, shift, zeta, sign, *places), angular


def _layers(settings: Settings) -> tuple[tuple[int, ...], str]:
    line = settings.one("global_nodes_short")
    hidden = tuple(int(n) for n in line.numbers())
    stated = int(settings.one("global_hidden_layers_short").number_only())
    if len(hidden) != stated or min(hidden) < 1:
        line.refuse(f"{stated} hidden layers need {stated} numbers of nodes.")
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
            f"{' '.join(letters)!r} should be one letter for each of {stated} hidden layers, "
            f"the same for all, of {', '.join(ACTIVATIONS)}, and l for the output."
        )
    return hidden, ACTIVATIONS[letters[0]]


def _scaling(
    settings: Settings, ranges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shift and scale with which networks see (G − shift) / scale, (e, d)."""
    low, high, mean, sigma = np.moveaxis(ranges, 2, 0)
    scaled = "scale_symmetry_functions" in settings
    by_sigma = "scale_symmetry_functions_sigma" in settings
    centred = "center_symmetry_functions" in settings or by_sigma
    least = settings.number("scale_min_short", settings.number("scale_min_short_atomic", 0.0))
    most = settings.number("scale_max_short", settings.number("scale_max_short_atomic", 1.0))
    if not (scaled or by_sigma):
        least, most = 0.0, 1.0
    width = sigma if by_sigma and not scaled else high - low if scaled else np.ones_like(low)
    there = ~np.isnan(low)
    if most <= least or not (width[there] > 0).all():
        raise CheckpointError(
            f"The scaling of {settings.path.parent.name} cannot be used: a symmetry function "
            "does not vary in scaling.data, or its standard deviation is missing."
        )
    scale = np.where(there, width / (most - least), 1.0)
    origin = mean if centred else low if scaled else np.zeros_like(low)
    return np.where(there, origin - least * scale, 0.0), scale


def _atom_energies(settings: Settings, elements: Sequence[str]) -> NDArray[np.float64]:
    """Return energies that are added for each atom, in the files' unit."""
    found = np.full(len(elements), settings.number("mean_energy", 0.0))
    for line in settings.all("atom_energy"):
        if len(line.words) != 2 or line.words[0] not in elements:
            line.refuse("a chemical symbol among the elements and an energy are needed.")
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
        title=folder.resolve().name,
        elements=member.functions.elements,
        character="Imported from files in the format of n2p2 and RuNNer; what it was trained "
        "on, and how well it does, is not stated in them.",
    )
