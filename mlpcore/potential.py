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

    from mlpcore.model_info import ModelInfo

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


@dataclass(frozen=True)
class MemberEvaluations:
    """What each member of a committee says of one structure, for m members and n atoms.

    Attributes
    ----------
    energies_ev, forces_ev_per_a, stresses_ev_per_a3
        As in :class:`Evaluation`, (m,), (m, n, 3) and (m, 3, 3).
    energy_noise_ev, force_noise_ev_per_a
        Standard deviation of the noise that each member expects in a label, (m,) and (m, n);
        zero for models that do not tell noise from signal.
    """

    energies_ev: NDArray[np.float64]
    forces_ev_per_a: NDArray[np.float64]
    stresses_ev_per_a3: NDArray[np.float64]
    energy_noise_ev: NDArray[np.float64]
    force_noise_ev_per_a: NDArray[np.float64]

    @property
    def mean(self) -> Evaluation:
        """The committee's answer: the mean over its members."""
        return Evaluation(
            float(self.energies_ev.mean()),
            self.forces_ev_per_a.mean(axis=0),
            self.stresses_ev_per_a3.mean(axis=0),
        )


@dataclass(frozen=True)
class Extrapolation:
    """How far the atoms of a structure are outside of what a model was trained on.

    Attributes
    ----------
    excess
        For each atom, (n,), by how much its worst descriptor lies outside the range of the
        training data, in units of that range; 0 inside.
    worst
        The descriptor that lies outside most, in words; empty where none does.
    """

    excess: NDArray[np.float64]
    worst: str

    @property
    def outside(self) -> bool:
        """Whether any atom is outside, or its descriptors are no numbers."""
        return not bool((self.excess <= 0).all())


@dataclass(frozen=True)
class ModelCharges:
    """Born charges and dielectric tensor that a model's own electrostatics implies.

    Attributes
    ----------
    charges_e
        (n, 3, 3) in e; derivative of the polarisation (first index) by position (second).
    dielectric
        Electronic dielectric tensor, (3, 3).
    """

    charges_e: NDArray[np.float64]
    dielectric: NDArray[np.float64]


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
    calibration
        ``energy_factor`` and ``force_factor`` of the members' spread (see
        :mod:`mlpcore.calibration`), among others; ``None`` where it was not measured.
    """

    info: ModelInfo
    device: torch.device
    dtype: torch.dtype
    engine: str
    batch_atoms: int = 1
    memory_per_atom_mb: float
    calibration: dict[str, Any] | None = None

    @property
    def members(self) -> tuple[Potential, ...]:
        """Members of a committee; a single model is its own only member."""
        return (self,)

    def evaluate_members(self, batch: Sequence[Atoms]) -> list[MemberEvaluations]:
        """Return what each member says of each structure."""
        by_member = [member.evaluate(batch) for member in self.members]
        return [_stack(answers) for answers in zip(*by_member, strict=True)]

    def atomic_energies(self, atoms: Atoms) -> NDArray[np.float64] | None:
        """Return each member's energy of each atom, (m, n) in eV; ``None`` if it has none."""
        return None

    def extrapolation(self, batch: Sequence[Atoms]) -> list[Extrapolation] | None:
        """Compare structures with the training data; ``None`` if their range is unknown."""
        return None

    def born_charges(self, atoms: Atoms) -> ModelCharges | None:
        """Return the charges that fix the model's LO–TO splitting; ``None`` if short-ranged."""
        return None

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


def _stack(answers: Sequence[Evaluation]) -> MemberEvaluations:
    forces = np.stack([answer.forces_ev_per_a for answer in answers])
    return MemberEvaluations(
        energies_ev=np.array([answer.energy_ev for answer in answers]),
        forces_ev_per_a=forces,
        stresses_ev_per_a3=np.stack([answer.stress_ev_per_a3 for answer in answers]),
        energy_noise_ev=np.zeros(len(answers)),
        force_noise_ev_per_a=np.zeros(forces.shape[:2]),
    )


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
        if not groups or len(atoms) > room:
            groups.append([])
            room = most_atoms
        groups[-1].append(atoms)
        room -= len(atoms)
    return groups
