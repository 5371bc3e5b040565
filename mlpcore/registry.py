"""The potentials on offer, as data, and the one way to load them.

Importing this module is cheap and never imports torch: the pages list models
from it. Only :func:`load` imports the adapter that a model names.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ase.data import chemical_symbols

from mlpcore.errors import ModelUnavailableError, UnsupportedElementError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcore.potential import Potential

DEFAULT_MODEL = "sevennet-l3i5"

Engine = Literal["auto", "upstream"]
"""Who computes energies and forces: our own code where it serves, or the model's package."""
ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True)
class ModelInfo:
    """What is known about a potential without loading it.

    Attributes
    ----------
    name, title
        Key for :func:`load`, and the name to show.
    adapter
        ``module:Class`` that wraps the model as a :class:`~mlpcore.potential.Potential`.
    package, weights
        Python package that carries the weights, and their path inside it.
    sha256
        Hash that the weight file must have.
    modal
        Channel of a multi-fidelity model.
    functional, training_set, licence, citation, character
        Sentences for the user.
    cutoff_a
        Radius of one message-passing step in Å.
    memory_per_atom_mb, upstream_memory_per_atom_mb
        What an evaluation takes for one atom more, in double precision: with the code that
        serves on a CPU, and with the package that the model comes from.
    elements
        Chemical symbols that the model was trained on.
    twice_differentiable
        Whether the energy has usable second derivatives.
    caution
        A warning to attach to every result of this model, or ``None``.
    """

    name: str
    title: str
    adapter: str
    package: str
    weights: str
    sha256: str
    modal: str | None
    functional: str
    training_set: str
    licence: str
    citation: str
    cutoff_a: float
    memory_per_atom_mb: float
    upstream_memory_per_atom_mb: float
    elements: frozenset[str]
    twice_differentiable: bool
    character: str
    caution: str | None

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> ModelInfo:
        """Build from an entry of ``models.json``, spelling out its elements."""
        fields = dict(entry)
        known = chemical_symbols[1 : fields.pop("elements_up_to") + 1]
        missing = set(fields.pop("elements_missing"))
        return cls(elements=frozenset(known) - missing, **fields)

    def unsupported(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Return those of `symbols` that the model does not know, sorted."""
        return tuple(sorted(set(symbols) - self.elements))

    def require_elements(self, symbols: Iterable[str]) -> None:
        """Raise :class:`UnsupportedElementError` unless all `symbols` are known."""
        unknown = self.unsupported(symbols)
        if unknown:
            raise UnsupportedElementError(
                f"{self.title} was not trained on {', '.join(unknown)}. It knows "
                f"{len(self.elements)} elements; choose a structure made of those."
            )


@cache
def _catalogue() -> dict[str, ModelInfo]:
    text = Path(__file__).with_name("models.json").read_text(encoding="utf-8")
    return {entry["name"]: ModelInfo.from_entry(entry) for entry in json.loads(text)}


def models() -> tuple[ModelInfo, ...]:
    """Return every registered model, the recommended one first."""
    return tuple(_catalogue().values())


def info(name: str) -> ModelInfo:
    """Return the entry of a model; raise :class:`ModelUnavailableError` if unknown."""
    try:
        return _catalogue()[name]
    except KeyError:
        raise ModelUnavailableError(
            f"There is no model called {name!r}. Choose one of: {', '.join(_catalogue())}."
        ) from None


def weights_path(model: ModelInfo) -> Path:
    """Return where the weights lie; raise if their package is not installed."""
    spec = importlib.util.find_spec(model.package)
    if spec is None or spec.origin is None:
        raise ModelUnavailableError(
            f"{model.title} needs the Python package {model.package!r}, which is not "
            f"installed. Install it with: pip install {model.package}"
        )
    path = Path(spec.origin).parent / model.weights
    if not path.is_file():
        raise ModelUnavailableError(
            f"The weights of {model.title} are not at {model.weights!r} in the package "
            f"{model.package!r}. Reinstall the version that requirements.lock names."
        )
    return path


def load(
    name: str, device: str = "auto", dtype: str | None = None, engine: Engine = "auto"
) -> Potential:
    """Load a potential.

    Parameters
    ----------
    name
        A registered name, see :func:`models`.
    device
        ``"cpu"``, ``"cuda"``, or ``"auto"`` for a GPU where there is one.
    dtype
        ``"float32"`` or ``"float64"``; ``None`` for the precision that the model
        was trained in.
    engine
        ``"auto"`` for our own code where there is one for this model and device,
        ``"upstream"`` for the package that the model comes from.

    Raises
    ------
    ModelUnavailableError
        The name, its package or its weights cannot be found, or the weight file
        is not the one that was registered.
    """
    model = info(name)
    module_name, _, class_name = model.adapter.partition(":")
    path = weights_path(model)
    adapter = getattr(importlib.import_module(module_name), class_name)
    potential: Potential = adapter.from_weights(
        model, path, device=device, dtype=dtype, engine=engine
    )
    return potential
