"""Quasiharmonic expansion of one crystal, as a frozen result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.frozen import Frozen
from properties.vibrations.born import BornCharges

FloatArray = NDArray[np.float64]

EQUAL_AXES = "equal by symmetry"
AXES_BY_GRUNEISEN = "Grüneisen functions of the axes"
AXES_QUASISTATIC = "quasistatic"


def _none() -> Any:
    """What a result from before a field was kept has in it."""
    return np.zeros(0)


@dataclass(frozen=True)
class OtherFit(Frozen):
    """The same expansion from another equation of state, to see what the choice matters.

    Attributes
    ----------
    eos
        Key of :data:`properties.vibrations.equations_of_state.FORMS`.
    temperatures_k
        (t,), and so all other arrays but the parameters, (t, 4).
    """

    eos: str
    temperatures_k: FloatArray
    volume_per_atom_a3: FloatArray
    alpha_volume_per_k: FloatArray
    bulk_modulus_gpa: FloatArray
    eos_parameters: FloatArray


@dataclass(frozen=True)
class AxisResponse(Frozen):
    """How the vibrations act on each independent lattice parameter.

    Attributes
    ----------
    axes
        Independent conventional axes, k of them: ``("a", "c")`` or ``("a", "b", "c")``.
    multiplicity
        How many equal axes each stands for, (k,).
    strain
        Amplitude of the strains along each axis.
    temperatures_k
        (t,), the whole range.
    gruneisen
        Grüneisen functions γ_j(T) = (1/C_V) ∂S/∂ε_j with ions relaxed, (t, k);
        not-a-number where C_V vanishes.
    stiffness_gpa
        ∂σ_i/∂ε_j of one axis by strain along one, equal axes strained together and their
        strain shared, from stresses of the strained cells, (k, k).
    elastic_stiffness_gpa
        The same from the elastic constants, or empty.
    alpha_linear_per_k
        Linear response alone: α = S·γ C_V/V at the relaxed cell, (t, k).
    """

    axes: tuple[str, ...]
    multiplicity: FloatArray
    strain: float
    temperatures_k: FloatArray
    gruneisen: FloatArray
    stiffness_gpa: FloatArray
    elastic_stiffness_gpa: FloatArray
    alpha_linear_per_k: FloatArray

    @property
    def alpha_volume_per_k(self) -> FloatArray:
        """Volume expansion by linear response."""
        return np.asarray(self.alpha_linear_per_k @ self.multiplicity)


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
    eos, eos_alpha_deviation_per_k
        Equation of state of the fit, and the largest difference in α to the other one.
    entropy_j_per_mol_atoms_k
        At V(T).
    lattice_a
        Conventional ``a``, ``b``, ``c`` (Å) against temperature.
    eos_parameters, other_fit
        Parameters of the fit at each temperature, (t, 4), and the other equation of state.
    axis_method, axes, alpha_quasistatic_per_k
        How ``alpha_linear_per_k`` was found; what it rests on, where the vibrations' action
        on the shape is known; and what it would be without that.
    axis_note
        Why the shape is taken from the static energy alone, if it is.
    mesh_frequency_thz, mesh_gruneisen, mesh_weight
        Modes on a mesh, (m, b), (m, b), and the weight of each q-point, (m,).
    gruneisen_mode_mean
        Mean of the mode parameters weighted by their heat capacities, against temperature.
    band_volume_frequency_thz
        Frequencies along the band path at each sampled volume, (v, q, b).
    debye_temperature_k
        From the second moment of the spectrum at the relaxed cell.
    pressure_gpa
        Free energies in ``free_energy_per_atom_ev`` and ``eos_parameters``: the former is
        F, the latter is of F + pV.
    born
        Charges of the non-analytic term that all volumes share.
    vibration_temperatures_k, vibration_free_energy_per_atom_ev
        The whole range of temperatures, (s,), and the vibrational free energy at each
        volume, (s, v), without the static energy.
    vibration_entropy_j_per_mol_atoms_k, vibration_heat_capacity_j_per_mol_atoms_k
        Entropy and heat capacity at each volume, (s, v).
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
    entropy_j_per_mol_atoms_k: FloatArray = field(default_factory=_none)
    lattice_a: dict[str, FloatArray] = field(default_factory=dict)
    eos_parameters: FloatArray = field(default_factory=_none)
    other_fit: OtherFit | None = None
    axis_method: str = AXES_QUASISTATIC
    axis_note: str = ""
    axes: AxisResponse | None = None
    alpha_quasistatic_per_k: dict[str, FloatArray] = field(default_factory=dict)
    mesh_frequency_thz: FloatArray = field(default_factory=_none)
    mesh_gruneisen: FloatArray = field(default_factory=_none)
    mesh_weight: FloatArray = field(default_factory=_none)
    gruneisen_mode_mean: FloatArray = field(default_factory=_none)
    band_volume_frequency_thz: FloatArray = field(default_factory=_none)
    debye_temperature_k: float = float("nan")
    pressure_gpa: float = 0.0
    born: BornCharges | None = None
    vibration_temperatures_k: FloatArray = field(default_factory=_none)
    vibration_free_energy_per_atom_ev: FloatArray = field(default_factory=_none)
    vibration_entropy_j_per_mol_atoms_k: FloatArray = field(default_factory=_none)
    vibration_heat_capacity_j_per_mol_atoms_k: FloatArray = field(default_factory=_none)

    @property
    def adiabatic_bulk_modulus_gpa(self) -> FloatArray:
        """B_S = B_T C_p/C_V; equal to B_T where both heat capacities vanish."""
        c_p, c_v = (
            self.heat_capacity_p_j_per_mol_atoms_k,
            self.heat_capacity_v_j_per_mol_atoms_k,
        )
        ratio = np.divide(c_p, c_v, out=np.ones_like(c_p), where=c_v > 0)
        return np.asarray(self.bulk_modulus_gpa * ratio)

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
            "axis_method",
            "lattice_a",
            "entropy_j_per_mol_atoms_k",
        )
        return {key: getattr(self, key) for key in keys}
