"""Checks of what imaginary modes led to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from properties.checks import Check
from properties.vibrations.phonons import IMAGINARY_THZ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.vibrations.phonon_result import PhononResult
    from properties.vibrations.soft_mode_result import DistortedPhase, SoftMode

CURVATURE_TOLERANCE_THZ = 0.15
"""Between the curvature of the well and the force constants: displacements of 0.01 Å see
some of the anharmonicity of a soft mode."""


def all_checks(
    modes: Sequence[SoftMode],
    phases: Sequence[DistortedPhase],
    lowest_thz: float,
    phonons: PhononResult,
) -> tuple[Check, ...]:
    """Return what can be said for and against a result.

    Parameters
    ----------
    lowest_thz
        Lowest frequency at the q-points that were looked at.
    """
    checks = [_covered(modes, lowest_thz, phonons)]
    if phases:
        checks += [_curvature(modes, phases), _kept_gain(phases), _real_at_gamma(phases)]
    return tuple(checks)


def _covered(modes: Sequence[SoftMode], lowest_thz: float, phonons: PhononResult) -> Check:
    """Whether the softest point of path and mesh is among those looked at."""
    missed = phonons.imaginary and lowest_thz - phonons.min_frequency_thz > max(
        -IMAGINARY_THZ, 0.1 * abs(phonons.min_frequency_thz)
    )
    what = f"{len(modes)} imaginary modes" if modes else f"No mode below {IMAGINARY_THZ:g} THz"
    return Check(
        "soft_points_covered",
        "Softest point",
        not missed,
        f"{what} at q-points with denominators up to 4: lowest frequency {lowest_thz:.2f} "
        f"THz there, {phonons.min_frequency_thz:.2f} THz on the path and mesh of the "
        "dispersion. Softer points between them would need larger cells, or come from "
        "interpolation.",
    )


def _curvature(modes: Sequence[SoftMode], phases: Sequence[DistortedPhase]) -> Check:
    def apart(phase: DistortedPhase) -> float:
        return abs(phase.curvature_frequency_thz - modes[phase.mode].frequency_thz)

    worst = max(phases, key=apart)
    mode = modes[worst.mode]
    interpolated = "" if mode.commensurate else ", interpolated there"
    return Check(
        "well_curvature",
        "Curvature of the well",
        apart(worst) < CURVATURE_TOLERANCE_THZ,
        f"{mode.name} {worst.direction}: {worst.curvature_frequency_thz:.2f} THz from the "
        f"curvature of the energy, {mode.frequency_thz:.2f} THz from the force "
        f"constants{interpolated} (limit {CURVATURE_TOLERANCE_THZ:g} THz apart).",
    )


def _kept_gain(phases: Sequence[DistortedPhase]) -> Check:
    """Whether no relaxation lost what the frozen-in mode had gained."""
    reached = [phase for phase in phases if phase.crystal is not None]
    lost = [p for p in reached if p.gain_mev_per_atom < 0.99 * p.well_depth_mev_per_atom]
    stopped = [p for p in reached if not p.converged]
    failed = [p for p in phases if p.problem]
    sentence = (
        f"{len(reached)} of {len(phases)} distortions were relaxed; {len(lost)} ended above "
        f"the bottom of their well, {len(stopped)} did not meet the limits of the "
        f"relaxation, {len(failed)} met a problem."
    )
    return Check(
        "gain_kept", "Relaxed phases", not lost and not stopped and not failed, sentence
    )


def _real_at_gamma(phases: Sequence[DistortedPhase]) -> Check:
    """Whether the best phase has real modes at Γ of its own cell."""
    best = phases[0]  # the largest gain
    lowest = best.gamma_min_frequency_thz
    if not np.isfinite(lowest):
        words = "were not computed, as the cell is too large or there is none"
    else:
        words = f"go down to {lowest:.2f} THz"
    return Check(
        "phase_real_at_gamma",
        "Modes of the best phase at Γ",
        bool(lowest >= IMAGINARY_THZ),
        f"The modes of {best.space_group_symbol or 'the best phase'} at Γ {words} (limit "
        f"{IMAGINARY_THZ:g} THz). Other points of its zone were not looked at: go on with "
        "this phase to see them.",
    )
