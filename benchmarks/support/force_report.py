"""Tables and the plot of the force benchmark."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.support import page, plots
from benchmarks.support.numbers import figures, growth_exponent, paired_ratio
from mlpcore import registry

Times = dict[tuple[str, int], dict[str, dict[str, Any]]]
"""By model and number of threads, then by ``CRYSTAL:ATOMS``."""

AIM_ATOMS = (64, 216)
LARGE_ATOMS = 64
"""From here on the work of each atom outweighs the fixed cost of a call."""


def atoms_of(case: str) -> int:
    """Number of atoms of ``CRYSTAL:ATOMS``."""
    return int(case.partition(":")[2])


def progress(key: str, found: dict[str, Any]) -> str:
    """Return the line to show when a case is done."""
    seconds = {name: figures(1e3 * median(s)) for name, s in found["seconds"].items()}
    written = ", ".join(f"{name} {ms} ms" for name, ms in seconds.items())
    return f"{key}: {written}; ratio {figures(_ratio(found))}"


def _ratio(found: dict[str, Any], name: str = "ours") -> float:
    return paired_ratio(found["seconds"]["upstream"], found["seconds"][name])


def write(
    times: Times,
    memory: dict[str, dict[str, dict[str, dict[str, float]]]],
    peaks: dict[int, dict[str, float]],
    picture: Path | None,
) -> str:
    """Return the block of tables; draw the plot where a path for it is given."""
    days = {found["day"] for cases in times.values() for found in cases.values()}
    parts = [page.machine(days) + " " + _peaks(peaks), _summary(times)]
    if picture:
        plots.forces(times, picture)
        parts.append(
            f"![Time per atom against the number of atoms](images/{picture.name})\n\n"
            "A level curve is a cost that grows in proportion to the atoms."
        )
    for (model, threads), found in times.items():
        parts.append(f"### {_title(model, threads)}")
        parts.append(_table(found))
    if any(memory.values()):
        parts += ["### Memory", _memory(memory)]
    return "\n\n".join(parts)


def _title(model: str, threads: int) -> str:
    noun = "thread" if threads == 1 else "threads"
    return f"{registry.info(model).title}, {threads} {noun}"


def _peaks(peaks: dict[int, dict[str, float]]) -> str:
    rates = [
        f"{figures(rate['gflop_per_s'])} GFLOP/s and {figures(rate['gb_per_s'])} GB/s "
        f"with {threads} {'thread' if threads == 1 else 'threads'}"
        for threads, rate in peaks.items()
    ]
    return (
        f"Its best rates, single-precision matrix products and copies of memory: "
        f"{'; '.join(rates)}."
    )


def _summary(times: Times) -> str:
    low, high = AIM_ATOMS
    header = [
        "model",
        "our engine",
        f"median ratio, {low}–{high} atoms",
        "smallest ratio, any size",
        f"median ratio, {low}–{high} atoms, ours in double",
        "our time ∝ atoms to the power",
    ]
    rows = []
    for (model, threads), found in times.items():
        middle = [f for case, f in found.items() if low <= atoms_of(case) <= high]
        rows.append(
            [
                _title(model, threads),
                next(f["engine"] for f in found.values()),
                figures(median(map(_ratio, middle)) if middle else None),
                figures(min(map(_ratio, found.values()))),
                figures(median(_ratio(f, "ours_double") for f in middle) if middle else None),
                figures(_exponent(found)),
            ]
        )
    return page.table(header, rows)


def _exponent(found: dict[str, dict[str, Any]]) -> float | None:
    """Median over the crystals of the growth of our time with size."""
    exponents = []
    for crystal in {case.partition(":")[0] for case in found}:
        cases = [c for c in found if c.startswith(f"{crystal}:") and atoms_of(c) >= LARGE_ATOMS]
        if len(cases) > 1:
            seconds = [median(found[case]["seconds"]["ours"]) for case in cases]
            exponents.append(growth_exponent([atoms_of(case) for case in cases], seconds))
    return median(exponents) if exponents else None


def _table(found: dict[str, dict[str, Any]]) -> str:
    header = [
        "crystal",
        "atoms",
        "SevenNet's calculator, ms",
        "upstream, ms",
        "ours, ms",
        "ratio",
        "ours, µs/atom",
        "ours in double, ms",
        "ratio",
        "largest difference, eV/Å",
    ]
    return page.table(header, [_row(case, f) for case, f in found.items()])


def _row(case: str, found: dict[str, Any]) -> list[str]:
    name, _, size = case.partition(":")
    ms = {key: 1e3 * median(seconds) for key, seconds in found["seconds"].items()}
    return [
        name,
        size,
        figures(ms.get("package")),
        figures(ms["upstream"]),
        figures(ms["ours"]),
        f"**{figures(_ratio(found))}**",
        figures(1e3 * ms["ours"] / int(size)),
        figures(ms["ours_double"]),
        figures(_ratio(found, "ours_double")),
        f"{found['difference']['ours']:.0e}",
    ]


def _memory(memory: dict[str, dict[str, dict[str, dict[str, float]]]]) -> str:
    header = ["model", "crystal", "atoms"]
    header += ["upstream, MB", "ours, MB", "of it before the large cell, MB"]
    rows = [
        [
            registry.info(model).title,
            *case.split(":"),
            figures(found["upstream"]["peak_mb"]),
            figures(found["auto"]["peak_mb"]),
            figures(found["auto"]["before_mb"]),
        ]
        for model, cases in memory.items()
        for case, found in cases.items()
    ]
    return page.table(header, rows)
