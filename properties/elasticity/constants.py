"""Elastic constants: exact second derivatives, checked by finite strains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.units import EV_PER_A3_IN_GPA
from properties import symmetry
from properties.checks import Check
from properties.elasticity import finite_strain, laue, moduli, voigt
from properties.elasticity.hessian import SecondDerivatives, second_derivatives
from properties.results import ElasticResult

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset

FloatArray = NDArray[np.float64]

MAX_ATOMS_DIFFERENTIATED = 60
"""Cells with more atoms take the finite-strain route: the graph of first derivatives
holds every intermediate of the network and grows to many gigabytes."""

RELATIVE_LIMIT = 0.01
FLOOR_GPA = 1.0


@dataclass(frozen=True)
class _Stiffness:
    """Tensors in crystal axes: clamped and relaxed, exact or from the smallest strain."""

    clamped_gpa: FloatArray
    relaxed_gpa: FloatArray
    exact: SecondDerivatives | None


def elastic_constants(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
) -> ElasticResult:
    """Compute the stiffness of a relaxed primitive cell, with relaxed and clamped ions.

    Under pressure these are the stress–strain (Birch) coefficients, the second
    derivatives of the enthalpy by symmetric strain.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished pieces are kept.
    NotConvergedError
        Ions in a strained cell did not come to rest.
    """
    group = laue.point_group(crystal, symmetry.SYMPREC_A)
    exact = None
    if potential.info.twice_differentiable and len(crystal) <= MAX_ATOMS_DIFFERENTIATED:
        exact = second_derivatives(crystal, potential, monitor, pieces, pressure_gpa)
    scan = finite_strain.scan(
        crystal,
        potential,
        laue.strain_patterns(group),
        settings.strains,
        monitor,
        pieces,
        pressure_gpa,
        exact.inverse_force_constants() if exact else None,
    )
    return _result(crystal, potential, settings, scan, exact, group, pressure_gpa)


def _result(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    scan: finite_strain.StrainScan,
    exact: SecondDerivatives | None,
    group: FloatArray,
    pressure_gpa: float,
) -> ElasticResult:
    found = symmetry.analyse(crystal)
    axes, laue_class = laue.ieee_axes(found), laue.LAUE_CLASS[found.point_group]
    by_strain = [
        [laue.complete(scan.columns_gpa(s, kind), scan.patterns, group) for kind in (0, 1)]
        for s in settings.strains
    ]
    if exact is None:
        raw = _Stiffness(by_strain[0][0], by_strain[0][1], None)
    else:
        raw = _Stiffness(exact.clamped_stiffness_gpa(), exact.relaxed_stiffness_gpa(), exact)
    projected = [laue.project(c, group) for c in (raw.clamped_gpa, raw.relaxed_gpa)]
    residual = float(np.abs(projected[1] - raw.relaxed_gpa).max())
    deviation = float(np.abs(by_strain[0][1] - projected[1]).max())
    nonlinearity = float(np.abs(by_strain[1][1] - by_strain[0][1]).max())
    stiffness = voigt.rotate(projected[1], axes)
    centre_ev, energies = _energies(crystal, potential, scan, pressure_gpa)
    curvature = _curvatures(projected, scan.patterns, crystal.volume_a3)
    energy_deviation = float(
        np.abs(scan.curvatures_ev(settings.strains[0], centre_ev) - curvature).max()
        * EV_PER_A3_IN_GPA
        / crystal.volume_a3
    )
    return ElasticResult(
        stiffness_gpa=stiffness,
        stiffness_clamped_gpa=voigt.rotate(projected[0], axes),
        method="finite strain" if exact is None else "second derivatives",
        laue_class=laue_class,
        independent_constants=laue.independent_constants(stiffness, laue_class),
        symmetry_residual_gpa=residual,
        finite_strains=np.array(settings.strains),
        finite_strain_stiffness_gpa=np.array([voigt.rotate(c[1], axes) for c in by_strain]),
        finite_strain_stiffness_clamped_gpa=np.array(
            [voigt.rotate(c[0], axes) for c in by_strain]
        ),
        finite_strain_max_deviation_gpa=deviation,
        strain_energy_strain=np.insert(scan.amplitudes, len(scan.amplitudes) // 2, 0.0),
        strain_energy_voigt=np.array(scan.patterns),
        strain_energy_clamped_ev=energies[:, :, 0],
        strain_energy_relaxed_ev=energies[:, :, 1],
        strain_energy_curvature_ev=curvature,
        ieee_rotation=axes,
        density_kg_per_m3=crystal.density_kg_per_m3,
        volume_per_atom_a3=crystal.volume_a3 / len(crystal),
        pressure_gpa=pressure_gpa,
        checks=_checks(
            stiffness, residual, deviation, nonlinearity, energy_deviation, exact, settings
        ),
    )


def _energies(
    crystal: Crystal,
    potential: Potential,
    scan: finite_strain.StrainScan,
    pressure_gpa: float,
) -> tuple[float, FloatArray]:
    """Enthalpy of the unstrained cell, and of all strains less that: (p, m + 1, 2)."""
    (unstrained,) = potential.evaluate([crystal.to_atoms()])
    centre = unstrained.energy_ev + pressure_gpa / EV_PER_A3_IN_GPA * crystal.volume_a3
    middle = len(scan.amplitudes) // 2
    return centre, np.insert(scan.energy_ev, middle, centre, axis=1) - centre


def _curvatures(
    tensors_gpa: list[FloatArray], patterns: tuple[int, ...], volume_a3: float
) -> FloatArray:
    """V C_ii in eV of the strained patterns, (p, 2): clamped, relaxed."""
    diagonal = [[c[i, i] for c in tensors_gpa] for i in patterns]
    return np.array(diagonal) * volume_a3 / EV_PER_A3_IN_GPA


def _checks(
    stiffness: FloatArray,
    residual: float,
    deviation: float,
    nonlinearity: float,
    energy_deviation: float,
    exact: SecondDerivatives | None,
    settings: Preset,
) -> tuple[Check, ...]:
    limit = max(FLOOR_GPA, RELATIVE_LIMIT * float(np.abs(stiffness).max()))
    lowest = float(np.linalg.eigvalsh(stiffness).min())
    small, large = settings.strains
    checks = [
        Check(
            "born_stable",
            "Born stability",
            moduli.is_stable(stiffness),
            f"Smallest eigenvalue of the stiffness {lowest:.1f} GPa (must be positive).",
        ),
        Check(
            "elastic_symmetry",
            "Laue symmetry",
            residual < limit,
            f"Projection on the Laue class changed the tensor by {residual:.2f} GPa at most "
            f"(limit {limit:.1f}).",
        ),
        Check(
            "finite_strain_linear",
            "Linear response",
            nonlinearity < 2 * limit,
            f"Stiffness from strains of {small:g} and {large:g} differs by "
            f"{nonlinearity:.2f} GPa at most (limit {2 * limit:.1f}).",
        ),
    ]
    if exact is None:
        return tuple(checks)
    softest = exact.softest_force_constant()
    return (
        *checks,
        Check(
            "finite_strain_stress",
            "Stress under strain",
            deviation < limit,
            f"Exact and stress-derived stiffness differ by {deviation:.2f} GPa at most at a "
            f"strain of {small:g} (limit {limit:.1f}).",
        ),
        Check(
            "finite_strain_energy",
            "Energy under strain",
            energy_deviation < limit,
            f"Exact and energy-derived stiffness differ by {energy_deviation:.2f} GPa at most "
            f"at a strain of {small:g} (limit {limit:.1f}).",
        ),
        Check(
            "gamma_stable",
            "Internal stability",
            softest > 0,
            f"Smallest internal force constant {softest:.2f} eV/Å² (must be positive, or the "
            "ions would relax to another structure).",
        ),
    )
