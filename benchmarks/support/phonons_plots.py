"""Plot of the phonon benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.support.phonons_run import Case
from benchmarks.support.phonons_scores import HEAT, Found, finished
from benchmarks.support.plots import INK
from mlpcore import registry

DULONG_PETIT = 24.94
ENDS = [12.0, 27.0]


def heat_capacities(found: Found, cases: Sequence[Case], path: Path) -> None:
    """Draw the heat capacity per mole of atoms against PBE's, a panel for each model."""
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    size = (2.7 * columns + 0.5, 2.8 * rows + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    for panel, (model, records) in zip(panels, found.items(), strict=False):
        panel.set_title(registry.info(model).title)
        for wanted, label in ((False, "all modes real"), (True, "an imaginary mode")):
            chosen = [
                case
                for case in cases
                if case.id in finished(records) and records[case.id]["imaginary"] is wanted
            ]
            x = [case.heat_capacity_300k_j_per_mol_cell_k / case.natoms for case in chosen]
            y = [records[case.id][HEAT] / case.natoms for case in chosen]
            look = {"mfc": "none"} if wanted else {}
            panel.plot(x, y, "o", ms=3.5, mew=0.9, color=INK["ours"], label=label, **look)
        panel.plot(ENDS, ENDS, color="black", lw=0.8, zorder=1)
        panel.axhline(DULONG_PETIT, color="#888888", lw=0.8, ls=":", label="Dulong–Petit")
        panel.set(xlim=ENDS, ylim=ENDS, aspect="equal", xticks=np.arange(12, 28, 3))
        panel.set_xlabel("PBE, J/(mol K)")
        panel.set_ylabel("model, J/(mol K)")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
