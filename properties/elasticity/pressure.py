"""Elastic constants over a range of pressures.

The coefficients are those of stress against strain in the loaded crystal (Birch 1947;
Wallace, Thermodynamics of Crystals, 1972): second derivatives of the enthalpy by
symmetric strain. Their positive definiteness decides the stability under load.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from mlpcore.errors import Cancelled, MLPError
from properties import extrapolation, relax, symmetry
from properties.checks import Check
from properties.crystal import Crystal
from properties.elasticity import laue, moduli, verdicts
from properties.elasticity.bare import BareTensor, bare_tensor
from properties.elasticity.orientation import Orientation
from properties.elasticity.series import PressureResult
from properties.progress import Part, PiecesOf

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.progress import Arrays, Monitor, Pieces
    from properties.spec import Preset

FloatArray = NDArray[np.float64]

STAGE = "elastic_pressure"
BEYOND = (None, None, "Not tried, for the crystal failed at the pressure before.")
COMPRESSION_LIMIT = 0.02
FEWEST_TO_INTEGRATE = 3


@dataclass(frozen=True, eq=False)
class _Point:
    """What was found at one pressure; ``None`` for what was not."""

    crystal: Crystal | None
    tensor: BareTensor | None
    problem: str


def elastic_under_pressure(
    crystal: Crystal,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    pressures_gpa: tuple[float, ...],
    start_gpa: float = 0.0,
    axes: FloatArray | None = None,
) -> PressureResult:
    """Relax and differentiate at each pressure, going away from the start step by step.

    Parameters
    ----------
    crystal
        Primitive cell relaxed at `start_gpa`.
    pressures_gpa
        Rising.
    axes
        Those of the tensor at `start_gpa`, rows in the frame of `crystal`, (3, 3); ``None``
        takes those that the crystal has at the first pressure.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished pieces are kept.
    """
    known = None if axes is None else Orientation.like(crystal, axes)
    walk = _Walk(potential, settings, monitor, pieces, len(pressures_gpa), known)
    first = int(np.argmin(np.abs(np.array(pressures_gpa) - start_gpa)))
    points = {first: walk.step(crystal, pressures_gpa[first])}
    for towards, end in ((1, len(pressures_gpa)), (-1, -1)):
        for k in range(first + towards, end, towards):
            before = points[k - towards].crystal
            points[k] = walk.step(before, pressures_gpa[k]) if before else _Point(*BEYOND)
    laue_class = laue.LAUE_CLASS[symmetry.analyse(crystal).point_group]
    ordered = [points[k] for k in sorted(points)]
    result = _result(ordered, np.array(pressures_gpa), start_gpa, laue_class)
    cells = [point.crystal.to_atoms() for point in ordered if point.crystal is not None]
    outside = extrapolation.checks(
        potential, "pressure_extrapolation", {"the cells under pressure": cells}
    )
    return replace(result, checks=(*result.checks, *outside))


class _Walk:
    """One pressure after another, all in the axes of the first."""

    def __init__(
        self,
        potential: Potential,
        settings: Preset,
        monitor: Monitor,
        pieces: Pieces,
        n_pressures: int,
        orientation: Orientation | None,
    ) -> None:
        self._potential, self._settings = potential, settings
        self._monitor, self._pieces, self._count = monitor, pieces, n_pressures
        self._done = 0
        self._orientation = orientation

    def step(self, start: Crystal, pressure_gpa: float) -> _Point:
        """Relax from `start` and compute the tensor."""
        label = f"{pressure_gpa:g} GPa"
        part = Part(self._monitor, STAGE, self._done, self._count, label)
        part.advance(STAGE, 0, 1, "relaxation")
        kept = PiecesOf(self._pieces, f"pressure{pressure_gpa:+.4f}")
        self._done += 1
        relaxed, problem = None, ""
        try:
            relaxed, converged = self._relaxed(start, pressure_gpa, part, kept)
            problem = "" if converged else "The relaxation did not converge."
            tensor = bare_tensor(
                relaxed, self._potential, part, kept, pressure_gpa, self._orientation
            )
        except Cancelled:
            raise
        except MLPError as error:
            return _Point(relaxed, None, f"{problem} {error}".strip())
        self._orientation = self._orientation or tensor.orientation
        return _Point(relaxed, tensor, problem)

    def _relaxed(
        self, start: Crystal, pressure_gpa: float, part: Part, kept: PiecesOf
    ) -> tuple[Crystal, bool]:
        arrays = kept.get("relaxed")
        if arrays is None:
            found = relax.relax(start, self._potential, self._settings, part, pressure_gpa)
            arrays = _arrays(found)
            kept.put("relaxed", arrays)
        crystal = Crystal(arrays["lattice_a"], start.numbers, arrays["fractional"])
        return crystal, bool(arrays["converged"])


def _arrays(found: relax.Relaxation) -> Arrays:
    return {
        "lattice_a": found.crystal.lattice_a,
        "fractional": found.crystal.fractional,
        "converged": np.array(float(found.converged)),
    }


def _result(
    points: list[_Point], pressures_gpa: FloatArray, start_gpa: float, laue_class: str
) -> PressureResult:
    nothing = np.full((6, 6), np.nan)
    tensors = [point.tensor for point in points]
    relaxed = np.array([nothing if t is None else t.relaxed_gpa for t in tensors])
    crystals = [point.crystal for point in points]
    volumes = np.array([c.volume_a3 / len(c) if c else np.nan for c in crystals])
    softest = [np.nan if t is None else t.softest_ev_per_a2 for t in tensors]
    return PressureResult(
        pressures_gpa=pressures_gpa,
        start_pressure_gpa=start_gpa,
        volume_per_atom_a3=volumes,
        density_kg_per_m3=np.array([c.density_kg_per_m3 if c else np.nan for c in crystals]),
        stiffness_gpa=relaxed,
        stiffness_clamped_gpa=np.array(
            [nothing if t is None else t.clamped_gpa for t in tensors]
        ),
        softest_ev_per_a2=np.array(softest, dtype=float),
        laue_class=laue_class,
        problems=tuple(p.problem for p in points),
        checks=_checks(points, pressures_gpa, volumes, relaxed),
    )


def _checks(
    points: list[_Point], pressures_gpa: FloatArray, volumes: FloatArray, tensors: FloatArray
) -> tuple[Check, ...]:
    pairs = list(zip(pressures_gpa, points, strict=True))
    wrong = [f"{p:g} GPa: {point.problem}" for p, point in pairs if point.problem]
    soft = [
        f"{p:g}"
        for p, point in pairs
        if point.tensor is not None and (point.tensor.softest_ev_per_a2 or 0.0) < 0
    ]
    unstable = [
        f"{p:g}"
        for p, tensor in zip(pressures_gpa, tensors, strict=True)
        if moduli.is_unstable(tensor)
    ]
    return (
        Check(
            "pressure_points",
            "All pressures",
            not wrong,
            " ".join(wrong)
            or f"All {len(points)} pressures gave a relaxed crystal and a tensor.",
        ),
        _stable("pressure_born", "Stability under load", "elastically", unstable),
        _stable("pressure_ions", "Ions under load", "internally", soft),
        *_compression(pressures_gpa, volumes, tensors),
    )


def _stable(code: str, label: str, how: str, pressures: list[str]) -> Check:
    message = f"The crystal is {how} stable at every pressure."
    if pressures:
        where = ", ".join(pressures)
        message = f"At {where} GPa the crystal is {how} unstable, {verdicts.WOULD_TURN}"
    return Check(code, label, not pressures, message)


def _compression(
    pressures_gpa: FloatArray, volumes: FloatArray, tensors: FloatArray
) -> tuple[Check, ...]:
    """Compare ln V with the integral of the compressibility, 1/B_Reuss, over the pressure."""
    known = np.array([moduli.is_stable(tensor) for tensor in tensors])
    if known.sum() < FEWEST_TO_INTEGRATE:
        return ()
    pressures, volumes = pressures_gpa[known], volumes[known]
    bulk = np.array([moduli.averages(tensor).bulk_reuss_gpa for tensor in tensors[known]])
    integral = float(CubicSpline(pressures, 1 / bulk).integrate(pressures[0], pressures[-1]))
    seen = float(np.log(volumes[0] / volumes[-1]))
    deviation = abs(integral / seen - 1)
    return (
        Check(
            "pressure_compression",
            "Compression",
            deviation < COMPRESSION_LIMIT,
            f"From {pressures[0]:g} to {pressures[-1]:g} GPa the volume shrinks by "
            f"{100 * seen:.2f} % (logarithmic); the tensors give {100 * integral:.2f} % "
            f"(limit {100 * COMPRESSION_LIMIT:g} % apart).",
        ),
    )
