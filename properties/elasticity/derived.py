"""Catalogue of what follows from an elastic tensor: value, unit, formula and source of each.

Formulas are the right-hand sides of the symbols in the labels, as LaTeX without dollar
signs, in the small dialect that KaTeX renders.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from properties.elasticity import anisotropy, christoffel, directions, empirical
from properties.elasticity import moduli as averaging
from properties.elasticity.moduli import Moduli
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]

GROUPS = ("Moduli", "Ductility", "Anisotropy", "Sound", "Heat", "Hardness")

_UNSTABLE = "Not defined here: the tensor is not positive definite."
_OUTSIDE = "Not defined here: the values lie outside the range of the formula."


@dataclass(frozen=True)
class Derived(Frozen):
    """One derived property.

    Attributes
    ----------
    key
        Stable name, such as ``bulk_hill``.
    label
        Name with its symbol.
    value
        In `unit`; not-a-number where it is not defined, and the note then says why.
    unit
        Empty for pure numbers.
    decimals
        Digits after the point that are worth showing.
    formula
        LaTeX without dollar signs.
    note
        One or two sentences: source with year, and what it assumes.
    group
        One of :data:`GROUPS`.
    """

    key: str
    label: str
    value: float
    unit: str
    decimals: int
    formula: str
    note: str
    group: str


@dataclass(frozen=True)
class _Solid:
    """Everything that the formulas need, computed once."""

    stiffness_gpa: FloatArray
    laue_class: str
    density_kg_per_m3: float | None
    volume_per_atom_a3: float | None
    stable: bool
    moduli: Moduli
    pressure_gpa: float

    @property
    def longitudinal_km_per_s(self) -> float:
        m = self.moduli.bulk_vrh_gpa + 4 / 3 * self.moduli.shear_vrh_gpa
        return self._speed(m)

    @property
    def transverse_km_per_s(self) -> float:
        return self._speed(self.moduli.shear_vrh_gpa)

    def _speed(self, modulus_gpa: float) -> float:
        if self.density_kg_per_m3 is None or not modulus_gpa >= 0:
            return float("nan")
        return float(np.sqrt(modulus_gpa * 1e9 / self.density_kg_per_m3) * 1e-3)


def derived(
    stiffness_gpa: FloatArray,
    laue_class: str | None = None,
    density_kg_per_m3: float | None = None,
    volume_per_atom_a3: float | None = None,
    pressure_gpa: float = 0.0,
) -> tuple[Derived, ...]:
    """Derive everything that the given data allow.

    Parameters
    ----------
    stiffness_gpa
        Shape (6, 6), in the standard axes of the Laue class.
    laue_class
        Decides which class-dependent measures are defined; ``None`` is taken as "-1".
    density_kg_per_m3, volume_per_atom_a3
        Without the density there are no sound velocities, without both no Debye
        temperature and no thermal conductivity.
    pressure_gpa
        Under which the tensor holds. Correlations fitted to measurements without pressure
        are left out if there is one.

    Returns
    -------
    In the order of :data:`GROUPS`. An unstable tensor keeps the few values that still have
    a meaning; the others are not-a-number.
    """
    stable = averaging.is_stable(stiffness_gpa)
    found = averaging.averages(stiffness_gpa)
    solid = _Solid(
        np.asarray(stiffness_gpa, dtype=float),
        laue_class or "-1",
        density_kg_per_m3,
        volume_per_atom_a3,
        stable,
        found,
        pressure_gpa,
    )
    parts = [_moduli, _ductility, _anisotropy, _sound, _heat, _hardness]
    if pressure_gpa:
        parts.remove(_hardness)
    return tuple(_explained(one, stable) for part in parts for one in part(solid))


def _explained(one: Derived, stable: bool) -> Derived:
    if np.isfinite(one.value):
        return one
    reason = _OUTSIDE if stable else _UNSTABLE
    return dataclasses.replace(one, value=float("nan"), note=f"{one.note} {reason}")


def _moduli(solid: _Solid) -> list[Derived]:
    m = solid.moduli
    hill = r"\tfrac12 ({0}_V + {0}_R)"
    rows = [
        ("bulk_voigt", "Bulk modulus B_V (Voigt)", m.bulk_voigt_gpa,
         r"\tfrac19 [C_{11} + C_{22} + C_{33} + 2 (C_{12} + C_{13} + C_{23})]",
         "Upper bound: the strain is the same in all grains (Voigt 1928)."),
        ("bulk_reuss", "Bulk modulus B_R (Reuss)", m.bulk_reuss_gpa,
         r"[S_{11} + S_{22} + S_{33} + 2 (S_{12} + S_{13} + S_{23})]^{-1}",
         "Lower bound: the stress is the same in all grains (Reuss 1929). Also that of the "
         "single crystal under hydrostatic pressure."),
        ("bulk_hill", "Bulk modulus B (Hill)", m.bulk_vrh_gpa, hill.format("B"),
         "Mean of the two bounds (Hill 1952)."),
        ("shear_voigt", "Shear modulus G_V (Voigt)", m.shear_voigt_gpa,
         r"\tfrac1{15} [C_{11} + C_{22} + C_{33} - C_{12} - C_{13} - C_{23}"
         r" + 3 (C_{44} + C_{55} + C_{66})]",
         "Upper bound: the strain is the same in all grains (Voigt 1928)."),
        ("shear_reuss", "Shear modulus G_R (Reuss)", m.shear_reuss_gpa,
         r"15 [4 (S_{11} + S_{22} + S_{33} - S_{12} - S_{13} - S_{23})"
         r" + 3 (S_{44} + S_{55} + S_{66})]^{-1}",
         "Lower bound: the stress is the same in all grains (Reuss 1929)."),
        ("shear_hill", "Shear modulus G (Hill)", m.shear_vrh_gpa, hill.format("G"),
         "Mean of the two bounds (Hill 1952)."),
        ("young", "Young's modulus E", m.young_vrh_gpa, r"\frac{9 B G}{3 B + G}", _ISOTROPIC),
        ("lame", "Lamé constant λ", m.bulk_vrh_gpa - 2 / 3 * m.shear_vrh_gpa,
         r"B - \tfrac23 G", _ISOTROPIC),
        ("p_wave", "P-wave modulus M", m.bulk_vrh_gpa + 4 / 3 * m.shear_vrh_gpa,
         r"B + \tfrac43 G", _ISOTROPIC),
    ]  # fmt: skip
    found = [Derived(k, label, v, "GPa", 1, f, note, "Moduli") for k, label, v, f, note in rows]
    poisson = r"\frac{3 B - 2 G}{2 (3 B + G)}"
    note = _ISOTROPIC
    row = Derived("poisson", "Poisson's ratio ν", m.poisson_vrh, "", 3, poisson, note, "Moduli")
    return [*found[:7], row, *found[7:]]


_ISOTROPIC = "Of an isotropic polycrystal with the Hill averages B and G."


def _ductility(solid: _Solid) -> list[Derived]:
    m = solid.moduli
    pugh = Derived(
        "pugh",
        "Pugh ratio B/G",
        m.bulk_vrh_gpa / m.shear_vrh_gpa,
        "",
        3,
        r"B / G",
        "Above about 1.75 metals tend to be ductile, below it brittle (Pugh 1954); an "
        "empirical rule.",
        "Ductility",
    )
    note = (
        "Zero if atoms at centres of symmetry attract by central forces; positive values go "
        "with metallic, negative with directional bonding (Pettifor 1992)."
    )
    pressures = anisotropy.cauchy_pressures(
        solid.stiffness_gpa, solid.laue_class, solid.pressure_gpa
    )
    return [
        pugh,
        *(
            Derived(i.key, i.symbol, i.value, "GPa", 1, i.formula, note, "Ductility")
            for i in pressures
        ),
    ]


def _anisotropy(solid: _Solid) -> list[Derived]:
    m, nan = solid.moduli, float("nan")
    low, high = directions.extremes(solid.stiffness_gpa, directions.Quantity.YOUNG)
    bulk = anisotropy.percent(m.bulk_voigt_gpa, m.bulk_reuss_gpa)
    shear = anisotropy.percent(m.shear_voigt_gpa, m.shear_reuss_gpa)
    percents = r"100\,\frac{{{0}_V - {0}_R}}{{{0}_V + {0}_R}}"
    rows = [
        ("universal_anisotropy", "Universal anisotropy A^U", m.universal_anisotropy, "", 3,
         r"5 \frac{G_V}{G_R} + \frac{B_V}{B_R} - 6",
         "Zero if isotropic (Ranganathan & Ostoja-Starzewski 2008)."),
        ("log_euclidean_anisotropy", "Log-Euclidean anisotropy A^L",
         anisotropy.log_euclidean(m), "", 3,
         r"\sqrt{\ln^2 \frac{B_V}{B_R} + 5 \ln^2 \frac{G_V}{G_R}}",
         "Zero if isotropic; comparable between any two crystals (Kube 2016)."),
        ("bulk_anisotropy", "Percent anisotropy A_B", bulk, "%", 2, percents.format("B"),
         "In compression; zero if isotropic (Chung & Buessem 1967)."),
        ("shear_anisotropy", "Percent anisotropy A_G", shear, "%", 2, percents.format("G"),
         "In shear; zero if isotropic (Chung & Buessem 1967)."),
        ("young_ratio", "Largest over smallest Young's modulus", high.value / low.value,
         "", 3, r"E_{\max} / E_{\min}", "Over all directions of the single crystal."),
    ]  # fmt: skip
    found = [Derived(*row, "Anisotropy") for row in rows]
    ratios = anisotropy.zener_ratios(solid.stiffness_gpa, solid.laue_class)
    note = {
        True: "Shear stiffness on (100) over that on (110); 1 if isotropic (Zener 1948).",
        False: "Counterpart of the Zener ratio; 1 if isotropic (Ravindran et al. 1998).",
    }[solid.laue_class in anisotropy.CUBIC]
    return found + [
        Derived(
            i.key,
            i.symbol,
            i.value if solid.stable else nan,
            "",
            3,
            i.formula,
            note,
            "Anisotropy",
        )
        for i in ratios
    ]


def _sound(solid: _Solid) -> list[Derived]:
    if solid.density_kg_per_m3 is None:
        return []
    v_l, v_t = solid.longitudinal_km_per_s, solid.transverse_km_per_s
    mean = (3 / (1 / v_l**3 + 2 / v_t**3)) ** (1 / 3)
    exact = christoffel.mean_velocity_km_per_s(solid.stiffness_gpa, solid.density_kg_per_m3)
    rows = [
        ("velocity_longitudinal", "Longitudinal sound velocity v_l", v_l,
         r"\sqrt{(B + \tfrac43 G) / \rho}", _ISOTROPIC),
        ("velocity_transverse", "Transverse sound velocity v_t", v_t,
         r"\sqrt{G / \rho}", _ISOTROPIC),
        ("velocity_mean", "Mean sound velocity v_m", mean,
         r"\left[\tfrac13 (v_l^{-3} + 2 v_t^{-3})\right]^{-1/3}",
         "From the averaged moduli (Anderson 1963)."),
        ("velocity_mean_exact", "Mean sound velocity v_D over all directions", exact,
         r"\left[\tfrac13 \sum_{j=1}^{3} \int v_j(\mathbf n)^{-3}"
         r" \frac{d\Omega}{4\pi}\right]^{-1/3}",
         "Debye's mean, with the Christoffel velocities of the single crystal."),
    ]  # fmt: skip
    return [Derived(k, label, v, "km/s", 3, f, note, "Sound") for k, label, v, f, note in rows]


def _heat(solid: _Solid) -> list[Derived]:
    rows = []
    if solid.density_kg_per_m3 is not None and solid.volume_per_atom_a3 is not None:
        rows = _heat_with_atoms(solid, solid.density_kg_per_m3, solid.volume_per_atom_a3)
    if solid.laue_class in anisotropy.CUBIC and not solid.pressure_gpa:
        note = (
            "Correlation of cubic metals, ± 300 K (Fine, Brown & Marcus 1984); empirical, "
            "and no guide for other solids."
        )
        value = empirical.melting_fine_k(float(solid.stiffness_gpa[0, 0]))
        row = (
            "melting_fine",
            "Melting temperature (Fine)",
            value if solid.stable else float("nan"),
            "K",
            0,
            r"553\,\mathrm{K} + 5.91\,\tfrac{\mathrm{K}}{\mathrm{GPa}}\, C_{11}",
            note,
        )
        rows = [*rows, row]
    return [Derived(*row, "Heat") for row in rows]


def _heat_with_atoms(
    solid: _Solid, density: float, volume_a3: float
) -> list[tuple[str, str, float, str, int, str, str]]:
    c, debye = solid.stiffness_gpa, r"\frac{\hbar}{k_B} \left(6 \pi^2 n\right)^{1/3} "
    clarke = empirical.conductivity_clarke_w_per_m_k(
        solid.moduli.young_vrh_gpa, density, volume_a3
    )
    cahill = empirical.conductivity_cahill_w_per_m_k(
        solid.longitudinal_km_per_s, solid.transverse_km_per_s, volume_a3
    )
    floor = "Floor that disorder may lower the lattice conductivity to at high temperature"
    return [
        ("debye_anderson", "Debye temperature Θ (Anderson)",
         averaging.debye_temperature_k(c, density, volume_a3), "K", 0, debye + "v_m",
         "From the averaged moduli; n atoms per volume (Anderson 1963)."),
        ("debye_exact", "Debye temperature Θ (all directions)",
         christoffel.debye_temperature_k(c, density, volume_a3), "K", 0, debye + "v_D",
         "The limit of the heat capacity at low temperature, from the Christoffel "
         "velocities of the single crystal."),
        ("conductivity_clarke", "Minimum thermal conductivity κ (Clarke)", clarke,
         "W/m/K", 2, r"0.87\, k_B\, \bar M^{-2/3} E^{1/2} \rho^{1/6}",
         f"{floor}; M is the mean mass of an atom (Clarke 2003). An estimate."),
        ("conductivity_cahill", "Minimum thermal conductivity κ (Cahill)", cahill,
         "W/m/K", 2, r"\tfrac12 \left(\tfrac{\pi}{6}\right)^{1/3} k_B n^{2/3} (v_l + 2 v_t)",
         f"{floor}; n atoms per volume (Cahill, Watson & Pohl 1992). An estimate."),
    ]  # fmt: skip


def _hardness(solid: _Solid) -> list[Derived]:
    b, g = solid.moduli.bulk_vrh_gpa, solid.moduli.shear_vrh_gpa
    rows = [
        ("hardness_chen", "Vickers hardness H (Chen)", empirical.hardness_chen_gpa(b, g),
         r"2 \left[(G/B)^2\, G\right]^{0.585} - 3",
         "Empirical (Chen, Niu, Li & Li 2011); negative, and so left out, for soft solids."),
        ("hardness_tian", "Vickers hardness H (Tian)", empirical.hardness_tian_gpa(b, g),
         r"0.92\, (G/B)^{1.137}\, G^{0.708}",
         "Empirical (Tian, Xu & Zhao 2012); the model of Chen without its constant."),
        ("hardness_teter", "Vickers hardness H (Teter)", empirical.hardness_teter_gpa(g),
         r"0.151\, G", "Empirical, for hard solids (Teter 1998)."),
    ]  # fmt: skip
    return [
        Derived(k, label, v, "GPa", 1, f, note, "Hardness") for k, label, v, f, note in rows
    ]
