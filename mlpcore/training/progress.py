"""What a training says while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LABELS, DESCRIPTORS, CHARGES, TRAINING, REFINEMENT, CURVE, REPORT = STAGES = (
    "labels",
    "descriptors",
    "charges",
    "training",
    "refinement",
    "learning curve",
    "report",
)
"""In the order in which they come; those that a configuration does not ask for are left out."""


@dataclass(frozen=True)
class Errors:
    """Root mean square errors.

    Attributes
    ----------
    energy_mev_per_atom, forces_mev_per_a, stress_gpa
        ``None`` where the data have no such labels.
    """

    energy_mev_per_atom: float | None
    forces_mev_per_a: float | None
    stress_gpa: float | None


@dataclass(frozen=True)
class Progress:
    """Where a training is.

    Attributes
    ----------
    stage
        One of :data:`STAGES`.
    epoch, epochs
        How much of the stage is done: epochs of a training, structures of the others.
    train, validation
        Present errors, of the mean member; ``None`` outside the training.
    """

    stage: str
    epoch: int
    epochs: int
    train: Errors | None = None
    validation: Errors | None = None


Monitor = Callable[[Progress], None]
