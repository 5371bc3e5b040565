"""Whole calculations: our pipeline against matcalc with the same model and settings.

python benchmarks/end_to_end.py --matcalc-python PATH [--only NAME …] [--preset quick]

matcalc needs an environment of its own; docs/speed.md says how to make it. Writes that page
and its plot, unless --only leaves crystals out. What was measured already is kept under
data/benchmarks for as long as the code stays as it is; --fresh measures all of it anew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support import end_to_end_report, page
from benchmarks.support.kept import FOLDER, ROOT, Kept, stamp
from mlpcore import registry
from mlpcore.model_info import ModelInfo
from properties.spec import PRESETS
from properties.symmetry import SYMPREC_A
from properties.vibrations.quasiharmonic import volume_offsets

CRYSTALS = (
    *("Si", "NaCl", "MgO", "CaF2", "GaAs", "Cu", "W", "diamond", "Mg", "ZnO"),
    *("TiO2", "SiO2", "Al2O3", "FeS2", "ZrO2"),
)
"""Cubic to monoclinic, small cells first in each system."""
LIMIT_S = 7200.0
MATCALC_WORKER = ROOT / "benchmarks" / "support" / "matcalc_worker.py"
PACKAGES = ("matcalc", "sevenn", "torch", "phonopy", "ase")

MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1)}
"""For matcalc's process, what ``mlpcore.potential`` does for ours on import."""


def run(command: list[str], request: dict[str, Any], environment: dict[str, str]) -> Any:
    """Run a worker; return its result, with the seconds of the whole process.

    A worker that fails leaves what it had, and the last line that it wrote to the screen
    as ``failure``.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder, "request.json"), Path(folder, "result.json")
        asked.write_text(json.dumps(request), encoding="utf-8")
        started = time.perf_counter()
        failure = _attempt([*command, str(asked), str(answer)], folder, environment)
        whole = time.perf_counter() - started
        found = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}
    found = {"failure": failure, "seconds": {}, "whole_s": whole, **found}
    return {**found, "failure": failure or found["failure"]}


def _attempt(command: list[str], folder: str, environment: dict[str, str]) -> str:
    """Return why the command failed, or nothing."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {LIMIT_S:g} s"
    lines = done.stderr.strip().splitlines() or ["no message"]
    return f"exit status {done.returncode}: {lines[-1]}" if done.returncode else ""


class Comparison:
    """Both sides of every crystal, those that are kept taken from the file."""

    def __init__(self, options: argparse.Namespace, kept: Kept) -> None:
        self._options, self._kept = options, kept
        self._model = registry.info(options.model)
        self._settings = PRESETS[options.preset]
        self._ours_stamp = stamp("mlpcore", "properties", "benchmarks/support/ours_worker.py")
        self._threads = {
            f"{library}_NUM_THREADS": str(options.threads)
            for library in ("OMP", "MKL", "OPENBLAS")
        }
        self.versions = _versions(options.matcalc_python)

    def both(self, crystal: str) -> dict[str, Any]:
        """Run ours, then matcalc with the supercell that ours has chosen."""
        ours = self._ours(crystal)
        if "supercell_matrix" not in ours:
            return {"ours": ours, "matcalc": {"failure": "not run: ours has no supercell"}}
        return {"ours": ours, "matcalc": self._matcalc(crystal, ours)}

    def _once(self, side: str, crystal: str, stamped: str, *arguments: Any) -> Any:
        options = self._options
        key = f"{options.model}, {options.preset}, {options.threads} threads, {crystal}, {side}"
        found = self._kept.get(key, stamped)
        if found is None or found["failure"]:
            found = self._kept.put(key, stamped, run(*arguments))
            said = found["failure"] or f"{found['whole_s']:.1f} s"
            print(f"{key}: {said}", flush=True)
        return found

    def _ours(self, crystal: str) -> Any:
        options = self._options
        request = {"crystal": crystal, "model": options.model, "preset": options.preset}
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.support.ours_worker"]
        environment = {**self._threads, "PYTHONPATH": str(ROOT)}
        return self._once("ours", crystal, self._ours_stamp, command, request, environment)

    def _matcalc(self, crystal: str, ours: dict[str, Any]) -> Any:
        request = matcalc_request(self._model, self._settings, ours)
        known = json.dumps([request, self.versions, stamp(str(MATCALC_WORKER))])
        command = [self._options.matcalc_python, "-W", "ignore", "-P", str(MATCALC_WORKER)]
        environment = {**self._threads, **MALLOC}
        return self._once("matcalc", crystal, known, command, request, environment)


def matcalc_request(model: ModelInfo, settings: Any, ours: dict[str, Any]) -> Any:
    """Return our settings in matcalc's terms.

    matcalc scales lengths where ours scales volumes, and hands the supercell matrix to
    phonopy, which wants the supercell's vectors as columns.
    """
    offsets = volume_offsets(settings.n_volumes, *settings.volume_range)
    return {
        **ours["start"],
        "weights": model.weights,
        "sha256": model.sha256,
        "modal": model.modal,
        "fmax_ev_per_a": settings.fmax_ev_per_a,
        "symprec_a": SYMPREC_A,
        "displacement_a": settings.displacement_a,
        "supercell_matrix": [
            list(column) for column in zip(*ours["supercell_matrix"], strict=True)
        ],
        "scale_factors": ((1 + offsets) ** (1 / 3)).tolist(),
    }


def _versions(python: str) -> dict[str, str]:
    """Return the versions of the packages of matcalc's environment."""
    code = (
        "import importlib.metadata as m, json, sys; "
        "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    )
    done = subprocess.run(
        [python, "-c", code, *PACKAGES], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--matcalc-python", default=os.environ.get("MATCALC_PYTHON"))
    parser.add_argument("--only", nargs="+", metavar="NAME", default=CRYSTALS)
    parser.add_argument("--model", default=registry.DEFAULT_MODEL)
    parser.add_argument("--preset", default="quick", choices=PRESETS)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--page", type=Path)
    parser.add_argument("--fresh", action="store_true")
    return parser


def main() -> None:
    """Measure what is missing; write the page when it is whole."""
    options = _parser().parse_args()
    if not options.matcalc_python:
        print("Left out: name the Python of an environment with matcalc (docs/speed.md).")
        return
    comparison = Comparison(options, Kept(FOLDER / "end_to_end.json", options.fresh))
    found = {crystal: comparison.both(crystal) for crystal in options.only}
    whole = set(CRYSTALS) <= set(options.only)
    where = options.page or (page.PAGE if whole else None)
    picture = where.parent / "images" / "speed-end-to-end.svg" if where else None
    block = end_to_end_report.write(found, options, comparison.versions, picture)
    page.show("end-to-end", block, where)


if __name__ == "__main__":
    main()
