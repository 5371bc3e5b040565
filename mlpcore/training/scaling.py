"""Shifts and scales by which networks see numbers of order one, from the training frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mlpcore.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.training.frames import Block

CONSTANT = 1e-8
"""A descriptor that varies less than this part of its size is constant and left unscaled."""


@dataclass(frozen=True)
class DescriptorRange:
    """Descriptors of each element in the training data, each (e, d).

    Attributes
    ----------
    mean, deviation
        Of each descriptor; the deviation of a constant one is 1.
    lowest, highest
        What it reaches.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    lowest: torch.Tensor
    highest: torch.Tensor


@dataclass(frozen=True)
class LabelScale:
    """Least-squares energies of atoms, and how much labels vary about them.

    Attributes
    ----------
    atom_energy_ev
        (e,).
    energy_ev
        Standard deviation of the energy per atom about the sum of the above.
    forces_ev_per_a, stress_ev_per_a3
        Root mean square of a component.
    """

    atom_energy_ev: torch.Tensor
    energy_ev: float
    forces_ev_per_a: float
    stress_ev_per_a3: float


def descriptor_range(blocks: Sequence[Block], n_elements: int) -> DescriptorRange:
    """Measure descriptors of each element over all atoms of some frames."""
    values = torch.cat([block.values.flatten(0, 1) for block in blocks])
    element = torch.cat([block.element.flatten() for block in blocks])
    parts = [values[element == e] for e in range(n_elements)]
    mean = torch.stack([part.mean(dim=0) for part in parts])
    deviation = torch.stack([part.std(dim=0, correction=0) for part in parts])
    constant = deviation <= CONSTANT * mean.abs().clamp(min=1.0)
    return DescriptorRange(
        mean=mean,
        deviation=torch.where(constant, torch.ones_like(deviation), deviation),
        lowest=torch.stack([part.amin(dim=0) for part in parts]),
        highest=torch.stack([part.amax(dim=0) for part in parts]),
    )


def label_scale(blocks: Sequence[Block], n_elements: int) -> LabelScale:
    """Fit energies of atoms and measure the labels.

    Raises
    ------
    TrainingError
        All frames are the same, so there is nothing to learn.
    """
    counts = torch.cat([_counts(block, n_elements) for block in blocks])
    energies = torch.cat([block.energy for block in blocks])
    sizes = counts.sum(dim=1)
    of_atom = torch.linalg.pinv(counts / sizes[:, None]) @ (energies / sizes)
    left = (energies - counts @ of_atom) / sizes
    stress = torch.cat([block.stress.flatten() for block in blocks])
    stress = stress[~stress.isnan()]
    scale = LabelScale(
        atom_energy_ev=of_atom,
        energy_ev=_rms(left),
        forces_ev_per_a=_rms(torch.cat([block.forces.flatten() for block in blocks])),
        stress_ev_per_a3=_rms(stress) if len(stress) else 1.0,
    )
    if scale.energy_ev < 1e-9 or scale.forces_ev_per_a < 1e-9:
        raise TrainingError(
            "All training frames have the same energy per atom, or no forces, so there is "
            "nothing to learn. Add frames with displaced atoms and strained cells."
        )
    return scale


def _counts(block: Block, n_elements: int) -> torch.Tensor:
    return torch.stack(
        [(block.element == e).sum(dim=1).double() for e in range(n_elements)], dim=1
    )


def _rms(values: torch.Tensor) -> float:
    return float(values.square().mean().sqrt())
