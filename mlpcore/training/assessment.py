"""How good a committee is on a part of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcore import calibration
from mlpcore.training import objective
from mlpcore.units import EV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcore.dataset import Dataset
    from mlpcore.networks import ElementNetworks
    from mlpcore.training.frames import Block
    from mlpcore.training.labels import Labels
    from mlpcore.training.objective import Prediction

    FloatArray = NDArray[np.float64]

KINDS = {"energy_mev_per_atom": 1e3, "forces_mev_per_a": 1e3, "stress_gpa": EV_PER_A3_IN_GPA}
"""Kinds of labels by the unit in which they are reported, and the factor to it."""


@dataclass(frozen=True)
class Answers:
    """What m members say of f frames with N atoms in all, beside the labels.

    Attributes
    ----------
    frames, n_atoms
        Number of each frame in the data and of its atoms, (f,).
    energy_labels, energies, energy_noise
        eV a cell, (f,), (m, f), (m, f).
    force_labels, forces, force_noise
        eV/Å, (N, 3), (m, N, 3), (m, N).
    stress_labels, stresses
        eV/Å³, (f, 6), (m, f, 6); NaN where a frame has none.
    """

    frames: NDArray[np.int64]
    n_atoms: NDArray[np.int64]
    energy_labels: FloatArray
    energies: FloatArray
    energy_noise: FloatArray
    force_labels: FloatArray
    forces: FloatArray
    force_noise: FloatArray
    stress_labels: FloatArray
    stresses: FloatArray

    def energy_spread(self) -> calibration.Spread:
        """Return errors and spread of energies per atom, eV."""
        return calibration.energy_spread(
            self.energies, self.energy_labels, self.energy_noise, self.n_atoms
        )

    def force_spread(self) -> calibration.Spread:
        """Return errors and spread of components of forces, eV/Å."""
        return calibration.force_spread(self.forces, self.force_labels, self.force_noise)

    def deviations(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return errors of each member, (m, f), (m, 3N), (m, 6f); eV/atom, eV/Å, eV/Å³."""
        m = len(self.energies)
        return (
            (self.energies - self.energy_labels) / self.n_atoms,
            (self.forces - self.force_labels).reshape(m, -1),
            (self.stresses - self.stress_labels).reshape(m, -1),
        )

    def residuals(self) -> dict[str, FloatArray]:
        """Return errors of each member where there are labels, in the units of KINDS."""
        return {
            kind: unit * part[:, ~np.isnan(part[0])]
            for (kind, unit), part in zip(KINDS.items(), self.deviations(), strict=True)
        }

    def errors(self) -> dict[str, Any]:
        """Return errors of the committee's mean and of each member."""
        residuals = self.residuals()
        means = {kind: off.mean(axis=0, keepdims=True) for kind, off in residuals.items()}
        return {
            "n_frames": len(self.frames),
            "committee": _summary(means, 0),
            "members": [_summary(residuals, member) for member in range(len(self.energies))],
        }


def answers(networks: ElementNetworks, blocks: Sequence[Block]) -> Answers:
    """Evaluate a committee on frames."""
    parts = [_of_block(objective.predict(networks, block), block) for block in blocks]
    axes = {"energies": 1, "energy_noise": 1, "forces": 1, "force_noise": 1, "stresses": 1}
    return Answers(
        **{
            name: np.concatenate([part[name] for part in parts], axis=axes.get(name, 0))
            for name in parts[0]
        }
    )


def _of_block(found: Prediction, block: Block) -> dict[str, Any]:
    m, b, n = len(found.energy), len(block), block.n_atoms
    of_force = of_energy = np.zeros((m, b, n))
    if found.log_variance is not None:
        of_force, of_energy = (part.exp().numpy() for part in found.log_variance)
    return {
        "frames": block.frames.numpy(),
        "n_atoms": np.full(b, n),
        "energy_labels": block.energy.numpy(),
        "energies": found.energy.numpy(),
        "energy_noise": np.sqrt(of_energy.sum(axis=2)),
        "force_labels": block.forces.numpy().reshape(-1, 3),
        "forces": found.forces.numpy().reshape(m, -1, 3),
        "force_noise": np.sqrt(of_force).reshape(m, -1),
        "stress_labels": block.stress.numpy(),
        "stresses": found.stress.numpy(),
    }


def _summary(residuals: dict[str, FloatArray], member: int) -> dict[str, Any]:
    return {
        kind: {
            "rmse": float(np.sqrt((off[member] ** 2).mean())),
            "mae": float(np.abs(off[member]).mean()),
        }
        if off.shape[1]
        else None
        for kind, off in residuals.items()
    }


