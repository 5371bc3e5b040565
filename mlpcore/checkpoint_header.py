"""What the description of a checkpoint can hold. Importing this module never imports torch.

A description comes from a file of anyone. It is checked as a whole when it is read, so that
those who list potentials, show their cards or load them meet nothing that cannot be meant.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from types import NoneType
from typing import TYPE_CHECKING, Any

from mlpcore import charge_settings
from mlpcore.descriptors.functions import SymmetryFunctions
from mlpcore.errors import CheckpointError
from mlpcore.json_checks import (
    are_symbols,
    brief,
    is_count,
    is_number,
    is_size,
    is_table,
    is_text,
    misfit,
    missing_or,
    optional,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_MEMBERS, MAX_LAYERS, MAX_NODES = 64, 8, 1024
MAX_FACTOR = 1e6
ACTIVATIONS = ("tanh", "softplus", "logistic", "gaussian", "cosine", "silu", "linear")
N_OUTPUTS = (1, 3)
"""As in :mod:`mlpcore.networks`, which needs torch; a test compares them."""

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

ERROR = optional({"rmse": is_size, "mae": is_size})
LABELS = ("energy_mev_per_atom", "forces_mev_per_a", "stress_gpa")
ERRORS = dict.fromkeys(LABELS, ERROR)
PART = {"n_frames": is_count, "committee": ERRORS, "members": [ERRORS]}
REPORT = {
    "data": {
        "file": is_text,
        "n_frames": is_count,
        "sha256": is_text,
        "settings": missing_or(is_table),
    },
    "label_spread": dict.fromkeys(LABELS, optional(is_size)),
    "comparison": optional({"model": is_text, "errors": ERRORS}),
}
"""What a training states with its errors; pages and ``python -m mlpcore info`` show it."""


def _is_factor(value: Any) -> bool:
    return is_number(value, 0.0, MAX_FACTOR)


CURVE = {"expected": [is_number], "observed": [is_number]}
JUDGED = {kind: {"before": CURVE, "after": CURVE} for kind in ("energy", "force")}
CALIBRATION = {
    "energy_factor": _is_factor,
    "force_factor": _is_factor,
    "test": missing_or(JUDGED),
    "far": missing_or(JUDGED),
}


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
class Description:
    """What a checkpoint holds but its tensors, checked.

    Attributes
    ----------
    header
        All of it, in types of JSON.
    card, functions
        Of these the parts that are more than settings.
    """

    header: dict[str, Any]
    card: Card
    functions: SymmetryFunctions


def describe(header: Mapping[str, Any], name: str) -> Description:
    """Check a description.

    Parameters
    ----------
    header
        As it was read.
    name
        Of the file, for messages.

    Raises
    ------
    CheckpointError
        A part is missing, of another kind, or states what cannot be meant.
    """
    try:
        return _described(header)
    except CheckpointError as error:
        raise CheckpointError(f"{name}: {error}") from error


def _described(header: Mapping[str, Any]) -> Description:
    missing = {"card", "functions", "network", "training"} - set(header)
    if missing:
        raise CheckpointError(
            f"Its description lacks {', '.join(sorted(missing))}: it is damaged. Get it again "
            "from where it came."
        )
    whole: dict[str, Any] = {**dict.fromkeys(KINDS), **header}
    wrong = [part for part, kinds in KINDS.items() if not isinstance(whole[part], kinds)]
    if wrong:
        raise CheckpointError(
            "It states something of another kind than its format has for "
            f"{', '.join(wrong)}: it is damaged. Get it again from where it came."
        )
    if whole["baseline"] is not None and not whole["baseline"].strip():
        raise CheckpointError(
            "Its baseline has no name. Name a universal potential, or none at all."
        )
    _require_network(whole["network"])
    card, functions = card_of(whole["card"]), SymmetryFunctions.from_dict(whole["functions"])
    _require_same_elements(card, functions, whole["electrostatics"])
    _require_calibration(whole["calibration"])
    _require_report(whole["training"])
    return Description(whole, card, functions)


def card_of(stated: Mapping[str, Any]) -> Card:
    """Return a card; raise :class:`CheckpointError` unless it can be shown."""
    known = {field.name for field in fields(Card)}
    needed = {field.name for field in fields(Card) if field.default is MISSING}
    if not needed <= set(stated) <= known:
        raise CheckpointError(
            f"Its card has the fields {brief(sorted(stated))}; it needs "
            f"{', '.join(sorted(needed))}, and can have "
            f"{', '.join(sorted(known - needed))}."
        )
    for name, value in stated.items():
        without = name == "caution" and value is None
        if name != "elements" and not (isinstance(value, str) or without):
            raise CheckpointError(f"Its card has {brief(value)} for {name}; text is needed.")
    if not are_symbols(stated["elements"]):
        raise CheckpointError(
            f"Its card has {brief(stated['elements'])} for elements; a list of chemical "
            "symbols, each once, is needed."
        )
    return Card(**{**stated, "elements": tuple(stated["elements"])})


def _require_network(network: Mapping[str, Any]) -> None:
    n_members, hidden = network.get("n_members"), network.get("hidden")
    if not is_count(n_members, 1, MAX_MEMBERS):
        raise CheckpointError(
            f"It states {brief(n_members)} members; a whole number from 1 to {MAX_MEMBERS} is "
            "needed."
        )
    if not isinstance(hidden, list | tuple) or not 1 <= len(hidden) <= MAX_LAYERS:
        raise CheckpointError(
            f"Its hidden layers are {brief(hidden)}; a list of 1 to {MAX_LAYERS} is needed."
        )
    if not all(is_count(width, 1, MAX_NODES) for width in hidden):
        raise CheckpointError(
            f"Its hidden layers are {brief(hidden)}; each can have 1 to {MAX_NODES} nodes."
        )
    for name, known in (("activation", ACTIVATIONS), ("n_outputs", N_OUTPUTS)):
        value = network.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int) or value not in known:
            raise CheckpointError(
                f"Its {name} is {brief(value)}; one of {', '.join(map(str, known))} is needed. "
                "Train the potential again with this version."
            )


def _require_same_elements(
    card: Card, functions: SymmetryFunctions, electrostatics: Mapping[str, Any] | None
) -> None:
    if set(card.elements) != set(functions.elements):
        raise CheckpointError(
            f"Its card names {', '.join(card.elements)}, and its symmetry functions are those "
            f"of {', '.join(functions.elements)}: they must be the same."
        )
    if electrostatics is None:
        return
    charge_settings.check(electrostatics)
    without = sorted(set(card.elements) - set(electrostatics["charges_e"]))
    if without:
        raise CheckpointError(
            f"Its electrostatics has no charge for {', '.join(without)}. Give one to each "
            "element; 0 is possible."
        )


def _require_calibration(calibration: Mapping[str, Any] | None) -> None:
    if calibration is None:
        return
    wrong = misfit(calibration, CALIBRATION, "calibration")
    if wrong is not None:
        raise CheckpointError(
            f"Its {wrong}. Needed are an energy_factor and a force_factor from 0 to "
            f"{MAX_FACTOR:g}, and reliabilities as a training writes them; without any, leave "
            "the calibration out."
        )


def _require_report(training: Mapping[str, Any]) -> None:
    """Refuse errors that cannot be shown; a potential that was imported states none."""
    if "errors" not in training:
        return
    parts = training["errors"]
    if not isinstance(parts, dict) or "test" not in parts:
        wrong: str | None = f"training.errors is {brief(parts)}"
    else:
        split = {part: {"sources": [is_text]} for part in parts}
        form = {**REPORT, "errors": dict.fromkeys(parts, PART), "split": split}
        wrong = misfit(training, form, "training") or _uneven(parts)
    if wrong is not None:
        raise CheckpointError(
            f"Its {wrong}, where `python -m mlpcore train` writes something else. Get it again "
            "from where it came, or leave out the errors of the training."
        )


def _uneven(parts: Mapping[str, Any]) -> str | None:
    """Tell of members that have errors of other kinds of labels than the first."""
    for name, part in parts.items():
        kinds = {tuple(member[kind] is None for kind in LABELS) for member in part["members"]}
        if len(kinds) != 1:
            return f"training.errors.{name}.members is {brief(part['members'])}"
    return None
