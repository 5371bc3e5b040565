"""The same quantity by independent routes: do the results of one calculation agree?

Everything is computed from stored results, none of it is fitted to agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from properties.checks import Check
from properties.elasticity import christoffel
from properties.results import ElasticResult, PhononResult, PressureResult, ThermalResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from properties.results import StageResult

FloatArray = NDArray[np.float64]

SOUND_LIMIT = 0.05
BULK_LIMIT = 0.05
ZERO_POINT_LIMIT = 0.15
DEBYE_LIMIT = 0.1
HEAT_LIMIT = 0.01
STATES_LIMIT = 0.03
"""The density of states is kept on a grid that rounds off its sharpest peaks."""
GRUNEISEN_LIMIT = 0.15

LONG_WAVES = (0.04, 0.16)
"""Part of the highest frequency in which the density of states is fitted by powers of ν."""
MANY_PRESSURES = 3
BRANCHES = ("slow", "middle", "fast")


@dataclass(frozen=True)
class Route:
    """One way to a quantity.

    Attributes
    ----------
    name
        How the value was found.
    value
        In the unit of the comparison.
    deviation
        Relative to the first route; zero for that one itself.
    limit
        Largest deviation that passes; ``None`` where a difference is no fault.
    remark
        What to know about this route.
    """

    name: str
    value: float
    deviation: float = 0.0
    limit: float | None = None
    remark: str = ""

    @property
    def passed(self) -> bool | None:
        """The verdict, ``None`` without a limit."""
        return None if self.limit is None else bool(abs(self.deviation) <= self.limit)


@dataclass(frozen=True)
class Comparison:
    """One quantity by several routes, the first of which the others are compared with.

    Attributes
    ----------
    key, title, unit
        Stable name, name for people, and unit of all values.
    decimals
        How many are worth showing.
    """

    key: str
    title: str
    unit: str
    decimals: int
    routes: tuple[Route, ...]

    @property
    def check(self) -> Check:
        """All verdicts in one."""
        judged = [r for r in self.routes[1:] if r.passed is not None]
        worst = max(judged, key=lambda r: abs(r.deviation) / (r.limit or 1.0))
        passed = all(r.passed for r in judged)
        return Check(
            f"consistency_{self.key}",
            self.title,
            passed,
            f"{worst.name}: {worst.value:.{self.decimals}f} {self.unit}".rstrip()
            + f", {100 * worst.deviation:+.1f} % off “{self.routes[0].name}” "
            f"(limit {100 * (worst.limit or 0):g} %).",
        )


def comparisons(results: Mapping[str, StageResult]) -> tuple[Comparison, ...]:
    """Return every comparison that the results of one calculation allow."""
    elastic, phonons, thermal, sweep = (results.get(k) for k in _STAGES)
    elastic = elastic if isinstance(elastic, ElasticResult) and elastic.born_stable else None
    phonons = phonons if isinstance(phonons, PhononResult) and not phonons.imaginary else None
    thermal = thermal if isinstance(thermal, ThermalResult) else None
    sweep = sweep if isinstance(sweep, PressureResult) else None
    found = (
        _sound(elastic, phonons),
        _bulk(elastic, thermal, sweep),
        _debye(elastic, phonons),
        _heat(phonons),
        _states(phonons),
        _gruneisen(thermal),
    )
    return tuple(one for one in found if one is not None)


_STAGES = ("elastic", "phonons", "thermal", "elastic_pressure")


def _against(name: str, value: float, *others: Route) -> tuple[Route, ...]:
    """A reference and other routes, whose deviations are filled in; unknown values go."""
    compared = [
        Route(r.name, r.value, r.value / value - 1, r.limit, r.remark)
        for r in others
        if np.isfinite(r.value)
    ]
    return (Route(name, value), *compared)


def _comparison(
    key: str, title: str, unit: str, decimals: int, routes: tuple[Route, ...]
) -> Comparison | None:
    """A comparison, if there is something to judge."""
    judged = any(route.limit is not None for route in routes[1:])
    known = np.isfinite(routes[0].value)
    return Comparison(key, title, unit, decimals, routes) if judged and known else None


@dataclass(frozen=True)
class SoundRow:
    """One wave: its direction [uvw] in the conventional cell, and its two velocities."""

    uvw: tuple[int, ...]
    branch: str
    slope_km_per_s: float
    christoffel_km_per_s: float

    @property
    def deviation(self) -> float:
        """Slope of the phonon branch relative to the Christoffel velocity."""
        return self.slope_km_per_s / self.christoffel_km_per_s - 1


def sound_rows(elastic: ElasticResult, phonons: PhononResult) -> tuple[SoundRow, ...]:
    """Return the acoustic slopes at Γ beside the velocities from the elastic constants.

    Directions are turned from the frame of the primitive cell to the axes of the tensor.
    """
    if not phonons.direction_uvw.size:
        return ()
    directions = phonons.sound_direction
    exact = christoffel.phase_velocities_km_per_s(
        elastic.stiffness_gpa,
        elastic.density_kg_per_m3,
        directions @ elastic.ieee_rotation.T,
    )
    return tuple(
        SoundRow(tuple(uvw), name, float(slope), float(velocity))
        for uvw, slopes, velocities in zip(
            phonons.direction_uvw.tolist(), phonons.sound_speed_km_per_s, exact, strict=True
        )
        for name, slope, velocity in zip(BRANCHES, slopes, velocities, strict=True)
        if np.isfinite(slope) and np.isfinite(velocity)
    )


def _sound(elastic: ElasticResult | None, phonons: PhononResult | None) -> Comparison | None:
    """The wave that differs most, of all directions and branches."""
    rows = sound_rows(elastic, phonons) if elastic and phonons else ()
    if not rows:
        return None
    worst = max(rows, key=lambda row: abs(row.deviation))
    along = " ".join(map(str, worst.uvw))
    route = Route(
        "Slope of the phonon branch at Γ",
        worst.slope_km_per_s,
        limit=SOUND_LIMIT,
        remark=f"The largest difference of {len(rows)} waves: {worst.branch} along [{along}]. "
        "A short supercell cuts forces that long waves need: compare with a tighter preset",
    )
    routes = _against("Christoffel, from C_ij", worst.christoffel_km_per_s, route)
    return _comparison("sound", "Velocity of sound", "km/s", 3, routes)


def _bulk(
    elastic: ElasticResult | None, thermal: ThermalResult | None, sweep: PressureResult | None
) -> Comparison | None:
    others = []
    if thermal is not None:
        others = [
            Route(
                "Static equation of state", thermal.static_bulk_modulus_gpa, limit=BULK_LIMIT
            ),
            Route(
                "Quasiharmonic, T → 0",
                float(thermal.bulk_modulus_gpa[0]),
                limit=ZERO_POINT_LIMIT,
                remark="With zero-point motion, which softens by some percent",
            ),
        ]
    if sweep is not None and elastic is not None:
        value = bulk_from_pressures_gpa(
            sweep.pressures_gpa, sweep.volume_per_atom_a3, elastic.pressure_gpa
        )
        others.append(Route("−V dp/dV of relaxed cells", value, limit=BULK_LIMIT))
    if elastic is not None:
        moduli = elastic.moduli
        hill = Route(
            "C_ij, Hill", moduli.bulk_vrh_gpa, remark="Mean of a polycrystal; equal if cubic"
        )
        routes = _against("C_ij, Reuss", moduli.bulk_reuss_gpa, hill, *others)
    elif others:
        routes = _against(others[0].name, others[0].value, *others[1:])
    else:
        return None
    return _comparison("bulk", "Bulk modulus", "GPa", 1, routes)


def bulk_from_pressures_gpa(
    pressures_gpa: FloatArray, volume_a3: FloatArray, at_gpa: float
) -> float:
    """Return −dp/d ln V of cells relaxed under pressure; not-a-number if they are too few.

    From a parabola of ln V through the five pressures that are nearest; the pressure asked
    for must lie among them.
    """
    known = np.isfinite(volume_a3)
    pressures_gpa, volume_a3 = pressures_gpa[known], volume_a3[known]
    within = pressures_gpa.min() <= at_gpa <= pressures_gpa.max() if len(pressures_gpa) else 0
    if len(pressures_gpa) < MANY_PRESSURES or not within:
        return float("nan")
    near = np.argsort(np.abs(pressures_gpa - at_gpa))[:5]
    fit = np.polyfit(pressures_gpa[near] - at_gpa, np.log(volume_a3[near]), 2)
    return float(-1 / fit[1])


def _debye(elastic: ElasticResult | None, phonons: PhononResult | None) -> Comparison | None:
    routes = []
    if elastic is not None:
        exact = christoffel.debye_temperature_k(
            elastic.stiffness_gpa, elastic.density_kg_per_m3, elastic.volume_per_atom_a3
        )
        routes = [
            Route("Elastic, all directions", exact),
            Route(
                "Elastic, averaged moduli",
                elastic.debye_temperature_k,
                limit=DEBYE_LIMIT,
                remark="Anderson 1963; differs in anisotropic crystals",
            ),
        ]
    if phonons is not None:
        routes += [
            Route(
                "Density of states, ν → 0", debye_of_long_waves_k(phonons), limit=DEBYE_LIMIT
            ),
            Route(
                "Density of states, second moment",
                debye_of_second_moment_k(phonons),
                remark="Of all modes, as the heat capacity near room temperature sees them",
            ),
        ]
    if len(routes) < 2:
        return None
    return _comparison(
        "debye",
        "Debye temperature",
        "K",
        0,
        _against(routes[0].name, routes[0].value, *routes[1:]),
    )


def debye_of_long_waves_k(phonons: PhononResult) -> float:
    """Debye temperature of the density of states at low frequency, g(ν) = 9N ν²/ν_D³ + b ν⁴.

    The limit of the heat capacity at low temperature. Not-a-number where the states there
    are too few to tell.
    """
    nu, states = phonons.dos_frequency_thz, phonons.dos_per_thz
    low, high = (part * phonons.max_frequency_thz for part in LONG_WAVES)
    fitted = (nu > low) & (nu < high)
    if fitted.sum() < 5:
        return float("nan")
    powers = np.column_stack([nu[fitted] ** 2, nu[fitted] ** 4])
    cubic = float(np.linalg.lstsq(powers, states[fitted], rcond=None)[0][0])
    if cubic <= 0:
        return float("nan")
    return _kelvin((9 * phonons.n_atoms_primitive / cubic) ** (1 / 3))


def debye_of_second_moment_k(phonons: PhononResult) -> float:
    """Debye temperature with the second moment of the spectrum, ν_D² = 5/3 ⟨ν²⟩."""
    nu, states = phonons.dos_frequency_thz, np.maximum(phonons.dos_per_thz, 0.0)
    square = np.trapezoid(states * nu**2, nu) / np.trapezoid(states, nu)
    return _kelvin(float(np.sqrt(5 / 3 * square)))


def _kelvin(frequency_thz: float) -> float:
    return float(constants.h * 1e12 / constants.k * frequency_thz)


def _heat(phonons: PhononResult | None) -> Comparison | None:
    """C_V at the highest temperature against 3R less the first quantum correction."""
    if phonons is None:
        return None
    kelvin = float(phonons.temperatures_k[-1])
    part = (debye_of_second_moment_k(phonons) / kelvin) ** 2 / 20
    per_atom = float(phonons.heat_capacity_j_per_mol_k[-1]) / phonons.n_atoms_primitive
    classical = 3 * constants.R
    routes = _against(
        "3R [1 − (Θ/T)²/20], Dulong–Petit",
        classical * (1 - part),
        Route(
            f"C_V at {kelvin:.0f} K",
            per_atom,
            limit=HEAT_LIMIT + 2 * part**2,
            remark=f"{100 * per_atom / classical:.1f} % of 3R",
        ),
    )
    return _comparison("heat", "Heat capacity of hot atoms", "J/(mol atoms K)", 3, routes)


def _states(phonons: PhononResult | None) -> Comparison | None:
    if phonons is None:
        return None
    total = float(np.trapezoid(phonons.dos_per_thz, phonons.dos_frequency_thz))
    routes = _against(
        "3 × atoms of the primitive cell",
        3.0 * phonons.n_atoms_primitive,
        Route("Integral of the density of states", total, limit=STATES_LIMIT),
    )
    return _comparison("states", "Number of modes", "", 2, routes)


def _gruneisen(thermal: ThermalResult | None) -> Comparison | None:
    if thermal is None or not thermal.gruneisen_mode_mean.size:
        return None
    kelvin = min(300.0, thermal.valid_up_to_k)
    mean = float(np.interp(kelvin, thermal.temperatures_k, thermal.gruneisen_mode_mean))
    routes = _against(
        "Mean of the modes, weighted by C_V",
        mean,
        Route(
            f"α V B/C_V at {kelvin:.0f} K",
            thermal.gruneisen,
            limit=GRUNEISEN_LIMIT * max(1.0, 0.1 / max(abs(mean), 1e-3)),
        ),
    )
    return _comparison("gruneisen", "Grüneisen parameter", "", 3, routes)
