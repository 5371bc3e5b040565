"""Read-only arrays and the JSON form of frozen result objects."""

from __future__ import annotations

import base64
import dataclasses
import typing
from typing import Any, Self, get_args, get_origin

import numpy as np
from numpy.typing import NDArray


def frozen_array(values: Any, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a read-only copy of `values`; a −1 in `shape` matches any length.

    Raises
    ------
    ValueError
        The values do not have the shape.
    """
    array: NDArray[Any] = np.array(values, dtype=dtype)
    fits = array.ndim == len(shape) and all(
        want in (-1, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueError(f"expected an array of shape {shape}, got {array.shape}")
    array.setflags(write=False)
    return array


PACKED_ABOVE = 2000
"""Larger arrays are kept as bytes, which are read a hundred times faster than digits."""


def _packed(values: NDArray[Any]) -> dict[str, Any]:
    """Return an array as its type, its shape and its bytes in base 64."""
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return {
        "dtype": values.dtype.str,
        "shape": list(values.shape),
        "base64": base64.b64encode(values.tobytes()).decode(),
    }


def _unpacked(packed: dict[str, Any]) -> NDArray[Any]:
    found = np.frombuffer(base64.b64decode(packed["base64"]), dtype=packed["dtype"])
    return found.reshape(packed["shape"])


def _stored(value: Any) -> Any:
    """Return `value` as JSON values, large and complex arrays packed."""
    if isinstance(value, np.ndarray) and (value.size > PACKED_ABOVE or np.iscomplexobj(value)):
        return _packed(value)
    if isinstance(value, dict):
        return {key: _stored(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_stored(item) for item in value]
    return plain(value)


def plain(value: Any) -> Any:
    """Return `value` with arrays, tuples and results turned into JSON values."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


def _revive(kind: Any, value: Any) -> Any:
    if value is None:
        return np.nan if kind is float else None
    origin = get_origin(kind)
    if origin is np.ndarray:
        dtype = get_args(get_args(kind)[1])[0]
        return np.array(_unpacked(value) if isinstance(value, dict) else value, dtype=dtype)
    if origin is tuple:
        return tuple(_revive(get_args(kind)[0], item) for item in value)
    if origin is dict:
        return {key: _revive(get_args(kind)[1], item) for key, item in value.items()}
    if origin is not None:
        inner = [arg for arg in get_args(kind) if arg is not type(None)]
        return _revive(inner[0], value)
    return kind.from_dict(value) if hasattr(kind, "from_dict") else value


class Frozen:
    """Base of frozen dataclasses: arrays become read-only, JSON goes both ways.

    Large arrays and complex ones are packed as bytes. Not-a-number becomes ``null`` elsewhere
    and comes back as not-a-number.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                copy = value.copy()
                copy.setflags(write=False)
                object.__setattr__(self, field.name, copy)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as JSON values."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {field.name: _stored(getattr(self, field.name)) for field in fields}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`; unknown keys raise ``TypeError``."""
        hints = typing.get_type_hints(cls)
        return cls(**{key: _revive(hints.get(key), value) for key, value in data.items()})
