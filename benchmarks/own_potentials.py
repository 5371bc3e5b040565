"""What our own potentials make of their crystals, beside the DFT of their labels.

    python benchmarks/own_potentials.py [--page docs/potentials.md] [NAME …]

Each potential in ``pretrained/`` goes through the whole calculation (preset quick), committee
included, and so does the recommended universal potential; ± is the calibrated spread of the
members, experiment is that of the project's tables. Results are kept in ``data/benchmarks``;
--fresh computes them anew. Takes a minute or two for each potential.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import dft_reference
from benchmarks.support import own_plots, page
from mlpcore import registry
from mlpcore.checkpoint import read_header
from mlpcore.model_info import ModelInfo
from properties import pipeline, reference, reference_vibrations
from properties.examples import example
from properties.progress import MemoryPieces, Silent
from properties.spec import Spec

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "own-potentials.svg"
KEPT = ROOT / "data" / "benchmarks" / "own-potentials.json"
REFERENCE = ROOT / "pretrained" / "data" / "dft_reference.json"
CRYSTALS = ("Si", "NaCl")
QUANTITIES = (
    *("a, Å", "C11, GPa", "C12, GPa", "C44, GPa", "Γ TO, THz", "X TA, THz", "L TA, THz"),
    *("α(100 K), small cells", "α(200 K), small cells", "α(300 K), small cells"),
    *("α(100 K)", "α(300 K)"),
)
DIGITS = {"energy_mev_per_atom": 2, "forces_mev_per_a": 1, "stress_gpa": 3}
PARTS = {"test": "held out", "far": "far outside"}
SMALL_K = (100, 200, 300)
SPREADS = {"a, Å": "a", "C11, GPa": "C11", "C12, GPa": "C12", "C44, GPa": "C44"}

FORMULAS = {"Si": ("Si", 227), "NaCl": ("NaCl", 225)}


def measure(crystal: str, model: str) -> dict[str, Any]:
    """Run every stage and return the numbers of the table, with ± where there is one."""
    spec = Spec(example(crystal).crystal, model=model, preset="quick")
    results = pipeline.run(spec, Silent(), MemoryPieces()).stages
    elastic, thermal = results["elastic"].stiffness_gpa, results.get("thermal")
    values = {
        "a, Å": results["relax"].lattice["a"],
        "C11, GPa": elastic[0, 0],
        "C12, GPa": elastic[0, 1],
        "C44, GPa": elastic[3, 3],
        "Γ TO, THz": np.sort(results["phonons"].gamma_frequencies_thz)[3],
    }
    for kelvin in (100, 300):
        values[f"α({kelvin} K)"] = _alpha(thermal, kelvin)
    potential = registry.load(model, device="cpu", dtype="float64")
    values |= of_small_cells(dft_reference.of_potential(potential, crystal))
    spread = {}
    if "committee" in results:
        known = {number.name: number.epistemic for number in results["committee"].numbers}
        spread = {ours: known[name] for ours, name in SPREADS.items() if name in known}
    as_number = {k: None if v is None else float(v) for k, v in values.items()}
    return {
        "values": as_number,
        "spread": {k: float(v) for k, v in spread.items()},
        "curves": own_plots.curves(results),
    }


def _alpha(thermal: Any, kelvin: float) -> float | None:
    if thermal is None or kelvin > thermal.valid_up_to_k:
        return None
    found = np.interp(kelvin, thermal.temperatures_k, thermal.alpha_volume_per_k)
    return float(found) / 3 * 1e6


def of_small_cells(summary: dict[str, Any]) -> dict[str, float | None]:
    """Return modes and expansion from doubled primitive cells, as the oracle's are got."""
    known = summary["thermal"]
    alpha = dict(zip(known["temperatures_k"], known["alpha_linear_per_k"], strict=True))
    found: dict[str, float | None] = {
        f"{point} TA, THz": summary["points_thz"][point][0] for point in ("X", "L")
    }
    for kelvin in SMALL_K:
        value = alpha.get(kelvin)
        found[f"α({kelvin} K), small cells"] = None if value is None else 1e6 * value
    return found


