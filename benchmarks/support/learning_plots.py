"""Figures of what electrostatics and a baseline do for a network."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.support.plots import MARKER, _save

INK = {
    "short-range": "#888888",
    "fixed charges": "#c2410c",
    "fitted charges": "#7c3aed",
    "charge flow": "#1d4ed8",
    "from scratch": "#888888",
    "corrected": "#c2410c",
}


def long_range(found: dict[str, Any], shells_a: Sequence[float], path: Path) -> None:
    """Draw branches from Γ, and how wrong force constants are by distance."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    branches, constants = figure.subplots(1, 2)
    most = max(run["count"] for run in found["runs"])
    runs = [run for run in found["runs"] if run["count"] == most]
    _lines(branches, found["reference"]["line_thz"], "black", "DFT", lw=1.6)
    centres = [(low + high) / 2 for low, high in itertools.pairwise(shells_a)]
    constants.semilogy(centres, found["reference"]["shells"], "k-o", ms=4, label="DFT's own")
    for name in ("short-range", "fixed charges"):
        chosen = [run for run in runs if run["variant"] == name]
        _lines(branches, chosen[0]["line_thz"], INK[name], name, lw=1.0)
    for name, marker in zip(
        dict.fromkeys(run["variant"] for run in runs), MARKER, strict=False
    ):
        errors = [run["shells"] for run in runs if run["variant"] == name]
        look = {"color": INK[name], "marker": marker, "ms": 4, "lw": 1}
        constants.semilogy(centres, np.mean(errors, axis=0), label=f"error, {name}", **look)
    branches.set(xlabel="from Γ to X", ylabel="THz", xlim=(0, 1), xticks=[0, 1])
    branches.set_xticklabels(["Γ", "X"])
    constants.set(xlabel="distance, Å", ylabel="force constants, eV/Å²")
    branches.legend(frameon=False)
    constants.legend(frameon=False)
    _save(figure, path)


def _lines(panel: Any, line: Any, ink: str, label: str, lw: float) -> None:
    values = np.array(line)
    shares = np.linspace(0, 1, len(values))
    for band in range(values.shape[1]):
        name = label if band == 0 else None
        panel.plot(shares, values[:, band], color=ink, lw=lw, label=name)


def delta(found: dict[str, Any], path: Path) -> None:
    """Draw the error of forces by number of labels, and branches before and after."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    errors, branches = figure.subplots(1, 2)
    for name, marker in zip(("from scratch", "corrected"), MARKER, strict=False):
        counts = sorted({run["count"] for run in found["runs"]})
        by_count = [_forces(found, name, count) for count in counts]
        means = [np.mean(values) for values in by_count]
        ends = [[m - min(v) for m, v in zip(means, by_count, strict=True)]]
        ends.append([max(v) - m for m, v in zip(means, by_count, strict=True)])
        look = {"color": INK[name], "marker": marker, "ms": 4, "lw": 1, "capsize": 2}
        errors.errorbar(counts, means, yerr=ends, label=name, **look)
    before = found["baseline"]["test"]["forces_mev_per_a"]
    errors.axhline(before, color="black", lw=0.8, ls=":", label="SevenNet-l3i5 as it is")
    errors.set(xscale="log", yscale="log", xlabel="labels", ylabel="forces, meV/Å")
    errors.minorticks_off()
    errors.set_xticks(counts, [str(count) for count in counts])
    most = [run for run in found["runs"] if run["count"] == max(counts)]
    _lines(branches, found["baseline"]["line_thz"], "#888888", "SevenNet-l3i5", lw=1.0)
    corrected = next(run for run in most if run["variant"] == "corrected")
    _lines(branches, corrected["line_thz"], INK["corrected"], "corrected", lw=1.0)
    for share, name in ((0, "Γ"), (1, "X")):
        known = found["reference"][name]
        label = "PBE" if share else None
        branches.plot([share] * len(known), known, "ko", ms=4, clip_on=False, label=label)
    branches.set(xlabel="from Γ to X", ylabel="THz", xlim=(0, 1), xticks=[0, 1])
    branches.set_xticklabels(["Γ", "X"])
    errors.legend(frameon=False)
    branches.legend(frameon=False)
    _save(figure, path)


def _forces(found: dict[str, Any], name: str, count: int) -> list[float]:
    return [
        run["test"]["forces_mev_per_a"]
        for run in found["runs"]
        if (run["variant"], run["count"]) == (name, count)
    ]
