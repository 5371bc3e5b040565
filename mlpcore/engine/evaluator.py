"""Calls the C engine for a batch of structures."""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_int64, c_void_p
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mlpcore.engine.library import InstructionSet, load_library
from mlpcore.engine.network import build_network
from mlpcore.potential import Evaluation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcore.neighbours import Candidates


class CStructure(Structure):
    """``Structure`` of geometry.h."""

    _fields_ = [
        ("n_atoms", c_int64),
        *(
            (name, c_void_p)
            for name in (
                *("type", "structure", "positions", "cells", "first", "neighbour", "image"),
            )
        ),
    ]


class COutput(Structure):
    """``Output`` of engine.c."""

    _fields_ = [(n, c_void_p) for n in ("energies", "gradients", "virials")]


class Evaluator:
    """A SevenNet network in the C engine.

    Parameters
    ----------
    model
        Upstream's sequence of modules.
    modal
        Channel of a multi-fidelity model.
    dtype
        ``float32`` or ``float64``.
    instruction_set
        Another than the fastest that the processor runs, for tests.

    Raises
    ------
    EngineUnsupportedError
        The engine cannot be compiled here, or does not know a part of the network.
    """

    def __init__(
        self,
        model: Any,
        modal: str | None,
        dtype: Any,
        instruction_set: InstructionSet | None = None,
    ) -> None:
        self._library, self.instruction_set = load_library(dtype, instruction_set)
        self._network = build_network(model, modal, dtype, int(self._library.lanes()))

    def evaluate(self, batch: Sequence[Candidates]) -> list[Evaluation]:
        """Return energy, forces and stress of structures with their neighbours."""
        sizes = [len(candidates.numbers) for candidates in batch]
        n_atoms = sum(sizes)
        arrays = self._arrays(batch, sizes)
        energies, gradients = np.zeros(n_atoms), np.zeros((n_atoms, 3))
        virials = np.zeros((n_atoms, 3, 3))
        output = COutput(*(a.ctypes.data for a in (energies, gradients, virials)))
        structure = CStructure(n_atoms, *(a.ctypes.data for a in arrays))
        n_threads = max(1, min(torch.get_num_threads(), n_atoms))
        failed = self._library.evaluate(
            ctypes.byref(self._network.c), ctypes.byref(structure), output, n_threads
        )
        if failed:
            raise MemoryError(f"not enough memory for {n_atoms} atoms in one evaluation")
        ends = np.cumsum(sizes)
        return [
            _evaluation(candidates, energies[part], gradients[part], virials[part])
            for candidates, part in zip(
                batch,
                (slice(end - size, end) for end, size in zip(ends, sizes, strict=True)),
                strict=True,
            )
        ]

    def _arrays(self, batch: Sequence[Candidates], sizes: list[int]) -> list[Any]:
        """Join the structures to one, as the arrays of ``CStructure`` in their order."""
        offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        pair_counts = np.concatenate([np.diff(c.first) for c in batch])
        return [
            self._network.types[np.concatenate([c.numbers for c in batch])],
            np.repeat(np.arange(len(batch), dtype=np.int32), sizes),
            np.concatenate([c.positions_a for c in batch]),
            np.stack([c.cell_a for c in batch]),
            np.concatenate([[0], np.cumsum(pair_counts)]).astype(np.int64),
            np.concatenate(
                [c.neighbour + np.int32(o) for c, o in zip(batch, offsets, strict=True)]
            ).astype(np.int32),
            np.concatenate([c.image for c in batch]),
        ]


def _evaluation(
    candidates: Candidates, energies: Any, gradients: Any, virials: Any
) -> Evaluation:
    virial = virials.sum(axis=0)
    volume = abs(np.linalg.det(candidates.cell_a))
    return Evaluation(float(energies.sum()), -gradients, (virial + virial.T) / 2 / volume)
