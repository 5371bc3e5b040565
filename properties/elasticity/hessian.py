"""Exact second derivatives of the energy by strain and displacement, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlpcore.units import EV_PER_A3_IN_GPA
from properties import symmetry
from properties.elasticity import laue, voigt

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

    One atom of each orbit is differentiated, along as few directions as its site's
    symmetry leaves independent, and as many strains as the Laue class needs; rotations
    give the rest. One strain more than needed is differentiated too, if there is one: it
    shows whether the symmetry holds.

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
    plan = _Plan.of(crystal)
    rows, wanted = _Rows(crystal, potential), plan.keys()
    found: dict[str, Arrays] = {}
    for done, (key, direction) in enumerate(wanted.items()):
        monitor.advance("elastic", done, len(wanted), "second derivatives")
        kept = pieces.get(key)
        if kept is None:
            kept = rows.row(direction)
            pieces.put(key, kept)
        found[key] = kept
    monitor.advance("elastic", len(wanted), len(wanted), "second derivatives")
    return _assemble(crystal, plan, found, pressure_gpa)


@dataclass(frozen=True)
class _Direction:
    """A direction to differentiate along: of one atom, or of the strain if `atom` is None."""

    atom: int | None
    vector: FloatArray


@dataclass(frozen=True)
class _Plan:
    """The derivatives to take, and the proper operations that give the others.

    Attributes
    ----------
    sources
        An atom that each atom is an image of, (n,).
    rotations, images
        Cartesian, (g, 3, 3), and where each operation sends each atom, (g, n).
    patterns
        Voigt components of strain that determine the tensor, and after them, where
        there is another, one that does not.
    n_needed
        Number of patterns that determine the tensor.
    directions
        Unit vectors for each representative atom, (k, 3).
    """

    sources: NDArray[np.int64]
    rotations: FloatArray
    images: NDArray[np.int64]
    patterns: tuple[int, ...]
    n_needed: int
    directions: dict[int, FloatArray]

    @classmethod
    def of(cls, crystal: Crystal) -> _Plan:
        sources, rotations, images = laue.proper_operations(crystal, symmetry.SYMPREC_A)
        needed = laue.strain_patterns(rotations)
        spare = tuple(i for i in reversed(range(6)) if i not in needed)[:1]
        directions = {
            int(atom): laue.generating_directions(rotations[images[:, atom] == atom])
            for atom in np.unique(sources)
        }
        patterns = (*needed, *spare)
        return cls(sources, rotations, images, patterns, len(needed), directions)

    def keys(self) -> dict[str, _Direction]:
        """Return the derivatives by the names under which they are kept."""
        wanted = {f"second/strain{i}": _Direction(None, np.eye(6)[i]) for i in self.patterns}
        for atom, vectors in self.directions.items():
            for k, vector in enumerate(vectors):
                wanted[f"second/atom{atom}direction{k}"] = _Direction(atom, vector)
        return wanted

    def axis_rows(self, atom: int, rows: dict[str, Arrays]) -> tuple[FloatArray, FloatArray]:
        """Return the rows of a representative atom's axes from those of its directions.

        Each axis is a sum of images of the directions under the site's operations, and
        its row the same sum of images of their rows: (3, n, 3) and (3, 3, 3).
        """
        vectors = self.directions[atom]
        kept = self.images[:, atom] == atom
        turns, sent = self.rotations[kept], self.images[kept]
        spread = np.einsum("gij,kj->gki", turns, vectors).reshape(-1, 3)
        weights = np.linalg.pinv(spread).reshape(3, len(turns), len(vectors))
        by_position = np.zeros((3, len(self.sources), 3))
        by_strain = np.zeros((3, 3, 3))
        for k in range(len(vectors)):
            row = rows[f"second/atom{atom}direction{k}"]
            for turn, where, weight in zip(turns, sent, weights[:, :, k].T, strict=True):
                by_position[:, where] += np.einsum(
                    "a,nx,yx->any", weight, row["position"], turn
                )
                turned = turn @ row["strain"] @ turn.T
                by_strain += weight[:, None, None] * turned
        return by_position, by_strain


class _Rows:
    """Hessian rows on demand; the first-derivative graph is built at the first call."""

    def __init__(self, crystal: Crystal, potential: Potential) -> None:
        self._crystal, self._potential = crystal, potential
        self._graph: tuple[torch.Tensor, ...] | None = None

    def row(self, direction: _Direction) -> Arrays:
        """Gradient of one first derivative by displacement (n, 3) and strain (3, 3)."""
        u, strain, by_u, by_strain = self._graph = self._graph or self._first_derivatives()
        along = torch.as_tensor(direction.vector, dtype=torch.float64, device=u.device)
        if direction.atom is None:
            voigt_strain = torch.stack([by_strain[pair] for pair in voigt.PAIRS])
            first = (voigt_strain * along).sum()
        else:
            first = (by_u[direction.atom] * along).sum()
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
    crystal: Crystal, plan: _Plan, rows: dict[str, Arrays], pressure_gpa: float
) -> SecondDerivatives:
    n = len(crystal)
    force_constants, coupling = np.zeros((n, 3, n, 3)), np.zeros((n, 3, 3, 3))
    own = {atom: plan.axis_rows(atom, rows) for atom in plan.directions}
    for atom in range(n):
        source = int(plan.sources[atom])
        op = int(np.flatnonzero(plan.images[:, source] == atom)[0])
        r, sent = plan.rotations[op], plan.images[op]
        by_position, by_strain = own[source]
        force_constants[atom][:, sent] = np.einsum("ax,xnb,yb->any", r, by_position, r)
        coupling[atom] = np.einsum("ax,bj,ck,xjk->abc", r, r, r, by_strain)
    symmetric = (coupling + coupling.transpose(0, 1, 3, 2)) / 2
    return SecondDerivatives(
        _strain_strain(plan, rows) + _volume_work(crystal.volume_a3, pressure_gpa),
        symmetric.transpose(2, 3, 0, 1),
        force_constants,
        crystal.volume_a3,
    )


def _strain_strain(plan: _Plan, rows: dict[str, Arrays]) -> FloatArray:
    """Return H_εε, (3, 3, 3, 3): columns that were computed as they are, others by symmetry."""
    blocks = [rows[f"second/strain{i}"]["strain"] for i in plan.patterns]
    columns = np.array([[(b + b.T)[pair] / 2 for pair in voigt.PAIRS] for b in blocks]).T
    needed = plan.patterns[: plan.n_needed]
    matrix = laue.complete(columns[:, : plan.n_needed], needed, plan.rotations)
    matrix[:, list(plan.patterns)] = columns
    return voigt.tensor_from_matrix(matrix)


def _volume_work(volume_a3: float, pressure_gpa: float) -> FloatArray:
    """Second derivative of p V det(1 + ε) by symmetric strain, eV."""
    d = np.eye(3)
    shear = np.einsum("ik,jl->ijkl", d, d) + np.einsum("il,jk->ijkl", d, d)
    bulk = np.einsum("ij,kl->ijkl", d, d)
    return pressure_gpa / EV_PER_A3_IN_GPA * volume_a3 * (bulk - shear / 2)
