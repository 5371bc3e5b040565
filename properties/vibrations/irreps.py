"""Symmetry of the modes at Γ: irreducible representations and what light couples to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from phonopy.phonon.irreps import IrRepLabels

from properties.vibrations.modes import translations
from properties.vibrations.phonon_result import GammaMode

if TYPE_CHECKING:
    from phonopy import Phonopy

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


def gamma_modes(phonon: Phonopy) -> tuple[GammaMode, ...]:
    """Classify the modes at Γ, without the non-analytic term.

    Degenerate modes are joined by their representation, not by nearness. A mode is infrared
    active if its representation is contained in that of a vector, Raman active if in that
    of a symmetric tensor (Wilson, Decius and Cross, Molecular Vibrations, 1955).
    """
    found = phonon.run_irreps([0.0, 0.0, 0.0], symmetry_adapted=True)
    rotations = np.asarray(found.conventional_rotations, dtype=float)
    acoustic = set(translations(phonon, np.asarray(found.eigenvectors)).tolist())
    modes = []
    for bands, characters, label in zip(
        found.band_indices, found.characters, _labels(found, phonon), strict=True
    ):
        moves = not acoustic.isdisjoint(bands)
        modes.append(
            GammaMode(
                frequency_thz=float(np.mean(found.frequencies[bands])),
                bands=tuple(int(band) for band in bands),
                label=label,
                raman_active=not moves and _contained(characters, _tensor(rotations)),
                infrared_active=not moves and _contained(characters, _vector(rotations)),
                acoustic=moves,
            )
        )
    return tuple(modes)


def _labels(found: Any, phonon: Phonopy) -> list[str]:
    """Mulliken symbols, empty where the character table has none for a set of modes."""
    named = IrRepLabels(
        found.characters,
        found.conventional_rotations,
        phonon.primitive_symmetry.pointgroup_symbol,
        verbose=False,
    ).irrep_labels
    return [label or "" for label in named or [None] * len(found.characters)]


def _vector(rotations: FloatArray) -> FloatArray:
    """Characters of a polar vector, (g,); a trace does not depend on the basis."""
    return np.asarray(np.trace(rotations, axis1=1, axis2=2))


def _tensor(rotations: FloatArray) -> FloatArray:
    """Characters of a symmetric tensor of rank 2: (χ(R)² + χ(R²)) / 2."""
    squared = np.trace(rotations @ rotations, axis1=1, axis2=2)
    return np.asarray((_vector(rotations) ** 2 + squared) / 2)


def _contained(characters: ComplexArray, other: FloatArray) -> bool:
    """Whether two representations have an irreducible one in common."""
    times = abs(np.mean(np.conj(characters) * other))  # how often; a whole number
    return bool(times > 0.5)