def dft(crystal: str) -> dict[str, float | None]:
    """Return the numbers of the oracle itself."""
    known = json.loads(REFERENCE.read_text(encoding="utf-8"))[crystal]
    fields = ("lattice_a", "c11_gpa", "c12_gpa", "c44_gpa", "gamma_thz")
    found: dict[str, float | None] = dict.fromkeys(QUANTITIES)
    found |= dict(zip(QUANTITIES, (known[field] for field in fields), strict=False))
    return found | of_small_cells(known)


def experiment(crystal: str) -> dict[str, float | None]:
    """Return what is measured at room temperature, from the project's tables."""
    found: dict[str, float | None] = dict.fromkeys(QUANTITIES)
    known = reference.matches(*FORMULAS[crystal])
    elastic = next(r for r in known if r.kind == "experiment").values
    found |= {f"{name}, GPa": elastic[name] for name in ("C11", "C12", "C44")}
    for points in reference_vibrations.points(*FORMULAS[crystal]):
        at_gamma = points.frequency_thz[np.abs(points.q).max(axis=1) < 1e-9]
        if len(at_gamma):
            found["Γ TO, THz"] = float(at_gamma.min())
        for name, frequency in zip(points.names, points.frequency_thz, strict=True):
            if name in ("X TA", "L TA"):
                found[f"{name}, THz"] = float(frequency)
    expansion = measured_expansion(crystal)
    if expansion is not None:
        kelvins, alphas = expansion
        for kelvin in (100, 300):
            near = np.abs(np.array(kelvins) - kelvin)
            if near.min() <= 2:
                found[f"α({kelvin} K)"] = 1e6 * alphas[int(near.argmin())]
    return found


def measured_expansion(crystal: str) -> tuple[list[float], list[float]] | None:
    """Return temperatures in K and linear expansion in 1/K of all tables that have them."""
    curves = reference_vibrations.curves(*FORMULAS[crystal])
    known = [curve for curve in curves if curve.quantity == "alpha_linear_a"]
    if not known:
        return None
    return (
        [kelvin for curve in known for kelvin in curve.temperatures_k.tolist()],
        [alpha for curve in known for alpha in curve.values.tolist()],
    )


def row(title: str, values: dict[str, float | None], spread: dict[str, float]) -> list[str]:
    """Return a row of the table."""
    cells = [title]
    for name in QUANTITIES:
        value, digits = values[name], 3 if name == "a, Å" else 2 if "THz" in name else 1
        text = "–" if value is None else f"{value:.{digits}f}".replace("-", "−")
        cells.append(text + (_doubt(spread[name], digits) if name in spread else ""))
    return cells


def _doubt(spread: float, digits: int) -> str:
    """Write ±; with one digit that is not zero where the value's last digit is larger."""
    return f" ± {spread:.{digits}f}" if spread >= 0.5 * 10**-digits else f" ± {spread:.1g}"


def errors(models: list[ModelInfo]) -> str:
    """Return the errors on the frames that nobody learned, from the headers of checkpoints."""
    header = ["name", "members", "frames trained on / tested on", "energy, meV/atom"]
    header += ["forces, meV/Å", "stress, GPa", "SevenNet-l3i5 on the same frames"]
    rows = []
    for model in models:
        known = read_header(registry.weights_path(model))["training"]
        sizes = (len(known["split"][part]["frames"]) for part in ("train", "test"))
        own = known["errors"]["test"]["committee"]
        other = [_rmse(known["comparison"]["errors"], kind) for kind in DIGITS]
        cells = [_rmse(own, kind) for kind in DIGITS]
        frames = " / ".join(map(str, sizes))
        rows.append([f"`{model.name}`", str(model.n_members), frames, *cells, ", ".join(other)])
    return page.table(header, rows)


