"""An elastic quantity as a surface around a point, with axes and extreme values."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.elasticity import directions
from properties.elasticity.axes import CARTESIAN, Axes
from properties.elasticity.directions import Extreme
from properties.plots import elastic_sheets, solids, style
from properties.plots.elastic_sheets import LARGEST, SMALLEST, Drawable, Look, Sheet, Wave

FloatArray = NDArray[np.float64]

FINE, COARSE = (61, 121), (45, 89)
"""Polar and azimuthal angles; coarse where three sheets carry much to show on hover."""

OUTER_OPACITY = 0.34
AXIS_REACH, LETTER_REACH, BOX_REACH = 1.18, 1.28, 1.5
ZOOM = 1.85
ARROW_RADIUS, ARROW_TIP = 0.012, 0.09
MARK_SIZE = 6
ABOVE = 1.03
"""Marks float this much outside the surface, so as not to be half buried."""
TRANSVERSE_REACH = 0.22
PARALLEL_COSINE = 1 - 1e-6
FLAT = 1e-6
"""Surfaces whose values differ by less, relative to the largest, have one colour."""

SHADED = {"ambient": 0.55, "diffuse": 0.55, "specular": 0.12, "roughness": 0.6}
COLOURED = {"ambient": 0.75, "diffuse": 0.4, "specular": 0.05}


def figure(
    what: Drawable,
    stiffness_gpa: FloatArray,
    density_kg_per_m3: float | None = None,
    axes: Axes = CARTESIAN,
    height: int = 520,
) -> go.Figure:
    """Draw a quantity as the distance from the centre along each direction.

    Parameters
    ----------
    stiffness_gpa
        Positive definite, (6, 6).
    density_kg_per_m3
        Needed for waves.
    axes
        Those of the crystal, where its lattice is known.
    """
    look = elastic_sheets.LOOKS[what]
    coarse = what in (Wave.PHASE, Wave.SLOWNESS)
    unit = directions.sphere_directions(*(COARSE if coarse else FINE))
    sheets = elastic_sheets.sheets(what, stiffness_gpa, density_kg_per_m3, unit)
    reach = max(float(np.linalg.norm(sheet.places, axis=-1).max()) for sheet in sheets)
    drawn = go.Figure()
    for index, sheet in enumerate(sheets):
        surface = _surface(sheet, look, sheets, index)
        drawn.add_trace(surface.update(_on_hover(what, look, unit, sheets, index)))
    several = len(sheets) > 1 or bool((sheets[0].values < 0).any())
    if several:
        drawn.add_traces(_legend(sheets, look))
    found = elastic_sheets.extremes(what, stiffness_gpa, density_kg_per_m3)
    if found is not None:
        drawn.add_traces(_marks(found, look, reach))
    drawn.add_traces(_arrows(axes, reach))
    drawn.update_layout(scene=_scene(axes, reach), uirevision="directions-3d")
    style.finish(drawn, height, legend=several)
    return drawn.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        legend={"orientation": "h", "y": 0.0, "yanchor": "bottom", "itemsizing": "constant"},
    )


def _surface(sheet: Sheet, look: Look, sheets: tuple[Sheet, ...], index: int) -> go.Surface:
    x, y, z = np.moveaxis(sheet.places, -1, 0).astype(np.float32)
    values = sheet.values.astype(np.float32)
    shared = {
        "x": x,
        "y": y,
        "z": z,
        "surfacecolor": values,
        "name": legend_name(sheet, look),
        "legendgroup": sheet.name,
        "contours": {axis: {"highlight": False} for axis in "xyz"},
        "lightposition": style.LIGHT_FROM,
    }
    if len(sheets) == 1 and not (values < 0).any():
        return go.Surface(**shared, **_by_value(values, look))
    size = float(np.abs(values).max())
    return go.Surface(
        **shared,
        colorscale=_by_sign(sheet.colour),
        cmin=-size,
        cmax=size,
        showscale=False,
        opacity=1.0 if index == 0 else OUTER_OPACITY,
        lighting=SHADED,
    )


def legend_name(sheet: Sheet, look: Look) -> str:
    """Name of a sheet with the range of its values."""
    low, high = float(sheet.values.min()), float(sheet.values.max())
    name = sheet.name or look.title
    return f"{name} {look.symbol}, {look.number(low)} to {look.written(high)}"


def _by_value(values: NDArray[np.float32], look: Look) -> dict[str, Any]:
    flat = float(np.ptp(values)) < FLAT * float(values.max())
    return {
        "colorscale": style.SEQUENTIAL,
        "colorbar": {
            "title": {"text": look.axis, "side": "top"},
            "orientation": "h",
            "y": -0.02,
            "yanchor": "bottom",
            "thickness": 10,
            "len": 0.6,
        },
        "cmin": 0.0 if flat else float(values.min()),
        "cmax": float(values.max()),
        "lighting": COLOURED,
    }


def _by_sign(colour: str) -> list[list[float | str]]:
    negative = elastic_sheets.NEGATIVE_COLOUR
    return [[0.0, negative], [0.5, negative], [0.5, colour], [1.0, colour]]


def _on_hover(
    what: Drawable, look: Look, unit: FloatArray, sheets: tuple[Sheet, ...], index: int
) -> dict[str, Any]:
    """What a surface tells: direction and values, or the normal and the ray of a group."""
    if what is not Wave.GROUP:
        return {
            "customdata": _hover_data(unit, sheets),
            "hovertemplate": _hover_text(look, sheets, index),
        }
    text = (
        f"<b>{sheets[index].name} v = %{{surfacecolor:.{look.decimals}f}} {look.unit}</b>"
        "<br>ray (%{x:.2f}, %{y:.2f}, %{z:.2f}) km/s<br>wave normal (%{customdata[0]:.3f}, "
        "%{customdata[1]:.3f}, %{customdata[2]:.3f})<extra></extra>"
    )
    return {"customdata": unit.astype(np.float32), "hovertemplate": text}


def _hover_data(unit: FloatArray, sheets: tuple[Sheet, ...]) -> NDArray[np.float32]:
    """Direction, polar angle, azimuth and the value of every sheet, (..., 5 + n)."""
    polar, azimuth = angles_deg(unit)
    values = [sheet.values for sheet in sheets]
    columns = [*np.moveaxis(unit, -1, 0), polar, azimuth, *values]
    return np.stack(columns, axis=-1).astype(np.float32)


def angles_deg(unit: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Polar angle from z and azimuth from x towards y (0 to 360), in degrees."""
    polar = np.degrees(np.arccos(np.clip(unit[..., 2], -1, 1)))
    azimuth = np.mod(np.degrees(np.arctan2(unit[..., 1], unit[..., 0])), 360)
    return polar, azimuth


