"""What a training is asked for. Importing this module never imports torch."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
import tomllib
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any

from mlpcore import registry
from mlpcore.checkpoint_header import Card
from mlpcore.errors import TrainingError

SIZES = ("small", "standard", "large")
CUTOFF_KINDS = ("cosine", "polynomial")
ACTIVATIONS = ("tanh", "softplus", "silu")
DRAWS = ("subsample", "bootstrap", "seed")
SPLITS = ("source", "frame")
CARD_FIELDS = tuple(f.name for f in dataclasses.fields(Card) if f.default is not MISSING)
"""Of a card what a configuration can state; the rest follows from the training."""

_LIMITS: dict[str, tuple[float, float]] = {
    "cutoff_a": (2.0, 12.0),
    "n_members": (1, 64),
    "seed": (0, 2**31),
    "member_fraction": (0.1, 1.0),
    "split_seed": (0, 2**31),
    "largest_force_ev_per_a": (0.01, 1e6),
    "calm_force_ev_per_a": (0.0, 1e6),
    "epochs": (1, 100_000),
    "batch_frames": (1, 10_000),
    "learning_rate": (1e-6, 1.0),
    "patience": (1, 100_000),
    "refinement_steps": (0, 100_000),
    "energy_weight": (0.0, 1e6),
    "force_weight": (0.0, 1e6),
    "stress_weight": (0.0, 1e6),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "size": SIZES,
    "cutoff_kind": CUTOFF_KINDS,
    "activation": ACTIVATIONS,
    "member_data": DRAWS,
    "split_by": SPLITS,
}
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training.

    Attributes
    ----------
    data
        Path of the data set, extended XYZ.
    name, title
        Key and name of the potential that comes out.
    cutoff_a, size, cutoff_kind
        Symmetry functions, as in :func:`mlpcore.descriptors.automatic.automatic`.
    hidden, activation
        Layers of the network of each element.
    n_members, seed
        Size of the committee, and the number from which starting weights, shares of the data
        and the order of the frames follow.
    member_data, member_fraction
        What tells members apart besides their starting weights: ``"subsample"`` gives each
        its own share of the training frames, ``"bootstrap"`` draws as many with replacement,
        ``"seed"`` gives all of them to each.
    split_fractions, split_by, split_seed
        Shares of training, validation and test; by source, so that frames of one origin stay
        together, or frame by frame.
    far_sources
        Frames whose source begins with one of these words are trained on by nobody; the
        report judges the committee's spread on them apart.
    largest_force_ev_per_a
        Other frames with a larger force on an atom are left out: atoms that nearly touch would
        outweigh all others.
    calm_force_ev_per_a
        Frames with a larger force (root mean square of the components) count less, as
        1/(1 + (F/calm)²), so that those near equilibrium, of which phonons are made, are not
        drowned by violent ones; 0 lets all count alike.
    epochs, batch_frames, learning_rate, patience
        Adam with a rate that falls to zero as a cosine; a member keeps the weights of its
        lowest validation error, and the epochs end once no member has improved for `patience`
        of them.
    refinement_steps
        Steps of L-BFGS on all frames at once afterwards.
    energy_weight, force_weight, stress_weight
        Weights of the squared errors, each over the variance of its labels.
    noise
        Whether the networks also learn the variance of the noise in the labels.
    baseline
        Registered potential of which only the error is learned.
    electrostatics
        Settings of :class:`mlpcore.electrostatics.ChargeModel`.
    compare_with
        Registered potential to compare the errors with.
    learning_curve
        Parts of the training frames with which the training is repeated.
    card
        What people should know: ``functional``, ``training_set``, ``licence``, ``citation``,
        ``character``, ``caution``.
    """

    data: str
    name: str = "model"
    title: str = ""
    cutoff_a: float = 6.0
    size: str = "standard"
    cutoff_kind: str = "polynomial"
    hidden: tuple[int, ...] = (20, 20)
    activation: str = "tanh"
    n_members: int = 8
    seed: int = 0
    member_data: str = "subsample"
    member_fraction: float = 0.9
    split_fractions: tuple[float, ...] = (0.8, 0.1, 0.1)
    split_by: str = "source"
    split_seed: int = 0
    far_sources: tuple[str, ...] = ()
    largest_force_ev_per_a: float = 20.0
    calm_force_ev_per_a: float = 0.0
    epochs: int = 60
    batch_frames: int = 10
    learning_rate: float = 5e-3
    patience: int = 150
    refinement_steps: int = 500
    energy_weight: float = 1.0
    force_weight: float = 1.0
    stress_weight: float = 0.3
    noise: bool = False
    baseline: str | None = None
    electrostatics: dict[str, Any] | None = None
    compare_with: str | None = None
    learning_curve: tuple[float, ...] = ()
    card: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("hidden", "split_fractions", "far_sources", "learning_curve"):
            value = getattr(self, name)
            if not isinstance(value, list | tuple):
                raise TrainingError(f"{name} is {value!r}; a list is needed.")
            object.__setattr__(self, name, tuple(value))
        _check_numbers(self)
        _check_lists(self)
        _check_words(self)

    @property
    def sha256(self) -> str:
        """Hash of everything that decides the weights."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return found

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingConfig:
        """Inverse of :meth:`to_dict`; fields left out have their defaults.

        Raises
        ------
        TrainingError
            A field is unknown or has an impossible value.
        """
        known = [f.name for f in dataclasses.fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise TrainingError(
                f"A training has no setting {', '.join(map(repr, unknown))}. Possible are: "
                f"{', '.join(known)}."
            )
        if not isinstance(values.get("data"), str):
            raise TrainingError('The configuration names no data. Add data = "FILE.extxyz".')
        return cls(**values)

    @classmethod
    def read(cls, path: Path) -> TrainingConfig:
        """Read a TOML file; its data are looked for beside it.

        Raises
        ------
        TrainingError
            The file cannot be read, is not TOML, or holds an impossible setting.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise TrainingError(
                f"{path} cannot be read ({error.strerror}). Give the path of a TOML file."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TrainingError(f"{path} is not a TOML file: {error}.") from error
        if isinstance(values.get("data"), str):
            values["data"] = str(path.parent / values["data"])
        return cls.from_dict({"name": path.stem.replace("_", "-"), **values})


def _check_numbers(config: TrainingConfig) -> None:
    for name, (low, high) in _LIMITS.items():
        value, default = (
            getattr(config, name),
            TrainingConfig.__dataclass_fields__[name].default,
        )
        kind = int if isinstance(default, int) else (int, float)
        right = isinstance(value, kind) and not isinstance(value, bool)
        if not right or not low <= value <= high:
            what = "a whole number" if kind is int else "a number"
            raise TrainingError(
                f"{name} is {value!r}; {what} from {low:g} to {high:g} is needed."
            )


def _check_lists(config: TrainingConfig) -> None:
    if not 1 <= len(config.hidden) <= 4 or not all(
        type(width) is int and 1 <= width <= 512 for width in config.hidden
    ):
        raise TrainingError(
            f"hidden is {list(config.hidden)}; one to four layers of "
            "1 to 512 nodes are possible."
        )
    fractions = config.split_fractions
    if (
        len(fractions) != 3
        or not all(isinstance(f, int | float) and 0 < f < 1 for f in fractions)
        or not math.isclose(sum(fractions), 1)
    ):
        raise TrainingError(
            f"split_fractions are {list(fractions)}; three positive numbers that add up to 1 "
            "are needed: training, validation, test."
        )
    if not all(isinstance(f, int | float) and 0 < f < 1 for f in config.learning_curve):
        raise TrainingError(
            f"learning_curve is {list(config.learning_curve)}; parts between 0 and 1 "
            "are needed."
        )
    if not all(isinstance(word, str) and word for word in config.far_sources):
        raise TrainingError(
            f"far_sources is {list(config.far_sources)}; beginnings of names are needed."
        )


def _check_words(config: TrainingConfig) -> None:
    for name, choices in _CHOICES.items():
        if getattr(config, name) not in choices:
            raise TrainingError(
                f"{name} is {getattr(config, name)!r}; possible are {', '.join(choices)}."
            )
    if not isinstance(config.name, str) or not _NAME.fullmatch(config.name):
        raise TrainingError(
            f"The name {config.name!r} is not possible; use small letters, digits, '-' and '.'."
        )
    _check_models(config)
    if not isinstance(config.title, str):
        raise TrainingError(f"title is {config.title!r}; a text is needed.")
    if not isinstance(config.noise, bool):
        raise TrainingError(f"noise is {config.noise!r}; true or false is needed.")
    _check_tables(config)
    if config.energy_weight + config.force_weight + config.stress_weight == 0:
        raise TrainingError("All three weights are 0, so there is nothing to train on.")


def _check_models(config: TrainingConfig) -> None:
    if config.compare_with is not None:
        registry.info(config.compare_with)
    if config.baseline is not None:
        model = registry.info(config.baseline)
        if model.own:
            known = ", ".join(one.name for one in registry.universal_models())
            raise TrainingError(
                f"The baseline {config.baseline!r} is itself a potential of our own, and only "
                f"universal ones can be corrected: {known}."
            )


def _check_tables(config: TrainingConfig) -> None:
    for name in ("electrostatics", "card"):
        value = getattr(config, name)
        if value is not None and not isinstance(value, dict):
            raise TrainingError(f"{name} is {value!r}; a table is needed.")
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TrainingError(
                f"{name} holds something else than text, finite numbers, lists and tables "
                f"({error}). Write dates as text."
            ) from error
    for key, text in config.card.items():
        if key not in CARD_FIELDS or not isinstance(text, str):
            raise TrainingError(
                f"The card has {key} = {text!r}; texts are needed, and possible are "
                f"{', '.join(CARD_FIELDS)}."
            )
