"""Quasiharmonic thermodynamics from free energies at several volumes; arrays only.

Volumes are in Å³ and energies in eV, both per atom, bulk moduli in GPa.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from phonopy.qha.eos import fit_to_eos

from mlpcore.errors import FitError
from mlpcore.units import EV_IN_KJ_PER_MOL, EV_PER_A3_IN_GPA
from properties.vibrations import equations_of_state as eos

FloatArray = NDArray[np.float64]

_EV_IN_J_PER_MOL = EV_IN_KJ_PER_MOL * 1e3

MIN_VOLUMES = 5
"""An equation of state has four parameters; fewer points would fit anything."""

MIN_TEMPERATURES = 3
"""A derivative by temperature needs three points."""

POOR_FIT_EV = 2.5e-4
"""Largest misfit that passes the check: kT at 3 K."""

MAX_FIT_RESIDUAL_EV = 5e-3
"""Largest misfit that is reported at all, with a failed check."""


@dataclass(frozen=True)
class EquationOfState:
    """Minimum and curvature of a fitted curve E(V).

    Attributes
    ----------
    parameters
        As :mod:`properties.vibrations.equations_of_state` takes them, (4,).
    """

    energy_ev: float
    volume_a3: float
    bulk_modulus_gpa: float
    derivative: float
    residual_ev: float
    parameters: FloatArray


def fit_equation_of_state(
    volumes_a3: FloatArray, energies_ev: FloatArray, form: str = "vinet"
) -> EquationOfState:
    """Fit E(V) by a Vinet (1987) or third-order Birch–Murnaghan (1947) equation.

    Parameters
    ----------
    form
        ``vinet`` or ``birch_murnaghan``.

    Raises
    ------
    FitError
        There are too few points, or the fit is poor or meaningless.
    """
    if len(volumes_a3) < MIN_VOLUMES:
        raise FitError(
            f"An equation of state needs at least {MIN_VOLUMES} volumes, got "
            f"{len(volumes_a3)}. Choose a preset with more volumes."
        )
    function = eos.FORMS[form]
    offset = energies_ev.min()
    fitted = np.asarray(fit_to_eos(volumes_a3, energies_ev - offset, function))
    residual = float(np.abs(function(volumes_a3, fitted) + offset - energies_ev).max())
    energy, bulk, derivative, volume = (float(x) for x in fitted)
    if not (np.isfinite(fitted).all() and bulk > 0 and volume > 0):
        raise FitError(
            "The energies have no minimum that an equation of state can describe "
            f"(bulk modulus {bulk:.3g} eV/Å³, volume {volume:.3g} Å³). The crystal may be "
            "unstable in this range of volumes."
        )
    if residual > MAX_FIT_RESIDUAL_EV:
        raise FitError(
            f"The equation of state misses a point by {1e3 * residual:.2f} meV/atom; at most "
            f"{1e3 * MAX_FIT_RESIDUAL_EV:g} is accepted. Energies at some volume may be off."
        )
    energy += offset
    parameters = np.array([energy, bulk, derivative, volume])
    return EquationOfState(
        energy, volume, bulk * EV_PER_A3_IN_GPA, derivative, residual, parameters
    )


@dataclass(frozen=True)
class Expansion:
    """Equilibrium against temperature at constant pressure; all arrays (t,) but one.

    Attributes
    ----------
    form
        The equation of state.
    heat_capacity_v_j_per_mol_k, heat_capacity_p_j_per_mol_k, entropy_j_per_mol_k
        Per mole of atoms, at V(T); C_p = C_V + α² B V T.
    gruneisen
        γ = α V B / C_V; not-a-number at 0 K.
    parameters
        Those of the equation of state at each temperature, (t, 4); see
        :mod:`properties.vibrations.equations_of_state`.
    fit_residual_ev
        Largest misfit of any equation of state.
    """

    form: str
    temperatures_k: FloatArray
    volume_a3: FloatArray
    alpha_per_k: FloatArray
    bulk_modulus_gpa: FloatArray
    heat_capacity_v_j_per_mol_k: FloatArray
    heat_capacity_p_j_per_mol_k: FloatArray
    entropy_j_per_mol_k: FloatArray
    gruneisen: FloatArray
    parameters: FloatArray
    fit_residual_ev: float


@dataclass(frozen=True)
class Vibrations:
    """Vibrational thermodynamics at the sampled volumes, per atom and per mole of atoms.

    Attributes
    ----------
    free_ev, entropy_j_per_mol_k, heat_capacity_j_per_mol_k
        Shape (t, v).
    """

    free_ev: FloatArray
    entropy_j_per_mol_k: FloatArray
    heat_capacity_j_per_mol_k: FloatArray


def expansion(
    temperatures_k: FloatArray,
    volumes_a3: FloatArray,
    static_ev: FloatArray,
    vibrations: Vibrations,
    pressure_gpa: float = 0.0,
    form: str = eos.VINET,
) -> Expansion:
    """Minimise G(V; T, p) = E(V) + F_vib(V, T) + pV at each temperature.

    The result ends where the minimum leaves the sampled volumes: beyond, it would be
    an extrapolation. The expansion is the exact derivative of the fitted V(T): G changes
    with temperature by −S, which goes through the linearised fit. Unlike differences over
    temperature steps it carries no noise from fit to fit, and vanishes at 0 K with S.

    Parameters
    ----------
    temperatures_k
        (t,), from low to high.
    volumes_a3, static_ev
        (v,).

    Raises
    ------
    FitError
        An equation of state cannot be fitted at the lowest temperatures.
    """
    work = pressure_gpa / EV_PER_A3_IN_GPA * volumes_a3
    fits = _fits_within_range(volumes_a3, static_ev + work + vibrations.free_ev, form)
    count = len(fits)
    temperatures_k = temperatures_k[:count]
    volume = np.array([fit.volume_a3 for fit in fits])
    bulk = np.array([fit.bulk_modulus_gpa for fit in fits])
    alpha = _alpha_per_k(form, volumes_a3, fits, vibrations.entropy_j_per_mol_k)
    c_v = _at_volume(volumes_a3, vibrations.heat_capacity_j_per_mol_k[:count], volume)
    stiffness_j_per_mol = bulk / EV_PER_A3_IN_GPA * volume * _EV_IN_J_PER_MOL
    with np.errstate(invalid="ignore", divide="ignore"):
        gruneisen = np.where(c_v > 1e-6, alpha * stiffness_j_per_mol / c_v, np.nan)
    return Expansion(
        form=form,
        temperatures_k=temperatures_k,
        volume_a3=volume,
        alpha_per_k=alpha,
        bulk_modulus_gpa=bulk,
        heat_capacity_v_j_per_mol_k=c_v,
        heat_capacity_p_j_per_mol_k=c_v + alpha**2 * stiffness_j_per_mol * temperatures_k,
        entropy_j_per_mol_k=_at_volume(
            volumes_a3, vibrations.entropy_j_per_mol_k[:count], volume
        ),
        gruneisen=gruneisen,
        parameters=np.array([fit.parameters for fit in fits]),
        fit_residual_ev=max(fit.residual_ev for fit in fits),
    )


def _alpha_per_k(
    form: str,
    volumes_a3: FloatArray,
    fits: list[EquationOfState],
    entropy_j_per_mol_k: FloatArray,
) -> FloatArray:
    """Rate d ln V₀/dT of the fits, from dG/dT = −S at each volume."""
    change_ev = -entropy_j_per_mol_k / _EV_IN_J_PER_MOL
    rates = [
        eos.volume_response(form, volumes_a3, fit.parameters, row) / fit.volume_a3
        for fit, row in zip(fits, change_ev, strict=False)
    ]
    return np.array(rates)


def _fits_within_range(
    volumes_a3: FloatArray, free_ev: FloatArray, form: str
) -> list[EquationOfState]:
    """Fit each temperature's row until the minimum leaves the sampled volumes."""
    fits: list[EquationOfState] = []
    for row in free_ev:
        try:
            fit = fit_equation_of_state(volumes_a3, row, form)
        except FitError:
            if len(fits) < MIN_TEMPERATURES:
                raise
            break
        if not volumes_a3.min() <= fit.volume_a3 <= volumes_a3.max():
            break
        fits.append(fit)
    if len(fits) < MIN_TEMPERATURES:
        raise FitError(
            "The equilibrium volume lies outside the sampled range "
            f"({volumes_a3.min():.3f} to {volumes_a3.max():.3f} Å³/atom) from the lowest "
            "temperatures on: the model's vibrations change this crystal's volume too much."
        )
    return fits


