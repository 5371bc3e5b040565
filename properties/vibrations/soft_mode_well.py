"""The energy of a crystal against the amplitude of a frozen-in mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from phonopy.physical_units import get_physical_units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ase import Atoms

    from mlpcore.potential import Evaluation, Potential
    from properties.vibrations.soft_mode_directions import Direction

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MEV = 1e3

FIRST_A, GROWTH, LAST_A = 0.03, 1.5, 1.6
"""Amplitudes with which the far side of the well is looked for, Å."""

BEYOND_WELL = 1.5
"""The well is drawn up to this many times the amplitude of its lowest point; a quartic well
is back at the energy of its middle at √2."""

POINTS = 15

CURVATURE_STEP_A = 0.01

EVEN_POWERS = (2, 4, 6)
ALL_POWERS = (2, 3, 4, 5, 6)


@dataclass(frozen=True)
class Well:
    """Energy against amplitude, at the fixed cell of the undistorted crystal.

    Attributes
    ----------
    amplitude_a, energy_mev_per_atom
        Ascending, (k,); relative to the undistorted crystal.
    power, coefficient, residual_mev_per_atom
        Polynomial fit and its root-mean-square deviation.
    curvature_frequency_thz
        From the slope of the force along the mode; imaginary ones are negative.
    lowest_a, depth_mev_per_atom
        Lowest point of the fit between the amplitudes; not-a-number where the energy does
        not fall, or does not turn up again.
    problem
        Why there is no lowest point; a plain sentence or empty.
    """

    amplitude_a: FloatArray
    energy_mev_per_atom: FloatArray
    power: IntArray
    coefficient: FloatArray
    residual_mev_per_atom: float
    curvature_frequency_thz: float
    lowest_a: float
    depth_mev_per_atom: float
    problem: str


def scan(
    direction: Direction, potential: Potential, checkpoint: Callable[[], None]
) -> tuple[FloatArray, FloatArray, float]:
    """Compute the energies of a well, on both sides unless symmetry makes them equal.

    Returns
    -------
    amplitudes, energies, curvature
        Å and meV/atom relative to the undistorted crystal, and the frequency in THz that
        belongs to the curvature in the middle.
    """
    probe = _Probe(direction, potential, checkpoint)
    frequency = probe.frequency_thz()
    ends = [sign * probe.far_end(sign) for sign in ((1,) if direction.symmetric else (1, -1))]
    first = 0.0 if direction.symmetric else min(ends)
    count = POINTS if direction.symmetric else 2 * POINTS - 1
    grid = np.unique(np.append(np.linspace(first, max(ends), count), 0.0))
    return grid, probe.energies(grid), frequency


class _Probe:
    """Evaluates a crystal at amplitudes of one direction."""

    def __init__(
        self, direction: Direction, potential: Potential, checkpoint: Callable[[], None]
    ) -> None:
        self._direction, self._potential = direction, potential
        self._checkpoint = checkpoint
        (self._still,) = self._evaluate([0.0])

    def _evaluate(self, amplitudes_a: Sequence[float] | FloatArray) -> list[Evaluation]:
        self._checkpoint()
        return self._potential.evaluate([distorted(self._direction, a) for a in amplitudes_a])

    def energies(self, amplitudes_a: Sequence[float] | FloatArray) -> FloatArray:
        """Energies in meV/atom above the undistorted crystal."""
        found = np.array([one.energy_ev for one in self._evaluate(amplitudes_a)])
        return MEV * (found - self._still.energy_ev) / len(self._direction.pattern_a)

    def frequency_thz(self) -> float:
        """Frequency from the forces at small amplitudes A along the mode.

        With displacements A p, E = ½ ω² A² Σ m p², so that ω² = −Σ p·dF/dA / Σ m p². Two
        amplitudes rid the slope of what the quartic term adds.
        """
        pattern, step = self._direction.pattern_a, CURVATURE_STEP_A
        found = self._evaluate([step, -step, step / 2, -step / 2])
        along = [float((one.forces_ev_per_a * pattern).sum()) for one in found]
        wide, narrow = (along[0] - along[1]) / (2 * step), (along[2] - along[3]) / step
        mass = (self._direction.cell.masses[:, None] * pattern**2).sum()
        squared = -(4 * narrow - wide) / 3 / mass
        to_thz = get_physical_units().DefaultToTHz
        return float(np.sign(squared) * np.sqrt(abs(squared)) * to_thz)

    def far_end(self, sign: int) -> float:
        """Return an amplitude on the far side of the well, or the last one without a well."""
        amplitudes = [FIRST_A]
        energies = [0.0, *self.energies([sign * FIRST_A])]
        while energies[-1] <= min(energies) and amplitudes[-1] * GROWTH <= LAST_A:
            amplitudes.append(amplitudes[-1] * GROWTH)
            energies += list(self.energies([sign * amplitudes[-1]]))
        if len(energies) == 2 or energies[-1] <= min(energies):
            return amplitudes[-1]
        lowest = _vertex(np.array([0.0, *amplitudes])[-3:], np.array(energies)[-3:])
        return BEYOND_WELL * lowest


def _vertex(x: FloatArray, y: FloatArray) -> float:
    """Place of the minimum of the parabola through three points."""
    curve = np.polyfit(x, y, 2)
    return float(np.clip(-curve[1] / (2 * curve[0]), x[0], x[-1]))


def distorted(direction: Direction, amplitude_a: float) -> Atoms:
    """Return the supercell with the mode frozen in."""
    atoms = direction.cell.crystal.to_atoms()
    atoms.positions += amplitude_a * direction.pattern_a
    return atoms


def well(
    amplitude_a: FloatArray,
    energy_mev_per_atom: FloatArray,
    curvature_frequency_thz: float,
    symmetric: bool,
) -> Well:
    """Fit a polynomial through a well and find its lowest point."""
    power = np.array(EVEN_POWERS if symmetric else ALL_POWERS)
    terms = amplitude_a[:, None] ** power
    coefficient = np.linalg.lstsq(terms, energy_mev_per_atom, rcond=None)[0]
    off = energy_mev_per_atom - terms @ coefficient
    lowest, depth, problem = _lowest(amplitude_a, energy_mev_per_atom, power, coefficient)
    return Well(
        amplitude_a=amplitude_a,
        energy_mev_per_atom=energy_mev_per_atom,
        power=power,
        coefficient=coefficient,
        residual_mev_per_atom=float(np.sqrt(np.mean(off**2))),
        curvature_frequency_thz=curvature_frequency_thz,
        lowest_a=lowest,
        depth_mev_per_atom=depth,
        problem=problem,
    )


def _lowest(
    amplitude_a: FloatArray, energy: FloatArray, power: IntArray, coefficient: FloatArray
) -> tuple[float, float, str]:
    """Lowest point of the fit near that of the computed energies, and its depth."""
    place = int(energy.argmin())
    if energy[place] >= 0:
        return np.nan, np.nan, NO_FALL
    if place in (0, len(energy) - 1):
        return np.nan, np.nan, NO_RISE.format(abs(float(amplitude_a[place])))
    fine = np.linspace(amplitude_a[place - 1], amplitude_a[place + 1], 2001)
    values = fine[:, None] ** power @ coefficient
    best = int(values.argmin())
    return float(fine[best]), -float(values[best]), ""


NO_FALL = (
    "The energy rises from the undistorted crystal on: along this direction there is no well, "
    "although the force constants have an imaginary mode. It may come from their "
    "interpolation; choose a tighter preset."
)
NO_RISE = (
    "The energy still falls at an amplitude of {:.2f} Å, so no well was found. The crystal may "
    "be far from any equilibrium, or outside what the model was trained on."
)
