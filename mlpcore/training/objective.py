"""Energies, forces and stresses of all members at once, and how wrong they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mlpcore.networks import log_variances
from mlpcore.training.progress import Errors
from mlpcore.units import EV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.networks import ElementNetworks
    from mlpcore.training.frames import Block
    from mlpcore.training.scaling import LabelScale


@dataclass(frozen=True)
class Prediction:
    """What m members say of the frames of a block.

    Attributes
    ----------
    energy, forces, stress
        (m, b), (m, b, 3n) and (m, b, 6), as in :class:`~mlpcore.training.frames.Block`.
    log_variance
        Of the noise in the labels of forces and of energies, each (m, b, n), see
        :func:`mlpcore.networks.log_variances`; ``None`` for networks without.
    """

    energy: torch.Tensor
    forces: torch.Tensor
    stress: torch.Tensor
    log_variance: tuple[torch.Tensor, torch.Tensor] | None

    def detached(self) -> Prediction:
        """Return the numbers alone."""
        noise = None
        if self.log_variance is not None:
            noise = self.log_variance[0].detach(), self.log_variance[1].detach()
        return Prediction(
            self.energy.detach(), self.forces.detach(), self.stress.detach(), noise
        )


@dataclass(frozen=True)
class Weights:
    """Weights of squared errors, each over the square of its labels' scale.

    Attributes
    ----------
    energy, forces, stress
        Weight over (eV/atom)², (eV/Å)² and (eV/Å³)².
    """

    energy: float
    forces: float
    stress: float

    @classmethod
    def of(cls, scale: LabelScale, energy: float, forces: float, stress: float) -> Weights:
        """Make labels of different units comparable."""
        return cls(
            energy / scale.energy_ev**2,
            forces / scale.forces_ev_per_a**2,
            stress / scale.stress_ev_per_a3**2,
        )


def predict(networks: ElementNetworks, block: Block, training: bool = False) -> Prediction:
    """Evaluate all members; with `training`, differentiable by their parameters."""
    b, n, d = block.values.shape
    m = networks.n_members
    values = block.values.reshape(1, b * n, d).expand(m, -1, -1).clone().requires_grad_()
    out = networks(values, block.element.flatten())
    energies = out[..., 0].reshape(m, b, n)
    (slope,) = torch.autograd.grad(energies.sum(), values, create_graph=training)
    first = torch.bmm(slope.reshape(m, b, n * d).transpose(0, 1), block.derivative)
    first = first.transpose(0, 1)
    told, noise = log_variances(out), None
    if told is not None:
        noise = told[0].reshape(m, b, n), told[1].reshape(m, b, n)
    found = Prediction(energies.sum(dim=2), first[..., : 3 * n], first[..., 3 * n :], noise)
    return found if training else found.detached()


def losses(found: Prediction, block: Block, weights: Weights) -> torch.Tensor:
    """Return the weighted squared error of each member for each frame, (m, b)."""
    energy = ((found.energy - block.energy) / block.n_atoms).square()
    forces = (found.forces - block.forces).square().mean(dim=2)
    stress = (found.stress - block.stress).nan_to_num(0.0).square().mean(dim=2)
    return weights.energy * energy + weights.forces * forces + weights.stress * stress


def surprises(found: Prediction, block: Block, weights: Weights) -> torch.Tensor:
    """Return minus the log likelihood of energies and forces with learned noise, (m, b).

    A component of the force on an atom has the variance of that atom; the energy of a frame
    the sum of what its atoms add to it. The stress has no noise of its own.
    """
    if found.log_variance is None:
        raise ValueError("the networks have no output for noise")
    of_force = found.log_variance[0].repeat_interleave(3, dim=2)
    forces = of_force + (found.forces - block.forces).square() * torch.exp(-of_force)
    of_energy = torch.logsumexp(found.log_variance[1], dim=2)
    energy = of_energy + (found.energy - block.energy).square() * torch.exp(-of_energy)
    stress = (found.stress - block.stress).nan_to_num(0.0).square().mean(dim=2)
    return 0.5 * (energy / 3 / block.n_atoms + forces.mean(dim=2)) + weights.stress * stress


def errors(networks: ElementNetworks, blocks: Sequence[Block]) -> MemberErrors:
    """Return the root mean square errors of each member over some frames."""
    sums = MemberErrors.nothing(networks.n_members)
    for block in blocks:
        sums = sums.plus(predict(networks, block), block)
    return sums


@dataclass(frozen=True)
class MemberErrors:
    """Sums of squared errors of m members, each (m,), and how many they are."""

    energy: torch.Tensor
    forces: torch.Tensor
    stress: torch.Tensor
    counts: tuple[int, int, int]

    @classmethod
    def nothing(cls, n_members: int) -> MemberErrors:
        """Begin at zero."""
        zero = torch.zeros(n_members, dtype=torch.float64)
        return cls(zero, zero, zero, (0, 0, 0))

    def plus(self, found: Prediction, block: Block) -> MemberErrors:
        """Add the errors of a block."""
        energy = ((found.energy - block.energy) / block.n_atoms).square().sum(dim=1)
        forces = (found.forces - block.forces).square().sum(dim=(1, 2))
        off = (found.stress - block.stress).nan_to_num(0.0)
        known = int((~block.stress.isnan()).sum())
        counts = (len(block), block.forces.numel(), known)
        return MemberErrors(
            self.energy + energy.detach(),
            self.forces + forces.detach(),
            self.stress + off.square().sum(dim=(1, 2)).detach(),
            tuple(a + b for a, b in zip(self.counts, counts, strict=True)),  # type: ignore[arg-type]
        )

    def to_dict(self) -> dict[str, list[float] | None]:
        """Return root mean squares in meV/atom, meV/Å and GPa, a number a member."""
        parts = (self.energy, self.forces, self.stress)
        names = ("energy_mev_per_atom", "forces_mev_per_a", "stress_gpa")
        units = (1e3, 1e3, EV_PER_A3_IN_GPA)
        return {
            name: (unit * (part / count).sqrt()).tolist() if count else None
            for name, part, count, unit in zip(names, parts, self.counts, units, strict=True)
        }

    @property
    def mean(self) -> Errors:
        """Mean over the members."""
        means = {
            name: None if values is None else sum(values) / len(values)
            for name, values in self.to_dict().items()
        }
        return Errors(**means)
