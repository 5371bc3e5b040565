"""A SevenNet model as the flat arrays that the C engine reads.

The ctypes structures mirror those of ``network.h`` field by field. All normalisations
of e3nn (path weights, moments of activations, denominators) are folded into the
matrices and the radial functions, in double precision.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_double, c_int32, c_int64, c_void_p
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mlpcore.engine import coupling, radial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

MAX_L = 3
N_L = MAX_L + 1
MAX_PATHS = 40
MAX_ENTRIES = 784
"""Room for the coupling matrices of all paths from one degree, as in convolution.h."""


class EngineUnsupportedError(Exception):
    """The network has a part that the engine does not know."""


class CCoupling(Structure):
    """``Coupling`` of network.h."""

    _fields_ = [("begin", c_void_p), ("index", c_void_p), ("value", c_void_p)]


class CPath(Structure):
    """``Path`` of network.h."""

    _fields_ = [
        ("l1", c_int32),
        ("l2", c_int32),
        ("l3", c_int32),
        ("column", c_int32),
        ("by_harmonic", CCoupling),
        ("by_output", CCoupling),
    ]


class CLayer(Structure):
    """``Layer`` of network.h."""

    _fields_ = [
        ("n_in", c_int32 * N_L),
        ("n_middle", c_int32 * N_L),
        ("n_gate", c_int32 * N_L),
        ("n_scalars", c_int32),
        ("n_paths", c_int32),
        ("first_path", c_int32 * (N_L + 1)),
        ("has_gradient", c_int32),
        ("paths", CPath * MAX_PATHS),
        *((name, c_void_p * N_L) for name in ("before", "before_t")),
        *((name, c_void_p * N_L) for name in ("after", "after_t")),
        *((name, c_void_p * N_L) for name in ("skip", "skip_t")),
        ("before_bias", c_void_p),
        ("gate_bias", c_void_p),
        ("radial", c_void_p),
        ("radial_stride", c_int64),
        ("radial_start", c_int64 * N_L),
    ]


def network_type(dtype: Any) -> type[Structure]:
    """Return ``Network`` of network.h for single or double precision."""
    real = ctypes.c_float if np.dtype(dtype) == np.float32 else ctypes.c_double

    class CNetwork(Structure):
        _fields_ = [
            ("n_layers", c_int32),
            ("n_fine", c_int32),
            ("n_intervals", c_int32),
            ("fine_below_a", c_double),
            ("cutoff_a", c_double),
            ("activation_scale", real),
            ("layers", POINTER(CLayer)),
            ("type_before", c_void_p),
            ("type_skip", c_void_p),
            ("readout", c_void_p),
            ("energy_scale", c_void_p),
            ("energy_shift", c_void_p),
        ]

    return CNetwork


@dataclass(frozen=True)
class Network:
    """A network in memory, for one precision and vector width.

    Attributes
    ----------
    c
        The C structure.
    types
        Type of each atomic number, −1 for elements that the model does not know.
    kept
        The arrays that the C structure points to.
    """

    c: Structure
    types: NDArray[np.int32]
    kept: list[Any]


class NetworkBuilder:
    """Translates a SevenNet model; see :func:`build_network`."""

    def __init__(self, model: Any, modal: str | None, dtype: Any, lanes: int) -> None:
        self._model, self._dtype, self._lanes = model, np.dtype(dtype), lanes
        self._modal = None if modal is None else int(model.modal_map[modal])
        self._kept: list[Any] = []
        self._modules = dict(model.named_children())

    def build(self) -> Network:
        """Return the whole network."""
        n_layers = sum(name.endswith("_convolution") for name in self._modules)
        layers = (CLayer * n_layers)(*(self._layer(t) for t in range(n_layers)))
        self._kept.append(layers)
        edge = self._modules["edge_embedding"]
        cutoff = _cutoff_a(edge)
        before, skip = self._first_rows()
        weights, constant = self._readout()
        scale, shift = self._rescale()
        network = network_type(self._dtype)(
            n_layers=n_layers,
            n_fine=radial.N_FINE,
            n_intervals=len(radial.knots_a(cutoff)) - 1,
            fine_below_a=radial.FINE_BELOW_A,
            cutoff_a=cutoff,
            activation_scale=self._activation_scale(),
            layers=layers,
            type_before=self._pointer(before),
            type_skip=self._pointer(skip),
            readout=self._pointer(weights),
            energy_scale=self._pointer(scale, np.float64),
            energy_shift=self._pointer(shift + scale * constant, np.float64),
        )
        return Network(network, self._types(), self._kept)

    def _pointer(self, values: Any, dtype: Any = None) -> int:
        """Keep a copy in the wanted precision and return its address."""
        array = np.ascontiguousarray(values, dtype=dtype or self._dtype)
        self._kept.append(array)
        return array.ctypes.data

    def _panels(self, matrix: FloatArray) -> int:
        """Keep a matrix as (panel, row, column of the panel), two vectors of columns each."""
        panels = matrix.reshape(len(matrix), -1, 2 * self._lanes)
        return self._pointer(panels.transpose(1, 0, 2))

    def _layer(self, t: int) -> CLayer:
        convolution = self._modules[f"{t}_convolution"]
        paths = coupling.paths_of(convolution.convolution)
        before, before_bias = self._linear(f"{t}_self_interaction_1")
        after, after_bias = self._linear(f"{t}_self_interaction_2")
        skip, skip_bias = self._linear(f"{t}_self_connection_intro")
        gate = self._modules[f"{t}_equivariant_gate"].gate
        self._check_gate(gate)
        layer = CLayer(
            n_in=_channels(convolution.convolution.irreps_in1),
            n_middle=_channels(convolution.convolution.irreps_out),
            n_gate=_channels(gate.irreps_in),
            n_scalars=gate.irreps_out.count("0e"),
            n_paths=len(paths),
            first_path=(c_int32 * (N_L + 1))(
                *(sum(path.l1 < l1 for path in paths) for l1 in range(N_L + 1))
            ),
            has_gradient=t > 0,
            before_bias=self._pointer(before_bias),
            gate_bias=self._pointer(after_bias + skip_bias),
        )
        self._check_widths(layer, paths)
        for name, matrices in (("before", before), ("after", after), ("skip", skip)):
            for degree, matrix in matrices.items():
                getattr(layer, name)[degree] = self._panels(matrix)
                getattr(layer, name + "_t")[degree] = self._panels(matrix.T)
        for index, path in enumerate(paths):
            layer.paths[index] = self._path(path)
        self._fill_radial(layer, convolution, paths)
        return layer

    def _check_gate(self, gate: Any) -> None:
        irreps = gate.irreps_out
        if any(irrep.p != 1 or irrep.l > MAX_L for _, irrep in irreps):
            raise EngineUnsupportedError(
                f"features {irreps}: need even parity, degree ≤ {MAX_L}"
            )
        activations = [*gate.act_scalars.acts, *gate.act_gates.acts]
        if any(act.f is not torch.nn.functional.silu for act in activations):
            raise EngineUnsupportedError("an activation other than silu")

    def _check_widths(self, layer: CLayer, paths: list[coupling.Path]) -> None:
        widths = [*layer.n_in, *layer.n_gate, layer.n_scalars, *(p.channels for p in paths)]
        if any(width % (2 * self._lanes) for width in widths):
            raise EngineUnsupportedError(
                f"channels {widths}: need multiples of {2 * self._lanes}"
            )
        if len(paths) > MAX_PATHS:
            raise EngineUnsupportedError(f"{len(paths)} tensor products, at most {MAX_PATHS}")
        for degree in range(N_L):
            shapes = [path.tensor.shape for path in paths if path.l1 == degree]
            entries = max(sum(d1 * other[k] for d1, *other in shapes) for k in (0, 1))
            if entries > MAX_ENTRIES:
                raise EngineUnsupportedError(
                    f"{entries} couplings of degree {degree}, at most {MAX_ENTRIES}"
                )

    def _path(self, path: coupling.Path) -> CPath:
        by_harmonic, by_output = (self._coupling(s) for s in (path.by_harmonic, path.by_output))
        return CPath(path.l1, path.l2, path.l3, path.column, by_harmonic, by_output)

    def _coupling(self, sparse: coupling.Sparse) -> CCoupling:
        return CCoupling(
            self._pointer(sparse.begin, np.int32),
            self._pointer(sparse.index, np.int32),
            self._pointer(sparse.value),
        )

    def _fill_radial(self, layer: CLayer, convolution: Any, paths: list[coupling.Path]) -> None:
        """Arrange the radial polynomials as (interval, l1, block, path, coefficient, lane)."""
        edge = self._modules["edge_embedding"]
        table = radial.piecewise_polynomials(edge, convolution.weight_nn, _cutoff_a(edge))
        table /= float(convolution.denominator.item())
        parts, start = [], 0
        for degree in range(N_L):
            own = [path for path in paths if path.l1 == degree]
            layer.radial_start[degree] = start
            if not own:
                continue
            blocks = np.stack([self._blocks(table, path) for path in own], axis=2)
            parts.append(blocks.reshape(len(table), -1))
            start += parts[-1].shape[1]
        layer.radial = self._pointer(np.concatenate(parts, axis=1))
        layer.radial_stride = start

    def _blocks(self, table: FloatArray, path: coupling.Path) -> FloatArray:
        """Return one path's polynomials, (interval, block, coefficient, lane)."""
        own = table[:, path.weight_start : path.weight_start + path.channels]
        shaped = own.reshape(len(table), -1, self._lanes, radial.N_COEFFICIENTS)
        return shaped.transpose(0, 1, 3, 2) * path.identity_factor

    def _linear(self, name: str) -> tuple[dict[int, FloatArray], FloatArray]:
        """Return the matrices of an e3nn Linear by degree, and the constant of degree 0.

        The one-hot of the fidelity, where there is one, is constant: its row is the
        constant.
        """
        linear = self._modules[name].linear
        if linear.bias_numel:
            raise EngineUnsupportedError(f"{name} has a bias")
        weight, at = linear.weight.detach().double().numpy(), 0
        matrices: dict[int, FloatArray] = {}
        constant = np.zeros(_channels(linear.irreps_out)[0])
        for instruction in linear.instructions:
            size = int(np.prod(instruction.path_shape))
            matrix = weight[at : at + size].reshape(instruction.path_shape)
            matrix, at = matrix * instruction.path_weight, at + size
            degree = linear.irreps_in[instruction.i_in].ir.l
            if degree in matrices:
                constant = constant + matrix[self._modal]
            else:
                matrices[degree] = matrix
        return matrices, constant

    def _first_rows(self) -> tuple[FloatArray, FloatArray]:
        """Return what the first layer's linear maps make of each atom type."""
        embedding, offset = self._linear("onehot_to_feature_x")
        before, before_bias = self._linear("0_self_interaction_1")
        skip, skip_bias = self._linear("0_self_connection_intro")
        _, after_bias = self._linear("0_self_interaction_2")
        features = embedding[0] + offset
        return features @ before[0] + before_bias, features @ skip[0] + skip_bias + after_bias

    def _readout(self) -> tuple[FloatArray, float]:
        """Return weights and constant of the two linear maps behind the last layer."""
        hidden, hidden_bias = self._linear("reduce_input_to_hidden")
        energy, energy_bias = self._linear("reduce_hidden_to_energy")
        constant = hidden_bias @ energy[0] + energy_bias
        return (hidden[0] @ energy[0])[:, 0], float(constant[0])

    def _rescale(self) -> tuple[FloatArray, FloatArray]:
        """Return scale and shift of the atomic energy in eV, by atom type."""
        module = self._modules["rescale_atomic_energy"]
        scale, shift = (
            values.detach().double().numpy() for values in (module.scale, module.shift)
        )
        scale, shift = (v[self._modal] if v.ndim == 2 else v for v in (scale, shift))
        return np.broadcast_arrays(scale, shift)  # type: ignore[return-value]

    def _activation_scale(self) -> float:
        return float(self._modules["0_equivariant_gate"].gate.act_scalars.acts[0].cst)

    def _types(self) -> NDArray[np.int32]:
        types = np.full(120, -1, dtype=np.int32)
        for number, index in self._model.type_map.items():
            types[int(number)] = index
        return types


def build_network(model: Any, modal: str | None, dtype: Any, lanes: int) -> Network:
    """Translate a SevenNet model.

    Parameters
    ----------
    model
        Upstream's sequence of modules, in double precision.
    modal
        Channel of a multi-fidelity model.
    dtype
        Precision of the engine.
    lanes
        Numbers in one vector of the engine.

    Raises
    ------
    EngineUnsupportedError
        The network has a part that the engine does not know.
    """
    return NetworkBuilder(model, modal, dtype, lanes).build()


def _channels(irreps: Any) -> Any:
    channels = (c_int32 * N_L)()
    for number, irrep in irreps:
        if irrep.l > MAX_L:
            raise EngineUnsupportedError(f"degree {irrep.l}, at most {MAX_L}")
        channels[irrep.l] += number
    return channels


def _cutoff_a(edge_embedding: Any) -> float:
    envelope = edge_embedding.cutoff_function
    return float(getattr(envelope, "cutoff_length", 0.0) or envelope.r_cut)
