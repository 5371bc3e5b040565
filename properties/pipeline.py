"""From a Spec to its results: relax, elastic, phonons, thermal, each kept as it is done."""

from __future__ import annotations

import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcore.errors import (
    Cancelled,
    MLPError,
    NotConvergedError,
    StructureError,
)
from properties import export, export_committee, loading, relax, symmetry
from properties.checks import Caution
from properties.committee.stage import committee
from properties.elasticity.bare import MAX_ATOMS_DIFFERENTIATED
from properties.elasticity.constants import elastic_constants
from properties.elasticity.pressure import elastic_under_pressure
from properties.elasticity.spread import model_spread
from properties.provenance import provenance
from properties.results import (
    RESULT_TYPES,
    ElasticResult,
    Outcome,
    PhononResult,
    RelaxResult,
    StageResult,
    ThermalResult,
)
from properties.spec import MAX_INPUT_ATOMS
from properties.vibrations import born, born_model, convergence, phonons, soft_mode, thermal

if TYPE_CHECKING:
    from pathlib import Path

    from phonopy import Phonopy

    from mlpcore.potential import Potential
    from properties.progress import Monitor, Pieces
    from properties.spec import Spec
    from properties.vibrations.born import BornCharges

ANIONS = frozenset({"H", "N", "P", "As", "O", "S", "Se", "Te", "F", "Cl", "Br", "I"})


def run(
    spec: Spec,
    monitor: Monitor,
    pieces: Pieces,
    files: Path | None = None,
    device: str = "auto",
) -> Outcome:
    """Carry out a calculation, or what is left of it.

    Parameters
    ----------
    spec
        What to compute.
    monitor
        Told of progress, results and warnings; may raise ``Cancelled``.
    pieces
        Finished work, kept and taken up again. Must belong to this Spec alone.
    files
        Folder for result.json and the files to keep; ``None`` writes nothing.

    Returns
    -------
    Outcome
        ``incomplete`` when elastic, phonons or thermal could not give a result.

    Raises
    ------
    Cancelled
        The monitor asked to stop.
    MLPError
        The structure, the model or the relaxation leaves nothing to compute.
    """
    found = symmetry.analyse(spec.structure)
    if len(found.primitive) > MAX_INPUT_ATOMS:
        raise StructureError(
            f"The primitive cell has {len(found.primitive)} atoms; at most {MAX_INPUT_ATOMS} "
            "can be computed. Choose a smaller cell."
        )
    potential = loading.load(spec.model, device, "float64", spec.engine)
    loading.require_same_weights(potential.info, pieces)
    if files is not None:
        files.mkdir(parents=True, exist_ok=True)
    runner = _Run(spec, potential, device, monitor, pieces, files)
    if potential.info.caution:
        caution = f"{potential.info.title}: {potential.info.caution}"
        runner.warn("model_character", "relax", caution)
    for stage in spec.properties:
        runner.stage(stage)
    outcome = runner.outcome(found)
    if files is not None:
        export.write_report(files, outcome)
    return outcome


