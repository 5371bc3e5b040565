"""Wall time of each stage, for the table in the README.

python benchmarks/stage_times.py [--model NAME] [--preset quick] [CRYSTAL …]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mlpcore import registry
from properties import pipeline
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from properties.results import Outcome
from properties.spec import PRESETS, STAGES, Spec

CRYSTALS = ("Si", "NaCl", "Mg", "Al2O3")


def measure(name: str, model: str, preset: str) -> tuple[Outcome, float]:
    """Run every stage of an example from nothing, loading of the model included."""
    spec = Spec(example(name).crystal, model=model, preset=preset)
    started = time.monotonic()
    outcome = pipeline.run(spec, Silent(), MemoryPieces())
    return outcome, time.monotonic() - started


def main() -> None:
    """Print one row per crystal, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crystals", nargs="*", default=CRYSTALS)
    parser.add_argument("--model", default=registry.DEFAULT_MODEL)
    parser.add_argument("--preset", default="quick", choices=PRESETS)
    options = parser.parse_args()
    title = registry.info(options.model).title
    print(f"{title}, preset {options.preset}, {os.cpu_count()} cores; seconds\n")
    print("| crystal | atoms | " + " | ".join(STAGES) + " | whole |")
    print("|---" * (len(STAGES) + 3) + "|")
    for name in options.crystals:
        outcome, whole = measure(name, options.model, options.preset)
        cells = [
            f"{outcome.seconds[stage]:.1f}" if stage in outcome.seconds else "–"
            for stage in STAGES
        ]
        atoms = outcome.structure["n_atoms_primitive"]
        print(f"| {name} | {atoms} | " + " | ".join(cells) + f" | {whole:.1f} |", flush=True)


if __name__ == "__main__":
    main()
