"""Tables of the phonon benchmark for docs/accuracy.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

from benchmarks.support import page
from benchmarks.support.kept import ROOT
from benchmarks.support.phonons_examples import EXAMPLES
from benchmarks.support.phonons_expansion import SERIES
from benchmarks.support.phonons_run import Case
from benchmarks.support.phonons_scores import (
    HEAT,
    Found,
    changed_symmetry,
    failure,
    finished,
    imaginary,
    largest,
    real_everywhere,
    score,
)
from mlpcore import registry
from mlpcore.units import THZ_IN_K

PAGE = ROOT / "docs" / "accuracy.md"
PICTURE = PAGE.parent / "images" / "accuracy-heat-capacity.svg"
LARGEST = 6
"""Crystals listed as making most of an error."""

PUBLISHED_HEAT = {"TensorNet-OMat24": 6.0, "CHGNet, MPtrj": 23.6}
"""MAE of C_V (J/mol/K per cell) that matcalc publishes for its own set and protocol."""

PUBLISHED_MAX = {
    "MatterSim-5M": 16,
    "Nequix-MP-PFT": 12,
    "SevenNet-l3i5": 26,
    "SevenNet-0": 40,
}
"""MAE of the highest frequency (K) over the phonons of MDR, as published."""


def title(model: str) -> str:
    """Name of a model for people."""
    return registry.info(model).title


def number(value: float, form: str = ".1f") -> str:
    """Write a number with a true minus sign; a dash for none."""
    return "–" if isnan(value) else format(value, form).replace("-", "−")


def block(found: Found, cases: Sequence[Case], rough: Found, examples: Found) -> str:
    """Return everything between the markers of the page.

    Parameters
    ----------
    rough
        The same crystals with preset quick, for some models; may be empty.
    examples
        Records of phonopy's examples; may be empty.
    """
    days = {record["day"] for records in found.values() for record in records.values()}
    parts = [
        f"{page.machine(days)} {effort(found)}",
        f"![Heat capacity of each model against PBE](images/{PICTURE.name})",
        "Heat capacity at constant volume, 300 K: mean absolute difference to PBE in "
        "J/(mol K), per mole of the given cells unless said otherwise:",
        heat_capacities(found, cases),
        "The finished crystals with imaginary modes (lowest frequency in THz):",
        imaginary_modes(found, cases),
        f"The {LARGEST} crystals that differ most, model / PBE in J/(mol K) per cell:",
        outliers(found, cases),
    ]
    failed = failures(found, cases)
    parts += ["What failed, and why:", failed] if failed else ["None failed."]
    if rough:
        parts += ["The same with preset *quick*:", heat_capacities(rough, cases, brief=True)]
    if examples:
        parts += _examples(examples)
    return "\n\n".join(parts)


def _examples(examples: Found) -> list[str]:
    return [
        "Dispersions of phonopy's examples (PBE by VASP): highest frequency, and mean absolute "
        "difference of all branches on the standard path. *Same cells*: the model's forces in "
        "PBE's own displaced supercells, so that nothing but the forces differs:",
        dispersions(examples),
        "Highest frequency over these examples, mean absolute difference in K, from the "
        "pipeline; beside it what is published for thousands of crystals of MDR:",
        highest(examples),
        "Expansion of phonopy's quasiharmonic series and of the models:",
        expansions(examples),
    ]


def effort(found: Found) -> str:
    """Say what was computed and how long it took."""
    seconds = [r["seconds"] for records in found.values() for r in records.values()]
    presets = {r["preset"] for records in found.values() for r in records.values()}
    return (
        f"{len(seconds)} calculations in {sum(seconds) / 60:.0f} minutes on one core, the "
        f"longest {max(seconds):.0f} s; preset {' and '.join(sorted(presets))}."
    )


def heat_capacities(found: Found, cases: Sequence[Case], brief: bool = False) -> str:
    """Return the main table, with what matcalc publishes below."""
    common = real_everywhere(found)
    header = ["model", "finished", "imaginary", "MAE", "median", "mean, signed", "per atom"]
    header += ["all modes real", "MAE", f"MAE, {len(common)} real with all"]
    rows = []
    for model, records in found.items():
        own, real = finished(records), finished(records) - imaginary(records)
        every, stable, shared = (score(records, cases, s) for s in (own, real, common))
        cells = [title(model), str(every.n), str(len(imaginary(records)))]
        cells += [number(every.per_cell, ".2f"), number(every.median_per_cell, ".2f")]
        cells += [number(every.signed_per_cell, "+.2f"), number(every.per_atom, ".2f")]
        cells += [str(stable.n), number(stable.per_cell, ".2f")]
        rows.append([*cells, number(shared.per_cell, ".2f")])
    for name, value in ({} if brief else PUBLISHED_HEAT).items():
        rows.append([f"*{name}, as published*", "", "", f"*{value}*", *[""] * 6])
    return page.table(header, rows)


def imaginary_modes(found: Found, cases: Sequence[Case]) -> str:
    """Return which crystals have imaginary modes with which model."""
    rows = []
    for model, records in found.items():
        soft = [case for case in cases if case.id in imaginary(records)]
        names = [
            f"{c.formula} {number(records[c.id]['min_frequency_thz'], '.2f')}" for c in soft
        ]
        changed = [c.formula for c in cases if c.id in changed_symmetry(records)]
        cells = [title(model), str(len(soft)), ", ".join(names) or "–"]
        rows.append([*cells, ", ".join(changed) or "–"])
    header = ["model", "number", "crystals", "another space group after relaxation"]
    return page.table(header, rows)


def outliers(found: Found, cases: Sequence[Case]) -> str:
    """Return the crystals that make most of each mean."""
    rows = []
    for model, records in found.items():
        worst = largest(records, cases, LARGEST)
        said = [
            f"{case.formula} {records[case.id][HEAT]:.1f} / "
            f"{case.heat_capacity_300k_j_per_mol_cell_k:.1f}"
            for case, _ in worst
        ]
        rows.append([title(model), ", ".join(said)])
    return page.table(["model", "crystals"], rows)


def failures(found: Found, cases: Sequence[Case]) -> str:
    """Return which crystals failed with which model, by reason; nothing if none did."""
    formula = {case.id: case.formula for case in cases}
    rows = []
    for model, records in found.items():
        by_reason: dict[str, list[str]] = defaultdict(list)
        for case, record in records.items():
            by_reason[failure(record)].append(formula[case])
        by_reason.pop("", None)
        rows += [[title(model), why, ", ".join(names)] for why, names in by_reason.items()]
    return page.table(["model", "reason", "crystals"], rows) if rows else ""


def dispersions(examples: Found) -> str:
    """Return highest frequencies and differences on the path, by crystal and model."""
    header = ["crystal", "model", "volume, Å³/atom", "ω max, THz", "C_V 300 K, J/(mol K)"]
    header += ["path MAE, THz", "same cells: ω max", "path MAE, THz", "MAE, K", "mean, THz"]
    rows = []
    for name in EXAMPLES:
        records = {m: one[name] for m, one in examples.items() if name in one}
        if not records:
            continue
        known = next(iter(records.values()))["reference"]
        rows.append([name, "*PBE*", *_main(known), "", number(known["max_frequency_thz"])])
        rows[-1] += [""] * 3
        rows += [[name, title(model), *_dispersion(one)] for model, one in records.items()]
    return page.table(header, rows)


def _main(numbers: Mapping[str, Any]) -> list[str]:
    return [
        number(numbers["volume_per_atom_a3"], ".2f"),
        number(numbers["max_frequency_thz"]),
        number(numbers["heat_capacity_j_per_mol_atoms_k"], ".2f"),
    ]


def _dispersion(record: Mapping[str, Any]) -> list[str]:
    if record["error"]:
        return [*["–"] * 7, record["error"]]
    own, same = record["pipeline"], record["same_cells"]
    return [
        *_main(own),
        number(own["path_mae_thz"], ".2f"),
        number(same["max_frequency_thz"]),
        number(same["path_mae_thz"], ".2f"),
        number(same["path_mae_thz"] * THZ_IN_K, ".0f"),
        number(same["path_mean_thz"], "+.2f"),
    ]


def highest(examples: Found) -> str:
    """Return the mean error of the highest frequency, in K, with what is published."""
    rows = []
    for model, records in examples.items():
        good = [records[n] for n in EXAMPLES if n in records and not records[n]["error"]]
        apart = [_apart(one, "pipeline") for one in good]
        same = [_apart(one, "same_cells") for one in good]
        cells = [
            number(sum(each) / len(each), ".0f") if each else "–" for each in (apart, same)
        ]
        published = PUBLISHED_MAX.get(title(model))
        rows.append([title(model), str(len(good)), *cells, f"{published or '–'}"])
    ours = {title(model) for model in examples}
    for name, value in PUBLISHED_MAX.items():
        if name not in ours:
            rows.append([f"*{name}*", "", "", "", f"*{value}*"])
    return page.table(["model", "crystals", "pipeline", "same cells", "MDR, published"], rows)


def _apart(record: Mapping[str, Any], how: str) -> float:
    known = record["reference"]["max_frequency_thz"]
    return float(abs(record[how]["max_frequency_thz"] - known)) * THZ_IN_K


def expansions(examples: Found) -> str:
    """Return volume, expansion, bulk modulus and heat capacity at some temperatures."""
    header = ["crystal", "from", "V₀ static, Å³", "B₀ static, GPa", "α 100 K, 10⁻⁶/K"]
    header += ["α 300 K", "α 600 K", "V 300 K, Å³", "B 300 K, GPa", "C_p 300 K", "valid to, K"]
    rows = []
    for name in SERIES:
        records = {m: one[name] for m, one in examples.items() if name in one}
        if not records:
            continue
        crystal, known = SERIES[name], next(iter(records.values()))["reference"]
        rows.append([crystal, f"*{known['functional']}*", *_expansion(known)])
        for model, one in records.items():
            cells = ["–"] * 8 + [one["error"].split(":")[0].split(";")[0].rstrip(".")]
            own = _expansion(one["pipeline"]) if "pipeline" in one else cells
            rows.append([crystal, title(model), *own])
    return page.table(header, rows)


def _expansion(found: Mapping[str, Any]) -> list[str]:
    at: Callable[[str, str], float] = lambda kelvin, name: found["at"][kelvin][name]  # noqa: E731
    alphas = [
        number(1e6 * at(kelvin, "alpha_linear_per_k")) for kelvin in ("100", "300", "600")
    ]
    return [
        number(found["static_volume_a3"], ".2f"),
        number(found["static_bulk_gpa"]),
        *alphas,
        number(at("300", "volume_a3"), ".2f"),
        number(at("300", "bulk_gpa")),
        number(at("300", "heat_capacity_p"), ".2f"),
        number(found.get("valid_up_to_k", float("nan")), ".0f"),
    ]
