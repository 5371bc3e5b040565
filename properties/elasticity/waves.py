"""The three sound waves along one direction, as a table shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from properties.elasticity import christoffel
from properties.elasticity.christoffel import RayCone

FloatArray = NDArray[np.float64]

PURE_DEG = 0.1
"""A polarisation nearer than this to the wave vector, or to its normal plane, is pure."""

OPEN_DEG = 0.05
"""A cone of rays narrower than this is a line."""


@dataclass(frozen=True)
class SoundWave:
    """One branch along one direction.

    Attributes
    ----------
    name
        ``longitudinal``, ``quasi-longitudinal``, ``fast shear``, ``slow quasi-shear`` …
    phase_km_per_s, group_km_per_s
        Speeds; not-a-number where the crystal is unstable against the wave.
    polarisation
        Unit vector along which the atoms move, (3,).
    polarisation_angle_deg
        Between it and the wave vector, 0 to 90.
    ray
        Unit vector along which the energy travels, (3,).
    ray_angle_deg
        Between it and the wave vector.
    degenerate
        Whether another branch has the same velocity; the polarisation is then one choice
        out of a plane, and group velocity and ray are means over that plane.
    cone
        The single rays of a degenerate wave, where they are not all the same.
    """

    name: str
    phase_km_per_s: float
    group_km_per_s: float
    polarisation: FloatArray
    polarisation_angle_deg: float
    ray: FloatArray
    ray_angle_deg: float
    degenerate: bool
    cone: RayCone | None = None

    @property
    def travels(self) -> bool:
        """Whether ρv² is positive; if it is negative, the wave grows instead."""
        return self.phase_km_per_s > 0


def along(
    stiffness_gpa: FloatArray, density_kg_per_m3: float, direction: FloatArray
) -> tuple[SoundWave, ...]:
    """Return the three waves along a unit vector, the slowest first."""
    phase = christoffel.phase_velocities_km_per_s(stiffness_gpa, density_kg_per_m3, direction)
    group = christoffel.group_velocities_km_per_s(stiffness_gpa, density_kg_per_m3, direction)
    motion = christoffel.polarisations(stiffness_gpa, density_kg_per_m3, direction)
    equal = np.isclose(phase[:, None], phase[None, :], rtol=1e-6).sum(axis=1) > 1
    found = [
        _wave(k, float(phase[k]), group[k], motion[k], direction, bool(equal[k]))
        for k in range(3)
    ]
    cone = christoffel.ray_cone(stiffness_gpa, density_kg_per_m3, direction)
    if cone is not None and cone.angles_deg[1] > OPEN_DEG:
        for k in cone.branches:
            found[k] = replace(found[k], cone=cone)
    return tuple(found)


def _wave(
    branch: int,
    phase: float,
    group: FloatArray,
    motion: FloatArray,
    direction: FloatArray,
    degenerate: bool,
) -> SoundWave:
    speed = float(np.linalg.norm(group))
    ray = group / speed
    angle = _angle_deg(motion, direction)
    return SoundWave(
        _name(branch, angle), phase, speed, motion, angle, ray, _angle_deg(ray, direction),
        degenerate,
    )  # fmt: skip


def _angle_deg(first: FloatArray, second: FloatArray) -> float:
    """Angle between two lines; by the arc tangent, which is exact for small angles too."""
    across = float(np.linalg.norm(np.cross(first, second)))
    return float(np.degrees(np.arctan2(across, abs(float(first @ second)))))


def _name(branch: int, angle_deg: float) -> str:
    name = christoffel.BRANCHES[branch]
    pure = min(angle_deg, 90 - angle_deg) < PURE_DEG
    return name.replace("quasi-", "") if pure else name
