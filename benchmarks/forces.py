"""Forces: SevenNet's own code and ours on the same structures, in turn, in one process.

python benchmarks/forces.py [--models NAME …] [--threads N …] [--max-atoms N]

Writes docs/speed.md and its plot, unless an option leaves something out. What was measured
already is kept under data/benchmarks for as long as mlpcore stays as it is; --fresh measures
all of it anew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.support import force_report, page
from benchmarks.support.cases import CASES
from benchmarks.support.kept import FOLDER, ROOT, Kept, stamp
from mlpcore import registry

MODELS = ("sevennet-0", "sevennet-l3i5")
THREADS = (1, 2)
LARGEST = max(n for sizes in CASES.values() for n in sizes)
MEMORY_CASES = ("Si:64", "Si:216", "Si:512", "Al2O3:480")


def worker(threads: int, *arguments: str) -> Iterator[dict[str, Any]]:
    """Run a fresh process with so many threads; yield each line that it prints.

    Raises
    ------
    subprocess.CalledProcessError
        The process failed; it has written why to the screen.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.support.force_worker"]
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env={**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        for line in process.stdout or ():
            yield json.loads(line)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)


class Campaign:
    """All measurements, those that are kept taken from the file."""

    def __init__(self, kept: Kept, max_atoms: int) -> None:
        self._kept = kept
        workers = [f"benchmarks/support/{name}.py" for name in ("force_worker", "cases")]
        self._stamp = stamp("mlpcore", *workers)
        self._max_atoms = max_atoms

    def _once(self, key: str, threads: int, *arguments: str) -> dict[str, Any]:
        found = self._kept.get(key, self._stamp)
        if found is None:
            print(f"{key} …", flush=True)
            (measured,) = worker(threads, *arguments)
            found = self._kept.put(key, self._stamp, measured)
        return found

    def peaks(self, threads: int) -> dict[str, Any]:
        """Best rates of this machine."""
        return self._once(f"peaks, {threads} threads", threads, "peaks")

    def times(self, model: str, threads: int) -> dict[str, dict[str, Any]]:
        """Times of every case, as ``CRYSTAL:ATOMS``."""
        cases = [f"{name}:{n}" for name, sizes in CASES.items() for n in sizes]
        cases = [case for case in cases if int(case.partition(":")[2]) <= self._max_atoms]
        keys = {case: f"{model}, {threads} threads, {case}" for case in cases}
        times = {case: self._kept.get(keys[case], self._stamp) for case in cases}
        left = [case for case, found in times.items() if found is None]
        for found in worker(threads, "time", model, *left) if left else ():
            case = found["case"]
            times[case] = self._kept.put(keys[case], self._stamp, found)
            print(force_report.progress(keys[case], found), flush=True)
        return {case: found for case, found in times.items() if found}

    def memory(self, model: str) -> dict[str, dict[str, dict[str, float]]]:
        """Memory of each large case, by case and engine, each in a process of its own."""
        cases = [c for c in MEMORY_CASES if int(c.partition(":")[2]) <= self._max_atoms]
        return {
            case: {
                engine: self._once(
                    f"{model}, memory, {engine}, {case}",
                    max(THREADS),
                    *("memory", model, engine, case),
                )
                for engine in ("upstream", "auto")
            }
            for case in cases
        }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [info.name for info in registry.models() if info.package == "sevenn"]
    parser.add_argument("--models", nargs="+", default=MODELS, choices=names)
    parser.add_argument("--threads", nargs="+", type=int, default=THREADS)
    parser.add_argument("--max-atoms", type=int, default=LARGEST)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--fresh", action="store_true")
    return parser


def main() -> None:
    """Measure what is missing and write the page."""
    options = _parser().parse_args()
    campaign = Campaign(Kept(FOLDER / "forces.json", options.fresh), options.max_atoms)
    times = {(m, t): campaign.times(m, t) for m in options.models for t in options.threads}
    memory = {model: campaign.memory(model) for model in options.models}
    peaks = {threads: campaign.peaks(threads) for threads in options.threads}
    whole = set(MODELS) <= set(options.models) and set(THREADS) <= set(options.threads)
    where = options.page or (page.PAGE if whole and options.max_atoms >= LARGEST else None)
    picture = where.parent / "images" / "speed-forces.svg" if where else None
    page.show("forces", force_report.write(times, memory, peaks, picture), where)


if __name__ == "__main__":
    main()
