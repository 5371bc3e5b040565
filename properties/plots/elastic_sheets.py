"""What the plots of a tensor against direction share: quantities, their sheets and looks.

A sheet is a value for every direction; a quantity has one, two (the range over all
transverse directions) or three (sound waves) of them, given from the inside outwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from properties.elasticity import christoffel, directions
from properties.elasticity.directions import Extreme, Quantity
from properties.plots import style

FloatArray = NDArray[np.float64]


class Wave(StrEnum):
    """Properties of the three sound waves along a direction."""

    PHASE = "phase"
    GROUP = "group"
    SLOWNESS = "slowness"


Drawable = Quantity | Wave


@dataclass(frozen=True)
class Look:
    """How a quantity is written: title, symbol, unit, decimals."""

    title: str
    symbol: str
    unit: str
    decimals: int

    @property
    def axis(self) -> str:
        """Symbol with its unit, for titles."""
        return f"{self.symbol} ({self.unit})" if self.unit else self.symbol

    def number(self, value: float) -> str:
        """Return a value without its unit."""
        return f"{value:.{self.decimals}f}".replace("-", "−")

    def written(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{self.number(value)} {self.unit}".rstrip()


LOOKS: dict[Drawable, Look] = {
    Quantity.YOUNG: Look("Young's modulus", "E", "GPa", 1),
    Quantity.COMPRESSIBILITY: Look("Linear compressibility", "β", "1/TPa", 2),
    Quantity.SHEAR: Look("Shear modulus", "G", "GPa", 1),
    Quantity.POISSON: Look("Poisson's ratio", "ν", "", 3),
    Wave.PHASE: Look("Phase velocity", "v", "km/s", 3),
    Wave.GROUP: Look("Group velocity", "v", "km/s", 3),
    Wave.SLOWNESS: Look("Slowness", "s", "s/km", 4),
}

SMALLEST, LARGEST = "smallest", "largest"
NEGATIVE_COLOUR = style.RED
BRANCH_COLOURS = (style.GREEN, style.ORANGE, style.BLUE)


@dataclass(frozen=True)
class Sheet:
    """One value for every direction.

    Attributes
    ----------
    name
        What it is, empty for the only one.
    values
        With sign, (...).
    places
        Where each value is drawn, (..., 3): along its direction at the distance of its
        size, or, for a group velocity, the end of that vector.
    colour
        Of the values that are not negative.
    """

    name: str
    values: FloatArray
    places: FloatArray
    colour: str


def sheets(
    what: Drawable,
    stiffness_gpa: FloatArray,
    density_kg_per_m3: float | None,
    along: FloatArray,
) -> tuple[Sheet, ...]:
    """Evaluate a quantity along directions.

    Parameters
    ----------
    stiffness_gpa
        Positive definite, (6, 6).
    density_kg_per_m3
        Needed for waves only.
    along
        Unit vectors, (..., 3).
    """
    if isinstance(what, Wave):
        if density_kg_per_m3 is None:
            raise ValueError("Waves need a density.")
        return _branches(what, stiffness_gpa, density_kg_per_m3, along)
    if what is Quantity.YOUNG:
        return (_sheet("", directions.young_modulus_gpa(stiffness_gpa, along), along),)
    if what is Quantity.COMPRESSIBILITY:
        found = directions.linear_compressibility_per_tpa(stiffness_gpa, along)
        return (_sheet("", found, along),)
    ends = (
        directions.shear_modulus_range_gpa
        if what is Quantity.SHEAR
        else directions.poisson_range
    )
    low, high = ends(stiffness_gpa, along)
    return (_sheet(SMALLEST, low, along, style.GREEN), _sheet(LARGEST, high, along))


def _sheet(name: str, values: FloatArray, along: FloatArray, colour: str = style.BLUE) -> Sheet:
    return Sheet(name, values, np.abs(values)[..., None] * along, colour)


def _branches(
    what: Wave, stiffness_gpa: FloatArray, density_kg_per_m3: float, along: FloatArray
) -> tuple[Sheet, ...]:
    phase = christoffel.phase_velocities_km_per_s(stiffness_gpa, density_kg_per_m3, along)
    looks = list(zip(christoffel.BRANCHES, range(3), BRANCH_COLOURS, strict=True))
    if what is Wave.GROUP:
        rays = christoffel.group_velocities_km_per_s(stiffness_gpa, density_kg_per_m3, along)
        speeds = np.linalg.norm(rays, axis=-1)
        return tuple(
            Sheet(name, speeds[..., k], rays[..., k, :], colour) for name, k, colour in looks
        )
    values = 1 / phase if what is Wave.SLOWNESS else phase
    order = reversed(looks) if what is Wave.SLOWNESS else looks
    return tuple(_sheet(name, values[..., k], along, colour) for name, k, colour in order)


def extremes(
    what: Drawable, stiffness_gpa: FloatArray, density_kg_per_m3: float | None
) -> tuple[Extreme, Extreme] | None:
    """Return the smallest and largest value of a quantity, for waves those of phase velocity.

    The slowest of all is in the slowest branch and the fastest in the fastest; for
    group velocities there is no such search, hence none.
    """
    if isinstance(what, Quantity):
        return directions.extremes(stiffness_gpa, what)
    if what is Wave.GROUP or density_kg_per_m3 is None:
        return None
    slow, _ = christoffel.extremes(stiffness_gpa, density_kg_per_m3, 0)
    _, fast = christoffel.extremes(stiffness_gpa, density_kg_per_m3, 2)
    if what is Wave.PHASE:
        return slow, fast
    return Extreme(1 / fast.value, fast.direction), Extreme(1 / slow.value, slow.direction)


def ratio(found: tuple[Extreme, Extreme]) -> float | None:
    """Return the largest over the smallest value, where both are positive."""
    low, high = found[0].value, found[1].value
    return high / low if low > 0 else None
