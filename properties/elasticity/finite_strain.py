"""Elastic constants from central differences of the stress, with relaxed ions.

This is the independent check of the exact second derivatives, and the result itself
where a potential has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.optimize import BFGS
from numpy.typing import NDArray

from mlpcore.errors import NotConvergedError
from mlpcore.units import EV_PER_A3_IN_GPA
from properties.elasticity import laue, voigt
from properties.elasticity.orientation import voigt_signs

if TYPE_CHECKING:
    from ase import Atoms

    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.progress import Arrays, Monitor, Pieces

FloatArray = NDArray[np.float64]

ION_FORCE_EV_PER_A = 1e-5
"""Forces left in a strained cell; their stress error is far below 0.1 GPa/strain."""
MAX_ION_STEPS = 200
MAX_NEWTON_STEPS = 12


@dataclass(frozen=True)
class StrainScan:
    """Energies and stresses of strained cells.

    Attributes
    ----------
    patterns
        Strained Voigt components, p of them.
    amplitudes
        Strains, from −s_max to s_max without zero, (m,).
    energy_ev
        Enthalpy of the cell, (p, m, 2): clamped, relaxed.
    stress_gpa
        Voigt stress, (p, m, 2, 6).
    """

    patterns: tuple[int, ...]
    amplitudes: FloatArray
    energy_ev: FloatArray
    stress_gpa: FloatArray

    def half_turned(self, signs: FloatArray) -> StrainScan:
        """Describe the same strains in axes turned by half a turn (diagonal of its matrix)."""
        change = voigt_signs(signs)
        turned = change[list(self.patterns)] < 0
        energy, stress = self.energy_ev.copy(), self.stress_gpa * change
        energy[turned], stress[turned] = energy[turned, ::-1], stress[turned, ::-1]
        return StrainScan(self.patterns, self.amplitudes, energy, stress)

    def columns_gpa(self, size: float, kind: int) -> FloatArray:
        """Stiffness columns (6, p) from ±`size`; `kind` 0 clamped, 1 relaxed."""
        plus = int(np.argmin(np.abs(self.amplitudes - size)))
        minus = int(np.argmin(np.abs(self.amplitudes + size)))
        rise = self.stress_gpa[:, plus, kind] - self.stress_gpa[:, minus, kind]
        return (rise / (2 * size)).T

    def stiffness_gpa(self, size: float, group: FloatArray) -> FloatArray:
        """Tensors of a point group from ±`size`, clamped and relaxed ions, (2, 6, 6)."""
        columns = (self.columns_gpa(size, kind) for kind in (0, 1))
        return np.array([laue.complete(c, self.patterns, group) for c in columns])

    def curvatures_ev(self, size: float, centre_ev: float) -> FloatArray:
        """Second differences of the energy at ±`size`, (p, 2), eV."""
        plus = int(np.argmin(np.abs(self.amplitudes - size)))
        minus = int(np.argmin(np.abs(self.amplitudes + size)))
        total = self.energy_ev[:, plus] + self.energy_ev[:, minus]
        return np.asarray((total - 2 * centre_ev) / size**2)


def scan(
    crystal: Crystal,
    potential: Potential,
    patterns: tuple[int, ...],
    sizes: tuple[float, ...],
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
    inverse_force_constants: FloatArray | None = None,
) -> StrainScan:
    """Strain the crystal along each pattern by ± each size.

    Parameters
    ----------
    crystal
        Relaxed primitive cell, n atoms.
    inverse_force_constants
        (3n, 3n), Å²/eV. With it, ions relax by Newton steps; without, by BFGS.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished strains are kept in `pieces`.
    NotConvergedError
        Ions in a strained cell did not come to rest.
    """
    amplitudes = np.array(sorted(sign * s for s in sizes for sign in (-1, 1)))
    total = len(patterns) * len(amplitudes)
    found: list[Arrays] = []
    for pattern in patterns:
        for amplitude in amplitudes:
            monitor.advance("elastic", len(found), total, "finite strains")
            key = f"strain/{pattern}{amplitude:+.4f}"
            kept = pieces.get(key)
            if kept is None:
                strain = voigt.strain_matrix(pattern, float(amplitude))
                kept = _one_strain(
                    crystal, potential, strain, monitor, pressure_gpa, inverse_force_constants
                )
                pieces.put(key, kept)
            found.append(kept)
    monitor.advance("elastic", total, total, "finite strains")
    shape = (len(patterns), len(amplitudes), 2)
    return StrainScan(
        patterns,
        amplitudes,
        np.array([one["energy_ev"] for one in found]).reshape(shape),
        np.array([one["stress_gpa"] for one in found]).reshape(*shape, 6),
    )


def _one_strain(
    crystal: Crystal,
    potential: Potential,
    strain: FloatArray,
    monitor: Monitor,
    pressure_gpa: float,
    inverse_force_constants: FloatArray | None,
) -> Arrays:
    atoms = crystal.with_lattice(crystal.lattice_a @ (np.eye(3) + strain)).to_atoms()
    atoms.calc = potential.calculator()
    energies, stresses = [], []
    for relaxed in (False, True):
        if relaxed:
            _relax_ions(atoms, monitor, inverse_force_constants)
        work = pressure_gpa / EV_PER_A3_IN_GPA * atoms.cell.volume
        energies.append(atoms.get_potential_energy() + work)
        stress = atoms.get_stress(voigt=False) * EV_PER_A3_IN_GPA
        stresses.append(voigt.vector_from_stress(stress))
    return {"energy_ev": np.array(energies), "stress_gpa": np.array(stresses)}


def _relax_ions(atoms: Atoms, monitor: Monitor, inverse: FloatArray | None) -> None:
    """Bring the ions to rest in a fixed cell, first with Newton steps if possible."""
    for _ in range(MAX_NEWTON_STEPS if inverse is not None else 0):
        monitor.checkpoint()
        forces = atoms.get_forces()
        if np.abs(forces).max() < ION_FORCE_EV_PER_A:
            return
        atoms.positions += (inverse @ forces.ravel()).reshape(-1, 3)
    optimiser = BFGS(atoms, logfile=None, maxstep=0.05)
    for _ in optimiser.irun(fmax=ION_FORCE_EV_PER_A, steps=MAX_ION_STEPS):
        monitor.checkpoint()
    left = float(np.abs(atoms.get_forces()).max())
    if left > ION_FORCE_EV_PER_A:
        raise NotConvergedError(
            f"Ions in a strained cell kept a force of {left:.1e} eV/Å after "
            f"{MAX_ION_STEPS} steps; {ION_FORCE_EV_PER_A:.0e} is needed. The crystal may be "
            "unstable: look for imaginary modes, or relax it with a tighter preset."
        )
