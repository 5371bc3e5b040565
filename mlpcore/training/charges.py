"""Charges that are not fixed: found by least squares before any network is trained.

Beside the electrostatics a sum of descriptors, linear in its coefficients, stands in for
the networks. Whatever it can explain is projected out of the labels and of the electrostatics,
so that the charges answer for what no short-ranged sum explains (variable projection, Golub and
Pereyra, SIAM J. Numer. Anal. 10, 413, 1973). What is left is a polynomial of few parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from mlpcore.electrostatics import ElectrostaticTerm
from mlpcore.training.frames import chosen
from mlpcore.training.labels import VOIGT
from mlpcore.training.progress import CHARGES, Progress
from mlpcore.training.scaling import descriptor_range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms

    from mlpcore.electrostatics import Forms
    from mlpcore.training.frames import Block
    from mlpcore.training.objective import Weights
    from mlpcore.training.progress import Monitor
    from mlpcore.training.scaling import DescriptorRange

SINGULAR = 1e-5
"""Directions of the linear model below this part of the strongest are noise."""

RIDGE = 1e-6
"""Keeps parameters of which the data know nothing where they began."""


def fitted(
    settings: Mapping[str, Any],
    structures: Sequence[Atoms],
    every: Sequence[Block],
    train: Sequence[int],
    n_elements: int,
    weights: Weights,
    monitor: Monitor | None,
) -> dict[str, Any]:
    """Return the settings with charges that suit the training frames best.

    Parameters
    ----------
    settings
        As in :meth:`mlpcore.electrostatics.ChargeModel.from_dict`; fixed charges come back
        as they are.
    structures
        Of all frames, in which the charges have to be neutral.
    every, train
        Blocks of all frames, and the numbers of those to learn from.
    weights
        Of the squared errors.
    """
    term = ElectrostaticTerm(settings, structures)
    if not term.trainable:
        return dict(settings)
    forms: dict[int, Forms] = {}
    for number, frame in enumerate(train, start=1):
        forms[frame] = term.forms(structures[frame])
        if monitor is not None:
            monitor(Progress(CHARGES, number, len(train)))
    blocks = chosen(every, train)
    seen = descriptor_range(blocks, n_elements)
    model = torch.cat([_linear(block, seen, weights) for block in blocks])
    labels = torch.cat([_labels(block, weights) for block in blocks])
    charges = torch.cat([_charges(block, forms, weights) for block in blocks])
    left, _, _ = torch.linalg.svd(model, full_matrices=False)
    strength = torch.linalg.svdvals(model)
    left = left[:, strength > SINGULAR * strength[0]]
    _descend(term, labels - left @ (left.T @ labels), charges - left @ (left.T @ charges))
    return term.to_dict()


def _descend(term: ElectrostaticTerm, labels: torch.Tensor, charges: torch.Tensor) -> None:
    """Minimise |labels − charges · products|² over the parameters of the charges."""
    optimizer = torch.optim.LBFGS(
        [term.free], max_iter=500, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        off = labels - charges @ term.products
        found = off.square().mean() + RIDGE * term.free.square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimizer.step(loss)  # type: ignore[arg-type]


def _rows(
    energy: torch.Tensor, first: torch.Tensor, block: Block, weights: Weights
) -> torch.Tensor:
    """Weigh energies (b, k) and forces and stresses (b, 3n + 6, k); NaN counts nothing."""
    n = block.n_atoms
    parts = (
        (weights.energy**0.5 / n) * energy[:, None],
        (weights.forces / (3 * n)) ** 0.5 * first[:, : 3 * n],
        (weights.stress / 6) ** 0.5
        * torch.where(block.stress.isnan()[..., None], torch.zeros(()), first[:, 3 * n :]),
    )
    return torch.cat(parts, dim=1).flatten(0, 1).double()


def _linear(block: Block, seen: DescriptorRange, weights: Weights) -> torch.Tensor:
    """Return the linear model's columns: each descriptor of each element, and its number."""
    b, n, d = block.values.shape
    of_element = torch.nn.functional.one_hot(block.element, len(seen.mean)).double()
    scaled = (block.values - seen.mean[block.element]) / seen.deviation[block.element]
    energy = torch.einsum("bne,bnd->bed", of_element, scaled).flatten(1)
    slopes = block.derivative.reshape(b, n, d, -1) / seen.deviation[block.element][..., None]
    first = torch.einsum("bne,bndk->bked", of_element, slopes).flatten(2)
    counts = of_element.sum(dim=1)
    none = first.new_zeros(b, first.shape[1], counts.shape[1])
    return _rows(
        torch.cat([energy, counts], dim=1), torch.cat([first, none], dim=2), block, weights
    )


def _labels(block: Block, weights: Weights) -> torch.Tensor:
    first = torch.cat([block.forces, block.stress.nan_to_num(0.0)], dim=1)
    return _rows(block.energy[:, None], first[..., None], block, weights)[:, 0]


def _charges(block: Block, forms: Mapping[int, Forms], weights: Weights) -> torch.Tensor:
    """Return the columns of the electrostatics, one a product of two parameters."""
    known = [forms[number] for number in block.frames.tolist()]
    energy = torch.stack([form.energy_ev for form in known])
    forces = torch.stack([form.forces_ev_per_a.flatten(1).T for form in known])
    stress = torch.stack(
        [torch.stack([form.stress_ev_per_a3[:, i, j] for i, j in VOIGT]) for form in known]
    )
    return _rows(energy, torch.cat([forces, stress], dim=1), block, weights)
