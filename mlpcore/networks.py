"""Networks of all elements and all members of a committee, evaluated together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "softplus": torch.nn.functional.softplus,
    "logistic": torch.sigmoid,
    "gaussian": lambda x: torch.exp(-0.5 * x**2),
    "cosine": torch.cos,
    "silu": torch.nn.functional.silu,
    "linear": lambda x: x,
}


WITH_NOISE = 3
"""Outputs of networks that tell the noise: energy, and two logarithms of variances."""

LOG_VARIANCES = (-25.0, 6.0)
"""Range of the logarithms of variances that are believed."""


@dataclass(frozen=True)
class Shape:
    """What the weights of a committee look like.

    Attributes
    ----------
    n_elements, n_inputs
        How many networks a member has, and the largest number of descriptors.
    hidden
        Nodes of each hidden layer.
    activation
        A key of :data:`ACTIVATIONS`, for all hidden layers.
    n_members
        Size of the committee.
    n_outputs
        1, or :data:`WITH_NOISE` for networks that also tell how large the noise of labels is.
    """

    n_elements: int
    n_inputs: int
    hidden: tuple[int, ...] = (20, 20)
    activation: str = "tanh"
    n_members: int = 1
    n_outputs: int = 1

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """Inputs and outputs of each layer."""
        widths = (self.n_inputs, *self.hidden, self.n_outputs)
        return tuple(pairwise(widths))

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of every tensor that the networks consist of."""
        e, m = self.n_elements, self.n_members
        found: dict[str, tuple[int, ...]] = {
            "shift": (e, self.n_inputs),
            "scale": (e, self.n_inputs),
            "atom_energy_ev": (e,),
            "energy_scale_ev": (),
        }
        for layer, (inputs, outputs) in enumerate(self.layers):
            found[f"weights.{layer}"] = (m, e, inputs, outputs)
            found[f"biases.{layer}"] = (m, e, 1, outputs)
        return found


class ElementNetworks(torch.nn.Module):
    """ε(G) of each element by each of m members, with the same layers for all.

    The energy of an atom is ``energy_scale_ev`` × output + ``atom_energy_ev`` of its element;
    descriptors enter as (G − shift) / scale.

    Parameters
    ----------
    shape
        Of the weights.
    seeds
        One number a member, from which its starting weights follow.
    """

    shift: torch.Tensor
    scale: torch.Tensor
    atom_energy_ev: torch.Tensor
    energy_scale_ev: torch.Tensor

    def __init__(self, shape: Shape, seeds: Sequence[int] | None = None) -> None:
        super().__init__()
        self.shape = shape
        self._activation = ACTIVATIONS[shape.activation]
        e, d = shape.n_elements, shape.n_inputs
        self.register_buffer("shift", torch.zeros(e, d, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(e, d, dtype=torch.float64))
        self.register_buffer("atom_energy_ev", torch.zeros(e, dtype=torch.float64))
        self.register_buffer("energy_scale_ev", torch.ones((), dtype=torch.float64))
        weights, biases = _start(shape, seeds or range(shape.n_members))
        self.weights = torch.nn.ParameterList(weights)
        self.biases = torch.nn.ParameterList(biases)

    @property
    def n_members(self) -> int:
        """Size of the committee."""
        return self.shape.n_members

    def forward(self, values: torch.Tensor, element: torch.Tensor) -> torch.Tensor:
        """Evaluate all members.

        Parameters
        ----------
        values
            Descriptors, (n, d) or, apart for each member, (m, n, d).
        element
            Index of the element of each atom, (n,).

        Returns
        -------
        torch.Tensor
            (m, n, outputs); output 0 is the energy of the atom in eV.
        """
        x = (values - self.shift[element]) / self.scale[element]
        x = x.expand(self.n_members, *x.shape[-2:])
        parts, order = [], []
        for e in range(self.shape.n_elements):
            atoms = torch.nonzero(element == e).squeeze(1)
            order.append(atoms)
            parts.append(self._layers(x[:, atoms], e))
        back = torch.argsort(torch.cat(order))
        out = torch.cat(parts, dim=1)[:, back]
        energy = self.energy_scale_ev * out[..., :1] + self.atom_energy_ev[element][:, None]
        return torch.cat([energy, out[..., 1:]], dim=2)

    def _layers(self, x: torch.Tensor, e: int) -> torch.Tensor:
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias[:, e], x, weight[:, e])
            if layer < last:
                x = self._activation(x)
        return x


def log_variances(out: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return the logarithms of the variances of the noise; ``None`` for networks without.

    Nothing ties the noise of energies to that of forces, so each has an output of its own.

    Parameters
    ----------
    out
        What :class:`ElementNetworks` return, (m, n, outputs).

    Returns
    -------
    tuple
        Of a component of the force on each atom, in (eV/Å)², and of what each atom adds to
        the variance of the energy, in eV²; both (m, n).
    """
    if out.shape[-1] < WITH_NOISE:
        return None
    of_force, of_energy = (out[..., k].clamp(*LOG_VARIANCES) for k in (1, 2))
    return of_force, of_energy


def _start(shape: Shape, seeds: Sequence[int]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Draw weights whose products keep the variance of their inputs (Glorot and Bengio)."""
    weights, biases = [], []
    generators = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
    for inputs, outputs in shape.layers:
        size = (shape.n_elements, inputs, outputs)
        drawn = [
            torch.randn(size, generator=generator, dtype=torch.float64)
            for generator in generators
        ]
        weights.append(torch.stack(drawn) * (2 / (inputs + outputs)) ** 0.5)
        biases.append(
            torch.zeros(shape.n_members, shape.n_elements, 1, outputs, dtype=torch.float64)
        )
    return weights, biases
