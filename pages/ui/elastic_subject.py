"""The tensor that the elastic sections look at, whether computed or pasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from properties.elasticity import moduli
from properties.elasticity.axes import CARTESIAN, Axes

if TYPE_CHECKING:
    from properties.elasticity.directions import FloatArray
    from properties.results import ElasticResult, RelaxResult


@dataclass(frozen=True, eq=False)
class Subject:
    """A tensor with what is known about its crystal.

    Attributes
    ----------
    stiffness_gpa
        (6, 6), Voigt.
    laue_class
        In whose standard axes the tensor is.
    density_kg_per_m3, volume_per_atom_a3
        Where known.
    axes
        Those of the lattice in the axes of the tensor, or these themselves.
    pressure_gpa
        Under which the tensor holds.
    """

    stiffness_gpa: FloatArray
    laue_class: str
    density_kg_per_m3: float | None = None
    volume_per_atom_a3: float | None = None
    axes: Axes = CARTESIAN
    pressure_gpa: float = 0.0

    @property
    def identity(self) -> str:
        """Changes with everything that a drawing depends on."""
        arrays = (self.stiffness_gpa, self.axes.vectors)
        numbers = "".join(array.tobytes().hex() for array in arrays)
        return f"{numbers} {self.density_kg_per_m3} {self.axes.names}"

    @property
    def stable(self) -> bool:
        """Whether the stiffness is positive definite."""
        return moduli.is_stable(self.stiffness_gpa)


def of_result(result: ElasticResult, relaxed: RelaxResult | None) -> Subject:
    """Take the relaxed-ion tensor of a calculation, with its lattice where it is there."""
    axes = CARTESIAN
    if relaxed is not None:
        axes = Axes.of_lattice(relaxed.conventional.lattice_a, result.ieee_rotation)
    return Subject(
        result.stiffness_gpa,
        result.laue_class,
        result.density_kg_per_m3,
        result.volume_per_atom_a3,
        axes,
        result.pressure_gpa,
    )
