"""The one interface of every potential, universal or our own."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.registry import ModelInfo

    EnergyFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _keep_freed_memory() -> None:
    """Let glibc reuse large blocks instead of returning each to the system.

    An evaluation allocates the same hundreds of megabytes again and again; cleared
    anew by the system every time, they cost more than the arithmetic.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from malloc.h
_keep_freed_memory()


@dataclass(frozen=True)
class Evaluation:
    """Energy and first derivatives of one structure.

    Attributes
    ----------
    energy_ev
        Total energy in eV.
    forces_ev_per_a
        Minus the gradient with respect to positions, (n, 3), eV/Å.
    stress_ev_per_a3
        Energy derivative by strain over volume, (3, 3), eV/Å³; positive in tension.
    """

    energy_ev: float
    forces_ev_per_a: NDArray[np.float64]
    stress_ev_per_a3: NDArray[np.float64]


class Potential(ABC):
    """A map from structures to energies, differentiable in positions and strain.

    Attributes
    ----------
    info
        The registry's entry.
    device, dtype
        Where and in which precision the model computes.
    engine
        Name of the code that evaluates the model, for the provenance of results.
    batch_atoms
        Number of atoms up to which one call for several structures is faster than
        one call each; 1 where it never is.
    memory_per_atom_mb
        Memory that an evaluation takes, about, for one atom more.
    """

    info: ModelInfo
    device: torch.device
    dtype: torch.dtype
    engine: str
    batch_atoms: int = 1
    memory_per_atom_mb: float

    @property
    def members(self) -> tuple[Potential, ...]:
        """Members of a committee; a single model is its own only member."""
        return (self,)

    @abstractmethod
    def evaluate(self, batch: Sequence[Atoms]) -> list[Evaluation]:
        """Return energy, forces and stress of each structure.

        Raises
        ------
        UnsupportedElementError
            A structure holds an element that the model does not know.
        """

    @abstractmethod
    def energy_function(self, atoms: Atoms) -> EnergyFunction:
        """Return E(u, ε) in eV around a structure, as a torch function.

        Atom i moves from r_i to (r_i + u_i)(1 + ε), the cell with it; `u` has shape
        (n, 3) in Å, ε has shape (3, 3). The neighbour list is that of the given
        structure, so the function is exact in its derivatives at zero.
        """

    def calculator(self) -> PotentialCalculator:
        """Return an ASE calculator that evaluates this potential."""
        return PotentialCalculator(self)


class PotentialCalculator(Calculator):
    """ASE calculator around a :class:`Potential`."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, potential: Potential) -> None:
        super().__init__()
        self.potential = potential

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Any = None,
        system_changes: Any = all_changes,
    ) -> None:
        """Evaluate the potential and store all its properties."""
        super().calculate(atoms, properties, system_changes)
        if self.atoms is None:
            raise ValueError("no atoms to evaluate: pass them or attach the calculator to them")
        (found,) = self.potential.evaluate([self.atoms])
        self.results = {
            "energy": found.energy_ev,
            "free_energy": found.energy_ev,
            "forces": found.forces_ev_per_a,
            "stress": full_3x3_to_voigt_6_stress(found.stress_ev_per_a3),
        }


def resolve_device(device: str) -> torch.device:
    """Turn ``"auto"`` into a GPU where there is one, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def groups_up_to(most_atoms: int, batch: Sequence[Atoms]) -> list[list[Atoms]]:
    """Cut a batch into runs of structures of at most `most_atoms` atoms, or of one."""
    groups: list[list[Atoms]] = []
    room = 0
    for atoms in batch:
        if len(atoms) > room:
            groups.append([])
            room = most_atoms
        groups[-1].append(atoms)
        room -= len(atoms)
    return groups
