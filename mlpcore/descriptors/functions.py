"""Symmetry functions as data: what each of them looks at, without computing it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from ase.data import atomic_numbers

from mlpcore.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

CutoffKind = Literal["cosine", "polynomial", "tanh3"]
AngularKind = Literal["G4", "G5"]
CUTOFF_KINDS: tuple[CutoffKind, ...] = get_args(CutoffKind)
ANGULAR_KINDS: tuple[AngularKind, ...] = get_args(AngularKind)


@dataclass(frozen=True)
class Radial:
    """G² = Σⱼ exp[−η (rᵢⱼ − r_s)²] f(rᵢⱼ) over neighbours of one element.

    Source: J. Behler, J. Chem. Phys. 134, 074106 (2011), eq. 6.

    Attributes
    ----------
    neighbour
        Element of the neighbours.
    eta
        Width in 1/Å².
    shift_a, cutoff_a
        Centre r_s and cut-off radius in Å.
    """

    neighbour: str
    eta: float
    shift_a: float
    cutoff_a: float

    def __str__(self) -> str:
        return f"G2 {self.neighbour}, η = {self.eta:.4g} Å⁻², r_s = {self.shift_a:.4g} Å"


@dataclass(frozen=True)
class Angular:
    """G⁴ or G⁵ over pairs of neighbours of two elements, each unordered pair once.

    G⁴ = 2^(1−ζ) Σ (1 + λ cos θ)^ζ exp(−η Σ (r − r_s)²) f(rᵢⱼ) f(rᵢₖ) f(rⱼₖ), with the sum in
    the exponent over the three distances; G⁵ leaves rⱼₖ out. Source: as for
    :class:`Radial`, eqs. 8 and 9.

    Attributes
    ----------
    neighbours
        Elements of the two neighbours.
    eta
        Width in 1/Å².
    zeta, sign
        ζ, and λ = ±1.
    shift_a, cutoff_a
        r_s and cut-off radius in Å.
    """

    neighbours: tuple[str, str]
    eta: float
    zeta: float
    sign: int
    shift_a: float
    cutoff_a: float
    kind: AngularKind = "G4"

    def __str__(self) -> str:
        sign = "+1" if self.sign > 0 else "−1"
        return (
            f"{self.kind} {'-'.join(self.neighbours)}, η = {self.eta:.4g} Å⁻², "
            f"ζ = {self.zeta:.4g}, λ = {sign}"
        )


SymmetryFunction = Radial | Angular


@dataclass(frozen=True)
class SymmetryFunctions:
    """The functions of every central element, and the shape of their cut-off."""

    by_element: tuple[tuple[str, tuple[SymmetryFunction, ...]], ...]
    cutoff_kind: CutoffKind = "cosine"

    @property
    def elements(self) -> tuple[str, ...]:
        """Central elements in the order of their networks."""
        return tuple(symbol for symbol, _ in self.by_element)

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of functions of each element."""
        return tuple(len(functions) for _, functions in self.by_element)

    @property
    def cutoff_a(self) -> float:
        """Largest cut-off radius in Å."""
        return max(f.cutoff_a for _, functions in self.by_element for f in functions)

    def to_dict(self) -> dict[str, Any]:
        """Return what :meth:`from_dict` reads, in types of JSON."""
        return {
            "cutoff_kind": self.cutoff_kind,
            "by_element": {
                symbol: [asdict(function) for function in functions]
                for symbol, functions in self.by_element
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SymmetryFunctions:
        """Read what :meth:`to_dict` wrote; raise :class:`CheckpointError` for anything else."""
        try:
            kind = data["cutoff_kind"]
            by_element = tuple(
                (str(symbol), tuple(_function(entry) for entry in entries))
                for symbol, entries in data["by_element"].items()
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"The symmetry functions cannot be read ({error!r}). Each needs the fields "
                "that this version writes; train or export the potential again."
            ) from error
        if kind not in CUTOFF_KINDS:
            raise CheckpointError(
                f"Unknown cut-off function {kind!r}; known are {', '.join(CUTOFF_KINDS)}."
            )
        found = cls(by_element, kind)
        _require_elements(found)
        return found


def _function(entry: Mapping[str, Any]) -> SymmetryFunction:
    if "neighbour" in entry:
        return Radial(**entry)
    return Angular(**{**entry, "neighbours": tuple(entry["neighbours"])})


def _require_elements(functions: SymmetryFunctions) -> None:
    if not functions.by_element or not all(functions.counts):
        raise CheckpointError("An element has no symmetry functions; each needs at least one.")
    named = {n for _, fs in functions.by_element for f in fs for n in neighbours_of(f)}
    unknown = sorted(
        (named | set(functions.elements)) - set(atomic_numbers)
        | (named - set(functions.elements))
    )
    if unknown:
        raise CheckpointError(
            f"The symmetry functions name {', '.join(unknown)}, which is not one of their "
            f"central elements ({', '.join(functions.elements)})."
        )


def neighbours_of(function: SymmetryFunction) -> tuple[str, ...]:
    """Return the elements of the neighbours that a function looks at."""
    return (function.neighbour,) if isinstance(function, Radial) else function.neighbours
