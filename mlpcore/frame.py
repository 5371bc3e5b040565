"""A structure with its labels, the piece that data sets are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A structure with its labels.

    Attributes
    ----------
    atoms
        The periodic structure, without a calculator.
    energy_ev
        Energy of the whole cell in eV.
    forces_ev_per_a
        (n, 3), eV/Å.
    stress_ev_per_a3
        (3, 3), eV/Å³, positive in tension; ``None`` where it is not known.
    source
        Where the frame comes from; frames of one source are kept together in a split.
    """

    atoms: Atoms
    energy_ev: float
    forces_ev_per_a: NDArray[np.float64]
    stress_ev_per_a3: NDArray[np.float64] | None
    source: str
