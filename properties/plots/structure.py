"""A crystal as lit spheres, bonds and cell edges that turn under the mouse."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import plotly.graph_objects as go
from ase.data import chemical_symbols, covalent_radii
from ase.data.colors import jmol_colors
from numpy.typing import NDArray

from properties.crystal import Crystal
from properties.plots import solids, style
from properties.plots.solids import Mesh

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SPHERE_SCALE = 0.42
BOND_RADIUS_A = 0.11
BOND_FACTOR = 1.12
"""Two atoms are joined when closer than this times the sum of their covalent radii."""

ON_FACE = 1e-3
MOST_ATOMS_REPEATED = 40
"""Cells with more atoms are too slow to turn when several are shown."""

COARSE_ABOVE = 120
"""More atoms than this are drawn with coarser spheres."""

NON_METALS = (1, 2, *range(5, 11), *range(14, 19), *range(32, 37), *range(51, 55), 85, 86)
ZOOM = 1.15
MARGIN_A = 0.8
"""Room for the spheres around the centres of the atoms."""

BEYOND_CELL_A, LETTER_BEYOND_CELL_A = 1.4, 1.9


@dataclass(frozen=True)
class Drawn:
    """The atoms in view: those of the cell and their images on its faces.

    Attributes
    ----------
    numbers, fractional, positions_a
        Shapes (n,), (n, 3), (n, 3).
    bonds
        Pairs of indices, (b, 2), each pair once.
    origin
        Index in the cell of each atom in view, (n,).
    """

    numbers: IntArray
    fractional: FloatArray
    positions_a: FloatArray
    bonds: IntArray
    origin: IntArray


def figure(crystal: Crystal, cells: int = 1, height: int = 460) -> go.Figure:
    """Draw a crystal; one trace an element, so that the legend can hide it.

    Parameters
    ----------
    cells
        How many cells to show along each axis.
    """
    drawn = atoms_in_view(crystal, cells)
    plot = go.Figure()
    for number in dict.fromkeys(drawn.numbers):
        plot.add_trace(_element(drawn, int(number)))
    return framed(plot, drawn, crystal, height)


def framed(plot: go.Figure, drawn: Drawn, crystal: Crystal, height: int) -> go.Figure:
    """Add cell, axes and view to a figure with the atoms of a crystal, and return it."""
    plot.add_trace(_cell_edges(crystal.lattice_a))
    for trace in _axes(crystal.lattice_a):
        plot.add_trace(trace)
    plot.update_layout(
        scene={
            **_box(drawn, crystal.lattice_a),
            "annotations": _axis_letters(crystal.lattice_a),
            "aspectmode": "manual",
            "dragmode": "orbit",
            "camera": {
                "projection": {"type": "orthographic"},
                "eye": {"x": 1.3, "y": -1.1, "z": 0.55},
            },
        },
        uirevision=crystal.sha256,
    )
    style.finish(plot, height)
    plot.update_layout(
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        legend={"itemsizing": "constant", "y": 1.0, "yanchor": "top"},
    )
    return plot


def _box(drawn: Drawn, lattice_a: FloatArray) -> dict[str, Any]:
    """Hidden axes of one scale, as large as fits whichever way the crystal is turned."""
    corners = np.array(list(product((0, 1), repeat=3))) @ lattice_a
    points = np.concatenate([drawn.positions_a, corners, _axis_ends(lattice_a, BEYOND_CELL_A)])
    low, high = points.min(axis=0) - MARGIN_A, points.max(axis=0) + MARGIN_A
    ratio = ZOOM * np.sqrt(3) * (high - low) / np.linalg.norm(high - low)
    hidden = {"visible": False, "showspikes": False}
    axes: dict[str, Any] = {
        f"{name}axis": {**hidden, "range": [float(start), float(end)]}
        for name, start, end in zip("xyz", low, high, strict=True)
    }
    return {**axes, "aspectratio": dict(zip("xyz", map(float, ratio), strict=True))}


def _axis_ends(lattice_a: FloatArray, beyond_a: float) -> FloatArray:
    """Points on the axes beyond the cell, clear of the atoms at its corners."""
    lengths = np.linalg.norm(lattice_a, axis=1, keepdims=True)
    ends: FloatArray = lattice_a * (1 + beyond_a / lengths)
    return ends


def atoms_in_view(crystal: Crystal, cells: int = 1) -> Drawn:
    """Return the atoms of some cells, those on the outer faces twice, and their bonds."""
    wrapped = np.mod(crystal.fractional, 1.0)
    wrapped[wrapped > 1 - ON_FACE] -= 1.0
    origin, fractional = [], []
    for index, place in enumerate(wrapped):
        choices = [range(cells + (abs(x) < ON_FACE)) for x in place]
        for shift in product(*choices):
            origin.append(index)
            fractional.append(place + np.array(shift))
    positions = np.array(fractional) @ crystal.lattice_a
    numbers = crystal.numbers[origin]
    bonds = _bonds(numbers, positions)
    return Drawn(numbers, np.array(fractional), positions, bonds, np.array(origin))


def _bonds(numbers: IntArray, positions: FloatArray) -> IntArray:
    """Join neighbours, but two metal atoms only where there is nothing else."""
    i, j = np.triu_indices(len(numbers), k=1)
    apart = np.linalg.norm(positions[i] - positions[j], axis=1)
    near = joined(numbers[i], numbers[j], apart)
    return np.stack([i[near], j[near]], axis=1)


def joined(first: IntArray, second: IntArray, apart_a: FloatArray) -> NDArray[np.bool_]:
    """Return which pairs of atoms are drawn with a bond.

    Parameters
    ----------
    first, second, apart_a
        Atomic numbers of each pair, and its distance; together they name all elements.
    """
    near = apart_a < BOND_FACTOR * (covalent_radii[first] + covalent_radii[second])
    metals = ~np.isin(first, NON_METALS), ~np.isin(second, NON_METALS)
    if all(metal.all() for metal in metals):
        return np.asarray(near)
    return np.asarray(near & ~(metals[0] & metals[1]))


def _element(drawn: Drawn, number: int) -> go.Mesh3d:
    """Spheres of one element with their halves of the bonds, as one mesh."""
    mesh = solid(drawn, drawn.numbers == number)
    x, y, z = mesh.vertices.T.astype(np.float32)
    i, j, k = mesh.triangles.T.astype(np.int32)
    return go.Mesh3d(
        x=x, y=y, z=z, i=i, j=j, k=k,
        color=colour(number),
        name=chemical_symbols[number],
        showlegend=True,
        flatshading=False,
        lighting=style.LIGHT,
        lightposition=style.LIGHT_FROM,
        customdata=drawn.fractional[mesh.owner].astype(np.float32),
        hovertemplate=(
            f"<b>{chemical_symbols[number]}</b><br>fractional %{{customdata[0]:.4f}}, "
            "%{customdata[1]:.4f}, %{customdata[2]:.4f}<extra></extra>"
        ),
    )  # fmt: skip


def solid(drawn: Drawn, which: NDArray[np.bool_], coarse_above: int = COARSE_ABOVE) -> Mesh:
    """Return the spheres of some atoms in view with their halves of the bonds, as one mesh."""
    fine = 3 if len(drawn.numbers) <= coarse_above else 2
    parts = [
        solids.sphere(
            drawn.positions_a[k], SPHERE_SCALE * covalent_radii[drawn.numbers[k]], int(k), fine
        )
        for k in np.flatnonzero(which)
    ]
    for pair in drawn.bonds.tolist():
        for k, other in (pair, pair[::-1]):
            if which[k]:
                start, end = drawn.positions_a[k], drawn.positions_a[other]
                parts.append(solids.cylinder(start, (start + end) / 2, BOND_RADIUS_A, k))
    return solids.merge(parts)


def colour(number: int) -> str:
    """Return the usual colour of an element (Jmol's table) as a hex string."""
    red, green, blue = (round(255 * float(part)) for part in jmol_colors[number])
    return f"#{red:02x}{green:02x}{blue:02x}"


def _cell_edges(lattice_a: FloatArray) -> go.Scatter3d:
    """The twelve edges of the cell as one broken line."""
    points: list[FloatArray] = []
    for axis in range(3):
        for first, second in product((0, 1), repeat=2):
            corner = np.insert(np.array([first, second], dtype=float), axis, 0.0)
            end = corner + np.eye(3)[axis]
            points += [corner @ lattice_a, end @ lattice_a, np.full(3, np.nan)]
    x, y, z = np.array(points).T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": style.NEUTRAL, "width": 2},
        name="cell",
        showlegend=False,
        hoverinfo="skip",
    )


def _axes(lattice_a: FloatArray) -> list[go.Scatter3d]:
    """The axes a, b, c from the origin of the cell, coloured."""
    lengths = np.linalg.norm(lattice_a, axis=1)
    axes = []
    ends = _axis_ends(lattice_a, BEYOND_CELL_A)
    for name, end, length in zip("abc", ends, lengths, strict=True):
        x, y, z = np.array([np.zeros(3), end]).T
        axes.append(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="lines",
                line={"color": style.AXIS_COLOURS[name], "width": 5},
                name=name,
                showlegend=False,
                hovertemplate=f"axis {name}: {length:.4f} Å<extra></extra>",
            )
        )
    return axes


def _axis_letters(lattice_a: FloatArray) -> list[dict[str, Any]]:
    """The names of the axes, just beyond their ends and in front of every atom."""
    places = _axis_ends(lattice_a, LETTER_BEYOND_CELL_A)
    return [
        {
            **dict(zip("xyz", map(float, end), strict=True)),
            "text": f"<b>{name}</b>",
            "font": {"size": 16, "color": style.AXIS_COLOURS[name]},
            "showarrow": False,
        }
        for name, end in zip("abc", places, strict=True)
    ]
