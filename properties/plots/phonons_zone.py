"""The first Brillouin zone with the path of the dispersion in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style
from properties.plots.phonons import point_label
from properties.vibrations.zone import Zone, ZonePath

FloatArray = NDArray[np.float64]

BEYOND_ZONE, LETTER_BEYOND = 1.18, 1.3
"""Ends of the axes and their letters, times the distance to the zone's farthest corner."""

ZOOM = 1.3
FACE_OPACITY = 0.10
NO_LIGHT = {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0, "fresnel": 0.0}


def figure(zone: Zone, path: ZonePath, height: int = 560) -> go.Figure:
    """Draw faces, edges, the path with its named points, and the reciprocal axes."""
    plot = go.Figure([_faces(zone), _edges(zone), *_axes(zone), *_path(path)])
    plot.update_layout(
        scene={
            **_box(zone, path),
            "annotations": [*_axis_letters(zone), *_names(path)],
            "aspectmode": "manual",
            "dragmode": "orbit",
            "camera": {
                "projection": {"type": "orthographic"},
                "eye": {"x": 1.25, "y": -0.95, "z": 0.5},
            },
        },
        uirevision="zone",
    )
    style.finish(plot, height, legend=False)
    plot.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return plot


def _faces(zone: Zone) -> go.Mesh3d:
    corners = np.concatenate(zone.faces_per_a)
    first = np.cumsum([0, *(len(face) for face in zone.faces_per_a[:-1])])
    fans = [
        (start, start + k, start + k + 1)
        for start, face in zip(first, zone.faces_per_a, strict=True)
        for k in range(1, len(face) - 1)
    ]
    x, y, z = corners.T
    i, j, k = np.array(fans).T
    return go.Mesh3d(
        x=x, y=y, z=z, i=i, j=j, k=k,
        color=style.SKY,
        opacity=FACE_OPACITY,
        flatshading=True,
        lighting=NO_LIGHT,
        hoverinfo="skip",
    )  # fmt: skip


def _edges(zone: Zone) -> go.Scatter3d:
    gap = np.full((1, 3), np.nan)
    outlines = [np.vstack([face, face[:1], gap]) for face in zone.faces_per_a]
    return _line(np.concatenate(outlines), style.NEUTRAL, 3, "edge")


def _path(path: ZonePath) -> list[go.Scatter3d]:
    gap = np.full((1, 3), np.nan)
    line = np.concatenate([np.vstack([ends, gap]) for ends in path.segments_per_a])
    x, y, z = np.array([place for _, place in path.points_per_a]).T
    points = go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="markers",
        marker={"size": 5, "color": style.PINK},
        text=[point_label(name) for name, _ in path.points_per_a],
        hovertemplate=(
            "<b>%{text}</b><br>k = (%{x:.3f}, %{y:.3f}, %{z:.3f}) Å⁻¹<extra></extra>"
        ),
        showlegend=False,
    )
    return [_line(line, style.PINK, 7, "path"), points]


def _line(points: FloatArray, colour: str, width: float, name: str) -> go.Scatter3d:
    x, y, z = points.T
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": colour, "width": width},
        name=name,
        hoverinfo="skip",
        showlegend=False,
    )


def _ends(zone: Zone, factor: float) -> FloatArray:
    vectors = zone.reciprocal_per_a
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    ends: FloatArray = factor * zone.radius_per_a * vectors / lengths
    return ends


def _axes(zone: Zone) -> list[go.Scatter3d]:
    ends = _ends(zone, BEYOND_ZONE)
    colours = style.AXIS_COLOURS.values()
    return [
        _line(np.array([np.zeros(3), end]), colour, 4, f"b{k}")
        for k, (end, colour) in enumerate(zip(ends, colours, strict=True), start=1)
    ]


def _axis_letters(zone: Zone) -> list[dict[str, Any]]:
    colours = style.AXIS_COLOURS.values()
    return [
        _letter(end, f"<b>b</b><sub>{k}</sub>", colour, 15)
        for k, (end, colour) in enumerate(
            zip(_ends(zone, LETTER_BEYOND), colours, strict=True), start=1
        )
    ]


def _names(path: ZonePath) -> list[dict[str, Any]]:
    """Names of the points, above them so that the path stays in view; colour of the theme."""
    return [
        {**_letter(place, f"<b>{point_label(name)}</b>", None, 17), "yshift": 14}
        for name, place in path.points_per_a
    ]


def _letter(place: FloatArray, text: str, colour: str | None, size: int) -> dict[str, Any]:
    font = {"size": size, "color": colour} if colour else {"size": size}
    x, y, z = (float(value) for value in place)
    return {"x": x, "y": y, "z": z, "text": text, "font": font, "showarrow": False}


def _box(zone: Zone, path: ZonePath) -> dict[str, Any]:
    """Hidden axes of one scale, as large as fits whichever way the zone is turned."""
    points = [*zone.faces_per_a, _ends(zone, LETTER_BEYOND), *path.segments_per_a]
    reach = float(np.abs(np.concatenate(points)).max())
    hidden = {"visible": False, "showspikes": False, "range": [-reach, reach]}
    return {
        "aspectratio": dict.fromkeys("xyz", ZOOM),
        **{f"{name}axis": hidden for name in "xyz"},
    }
