"""L-BFGS for all members at once, each with its own history and its own step.

Liu and Nocedal, Math. Program. 45, 503 (1989), with backtracking by the Armijo condition. The
members do not know of each other, so a row of every matrix here is one minimisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    Evaluated = tuple[torch.Tensor, torch.Tensor]
    Function = Callable[[torch.Tensor], Evaluated]

MEMORY = 30
SUFFICIENT, SHORTEST = 1e-4, 1e-6


class Minimiser:
    """Minimise m independent functions of p variables.

    Parameters
    ----------
    function
        Takes (m, p), returns values (m,) and gradients (m, p).
    start
        (m, p).
    """

    def __init__(self, function: Function, start: torch.Tensor) -> None:
        self._function = function
        self.x = start
        self.value, self.gradient = function(start)
        empty = torch.zeros(0, *start.shape, dtype=start.dtype)
        self._steps, self._changes = empty, empty

    def step(self) -> None:
        """Move every member downhill; one that finds no way down forgets and stays."""
        direction = self._direction()
        slope = (direction * self.gradient).sum(dim=1)
        downhill = slope < 0
        direction = torch.where(downhill[:, None], direction, -self.gradient)
        slope = torch.where(downhill, slope, -self.gradient.square().sum(dim=1))
        x, value, gradient = self._search(direction, slope)
        self._remember(x - self.x, gradient - self.gradient)
        stuck = (x == self.x).all(dim=1)
        self._steps[:, stuck], self._changes[:, stuck] = 0.0, 0.0
        self.x, self.value, self.gradient = x, value, gradient

    def _search(
        self, direction: torch.Tensor, slope: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Halve the steps of the members until all have gone down."""
        length = torch.ones_like(slope)
        if not len(self._steps):
            length = (1.0 / self.gradient.abs().sum(dim=1).clamp(min=1e-30)).clamp(max=1.0)
        usable = torch.isfinite(direction).all(dim=1) & torch.isfinite(length)
        direction = torch.where(usable[:, None], direction, 0.0)
        length = torch.where(usable, length, 0.0)
        while True:
            x = self.x + length[:, None] * direction
            value, gradient = self._function(x)
            enough = value <= self.value + SUFFICIENT * length * slope
            if bool((enough | (length == 0)).all()):
                return x, value, gradient
            length = torch.where(enough, length, length / 2)
            length = torch.where(length < SHORTEST, torch.zeros_like(length), length)

    def _remember(self, step: torch.Tensor, change: torch.Tensor) -> None:
        self._steps = torch.cat([self._steps, step[None]])[-MEMORY:]
        self._changes = torch.cat([self._changes, change[None]])[-MEMORY:]

    def _direction(self) -> torch.Tensor:
        """Return minus the inverse Hessian times the gradient, by two loops, (m, p)."""
        q = -self.gradient
        curvature = (self._steps * self._changes).sum(dim=2)
        usable = curvature > 1e-12 * self._changes.square().sum(dim=2).clamp(min=1e-300)
        rho = torch.where(usable, 1 / curvature, torch.zeros_like(curvature))
        factors = []
        for s, y, r in zip(
            self._steps.flip(0), self._changes.flip(0), rho.flip(0), strict=True
        ):
            factor = r * (s * q).sum(dim=1)
            q = q - factor[:, None] * y
            factors.append(factor)
        q = q * self._initial_scale(curvature, usable)[:, None]
        for s, y, r, factor in zip(
            self._steps, self._changes, rho, reversed(factors), strict=True
        ):
            q = q + (factor - r * (y * q).sum(dim=1))[:, None] * s
        return q

    def _initial_scale(self, curvature: torch.Tensor, usable: torch.Tensor) -> torch.Tensor:
        scale = torch.ones_like(self.value)
        for change, along, good in zip(self._changes, curvature, usable, strict=True):
            squared = change.square().sum(dim=1)
            scale = torch.where(good, along / squared.clamp(min=1e-300), scale)
        return scale

    def state(self) -> dict[str, Any]:
        """Return what there is to keep."""
        return {
            "x": self.x,
            "value": self.value,
            "gradient": self.gradient,
            "steps": self._steps,
            "changes": self._changes,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Inverse of :meth:`state`."""
        self.x, self.value, self.gradient = state["x"], state["value"], state["gradient"]
        self._steps, self._changes = state["steps"], state["changes"]
