"""Standard axes of elastic tensors (ANSI/IEEE Std 176-1987, section 3.2).

x, y, z are laid into the conventional cell by crystal system. Where the lattice has
rotations that the crystal lacks, as in quartz, the standard leaves the choice among
them to piezoelectric constants. Elasticity does not know these; here the choice is the
one in which the first constant that depends on it, of C14, C15, C16, …, is positive.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from properties import symmetry
from properties.elasticity import laue

if TYPE_CHECKING:
    from properties.crystal import Crystal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HALF_TURNS = np.array([[1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]], dtype=float)
"""No turn, and half a turn about z, x and y, as diagonals of rotation matrices."""

EXCHANGES = tuple(
    matrix
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
    if np.linalg.det(matrix := np.eye(3)[list(order)] * np.array(signs)) > 0
)
"""The 24 rotations that map the axes on each other."""

SIGNED = tuple((i, j) for i in range(6) for j in range(max(i + 1, 3), 6))
"""Places of C14, C15, …, C56, whose sign a half turn may change, in the order that decides."""

SAME_LATTICE = 1e-3
PARALLEL = 1e-3
DECIDED_GPA = 1e-3


@dataclass(frozen=True, eq=False)
class Orientation:
    """A recipe for the axes that holds for the relaxed crystal and for the strained one.

    Attributes
    ----------
    conventional_from_primitive
        The conventional lattice is this matrix times the primitive one, (3, 3).
    system
        The crystal system.
    across
        Whether x is a* instead of a: where the twofold axes of a trigonal crystal lie
        across the edges of the cell.
    order
        Which conventional vectors x, y and z of an orthorhombic crystal follow.
    signs
        Half turn applied at the end, a row of ``HALF_TURNS``.
    exchange
        Which axes of the recipe become x, y and z, before the half turn: a rotation matrix
        of zeros and ones with signs, (3, 3). The identity unless other axes are followed.
    """

    conventional_from_primitive: IntArray
    system: str
    across: bool
    order: tuple[int, ...]
    signs: FloatArray
    exchange: FloatArray = field(default_factory=lambda: np.eye(3))

    @classmethod
    def of(cls, crystal: Crystal) -> Orientation:
        """Find the recipe for a primitive cell in any Cartesian frame.

        A standard primitive cell keeps the conventional cell that came with it, although
        the analysis may turn it by a symmetry of the lattice.
        """
        found = symmetry.analyse(crystal)
        conventional = found.conventional.lattice_a
        if not np.allclose(found.primitive.lattice_a, crystal.lattice_a, atol=SAME_LATTICE):
            conventional = conventional @ found.rotation
        exact = conventional @ np.linalg.inv(crystal.lattice_a)
        c, a, b = (int(k) for k in np.argsort(np.linalg.norm(conventional, axis=1)))
        return cls(
            np.round(exact).astype(int),
            found.crystal_system,
            _twofold_axes_across(crystal, conventional, found.point_group),
            (a, b, c),
            HALF_TURNS[0],
        )

    @classmethod
    def like(cls, crystal: Crystal, axes: FloatArray) -> Orientation:
        """Find the recipe for a primitive cell with its axes named after given ones."""
        return cls.of(crystal).following(axes, crystal.lattice_a)

    def axes(self, lattice_a: FloatArray) -> FloatArray:
        """Return the axes as rows, in the Cartesian frame of a primitive lattice, (3, 3)."""
        conventional = self.conventional_from_primitive @ lattice_a
        return self.signs[:, None] * (self.exchange @ self._recipe(conventional))

    def following(self, axes: FloatArray, lattice_a: FloatArray) -> Orientation:
        """Name the axes so that they lie nearest to given ones.

        The same crystal relaxed by another model or at another pressure may have another
        order of its lattice constants; its constants are comparable only with the names
        that the axes have in the first.

        Parameters
        ----------
        axes
            Rows, in the Cartesian frame of `lattice_a`, (3, 3).
        """
        overlap = axes @ self.axes(lattice_a).T
        best = max(EXCHANGES, key=lambda exchange: float((exchange * overlap).sum()))
        return replace(self, exchange=best @ self.exchange)

    def _recipe(self, conventional: FloatArray) -> FloatArray:
        a, b, c = (v / np.linalg.norm(v) for v in conventional)
        if self.system in ("hexagonal", "trigonal"):
            x = np.cross(b, c) if self.across else a
            x /= np.linalg.norm(x)
            return np.array([x, np.cross(c, x), c])
        if self.system == "orthorhombic":  # c < a < b
            axes = np.array([(a, b, c)[k] for k in self.order])
            return axes * np.array([[1.0], [1.0], [np.sign(np.linalg.det(axes))]])
        if self.system == "monoclinic":  # unique axis b
            return np.array([np.cross(b, c), b, c])
        if self.system == "triclinic":
            y = np.cross(c, a) / np.linalg.norm(np.cross(c, a))
            return np.array([np.cross(y, c), y, c])
        return np.array([a, b, c])

    def signed_by(self, stiffness_gpa: FloatArray, lattice_a: FloatArray) -> Orientation:
        """Choose among the half turns that map the lattice on itself.

        Parameters
        ----------
        stiffness_gpa
            In the axes of this recipe, (6, 6).
        lattice_a
            The primitive lattice in any frame.
        """
        turned = lattice_a @ self.axes(lattice_a).T
        free = [signs for signs in HALF_TURNS if _maps_on_itself(turned, signs)]
        best = max(free, key=lambda signs: _decisive(half_turn(stiffness_gpa, signs)))
        return replace(self, signs=self.signs * best)

    def in_words(self, lattice_a: FloatArray) -> str:
        """Say which crystal axis each of x, y, z follows: ``x ∥ a, y ∥ b*, z ∥ c``."""
        direct = self.conventional_from_primitive @ lattice_a
        names = dict(zip(("a", "b", "c"), direct, strict=True))
        names |= zip(("a*", "b*", "c*"), np.linalg.inv(direct).T, strict=True)
        named = [_parallel(axis, names) for axis in self.axes(lattice_a)]
        letters = ("x", "y", "z")
        return ", ".join(
            f"{x} ∥ {name}" for x, name in zip(letters, named, strict=True) if name
        )


def half_turn(stiffness_gpa: FloatArray, signs: FloatArray) -> FloatArray:
    """Turn a tensor by half a turn, given as the diagonal of its rotation."""
    change = voigt_signs(signs)
    return stiffness_gpa * np.outer(change, change)


def voigt_signs(signs: FloatArray) -> FloatArray:
    """Return the sign by which each Voigt component changes in a half turn, (6,)."""
    x, y, z = signs
    return np.array([1.0, 1.0, 1.0, y * z, x * z, x * y])


def _decisive(stiffness_gpa: FloatArray) -> tuple[float, ...]:
    values = (stiffness_gpa[place] for place in SIGNED)
    return tuple(0.0 if abs(v) < DECIDED_GPA else float(v) for v in values)


def _maps_on_itself(lattice_a: FloatArray, signs: FloatArray) -> bool:
    images = (lattice_a * signs) @ np.linalg.inv(lattice_a)
    return bool(np.abs(images - np.round(images)).max() < SAME_LATTICE)


def _twofold_axes_across(crystal: Crystal, conventional: FloatArray, point_group: str) -> bool:
    """Whether a crystal of Laue class -3m has no twofold axis along a."""
    if laue.LAUE_CLASS[point_group] != "-3m":
        return False
    rotations = laue.point_group(crystal, symmetry.SYMPREC_A)
    proper = rotations * np.linalg.det(rotations)[:, None, None]
    a = conventional[0] / np.linalg.norm(conventional[0])
    along = 2 * np.outer(a, a) - np.eye(3)
    return not any(np.allclose(rotation, along, atol=PARALLEL) for rotation in proper)


def _parallel(axis: FloatArray, names: dict[str, FloatArray]) -> str | None:
    """Return the first crystal axis that `axis` follows, with its sense."""
    for name, vector in names.items():
        cosine = float(axis @ vector / np.linalg.norm(vector))
        if abs(cosine) > 1 - PARALLEL**2:
            return name if cosine > 0 else f"−{name}"
    return None