class _Run:
    """Stages of one Spec, each computed once and kept."""

    def __init__(
        self,
        spec: Spec,
        potential: Potential,
        device: str,
        monitor: Monitor,
        pieces: Pieces,
        files: Path | None,
    ) -> None:
        self._spec, self._potential, self._device = spec, potential, device
        self._monitor = monitor
        self._pieces, self._files = pieces, files
        self._results: dict[str, StageResult] = {}
        self._seconds: dict[str, float] = {}
        self._warnings: list[Caution] = []
        self._complete = True
        self._phonon: Phonopy | None = None

    def warn(self, code: str, stage: str, message: str) -> None:
        """Attach a warning to the result."""
        caution = Caution(code, stage, message)
        self._warnings.append(caution)
        self._monitor.caution(caution)

    def stage(self, stage: str) -> None:
        """Compute one stage or take it from the pieces; report its failed checks."""
        self._monitor.stage_started(stage)
        kept = self._pieces.get(f"stage/{stage}")
        try:
            result, seconds = _revived(stage, kept) if kept else self._timed(stage)
        except Cancelled:
            raise
        except MLPError as error:
            if stage == "relax":
                raise
            self._complete = False
            self.warn("no_result", stage, str(error))
            return
        self._results[stage], self._seconds[stage] = result, seconds
        for check in result.checks:
            if not check.passed:
                self.warn(check.code, stage, check.message)
        if isinstance(result, ElasticResult) and result.method == "finite strain":
            self.warn("finite_strain_only", stage, FINITE_STRAIN_ONLY)
        without = isinstance(result, PhononResult) and result.born is None
        if without and _may_be_polar(self._spec.structure.symbols):
            self.warn("no_born_charges", stage, NO_BORN_CHARGES)
        self._monitor.stage_finished(stage, result, seconds)

    def _timed(self, stage: str) -> tuple[StageResult, float]:
        started = time.monotonic()
        result = getattr(self, f"_{stage}")()
        seconds = time.monotonic() - started
        text = json.dumps({"result": result.to_dict(), "seconds": seconds})
        self._pieces.put(f"stage/{stage}", {"json": np.array(text)})
        return result, seconds

    @property
    def _relaxed(self) -> RelaxResult:
        relaxed = self._results["relax"]
        if not isinstance(relaxed, RelaxResult):
            raise TypeError("the first stage must be the relaxation")
        return relaxed

    @property
    def _supercell_dtype(self) -> str:
        return phonons.supercell_dtype(
            self._relaxed.primitive, self._spec.settings, self._potential
        )

    @cached_property
    def _displaced_potential(self) -> Potential:
        """The model in the precision that the size of the supercell allows."""
        dtype = self._supercell_dtype
        if dtype == "float64":
            return self._potential
        return loading.load(self._spec.model, self._device, dtype, self._spec.engine)

    def _common(self) -> dict[str, Any]:
        return {
            "crystal": self._relaxed.primitive,
            "settings": self._spec.settings,
            "monitor": self._monitor,
            "pieces": self._pieces,
        }

    def _relax(self) -> StageResult:
        spec = self._spec
        result = relax.relax_crystal(
            spec.structure, self._potential, spec.settings, self._monitor, spec.pressure_gpa
        )
        if self._files is not None:
            export.write_relax(self._files, result)
        return result

    def _elastic(self) -> StageResult:
        rotation = self._relaxed.rotation_from_input
        result = elastic_constants(
            potential=self._potential,
            **self._common(),
            pressure_gpa=self._spec.pressure_gpa,
            rotation_from_input=rotation if rotation.size else None,
        )
        if self._files is not None:
            export.write_elastic(self._files, result)
        return result

    def _elastic_pressure(self) -> StageResult:
        own = self._results.get("elastic")
        result = elastic_under_pressure(
            potential=self._potential,
            **self._common(),
            pressures_gpa=self._spec.elastic_pressures_gpa,
            start_gpa=self._spec.pressure_gpa,
            axes=own.ieee_rotation if isinstance(own, ElasticResult) else None,
        )
        if self._files is not None:
            export.write_elastic_pressure(self._files, result)
        return result

    def _elastic_models(self) -> StageResult:
        own = self._results.get("elastic")
        if not isinstance(own, ElasticResult):
            raise NotConvergedError(
                "There are no elastic constants of the chosen model to compare others with."
            )
        return model_spread(
            self._spec.structure,
            (self._spec.model, own),
            self._spec.compare_models,
            self._another,
            self._spec.settings,
            self._monitor,
            self._pieces,
            self._spec.pressure_gpa,
        )

    def _another(self, model: str) -> Potential:
        return loading.load(model, self._device, "float64", self._spec.engine)

    @cached_property
    def _born(self) -> BornCharges | None:
        """The model's own charges or those given, for the relaxed cell; oddities are told."""
        given, relaxed = self._spec.born, self._relaxed
        found = born_model.of_model(self._potential, relaxed.primitive)
        if found is None and given is not None:
            found = born.for_primitive(
                given, self._spec.structure, relaxed.primitive, relaxed.rotation_from_input
            )
        if found is None:
            return None
        charges, checks = found
        for check in checks:
            if not check.passed:
                self.warn(check.code, "phonons", check.message)
        return charges

    @property
    def _harmonic_result(self) -> PhononResult:
        found = self._results.get("phonons")
        if not isinstance(found, PhononResult):
            raise NotConvergedError("There are no phonons to go on from.")
        return found

    def _phonons(self) -> StageResult:
        result, self._phonon = phonons.phonons(
            potential=self._displaced_potential, **self._common(), born=self._born
        )
        if self._files is not None:
            export.write_phonons(self._files, result, self._phonon)
        return result

    def _thermal(self) -> StageResult:
        known = self._results.get("elastic")
        result = thermal.thermal_expansion(
            potential=self._potential,
            displaced_potential=self._displaced_potential,
            **self._common(),
            pressure_gpa=self._spec.pressure_gpa,
            elastic=known if isinstance(known, ElasticResult) else None,
            phonon=self._phonon,
            born=self._born,
        )
        if self._files is not None:
            export.write_thermal(self._files, result)
        return result

    def _soft_mode(self) -> StageResult:
        return soft_mode.follow(
            potential=self._potential,
            displaced_potential=self._displaced_potential,
            **self._common(),
            phonons=self._harmonic_result,
            pressure_gpa=self._spec.pressure_gpa,
            born=self._own_charges,
        )

    @property
    def _own_charges(self) -> BornCharges | None:
        """Charges of the model's own electrostatics, if it has any."""
        charges = self._born
        return charges if charges is not None and charges.source == born_model.OWN else None

    def _committee(self) -> StageResult:
        known = self._results.get("phonons")
        vibrates = not {"phonons", "thermal"}.isdisjoint(self._results)
        result = committee(
            given=self._spec.structure,
            potential=self._potential,
            displaced_potential=self._displaced_potential if vibrates else self._potential,
            results=self._results,
            settings=self._spec.settings,
            monitor=self._monitor,
            pieces=self._pieces,
            pressure_gpa=self._spec.pressure_gpa,
            born=self._born if vibrates else None,
        )
        if self._files is not None:
            export_committee.write_committee(
                self._files, result, known if isinstance(known, PhononResult) else None
            )
        return result

    def _phonon_convergence(self) -> StageResult:
        return convergence.converge(
            potential=self._displaced_potential,
            **self._common(),
            phonons=self._harmonic_result,
        )

    def outcome(self, found: symmetry.Symmetry) -> Outcome:
        """Put everything together."""
        crystal = self._spec.structure
        vibrates = not {"phonons", "thermal"}.isdisjoint(self._spec.properties)
        dtype = self._supercell_dtype if vibrates else None
        return Outcome(
            status="finished" if self._complete else "incomplete",
            structure={
                "formula": crystal.formula,
                "n_atoms": len(crystal),
                "n_atoms_primitive": len(found.primitive),
                "space_group_number": found.number,
                "space_group_symbol": found.symbol,
            },
            provenance={
                **provenance(self._spec, self._potential, dtype),
                "born_source": self._born_source,
            },
            warnings=tuple(self._warnings),
            stages=dict(self._results),
            seconds={stage: round(s, 2) for stage, s in self._seconds.items()},
        )

    @property
    def _born_source(self) -> str | None:
        """Where the charges of the non-analytic term come from."""
        for result in self._results.values():
            if isinstance(result, PhononResult | ThermalResult) and result.born is not None:
                return result.born.source
        return None


def _revived(stage: str, kept: dict[str, Any]) -> tuple[StageResult, float]:
    data = json.loads(str(kept["json"]))
    return RESULT_TYPES[stage].from_dict(data["result"]), float(data["seconds"])


FINITE_STRAIN_ONLY = (
    "The energy was not differentiated twice: either the model cannot be, or the primitive "
    f"cell has more than {MAX_ATOMS_DIFFERENTIATED} atoms. The elastic constants come from "
    "stresses of strained cells, and the comparison with exact derivatives is missing."
)

NO_BORN_CHARGES = (
    "No Born effective charges were given, so the splitting of longitudinal and transverse "
    "optical modes at Γ is missing. It matters if this crystal is a polar insulator."
)


def _may_be_polar(symbols: tuple[str, ...]) -> bool:
    """Whether anions meet other elements, as they do in every polar insulator."""
    kinds = set(symbols)
    return len(kinds) > 1 and bool(kinds & ANIONS)
