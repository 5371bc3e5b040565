"""Frozen results of elastic tensors in series: under pressure, and from several models.

Voigt order xx yy zz yz xz xy; entries that could not be computed are not-a-number, and
`problems` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.elasticity import laue, moduli, stability
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PressureResult(Frozen):
    """Stress–strain (Birch) coefficients of the crystal relaxed at each pressure.

    Attributes
    ----------
    pressures_gpa
        Rising, (k,). Every array below begins with this axis.
    start_pressure_gpa
        The pressure of the job, from which the crystal was compressed and stretched.
    volume_per_atom_a3, density_kg_per_m3
        (k,).
    stiffness_gpa, stiffness_clamped_gpa
        Relaxed and clamped ions, (k, 6, 6), all in the axes that the crystal has at the
        first pressure.
    softest_ev_per_a2
        Smallest internal force constant, (k,).
    problems
        What was wrong at each pressure, a sentence or nothing.
    """

    pressures_gpa: FloatArray
    start_pressure_gpa: float
    volume_per_atom_a3: FloatArray
    density_kg_per_m3: FloatArray
    stiffness_gpa: FloatArray
    stiffness_clamped_gpa: FloatArray
    softest_ev_per_a2: FloatArray
    laue_class: str
    problems: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def constants_gpa(self) -> dict[str, FloatArray]:
        """The independent constants by name, each (k,)."""
        return laue.named_constants(self.stiffness_gpa, self.laue_class)

    @property
    def moduli(self) -> list[moduli.Moduli]:
        """Averages at each pressure."""
        return [moduli.averages(tensor) for tensor in self.stiffness_gpa]

    @property
    def lowest_eigenvalue_gpa(self) -> FloatArray:
        """Smallest eigenvalue of the coefficients, (k,); negative where unstable."""
        return np.array([_lowest(tensor) for tensor in self.stiffness_gpa])

    @property
    def unstable_ranges_gpa(self) -> list[tuple[float, float]]:
        """Pressures at which the crystal is unstable, elastically or by its ions.

        Between neighbours the tensors and the softest force constant are interpolated
        linearly. A pressure without a result is not bridged.
        """
        margins = self._margins()
        ranges: list[tuple[float, float]] = []
        for k, margin in enumerate(margins):
            if margin > 0 or np.isnan(margin):
                continue
            pressure = float(self.pressures_gpa[k])
            before = self._end(k, k - 1, margins) if k else pressure
            after = self._end(k, k + 1, margins) if k + 1 < len(margins) else pressure
            if ranges and ranges[-1][1] == before:
                before, _ = ranges.pop()
            ranges.append((before, after))
        return ranges

    def _margins(self) -> FloatArray:
        """Smaller of the smallest eigenvalue and the softest force constant, (k,)."""
        softest = np.nan_to_num(self.softest_ev_per_a2, nan=np.inf)
        return np.minimum(self.lowest_eigenvalue_gpa, softest)

    def _end(self, unstable: int, neighbour: int, margins: FloatArray) -> float:
        """Where stability begins between an unstable pressure and one beside it."""
        here, there = self.pressures_gpa[[unstable, neighbour]]
        if np.isnan(margins[neighbour]):
            return float(here)
        if margins[neighbour] <= 0:
            return float((here + there) / 2)
        part = max(
            self._elastic_part(unstable, neighbour), self._ionic_part(unstable, neighbour)
        )
        return float((1 - part) * here + part * there)

    def _elastic_part(self, unstable: int, neighbour: int) -> float:
        """Fraction of the way to the neighbour at which the tensor turns stable."""
        from scipy.optimize import brentq  # half a second to import

        a, b = self.stiffness_gpa[[unstable, neighbour]]
        if _lowest(a) > 0:
            return 0.0
        return float(brentq(lambda t: _lowest((1 - t) * a + t * b), 0.0, 1.0))

    def _ionic_part(self, unstable: int, neighbour: int) -> float:
        """Fraction of the way to the neighbour at which the ions turn stable."""
        a, b = self.softest_ev_per_a2[[unstable, neighbour]]
        return float(a / (a - b)) if a < 0 else 0.0

    def summary(self) -> dict[str, Any]:
        """The block ``elastic_pressure`` of result.json."""
        return {
            "pressures_gpa": self.pressures_gpa,
            "volume_per_atom_a3": self.volume_per_atom_a3,
            "stiffness_gpa": self.stiffness_gpa,
            "bulk_modulus_vrh_gpa": [m.bulk_vrh_gpa for m in self.moduli],
            "shear_modulus_vrh_gpa": [m.shear_vrh_gpa for m in self.moduli],
            "lowest_eigenvalue_gpa": self.lowest_eigenvalue_gpa,
            "unstable_ranges_gpa": self.unstable_ranges_gpa,
            "problems": self.problems,
        }


@dataclass(frozen=True)
class SpreadResult(Frozen):
    """The same crystal relaxed and strained by several models.

    Attributes
    ----------
    models, functionals
        Names, and what each model was trained on; the model of the job first.
    stiffness_gpa
        Relaxed ions, (k, 6, 6).
    volume_per_atom_a3
        (k,).
    problems
        What was wrong with each model, a sentence or nothing.
    """

    models: tuple[str, ...]
    functionals: tuple[str, ...]
    stiffness_gpa: FloatArray
    volume_per_atom_a3: FloatArray
    laue_class: str
    problems: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def constants_gpa(self) -> dict[str, FloatArray]:
        """The independent constants by name, and B and G of Hill, each (k,)."""
        averages = [moduli.averages(tensor) for tensor in self.stiffness_gpa]
        return {
            "B": np.array([m.bulk_vrh_gpa for m in averages]),
            "G": np.array([m.shear_vrh_gpa for m in averages]),
            **laue.named_constants(self.stiffness_gpa, self.laue_class),
        }

    @property
    def disagreement_gpa(self) -> dict[str, float]:
        """Largest less smallest value over the models; not-a-number with fewer than two."""
        known = {name: v[np.isfinite(v)] for name, v in self.constants_gpa.items()}
        return {n: float(np.ptp(v)) if len(v) > 1 else np.nan for n, v in known.items()}

    @property
    def disagreement_percent(self) -> dict[str, float]:
        """The same in per cent of the mean size of the values."""
        mean = {name: float(np.nanmean(np.abs(v))) for name, v in self.constants_gpa.items()}
        return {name: 100 * gap / mean[name] for name, gap in self.disagreement_gpa.items()}

    def summary(self) -> dict[str, Any]:
        """The block ``elastic_models`` of result.json."""
        return {
            "models": self.models,
            "functionals": self.functionals,
            "constants_gpa": self.constants_gpa,
            "disagreement_between_models_gpa": self.disagreement_gpa,
            "disagreement_between_models_percent": self.disagreement_percent,
            "volume_per_atom_a3": self.volume_per_atom_a3,
            "problems": self.problems,
        }


def _lowest(stiffness_gpa: FloatArray) -> float:
    if not np.isfinite(stiffness_gpa).all():
        return float("nan")
    return float(stability.eigenvalues_gpa(stiffness_gpa)[0])
