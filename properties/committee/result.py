"""What the members of a committee make of one crystal, as a frozen result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from properties.checks import Check
from properties.frozen import Frozen

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Float32Array = NDArray[np.float32]

WITHOUT_ZERO = ("eV/atom",)
"""Units of numbers that count from an arbitrary zero."""

FEWEST = 2
"""One member alone has no spread."""


SMALLEST_DOUBT, DECIMALS_OF_TINY = 1e-4, 4
"""An uncertainty below the first is written with as many decimals as the second says."""


def two_digits(half: float) -> float:
    """Round an uncertainty to the two digits that are written of it."""
    return float(f"{half:.1e}")


def decimals_of(half: float) -> int:
    """Return the decimals that show two digits of an uncertainty; 4 where it is tiny."""
    if not np.isfinite(half) or half < SMALLEST_DOUBT:
        return DECIMALS_OF_TINY
    return max(1 - int(f"{half:.1e}".partition("e")[2]), 0)


def _none() -> Any:
    """What a result has in the place of a stage that was not asked for."""
    return np.zeros(0)


def spread(values: FloatArray) -> FloatArray:
    """Return the standard deviation (ddof = 1) over members, the first axis.

    Members that say nothing (not-a-number) are left out; with fewer than two others the
    spread is not-a-number too.
    """
    known = np.isfinite(values)
    count = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    return np.asarray(
        np.where(count >= FEWEST, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
    )


@dataclass(frozen=True)
class Calibration(Frozen):
    """Factors that make the spread of members as large as their errors on data not seen.

    Where the networks tell the noise of the labels too, the factors can come out far below
    one: the noise stands for the whole error then. It does not reach the numbers that follow
    from forces, so a spread is widened but never narrowed.

    Attributes
    ----------
    energy_factor, force_factor
        As measured, for energies, and for forces and all that follows from them.
    known
        Whether the model has such factors; they are 1 where it has none.
    """

    energy_factor: float = 1.0
    force_factor: float = 1.0
    known: bool = False

    @property
    def energy(self) -> float:
        """Factor that is applied to the spread of energies."""
        return max(self.energy_factor, 1.0)

    @property
    def force(self) -> float:
        """Factor that is applied to all other spreads."""
        return max(self.force_factor, 1.0)

    @property
    def as_measured(self) -> bool:
        """Whether both factors are applied as they are."""
        return min(self.energy_factor, self.force_factor) >= 1.0


@dataclass(frozen=True)
class AtomSpread(Frozen):
    """What m members say of one structure of n atoms, all of the same one.

    Attributes
    ----------
    symbols
        Of the atoms.
    energy_per_atom_ev
        (m,).
    atomic_energy_ev
        Share of each atom in the energy, (m, n), or empty where the model has none.
    force_spread_ev_per_a
        Length of the standard deviation of the force on each atom, (n,), not calibrated.
    energy_noise_per_atom_ev, force_noise_ev_per_a
        Noise that the members expect in labels of this structure: of the energy, and of a
        component of the force on each atom, (n,).
    """

    symbols: tuple[str, ...]
    energy_per_atom_ev: FloatArray
    atomic_energy_ev: FloatArray
    force_spread_ev_per_a: FloatArray
    energy_noise_per_atom_ev: float
    force_noise_ev_per_a: FloatArray

    @property
    def atomic_energy_mean_ev(self) -> FloatArray:
        """Mean over the members, (n,); empty where the model has no shares."""
        return self.atomic_energy_ev.mean(axis=0) if self.atomic_energy_ev.size else _none()

    @property
    def atomic_energy_spread_ev(self) -> FloatArray:
        """Standard deviation of the members, (n,); empty where the model has no shares."""
        return spread(self.atomic_energy_ev) if self.atomic_energy_ev.size else _none()


@dataclass(frozen=True)
class Number(Frozen):
    """One final number, as each member has it.

    Attributes
    ----------
    name, group, unit
        What it is, such as ``C11``; the table it belongs to; its unit.
    value
        Of the committee as one model, as the other parts of the calculation report it.
    members
        (m,), not-a-number where a member has no answer.
    factor
        The calibration that applies.
    aleatoric
        Standard deviation of the noise in a label of this quantity; not-a-number where it
        is not defined.
    """

    name: str
    group: str
    unit: str
    value: float
    members: FloatArray
    factor: float = 1.0
    aleatoric: float = float("nan")

    @property
    def spread(self) -> float:
        """Standard deviation of the members, as it is."""
        return float(spread(self.members))

    @property
    def epistemic(self) -> float:
        """The spread times its calibration: what more data would reduce."""
        return self.factor * self.spread

    @property
    def combined(self) -> float:
        """Both parts added in squares; the epistemic one alone where there is no other."""
        noise = self.aleatoric if np.isfinite(self.aleatoric) else 0.0
        return float(np.hypot(self.epistemic, noise))

    @property
    def lowest(self) -> float:
        """Smallest value of a member."""
        return float(np.nanmin(self.members)) if self._known else float("nan")

    @property
    def highest(self) -> float:
        """Largest value of a member."""
        return float(np.nanmax(self.members)) if self._known else float("nan")

    @property
    def _known(self) -> bool:
        return bool(np.isfinite(self.members).any())

    @property
    def relative(self) -> float:
        """Epistemic part over the size of the number; not-a-number where that has no zero."""
        if self.value == 0 or self.unit in WITHOUT_ZERO:
            return float("nan")
        return self.epistemic / abs(self.value)

    @property
    def in_words(self) -> str:
        """Value ± epistemic part, to two digits of the latter, with the unit."""
        digits = decimals_of(self.epistemic)
        written = f"{self.value:.{digits}f} ± {two_digits(self.epistemic):.{digits}f}"
        return (
            f"({written}) × {self.unit}"
            if self.unit.startswith("10")
            else f"{written} {self.unit}".rstrip()
        )

    def summary(self) -> dict[str, Any]:
        """An entry of ``numbers`` in result.json."""
        return {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "members": self.members,
            "spread": self.spread,
            "epistemic": self.epistemic,
            "aleatoric": self.aleatoric,
            "combined": self.combined,
        }


@dataclass(frozen=True)
class CommitteeResult(Frozen):
    """Every member's own relaxed cell, elastic constants, phonons and expansion.

    Arrays begin with the m members; a member without an answer has not-a-number there, and
    its reason in ``problems``. Stages that were not asked for leave empty arrays.

    Attributes
    ----------
    members, problems
        Names, and what went wrong with each, a sentence or nothing.
    calibration
        Factors of the model; the arrays here are without them.
    n_volumes
        Volumes of each member's expansion, which may be fewer than those of the whole.
    supercell_matrix
        The one that all members share with the committee as a whole.
    given, relaxed
        What all members say of the structure as it was given, and of the relaxed one.
    energy_per_atom_ev, volume_per_atom_a3, lattice
        At each member's own rest, (m,).
    laue_class, stiffness_gpa
        Relaxed ions, (m, 6, 6), in the axes of the committee's own tensor.
    band_frequency_thz, gamma_frequencies_thz
        On the q-points of the phonon result, (m, q, b), and at Γ, (m, b), ascending.
    temperatures_k
        (t,).
    expansion_volume_per_atom_a3, alpha_volume_per_k, bulk_modulus_gpa, \
