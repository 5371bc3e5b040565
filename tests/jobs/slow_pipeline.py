"""A calculation of slow pieces with the signature of the real one.

The label of the Spec says how it goes: words such as ``n=5``, ``sleep=0.2``,
``fail``, ``crash``, ``memory``, ``no_result``, ``die`` (always) or ``die_at=3`` (once).
Every piece that is computed, rather than found, is noted in ``ledger.txt``.
"""

from __future__ import annotations

import json
import os
import signal
import time

import numpy as np

from mlpcore.errors import MLPError
from properties.checks import Caution
from properties.results import RelaxResult


def settings(name: str) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in name.split())


def relax_result(spec, energy=0.0):
    lattice = dict.fromkeys(("a", "b", "c"), 3.0) | dict.fromkeys(
        ("alpha", "beta", "gamma"), 90.0
    )
    return RelaxResult(
        converged=True,
        energy_per_atom_ev=energy,
        volume_per_atom_a3=27.0,
        lattice=lattice,
        max_force_ev_per_a=0.0,
        max_stress_gpa=0.0,
        pressure_gpa=spec.pressure_gpa,
        primitive=spec.structure,
        conventional=spec.structure,
        space_group_number=221,
        space_group_symbol="Pm-3m",
        initial_lattice=lattice,
        initial_volume_per_atom_a3=27.0,
        history_energy_per_atom_ev=np.zeros(2),
        history_max_force_ev_per_a=np.zeros(2),
        history_max_stress_gpa=np.zeros(2),
        checks=(),
    )


def _accidents(how, folder, index):
    once = folder / "died"
    if "die" in how or (how.get("die_at") == str(index) and not once.exists()):
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if "fail" in how:
        raise MLPError("The crystal is too shy.")
    if "crash" in how:
        raise ValueError("a detail for the administrator")
    if "memory" in how:
        raise MemoryError


def _piece(index, how, folder):
    _accidents(how, folder, index)
    with (folder / "ledger.txt").open("a") as ledger:
        ledger.write(f"start {index}\n")
    time.sleep(float(how.get("sleep", 0.0)))
    with (folder / "ledger.txt").open("a") as ledger:
        ledger.write(f"end {index}\n")
    return {"value": np.array([np.sqrt(index + 2.0)])}


def _stage(stage, count, how, monitor, pieces, folder):
    total = 0.0
    monitor.stage_started(stage)
    for index in range(count):
        key = f"{stage}/{index}"
        found = pieces.get(key)
        if found is None:
            found = _piece(index, how, folder)
            pieces.put(key, found)
        total += float(found["value"][0])
        monitor.advance(stage, index + 1, count, "pieces")
    return total


def run(spec, monitor, pieces, files=None, device="auto"):
    how = settings(spec.name)
    started = time.monotonic()
    total = _stage("relax", int(how.get("n", 3)), how, monitor, pieces, files.parent)
    if "no_result" in how:
        monitor.caution(Caution("no_result", "relax", "It does not hold still."))
    else:
        monitor.stage_finished("relax", relax_result(spec, total), time.monotonic() - started)
    (files / "result.json").write_text(json.dumps({"status": "finished", "total": total}))