def _hover_text(look: Look, sheets: tuple[Sheet, ...], index: int) -> str:
    lines = []
    for k, sheet in enumerate(sheets):
        value = f"{look.symbol} = %{{customdata[{5 + k}]:.{look.decimals}f}} {look.unit}"
        line = f"{sheet.name} {value}".strip()
        lines.append(f"<b>{line}</b>" if k == index else line)
    return (
        "<br>".join(lines)
        + "<br>along (%{customdata[0]:.3f}, %{customdata[1]:.3f}, %{customdata[2]:.3f})"
        + "<br>θ %{customdata[3]:.1f}°, φ %{customdata[4]:.1f}°<extra></extra>"
    )


def _legend(sheets: tuple[Sheet, ...], look: Look) -> list[go.Scatter3d]:
    """Entries for each sheet, which hide it, and for the colour of negative values."""
    negative = elastic_sheets.NEGATIVE_COLOUR
    entries = [
        (legend_name(sheet, look), sheet.name, sheet.colour)
        for sheet in sheets
        if (sheet.values >= 0).any()
    ]
    entries += [
        (f"{sheet.name} {look.symbol}, negative".strip(), sheet.name, negative)
        for sheet in sheets
        if (sheet.values < 0).any()
    ]
    return [
        go.Scatter3d(
            x=[None],
            y=[None],
            z=[None],
            mode="markers",
            marker={"color": colour, "size": 8, "symbol": "square"},
            name=name,
            legendgroup=group,
            hoverinfo="skip",
        )
        for name, group, colour in entries
    ]


def _marks(found: tuple[Extreme, Extreme], look: Look, reach: float) -> list[go.Scatter3d]:
    """Points at the extreme values, on both sides, with a short line along their m."""
    marks = []
    for name, extreme, symbol in zip(
        (SMALLEST, LARGEST), found, ("diamond", "circle"), strict=True
    ):
        end = ABOVE * abs(extreme.value) * extreme.direction
        marks.append(_mark(name, extreme, look, np.array([end, -end]), symbol))
        if extreme.across is not None:
            half = TRANSVERSE_REACH * reach * extreme.across
            marks.append(_stroke(np.array([end - half, end + half])))
    return marks


