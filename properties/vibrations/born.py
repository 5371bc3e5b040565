"""Born effective charges and the dielectric tensor, for the splitting of polar modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import BornError
from mlpcore.units import COULOMB_EV_A
from properties import symmetry
from properties.checks import Check
from properties.vibrations import born_sites
from properties.vibrations.born_charges import BornCharges
from properties.vibrations.born_files import read_born
from properties.vibrations.born_library import library_born

if TYPE_CHECKING:
    from properties.crystal import Crystal

__all__ = ["BornCharges", "for_primitive", "library_born", "nac_parameters", "read_born"]

FloatArray = NDArray[np.float64]

SYMMETRY_LIMIT = 0.1
"""Largest change by symmetrisation that passes, in e and relative for the dielectric tensor."""

NEUTRALITY_LIMIT_E = 0.1
"""Largest sum of charges, per atom of the cell, that passes."""


def nac_parameters(born: BornCharges) -> Any:
    """Return charges and dielectric tensor as phonopy takes them, Coulomb factor included."""
    return {
        "born": np.array(born.charges_e),
        "dielectric": np.array(born.dielectric),
        "factor": COULOMB_EV_A,
    }


def for_primitive(
    born: BornCharges, crystal: Crystal, primitive: Crystal, rotation: FloatArray
) -> tuple[BornCharges, tuple[Check, ...]]:
    """Carry charges over to the relaxed primitive cell, symmetric and neutral there.

    Parameters
    ----------
    crystal
        The cell that they were given for.
    primitive
        Relaxed standard primitive cell of the same crystal.
    rotation
        From the Cartesian frame of `crystal` to that of `primitive`; empty if it was not
        kept, and taken from the symmetry of `crystal` then.

    Returns
    -------
    charges, checks
        The checks tell how far the given tensors were from symmetric and neutral ones.

    Raises
    ------
    BornError
        The number of tensors is wrong, or the atoms of the cells do not match.
    """
    turn = rotation if rotation.size else symmetry.analyse(crystal).rotation
    given = _averaged(born, crystal, primitive, turn)
    everywhere = dict(enumerate(given.charges_e))
    charges = born_sites.from_independent(primitive, everywhere)
    dielectric = born_sites.symmetrised(primitive, (given.dielectric + given.dielectric.T) / 2)
    excess = charges.mean(axis=0)
    checks = (_symmetry_check(given, charges, dielectric), _neutrality_check(excess))
    return BornCharges(dielectric, charges - excess, born.source), checks


def _averaged(
    born: BornCharges, crystal: Crystal, primitive: Crystal, turn: FloatArray
) -> BornCharges:
    """Tensors turned into the frame of the primitive cell, averaged over images of an atom."""
    if len(born.charges_e) != len(crystal):
        raise BornError(
            f"There are Born charges for {len(born.charges_e)} atoms, but the structure has "
            f"{len(crystal)}. Give one tensor for each atom, in the order of the structure."
        )
    found = born_sites.matched(crystal, primitive, turn)
    if found is None:
        raise BornError(
            "The atoms of the structure that the Born charges were given for could not be "
            f"found in the relaxed primitive cell of {len(primitive)} atoms: they moved by "
            f"more than {born_sites.SAME_SITE_A:g} Å. Give charges for the relaxed structure."
        )
    turned = turn @ born.charges_e @ turn.T
    charges = np.array(
        [turned[found[0] == atom].mean(axis=0) for atom in range(len(primitive))]
    )
    return BornCharges(turn @ born.dielectric @ turn.T, charges, born.source)


def _symmetry_check(given: BornCharges, charges: FloatArray, dielectric: FloatArray) -> Check:
    off = float(np.abs(given.charges_e - charges).max())
    strange = float(np.abs(given.dielectric - dielectric).max() / np.abs(dielectric).max())
    return Check(
        "born_symmetry",
        "Symmetry of the Born charges",
        max(off, strange) < SYMMETRY_LIMIT,
        f"The space group changes the Born charges by up to {off:.3f} e and the dielectric "
        f"tensor by {100 * strange:.1f} % (limits {SYMMETRY_LIMIT:g} e and "
        f"{100 * SYMMETRY_LIMIT:g} %). A larger change means another Cartesian frame, order of "
        "atoms or structure than that of this calculation.",
    )


def _neutrality_check(excess: FloatArray) -> Check:
    largest = float(np.abs(excess).max())
    return Check(
        "born_neutrality",
        "Neutrality of the Born charges",
        largest < NEUTRALITY_LIMIT_E,
        f"The Born charges add up to {largest:.3f} e per atom (limit "
        f"{NEUTRALITY_LIMIT_E:g} e); the excess is taken from every atom alike.",
    )
