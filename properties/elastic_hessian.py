"""Exact second derivatives of the energy by strain and displacement, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlpcore.units import EV_PER_A3_IN_GPA
from properties import laue, symmetry, voigt

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Arrays, Monitor, Pieces

FloatArray = NDArray[np.float64]

ACOUSTIC_TOLERANCE = 1e-4
"""Force constants below this (eV/Å²) count as zero in the inverse."""


@dataclass(frozen=True)
class SecondDerivatives:
    """Blocks of the Hessian of the enthalpy E + pV in strain and displacement.

    Attributes
    ----------
    strain_strain
        (3, 3, 3, 3), eV.
    strain_position
        d²H/dε dr, (3, 3, n, 3), eV/Å.
    position_position
        (n, 3, n, 3), eV/Å².
    volume_a3
        Volume of the cell.
    """

    strain_strain: FloatArray
    strain_position: FloatArray
    position_position: FloatArray
    volume_a3: float

    def clamped_stiffness_gpa(self) -> FloatArray:
        """(1/V) H_εε: the atoms follow the strain, (6, 6)."""
        return self._stiffness(self.strain_strain)

    def relaxed_stiffness_gpa(self) -> FloatArray:
        """(1/V) (H_εε − H_εu H_uu⁻¹ H_uε): the atoms relax, (6, 6)."""
        coupling = self.strain_position.reshape(9, -1)
        softening = coupling @ self.inverse_force_constants() @ coupling.T
        return self._stiffness(self.strain_strain - softening.reshape(3, 3, 3, 3))

    def inverse_force_constants(self) -> FloatArray:
        """Inverse of H_uu without rigid translations, (3n, 3n), Å²/eV."""
        values, vectors = np.linalg.eigh(self._force_constants())
        keep = np.abs(values) > ACOUSTIC_TOLERANCE
        return (vectors[:, keep] / values[keep]) @ vectors[:, keep].T

    def softest_force_constant(self) -> float:
        """Smallest eigenvalue of H_uu apart from translations, eV/Å²."""
        values = np.linalg.eigvalsh(self._force_constants())
        inner = np.sort(np.delete(values, np.argsort(np.abs(values))[:3]))
        return float(inner[0]) if len(inner) else np.inf

    def _force_constants(self) -> FloatArray:
        """H_uu as a symmetric matrix with translations projected out."""
        n = self.position_position.shape[0]
        matrix = self.position_position.reshape(3 * n, 3 * n)
        rigid = np.kron(np.eye(n) - 1.0 / n, np.eye(3))
        return rigid @ (matrix + matrix.T) @ rigid / 2

    def _stiffness(self, tensor_ev: FloatArray) -> FloatArray:
        return voigt.matrix_from_tensor(tensor_ev) / self.volume_a3 * EV_PER_A3_IN_GPA


def second_derivatives(
    crystal: Crystal,
    potential: Potential,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
) -> SecondDerivatives:
    """Differentiate the enthalpy twice at the given structure.

    Only one atom of each orbit is differentiated; rotations give the others' rows.

    Parameters
    ----------
    crystal
        Relaxed primitive cell, n atoms.
    potential
        A twice differentiable potential in double precision.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished rows are kept in `pieces`.
    """
    sources, rotations, images = laue.proper_operations(crystal, symmetry.SYMPREC_A)
    rows = _Rows(crystal, potential)
    wanted = [*rows.strain_keys(), *rows.atom_keys(sorted({int(i) for i in sources}))]
    found: dict[str, Arrays] = {}
    for done, key in enumerate(wanted):
        monitor.advance("elastic", done, len(wanted), "second derivatives")
        kept = pieces.get(key)
        if kept is None:
            kept = rows.row(key)
            pieces.put(key, kept)
        found[key] = kept
    monitor.advance("elastic", len(wanted), len(wanted), "second derivatives")
    return _assemble(crystal, found, sources, rotations, images, pressure_gpa)


class _Rows:
    """Hessian rows on demand; the first-derivative graph is built at the first call."""

    def __init__(self, crystal: Crystal, potential: Potential) -> None:
        self._crystal, self._potential = crystal, potential
        self._graph: tuple[torch.Tensor, ...] | None = None

    def strain_keys(self) -> list[str]:
        return [f"hessian/strain{i}" for i in range(6)]

    def atom_keys(self, atoms: list[int]) -> list[str]:
        return [f"hessian/atom{i}axis{a}" for i in atoms for a in range(3)]

    def row(self, key: str) -> Arrays:
        """Gradient of one first derivative by displacement (n, 3) and strain (3, 3)."""
        u, strain, by_u, by_strain = self._graph = self._graph or self._first_derivatives()
        if key.startswith("hessian/strain"):
            first = by_strain[voigt.PAIRS[int(key[-1])]]
        else:
            atom, axis = key.removeprefix("hessian/atom").split("axis")
            first = by_u[int(atom), int(axis)]
        gradients = torch.autograd.grad(first, [u, strain], retain_graph=True)
        by_position, by_cell = (_numpy(g) for g in gradients)
        return {"position": by_position, "strain": by_cell}

    def _first_derivatives(self) -> tuple[torch.Tensor, ...]:
        options: dict[str, Any] = {
            "dtype": torch.float64,
            "device": self._potential.device,
            "requires_grad": True,
        }
        u = torch.zeros(len(self._crystal), 3, **options)
        strain = torch.zeros(3, 3, **options)
        energy = self._potential.energy_function(self._crystal.to_atoms())(u, strain)
        by_u, by_strain = torch.autograd.grad(energy, [u, strain], create_graph=True)
        return u, strain, by_u, (by_strain + by_strain.T) / 2


def _numpy(tensor: torch.Tensor) -> FloatArray:
    return tensor.detach().cpu().numpy().astype(float)


def _assemble(
    crystal: Crystal,
    rows: dict[str, Arrays],
    sources: NDArray[np.int64],
    rotations: FloatArray,
    images: NDArray[np.int64],
    pressure_gpa: float,
) -> SecondDerivatives:
    n = len(crystal)
    strain_strain = np.zeros((3, 3, 3, 3))
    for component, (i, j) in enumerate(voigt.PAIRS):
        block = rows[f"hessian/strain{component}"]["strain"]
        strain_strain[i, j] = strain_strain[j, i] = (block + block.T) / 2
    force_constants, coupling = np.zeros((n, 3, n, 3)), np.zeros((n, 3, 3, 3))
    for atom in range(n):
        source = int(sources[atom])
        op = int(np.flatnonzero(images[:, source] == atom)[0])
        r, sent = rotations[op], images[op]
        own = [rows[f"hessian/atom{source}axis{a}"] for a in range(3)]
        by_position = np.array([row["position"] for row in own])
        by_strain = np.array([row["strain"] for row in own])
        force_constants[atom][:, sent] = np.einsum("ax,xnb,yb->any", r, by_position, r)
        coupling[atom] = np.einsum("ax,bj,ck,xjk->abc", r, r, r, by_strain)
    symmetric = (coupling + coupling.transpose(0, 1, 3, 2)) / 2
    return SecondDerivatives(
        strain_strain + _volume_work(crystal.volume_a3, pressure_gpa),
        symmetric.transpose(2, 3, 0, 1),
        force_constants,
        crystal.volume_a3,
    )


def _volume_work(volume_a3: float, pressure_gpa: float) -> FloatArray:
    """Second derivative of p V det(1 + ε) by symmetric strain, eV."""
    d = np.eye(3)
    shear = np.einsum("ik,jl->ijkl", d, d) + np.einsum("il,jk->ijkl", d, d)
    bulk = np.einsum("ij,kl->ijkl", d, d)
    return pressure_gpa / EV_PER_A3_IN_GPA * volume_a3 * (bulk - shear / 2)