heat_capacity_p_j_per_mol_atoms_k
        (m, t); not-a-number beyond the temperatures that a member's volumes hold for.
    numbers
        The final numbers with their spread.
    """

    members: tuple[str, ...]
    problems: tuple[str, ...]
    calibration: Calibration
    n_volumes: int
    given: AtomSpread
    relaxed: AtomSpread
    energy_per_atom_ev: FloatArray
    volume_per_atom_a3: FloatArray
    lattice: dict[str, FloatArray]
    numbers: tuple[Number, ...]
    checks: tuple[Check, ...]
    laue_class: str = ""
    supercell_matrix: IntArray = field(default_factory=_none)
    stiffness_gpa: FloatArray = field(default_factory=_none)
    band_frequency_thz: Float32Array = field(default_factory=_none)
    gamma_frequencies_thz: FloatArray = field(default_factory=_none)
    temperatures_k: FloatArray = field(default_factory=_none)
    expansion_volume_per_atom_a3: FloatArray = field(default_factory=_none)
    alpha_volume_per_k: FloatArray = field(default_factory=_none)
    bulk_modulus_gpa: FloatArray = field(default_factory=_none)
    heat_capacity_p_j_per_mol_atoms_k: FloatArray = field(default_factory=_none)

    def number(self, name: str) -> Number | None:
        """Return a final number by its name, if there is one."""
        return next((one for one in self.numbers if one.name == name), None)

    @property
    def least_sure(self) -> Number | None:
        """The final number with the largest relative spread."""
        known = [number for number in self.numbers if np.isfinite(number.relative)]
        return max(known, key=lambda number: number.relative, default=None)

    def doubt(self, name: str) -> float:
        """Return the epistemic part of a final number; not-a-number if it is unknown."""
        found = self.number(name)
        return found.epistemic if found else float("nan")

    @property
    def first_to_leave(self) -> tuple[str, float] | None:
        """The member whose expansion ends first, and its last temperature in K.

        ``None`` where no member has an expansion.
        """
        known = np.isfinite(self.alpha_volume_per_k)
        ends = {
            name: float(self.temperatures_k[row][-1])
            for name, row in zip(self.members, known, strict=False)
            if row.any()
        }
        return min(ends.items(), key=lambda item: item[1], default=None)

    @property
    def band_doubt_thz(self) -> FloatArray:
        """Calibrated spread of each band along the path, (q, b)."""
        return self._calibrated(np.asarray(self.band_frequency_thz, dtype=float))

    @property
    def gamma_doubt_thz(self) -> FloatArray:
        """Calibrated spread of each mode at Γ, (b,), or empty."""
        known = self.gamma_frequencies_thz
        return self._calibrated(known) if known.size else known

    def thermal_doubt(self, name: str) -> FloatArray:
        """Calibrated spread of an array over temperature by its field's name, (t,).

        It ends where the first member leaves the volumes of its expansion: the spread of
        those that are left would jump there. Members without an expansion do not count.
        """
        values = getattr(self, name)
        known = np.isfinite(values)
        shared = known[known.any(axis=1)].all(axis=0)
        return np.where(shared, self._calibrated(values), np.nan)

    def _calibrated(self, values: FloatArray) -> FloatArray:
        return np.asarray(self.calibration.force * spread(values))

    def summary(self) -> dict[str, Any]:
        """The block ``committee`` of result.json."""
        return {
            "members": self.members,
            "problems": self.problems,
            "calibration": self.calibration,
            "n_volumes": self.n_volumes,
            "numbers": [number.summary() for number in self.numbers],
            "energy_per_atom_ev": self.energy_per_atom_ev,
            "volume_per_atom_a3": self.volume_per_atom_a3,
            "lattice": self.lattice,
            "stiffness_gpa": self.stiffness_gpa,
            "gamma_frequencies_thz": self.gamma_frequencies_thz,
            **self._over_temperature(),
            "given": self.given,
            "relaxed": self.relaxed,
        }

    def _over_temperature(self) -> dict[str, Any]:
        if not self.temperatures_k.size:
            return {}
        names = ("alpha_volume_per_k", "bulk_modulus_gpa", "heat_capacity_p_j_per_mol_atoms_k")
        found: dict[str, Any] = {"temperatures_k": self.temperatures_k}
        for name in names:
            found[name] = getattr(self, name)
            found[f"{name}_epistemic"] = self.thermal_doubt(name)
        return found
