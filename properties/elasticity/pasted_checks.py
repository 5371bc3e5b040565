"""Checks of a tensor that somebody typed: symmetry, stability, unit, kind and density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlpcore.units import AMU_PER_A3_IN_KG_PER_M3
from properties.checks import Check
from properties.elasticity import forms, laue, moduli, stability

FloatArray = NDArray[np.float64]

SYMMETRY_LIMIT = 0.005
"""Largest |C_ij − C_ji| that passes, relative to the largest entry: rounding and the noise
of a calculation."""

LARGEST_GPA = (1.0, 1300.0)
"""Range of the largest entry. Diamond has 1079 GPa; the softest solids at hand, such as
caesium and frozen rare gases, have 2 to 5 GPa."""

DENSITY_KG_PER_M3 = 50.0
"""No solid is lighter (hydrogen: 88); smaller numbers are in g/cm³."""

LONGITUDINAL_KM_PER_S = (0.5, 20.0)
"""From frozen helium (0.5) to diamond (18)."""

MEAN_MASS_U = (1.0, 250.0)
"""From hydrogen to the actinides."""


def of_table(given: FloatArray) -> tuple[Check, ...]:
    """Check a table as it was given, (6, 6), in GPa."""
    symmetric = (given + given.T) / 2
    return (_symmetry(given), _stability(symmetric), _unit(symmetric), _kind(symmetric))


def of_density(
    stiffness_gpa: FloatArray,
    density_kg_per_m3: float | None,
    volume_per_atom_a3: float | None = None,
) -> tuple[Check, ...]:
    """Check a density by the speed of sound and the atomic mass that follow from it.

    Parameters
    ----------
    stiffness_gpa
        Symmetric, (6, 6). Without stability there is no speed of sound.

    Returns
    -------
    One check, ``density_plausible``, or none without a density.
    """
    if density_kg_per_m3 is None:
        return ()
    said, wrong = [f"Density {density_kg_per_m3:.4g} kg/m³."], []
    if density_kg_per_m3 < DENSITY_KG_PER_M3:
        wrong.append(
            f"No solid is lighter than {DENSITY_KG_PER_M3:g} kg/m³. If the number is in "
            f"g/cm³, enter {1000 * density_kg_per_m3:.6g}."
        )
    found = (
        _speed(stiffness_gpa, density_kg_per_m3),
        _mass(density_kg_per_m3, volume_per_atom_a3),
    )
    for sentence, advice in filter(None, found):
        said.append(sentence)
        wrong += [advice] if advice else []
    return (Check("density_plausible", "Density", not wrong, " ".join([*said, *wrong])),)


def _speed(stiffness: FloatArray, density: float) -> tuple[str, str] | None:
    """Return what the longitudinal velocity is, and what to do if it cannot be."""
    if not moduli.is_stable(stiffness):
        return None
    m = moduli.averages(stiffness)
    modulus = m.bulk_vrh_gpa + 4 / 3 * m.shear_vrh_gpa
    speed = float(np.sqrt(modulus * 1e9 / density)) * 1e-3
    low, high = LONGITUDINAL_KM_PER_S
    said = f"Longitudinal sound {speed:.3g} km/s (solids: {low:g} to {high:g})."
    advice = "Check the units: the density in kg/m³, the tensor in GPa."
    return said, "" if low <= speed <= high else advice


def _mass(density: float, volume: float | None) -> tuple[str, str] | None:
    """Return what the mean atomic mass is, and what to do if it cannot be."""
    if volume is None:
        return None
    mass = density * volume / AMU_PER_A3_IN_KG_PER_M3
    low, high = MEAN_MASS_U
    said = (
        f"With {volume:.4g} Å³ per atom it implies a mean atomic mass of {mass:.3g} u "
        f"(elements: {low:g} to {high:g})."
    )
    advice = "Check that the volume is that of one atom, not of a formula unit or a cell."
    return said, "" if low <= mass <= high else advice


def _symmetry(given: FloatArray) -> Check:
    apart = np.abs(given - given.T)
    limit = SYMMETRY_LIMIT * float(np.abs(given).max())
    wrong = [
        f"C{i + 1}{j + 1} = {given[i, j]:g} but C{j + 1}{i + 1} = {given[j, i]:g}"
        for i, j in zip(*np.nonzero(np.triu(apart) > limit), strict=True)
    ]
    if wrong:
        message = (
            f"The table is not symmetric: {'; '.join(wrong)} GPa (limit {limit:.2g} apart). "
            "The mean of each pair is used; correct the table if one of them is a slip."
        )
    else:
        message = (
            f"Entries across the diagonal differ by {apart.max():.2g} GPa at most "
            f"(limit {limit:.2g})."
        )
    return Check("tensor_symmetric", "Symmetric table", not wrong, message)


def _stability(stiffness: FloatArray) -> Check:
    stable = moduli.is_stable(stiffness)
    lowest = float(stability.eigenvalues_gpa(stiffness)[0])
    message = f"Smallest eigenvalue of the stiffness {lowest:.3g} GPa (must be positive)."
    if not stable:
        message += " No crystal with this tensor could exist at rest; check signs and digits."
    return Check("born_stable", "Born stability", stable, message)


def _unit(stiffness: FloatArray) -> Check:
    largest = float(np.abs(stiffness).max())
    low, high = LARGEST_GPA
    message = f"Largest entry {largest:.4g} GPa (limits {low:g} and {high:g}; diamond: 1079)."
    if largest > high:
        message += (
            " Without a very high pressure no crystal is this stiff. The numbers may be in "
            "another unit: 1 GPa is 10 kbar or 1e9 Pa."
        )
    if largest < low:
        message += (
            " No common solid is this soft. The numbers may be a compliance in 1/GPa or a "
            "stiffness in Mbar: 1 Mbar is 100 GPa."
        )
    return Check("tensor_unit", "Unit", low <= largest <= high, message)


def _kind(table: FloatArray) -> Check:
    """Tell a compliance by its form, S66 = 2 (S11 − S12) and S56 = 2 S14, or by its signs."""
    halves = np.array([1, 1, 1, 0.5, 0.5, 0.5])
    stiff = forms.recognise(table).laue_class
    soft = forms.recognise(table * np.outer(halves, halves)).laue_class
    reasons = []
    if len(laue.INDEPENDENT[soft]) < len(laue.INDEPENDENT[stiff]):
        reasons.append(
            f"Read as a compliance the table has the form of Laue class {soft}, as a "
            f"stiffness only that of {stiff}."
        )
    if (table[[0, 0, 1], [1, 2, 2]] < 0).all():
        reasons.append(
            "Entries 12, 13 and 23 are all negative, which is rare in a stiffness but usual "
            "in a compliance."
        )
    if not reasons:
        return Check(
            "tensor_kind",
            "Stiffness",
            True,
            "Neither form nor signs are those of a compliance.",
        )
    reasons.append(
        "If this is a compliance S in 1/TPa, paste its inverse times 1000; if in 1/GPa, its "
        "inverse."
    )
    return Check("tensor_kind", "Not a compliance", False, " ".join(reasons))
