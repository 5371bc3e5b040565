"""What records of the elasticity benchmark say together: failures and errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from ase.formula import Formula

from benchmarks.support.elasticity_run import Case

Found = Mapping[str, Mapping[str, dict[str, Any]]]
"""Records by model and crystal."""

IONS = ("relaxed", "clamped")
MODULI = {"K": "bulk_gpa", "G": "shear_gpa"}

UNKNOWN = "elements unknown to the model"
LATE = "not finished in time"
UNCONVERGED = "relaxation not converged"
RESTLESS = "ions in a strained cell did not come to rest"
UNSTABLE = "stiffness not positive definite"
OTHER = "no result"


def failure(record: Mapping[str, Any]) -> str:
    """Return why a record has no moduli to compare, or nothing.

    Moduli of an unstable tensor, with relaxed or with clamped ions, are not compared: its
    Reuss average has a pole, so that any number can come out.
    """
    message, kind = record["error"], record["error_type"]
    if kind == "UnsupportedElementError":
        return UNKNOWN
    if message.startswith("Not finished"):
        return LATE
    if message:
        return RESTLESS if "strained cell" in message else OTHER
    if not record["converged"]:
        return UNCONVERGED
    return "" if all(record[ions]["stable"] for ions in IONS) else UNSTABLE


def finished(found: Mapping[str, dict[str, Any]]) -> set[str]:
    """Return the crystals that have moduli to compare."""
    return {case for case, record in found.items() if not failure(record)}


def common(found: Found) -> set[str]:
    """Return the crystals that every model finished."""
    return set.intersection(*(finished(records) for records in found.values()))


def known(case: Case, modulus: str) -> float:
    """Return K or G of PBE, GPa."""
    return case.bulk_modulus_vrh_gpa if modulus == "K" else case.shear_modulus_vrh_gpa


@dataclass(frozen=True)
class Score:
    """How one modulus of one model compares with PBE.

    Attributes
    ----------
    n
        Number of crystals.
    mae, median_error, mean_signed
        Mean and median absolute difference and mean difference, GPa; negative is soft.
    median_ratio
        Median of model over PBE.
    correlation
        Pearson's.
    scale, mae_scaled
        One factor for all crystals that makes the mean absolute difference smallest, and
        what is left of it.
    """

    n: int
    mae: float
    median_error: float
    mean_signed: float
    median_ratio: float
    correlation: float
    scale: float
    mae_scaled: float


def score(values: Sequence[float], references: Sequence[float]) -> Score:
    """Compare values with references of the same length, GPa; not-a-number for none."""
    if not values:
        return Score(0, *[float("nan")] * 7)
    x, y = np.asarray(references, dtype=float), np.asarray(values, dtype=float)
    errors = [float(e) for e in y - x]
    scale = best_scale(x, y)
    return Score(
        n=len(x),
        mae=fmean(map(abs, errors)),
        median_error=median(map(abs, errors)),
        mean_signed=fmean(errors),
        median_ratio=float(np.median(y / x)),
        correlation=float(np.corrcoef(x, y)[0, 1])
        if min(x.std(), y.std()) > 0
        else float("nan"),
        scale=scale,
        mae_scaled=float(np.abs(scale * y - x).mean()),
    )


def best_scale(references: Any, values: Any) -> float:
    """Return the s that minimises Σ |s y − x|: a weighted median of the ratios x/y."""
    x, y = np.asarray(references, dtype=float), np.asarray(values, dtype=float)
    order = np.argsort(x / y)
    weights = np.abs(y)[order]
    middle = int(np.searchsorted(np.cumsum(weights), weights.sum() / 2))
    return float((x / y)[order][middle])


def scores(
    records: Mapping[str, dict[str, Any]], cases: Iterable[Case], crystals: set[str]
) -> dict[tuple[str, str], Score]:
    """Score a model on some crystals that it finished, by modulus and ions."""
    chosen = [case for case in cases if case.id in crystals]
    return {
        (modulus, ions): score(
            [records[case.id][ions][key] for case in chosen],
            [known(case, modulus) for case in chosen],
        )
        for modulus, key in MODULI.items()
        for ions in IONS
    }


MAGNETIC = {"Cr", "Mn", "Fe", "Co", "Ni"}
"""Elements that carry moments in PBE; the models have no spin of their own."""


def not_magnetic(cases: Iterable[Case]) -> set[str]:
    """Return the crystals without a magnetic 3d element."""
    return {case.id for case in cases if not MAGNETIC & set(Formula(case.formula).count())}


def ions_matter(records: Mapping[str, dict[str, Any]], share: float = 0.02) -> set[str]:
    """Return the finished crystals where relaxing the ions changes K or G by a share."""
    return {
        case
        for case in finished(records)
        if any(
            abs(records[case]["relaxed"][key] / records[case]["clamped"][key] - 1) > share
            for key in MODULI.values()
        )
    }


def all_checks_passed(records: Mapping[str, dict[str, Any]]) -> set[str]:
    """Return the finished crystals whose relaxation and tensor passed every check."""
    return {case for case in finished(records) if not records[case]["failed_checks"]}
