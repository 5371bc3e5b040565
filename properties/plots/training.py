"""A training drawn: errors as they fall, parity, learning curve, and how reliable spreads are.

What is drawn are the files of a training, see :mod:`mlpcore.training`: ``history.json``,
``report.json`` and ``parity.npz``. Importing this never imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from properties.plots import style, ticks

FloatArray = NDArray[np.float64]

ENERGY, FORCES, STRESS = KINDS = ("energy_mev_per_atom", "forces_mev_per_a", "stress_gpa")
"""Kinds of errors as the files name them."""

TITLES = {ENERGY: "energy", FORCES: "forces", STRESS: "stress"}
UNITS = {ENERGY: "meV/atom", FORCES: "meV/Å", STRESS: "GPa"}
PARITY_UNITS = {"energy": "eV/atom", "forces": "eV/Å", "stress": "GPa"}
PART_TITLES = {
    "train": "trained on",
    "validation": "validation",
    "test": "test",
    "far": "far from the training",
}
CLEAR_BLUE = "#3596dd"
"""Stands out on white and on near-black, where the darker one is dim."""

PART_COLOURS = {
    "train": style.NEUTRAL,
    "validation": style.ORANGE,
    "test": CLEAR_BLUE,
    "far": style.RED,
}
MOST_POINTS = 4000
"""Points of one part that a parity plot draws; more look the same and slow the page."""

FAINT = 0.55
REFINEMENT = "refinement"
SAME = 1e-6
"""Relative difference of errors that are those of the same weights."""


def history(
    entries: Mapping[str, Any],
    kind: str = FORCES,
    height: int = 360,
    kept: Sequence[Mapping[str, Any]] = (),
) -> go.Figure:
    """Draw the errors of a training that runs or has run.

    Parameters
    ----------
    entries
        Content of ``history.json``.
    kind
        One of :data:`KINDS`.
    kept
        Errors of each member on the validation frames with the weights that it has kept, as
        in ``report.json``; empty while they are not known.
    """
    known = [
        entry
        for entry in entries.get("entries", [])
        if entry["validation"][kind] is not None and entry["train"][kind] is not None
    ]
    if not known:
        return style.empty(f"There are no errors of the {TITLES[kind]} yet.", height)
    train = np.array([entry["train"][kind] for entry in known])
    validation = np.array([entry["validation"][kind] for entry in known])
    where = [_place(entry) for entry in known]
    plot = go.Figure()
    for name, values, colour in (
        ("training frames", train, style.NEUTRAL),
        ("validation frames", validation, CLEAR_BLUE),
    ):
        plot.add_traces(_of_members(values, colour, name))
        plot.add_trace(_mean(values, colour, name, where, UNITS[kind]))
    plot.add_traces(_dots(known, validation, kept, where, UNITS[kind]))
    stages = [entry["stage"] for entry in known]
    _mark_stages(plot, stages)
    both = np.concatenate([train, validation])
    plot.update_yaxes(title=f"RMSE of {TITLES[kind]} ({UNITS[kind]})", **ticks.axis(both))
    plot.update_xaxes(title="epoch, then step" if REFINEMENT in stages else "epoch")
    style.finish(plot, height)
    return plot.update_layout(uirevision=kind)


def _place(entry: Mapping[str, Any]) -> str:
    """Return where an entry of the history belongs: ``epoch 7``, ``step 3 of refinement``."""
    if entry["stage"] == REFINEMENT:
        return f"step {entry['epoch']} of {REFINEMENT}"
    return f"epoch {entry['epoch']}"


def _mean(
    values: FloatArray, colour: str, name: str, where: list[str], unit: str
) -> go.Scatter:
    return go.Scatter(
        x=np.arange(1, len(values) + 1),
        y=values.mean(axis=1),
        mode="lines",
        name=name,
        line=style.line(colour, width=2.5),
        customdata=where,
        hovertemplate=f"%{{customdata}}<br>error %{{y:.3g}} {unit}"
        "<extra>%{fullData.name}</extra>",
    )


def _of_members(values: FloatArray, colour: str, name: str) -> list[go.Scatter]:
    if values.shape[1] < 2:
        return []
    return [
        go.Scatter(
            x=np.arange(1, len(values) + 1),
            y=member,
            mode="lines",
            line=style.line(colour, width=1),
            opacity=FAINT,
            showlegend=False,
            hoverinfo="skip",
            name=f"{name}, member {number}",
        )
        for number, member in enumerate(values.T, start=1)
    ]


def _dots(
    known: Sequence[Mapping[str, Any]],
    validation: FloatArray,
    kept: Sequence[Mapping[str, Any]],
    where: list[str],
    unit: str,
) -> list[go.Scatter]:
    """Mark on the validation lines where the weights come from that each member kept."""
    found = kept_entries(known, kept)
    drawn = [(member, index) for member, index in enumerate(found) if index is not None]
    if not drawn:
        return []
    return [
        go.Scatter(
            x=[index + 1 for _, index in drawn],
            y=[validation[index, member] for member, index in drawn],
            mode="markers",
            name="weights that a member kept",
            marker={"color": CLEAR_BLUE, "size": 9, "line": {"color": "white", "width": 1.5}},
            customdata=[f"member {member + 1}, {where[index]}" for member, index in drawn],
            hovertemplate=f"%{{customdata}}<br>error %{{y:.3g}} {unit}<extra>kept</extra>",
        )
    ]


def kept_entries(
    known: Sequence[Mapping[str, Any]], kept: Sequence[Mapping[str, Any]]
) -> list[int | None]:
    """Return for each member the entry of the history whose weights it has kept.

    Those are the weights with the same errors on the validation frames, of energies, forces
    and stresses alike; ``None`` where there is no such entry.
    """
    found: list[int | None] = []
    for member, errors in enumerate(kept):
        off = np.zeros(len(known))
        for kind, summary in errors.items():
            if summary:
                line = np.array([entry["validation"][kind][member] for entry in known])
                off = np.maximum(off, np.abs(line - summary["rmse"]) / summary["rmse"])
        best = int(np.argmin(off))
        found.append(best if off[best] < SAME else None)
    return found


def _mark_stages(plot: go.Figure, stages: Sequence[str]) -> None:
    """Draw a line where another way of descending begins."""
    for number in range(1, len(stages)):
        if stages[number] != stages[number - 1]:
            plot.add_vline(
                x=number + 0.5,
                line=style.line(style.RULE, "dot", 1),
                annotation_text=stages[number],
                annotation_position="top right",
            )


def parity(
    arrays: Mapping[str, FloatArray], kind: str = "forces", height: int = 420
) -> go.Figure:
    """Draw what the committee says against the labels.

    Parameters
    ----------
    arrays
        Content of ``parity.npz``.
    kind
        ``"energy"``, ``"forces"`` or ``"stress"``.
    """
    unit = PARITY_UNITS[kind]
    plot = go.Figure()
    shown = []
    for part in PART_TITLES:
        label = arrays.get(f"{part}_{kind}_label", np.zeros(0))
        usable = np.flatnonzero(~np.isnan(label))[:: max(1, -(-len(label) // MOST_POINTS))]
        if not len(usable):
            continue
        shown.append(label[usable])
        plot.add_trace(_points(arrays, part, kind, usable, unit))
    if not shown:
        return style.empty(f"The data have no labels of the {kind}.", height)
    ends = [float(np.min(np.concatenate(shown))), float(np.max(np.concatenate(shown)))]
    plot.add_trace(
        go.Scatter(
            x=ends,
            y=ends,
            mode="lines",
            line=style.line(style.RULE, "dash", 1),
            showlegend=False,
            hoverinfo="skip",
        )
    )
    plot.update_xaxes(title=f"{kind} by the label ({unit})")
    plot.update_yaxes(title=f"{kind} by the committee ({unit})", scaleanchor="x")
    return style.finish(plot, height)


def has_labels(arrays: Mapping[str, FloatArray], kind: str) -> bool:
    """Return whether any frame has labels of this kind."""
    labels = [arrays.get(f"{part}_{kind}_label", np.zeros(0)) for part in PART_TITLES]
    return not bool(np.isnan(np.concatenate(labels)).all())


def _points(
    arrays: Mapping[str, FloatArray], part: str, kind: str, usable: NDArray[np.int64], unit: str
) -> go.Scattergl:
    spread = arrays[f"{part}_{kind}_spread"][usable]
    return go.Scattergl(
        x=arrays[f"{part}_{kind}_label"][usable],
        y=arrays[f"{part}_{kind}_model"][usable],
        mode="markers",
        name=PART_TITLES[part],
        marker={"size": 5, "opacity": 0.85, "color": PART_COLOURS[part]},
        customdata=spread,
        hovertemplate=f"label %{{x:.4g}} {unit}<br>committee %{{y:.4g}} ± "
        f"%{{customdata:.2g}} {unit}<extra>%{{fullData.name}}</extra>",
    )


def learning_curve(
    report: Mapping[str, Any], kind: str = FORCES, height: int = 320
) -> go.Figure:
    """Draw the error of the mean member on test frames against the number of training frames.

    The last point is the potential itself; a point stands for a member, because smaller
    trainings have fewer of them.
    """
    curve = [point for point in report["learning_curve"] if point["members"][0][kind]]
    if not curve:
        return style.empty("No learning curve was asked for.", height)
    count = [point["n_train"] for point in curve]
    members = [[member[kind]["rmse"] for member in point["members"]] for point in curve]
    every = [value for values in members for value in values]
    plot = go.Figure(
        go.Scatter(
            x=[n for n, values in zip(count, members, strict=True) for _ in values],
            y=every,
            mode="markers",
            name="members",
            marker={"color": CLEAR_BLUE, "opacity": FAINT, "size": 7},
            hovertemplate=style.hover("frames", "error:.3g", "", UNITS[kind]),
        )
    )
    plot.add_trace(
        go.Scatter(
            x=count,
            y=[float(np.mean(values)) for values in members],
            name="mean member",
            line=style.line(CLEAR_BLUE),
            hovertemplate=style.hover("frames", "error:.3g", "", UNITS[kind]),
        )
    )
    plot.update_xaxes(type="log", title="training frames", tickvals=count)
    plot.update_yaxes(title=f"RMSE of {TITLES[kind]} ({UNITS[kind]})", **ticks.axis(every))
    return style.finish(plot, height)


def reliability(report: Mapping[str, Any], kind: str = "force", height: int = 360) -> go.Figure:
    """Draw which share of the errors lies within intervals that the committee claims.

    What counts is drawn solid: the members' spread times its factor, or as it is where the
    factor is below one, for a spread is widened but never narrowed.

    Parameters
    ----------
    report
        Content of ``report.json``, or the calibration of a checkpoint under that key.
    kind
        ``"energy"`` or ``"force"``.
    """
    known = report["calibration"]
    if not known:
        return style.empty("A single network has no spread to be judged.", height)
    plot = go.Figure()
    for part in ("test", "far"):
        if part not in known:
            continue
        for state, dash, words in _states(known[f"{kind}_factor"]):
            plot.add_trace(_curve(known[part][kind][state], part, dash, words))
    plot.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            name="right",
            line=style.line(style.RULE, "dash", 1),
            hoverinfo="skip",
        )
    )
    plot.update_xaxes(title="expected share within the interval", range=[0, 1])
    plot.update_yaxes(title="share observed", range=[0, 1])
    return style.finish(plot, height)


def _states(factor: float) -> tuple[tuple[str, str, str], ...]:
    """Return name, line and words of the spread without and with its factor."""
    plain, scaled = "as the members differ", f"times {factor:.2f}"
    if factor < 1:
        return (
            ("before", "solid", plain),
            ("after", "dot", f"{scaled} (measured, not applied)"),
        )
    return ("before", "dot", plain), ("after", "solid", scaled)


def _curve(curve: Mapping[str, Any], part: str, dash: str, words: str) -> go.Scatter:
    return go.Scatter(
        x=[0, *curve["expected"], 1],
        y=[0, *curve["observed"], 1],
        name=f"{PART_TITLES[part]}, {words}",
        line=style.line(PART_COLOURS[part], dash),
        hovertemplate=style.hover("expected:.2f", "observed:.2f"),
    )