def _mark(
    name: str, extreme: Extreme, look: Look, places: FloatArray, symbol: str
) -> go.Scatter3d:
    x, y, z = places.T
    text = f"<b>{name} {look.symbol} = {look.written(extreme.value)}</b>"
    text += f"<br>along {written_vector(extreme.direction)}"
    if extreme.across is not None:
        text += f"<br>across, m = {written_vector(extreme.across)}"
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="markers",
        marker={
            "symbol": symbol,
            "size": MARK_SIZE,
            "color": style.DARK_INK,
            "line": {"color": style.LIGHT_INK, "width": 2},
        },
        name=f"{name}, {look.written(extreme.value)}",
        showlegend=False,
        hovertemplate=f"{text}<extra></extra>",
    )


def written_vector(vector: FloatArray) -> str:
    """Return a vector as ``(0.577, 0.577, −0.577)``."""
    parts = (f"{float(part) + 0.0:.3f}" for part in np.round(vector, 3))
    return f"({', '.join(parts)})".replace("-", "−")


def _stroke(ends: FloatArray) -> go.Scatter3d:
    x, y, z = ends.T
    line = {"color": style.NEUTRAL, "width": 5}
    return go.Scatter3d(
        x=x, y=y, z=z, mode="lines", line=line, showlegend=False, hoverinfo="skip"
    )


def _arrows(axes: Axes, reach: float) -> list[go.Mesh3d | go.Scatter3d]:
    """The axes as arrows, and thin lines along those of the tensor that differ from them."""
    drawn: list[go.Mesh3d | go.Scatter3d] = [
        _arrow(name, AXIS_REACH * reach * unit, reach, _axis_colour(k))
        for k, (name, unit) in enumerate(zip(axes.names, axes.units, strict=True))
    ]
    for letter, unit in _unnamed(axes):
        x, y, z = np.array([np.zeros(3), AXIS_REACH * reach * unit]).T
        line = {"color": style.NEUTRAL, "width": 2}
        drawn.append(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="lines",
                line=line,
                showlegend=False,
                hovertemplate=f"axis {letter} of the tensor<extra></extra>",
            )
        )
    return drawn


def _arrow(name: str, end: FloatArray, reach: float, colour: str) -> go.Mesh3d:
    neck = end * (1 - ARROW_TIP * reach / np.linalg.norm(end))
    radius = ARROW_RADIUS * reach
    mesh = solids.merge(
        [solids.cylinder(np.zeros(3), neck, radius, 0), solids.cone(neck, end, 3 * radius, 0)]
    )
    x, y, z = mesh.vertices.T.astype(np.float32)
    i, j, k = mesh.triangles.T.astype(np.int32)
    return go.Mesh3d(
        x=x,
        y=y,
        z=z,
        i=i,
        j=j,
        k=k,
        color=colour,
        name=name,
        lighting=style.LIGHT,
        lightposition=style.LIGHT_FROM,
        hovertemplate=f"axis {name}<extra></extra>",
    )


def _axis_colour(index: int) -> str:
    return tuple(style.AXIS_COLOURS.values())[index]


def _unnamed(axes: Axes) -> list[tuple[str, FloatArray]]:
    """Axes of the tensor along which no arrow points."""
    along = np.abs(axes.units @ np.eye(3)) > PARALLEL_COSINE
    return [
        (letter, np.eye(3)[k])
        for k, letter in enumerate(CARTESIAN.names)
        if not along[:, k].any()
    ]


def _letters(axes: Axes, reach: float) -> list[dict[str, Any]]:
    """Names beyond the ends of the axes; an arrow along an axis of the tensor names both."""
    named = [
        (_both(name, unit) if axes.crystallographic else name, unit, _axis_colour(k))
        for k, (name, unit) in enumerate(zip(axes.names, axes.units, strict=True))
    ]
    named += [(letter, unit, style.NEUTRAL) for letter, unit in _unnamed(axes)]
    return [
        {
            **dict(zip("xyz", map(float, LETTER_REACH * reach * unit), strict=True)),
            "text": f"<b>{name}</b>",
            "font": {"size": 15, "color": colour},
            "showarrow": False,
        }
        for name, unit, colour in named
    ]


def _both(name: str, unit: FloatArray) -> str:
    for letter, part in zip(CARTESIAN.names, unit, strict=True):
        if abs(part) > PARALLEL_COSINE:
            return f"{name} ∥ {'' if part > 0 else '−'}{letter}"
    return name


def _scene(axes: Axes, reach: float) -> dict[str, Any]:
    box = BOX_REACH * reach
    hidden = {"visible": False, "showspikes": False, "range": [-box, box]}
    return {
        **{f"{name}axis": hidden for name in "xyz"},
        "annotations": _letters(axes, reach),
        "aspectmode": "manual",
        "aspectratio": dict.fromkeys("xyz", ZOOM),
        "dragmode": "orbit",
        "camera": {
            "projection": {"type": "orthographic"},
            "eye": {"x": 1.05, "y": 0.75, "z": 0.55},
        },
    }
