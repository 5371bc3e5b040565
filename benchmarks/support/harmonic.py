"""Force constants and phonons of a potential or of forces, on one supercell, for comparison."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from numpy.typing import NDArray
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms

from mlpcore.potential import ModelCharges, Potential
from mlpcore.units import COULOMB_EV_A

FloatArray = NDArray[np.float64]
STEP_A = 0.01


def ideal(formula: str, structure: str, lattice_a: float, repeats: int) -> Phonopy:
    """Return a supercell of the conventional cell, without force constants."""
    cubic = bulk(formula, structure, a=lattice_a, cubic=True)
    cell = PhonopyAtoms(
        symbols=cubic.get_chemical_symbols(),
        cell=cubic.cell.array,
        scaled_positions=cubic.get_scaled_positions(),
    )
    return Phonopy(cell, repeats * np.eye(3), primitive_matrix="F", log_level=0)


def of_potential(
    potential: Potential, phonon: Phonopy, charges: ModelCharges | None = None
) -> Phonopy:
    """Fill in a potential's force constants, by finite displacements."""
    found = phonon.replicate()
    found.generate_displacements(distance=STEP_A, is_plusminus=True)
    cells = [to_ase(cell) for cell in found.supercells_with_displacements]
    found.forces = [potential.evaluate([cell])[0].forces_ev_per_a for cell in cells]
    found.produce_force_constants(show_drift=False)
    found.symmetrize_force_constants(level=3, show_drift=False)
    return with_charges(found, charges or potential.born_charges(to_ase(found.primitive)))


def of_forces(
    phonon: Phonopy, frames: Sequence[Any], charges: ModelCharges | None = None
) -> Phonopy:
    """Fill in the force constants that random displacements of all atoms tell.

    Parameters
    ----------
    frames
        Of the supercell, its atoms in any order.
    """
    found = phonon.replicate()
    displacements, forces = zip(*(_of_frame(found, frame) for frame in frames), strict=True)
    found.dataset = {"displacements": np.array(displacements), "forces": np.array(forces)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.produce_force_constants(fc_calculator="symfc", show_drift=False)
    return with_charges(found, charges)


def _of_frame(phonon: Phonopy, frame: Any) -> tuple[FloatArray, FloatArray]:
    """Return displacements and forces in the supercell's own order of atoms."""
    sites = phonon.supercell
    inverse = np.linalg.inv(frame.atoms.cell.array)
    apart = (frame.atoms.positions[None] - sites.positions[:, None]) @ inverse
    apart = (apart - apart.round()) @ frame.atoms.cell.array
    nearest = np.linalg.norm(apart, axis=2).argmin(axis=1)
    same = np.array(frame.atoms.numbers)[nearest] == sites.numbers
    if not same.all() or len(set(nearest)) < len(sites):
        raise ValueError("a frame is not of this supercell: its atoms sit on other sites")
    return apart[np.arange(len(sites)), nearest], frame.forces_ev_per_a[nearest]


def with_charges(phonon: Phonopy, charges: ModelCharges | None) -> Phonopy:
    """Let the splitting at Γ follow from these charges, if any."""
    if charges is None:
        return phonon
    phonon.nac_params = {
        "born": charges.charges_e,
        "dielectric": charges.dielectric,
        "factor": COULOMB_EV_A,
    }
    return phonon


def line(phonon: Phonopy, end: Sequence[float], count: int) -> FloatArray:
    """Frequencies (count, b) in THz on the line from Γ, approached along it, to `end`."""
    shares = np.linspace(0, 1, count)
    phonon.run_qpoints(shares[1:, None] * np.array(end))
    others = phonon.qpoints.frequencies
    cartesian = np.array(end) @ np.linalg.inv(phonon.primitive.cell).T
    phonon.run_qpoints([[0, 0, 0]], nac_q_direction=cartesian)
    return np.concatenate([phonon.qpoints.frequencies, others])


def by_distance(phonon: Phonopy) -> tuple[FloatArray, FloatArray]:
    """Distances (n,) of all atoms from the first, and their force constants (n, 3, 3)."""
    cell = phonon.supercell
    apart = (cell.positions - cell.positions[0]) @ np.linalg.inv(cell.cell)
    distances = np.linalg.norm((apart - apart.round()) @ cell.cell, axis=1)
    return distances, np.asarray(phonon.force_constants[0])


def to_ase(cell: PhonopyAtoms) -> Atoms:
    """Return the same cell as ASE's atoms."""
    return Atoms(
        numbers=cell.numbers, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True
    )
