"""The final numbers of a calculation, as each member of the committee has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from properties.committee.result import Calibration, Number
from properties.elasticity import laue, moduli

if TYPE_CHECKING:
    from collections.abc import Mapping

    from properties.elasticity.result import ElasticResult
    from properties.vibrations.phonon_result import PhononResult
    from properties.vibrations.thermal_result import ThermalResult

FloatArray = NDArray[np.float64]

CELL, ELASTIC, PHONONS, EXPANSION = "Cell", "Elastic constants", "Phonons", "Expansion"
ENERGY, VOLUME = "Energy", "Volume"
BULK, SHEAR, YOUNG, POISSON = MODULI = (
    "Bulk modulus",
    "Shear modulus",
    "Young's modulus",
    "Poisson's ratio",
)
HIGHEST = "Highest frequency"
ALPHA, BULK_AT, HEAT_AT = "Volume expansion, 300 K", "B, 300 K", "Cₚ, 300 K"
"""Names of the numbers that pages ask for."""

ROOM_K = 300.0
SAME_LENGTH_A = 1e-4
SAME_MODE_THZ = 0.05
ACOUSTIC = 3
MOST_MODES = 8
"""Distinct frequencies at Γ that become numbers of their own; the lowest ones."""


def of_the_cell(
    values: Mapping[str, float],
    lattice: Mapping[str, float],
    members: Mapping[str, FloatArray],
    noise_ev: float,
    calibration: Calibration,
) -> list[Number]:
    """Energy, volume and the lattice constants that differ.

    Parameters
    ----------
    values, lattice
        ``energy`` (eV/atom) and ``volume`` (Å³/atom), and the lattice parameters of the
        committee as a whole.
    members
        The same names, each (m,).
    noise_ev
        Noise of an energy label, per atom.
    """
    factor = calibration.force
    energy = Number(
        ENERGY,
        CELL,
        "eV/atom",
        values["energy"],
        members["energy"],
        calibration.energy,
        noise_ev,
    )
    volume = Number(VOLUME, CELL, "Å³/atom", values["volume"], members["volume"], factor)
    lengths: dict[str, float] = {}
    for axis in "abc":
        if all(abs(lattice[axis] - known) > SAME_LENGTH_A for known in lengths.values()):
            lengths[axis] = lattice[axis]
    axes = [Number(a, CELL, "Å", v, members[a], factor) for a, v in lengths.items()]
    return [energy, volume, *axes]


def of_elasticity(
    own: ElasticResult, stiffness_gpa: FloatArray, calibration: Calibration
) -> list[Number]:
    """Averages of Hill and the independent constants, from tensors (m, 6, 6)."""
    factor = calibration.force
    averages = [moduli.averages(tensor) for tensor in stiffness_gpa]
    members = laue.named_constants(stiffness_gpa, own.laue_class)
    return [
        *(
            Number(
                name,
                ELASTIC,
                unit,
                getattr(own.moduli, key),
                np.array([getattr(one, key) for one in averages]),
                factor,
            )
            for name, unit, key in OF_MODULI
        ),
        *(
            Number(name, ELASTIC, "GPa", value, members[name], factor)
            for name, value in own.independent_constants.items()
        ),
    ]


OF_MODULI = (
    (BULK, "GPa", "bulk_vrh_gpa"),
    (SHEAR, "GPa", "shear_vrh_gpa"),
    (YOUNG, "GPa", "young_vrh_gpa"),
    (POISSON, "", "poisson_vrh"),
)


def of_phonons(
    own: PhononResult, bands_thz: FloatArray, gamma_thz: FloatArray, calibration: Calibration
) -> list[Number]:
    """The highest frequency on the path, and the optical ones at Γ that differ.

    Parameters
    ----------
    bands_thz, gamma_thz
        (m, q, b) and (m, b).
    """
    factor = calibration.force
    highest = float(own.band_frequency_thz.max())
    members = bands_thz.reshape(len(bands_thz), -1).max(axis=1)
    found = [Number(HIGHEST, PHONONS, "THz", highest, members, factor)]
    for group in _distinct(own.gamma_frequencies_thz)[:MOST_MODES]:
        value = float(own.gamma_frequencies_thz[group].mean())
        name = f"Γ, mode {group[0] + 1}" if len(group) == 1 else _range(group)
        at_gamma = gamma_thz[:, group].mean(axis=1)
        found.append(Number(name, PHONONS, "THz", value, at_gamma, factor))
    return found


def _range(group: list[int]) -> str:
    return f"Γ, modes {group[0] + 1}–{group[-1] + 1}"


def _distinct(frequencies_thz: FloatArray) -> list[list[int]]:
    """Indices of the optical modes, ascending, degenerate ones together."""
    translations = np.argsort(np.abs(frequencies_thz))[:ACOUSTIC].tolist()
    groups: list[list[int]] = []
    for mode in range(len(frequencies_thz)):
        if mode in translations:
            continue
        near = groups and (
            frequencies_thz[mode] - frequencies_thz[groups[-1][-1]] < SAME_MODE_THZ
        )
        if near and groups[-1][-1] == mode - 1:
            groups[-1].append(mode)
        else:
            groups.append([mode])
    return groups


def of_expansion(
    own: ThermalResult,
    kelvin: FloatArray,
    members: Mapping[str, FloatArray],
    calibration: Calibration,
) -> list[Number]:
    """Expansion, bulk modulus and heat capacity at 300 K.

    Parameters
    ----------
    kelvin
        Temperatures of the members, (t,).
    members
        ``alpha``, ``bulk`` and ``heat``, each (m, t).
    """
    found = []
    for name, unit, scale, values, key in (
        (ALPHA, "10⁻⁶/K", 1e6, own.alpha_volume_per_k, "alpha"),
        (BULK_AT, "GPa", 1.0, own.bulk_modulus_gpa, "bulk"),
        (HEAT_AT, "J/(mol K)", 1.0, own.heat_capacity_p_j_per_mol_atoms_k, "heat"),
    ):
        value = _at_room(own.temperatures_k, values)
        by_member = np.array([_at_room(kelvin, row) for row in members[key]])
        factor = calibration.force
        found.append(Number(name, EXPANSION, unit, scale * value, scale * by_member, factor))
    return found


def _at_room(kelvin: FloatArray, values: FloatArray) -> float:
    return float(np.interp(ROOM_K, kelvin, values, left=np.nan, right=np.nan))
