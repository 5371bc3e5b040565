"""Relaxation of cell and ions with the space group kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.constraints import FixSymmetry
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS

from mlpcore.errors import NotConvergedError
from mlpcore.units import EV_PER_A3_IN_GPA
from properties import extrapolation, symmetry
from properties.checks import Check
from properties.crystal import Crystal
from properties.results import RelaxResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from numpy.typing import NDArray

    from mlpcore.potential import Potential
    from properties.progress import Monitor
    from properties.spec import Preset

MAX_STEPS = 300
LARGE_VOLUME_CHANGE = 0.15
RUNAWAY = 3.0
"""Factor in volume beyond which a cell is falling apart or collapsing."""


@dataclass(frozen=True)
class Relaxation:
    """Course of one relaxation.

    Attributes
    ----------
    crystal
        The structure of the last step.
    energy_ev
        Its energy, per cell.
    history
        Energy (eV), largest force (eV/Å) and largest stress component off the
        target (GPa) at each step, (s, 3).
    converged
        Whether both limits were met.
    """

    crystal: Crystal
    energy_ev: float
    history: NDArray[np.float64]
    converged: bool


class CellFilter(FrechetCellFilter):
    """ASE's filter with one Fréchet derivative of the matrix exponential instead of nine.

    ASE projects the gradient G on L(X, E) for each of nine unit matrices E. These are the
    entries of L(Xᵀ, G), the adjoint (Higham, Functions of Matrices, SIAM 2008, chapter 3).
    """

    def get_forces(self, **kwargs: Any) -> NDArray[np.float64]:
        """Return forces on atoms and, as three more rows, on the log of the deformation."""
        stress = self.atoms.get_stress(voigt=False, **kwargs)
        virial = -self.atoms.get_volume() * (stress + self.scalar_pressure * np.eye(3))
        deformation = self.deform_grad()
        gradient = virial @ np.linalg.inv(deformation.T)
        on_log = self.expm_frechet(self.logm(deformation).T, gradient, compute_expm=False)
        if self.constant_volume:
            on_log -= np.trace(on_log) / 3 * np.eye(3)
        on_atoms = self.atoms.get_forces(**kwargs) @ deformation
        return np.vstack([on_atoms, on_log / self.exp_cell_factor])


def relax(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pressure_gpa: float = 0.0,
    fixed_volume: bool = False,
) -> Relaxation:
    """Minimise the enthalpy, or the energy at fixed volume, keeping the space group.

    Parameters
    ----------
    crystal
        Any cell; the smaller, the faster.
    pressure_gpa
        Target pressure; of no effect when the volume is fixed.
    fixed_volume
        Relax only ions and shape.

    Returns
    -------
    Relaxation
        Also when it did not converge: look at ``converged``.

    Raises
    ------
    Cancelled
        The monitor asked to stop.
    NotConvergedError
        The cell falls apart or collapses: it has no equilibrium near by.
    """
    atoms = crystal.to_atoms()
    atoms.calc = potential.calculator()
    atoms.set_constraint(FixSymmetry(atoms, symprec=symmetry.SYMPREC_A))
    target = 0.0 if fixed_volume else pressure_gpa
    moving: Any = CellFilter(
        atoms, scalar_pressure=target / EV_PER_A3_IN_GPA, constant_volume=fixed_volume
    )
    optimiser = BFGS(moving, logfile=None, maxstep=0.1)
    history = []
    for _ in optimiser.irun(fmax=0.0, steps=MAX_STEPS):
        monitor.checkpoint()
        _require_sane_volume(atoms.cell.volume, crystal.volume_a3, target)
        history.append(_state(atoms, target, fixed_volume))
        if is_converged(history[-1], settings):
            break
    return Relaxation(
        Crystal.from_atoms(atoms),
        history[-1][0],
        np.array(history),
        is_converged(history[-1], settings),
    )


def _require_sane_volume(volume_a3: float, start_a3: float, pressure_gpa: float) -> None:
    ratio = volume_a3 / start_a3
    if not 1 / RUNAWAY < ratio < RUNAWAY:
        raise NotConvergedError(
            f"The cell reached {ratio:.2g} times its volume while relaxing at "
            f"{pressure_gpa:g} GPa and was still changing: there is no equilibrium near the "
            "structure received. Start from a structure closer to rest, or choose a pressure "
            "that the crystal can bear."
        )


def _state(atoms: Atoms, pressure_gpa: float, fixed_volume: bool) -> tuple[float, float, float]:
    stress = atoms.get_stress(voigt=False) * EV_PER_A3_IN_GPA
    mean = np.trace(stress) / 3 if fixed_volume else -pressure_gpa
    residual = float(np.abs(stress - mean * np.eye(3)).max())
    force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    return float(atoms.get_potential_energy()), force, residual


def is_converged(state: Sequence[float], settings: Preset) -> bool:
    """Tell whether energy, largest force (eV/Å) and stress (GPa) of a step end a relaxation."""
    _, force, stress = state
    return force < settings.fmax_ev_per_a and stress < settings.max_stress_gpa


def relax_crystal(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pressure_gpa: float = 0.0,
) -> RelaxResult:
    """Relax the standard primitive cell of `crystal` and describe the outcome."""
    start = symmetry.analyse(crystal)
    found = relax(start.primitive, potential, settings, monitor, pressure_gpa)
    final = symmetry.analyse(found.crystal)
    n_atoms = len(found.crystal)
    energies, forces, stresses = found.history.T
    checks = _checks(found, start, final, settings)
    if pressure_gpa == 0:
        checks = (*checks, _volume_change(start.primitive, final.primitive))
    cells = {"the given cell": crystal, "the relaxed cell": final.primitive}
    outside = extrapolation.checks(
        potential,
        "relax_extrapolation",
        {name: [cell.to_atoms()] for name, cell in cells.items()},
    )
    return RelaxResult(
        converged=found.converged,
        energy_per_atom_ev=found.energy_ev / n_atoms,
        volume_per_atom_a3=final.primitive.volume_a3 / len(final.primitive),
        lattice=lattice_parameters(final.conventional),
        max_force_ev_per_a=float(forces[-1]),
        max_stress_gpa=float(stresses[-1]),
        pressure_gpa=pressure_gpa,
        primitive=final.primitive,
        conventional=final.conventional,
        space_group_number=final.number,
        space_group_symbol=final.symbol,
        initial_lattice=lattice_parameters(start.conventional),
        initial_volume_per_atom_a3=crystal.volume_a3 / len(crystal),
        history_energy_per_atom_ev=energies / n_atoms,
        history_max_force_ev_per_a=forces,
        history_max_stress_gpa=stresses,
        checks=(*checks, *outside),
        rotation_from_input=final.rotation @ start.rotation,
    )


def lattice_parameters(crystal: Crystal) -> dict[str, float]:
    """Return a, b, c in Å and alpha, beta, gamma in degrees."""
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    values = crystal.to_atoms().cell.cellpar()
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def _checks(
    found: Relaxation,
    start: symmetry.Symmetry,
    final: symmetry.Symmetry,
    settings: Preset,
) -> tuple[Check, ...]:
    _, force, stress = found.history[-1]
    same = start.number == final.number
    return (
        Check(
            "relax_forces",
            "Forces",
            bool(force < settings.fmax_ev_per_a),
            f"Largest force {round(force, 8):.2g} eV/Å (limit {settings.fmax_ev_per_a:g}).",
        ),
        Check(
            "relax_stress",
            "Residual stress",
            bool(stress < settings.max_stress_gpa),
            f"Largest stress off the target {stress:.2g} GPa "
            f"(limit {settings.max_stress_gpa:g}).",
        ),
        Check(
            "relax_space_group",
            "Space group kept",
            same,
            f"Space group {start.symbol} before and {final.symbol} after relaxation.",
        ),
    )


def _volume_change(start: Crystal, final: Crystal) -> Check:
    """Whether the volume stayed near that of the input; says nothing about a loaded crystal."""
    change = final.volume_a3 / len(final) * len(start) / start.volume_a3 - 1
    return Check(
        "relax_volume_change",
        "Volume change",
        abs(change) < LARGE_VOLUME_CHANGE,
        f"The volume changed by {100 * change:+.1f} % from the input "
        f"(more than {100 * LARGE_VOLUME_CHANGE:.0f} % is suspicious).",
    )
