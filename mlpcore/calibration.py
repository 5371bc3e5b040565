"""How far a committee's spread can be believed: against its errors, before and after scaling.

Errors are compared with σ² = f² σ_epi² + σ_ale²: the members' variance, enlarged by a factor
that is fitted on validation data by maximum likelihood, and the variance of the noise that the
networks expect in the labels, if they tell any. The two parts are kept apart.

The spread of a few members is itself uncertain: of two that happen to agree it says nothing.
An error over such a spread follows Student's distribution, whose likelihood is taken here
(Imbalzano et al., J. Chem. Phys. 154, 074102, 2021, correct the normal one for it instead).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EXPECTED: tuple[float, ...] = tuple(np.round(np.arange(0.05, 1.0, 0.05), 2).tolist())
"""Coverages at which reliability is measured."""

LARGEST_FACTOR = 1e3
SMALLEST = 1e-12
"""Standard deviations below are none: members that agree to rounding say nothing."""


@dataclass(frozen=True)
class Spread:
    """Errors of a committee's mean beside the standard deviations that it claims.

    Attributes
    ----------
    error
        Prediction minus label, (k,), in any unit.
    epistemic
        Standard deviation of the members, (k,), in the same unit.
    aleatoric
        Standard deviation of the noise that the members expect, (k,); zeros where they expect
        none.
    degrees
        Degrees of freedom of each variance in `epistemic`; infinite where it is exact.
    """

    error: FloatArray
    epistemic: FloatArray
    aleatoric: FloatArray
    degrees: float = math.inf

    def total(self, factor: float = 1.0) -> FloatArray:
        """Return √(f² σ_epi² + σ_ale²), (k,)."""
        return combined(self.epistemic, self.aleatoric, factor)


@dataclass(frozen=True)
class Reliability:
    """How often errors lie within a claimed interval.

    Attributes
    ----------
    expected
        Probabilities p of central intervals of the normal distribution.
    observed
        Share of the errors within each.
    """

    expected: FloatArray
    observed: FloatArray

    @property
    def miscalibration_area(self) -> float:
        """Area between the curve and the diagonal; 0 is right, 0.5 the worst."""
        p = np.concatenate([[0.0], self.expected, [1.0]])
        off = np.abs(np.concatenate([[0.0], self.observed, [1.0]]) - p)
        return float(np.trapezoid(off, p))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "expected": self.expected.tolist(),
            "observed": self.observed.tolist(),
            "miscalibration_area": self.miscalibration_area,
        }


def combined(epistemic: FloatArray, aleatoric: FloatArray, factor: float = 1.0) -> FloatArray:
    """Return √(f² σ_epi² + σ_ale²), in the unit of both."""
    found: FloatArray = np.sqrt((factor * epistemic) ** 2 + aleatoric**2)
    return found


def reliability(spread: Spread, factor: float = 1.0) -> Reliability:
    """Compare errors with the normal distribution that the spread claims.

    Raises
    ------
    ValueError
        There is no error to compare.
    """
    if not len(spread.error):
        raise ValueError("reliability needs at least one error")
    claimed = np.maximum(spread.total(factor), SMALLEST)
    standard = np.abs(spread.error) / claimed
    limits = [NormalDist().inv_cdf((1 + p) / 2) for p in EXPECTED]
    observed = np.array([float((standard <= limit).mean()) for limit in limits])
    return Reliability(np.array(EXPECTED), observed)


def factor(spread: Spread) -> float:
    """Return the factor f of the members' spread that makes the errors most likely.

    With σ² = f² σ_epi² + σ_ale² and ν degrees of freedom, the minimum over log f of
    ⟨log σ² + (ν + 1) log(1 + error²/(ν σ²))⟩, which is ⟨log σ² + error²/σ²⟩ for exact spreads.

    Raises
    ------
    ValueError
        There is no error, or members agree to rounding everywhere.
    """
    telling = spread.epistemic > SMALLEST
    if not telling.any():
        raise ValueError("a factor needs members that differ")
    squared = spread.error[telling] ** 2
    epistemic, aleatoric = spread.epistemic[telling] ** 2, spread.aleatoric[telling] ** 2

    def surprise(log_factor: float) -> float:
        variance = math.exp(2 * log_factor) * epistemic + aleatoric
        off = squared / variance
        if math.isfinite(spread.degrees):
            off = (spread.degrees + 1) * np.log1p(off / spread.degrees)
        return float((np.log(variance) + off).mean())

    grid = np.linspace(-math.log(LARGEST_FACTOR), math.log(LARGEST_FACTOR), 141)
    best = int(np.argmin([surprise(x) for x in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    return math.exp(_minimum(surprise, float(low), float(high)))


def _minimum(function: Any, low: float, high: float, steps: int = 60) -> float:
    """Golden-section search of a function with one minimum between `low` and `high`."""
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(steps):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if function(left) < function(right):
            high = right
        else:
            low = left
    return (low + high) / 2


def energy_spread(
    energies: FloatArray, labels: FloatArray, noise: FloatArray, n_atoms: NDArray[np.int64]
) -> Spread:
    """Return the spread of energies per atom.

    Parameters
    ----------
    energies, noise
        Of m members for f frames, (m, f), eV a cell.
    labels
        (f,), eV a cell.
    n_atoms
        (f,).
    """
    per_atom = energies / n_atoms
    return Spread(
        error=per_atom.mean(axis=0) - labels / n_atoms,
        epistemic=deviation(per_atom),
        aleatoric=np.sqrt((noise**2).mean(axis=0)) / n_atoms,
        degrees=max(1, len(energies) - 1),
    )


def force_spread(forces: FloatArray, labels: FloatArray, noise: FloatArray) -> Spread:
    """Return the spread of the components of forces, with one standard deviation an atom.

    Parameters
    ----------
    forces
        Of m members for n atoms of any frames, (m, n, 3), eV/Å.
    labels
        (n, 3), eV/Å.
    noise
        (m, n), eV/Å, of one component.
    """
    error = forces.mean(axis=0) - labels
    return Spread(
        error=error.ravel(),
        epistemic=np.repeat(force_deviation(forces), 3),
        aleatoric=np.repeat(np.sqrt((noise**2).mean(axis=0)), 3),
        degrees=max(1, 3 * (len(forces) - 1)),
    )


def deviation(values: FloatArray) -> FloatArray:
    """Return the standard deviation over members, the first axis; 0 for a single member."""
    if len(values) < 2:
        return np.zeros(values.shape[1:])
    found: FloatArray = values.std(axis=0, ddof=1)
    return found


def force_deviation(forces: FloatArray) -> FloatArray:
    """Return √(mean over x, y, z of the members' variance) of each atom, (m, n, 3) → (n,)."""
    found: FloatArray = np.sqrt((deviation(forces) ** 2).mean(axis=-1))
    return found


def judge(spread: Spread, fitted: float) -> dict[str, Any]:
    """Return the reliability before and after the factor, as plain JSON values."""
    return {
        "n": len(spread.error),
        "rms_error": float(np.sqrt((spread.error**2).mean())),
        "rms_epistemic": float(np.sqrt((spread.epistemic**2).mean())),
        "rms_aleatoric": float(np.sqrt((spread.aleatoric**2).mean())),
        "before": reliability(spread).to_dict(),
        "after": reliability(spread, fitted).to_dict(),
    }
