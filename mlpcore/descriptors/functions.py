"""Symmetry functions as data: what each of them looks at, without computing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from mlpcore.errors import CheckpointError
from mlpcore.json_checks import SYMBOLS, brief, is_count, is_number

CutoffKind = Literal["cosine", "polynomial", "tanh3"]
AngularKind = Literal["G4", "G5"]
CUTOFF_KINDS: tuple[CutoffKind, ...] = get_args(CutoffKind)
ANGULAR_KINDS: tuple[AngularKind, ...] = get_args(AngularKind)

MAX_FUNCTIONS = 5000
"""Most functions of one element."""

MAX_IN_ALL = 40_000
"""Most functions of all elements together."""

LIMITS = {
    "cutoff_a": ("cut-off", 0.1, 20.0, " Å"),
    "eta": ("η", 0.0, 1e3, " Å⁻²"),
    "zeta": ("ζ", 0.01, 100.0, ""),  # 2^ζ has to fit into single precision
}
"""Name, smallest and largest value, and unit of each number of a function."""


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

KNOWN = {kind: {f.name for f in fields(kind)} for kind in (Radial, Angular)}
NEEDED = {Radial: KNOWN[Radial], Angular: KNOWN[Angular] - {"kind"}}
"""Fields that a function can have as JSON, and those that it must have."""


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
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        CheckpointError
            It is anything else, or holds more functions or other numbers than can be used.
        """
        kind, entries = _parts(data)
        by_element = tuple(
            (symbol, tuple(_function(symbol, entry) for entry in own))
            for symbol, own in entries.items()
        )
        found = cls(by_element, kind)
        _require_neighbours(found)
        return found


def _parts(data: Any) -> tuple[CutoffKind, Mapping[str, Sequence[Any]]]:
    """Return the kind of cut-off and the entries of each element, none of them looked into."""
    kind, by_element = (
        data.get(name) if isinstance(data, Mapping) else None
        for name in ("cutoff_kind", "by_element")
    )
    if kind not in CUTOFF_KINDS:
        raise CheckpointError(
            f"Unknown cut-off function {brief(kind)}; known are {', '.join(CUTOFF_KINDS)}."
        )
    if not isinstance(by_element, Mapping) or not by_element or not set(by_element) <= SYMBOLS:
        raise CheckpointError(
            f"The symmetry functions cannot be read: {brief(by_element)} should be a table "
            "with a list for each chemical symbol. Train or import the potential again."
        )
    for symbol, own in by_element.items():
        if not isinstance(own, list | tuple) or not own:
            raise CheckpointError(
                f"The symmetry functions of {symbol} are {brief(own)}; each element needs a "
                "list of at least one."
            )
    most, total = max(map(len, by_element.values())), sum(map(len, by_element.values()))
    if most > MAX_FUNCTIONS or total > MAX_IN_ALL:
        raise CheckpointError(
            f"There are {total} symmetry functions, up to {most} of one element; at most "
            f"{MAX_IN_ALL} in all and {MAX_FUNCTIONS} of one element are read. Choose a "
            "smaller set and train the potential again."
        )
    return kind, by_element


def _function(symbol: str, entry: Any) -> SymmetryFunction:
    kind = Radial if isinstance(entry, Mapping) and "neighbour" in entry else Angular
    if isinstance(entry, Mapping) and NEEDED[kind] <= set(entry) <= KNOWN[kind]:
        function = kind(**{name: _immutable(value) for name, value in entry.items()})
        why = objection(function)
    else:
        why = f"it is {brief(entry)}; {', '.join(sorted(NEEDED[kind]))} are needed"
    if why is not None:
        raise CheckpointError(
            f"A symmetry function of {symbol} cannot be used: {why}. Change it and train or "
            "import the potential again."
        )
    return function


def _immutable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def objection(function: SymmetryFunction) -> str | None:
    """Return why a function cannot be used, with the values that are possible, or ``None``."""
    ends, n_ends = neighbours_of(function), 1 if isinstance(function, Radial) else 2
    if not isinstance(ends, tuple) or len(ends) != n_ends or {*map(type, ends)} != {str}:
        needed = "one chemical symbol is" if n_ends == 1 else "two chemical symbols are"
        return f"its neighbours are {brief(ends)}; {needed} needed"
    for name, (title, low, high, unit) in LIMITS.items():
        value = getattr(function, name, high)
        if not is_number(value, low, high):
            return f"its {title} is {brief(value)}{unit}; {low:g} to {high:g}{unit} is possible"
    if not is_number(function.shift_a, -function.cutoff_a, function.cutoff_a):
        return f"its r_s is {brief(function.shift_a)} Å; it must lie within the cut-off"
    return None if isinstance(function, Radial) else _objection_to_angle(function)


def _objection_to_angle(function: Angular) -> str | None:
    if not is_count(function.sign, -1, 1) or function.sign == 0:
        return f"its λ is {brief(function.sign)}; 1 or −1 is needed"
    if function.kind not in ANGULAR_KINDS:
        return f"its kind is {brief(function.kind)}; {' or '.join(ANGULAR_KINDS)} is needed"
    return None


def _require_neighbours(functions: SymmetryFunctions) -> None:
    named = {n for _, fs in functions.by_element for f in fs for n in neighbours_of(f)}
    unknown = sorted(named - set(functions.elements))
    if unknown:
        raise CheckpointError(
            f"The symmetry functions name {brief(unknown)}, which is not one of their "
            f"central elements ({', '.join(functions.elements)})."
        )


def neighbours_of(function: SymmetryFunction) -> tuple[str, ...]:
    """Return the elements of the neighbours that a function looks at."""
    return (function.neighbour,) if isinstance(function, Radial) else function.neighbours
