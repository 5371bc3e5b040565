"""What imaginary modes lead to, as a frozen result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.crystal import Crystal
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class SoftMode(Frozen):
    """One set of degenerate imaginary modes at one star of q-points.

    Attributes
    ----------
    qpoint
        One arm of the star, (3,), reduced coordinates of the primitive cell.
    label
        Name of that point of the zone, such as ``R``; empty where it has none.
    frequency_thz
        From the force constants; imaginary, so negative.
    degeneracy, n_arms
        Modes of this frequency at `qpoint`, and points in the star (q and −q count once).
    commensurate
        Whether the phonon supercell holds `qpoint`, so that the frequency is not
        interpolated.
    followed
        Whether the crystal was distorted along it.
    remark
        Why it was not followed, or what was left out; a plain sentence or empty.
    """

    qpoint: FloatArray
    label: str
    frequency_thz: float
    degeneracy: int
    n_arms: int
    commensurate: bool
    followed: bool
    remark: str

    @property
    def name(self) -> str:
        """The label, or else the coordinates of the q-point."""
        return self.label or f"({', '.join(f'{x:g}' for x in np.round(self.qpoint, 4))})"


@dataclass(frozen=True)
class DistortedPhase(Frozen):
    """The crystal distorted along one direction of one soft mode, and what it relaxes to.

    The amplitude is the largest excursion of any atom, in Å; energies are relative to the
    undistorted crystal. Numbers that could not be had are not-a-number, and `problem` says
    why.

    Attributes
    ----------
    mode
        Index of the soft mode in the result.
    direction
        Order parameter in the degenerate modes, such as ``(a, a, 0)``.
    supercell_matrix
        Rows: vectors of the smallest cell that holds the distortion, in primitive vectors.
    n_atoms
        Atoms of that cell.
    amplitude_a, energy_mev_per_atom
        The double well at the fixed cell of the undistorted crystal, both (k,), ascending.
    symmetric
        Whether symmetry makes both signs of the amplitude equal; only one was computed then.
    fit_power, fit_coefficient
        Polynomial through the well, Σ c A^p in meV/atom with A in Å, (p,) each.
    fit_residual_mev_per_atom
        Its root-mean-square deviation.
    curvature_frequency_thz
        Frequency from the slope of the forces at the undistorted crystal, negative if
        imaginary; to be compared with that of the mode.
    well_amplitude_a, well_depth_mev_per_atom
        The lowest point of the fit between the amplitudes computed.
    crystal
        The relaxed phase (cell and ions), standard primitive cell; ``None`` without one.
    space_group_number, space_group_symbol
        Of the relaxed phase.
    gain_mev_per_atom
        Energy (enthalpy under pressure) below the undistorted crystal.
    volume_per_atom_a3
        Of the relaxed phase.
    amplitude_relaxed_a
        Largest excursion from the undistorted positions after relaxation, apart from strain
        and from a shift of the whole crystal.
    converged
        Whether the relaxation met its limits.
    gamma_min_frequency_thz
        Lowest mode of the relaxed phase at Γ of its primitive cell; not-a-number where it
        was not computed.
    problem
        What went wrong, a plain sentence or empty.
    """

    mode: int
    direction: str
    supercell_matrix: IntArray
    n_atoms: int
    amplitude_a: FloatArray
    energy_mev_per_atom: FloatArray
    symmetric: bool
    fit_power: IntArray
    fit_coefficient: FloatArray
    fit_residual_mev_per_atom: float
    curvature_frequency_thz: float
    well_amplitude_a: float
    well_depth_mev_per_atom: float
    crystal: Crystal | None
    space_group_number: int
    space_group_symbol: str
    gain_mev_per_atom: float
    volume_per_atom_a3: float
    amplitude_relaxed_a: float
    converged: bool
    gamma_min_frequency_thz: float
    problem: str

    @property
    def found(self) -> bool:
        """Whether there is a relaxed phase below the undistorted crystal."""
        return self.crystal is not None and self.gain_mev_per_atom > 0

    def fitted(self, amplitude_a: FloatArray) -> FloatArray:
        """Return the fitted energy, meV/atom, at some amplitudes."""
        powers = np.abs(amplitude_a)[:, None] if self.symmetric else amplitude_a[:, None]
        return np.asarray(powers**self.fit_power @ self.fit_coefficient)


@dataclass(frozen=True)
class SoftModeResult(Frozen):
    """The imaginary modes of a crystal and the phases that they lead to.

    Attributes
    ----------
    modes
        Imaginary modes at the q-points that were looked at, softest first.
    phases
        What the followed ones lead to, by gain, largest first.
    n_qpoints
        Inequivalent q-points that were looked at.
    min_frequency_thz
        Lowest frequency at these.
    parent_space_group_symbol, parent_volume_per_atom_a3
        Of the undistorted crystal.
    atoms_per_formula_unit
        To turn energies per atom into those per formula unit.
    """

    modes: tuple[SoftMode, ...]
    phases: tuple[DistortedPhase, ...]
    n_qpoints: int
    min_frequency_thz: float
    parent_space_group_symbol: str
    parent_volume_per_atom_a3: float
    atoms_per_formula_unit: int
    checks: tuple[Check, ...]

    @property
    def best(self) -> DistortedPhase | None:
        """The phase with the largest gain, if any is below the undistorted crystal."""
        return next((phase for phase in self.phases if phase.found), None)

    def volume_change(self, phase: DistortedPhase) -> float:
        """Return the relative change of volume from the undistorted crystal."""
        return phase.volume_per_atom_a3 / self.parent_volume_per_atom_a3 - 1

    def gain_per_formula_unit(self, phase: DistortedPhase) -> float:
        """Return the gain in meV per formula unit."""
        return self.atoms_per_formula_unit * phase.gain_mev_per_atom

    def summary(self) -> dict[str, Any]:
        """The block ``soft_mode`` of result.json."""
        return {
            "min_frequency_thz": self.min_frequency_thz,
            "modes": [_mode_summary(mode) for mode in self.modes],
            "phases": [self._phase_summary(phase) for phase in self.phases],
        }

    def _phase_summary(self, phase: DistortedPhase) -> dict[str, Any]:
        keys = (
            "direction",
            "space_group_number",
            "space_group_symbol",
            "gain_mev_per_atom",
            "well_depth_mev_per_atom",
            "well_amplitude_a",
            "amplitude_relaxed_a",
            "volume_per_atom_a3",
            "converged",
            "gamma_min_frequency_thz",
            "problem",
        )
        return {
            "qpoint": self.modes[phase.mode].qpoint,
            **{key: getattr(phase, key) for key in keys},
            "gain_mev_per_formula_unit": self.gain_per_formula_unit(phase),
            "crystal": phase.crystal,
        }


def _mode_summary(mode: SoftMode) -> dict[str, Any]:
    keys = ("qpoint", "label", "frequency_thz", "degeneracy", "n_arms", "followed")
    return {key: getattr(mode, key) for key in keys}
