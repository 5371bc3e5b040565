"""Paths of a tensor product, and their Clebsch–Gordan coefficients as sparse lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from e3nn.o3 import wigner_3j

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Sparse:
    """Linear forms: entry e is Σ value[k] q[index[k]] over begin[e] ≤ k < begin[e+1]."""

    begin: NDArray[np.int32]
    index: NDArray[np.int32]
    value: FloatArray


@dataclass(frozen=True)
class Path:
    """One product of features of degree l1 with harmonics of degree l2, of degree l3.

    Attributes
    ----------
    l1, l2, l3
        Degrees of the input, of the spherical harmonics and of the product.
    channels
        Number of channels, the same before and after.
    column
        First channel among all products of degree l3.
    weight_start
        First of its radial weights among all those of the layer.
    tensor
        (2 l1 + 1, 2 l2 + 1, 2 l3 + 1): Wigner 3j symbols with the path's weight.
    """

    l1: int
    l2: int
    l3: int
    channels: int
    column: int
    weight_start: int
    tensor: FloatArray

    @property
    def identity_factor(self) -> float:
        """With l2 = 0 the tensor is this number times the identity."""
        return float(self.tensor[0, 0, 0]) if self.l2 == 0 else 1.0

    @property
    def by_harmonic(self) -> Sparse:
        """Entries (m3, m1), linear in Y(m2)."""
        return _sparse(self.tensor.transpose(2, 0, 1))

    @property
    def by_output(self) -> Sparse:
        """Entries (m2, m1), linear in the gradient by the product, (m3)."""
        return _sparse(self.tensor.transpose(1, 0, 2))


def paths_of(tensor_product: Any) -> list[Path]:
    """Return the paths of an e3nn ``uvu`` tensor product, sorted by l1."""
    irreps_in, irreps_out = tensor_product.irreps_in1, tensor_product.irreps_out
    columns = _columns(irreps_out)
    found, weight_start = [], 0
    for instruction in tensor_product.instructions:
        channels, irrep = irreps_in[instruction.i_in1]
        degrees = (
            irrep.l,
            tensor_product.irreps_in2[instruction.i_in2].ir.l,
            irreps_out[instruction.i_out].ir.l,
        )
        tensor = wigner_3j(*degrees, dtype=torch.float64).numpy() * instruction.path_weight
        found.append(Path(*degrees, channels, columns[instruction.i_out], weight_start, tensor))
        weight_start += channels
    return sorted(found, key=lambda path: path.l1)


def _columns(irreps: Any) -> list[int]:
    """Return the first channel of each entry among those of its degree."""
    used: dict[int, int] = {}
    columns = []
    for channels, irrep in irreps:
        columns.append(used.get(irrep.l, 0))
        used[irrep.l] = used.get(irrep.l, 0) + channels
    return columns


def _sparse(tensor: FloatArray) -> Sparse:
    """Keep the non-zero coefficients of the last axis for each entry of the first two."""
    rows = tensor.reshape(-1, tensor.shape[-1])
    kept = np.abs(rows) > 1e-14 * np.abs(rows).max()
    entries, index = np.nonzero(kept)
    begin = np.searchsorted(entries, np.arange(len(rows) + 1))
    return Sparse(begin.astype(np.int32), index.astype(np.int32), rows[kept])
