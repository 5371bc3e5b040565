"""Elastic constants: exact second derivatives, checked by finite strains.

Everything is computed in the standard axes of the tensor (properties.elasticity.orientation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.units import EV_PER_A3_IN_GPA
from properties import symmetry
from properties.elasticity import finite_strain, laue, voigt
from properties.elasticity.bare import exact_derivatives
from properties.elasticity.orientation import Orientation, half_turn
from properties.elasticity.result import ElasticResult
from properties.elasticity.verdicts import Evidence

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.elasticity.finite_strain import StrainScan
    from properties.elasticity.hessian import SecondDerivatives
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset

FloatArray = NDArray[np.float64]

CLAMPED, RELAXED = 0, 1
"""Places in arrays over both ways of treating the ions."""


def elastic_constants(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
    rotation_from_input: FloatArray | None = None,
) -> ElasticResult:
    """Compute the stiffness of a relaxed primitive cell, with relaxed and clamped ions.

    Under pressure these are the stress–strain (Birch) coefficients, the second
    derivatives of the enthalpy by symmetric strain.

    Parameters
    ----------
    rotation_from_input
        From the Cartesian frame of the cell that was given to that of `crystal`, (3, 3);
        ``None`` if unknown.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished pieces are kept.
    NotConvergedError
        Ions in a strained cell did not come to rest.
    """
    orientation = Orientation.of(crystal)
    turned = crystal.turned(orientation.axes(crystal.lattice_a))
    group = laue.point_group(turned, symmetry.SYMPREC_A)
    exact = exact_derivatives(turned, potential, monitor, pieces, pressure_gpa)
    scan = finite_strain.scan(
        turned,
        potential,
        laue.strain_patterns(group),
        settings.strains,
        monitor,
        pieces,
        pressure_gpa,
        exact.inverse_force_constants() if exact else None,
    )
    tensors = _Tensors.of(scan, settings.strains, exact, group)
    orientation = orientation.signed_by(tensors.relaxed_gpa, crystal.lattice_a)
    strained = _Strained.of(
        turned, potential, scan.half_turned(orientation.signs), pressure_gpa
    )
    return _result(
        crystal,
        tensors.half_turned(orientation.signs),
        strained,
        exact,
        orientation,
        rotation_from_input,
        pressure_gpa,
    )


@dataclass(frozen=True, eq=False)
class _Tensors:
    """Tensors projected on the Laue class, in standard axes.

    Attributes
    ----------
    exact_gpa
        Clamped and relaxed ions, (2, 6, 6); from the smallest strain without second
        derivatives.
    by_strain_gpa
        From the stress under strains of each size, (s, 2, 6, 6).
    residual_gpa
        Largest entry that the projection removed.
    """

    exact_gpa: FloatArray
    by_strain_gpa: FloatArray
    residual_gpa: float

    @classmethod
    def of(
        cls,
        scan: StrainScan,
        sizes: tuple[float, ...],
        exact: SecondDerivatives | None,
        group: FloatArray,
    ) -> _Tensors:
        by_strain = np.array([scan.stiffness_gpa(size, group) for size in sizes])
        raw = by_strain[0]
        if exact is not None:
            raw = np.array([exact.clamped_stiffness_gpa(), exact.relaxed_stiffness_gpa()])
        projected = np.array([laue.project(tensor, group) for tensor in raw])
        return cls(projected, by_strain, float(np.abs(projected - raw)[RELAXED].max()))

    @property
    def relaxed_gpa(self) -> FloatArray:
        """The tensor that an experiment measures, (6, 6)."""
        return np.asarray(self.exact_gpa[RELAXED])

    def half_turned(self, signs: FloatArray) -> _Tensors:
        return _Tensors(
            half_turn(self.exact_gpa, signs),
            half_turn(self.by_strain_gpa, signs),
            self.residual_gpa,
        )


@dataclass(frozen=True, eq=False)
class _Strained:
    """What strained cells show, zero strain included.

    Attributes
    ----------
    strain, patterns
        Amplitudes (m,) and strained Voigt components (p,).
    energy_ev
        Enthalpy above the unstrained cell, clamped and relaxed, (p, m, 2).
    stress_gpa
        Voigt stress, (p, m, 2, 6).
    curvature_ev
        Second differences of the energy at the smallest strain, (p, 2).
    """

    strain: FloatArray
    patterns: tuple[int, ...]
    energy_ev: FloatArray
    stress_gpa: FloatArray
    curvature_ev: FloatArray

    @classmethod
    def of(
        cls, crystal: Crystal, potential: Potential, scan: StrainScan, pressure_gpa: float
    ) -> _Strained:
        (unstrained,) = potential.evaluate([crystal.to_atoms()])
        centre = unstrained.energy_ev + pressure_gpa / EV_PER_A3_IN_GPA * crystal.volume_a3
        stress = voigt.vector_from_stress(unstrained.stress_ev_per_a3) * EV_PER_A3_IN_GPA
        middle, smallest = len(scan.amplitudes) // 2, float(np.abs(scan.amplitudes).min())
        return cls(
            np.insert(scan.amplitudes, middle, 0.0),
            scan.patterns,
            np.insert(scan.energy_ev, middle, centre, axis=1) - centre,
            np.insert(scan.stress_gpa, middle, stress, axis=1),
            scan.curvatures_ev(smallest, centre),
        )


def _result(
    crystal: Crystal,
    tensors: _Tensors,
    strained: _Strained,
    exact: SecondDerivatives | None,
    orientation: Orientation,
    rotation_from_input: FloatArray | None,
    pressure_gpa: float,
) -> ElasticResult:
    laue_class = laue.LAUE_CLASS[symmetry.analyse(crystal).point_group]
    axes = orientation.axes(crystal.lattice_a)
    curvature = _curvatures(tensors.exact_gpa, strained.patterns, crystal.volume_a3)
    evidence = _evidence(tensors, strained, exact, curvature, crystal.volume_a3)
    return ElasticResult(
        stiffness_gpa=tensors.relaxed_gpa,
        stiffness_clamped_gpa=tensors.exact_gpa[CLAMPED],
        method="finite strain" if exact is None else "second derivatives",
        laue_class=laue_class,
        independent_constants=laue.independent_constants(tensors.relaxed_gpa, laue_class),
        symmetry_residual_gpa=tensors.residual_gpa,
        finite_strains=_sizes(strained.strain),
        finite_strain_stiffness_gpa=tensors.by_strain_gpa[:, RELAXED],
        finite_strain_stiffness_clamped_gpa=tensors.by_strain_gpa[:, CLAMPED],
        finite_strain_max_deviation_gpa=evidence.stress_deviation_gpa,
        strain_energy_strain=strained.strain,
        strain_energy_voigt=np.array(strained.patterns),
        strain_energy_clamped_ev=strained.energy_ev[:, :, CLAMPED],
        strain_energy_relaxed_ev=strained.energy_ev[:, :, RELAXED],
        strain_energy_curvature_ev=curvature,
        ieee_rotation=axes,
        density_kg_per_m3=crystal.density_kg_per_m3,
        volume_per_atom_a3=crystal.volume_a3 / len(crystal),
        pressure_gpa=pressure_gpa,
        checks=evidence.checks(),
        strain_stress_clamped_gpa=strained.stress_gpa[:, :, CLAMPED],
        strain_stress_relaxed_gpa=strained.stress_gpa[:, :, RELAXED],
        ieee_rotation_from_input=(
            np.zeros(0) if rotation_from_input is None else axes @ rotation_from_input
        ),
        orientation=orientation.in_words(crystal.lattice_a),
    )


def _sizes(strain: FloatArray) -> FloatArray:
    return np.asarray(strain[strain > 0])


def _curvatures(
    tensors_gpa: FloatArray, patterns: tuple[int, ...], volume_a3: float
) -> FloatArray:
    """V C_ii in eV of the strained patterns, (p, 2): clamped, relaxed."""
    diagonal = np.diagonal(tensors_gpa, axis1=1, axis2=2)[:, list(patterns)]
    return np.asarray(diagonal.T * volume_a3 / EV_PER_A3_IN_GPA)


def _evidence(
    tensors: _Tensors,
    strained: _Strained,
    exact: SecondDerivatives | None,
    curvature_ev: FloatArray,
    volume_a3: float,
) -> Evidence:
    small, large = tensors.by_strain_gpa[:2, RELAXED]
    off = float(np.abs(strained.curvature_ev - curvature_ev).max())
    return Evidence(
        stiffness_gpa=tensors.relaxed_gpa,
        sizes=tuple(map(float, _sizes(strained.strain)[:2])),
        residual_gpa=tensors.residual_gpa,
        nonlinearity_gpa=float(np.abs(large - small).max()),
        stress_deviation_gpa=float(np.abs(small - tensors.relaxed_gpa).max()),
        energy_deviation_gpa=off * EV_PER_A3_IN_GPA / volume_a3,
        softest_ev_per_a2=None if exact is None else exact.softest_force_constant(),
    )