def label_spread(labels: Sequence[Labels], n_atoms: Sequence[int]) -> dict[str, Any]:
    """Return the standard deviation of the labels, in the units of :data:`KINDS`.

    Energies are taken about their mean per atom: with one composition, what is left of them
    when the energies of atoms are subtracted.
    """
    stress = np.array([each.stress_ev_per_a3 for each in labels])
    parts = (
        np.array([each.energy_ev for each in labels]) / np.array(n_atoms),
        np.concatenate([each.forces_ev_per_a.ravel() for each in labels]),
        stress[~np.isnan(stress)],
    )
    return {
        kind: unit * float(part.std()) if part.size else None
        for (kind, unit), part in zip(KINDS.items(), parts, strict=True)
    }


def foreign_errors(
    found: Sequence[Labels], labels: Sequence[Labels], counts: NDArray[np.float64]
) -> dict[str, Any]:
    """Return the errors of another potential, without what an energy an atom can explain.

    Parameters
    ----------
    found, labels
        What it says, and what the data say, of each frame.
    counts
        Atoms of each element in each frame, (f, e).
    """
    sizes = counts.sum(axis=1)
    energy = np.array([a.energy_ev - b.energy_ev for a, b in zip(found, labels, strict=True)])
    shift, *_ = np.linalg.lstsq(counts / sizes[:, None], energy / sizes, rcond=None)
    forces = [a.forces_ev_per_a - b.forces_ev_per_a for a, b in zip(found, labels, strict=True)]
    stress = [
        a.stress_ev_per_a3 - b.stress_ev_per_a3 for a, b in zip(found, labels, strict=True)
    ]
    parts = (
        (energy - counts @ shift) / sizes,
        np.concatenate([part.ravel() for part in forces]),
        np.concatenate(stress),
    )
    residuals = {
        kind: unit * part[None, ~np.isnan(part)]
        for (kind, unit), part in zip(KINDS.items(), parts, strict=True)
    }
    return _summary(residuals, 0)


def element_counts(data: Dataset, frames: Sequence[int], elements: Sequence[str]) -> FloatArray:
    """Return how many atoms of each element are in each frame, (f, e)."""
    symbols = [data.frames[i].atoms.get_chemical_symbols() for i in frames]
    return np.array([[names.count(e) for e in elements] for names in symbols], dtype=float)


def judged(networks_answers: dict[str, Answers]) -> dict[str, Any] | None:
    """Fit the factors of the spread on the validation frames, and judge them on the others.

    Returns
    -------
    dict
        ``energy_factor``, ``force_factor``, and for each other part the reliability before
        and after; ``None`` for a single network, which has no spread.
    """
    fitted_on = networks_answers["validation"]
    if len(fitted_on.energies) < 2:
        return None
    factors = {
        "energy": calibration.factor(fitted_on.energy_spread()),
        "force": calibration.factor(fitted_on.force_spread()),
    }
    found: dict[str, Any] = {
        "fitted_on": "validation",
        "energy_factor": factors["energy"],
        "force_factor": factors["force"],
    }
    for part in ("test", "far"):
        if part in networks_answers:
            found[part] = {
                "energy": calibration.judge(
                    networks_answers[part].energy_spread(), factors["energy"]
                ),
                "force": calibration.judge(
                    networks_answers[part].force_spread(), factors["force"]
                ),
            }
    return found


def parity(parts: dict[str, Answers], labels: Sequence[Labels]) -> dict[str, FloatArray]:
    """Return labels, answers and spread of every frame as flat arrays.

    Names are ``PART_KIND_WHAT``, with what one of ``label``, ``model``, ``spread``; energies
    in eV/atom, forces in eV/Å, stresses in GPa. Terms that were subtracted from the
    labels are added again.
    """
    found: dict[str, FloatArray] = {}
    for name, part in parts.items():
        known = [labels[i] for i in part.frames]
        stress = np.array([each.stress_ev_per_a3 for each in known])
        whole = {
            "energy": np.array([each.energy_ev for each in known]) / part.n_atoms,
            "forces": np.concatenate([each.forces_ev_per_a for each in known]).ravel(),
            "stress": EV_PER_A3_IN_GPA * stress.ravel(),
        }
        units = (1.0, 1.0, EV_PER_A3_IN_GPA)
        off = [unit * each for unit, each in zip(units, part.deviations(), strict=True)]
        for (kind, label), each in zip(whole.items(), off, strict=True):
            found[f"{name}_{kind}_label"] = label
            found[f"{name}_{kind}_model"] = label + each.mean(axis=0)
            found[f"{name}_{kind}_spread"] = calibration.deviation(each)
    return found
