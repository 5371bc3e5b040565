"""The page that the benchmarks write: tables between marker comments."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from benchmarks.support.kept import ROOT

PAGE = ROOT / "docs" / "speed.md"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are right-aligned."""
    rule = ["---", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def replace_block(text: str, name: str, block: str) -> str:
    """Put `block` between the markers of `name`.

    Raises
    ------
    ValueError
        The text does not hold the pair of markers exactly once.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"The page must hold {begin} and {end} once each; put them in.")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    replaced, count = pattern.subn(lambda _: f"{begin}\n\n{block}\n\n{end}", text)
    if count != 1:
        raise ValueError(f"On the page, {begin} must stand before {end}; exchange them.")
    return replaced


def show(name: str, block: str, page: Path | None) -> None:
    """Replace a block of the page; without a page, print it."""
    if page is None:
        print(block)
    else:
        write(page, name, block)
        print(f"Written: {page}")


def write(page: Path, name: str, block: str) -> None:
    """Replace a block of the page, whole or not at all."""
    text = replace_block(page.read_text(encoding="utf-8"), name, block)
    partial = page.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(page)


def machine(days: Collection[str] = ()) -> str:
    """Say in one sentence what was measured on, and on which `days` (ISO; else today)."""
    days = days or (date.today().isoformat(),)
    first, last = (f"{date.fromisoformat(pick(days)):%-d %B %Y}" for pick in (min, max))
    when = f"on {first}" if first == last else f"from {first} to {last}"
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in ("torch", "sevenn"))
    return (
        f"Measured {when}: {_processor()}, {os.cpu_count()} cores; "
        f"Python {platform.python_version()}, {versions}."
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or platform.machine()
