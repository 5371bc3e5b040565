"""Tables of the elasticity benchmark for docs/accuracy.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from benchmarks.support import elasticity_matcalc, page
from benchmarks.support.elasticity_run import Case
from benchmarks.support.elasticity_scores import (
    IONS,
    MODULI,
    Found,
    Score,
    all_checks_passed,
    common,
    failure,
    finished,
    ions_matter,
    known,
    not_magnetic,
    scores,
)
from benchmarks.support.kept import ROOT
from mlpcore import registry

PAGE = ROOT / "docs" / "accuracy.md"
PICTURE = PAGE.parent / "images" / "accuracy-elasticity.svg"
LARGEST = 6
"""Crystals listed as making most of an error."""

PUBLISHED = {
    "TensorNet-OMat24": (15.6, 15.5),
    "CHGNet, MPtrj": (17.4, 29.6),
}
"""K and G MAE (GPa) that matcalc publishes for its own set and protocol."""


MATCALC = (
    "matcalc with the settings of its own benchmark and the same models, mean absolute "
    "differences in GPa: ours relaxed / ours clamped / matcalc on the crystals that both "
    "finished, and matcalc alone on all that it has a number for, unstable ones included:"
)


def title(model: str) -> str:
    """Name of a model for people."""
    return registry.info(model).title


def block(found: Found, cases: Sequence[Case], by_matcalc: Found) -> str:
    """Return everything between the markers of the page.

    Parameters
    ----------
    by_matcalc
        Records that matcalc made of the same crystals; may be empty.
    """
    days = {record["day"] for records in found.values() for record in records.values()}
    everywhere = common(found)
    parts = [
        f"{page.machine(days)} {effort(found)}",
        f"![K and G of each model against PBE](images/{PICTURE.name})",
        "Mean absolute differences to PBE in GPa, relaxed / clamped ions:",
        errors(found, cases, everywhere),
        f"On the {len(everywhere)} crystals that every model finished, in detail:",
        details(found, cases, everywhere),
        "Mean absolute differences in groups, relaxed / clamped ions: crystals whose K or G "
        "the ions change by more than 2 %, those without Cr, Mn, Fe, Co and Ni, and those "
        "that passed every check:",
        groups(found, cases),
        "What failed, and why:",
        failures(found, cases),
        f"The {LARGEST} crystals that make the largest differences (relaxed ions), "
        "model / PBE in GPa:",
        outliers(found, cases),
    ]
    if by_matcalc:
        parts += [MATCALC, elasticity_matcalc.table(found, by_matcalc, cases)]
    return "\n\n".join(parts)


def effort(found: Found) -> str:
    """Say what was computed and how long it took."""
    seconds = [r["seconds"] for records in found.values() for r in records.values()]
    longest = max(seconds)
    return (
        f"{len(seconds)} calculations in {sum(seconds) / 60:.0f} minutes on one core, the "
        f"longest {longest:.0f} s; preset quick."
    )


def _both(by_ions: Mapping[tuple[str, str], Score], modulus: str, field: str, form: str) -> str:
    values = (getattr(by_ions[modulus, ions], field) for ions in IONS)
    return " / ".join("–" if isnan(v) else format(v, form).replace("-", "−") for v in values)


def errors(found: Found, cases: Sequence[Case], everywhere: set[str]) -> str:
    """Return the main table, with what matcalc publishes below."""
    header = ["model", "finished", "failed", "K", "G"]
    header += [f"K, {len(everywhere)} in common", f"G, {len(everywhere)} in common"]
    rows = []
    for model, records in found.items():
        own = finished(records)
        columns = [title(model), str(len(own)), str(len(records) - len(own))]
        for crystals in (own, everywhere):
            by_ions = scores(records, cases, crystals)
            columns += [_both(by_ions, modulus, "mae", ".1f") for modulus in MODULI]
        rows.append(columns)
    for name, (bulk, shear) in PUBLISHED.items():
        rows.append([f"*{name}, as published*", "", "", f"*{bulk}*", f"*{shear}*", "", ""])
    return page.table(header, rows)


def details(found: Found, cases: Sequence[Case], everywhere: set[str]) -> str:
    """Return what lies behind the means."""
    header = ["model", "modulus", "median difference", "mean, signed", "median of model / PBE"]
    header += ["correlation", "best factor", "MAE after it"]
    rows = []
    for model, records in found.items():
        by_ions = scores(records, cases, everywhere)
        for modulus in MODULI:
            fields = [("median_error", ".1f"), ("mean_signed", "+.1f"), ("median_ratio", ".2f")]
            fields += [("correlation", ".3f"), ("scale", ".2f"), ("mae_scaled", ".1f")]
            cells = [_both(by_ions, modulus, field, form) for field, form in fields]
            rows.append([title(model), modulus, *cells])
    return page.table(header, rows)


def groups(found: Found, cases: Sequence[Case]) -> str:
    """Return the errors of crystals that differ in kind."""
    names = ("ions matter", "no magnetic element", "all checks passed")
    header = ["model", *(cell for name in names for cell in (name, "K", "G"))]
    rows = []
    for model, records in found.items():
        cells = [title(model)]
        unmagnetic = finished(records) & not_magnetic(cases)
        for crystals in (ions_matter(records), unmagnetic, all_checks_passed(records)):
            by_ions = scores(records, cases, crystals)
            cells += [str(len(crystals)), *(_both(by_ions, m, "mae", ".1f") for m in MODULI)]
        rows.append(cells)
    return page.table(header, rows)


def failures(found: Found, cases: Sequence[Case]) -> str:
    """Return which crystals failed with which model, by reason."""
    formula = {case.id: case.formula for case in cases}
    rows = []
    for model, records in found.items():
        by_reason: dict[str, list[str]] = defaultdict(list)
        for case, record in records.items():
            by_reason[failure(record)].append(formula[case])
        by_reason.pop("", None)
        rows += [
            [title(model), reason, str(len(names)), ", ".join(names)]
            for reason, names in sorted(by_reason.items())
        ]
    return page.table(["model", "reason", "number", "crystals"], rows)


def outliers(found: Found, cases: Sequence[Case]) -> str:
    """Return the crystals that make most of each mean."""
    rows = []
    for model, records in found.items():
        for modulus, key in MODULI.items():
            worst = largest(records, cases, modulus, key)
            whole = sum(abs(r - p) for _, r, p in _pairs(records, cases, modulus, key))
            share = f"{100 * sum(d for d, _ in worst) / whole:.0f} %" if whole else "–"
            said = ", ".join(text for _, text in worst)
            rows.append([title(model), modulus, share, said])
    return page.table(["model", "modulus", "share of the sum", "crystals"], rows)


def _pairs(
    records: Mapping[str, dict[str, Any]], cases: Sequence[Case], modulus: str, key: str
) -> list[tuple[Case, float, float]]:
    good = finished(records)
    return [
        (case, records[case.id]["relaxed"][key], known(case, modulus))
        for case in cases
        if case.id in good
    ]


def largest(
    records: Mapping[str, dict[str, Any]], cases: Sequence[Case], modulus: str, key: str
) -> list[tuple[float, str]]:
    """Return the largest absolute differences with words, descending."""
    pairs = _pairs(records, cases, modulus, key)
    ranked = sorted(pairs, key=lambda pair: -abs(pair[1] - pair[2]))[:LARGEST]
    return [(abs(r - p), f"{case.formula} {r:.0f} / {p:.0f}") for case, r, p in ranked]


def summary(found: Found) -> str:
    """One line per model for the end of a run."""
    return "\n".join(
        f"{title(model)}: {len(finished(records))} of {len(records)} finished; relaxing the "
        f"ions matters in {len(ions_matter(records))}."
        for model, records in found.items()
    )
