"""Quasiharmonic expansion of one crystal, as a frozen result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ThermalResult(Frozen):
    """Quasiharmonic expansion. Arrays over temperature end at ``valid_up_to_k``.

    Attributes
    ----------
    temperatures_k
        (t,). Every array below named without a shape has this length.
    alpha_linear_per_k
        Linear expansion along the conventional ``a``, ``b``, ``c``.
    sampled_volume_per_atom_a3, sampled_energy_per_atom_ev
        Static energies of the volumes, (v,).
    sampled_lattice
        Conventional ``a``, ``b``, ``c`` (Å) at each volume.
    free_energy_temperatures_k, free_energy_per_atom_ev
        Some temperatures (f,), and F(V, T) at the sampled volumes, (f, v).
    band_gruneisen, band_gruneisen_frequency_thz, band_gruneisen_distance
        Mode Grüneisen parameters on the phonon band path, (q, b), (q, b), (q,);
        not-a-number where the mode's frequency is too small to tell.
    gruneisen
        Thermodynamic parameter γ = α V B / C_V at 300 K (or the highest valid T).
    eos
        Equation of state of the fit, and the largest difference in α to the other one.
    """

    temperatures_k: FloatArray
    volume_per_atom_a3: FloatArray
    alpha_volume_per_k: FloatArray
    alpha_linear_per_k: dict[str, FloatArray]
    bulk_modulus_gpa: FloatArray
    heat_capacity_p_j_per_mol_atoms_k: FloatArray
    heat_capacity_v_j_per_mol_atoms_k: FloatArray
    gruneisen_thermodynamic: FloatArray
    gruneisen: float
    valid_up_to_k: float
    validity_reason: str
    sampled_volume_per_atom_a3: FloatArray
    sampled_energy_per_atom_ev: FloatArray
    sampled_lattice: dict[str, FloatArray]
    sampled_min_frequency_thz: FloatArray
    static_bulk_modulus_gpa: float
    free_energy_temperatures_k: FloatArray
    free_energy_per_atom_ev: FloatArray
    band_gruneisen: FloatArray
    band_gruneisen_frequency_thz: FloatArray
    band_gruneisen_distance: FloatArray
    eos: str
    eos_alpha_deviation_per_k: float
    checks: tuple[Check, ...]

    def summary(self) -> dict[str, Any]:
        """The block ``thermal`` of result.json."""
        keys = (
            "temperatures_k",
            "volume_per_atom_a3",
            "alpha_volume_per_k",
            "alpha_linear_per_k",
            "bulk_modulus_gpa",
            "heat_capacity_p_j_per_mol_atoms_k",
            "gruneisen",
            "valid_up_to_k",
            "validity_reason",
            "eos",
        )
        return {key: getattr(self, key) for key in keys}