def calibration(models: list[ModelInfo]) -> str:
    """Return how far spreads can be believed, from the headers of checkpoints."""
    header = ["name", "of", "factor", "frames", "error, RMS", "± before, RMS", "± after, RMS"]
    header += ["area before", "area after"]
    rows = []
    for model in models:
        known = read_header(registry.weights_path(model))["calibration"]
        for kind, unit, scale in (("energy", "meV/atom", 1e3), ("force", "meV/Å", 1e3)):
            factor = known[f"{kind}_factor"]
            for part, words in PARTS.items():
                found = known[part][kind]
                sizes = [scale * found[f"rms_{what}"] for what in ("error", "epistemic")]
                cells = [
                    f"{size:.2g}" if size < 10 else f"{size:.0f}"
                    for size in (*sizes, max(1.0, factor) * sizes[1])
                ]
                areas = [f"{found[w]['miscalibration_area']:.2f}" for w in ("before", "after")]
                rows.append(
                    [
                        f"`{model.name}`",
                        f"{kind}, {unit}",
                        f"{factor:.1f}",
                        words,
                        *cells,
                        *areas,
                    ]
                )
    return page.table(header, rows)


def _rmse(errors: dict[str, Any], kind: str) -> str:
    return f"{errors[kind]['rmse']:.{DIGITS[kind]}f}"


def turned(header: list[str], rows: list[list[str]]) -> str:
    """Return the table with a line for each quantity, crystal by crystal."""
    names = [name if "K)" not in name else f"{name}, 10⁻⁶/K" for name in header]
    blocks = []
    for crystal in CRYSTALS:
        own = [row for row in rows if row[0].startswith(f"{crystal}, ")]
        head = [crystal, *(row[0].partition(", ")[2] for row in own)]
        lines = [[name, *(row[k] for row in own)] for k, name in enumerate(names) if k]
        blocks.append(page.table(head, lines))
    return "\n\n".join(blocks)


def main() -> None:
    """Compute what is not kept and show the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="potentials (all of pretrained/)")
    parser.add_argument("--fresh", action="store_true", help="forget what is kept")
    parser.add_argument("--page", type=Path, help="the Markdown page to write into")
    options = parser.parse_args()
    own = [
        m for m in registry.models() if m.own and (m.name in options.names or not options.names)
    ]
    kept = {} if options.fresh or not KEPT.is_file() else json.loads(KEPT.read_text())
    rows = []
    drawn: dict[str, dict[str, Any]] = {}
    for crystal in CRYSTALS:
        symbols = example(crystal).crystal.symbols
        models = [registry.info(registry.DEFAULT_MODEL), *own]
        for model in (m for m in models if not m.unsupported(symbols)):
            key = f"{crystal} {model.name} {model.sha256}"
            if key not in kept:
                kept[key] = measure(crystal, model.name)
                KEPT.parent.mkdir(parents=True, exist_ok=True)
                KEPT.write_text(json.dumps(kept, indent=1) + "\n")
                print(key, kept[key]["values"], kept[key]["spread"], flush=True)
            drawn.setdefault(crystal, {})[model.name] = kept[key]["curves"]
            rows.append(
                row(f"{crystal}, {model.name}", kept[key]["values"], kept[key]["spread"])
            )
        rows.append(row(f"{crystal}, PBE of the labels", dft(crystal), {}))
        rows.append(row(f"{crystal}, experiment", experiment(crystal), {}))
    known = json.loads(REFERENCE.read_text(encoding="utf-8"))
    measured = {crystal: measured_expansion(crystal) for crystal in CRYSTALS}
    own_plots.draw(drawn, known, measured, PICTURE)
    page.show("own errors", errors(own), options.page)
    page.show("own calibration", calibration(own), options.page)
    page.show("own potentials", turned(["", *QUANTITIES], rows), options.page)


if __name__ == "__main__":
    main()
