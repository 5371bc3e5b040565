"""Plots of the benchmarks, as SVG that is the same for the same numbers."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlpcore import registry

mpl.rcParams.update({"svg.hashsalt": "speed", "font.size": 9, "axes.grid": True})

INK = {"upstream": "#888888", "ours": "#c2410c", "ours_double": "#1d4ed8"}
LABEL = {"upstream": "upstream", "ours": "ours", "ours_double": "ours in double"}
MARKER = ("o", "s", "^", "D", "v")


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})


def forces(times: dict[tuple[str, int], dict[str, dict[str, Any]]], path: Path) -> None:
    """Draw the time per atom against the number of atoms, a panel for each run."""
    models = list(dict.fromkeys(model for model, _ in times))
    threads = list(dict.fromkeys(count for _, count in times))
    size = (4 * len(models) + 1, 3.2 * len(threads))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(threads), len(models), sharex=True, sharey=True, squeeze=False)
    for row, count in enumerate(threads):
        for column, model in enumerate(models):
            _force_panel(panels[row][column], times[model, count])
            title = f"{registry.info(model).title}, {count} thread{'s' * (count > 1)}"
            panels[row][column].set_title(title)
    for axes in panels[-1]:
        axes.set_xlabel("atoms")
    for axes in panels[:, 0]:
        axes.set_ylabel("ms per atom")
    _force_legend(figure, next(iter(times.values())))
    _save(figure, path)


def _force_panel(axes: Any, found: dict[str, dict[str, Any]]) -> None:
    for marker, crystal in zip(MARKER, _crystals(found), strict=False):
        cases = [case for case in found if case.startswith(f"{crystal}:")]
        atoms = [int(case.partition(":")[2]) for case in cases]
        for name, ink in INK.items():
            seconds = [median(found[case]["seconds"][name]) for case in cases]
            each = [1e3 * s / n for s, n in zip(seconds, atoms, strict=True)]
            axes.loglog(atoms, each, marker=marker, ms=4, lw=1, color=ink)


def _crystals(found: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(case.partition(":")[0] for case in found))


def _force_legend(figure: Figure, found: dict[str, Any]) -> None:
    """Explain colours and markers below all panels."""
    handles = [Line2D([], [], color=ink, label=LABEL[name]) for name, ink in INK.items()]
    for marker, crystal in zip(MARKER, _crystals(found), strict=False):
        handles.append(Line2D([], [], color="black", marker=marker, ls="", label=crystal))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False
    )


def end_to_end(rows: list[tuple[str, float, float]], path: Path) -> None:
    """Draw the seconds of both for each crystal as bars, with their ratio.

    Parameters
    ----------
    rows
        Name, our seconds, their seconds.
    """
    figure = Figure(figsize=(7, 0.42 * len(rows) + 1), layout="constrained")
    axes = figure.subplots()
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    for index, (_, ours, theirs) in enumerate(rows):
        axes.barh(index - 0.2, theirs, 0.38, color=INK["upstream"])
        axes.barh(index + 0.2, ours, 0.38, color=INK["ours"])
        axes.annotate(
            f"{theirs / ours:.1f} ×",
            (max(ours, theirs), index),
            xytext=(4, 0),
            va="center",
            textcoords="offset points",
        )
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.set_xlabel("seconds for relaxation, elastic constants, phonons and expansion")
    handles: Any = axes.containers[:2]
    figure.legend(
        handles, ["matcalc", "ours"], frameon=False, ncols=2, loc="outside upper right"
    )
    _save(figure, path)


def parity(
    panels: dict[str, dict[str, dict[str, list[tuple[float, float]]]]], path: Path
) -> None:
    """Draw moduli against PBE, a column for each model and a row for each modulus.

    Parameters
    ----------
    panels
        By model, modulus and ions: pairs of PBE and model, GPa.
    """
    figure = Figure(figsize=(2.3 * len(panels) + 0.6, 5.2), layout="constrained")
    axes = figure.subplots(2, len(panels), sharex="row", sharey="row", squeeze=False)
    for column, (model, moduli) in zip(axes.T, panels.items(), strict=True):
        column[0].set_title(registry.info(model).title)
        for panel, (modulus, by_ions) in zip(column, moduli.items(), strict=True):
            _parity_panel(panel, by_ions)
            panel.set_xlabel(f"{modulus} of PBE, GPa")
    for row, modulus in zip(axes, next(iter(panels.values())), strict=True):
        row[0].set_ylabel(f"{modulus} of the model, GPa")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    _save(figure, path)


def _parity_panel(axes: Any, by_ions: dict[str, list[tuple[float, float]]]) -> None:
    looks = {
        "clamped": {"mfc": "none", "mec": INK["upstream"], "zorder": 2},
        "relaxed": {"mfc": INK["ours"], "mec": INK["ours"], "zorder": 3},
    }
    for ions, look in looks.items():
        x, y = np.array(by_ions[ions]).reshape(-1, 2).T
        axes.plot(x, y, "o", ls="", ms=3.5, mew=0.8, label=f"{ions} ions", **look)
    ends = [3.0, 700.0]
    axes.loglog(ends, ends, color="black", lw=0.8, zorder=1)
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
