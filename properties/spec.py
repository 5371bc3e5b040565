"""The Spec: everything that decides a result, and the only home of defaults."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from mlpcore import registry
from mlpcore.errors import SpecError
from mlpcore.model_info import ENGINES, Engine
from properties.crystal import Crystal
from properties.vibrations.born import BornCharges

STAGES = ("relax", "elastic", "phonons", "thermal")
"""The usual stages in the order in which they run; every other one starts from relax."""

ON_REQUEST = ("soft_mode", "phonon_convergence")
"""Stages that run after the usual ones if they are named; they start from phonons."""

EXTRA_STAGES = ("elastic_pressure", "elastic_models")
"""Stages that come after these, and only if their pressures or models are named."""

COMMITTEE = "committee"
"""The last stage, of models with several members unless it is switched off."""

MAX_PRESSURES = 21

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


def pressure_range(first_gpa: float, last_gpa: float, count: int) -> tuple[float, ...]:
    """Return `count` evenly spaced pressures, both ends included."""
    step = (last_gpa - first_gpa) / max(count - 1, 1)
    return tuple(round(first_gpa + k * step, 4) for k in range(count))


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
        Stages to run; those that others need are added.
    preset
        ``quick``, ``standard`` or ``tight``.
    pressure_gpa
        Hydrostatic pressure during relaxation, elastic constants and expansion.
    name
        A label for people; it does not enter the hash.
    elastic_pressures_gpa
        Pressures at which the crystal is relaxed and its elastic constants computed.
    compare_models
        Models whose elastic constants are put beside those of `model`.
    born
        Charges for the splitting of polar modes, per atom of `structure` and in its
        Cartesian frame.
    engine
        ``auto``, or ``upstream`` for the package that the model comes from; see
        :func:`mlpcore.registry.load`.
    committee
        Whether each member of a committee is carried through as well, so that the numbers
        get their spread. Of no effect for models with one member.
    """

    structure: Crystal
    model: str = registry.DEFAULT_MODEL
    properties: tuple[str, ...] = STAGES
    preset: str = "standard"
    pressure_gpa: float = 0.0
    name: str = field(default="", compare=False)
    engine: Engine = "auto"
    elastic_pressures_gpa: tuple[float, ...] = ()
    compare_models: tuple[str, ...] = ()
    born: BornCharges | None = None
    committee: bool = True

    def __post_init__(self) -> None:
        known = {*STAGES, *ON_REQUEST, *EXTRA_STAGES, COMMITTEE}
        unknown = sorted(set(self.properties) - known)
        if unknown or not self.properties:
            raise SpecError(
                f"Unknown property {', '.join(unknown) or '(none given)'}. "
                f"Choose any of: {', '.join((*STAGES, *ON_REQUEST))}."
            )
        if self.preset not in PRESETS:
            raise SpecError(
                f"Unknown preset {self.preset!r}. Choose one of: {', '.join(PRESETS)}."
            )
        if self.engine not in ENGINES:
            raise SpecError(
                f"Unknown engine {self.engine!r}. Choose one of: {', '.join(ENGINES)}."
            )
        self._tidy_pressures()
        self._tidy_models()
        object.__setattr__(self, "properties", self._stages())
        for name in (self.model, *self.compare_models):
            registry.info(name).require_elements(self.structure.symbols)

    def _tidy_pressures(self) -> None:
        """Refuse pressures out of range; sort those of the elastic constants."""
        for pressure in (self.pressure_gpa, *self.elastic_pressures_gpa):
            if not abs(pressure) <= MAX_PRESSURE_GPA:
                raise SpecError(
                    f"The pressure must be between -{MAX_PRESSURE_GPA:g} and "
                    f"{MAX_PRESSURE_GPA:g} GPa, got {pressure!r}."
                )
        pressures = tuple(sorted({float(p) for p in self.elastic_pressures_gpa}))
        if len(pressures) > MAX_PRESSURES:
            raise SpecError(
                f"Elastic constants at {len(pressures)} pressures were asked for; at most "
                f"{MAX_PRESSURES} can be computed in one job. Choose larger steps."
            )
        object.__setattr__(self, "elastic_pressures_gpa", pressures)

    def _tidy_models(self) -> None:
        """Drop the model itself and repetitions from the models to compare with."""
        others = dict.fromkeys(self.compare_models)
        others.pop(self.model, None)
        object.__setattr__(self, "compare_models", tuple(others))

    def _stages(self) -> tuple[str, ...]:
        """All stages that are needed, in their order."""
        extra = dict(
            zip(EXTRA_STAGES, (self.elastic_pressures_gpa, self.compare_models), strict=True)
        )
        empty = [stage for stage in self.properties if not extra.get(stage, True)]
        if empty:
            raise SpecError(
                f"{', '.join(empty)} needs its pressures or models named. Give them with "
                "elastic_pressures_gpa or compare_models (--pressures, --compare)."
            )
        wanted = {"relax", *self.properties, *(s for s, given in extra.items() if given)}
        wanted -= {COMMITTEE}
        if not wanted.isdisjoint(EXTRA_STAGES):
            wanted.add("elastic")
        if not wanted.isdisjoint(ON_REQUEST):
            wanted.add("phonons")
        stages = tuple(s for s in (*STAGES, *ON_REQUEST, *EXTRA_STAGES) if s in wanted)
        return (*stages, COMMITTEE) if self._carries_members() else stages

    def _carries_members(self) -> bool:
        """Whether members are carried through; complain if there are none to carry."""
        if self.committee and COMMITTEE in self.properties and not self.has_members:
            raise SpecError(
                f"{registry.info(self.model).title} is a single model, and a committee needs "
                f"at least 2 members. Leave {COMMITTEE!r} out, or choose a model with members."
            )
        return self.committee and self.has_members

    @property
    def has_members(self) -> bool:
        """Whether the model is a committee."""
        return registry.info(self.model).n_members > 1

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
            "elastic_pressures_gpa": list(self.elastic_pressures_gpa),
            "compare_models": list(self.compare_models),
            "born": self.born.to_dict() if self.born else None,
            "committee": self.committee,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Spec:
        """Inverse of :meth:`to_dict`; a key that older versions did not write may be absent."""
        fields = dict(data)
        fields["structure"] = Crystal.from_dict(fields["structure"])
        for name in ("properties", "elastic_pressures_gpa", "compare_models"):
            fields[name] = tuple(fields.get(name, ()))
        if fields.get("born"):
            fields["born"] = BornCharges.from_dict(fields["born"])
        return cls(**fields)

    @property
    def sha256(self) -> str:
        """Hash of all that decides the numbers.

        The engine gives the same numbers and is left out, unless another than the usual
        one was asked for: then its pieces of work are kept apart, for a comparison. What
        older versions did not know is left out where it is not used, so that their
        calculations keep their names.
        """
        data = self.to_dict()
        del data["name"], data["committee"]  # the stages tell whether there is one
        if self.engine == "auto":
            del data["engine"]
        for name in ("elastic_pressures_gpa", "compare_models", "born"):
            if not data[name]:
                del data[name]
        model = registry.info(self.model)
        if model.own:  # trained anew it keeps its name
            data["weights"] = model.sha256
        data["structure"] = self.structure.sha256
        data["settings"] = repr(self.settings)
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
