"""Imaginary modes followed to the phases of lower symmetry that they lead to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import Cancelled, MLPError
from properties import symmetry
from properties.crystal import Crystal
from properties.vibrations import soft_mode_phase, soft_mode_well
from properties.vibrations.phonons import IMAGINARY_THZ, harmonic_of
from properties.vibrations.soft_mode_checks import all_checks
from properties.vibrations.soft_mode_directions import Direction, directions, holding_cell
from properties.vibrations.soft_mode_result import DistortedPhase, SoftMode, SoftModeResult
from properties.vibrations.soft_mode_search import (
    Candidate,
    candidate_points,
    labelled_points,
    soft_modes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.potential import Potential
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.born import BornCharges
    from properties.vibrations.phonon_result import PhononResult
    from properties.vibrations.soft_mode_search import Wave

FloatArray = NDArray[np.float64]

MOST_MODES = 3
"""The softest mode, and two further ones."""

MOST_DIRECTIONS = 4
"""Directions followed a mode, those with fewest equivalent ones first."""

MOST_ATOMS = 160
"""Largest supercell in which a mode is frozen in."""

MOST_DIMENSIONS = 6
"""Larger order parameters are followed with the modes of one arm of their star."""


def follow(
    crystal: Crystal,
    potential: Potential,
    displaced_potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    phonons: PhononResult,
    pressure_gpa: float = 0.0,
    born: BornCharges | None = None,
) -> SoftModeResult:
    """Freeze the softest modes in, relax, and rank the phases by what they gain.

    Looked at are all q-points whose coordinates are fractions with denominators up to 4, the
    named points of the zone among them. The softest mode is followed, and the softest of the
    others at named points.

    Parameters
    ----------
    crystal
        Relaxed standard primitive cell.
    potential, displaced_potential
        For the distorted cells, and for the phonon supercell.
    phonons
        Of `crystal`; the lowest frequency on its path and mesh is compared with those of the
        points looked at.
    pressure_gpa
        At which the phases are relaxed.
    born
        Charges of a model with electrostatics of its own, whose forces reach further than
        the supercell.

    Returns
    -------
    SoftModeResult
        Without modes or phases where all modes are real.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished wells and phases are kept.
    """
    found = harmonic_of(
        crystal, displaced_potential, settings, monitor, pieces, born, stage="soft_mode"
    )
    stars = candidate_points(crystal, labelled_points(crystal))
    candidates, lowest = soft_modes(found.phonon, stars, IMAGINARY_THZ)
    follower = _Follower(crystal, potential, settings, monitor, pieces, pressure_gpa)
    modes, phases = follower.follow(candidates)
    lowest = min([lowest, *(mode.frequency_thz for mode in modes)])
    return SoftModeResult(
        modes=modes,
        phases=phases,
        n_qpoints=len(stars),
        min_frequency_thz=lowest,
        parent_space_group_symbol=symmetry.analyse(crystal).symbol,
        parent_volume_per_atom_a3=crystal.volume_a3 / len(crystal),
        atoms_per_formula_unit=_atoms_per_formula_unit(crystal),
        checks=all_checks(modes, phases, lowest, phonons),
    )


def _atoms_per_formula_unit(crystal: Crystal) -> int:
    return sum(crystal.to_atoms().symbols.formula.reduce()[0].count().values())


class _Follower:
    """Follows the soft modes of one crystal."""

    def __init__(
        self,
        crystal: Crystal,
        potential: Potential,
        settings: Preset,
        monitor: Monitor,
        pieces: Pieces,
        pressure_gpa: float,
    ) -> None:
        self._crystal, self._potential, self._settings = crystal, potential, settings
        self._monitor, self._pieces = monitor, pieces
        self._pressure_gpa = pressure_gpa

    def follow(
        self, candidates: Sequence[Candidate]
    ) -> tuple[tuple[SoftMode, ...], tuple[DistortedPhase, ...]]:
        """Follow the softest modes; return all modes, and the phases by gain."""
        modes: list[SoftMode] = []
        ways: list[tuple[int, Direction, str]] = []
        chosen = _chosen(candidates)
        for index, candidate in enumerate(candidates):
            refused = NOT_CHOSEN if index not in chosen else self._too_large(candidate)
            found, remark = ([], refused) if refused else self._directions(candidate)
            ways += [(index, way, f"soft_mode/{index}/{k}") for k, way in enumerate(found)]
            modes.append(
                dataclasses.replace(candidate.mode, followed=bool(found), remark=remark)
            )
        phases = []
        for done, (mode, direction, key) in enumerate(ways):
            self._monitor.advance(
                "soft_mode", done, len(ways), f"{modes[mode].name} {direction.label}"
            )
            phases.append(self._phase(mode, direction, key))
        phases.sort(key=lambda phase: -np.nan_to_num(phase.gain_mev_per_atom, nan=-np.inf))
        return tuple(modes), tuple(phases)

    def _too_large(self, candidate: Candidate) -> str:
        n_atoms = len(holding_cell(self._crystal, [candidate.mode.qpoint]).crystal)
        if n_atoms <= MOST_ATOMS:
            return ""
        return (
            f"The smallest cell that holds this mode has {n_atoms} atoms; "
            f"at most {MOST_ATOMS} are distorted."
        )

    def _directions(self, candidate: Candidate) -> tuple[list[Direction], str]:
        arms, remark = self._arms(candidate)
        found = directions(self._crystal, arms)
        found = [d for d in found if len(d.cell.crystal) <= MOST_ATOMS]
        if len(found) > MOST_DIRECTIONS:
            dropped = len(found) - MOST_DIRECTIONS
            remark = f"{remark} {dropped} further directions were left out.".strip()
        return found[:MOST_DIRECTIONS], remark

    def _arms(self, candidate: Candidate) -> tuple[tuple[tuple[Wave, ...], ...], str]:
        """The arms to combine: all of the star, or one where that is too many."""
        arms = candidate.arms
        dimensions = sum(len(arm) for arm in arms)
        if len(arms) == 1:
            return arms, ""
        cell = holding_cell(self._crystal, [arm[0].qpoint for arm in arms])
        if dimensions <= MOST_DIMENSIONS and len(cell.crystal) <= MOST_ATOMS:
            return arms, ""
        return arms[:1], f"Combinations of the {len(arms)} arms of its star were left out."

    def _phase(self, mode: int, direction: Direction, key: str) -> DistortedPhase:
        """Scan one direction and relax from the bottom of its well."""
        found = self._well(direction, key)
        problem, phase, at_gamma = found.problem, None, np.nan
        if not problem:
            try:
                phase, at_gamma = self._relaxed(direction, found.lowest_a, key)
            except Cancelled:
                raise
            except MLPError as error:
                problem = str(error)
        return _described(mode, direction, found, phase, at_gamma, problem)

    def _well(self, direction: Direction, key: str) -> soft_mode_well.Well:
        kept = self._pieces.get(f"{key}/well")
        if kept is None:
            names = ("amplitude_a", "energy_mev_per_atom", "curvature_frequency_thz")
            found = soft_mode_well.scan(direction, self._potential, self._monitor.checkpoint)
            kept = {name: np.array(value) for name, value in zip(names, found, strict=True)}
            self._pieces.put(f"{key}/well", kept)
        return soft_mode_well.well(
            kept["amplitude_a"],
            kept["energy_mev_per_atom"],
            float(kept["curvature_frequency_thz"]),
            direction.symmetric,
        )

    def _relaxed(
        self, direction: Direction, amplitude_a: float, key: str
    ) -> tuple[soft_mode_phase.Phase, float]:
        kept = self._pieces.get(f"{key}/phase")
        if kept is None:
            phase = soft_mode_phase.relaxed(
                direction,
                amplitude_a,
                self._potential,
                self._settings,
                self._monitor,
                self._pressure_gpa,
            )
            at_gamma = soft_mode_phase.lowest_at_gamma_thz(
                phase.crystal, self._potential, self._settings
            )
            kept = _phase_to_arrays(phase, at_gamma)
            self._pieces.put(f"{key}/phase", kept)
        return _phase_from_arrays(kept)


NOT_CHOSEN = f"Only the softest {MOST_MODES} modes are followed, unnamed points last."


def _chosen(candidates: Sequence[Candidate]) -> list[int]:
    """Indices of the modes to follow: the softest, then those at points with a name."""
    order = sorted(range(len(candidates)), key=lambda k: k > 0 and not candidates[k].mode.label)
    return order[:MOST_MODES]


def _phase_to_arrays(
    phase: soft_mode_phase.Phase, at_gamma_thz: float
) -> dict[str, NDArray[np.float64]]:
    return {
        "lattice_a": phase.crystal.lattice_a,
        "numbers": np.array(phase.crystal.numbers),
        "fractional": phase.crystal.fractional,
        "number": np.array(phase.number),
        "symbol": np.array(phase.symbol),
        "figures": np.array([phase.gain_mev_per_atom, phase.amplitude_a, at_gamma_thz]),
        "converged": np.array(phase.converged),
    }


def _phase_from_arrays(
    kept: dict[str, NDArray[np.float64]],
) -> tuple[soft_mode_phase.Phase, float]:
    gain, amplitude, at_gamma = (float(value) for value in kept["figures"])
    phase = soft_mode_phase.Phase(
        crystal=Crystal(
            kept["lattice_a"], kept["numbers"].astype(np.int64), kept["fractional"]
        ),
        number=int(kept["number"]),
        symbol=str(kept["symbol"]),
        gain_mev_per_atom=gain,
        amplitude_a=amplitude,
        converged=bool(kept["converged"]),
    )
    return phase, at_gamma


def _described(
    mode: int,
    direction: Direction,
    well: soft_mode_well.Well,
    phase: soft_mode_phase.Phase | None,
    at_gamma_thz: float,
    problem: str,
) -> DistortedPhase:
    crystal = phase.crystal if phase else None
    return DistortedPhase(
        mode=mode,
        direction=direction.label,
        supercell_matrix=direction.cell.matrix,
        n_atoms=len(direction.cell.crystal),
        amplitude_a=well.amplitude_a,
        energy_mev_per_atom=well.energy_mev_per_atom,
        symmetric=direction.symmetric,
        fit_power=well.power,
        fit_coefficient=well.coefficient,
        fit_residual_mev_per_atom=well.residual_mev_per_atom,
        curvature_frequency_thz=well.curvature_frequency_thz,
        well_amplitude_a=well.lowest_a,
        well_depth_mev_per_atom=well.depth_mev_per_atom,
        crystal=crystal,
        space_group_number=phase.number if phase else 0,
        space_group_symbol=phase.symbol if phase else "",
        gain_mev_per_atom=phase.gain_mev_per_atom if phase else np.nan,
        volume_per_atom_a3=crystal.volume_a3 / len(crystal) if crystal else np.nan,
        amplitude_relaxed_a=phase.amplitude_a if phase else np.nan,
        converged=phase.converged if phase else False,
        gamma_min_frequency_thz=at_gamma_thz,
        problem=problem,
    )
