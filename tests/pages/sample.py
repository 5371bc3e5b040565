"""Results made of closed formulas, shaped like those of a diamond-structure crystal.

They are for tests of drawing only: no potential made these numbers.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from ase.build import bulk

from properties import symmetry
from properties.checks import Check
from properties.crystal import Crystal
from properties.results import (
    ElasticResult,
    PhononResult,
    RelaxResult,
    StageResult,
    ThermalResult,
)
from properties.vibrations.phonon_result import GammaMode
from properties.vibrations.thermal_result import OtherFit

KELVIN = np.linspace(0, 900, 91)
LATTICE_A = 5.43
PASSED = Check(
    "fine", "Supercell", True, "The supercell's shortest vector is 11.5 Å (10 Å asked)."
)


def crystal() -> Crystal:
    """Silicon in its primitive cell."""
    return symmetry.analyse(Crystal.from_atoms(bulk("Si", a=LATTICE_A))).primitive


def provenance(**model: str) -> dict[str, Any]:
    """What a pipeline writes about model, settings and versions; `model` changes entries."""
    known = {
        "name": "sevennet-0",
        "sha256": "0123456789abcdef",
        "engine": "lattice-lab/avx512",
        "dtype": "float64",
        "device": "cpu",
    }
    return {
        "model": {**known, **model},
        "spec": {"preset": "quick", "pressure_gpa": 0.0},
        "versions": {"lattice-lab": "0.1.0", "sevenn": "0.13.0"},
    }


def relax() -> RelaxResult:
    """A relaxation in eight geometric steps."""
    steps = np.arange(8)
    cubic = dict(zip(("a", "b", "c"), [LATTICE_A] * 3, strict=True))
    lattice = {**cubic, "alpha": 90.0, "beta": 90.0, "gamma": 90.0}
    found = symmetry.analyse(crystal())
    volume = crystal().volume_a3 / 2
    return RelaxResult(
        converged=True,
        energy_per_atom_ev=-5.42,
        volume_per_atom_a3=volume,
        lattice=lattice,
        max_force_ev_per_a=1e-5,
        max_stress_gpa=0.004,
        pressure_gpa=0.0,
        primitive=found.primitive,
        conventional=found.conventional,
        space_group_number=227,
        space_group_symbol="Fd-3m",
        initial_lattice=lattice,
        initial_volume_per_atom_a3=volume * 0.98,
        history_energy_per_atom_ev=-5.42 + 0.02 * 4.0**-steps,
        history_max_force_ev_per_a=0.1 * 3.0**-steps,
        history_max_stress_gpa=2.0 * 3.0**-steps,
        checks=(Check("converged", "Converged", True, "The largest force is 1e-5 eV/Å."),),
    )


def stiffness(c11: float, c12: float, c44: float) -> np.ndarray:
    """A cubic stiffness tensor in GPa."""
    tensor = np.diag([c11 - c12] * 3 + [c44] * 3)
    tensor[:3, :3] += c12
    return tensor


def elastic(*, stable: bool = True) -> ElasticResult:
    """A cubic tensor, with finite-strain values 0.1 % and 0.4 % away from it."""
    relaxed = stiffness(154.3, 69.7 if stable else 180.0, 57.9)
    clamped = stiffness(154.3, 69.7, 77.9)
    strain = np.linspace(-0.006, 0.006, 7)
    curvature = np.array([[38.0, 38.0], [19.5, 14.5]])
    energies = curvature[:, :, None] * strain**2 / 2
    columns = np.array([0, 3])
    return ElasticResult(
        stiffness_gpa=relaxed,
        stiffness_clamped_gpa=clamped,
        method="second derivatives",
        laue_class="m-3m",
        independent_constants={"C11": 154.3, "C12": relaxed[0, 1], "C44": 57.9},
        symmetry_residual_gpa=0.002,
        finite_strains=np.array([0.002, 0.004]),
        finite_strain_stiffness_gpa=np.array([relaxed * 1.001, relaxed * 1.004]),
        finite_strain_stiffness_clamped_gpa=np.array([clamped * 1.001, clamped * 1.004]),
        finite_strain_max_deviation_gpa=0.62,
        strain_energy_strain=strain,
        strain_energy_voigt=np.array([0, 3]),
        strain_energy_clamped_ev=energies[:, 0],
        strain_energy_relaxed_ev=energies[:, 1],
        strain_energy_curvature_ev=curvature,
        strain_stress_clamped_gpa=clamped[columns][:, None, :] * strain[:, None],
        strain_stress_relaxed_gpa=relaxed[columns][:, None, :] * strain[:, None],
        ieee_rotation=np.eye(3),
        ieee_rotation_from_input=np.eye(3)[[1, 2, 0]],
        orientation="x ∥ a, y ∥ b, z ∥ c",
        density_kg_per_m3=crystal().density_kg_per_m3,
        volume_per_atom_a3=crystal().volume_a3 / 2,
        pressure_gpa=0.0,
        checks=(
            Check(
                "born_stable",
                "Elastic stability",
                stable,
                "The smallest eigenvalue of the stiffness is "
                + ("57.9 GPa; it must be positive." if stable else "-25.7 GPa, below zero."),
            ),
        ),
    )


def phonons(*, imaginary: bool = False) -> PhononResult:
    """Six bands: three of a nearest-neighbour lattice, three mirrored above them."""
    path = symmetry.band_path(crystal())
    lines = [np.linspace(path.points[a], path.points[b], 31) for a, b in path.segments]
    reciprocal = np.linalg.inv(crystal().lattice_a).T
    lengths = [np.linalg.norm((line[-1] - line[0]) @ reciprocal) for line in lines]
    ends = np.cumsum([0.0, *lengths])
    qpoints = np.concatenate(lines)
    fractions = np.linspace(0, 1, 31)
    distance = np.concatenate(
        [start + length * fractions for start, length in zip(ends, lengths, strict=False)]
    )
    wave = np.sqrt(np.sum(np.sin(np.pi * qpoints) ** 2, axis=1) / 3)
    bands = [scale * wave for scale in (4.2, 5.0, 10.5)] + [
        12.5 - s * wave for s in (0.8, 1.5, 3)
    ]
    frequency = np.sort(np.stack(bands, axis=1), axis=1)
    if imaginary:
        frequency[:, 0] -= 9 * wave**2
    axis = np.linspace(0, 13, 261)
    dos = np.exp(-((axis[:, None] - np.array([3.5, 9.0, 12.0])) ** 2)).sum(axis=1)
    x = np.maximum(KELVIN, 1e-3) / 140
    heat = 6 * 8.314 * x**3 / (x**3 + 1)
    return PhononResult(
        supercell_matrix=3 * np.eye(3, dtype=int),
        supercell_length_a=11.5,
        supercell_length_wanted_a=10.0,
        supercell_n_atoms=54,
        n_displacements=1,
        n_atoms_primitive=2,
        band_distance=distance,
        band_qpoints=qpoints,
        band_frequency_thz=frequency,
        band_segment_start=31 * np.arange(len(lines)),
        band_tick_distance=ends,
        band_tick_label=_tick_labels(path.segments),
        gamma_frequencies_thz=np.array([0, 0, 0, 12.5, 12.5, 12.5]),
        dos_frequency_thz=axis,
        dos_per_thz=6 * dos / np.trapezoid(dos, axis),
        max_frequency_thz=12.5,
        min_frequency_thz=float(frequency.min()),
        imaginary=imaginary,
        temperatures_k=KELVIN,
        free_energy_kj_per_mol=12 - 1e-5 * KELVIN**2,
        entropy_j_per_mol_k=np.cumsum(heat) / 40,
        heat_capacity_j_per_mol_k=heat,
        zero_point_energy_kj_per_mol=11.8,
        acoustic_sum_rule_residual_thz=0.012,
        checks=(
            PASSED,
            Check(
                "real_modes",
                "Dynamical stability",
                not imaginary,
                f"The lowest frequency is {frequency.min():.2f} THz.",
            ),
        ),
    )


def phonons_with_modes() -> PhononResult:
    """The same with what newer calculations keep: eigenvectors, speeds, symmetry at Γ."""
    result = phonons()
    count, bands = result.band_frequency_thz.shape
    kept = np.arange(0, count, 5)
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(len(kept), bands, bands)) + 1j * rng.normal(
        size=(len(kept), bands, bands)
    )
    share = (1 + np.sin(result.dos_frequency_thz)) / 2
    return replace(
        result,
        band_eigenvectors=np.linalg.qr(raw)[0].astype(np.complex64),
        band_eigenvector_index=kept,
        band_group_speed_km_per_s=np.abs(8 * np.cos(result.band_frequency_thz / 4)),
        projected_dos_per_thz=result.dos_per_thz * np.stack([share, 1 - share]),
        gamma_modes=(
            GammaMode(0.0, (0, 1, 2), "T1u", False, False, True),
            GammaMode(12.5, (3, 4, 5), "T2g", True, False, False),
        ),
    )


def _tick_labels(segments: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    names = [segments[0][0]]
    for (_, end), (start, _) in itertools.pairwise(segments):
        names.append(end if end == start else f"{end}|{start}")
    names.append(segments[-1][1])
    return tuple(name.replace("GAMMA", "Γ") for name in names)


def thermal() -> ThermalResult:
    """An Einstein-like expansion that is sampled up to 900 K."""
    path = phonons()
    bands = path.band_frequency_thz
    x = np.maximum(KELVIN, 1e-3) / 200
    occupied = x**3 / (1 + x**3)
    volume = 20.0 + 2e-4 * KELVIN * occupied
    volumes = np.linspace(19.4, 21.2, 5)
    kelvin = np.array([0.0, 300.0, 600.0, 900.0])
    static = 0.003 * (volumes - 20.0) ** 2 - 5.42
    lowest = static.min() - 1e-7 * KELVIN**2 * 2
    columns = np.broadcast_arrays(lowest, 0.6 - 5e-5 * KELVIN, 4.5, volume)
    parameters = np.column_stack(columns)
    return ThermalResult(
        temperatures_k=KELVIN,
        volume_per_atom_a3=volume,
        alpha_volume_per_k=8e-6 * occupied,
        alpha_linear_per_k=dict.fromkeys("abc", 8e-06 / 3 * occupied),
        bulk_modulus_gpa=95 - 0.01 * KELVIN,
        heat_capacity_p_j_per_mol_atoms_k=25.2 * occupied,
        heat_capacity_v_j_per_mol_atoms_k=24.9 * occupied,
        gruneisen_thermodynamic=0.3 + 0.4 * occupied,
        gruneisen=0.61,
        valid_up_to_k=900.0,
        validity_reason="At 910 K the volume leaves the sampled range.",
        sampled_volume_per_atom_a3=volumes,
        sampled_energy_per_atom_ev=static,
        sampled_lattice=dict.fromkeys("abc", (8 * volumes) ** (1 / 3)),
        sampled_min_frequency_thz=np.zeros(5),
        static_bulk_modulus_gpa=96.0,
        free_energy_temperatures_k=kelvin,
        free_energy_per_atom_ev=static - 1e-7 * kelvin[:, None] ** 2 * (1 + 0.05 * volumes),
        band_gruneisen=np.where(bands > 0.3, 1.2 - 2.0 * np.exp(-bands / 4), np.nan),
        band_gruneisen_frequency_thz=bands,
        band_gruneisen_distance=path.band_distance,
        eos="vinet",
        eos_alpha_deviation_per_k=2e-8,
        checks=(Check("eos_fit", "Equation of state", True, "The fit is good to 0.02 meV."),),
        entropy_j_per_mol_atoms_k=0.02 * KELVIN * occupied,
        lattice_a=dict.fromkeys("abc", (8 * volume) ** (1 / 3)),
        eos_parameters=parameters,
        other_fit=OtherFit(
            "birch_murnaghan",
            KELVIN,
            volume * 1.00001,
            8.2e-6 * occupied,
            94.5 - 0.01 * KELVIN,
            parameters,
        ),
        axis_method="equal by symmetry",
        alpha_quasistatic_per_k=dict.fromkeys("abc", 8e-06 / 3 * occupied),
        mesh_frequency_thz=bands[::7],
        mesh_gruneisen=np.where(bands > 0.3, 1.2 - 2.0 * np.exp(-bands / 4), np.nan)[::7],
        mesh_weight=1.0 + np.arange(len(bands[::7])) % 4,
        gruneisen_mode_mean=0.32 + 0.4 * occupied,
        band_volume_frequency_thz=np.array([bands * (20 / v) for v in volumes]),
        debye_temperature_k=520.0,
    )


def all_stages() -> dict[str, StageResult]:
    """One result a stage."""
    return {
        "relax": relax(),
        "elastic": elastic(),
        "phonons": phonons(),
        "thermal": thermal(),
    }
