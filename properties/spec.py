"""The Spec: everything that decides a result, and the only home of defaults."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from mlpcore import registry
from mlpcore.errors import SpecError
from properties.crystal import Crystal

STAGES = ("relax", "elastic", "phonons", "thermal")
"""The stages in the order in which they run; every other one starts from relax."""

MAX_PRESSURE_GPA = 200.0
MAX_INPUT_ATOMS = 200
"""Largest primitive cell that a job may hold."""


@dataclass(frozen=True)
class Preset:
    """Convergence settings of a preset.

    Attributes
    ----------
    fmax_ev_per_a, max_stress_gpa
        The relaxation ends when both are met.
    supercell_length_a
        Shortest distance between an atom and its image in the phonon supercell.
    max_supercell_atoms
        Size beyond which the supercell is not grown (and the result says so).
    displacement_a
        Finite displacement for the force constants.
    mesh_length_a
        Phonopy mesh density: q-point spacing is 1/length.
    n_volumes, volume_range
        Number and range (relative to the relaxed volume) of QHA volumes.
    strains
        Strain amplitudes of the finite-strain check; the two smallest decide.
    """

    fmax_ev_per_a: float
    max_stress_gpa: float
    supercell_length_a: float
    max_supercell_atoms: int
    n_volumes: int
    displacement_a: float = 0.01
    mesh_length_a: float = 100.0
    volume_range: tuple[float, float] = (-0.03, 0.06)
    strains: tuple[float, ...] = (0.002, 0.004, 0.006)


PRESETS = {
    "quick": Preset(1e-3, 0.01, 10.0, 400, 5),
    "standard": Preset(1e-4, 0.01, 15.0, 500, 7),
    "tight": Preset(1e-5, 0.01, 20.0, 700, 9),
}


@dataclass(frozen=True)
class Spec:
    """One calculation.

    Attributes
    ----------
    structure
        The crystal as it was given, in any cell.
    model
        A name of the registry.
    properties
        Stages to run; ``relax`` is added where another stage needs it.
    preset
        ``quick``, ``standard`` or ``tight``.
    pressure_gpa
        Hydrostatic pressure during relaxation, elastic constants and expansion.
    name
        A label for people; it does not enter the hash.
    engine
        ``auto``, or ``upstream`` for the package that the model comes from; see
        :func:`mlpcore.registry.load`.
    """

    structure: Crystal
    model: str = registry.DEFAULT_MODEL
    properties: tuple[str, ...] = STAGES
    preset: str = "standard"
    pressure_gpa: float = 0.0
    name: str = field(default="", compare=False)
    engine: registry.Engine = "auto"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.properties) - set(STAGES))
        if unknown or not self.properties:
            raise SpecError(
                f"Unknown property {', '.join(unknown) or '(none given)'}. "
                f"Choose any of: {', '.join(STAGES)}."
            )
        if self.preset not in PRESETS:
            raise SpecError(
                f"Unknown preset {self.preset!r}. Choose one of: {', '.join(PRESETS)}."
            )
        if self.engine not in registry.ENGINES:
            raise SpecError(
                f"Unknown engine {self.engine!r}. Choose one of: {', '.join(registry.ENGINES)}."
            )
        if not abs(self.pressure_gpa) <= MAX_PRESSURE_GPA:
            raise SpecError(
                f"The pressure must be between -{MAX_PRESSURE_GPA:g} and "
                f"{MAX_PRESSURE_GPA:g} GPa, got {self.pressure_gpa!r}."
            )
        wanted = {"relax", *self.properties}
        object.__setattr__(self, "properties", tuple(s for s in STAGES if s in wanted))
        registry.info(self.model).require_elements(self.structure.symbols)

    @property
    def settings(self) -> Preset:
        """The numbers behind the preset."""
        return PRESETS[self.preset]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "structure": self.structure.to_dict(),
            "model": self.model,
            "properties": list(self.properties),
            "preset": self.preset,
            "pressure_gpa": self.pressure_gpa,
            "name": self.name,
            "engine": self.engine,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Spec:
        """Inverse of :meth:`to_dict`; a key that older versions did not write may be absent."""
        fields = dict(data)
        fields["structure"] = Crystal.from_dict(fields["structure"])
        fields["properties"] = tuple(fields["properties"])
        return cls(**fields)

    @property
    def sha256(self) -> str:
        """Hash of all that decides the numbers.

        The engine gives the same numbers and is left out, unless another than the usual
        one was asked for: then its pieces of work are kept apart, for a comparison.
        """
        data = self.to_dict()
        del data["name"]
        if self.engine == "auto":
            del data["engine"]
        data["structure"] = self.structure.sha256
        data["settings"] = repr(self.settings)
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
