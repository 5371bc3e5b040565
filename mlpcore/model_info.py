"""What is known about a potential without loading it. Importing this never imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from ase.data import chemical_symbols

from mlpcore.errors import UnsupportedElementError

if TYPE_CHECKING:
    from collections.abc import Iterable

Engine = Literal["auto", "upstream"]
"""Who computes energies and forces: our own code where it serves, or the model's package."""
ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True)
class ModelInfo:
    """What is known about a potential without loading it.

    Attributes
    ----------
    name, title
        Key for :func:`mlpcore.registry.load`, and the name to show.
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
    checkpoint
        File of one of our own potentials; ``None`` for those that come with a package.
    n_members
        Size of the committee, 1 for a single model.
    baseline
        Name of the potential that it corrects, or ``None``.
    long_range
        Whether it holds the electrostatics of point charges.
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
    checkpoint: str | None = None
    n_members: int = 1
    baseline: str | None = None
    long_range: bool = False

    @property
    def own(self) -> bool:
        """Whether it is one of our own, trained for a few elements."""
        return self.checkpoint is not None

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
