"""Series of cubic tensors made of straight lines: for tests of drawing only."""

from __future__ import annotations

import numpy as np

from properties.checks import Check
from properties.elasticity.series import PressureResult, SpreadResult
from tests.pages.sample import stiffness

PRESSURES = np.array([-20.0, 0.0, 10.0, 22.0])


def swept() -> PressureResult:
    """C44 ends at 15 GPa; at −20 GPa there is nothing."""
    tensors = np.array(
        [stiffness(150.0 + 5 * p, 70.0 + 4 * p, 60.0 - 4 * p) for p in PRESSURES]
    )
    tensors[0] = np.nan
    known = np.isfinite(tensors[:, 0, 0])
    return PressureResult(
        pressures_gpa=PRESSURES,
        start_pressure_gpa=0.0,
        volume_per_atom_a3=np.where(known, 20.0 - 0.1 * PRESSURES, np.nan),
        density_kg_per_m3=np.where(known, 2300.0, np.nan),
        stiffness_gpa=tensors,
        stiffness_clamped_gpa=tensors,
        softest_ev_per_a2=np.where(known, 10.0, np.nan),
        laue_class="m-3m",
        problems=("The cell reached 5 times its volume.", "", "", ""),
        checks=(Check("pressure_points", "All pressures", False, "-20 GPa: the cell burst."),),
    )


def spread() -> SpreadResult:
    """Two models a quarter apart, and one that is missing."""
    one = stiffness(160.0, 64.0, 80.0)
    return SpreadResult(
        models=("sevennet-0", "chgnet-0.3.0", "sevennet-l3i5"),
        functionals=("PBE", "PBE", "PBE"),
        stiffness_gpa=np.array([one, 1.25 * one, np.full((6, 6), np.nan)]),
        volume_per_atom_a3=np.array([20.0, 20.5, np.nan]),
        laue_class="m-3m",
        problems=("", "", "It is not installed."),
        checks=(Check("models_all", "All models", False, "l3i5: it is not installed."),),
    )
