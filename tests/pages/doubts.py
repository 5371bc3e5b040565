"""A committee of four members around the results of :mod:`tests.pages.sample`."""

from __future__ import annotations

from typing import Any

import numpy as np

from properties.checks import Check
from properties.committee import numbers
from properties.committee.result import AtomSpread, Calibration, CommitteeResult
from properties.results import StageResult
from tests.pages import sample

SCALES = np.array([0.95, 0.98, 1.02, 1.05])
NAMES = tuple(f"member {k + 1}" for k in range(len(SCALES)))
NOISE_EV = 0.002


def atoms(symbols: tuple[str, ...]) -> AtomSpread:
    """Shares and forces that differ from atom to atom."""
    n = len(symbols)
    return AtomSpread(
        symbols=symbols,
        energy_per_atom_ev=-5.42 * SCALES,
        atomic_energy_ev=np.outer(SCALES, -5.42 + 0.01 * np.arange(n)),
        force_spread_ev_per_a=0.02 + 0.01 * np.arange(n),
        energy_noise_per_atom_ev=NOISE_EV,
        force_noise_ev_per_a=np.full(n, 0.015),
    )


def committee(
    calibration: Calibration | None = None, problem: str = "", **changes: Any
) -> CommitteeResult:
    """All stages, every number scaled by the member; the last one may have a problem."""
    known = calibration or Calibration()
    relaxed, elastic = sample.relax(), sample.elastic()
    phonons, thermal = sample.phonons_with_modes(), sample.thermal()
    cell = {
        "energy": relaxed.energy_per_atom_ev * SCALES,
        "volume": relaxed.volume_per_atom_a3 * SCALES,
        **{axis: relaxed.lattice[axis] * SCALES ** (1 / 3) for axis in "abc"},
    }
    whole = {"energy": relaxed.energy_per_atom_ev, "volume": relaxed.volume_per_atom_a3}
    stiffness = SCALES[:, None, None] * elastic.stiffness_gpa
    bands = SCALES[:, None, None] * phonons.band_frequency_thz
    gamma = SCALES[:, None] * phonons.gamma_frequencies_thz
    functions = {
        "alpha": np.outer(SCALES, thermal.alpha_volume_per_k),
        "bulk": np.outer(SCALES, thermal.bulk_modulus_gpa),
        "heat": np.outer(SCALES, thermal.heat_capacity_p_j_per_mol_atoms_k),
    }
    if problem:
        functions["alpha"][-1] = np.nan
    kelvin = thermal.temperatures_k
    fields: dict[str, Any] = {
        "members": NAMES,
        "problems": ("",) * (len(NAMES) - 1) + (problem,),
        "calibration": known,
        "n_volumes": 5,
        "given": atoms(("Si", "Si")),
        "relaxed": atoms(("Si", "Si")),
        "energy_per_atom_ev": cell["energy"],
        "volume_per_atom_a3": cell["volume"],
        "lattice": {axis: cell[axis] for axis in "abc"},
        "numbers": (
            *numbers.of_the_cell(whole, relaxed.lattice, cell, NOISE_EV, known),
            *numbers.of_elasticity(elastic, stiffness, known),
            *numbers.of_phonons(phonons, bands, gamma, known),
            *numbers.of_expansion(thermal, kelvin, functions, known),
        ),
        "checks": (
            Check(
                "committee_all", "All members", not problem, problem or "All 4 gave a result."
            ),
        ),
        "laue_class": elastic.laue_class,
        "supercell_matrix": phonons.supercell_matrix,
        "stiffness_gpa": stiffness,
        "band_frequency_thz": bands.astype(np.float32),
        "gamma_frequencies_thz": gamma,
        "temperatures_k": kelvin,
        "expansion_volume_per_atom_a3": np.outer(SCALES, thermal.volume_per_atom_a3),
        "alpha_volume_per_k": functions["alpha"],
        "bulk_modulus_gpa": functions["bulk"],
        "heat_capacity_p_j_per_mol_atoms_k": functions["heat"],
    }
    return CommitteeResult(**{**fields, **changes})


def all_stages(**options: Any) -> dict[str, StageResult]:
    """One result a stage, the committee's last."""
    phonons = sample.phonons_with_modes()
    return {**sample.all_stages(), "phonons": phonons, "committee": committee(**options)}
