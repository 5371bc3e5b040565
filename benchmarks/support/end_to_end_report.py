"""Tables and the plot of whole calculations."""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.support import page, plots
from benchmarks.support.numbers import figures
from mlpcore import registry
from properties.spec import PRESETS

Found = dict[str, dict[str, Any]]
"""By crystal: ``ours`` and ``matcalc``."""

STAGES = {
    "relaxation": ("relax", "relax"),
    "elastic, default": ("elastic", "elastic"),
    "elastic, relaxed ions": ("elastic", "elastic_relaxed"),
    "phonons": ("phonons", "phonons"),
    "expansion": ("thermal", "thermal"),
}
"""Column: our stage, and matcalc's."""

EXTRA = "elastic_relaxed"
"""Stage that matcalc's default leaves out; it counts in no sum."""

NUMBERS = {
    "volume, Å³/atom": ("volume_per_atom_a3", 1.0),
    "K, GPa": ("bulk_gpa", 1.0),
    "G, GPa": ("shear_gpa", 1.0),
    "K clamped": ("bulk_clamped_gpa", 1.0),
    "G clamped": ("shear_clamped_gpa", 1.0),
    "C_V(300 K), J/mol/K": ("heat_capacity", 1.0),
    "α_V(300 K), 10⁻⁶/K": ("alpha_per_k", 1e6),
}


def stage_sum(side: dict[str, Any]) -> float:
    """Seconds of the four stages, the elastic constants as either does them by default."""
    return float(sum(s for stage, s in side["seconds"].items() if stage != EXTRA))


def same_result(side: dict[str, Any]) -> float:
    """Seconds of the four stages with elastic constants of relaxed ions on both sides.

    matcalc then does without its default elastic stage; ours always gives both.
    """
    seconds = side["seconds"]
    return float(stage_sum(side) - seconds["elastic"] + seconds.get(EXTRA, seconds["elastic"]))


def whole(side: dict[str, Any]) -> float:
    """Seconds from the start of the process to its end, without the extra stage."""
    return float(side["whole_s"] - side["seconds"].get(EXTRA, 0.0))


def complete(found: Found) -> Found:
    """Return the crystals that both sides finished."""
    return {
        name: sides
        for name, sides in found.items()
        if not any(side["failure"] for side in sides.values())
    }


def write(
    found: Found,
    options: argparse.Namespace,
    versions: dict[str, str],
    picture: Path | None,
) -> str:
    """Return the block of tables; draw the plot where a path for it is given."""
    good = complete(found)
    days = {side["day"] for sides in found.values() for side in sides.values() if "day" in side}
    parts = [
        page.machine(days) + " " + _settings(found, options, versions),
        _outcome(found, good),
    ]
    if good:
        rows = [(n, same_result(s["ours"]), same_result(s["matcalc"])) for n, s in good.items()]
        if picture:
            plots.end_to_end(rows, picture)
            parts.append(f"![Seconds of each crystal](images/{picture.name})")
        parts += ["Seconds, ours / matcalc:", _seconds(good)]
        parts += ["What came out, ours / matcalc:", _numbers(good)]
    return "\n\n".join(parts)


def _settings(found: Found, options: argparse.Namespace, versions: dict[str, str]) -> str:
    settings = PRESETS[options.preset]
    engines = {sides["ours"].get("engine") for sides in found.values()} - {None}
    environment = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Model {registry.info(options.model).title}, {options.threads} threads; our engine "
        f"{', '.join(sorted(engines))}; preset {options.preset}: forces below "
        f"{settings.fmax_ev_per_a:g} eV/Å, supercells of {settings.supercell_length_a:g} Å, "
        f"{settings.n_volumes} volumes. matcalc's environment: {environment}."
    )


def _outcome(found: Found, good: Found) -> str:
    """Say how many were finished, by which ratio, and what failed."""
    sentences = [f"{len(good)} of {len(found)} crystals were finished by both."]
    if good:
        same, default, processes = (
            _medians(good, seconds) for seconds in (same_result, stage_sum, whole)
        )
        sentences.append(
            f"**Median ratio {same}** for the four stages with the ions relaxed under strain "
            f"on both sides, which gives the same result; {default} with matcalc's default, "
            f"clamped ions; {processes} with that and the start of the process."
        )
    for name, sides in found.items():
        for side, result in sides.items():
            if result["failure"]:
                sentences.append(f"{name}, {side}: {result['failure'].rstrip('.')}.")
    return " ".join(sentences)


def _medians(good: Found, seconds: Any) -> str:
    return figures(median(seconds(s["matcalc"]) / seconds(s["ours"]) for s in good.values()))


def _seconds(good: Found) -> str:
    header = ["crystal", "atoms", "supercell", "displacements", *STAGES]
    header += ["four stages, relaxed ions", "ratio", "four stages, default", "ratio"]
    header += ["whole, default", "ratio", "memory, GB"]
    rows = [_row(name, sides["ours"], sides["matcalc"]) for name, sides in good.items()]
    middle = ["median ratio", "", "", ""]
    for ours, theirs in STAGES.values():
        ratios = [
            s["matcalc"]["seconds"][theirs] / s["ours"]["seconds"][ours]
            for s in good.values()
            if s["ours"]["seconds"][ours]
        ]
        middle.append(figures(median(ratios)) if ratios else "–")
    for seconds in (same_result, stage_sum, whole):
        middle += ["", f"**{_medians(good, seconds)}**"]
    middle.append("")
    return page.table(header, [*rows, middle])


def _row(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    def both(a: float, b: float) -> str:
        return f"{figures(a)} / {figures(b)}"

    stages = [both(ours["seconds"][a], theirs["seconds"][b]) for a, b in STAGES.values()]
    sums = []
    for seconds in (same_result, stage_sum, whole):
        a, b = seconds(ours), seconds(theirs)
        sums += [both(a, b), f"**{figures(b / a)}**"]
    return [
        f"{name}, {ours['crystal_system']}",
        str(len(ours["start"]["numbers"])),
        str(ours["supercell_n_atoms"]),
        f"{ours['n_displacements']} / {theirs['n_displacements']}",
        *stages,
        *sums,
        both(ours["peak_mb"] / 1e3, theirs["peak_mb"] / 1e3),
    ]


def _numbers(good: Found) -> str:
    rows = []
    for name, sides in good.items():
        cells = [name]
        for key, factor in NUMBERS.values():
            values = [sides[side].get(key) for side in ("ours", "matcalc")]
            cells.append(" / ".join(figures(v if v is None else v * factor) for v in values))
        rows.append(cells)
    return page.table(["crystal", *NUMBERS], rows)
