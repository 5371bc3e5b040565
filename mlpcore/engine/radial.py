"""Radial functions of a SevenNet convolution as piecewise polynomials.

The weights of a convolution depend on the distance alone: Bessel functions times a
cut-off, through a small network. Between knots they are replaced by the quintic
polynomials that share value, slope and curvature with them at both ends.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    RadialFunction = Callable[[torch.Tensor], torch.Tensor]

SPACING_A, FINE_SPACING_A, FINE_BELOW_A = 0.025, 0.0125, 2.0
"""Distances between knots: the network bends most where atoms are close. The XPLOR
cut-off of SevenNet-0 begins at 4.5 Å, which must be a knot."""

N_FINE = round(FINE_BELOW_A / FINE_SPACING_A)
N_COEFFICIENTS = 6


def knots_a(cutoff_a: float) -> FloatArray:
    """Return the ends of all intervals from zero to the cut-off, in Å."""
    n_coarse = round((cutoff_a - FINE_BELOW_A) / SPACING_A)
    fine = np.linspace(0.0, FINE_BELOW_A, N_FINE + 1)
    return np.concatenate([fine, np.linspace(FINE_BELOW_A, cutoff_a, n_coarse + 1)[1:]])


def piecewise_polynomials(edge_embedding: Any, network: Any, cutoff_a: float) -> FloatArray:
    """Expand the radial network in quintic Hermite polynomials.

    Parameters
    ----------
    edge_embedding
        Upstream's ``EdgeEmbedding``: Bessel functions and cut-off.
    network
        Upstream's ``FullyConnectedNet`` from these to the weights.
    cutoff_a
        Where the weights end, in Å.

    Returns
    -------
    numpy.ndarray
        (interval, weight, 6): coefficients of t⁰ … t⁵ with t from 0 to 1 in each
        interval. The first interval continues the second one: the polynomials near
        zero distance stay smooth, where Bessel functions have no stable form.
    """
    knots = torch.as_tensor(knots_a(cutoff_a))
    start, end = knots[1:-1], knots[2:]
    function = _radial_function(edge_embedding, network, (start + end) / 2)
    left, right = (_jet(function, at, end - start) for at in (start, end))
    inner = _hermite(left, right)
    return np.concatenate([_continued_backwards(inner[:1]), inner])


def _radial_function(edge_embedding: Any, network: Any, middle: torch.Tensor) -> RadialFunction:
    """Return w(r), each r on the branch of the cut-off that `middle` is on."""
    basis, envelope = edge_embedding.basis_function, edge_embedding.cutoff_function
    coefficients = basis.coeffs.detach().double()
    layers = [_layer(module) for module in network.children()]
    on_branch = _envelope(envelope, middle)

    def weights(r: torch.Tensor) -> torch.Tensor:
        waves = float(basis.prefactor) * torch.sin(coefficients * r[:, None]) / r[:, None]
        values = waves * on_branch(r)[:, None]
        for matrix, scale in layers:
            values = values @ matrix
            if scale is not None:
                values = torch.nn.functional.silu(values) * scale
        return values

    return weights


def _layer(module: Any) -> tuple[torch.Tensor, float | None]:
    """Return the matrix of a layer with its normalisation, and its activation's factor."""
    weight = module.weight.detach().double()
    if module.act is None:
        return weight / (module.h_in * module.var_in / module.var_out) ** 0.5, None
    matrix = weight / (module.h_in * module.var_in) ** 0.5
    return matrix, float(module.act.cst) * float(module.var_out) ** 0.5


def _envelope(envelope: Any, middle: torch.Tensor) -> RadialFunction:
    if hasattr(envelope, "r_on"):
        inside = middle < envelope.r_on
        return lambda r: torch.where(inside, torch.ones_like(r), _switch(envelope, r))
    p, cutoff = float(envelope.p), float(envelope.cutoff_length)
    first, second, third = (p + 1) * (p + 2) / 2, p * (p + 2), p * (p + 1) / 2

    def polynomial(r: torch.Tensor) -> torch.Tensor:
        x = r / cutoff
        return 1 - first * x**p + second * x ** (p + 1) - third * x ** (p + 2)

    return polynomial


def _switch(envelope: Any, r: torch.Tensor) -> torch.Tensor:
    """XPLOR: from 1 at ``r_on`` to 0 at ``r_cut``, with zero slope at both."""
    end, start = envelope.r_cut**2, envelope.r_on**2
    return (end - r**2) ** 2 * (end + 2 * r**2 - 3 * start) / (end - start) ** 3


def _jet(
    function: RadialFunction, r: torch.Tensor, spacing: torch.Tensor
) -> list[torch.Tensor]:
    """Return value, slope and curvature with respect to t = r/spacing."""

    def slope(at: torch.Tensor) -> torch.Tensor:
        return _derivative(function, at, spacing)

    return [function(r), slope(r), _derivative(slope, r, spacing)]


def _derivative(
    function: RadialFunction, at: torch.Tensor, along: torch.Tensor
) -> torch.Tensor:
    tangent: torch.Tensor = torch.func.jvp(function, (at,), (along,))[1]
    return tangent


def _hermite(left: list[torch.Tensor], right: list[torch.Tensor]) -> FloatArray:
    """Return the quintics with the given value, slope and curvature at t = 0 and 1."""
    ends = torch.stack([*left, *right], dim=-1).numpy()
    powers = np.arange(N_COEFFICIENTS)
    conditions = [
        np.where(powers >= d, _falling(powers, d) * t ** np.maximum(powers - d, 0), 0.0)
        for t in (0.0, 1.0)
        for d in range(3)
    ]
    solved: FloatArray = ends @ np.linalg.inv(np.array(conditions)).T
    return solved


def _falling(powers: NDArray[np.int_], order: int) -> FloatArray:
    """Return n (n − 1) … (n − order + 1)."""
    return np.prod([powers - k for k in range(order)], axis=0, initial=1.0)


def _continued_backwards(polynomials: FloatArray) -> FloatArray:
    """Return the same polynomials as functions of t + 1: Σ c[n] (t − 1)ⁿ by powers of t."""
    powers = range(N_COEFFICIENTS)
    shift = [[math.comb(n, k) * (-1.0) ** (n - k) for k in powers] for n in powers]
    continued: FloatArray = polynomials @ np.array(shift)
    return continued
