"""How vibrations act on the shape of uniaxial and orthorhombic crystals.

At a fixed volume the shape would follow the static energy, were it not for the stress of
the vibrations. Their entropy against strain along each independent axis, (1/C_V) ∂S/∂ε_j, is
the Grüneisen function of that axis (Barron and Munn, Philos. Mag. 15, 85, 1967); with the
compliance of the static crystal it gives the expansion by linear response,
α_i = (1/V) Σ_j S_ij ∂S/∂ε_j = (C_V/V) Σ_j S_ij γ_j. Only its part at fixed volume is used
beside the volume expansion, which the equation of state has to all orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.constraints import FixSymmetry
from ase.optimize import BFGS
from numpy.typing import NDArray

from mlpcore.errors import NotConvergedError
from mlpcore.units import EV_IN_KJ_PER_MOL, EV_PER_A3_IN_GPA
from properties import symmetry
from properties.crystal import Crystal
from properties.elasticity import voigt
from properties.vibrations.phonons import IMAGINARY_THZ, TEMPERATURES_K
from properties.vibrations.thermal_result import AxisResponse

if TYPE_CHECKING:
    from mlpcore.potential import Potential
    from properties.elasticity.result import ElasticResult
    from properties.progress import Arrays, Monitor, Pieces
    from properties.spec import Preset
    from properties.vibrations.phonons import MeshSample
    from properties.vibrations.volumes import VolumePoint, VolumeSampler

FloatArray = NDArray[np.float64]

STRAIN = 0.01
MAX_ION_STEPS = 200
_EV_IN_J_PER_MOL = EV_IN_KJ_PER_MOL * 1e3
_UNIAXIAL = ("tetragonal", "trigonal", "hexagonal")


def independent_axes(crystal: Crystal) -> dict[str, FloatArray]:
    """Return the unit strain along each independent axis that symmetry leaves free.

    Empty for cubic crystals, where there is nothing to find, and for monoclinic and triclinic
    ones, whose angles would be parameters too.

    Parameters
    ----------
    crystal
        Any cell; the strains, (3, 3) each, are in its Cartesian frame.
    """
    found = symmetry.analyse(crystal)
    unit = found.conventional.lattice_a @ found.rotation  # r_standard = R r
    unit = unit / np.linalg.norm(unit, axis=1)[:, None]
    along = [np.outer(axis, axis) for axis in unit]
    if found.crystal_system == "orthorhombic":
        return dict(zip("abc", along, strict=True))
    if found.crystal_system in _UNIAXIAL:
        return {"a": np.eye(3) - along[2], "c": along[2]}
    return {}


@dataclass(frozen=True)
class _Strained:
    """A strained cell at rest: stress in GPa and vibrations."""

    stress_gpa: FloatArray
    sample: MeshSample


@dataclass(frozen=True)
class ShapeChange:
    """What vibrations do to the shape, volume kept.

    Attributes
    ----------
    response
        What it follows from.
    alpha_per_k, strain
        Expansion and strain of each independent axis, (t, k), over the whole range of
        temperatures; the strain counts from the relaxed cell and holds the zero-point motion.
    """

    response: AxisResponse
    alpha_per_k: FloatArray
    strain: FloatArray


def shape_change(
    reference: VolumePoint,
    sampler: VolumeSampler,
    potential: Potential,
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    elastic: ElasticResult | None,
) -> ShapeChange:
    """Strain the relaxed cell along each independent axis and see how it vibrates.

    Parameters
    ----------
    reference
        The relaxed cell, with at least one independent axis.
    sampler
        Planned with twice as many further cells as there are independent axes.
    elastic
        For the comparison of stiffnesses, where it is known.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished cells and displacements are kept.
    NotConvergedError
        Ions in a strained cell do not come to rest, or vibrate with imaginary frequencies.
    """
    axes = independent_axes(reference.crystal)
    cells = {
        f"axis/{name}{sign * STRAIN:+.4f}": np.eye(3) + sign * STRAIN * strain
        for name, strain in axes.items()
        for sign in (-1, 1)
    }
    kept = []
    for index, (key, deformation) in enumerate(cells.items()):
        sampler.report(index, "straining the axes")
        kept.append(_at_rest(key, reference.crystal, deformation, potential, settings, pieces))
        monitor.checkpoint()
    crystals = [
        Crystal(k["lattice_a"], reference.crystal.numbers, k["fractional"]) for k in kept
    ]
    length = f"{settings.supercell_length_a:g}"
    samples = [
        sample
        for _, sample in sampler.vibrate(crystals, [f"forces/{length}/{key}" for key in cells])
    ]
    _require_real(list(cells), samples)
    pairs = [_Strained(k["stress_gpa"], s) for k, s in zip(kept, samples, strict=True)]
    return _change(reference, axes, pairs[::2], pairs[1::2], elastic)


def _at_rest(
    key: str,
    crystal: Crystal,
    deformation: FloatArray,
    potential: Potential,
    settings: Preset,
    pieces: Pieces,
) -> Arrays:
    """Relax the ions of a strained cell, or take it from the pieces."""
    kept = pieces.get(key)
    if kept is not None:
        return kept
    atoms = crystal.with_lattice(crystal.lattice_a @ deformation).to_atoms()
    atoms.calc = potential.calculator()
    atoms.set_constraint(FixSymmetry(atoms, symprec=symmetry.SYMPREC_A))
    optimiser = BFGS(atoms, logfile=None, maxstep=0.05)
    if not optimiser.run(fmax=settings.fmax_ev_per_a, steps=MAX_ION_STEPS):
        raise NotConvergedError(
            f"The ions did not come to rest in {MAX_ION_STEPS} steps in a cell strained by "
            f"{100 * STRAIN:g} % along one axis; the largest force may be "
            f"{settings.fmax_ev_per_a:g} eV/Å."
        )
    kept = {
        "lattice_a": np.array(atoms.cell),
        "fractional": atoms.get_scaled_positions(wrap=False),
        "stress_gpa": atoms.get_stress(voigt=False, apply_constraint=False) * EV_PER_A3_IN_GPA,
    }
    pieces.put(key, kept)
    return kept


def _require_real(keys: list[str], samples: list[MeshSample]) -> None:
    for key, sample in zip(keys, samples, strict=True):
        if sample.min_frequency_thz < IMAGINARY_THZ:
            axis = key.removeprefix("axis/")[0]
            raise NotConvergedError(
                f"A cell strained by {100 * STRAIN:g} % along {axis} has imaginary modes (down "
                f"to {sample.min_frequency_thz:.2f} THz)."
            )


def _change(
    reference: VolumePoint,
    axes: dict[str, FloatArray],
    minus: list[_Strained],
    plus: list[_Strained],
    elastic: ElasticResult | None,
) -> ShapeChange:
    """Linear response from central differences; thermal arrays are (t, k)."""
    multiplicity = np.array([np.trace(strain) for strain in axes.values()])
    stiffness = _stiffness_gpa(list(axes.values()), minus, plus)
    volume_a3 = reference.crystal.volume_a3
    entropy = _slopes("entropy_j_per_mol_k", minus, plus) / _EV_IN_J_PER_MOL
    free = _slopes("free_energy_kj_per_mol", minus, plus) / EV_IN_KJ_PER_MOL
    heat = np.array(reference.sample.heat_capacity_j_per_mol_k) / _EV_IN_J_PER_MOL
    compliance = np.linalg.inv(stiffness / EV_PER_A3_IN_GPA) / volume_a3
    of_shape = _at_fixed_volume(stiffness / EV_PER_A3_IN_GPA, multiplicity) / volume_a3
    with np.errstate(divide="ignore", invalid="ignore"):
        gruneisen = np.where(
            heat[:, None] > 1e-9, entropy / multiplicity / heat[:, None], np.nan
        )
    response = AxisResponse(
        axes=tuple(axes),
        multiplicity=multiplicity,
        strain=STRAIN,
        temperatures_k=TEMPERATURES_K,
        gruneisen=gruneisen,
        stiffness_gpa=stiffness,
        elastic_stiffness_gpa=_of_elastic_gpa(list(axes.values()), elastic),
        alpha_linear_per_k=entropy @ compliance.T,
    )
    return ShapeChange(response, entropy @ of_shape.T, -free @ of_shape.T)


def _slopes(name: str, minus: list[_Strained], plus: list[_Strained]) -> FloatArray:
    """Central differences of a thermodynamic function by strain, (t, k)."""
    rises = [
        getattr(up.sample, name) - getattr(down.sample, name)
        for down, up in zip(minus, plus, strict=True)
    ]
    return np.array(rises).T / (2 * STRAIN)


def _stiffness_gpa(
    axes: list[FloatArray], minus: list[_Strained], plus: list[_Strained]
) -> FloatArray:
    """Work of the stress on each unit strain, by strain along each axis, (k, k)."""
    found = np.array(
        [
            [((up.stress_gpa - down.stress_gpa) * axis).sum() / (2 * STRAIN) for axis in axes]
            for down, up in zip(minus, plus, strict=True)
        ]
    )
    return np.asarray((found + found.T) / 2)


def _of_elastic_gpa(axes: list[FloatArray], elastic: ElasticResult | None) -> FloatArray:
    """The same from the elastic constants; empty without them."""
    if elastic is None:
        return np.zeros(0)
    turn = elastic.ieee_rotation
    strains = np.array([voigt.vector_from_stress(turn @ axis @ turn.T) for axis in axes])
    strains[:, 3:] *= 2
    return np.asarray(strains @ elastic.stiffness_gpa @ strains.T)


def _at_fixed_volume(stiffness: FloatArray, multiplicity: FloatArray) -> FloatArray:
    """Compliance for changes of shape that keep Σ m_k ε_k = 0, (k, k)."""
    shapes = np.linalg.svd(multiplicity[None, :])[2][1:].T
    return np.asarray(shapes @ np.linalg.inv(shapes.T @ stiffness @ shapes) @ shapes.T)


def per_axis(axes: tuple[str, ...], values: FloatArray) -> dict[str, FloatArray]:
    """Return columns of (t, k) by the names of all three axes; b is like a if it is missing."""
    known = dict(zip(axes, values.T, strict=True))
    return {name: known.get(name, known["a"]) for name in "abc"}
