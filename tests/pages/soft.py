"""Soft modes and a test of convergence with round numbers: for tests of drawing only."""

from __future__ import annotations

import numpy as np

from properties.checks import Check
from properties.results import ConvergenceResult, SoftModeResult
from properties.vibrations.soft_mode_result import DistortedPhase, SoftMode
from tests.pages import sample


def mode(label: str = "X", frequency_thz: float = -3.0, followed: bool = True) -> SoftMode:
    return SoftMode(
        qpoint=np.array([0.5, 0.0, 0.5]),
        label=label,
        frequency_thz=frequency_thz,
        degeneracy=1,
        n_arms=3,
        commensurate=True,
        followed=followed,
        remark="",
    )


def phase(direction: str, gain: float, symmetric: bool = True) -> DistortedPhase:
    """A well −400 A² + 10,000 A⁴ meV/atom: 4 meV deep at 0.1414 Å."""
    amplitude = np.linspace(0 if symmetric else -0.2, 0.2, 11)
    crystal = sample.crystal()
    return DistortedPhase(
        mode=0,
        direction=direction,
        supercell_matrix=np.eye(3, dtype=int),
        n_atoms=4,
        amplitude_a=amplitude,
        energy_mev_per_atom=-400 * amplitude**2 + 10_000 * amplitude**4,
        symmetric=symmetric,
        fit_power=np.array([2, 4]),
        fit_coefficient=np.array([-400.0, 10_000.0]),
        fit_residual_mev_per_atom=0.0,
        curvature_frequency_thz=-3.01,
        well_amplitude_a=0.1414,
        well_depth_mev_per_atom=4.0,
        crystal=crystal,
        space_group_number=140,
        space_group_symbol="I4/mcm",
        gain_mev_per_atom=gain,
        volume_per_atom_a3=1.01 * crystal.volume_a3 / 2,
        amplitude_relaxed_a=0.16,
        converged=True,
        gamma_min_frequency_thz=np.nan,
        problem="",
    )


def followed() -> SoftModeResult:
    """One followed mode with two phases, and one that was not followed."""
    return SoftModeResult(
        modes=(mode(), mode("", -1.0, followed=False)),
        phases=(phase("(a, 0, 0)", 5.0), phase("(a, a, a)", 4.5)),
        n_qpoints=13,
        min_frequency_thz=-3.0,
        parent_space_group_symbol="Fd-3m",
        parent_volume_per_atom_a3=sample.crystal().volume_a3 / 2,
        atoms_per_formula_unit=5,
        checks=(Check("gain_kept", "Relaxed phases", True, "2 of 2 were relaxed."),),
    )


def nothing() -> SoftModeResult:
    """A crystal whose modes are all real."""
    return SoftModeResult((), (), 13, 0.0, "Fd-3m", sample.crystal().volume_a3 / 2, 1, ())


def converged() -> ConvergenceResult:
    """Three supercells, of which the second agrees with the third; four displacements."""
    last = np.array([[0.0, 0.0, 0.0, 12.5, 12.5, 12.5], [4.0, 4.0, 5.0, 9.0, 12.0, 12.0]])
    shifts = np.array([0.4, 0.03, 0.0])
    distances = np.array([0.005, 0.01, 0.02, 0.03])
    return ConvergenceResult(
        point_label=("Γ", "X"),
        point_qpoint=np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.5]]),
        supercell_length_a=np.array([7.7, 10.9, 15.5]),
        supercell_n_atoms=np.array([16, 64, 128]),
        supercell_matrix=np.array([k * np.eye(3, dtype=int) for k in (2, 3, 4)]),
        supercell_frequency_thz=last + shifts[:, None, None] * [[0], [1]],
        supercell_holds_point=np.array([[True, True], [True, False], [True, True]]),
        supercell_residual_thz=np.array([0.03, 0.02, 0.01]),
        supercell_seconds=np.array([0.5, np.nan, 4.0]),
        own=1,
        recommended=1,
        displacement_a=distances,
        displacement_frequency_thz=last + 10 * distances[:, None, None] ** 2 * [[1], [2]],
        displacement_residual_thz=distances,
        own_displacement=1,
        checks=(Check("supercell_converged", "Supercell long enough", True, "0.03 THz."),),
    )
