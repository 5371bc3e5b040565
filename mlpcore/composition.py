"""Potentials that are sums: baseline, electrostatics, and a correction learned on the rest."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlpcore.behler_parrinello import BehlerParrinelloPotential
from mlpcore.electrostatics import ElectrostaticPotential
from mlpcore.potential import (
    Evaluation,
    Extrapolation,
    MemberEvaluations,
    ModelCharges,
    Potential,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.checkpoint import Checkpoint
    from mlpcore.model_info import ModelInfo
    from mlpcore.potential import EnergyFunction


class SumPotential(Potential):
    """The sum of several potentials.

    Parameters
    ----------
    terms
        Two or more, of one precision; at most one of them a committee.
    info
        What to say about the sum; its elements are narrowed to those that all terms know.
    """

    def __init__(self, terms: tuple[Potential, ...], info: ModelInfo) -> None:
        committees = [term for term in terms if len(term.members) > 1]
        if len(terms) < 2 or len(committees) > 1 or len({term.dtype for term in terms}) > 1:
            raise ValueError(
                f"A sum needs two terms or more, of one precision, at most one a committee; "
                f"got {len(terms)} terms, {len(committees)} committees, "
                f"{sorted({str(term.dtype) for term in terms})}."
            )
        self.terms = terms
        self.info = _info_of(terms, info)
        self.device, self.dtype = terms[-1].device, terms[-1].dtype
        self.engine = " + ".join(_name(term) for term in terms)
        self.batch_atoms = min(term.batch_atoms for term in terms)
        self.memory_per_atom_mb = sum(term.memory_per_atom_mb for term in terms)
        self._varied = committees[0] if committees else terms[-1]
        self._fixed = tuple(term for term in terms if term is not self._varied)
        self.calibration = self._varied.calibration

    @cached_property
    def members(self) -> tuple[Potential, ...]:
        """Each member of the committee with the other terms."""
        if len(self._varied.members) == 1:
            return (self,)
        return tuple(
            SumPotential((*self._fixed, member), self.info) for member in self._varied.members
        )

    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        """Return energy, forces and stress of each structure."""
        self._require_elements(batch)
        by_term = [term.evaluate(batch) for term in self.terms]
        return [_sum(answers) for answers in zip(*by_term, strict=True)]

    def evaluate_members(self, batch: Sequence[Atoms]) -> list[MemberEvaluations]:
        """Return what each member says of each structure; other terms are evaluated once."""
        self._require_elements(batch)
        by_term = [term.evaluate(batch) for term in self._fixed]
        fixed = [_sum(answers) for answers in zip(*by_term, strict=True)]
        varied = self._varied.evaluate_members(batch)
        return [_shifted(m, f) for m, f in zip(varied, fixed, strict=True)]

    def energy_function(self, atoms: Atoms) -> EnergyFunction:
        """Return E(u, ε) around `atoms`; see :class:`Potential`."""
        self._require_elements([atoms])
        functions = [term.energy_function(atoms) for term in self.terms]

        def energy(displacement: torch.Tensor, strain: torch.Tensor) -> torch.Tensor:
            energies = [function(displacement, strain) for function in functions]
            total = energies[0]
            for other in energies[1:]:
                total = total + other
            return total

        return energy

    def atomic_energies(self, atoms: Atoms) -> NDArray[np.float64] | None:
        """Return each member's energy of each atom, (m, n); ``None`` if a term has none."""
        total: NDArray[np.float64] = np.zeros((1, len(atoms)))
        for term in self.terms:
            found = term.atomic_energies(atoms)
            if found is None:
                return None
            total = total + found
        return total

    def extrapolation(self, batch: Sequence[Atoms]) -> list[Extrapolation] | None:
        """Compare structures with the training data of the terms that know theirs."""
        by_term = [found for t in self.terms if (found := t.extrapolation(batch)) is not None]
        if not by_term:
            return None
        return [_farthest(answers) for answers in zip(*by_term, strict=True)]

    def born_charges(self, atoms: Atoms) -> ModelCharges | None:
        """Return the charges of the terms that have a long range, summed."""
        found = [c for t in self.terms if (c := t.born_charges(atoms)) is not None]
        if not found:
            return None
        return ModelCharges(np.sum([c.charges_e for c in found], axis=0), found[0].dielectric)

    def _require_elements(self, batch: Sequence[Atoms]) -> None:
        """Name the sum, not one of its terms, and before any of them computes."""
        for atoms in batch:
            self.info.require_elements(atoms.get_chemical_symbols())


def assemble(
    checkpoint: Checkpoint,
    info: ModelInfo,
    load_baseline: Callable[[str, str], Potential],
    device: str = "auto",
    dtype: str | None = None,
) -> Potential:
    """Return the potential that a checkpoint describes, with its baseline and charges.

    Parameters
    ----------
    load_baseline
        Loads the potential that is corrected, from its name and precision.

    Raises
    ------
    ModelUnavailableError
        The baseline is not registered, or its weights are missing.
    CheckpointError
        The settings of the electrostatics cannot be meant.
    """
    network = BehlerParrinelloPotential.from_checkpoint(checkpoint, info, device, dtype)
    precision = str(network.dtype).removeprefix("torch.")
    terms: list[Potential] = []
    if checkpoint.baseline is not None:
        terms.append(load_baseline(checkpoint.baseline, precision))
    if checkpoint.electrostatics is not None:
        settings = checkpoint.electrostatics
        terms.append(ElectrostaticPotential.from_settings(settings, device, precision))
    return SumPotential((*terms, network), info) if terms else network


def _info_of(terms: Sequence[Potential], info: ModelInfo) -> ModelInfo:
    known = [term.info.elements for term in terms]
    return dataclasses.replace(
        info,
        elements=info.elements.intersection(*known),
        cutoff_a=max(term.info.cutoff_a for term in terms),
        twice_differentiable=all(term.info.twice_differentiable for term in terms),
    )


def _name(term: Potential) -> str:
    """Return the term's engine, with the model's name where it has weights of its own."""
    return f"{term.info.name} by {term.engine}" if term.info.weights else term.engine


def _sum(answers: Sequence[Evaluation]) -> Evaluation:
    return Evaluation(
        sum(answer.energy_ev for answer in answers),
        np.sum([answer.forces_ev_per_a for answer in answers], axis=0),
        np.sum([answer.stress_ev_per_a3 for answer in answers], axis=0),
    )


def _shifted(members: MemberEvaluations, fixed: Evaluation) -> MemberEvaluations:
    return dataclasses.replace(
        members,
        energies_ev=members.energies_ev + fixed.energy_ev,
        forces_ev_per_a=members.forces_ev_per_a + fixed.forces_ev_per_a,
        stresses_ev_per_a3=members.stresses_ev_per_a3 + fixed.stress_ev_per_a3,
    )


def _farthest(answers: Sequence[Extrapolation]) -> Extrapolation:
    worst = max(answers, key=lambda answer: float(answer.excess.max(initial=0.0)))
    return Extrapolation(np.max([a.excess for a in answers], axis=0), worst.worst)
