"""Symmetry operations that a CIF states: as a list, or by the name of its space group."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import spglib
from numpy.typing import NDArray

from mlpcore.errors import StructureError

_LIST_TAGS = (
    "_space_group_symop_operation_xyz",
    "_space_group_symop.operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
_NAME_TAGS = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_space_group.name_h-m_alt",
    "_space_group.name_h-m_full",
)
_HALL_TAGS = (
    "_space_group_name_hall",
    "_symmetry_space_group_name_hall",
    "_space_group.name_hall",
)
_NUMBER_TAGS = (
    "_space_group_it_number",
    "_symmetry_int_tables_number",
    "_space_group.it_number",
)
_TERM = re.compile(r"([+-]?)(?:([xyz])|(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:/(\d{1,9}))?)")
_SUFFIXES = {"H": "h", "R": "r", "1": "s", "2": "z"}
"""Letters that some databases append for hexagonal or rhombohedral axes and the origin."""

_RHOMBOHEDRAL = (146, 148, 155, 160, 161, 166, 167)


@dataclass(frozen=True, eq=False)
class Operations:
    """Rotations (n, 3, 3) and translations (n, 3) of fractional coordinates."""

    rotations: NDArray[np.float64]
    translations: NDArray[np.float64]


def operations(
    tags: Mapping[str, Sequence[str]],
    first: Callable[..., str | None],
    lattice_a: NDArray[np.float64],
) -> Operations:
    """Return the operations of a data block; without any statement, the identity.

    Parameters
    ----------
    tags
        Values of each tag.
    first
        Returns the first known value among some tags, or ``None``.
    lattice_a
        Lattice vectors, to tell hexagonal from rhombohedral axes.

    Raises
    ------
    StructureError
        The statement cannot be understood, or fits several settings.
    """
    for tag in _LIST_TAGS:
        if tags.get(tag):
            return _checked([_parse(text) for text in tags[tag]])
    hall = _setting(first, lattice_a)
    found: Any = spglib.get_symmetry_from_database(hall)
    return Operations(found["rotations"].astype(float), found["translations"])


def _parse(text: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read an operation such as ``x-y,x,z+1/3``."""
    rows = re.sub(r"\s", "", text.lower()).split(",")
    rotation, translation = np.zeros((3, 3)), np.zeros(3)
    for i, row in enumerate(rows[:3]):
        terms = _TERM.findall(row)
        if (
            not terms
            or "".join(s + x + n + (f"/{d}" if d else "") for s, x, n, d in terms) != row
        ):
            break
        for sign, axis, value, divisor in terms:
            factor = -1 if sign == "-" else 1
            if axis:
                rotation[i, "xyz".index(axis)] += factor
            elif not divisor or int(divisor):
                translation[i] += factor * float(Fraction(value) / int(divisor or 1))
    if len(rows) != 3 or abs(abs(np.linalg.det(rotation)) - 1) > 1e-6:
        raise StructureError(
            f"{text[:40]!r} is not a symmetry operation such as 'x-y,x,z+1/3'. Correct the "
            "list of operations."
        )
    return rotation, translation


def _checked(
    found: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> Operations:
    """Refuse a list that is no group, as when the file was cut off or edited."""
    if len(found) > 192:
        raise StructureError(
            f"it lists {len(found)} symmetry operations, and no space group has more than 192. "
            "Correct the list of operations."
        )
    ops = Operations(
        np.array([rotation for rotation, _ in found]), np.array([shift for _, shift in found])
    )
    known = _keys(ops.rotations, ops.translations)
    for rotation, shift in found:
        products = _keys(rotation @ ops.rotations, ops.translations @ rotation.T + shift)
        if not products <= known:
            raise StructureError(
                "its list of symmetry operations is incomplete: two of them make one that is "
                "not listed. The file may be cut off: export it again."
            )
    return ops


def _keys(rotations: NDArray[np.float64], shifts: NDArray[np.float64]) -> set[tuple[int, ...]]:
    """Hashable form of operations; translations in 1/240, modulo lattice vectors."""
    shift = np.mod(np.round(shifts * 240), 240)
    table = np.concatenate([rotations.reshape(-1, 9), shift], axis=1).astype(int)
    return set(map(tuple, table.tolist()))


def _group(hall: int) -> Any:
    return spglib.get_spacegroup_type(hall)


def _normal(name: str) -> str:
    return re.sub(r"[\s_'\"]", "", name).lower()


@cache
def _settings() -> tuple[dict[str, list[int]], dict[str, int], dict[int, list[int]]]:
    """Hall numbers by Hermann-Mauguin name, by Hall symbol and by group number."""
    by_name: dict[str, list[int]] = {}
    by_hall: dict[str, int] = {}
    by_number: dict[int, list[int]] = {}
    for hall in range(1, 531):
        group = _group(hall)
        names = {group.international_short, group.international_full}
        names.update(group.international.split("="))
        for name in {_normal(name) for name in names}:
            suffix = _SUFFIXES.get(group.choice, "")
            for key in {name, f"{name}:{group.choice}".lower(), name + suffix}:
                by_name.setdefault(key, []).append(hall)
        by_hall[_normal(group.hall_symbol)] = hall
        by_number.setdefault(int(group.number), []).append(hall)
    return by_name, by_hall, by_number


def _setting(first: Callable[..., str | None], lattice_a: NDArray[np.float64]) -> int:
    """Return the Hall number that Hall symbol, name or number state; 1 without any."""
    by_name, by_hall, by_number = _settings()
    hall, name, number = (first(*tags) for tags in (_HALL_TAGS, _NAME_TAGS, _NUMBER_TAGS))
    if hall is not None and _normal(hall) in by_hall:
        return by_hall[_normal(hall)]
    if name is not None and _normal(name) in by_name:
        return _one(by_name[_normal(name)], name, lattice_a)
    if name is None and number is not None and number.isdecimal() and int(number) in by_number:
        return _one(by_number[int(number)], f"number {number}", lattice_a)
    stated = name or number or hall
    if stated is None:
        return 1
    raise StructureError(
        f"the space group {stated[:40]!r} is not known. Give its standard name such as "
        "'F m -3 m', or list the symmetry operations."
    )


def _one(halls: list[int], name: str, lattice_a: NDArray[np.float64]) -> int:
    """Choose among settings of one name: by the axes if rhombohedral, else if only one."""
    group = _group(halls[0])
    if group.number in _RHOMBOHEDRAL and len(halls) == 2:
        lengths = np.linalg.norm(lattice_a, axis=1)
        gamma = np.dot(lattice_a[0], lattice_a[1]) / lengths[0] / lengths[1]
        return halls[0] if abs(gamma + 0.5) < 0.01 else halls[1]
    origins = {_group(hall).choice for hall in halls}
    if {"1", "2"} <= origins:
        raise StructureError(
            f"the space group {name[:40]} has two choices of origin, and the file does not say "
            "which it means. Export it with its list of symmetry operations."
        )
    return halls[0]
