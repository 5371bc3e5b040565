"""The labels that networks are trained on: those of the data, less what other terms give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mlpcore import registry
from mlpcore.training.progress import LABELS, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcore.frame import Frame
    from mlpcore.potential import Evaluation
    from mlpcore.training.progress import Monitor
    from mlpcore.training.state import Folder

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Components of a stress that are trained on and reported, each once."""


@dataclass(frozen=True)
class Labels:
    """Energy, forces and stress of one frame.

    Attributes
    ----------
    energy_ev
        Of the cell, eV.
    forces_ev_per_a
        (n, 3), eV/Å.
    stress_ev_per_a3
        (6,), eV/Å³, in the order of :data:`VOIGT`; NaN where the data have none.
    """

    energy_ev: float
    forces_ev_per_a: NDArray[np.float64]
    stress_ev_per_a3: NDArray[np.float64]

    @classmethod
    def of(cls, frame: Frame) -> Labels:
        """Take the labels of a frame."""
        stress = frame.stress_ev_per_a3
        known = np.full(6, np.nan) if stress is None else voigt(stress)
        return cls(frame.energy_ev, np.asarray(frame.forces_ev_per_a, dtype=float), known)

    def minus(self, other: Labels) -> Labels:
        """Return what is left for the networks to learn."""
        return Labels(
            self.energy_ev - other.energy_ev,
            self.forces_ev_per_a - other.forces_ev_per_a,
            self.stress_ev_per_a3 - other.stress_ev_per_a3,
        )


def voigt(stress: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the six components of a (3, 3) stress in the order of :data:`VOIGT`."""
    return np.array([stress[i, j] for i, j in VOIGT])


def of_evaluation(found: Evaluation) -> Labels:
    """Take what a potential says as labels."""
    return Labels(found.energy_ev, found.forces_ev_per_a, voigt(found.stress_ev_per_a3))


def by_potential(
    name: str, purpose: str, frames: Sequence[Frame], folder: Folder, monitor: Monitor | None
) -> list[Labels]:
    """Evaluate a registered potential on frames; those done before are not repeated.

    Parameters
    ----------
    purpose
        Name of the file in which the answers are kept.
    """
    file = f"{purpose}.pt"
    done = [_unpacked(kept) for kept in (folder.load(file) or {}).get("labels", [])]
    if len(done) == len(frames):
        return done
    potential = registry.load(name, dtype="float64")
    for number, frame in enumerate(frames[len(done) :], start=len(done) + 1):
        (found,) = potential.evaluate([frame.atoms])
        done.append(of_evaluation(found))
        if number == len(frames) or folder.due(file):
            folder.save(file, {"labels": [_packed(labels) for labels in done]})
        if monitor is not None:
            monitor(Progress(LABELS, number, len(frames)))
    return done


def _packed(labels: Labels) -> torch.Tensor:
    return torch.from_numpy(
        np.concatenate(
            [[labels.energy_ev], labels.stress_ev_per_a3, labels.forces_ev_per_a.ravel()]
        )
    )


def _unpacked(packed: torch.Tensor) -> Labels:
    values = packed.numpy()
    return Labels(float(values[0]), values[7:].reshape(-1, 3), values[1:7])
