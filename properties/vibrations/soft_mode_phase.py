"""From the bottom of a well to a relaxed phase of lower symmetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.units import EV_PER_A3_IN_GPA
from properties import symmetry
from properties.crystal import Crystal
from properties.relax import relax
from properties.vibrations.displacements import displaced, displaced_cells, forces_at_rest
from properties.vibrations.phonons import harmonic
from properties.vibrations.soft_mode_well import MEV, distorted

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.progress import Monitor
    from properties.spec import Preset
    from properties.vibrations.soft_mode_directions import Direction

FloatArray = NDArray[np.float64]

LOOSE_A = 0.01
"""Within this the relaxed atoms count as symmetric; forces of the quick preset leave 0.003."""

SHARE_OF_AMPLITUDE = 0.2
"""The tolerance also stays below this share of the distortion, lest it be symmetrised away."""

MOST_ATOMS_AT_GAMMA = 20
"""Modes at Γ of larger relaxed phases are not computed."""


@dataclass(frozen=True)
class Phase:
    """A relaxed phase.

    Attributes
    ----------
    crystal, number, symbol
        Standard primitive cell and space group.
    gain_mev_per_atom
        Enthalpy below the undistorted crystal, of the symmetrised cell.
    amplitude_a
        Largest excursion from the undistorted positions, apart from strain and shift.
    converged
        Whether the relaxation met its limits.
    """

    crystal: Crystal
    number: int
    symbol: str
    gain_mev_per_atom: float
    amplitude_a: float
    converged: bool


def relaxed(
    direction: Direction,
    amplitude_a: float,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pressure_gpa: float,
) -> Phase:
    """Relax cell and ions from a distortion, keeping the symmetry that it leaves.

    Raises
    ------
    Cancelled
        The monitor asked to stop.
    NotConvergedError
        The cell falls apart.
    """
    start = Crystal.from_atoms(distorted(direction, amplitude_a))
    course = relax(start, potential, settings, monitor, pressure_gpa)
    excursion = _excursion_a(course.crystal, direction.cell.crystal)
    tolerance = max(symmetry.SYMPREC_A, min(LOOSE_A, SHARE_OF_AMPLITUDE * excursion))
    found = symmetry.analyse(course.crystal, tolerance)
    before, after = (
        _enthalpy_ev(cell, potential, pressure_gpa)
        for cell in (direction.cell.crystal, found.primitive)
    )
    return Phase(
        crystal=found.primitive,
        number=found.number,
        symbol=found.symbol,
        gain_mev_per_atom=MEV * (before - after),
        amplitude_a=excursion,
        converged=course.converged,
    )


def _excursion_a(crystal: Crystal, undistorted: Crystal) -> float:
    """Largest way of an atom in the relaxed lattice, the mean shift taken off."""
    apart = crystal.fractional - undistorted.fractional
    apart = apart - np.round(apart)
    apart = (apart - apart.mean(axis=0)) @ crystal.lattice_a
    return float(np.linalg.norm(apart, axis=1).max())


def _enthalpy_ev(crystal: Crystal, potential: Potential, pressure_gpa: float) -> float:
    """Enthalpy per atom."""
    (found,) = potential.evaluate([crystal.to_atoms()])
    work = pressure_gpa / EV_PER_A3_IN_GPA * crystal.volume_a3
    return (found.energy_ev + work) / len(crystal)


def lowest_at_gamma_thz(crystal: Crystal, potential: Potential, settings: Preset) -> float:
    """Return the lowest frequency at Γ of a primitive cell; not-a-number for a large one."""
    if len(crystal) > MOST_ATOMS_AT_GAMMA:
        return float("nan")
    phonon = displaced(crystal, np.eye(3, dtype=int), settings.displacement_a)
    cells = displaced_cells(phonon, "gamma")
    rest = forces_at_rest(phonon, potential)
    forces = [one.forces_ev_per_a - rest for one in potential.evaluate(list(cells.values()))]
    constants = harmonic(phonon, forces).phonon
    return float(constants.run_qpoints([[0.0, 0.0, 0.0]]).frequencies.min())
