"""Weights of all members as the rows of one matrix, so that each member can be kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from mlpcore.networks import ElementNetworks


def rows(networks: ElementNetworks) -> torch.Tensor:
    """Return a copy of the weights, (m, p)."""
    m = networks.n_members
    return torch.cat([p.detach().reshape(m, -1) for p in networks.parameters()], dim=1)


def set_rows(networks: ElementNetworks, values: torch.Tensor) -> None:
    """Set the weights from a matrix (m, p)."""
    first = 0
    with torch.no_grad():
        for parameter in networks.parameters():
            width = parameter.numel() // networks.n_members
            parameter.copy_(values[:, first : first + width].reshape(parameter.shape))
            first += width


def gradient_rows(networks: ElementNetworks) -> torch.Tensor:
    """Return the gradient by the weights, (m, p)."""
    m = networks.n_members
    return torch.cat(
        [
            (torch.zeros_like(p) if p.grad is None else p.grad).reshape(m, -1)
            for p in networks.parameters()
        ],
        dim=1,
    )


class Best:
    """The weights with which each member did best on the validation frames.

    Attributes
    ----------
    loss
        What it reached, (m,).
    rows
        With which weights, (m, p).
    since
        How many epochs ago the last member improved.
    """

    def __init__(self, networks: ElementNetworks) -> None:
        self.loss = torch.full((networks.n_members,), torch.inf, dtype=torch.float64)
        self.rows = rows(networks)
        self.since = 0

    def offer(self, networks: ElementNetworks, loss: torch.Tensor) -> None:
        """Keep the weights of the members that improved."""
        better = loss < self.loss
        self.loss = torch.where(better, loss, self.loss)
        self.rows = torch.where(better[:, None], rows(networks), self.rows)
        self.since = 0 if bool(better.any()) else self.since + 1

    def state(self) -> dict[str, torch.Tensor | int]:
        """Return what there is to keep."""
        return {"loss": self.loss, "rows": self.rows, "since": self.since}

    def resume(self, state: dict[str, torch.Tensor | int]) -> None:
        """Inverse of :meth:`state`."""
        self.loss, self.rows, self.since = state["loss"], state["rows"], state["since"]  # type: ignore[assignment]