def _at_volume(volumes_a3: FloatArray, table: FloatArray, wanted_a3: FloatArray) -> FloatArray:
    """Interpolate each row of `table` (t, v) at its own volume by a parabola."""
    centre = volumes_a3.mean()
    rows = [
        np.polyval(np.polyfit(volumes_a3 - centre, row, 2), v - centre)
        for row, v in zip(table, wanted_a3, strict=True)
    ]
    return np.array(rows)


def linear_expansion(
    alpha_per_k: FloatArray,
    volume_a3: FloatArray,
    sampled_volume_a3: FloatArray,
    sampled_length_a: FloatArray,
) -> FloatArray:
    """Return the expansion of one lattice parameter, α_a = (d ln a/d ln V) α_V.

    The lattice follows the shape that minimises the static energy at each volume, so
    the vibrations act on the volume alone (quasistatic approximation).

    Parameters
    ----------
    alpha_per_k, volume_a3
        (t,): volume expansion and the volume itself.
    sampled_volume_a3, sampled_length_a
        (v,): lattice parameter at each sampled volume.
    """
    centre, fit = _log_length(sampled_volume_a3, sampled_length_a)
    slope = np.polyval(np.polyder(fit), np.log(volume_a3) - centre)
    return np.asarray(alpha_per_k * slope)


def length_at_volume(
    volume_a3: FloatArray, sampled_volume_a3: FloatArray, sampled_length_a: FloatArray
) -> FloatArray:
    """Return a lattice parameter at each volume, from those at the sampled ones."""
    centre, fit = _log_length(sampled_volume_a3, sampled_length_a)
    return np.asarray(np.exp(np.polyval(fit, np.log(volume_a3) - centre)))


def _log_length(volume_a3: FloatArray, length_a: FloatArray) -> tuple[float, FloatArray]:
    """Parabola of ln a about the mean of ln V, and that mean."""
    centre = float(np.log(volume_a3).mean())
    return centre, np.polyfit(np.log(volume_a3) - centre, np.log(length_a), 2)


def volume_offsets(count: int, lowest: float, highest: float) -> FloatArray:
    """Return evenly spaced relative volume changes, zero among them.

    Zero is the relaxed cell, whose phonons are known already, with neighbours at equal
    distance for the mode Grüneisen parameters.
    """
    step = (highest - lowest) / (count - 1)
    below = max(1, round(-lowest / step))
    return np.asarray((np.arange(count) - below) * step, dtype=float)
