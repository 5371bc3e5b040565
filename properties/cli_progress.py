"""What the command line shows: a bar for each stage, and a few lines at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self, TextIO

from tqdm import tqdm

from properties.checks import Caution
from properties.committee.checks import COMPARED as HEADLINES
from properties.results import CommitteeResult, Outcome, SoftModeResult, StageResult


class Bars:
    """A monitor that draws one bar a stage, or one line a stage without a terminal.

    Parameters
    ----------
    label
        Name of the structure, before each stage.
    stream
        Where to draw; the standard error of the process.
    """

    def __init__(self, label: str, stream: TextIO) -> None:
        self._label, self._stream = label, stream
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def say(self, sentence: str) -> None:
        """Write a line that does not disturb the bar."""
        tqdm.write(sentence, file=self._stream)

    def stage_started(self, stage: str) -> None:
        """Begin a bar."""
        self._close()
        self._bar = self._new(stage)

    def _new(self, stage: str) -> tqdm[Any]:
        return tqdm(
            total=1,
            desc=f"{self._label} {stage}",
            file=self._stream,
            disable=not self._stream.isatty(),
            bar_format="{desc:<24.24} {percentage:3.0f} % |{bar}| {elapsed} {postfix}",
        )

    def advance(self, stage: str, done: int, total: int, what: str) -> None:
        """Move the bar."""
        bar = self._bar = self._new(stage) if self._bar is None else self._bar
        bar.total, bar.n = total, done
        bar.set_postfix_str(what, refresh=True)

    def checkpoint(self) -> None:
        """Never cancelled; an interrupt ends the process."""

    def stage_finished(self, stage: str, result: StageResult, seconds: float) -> None:
        """Fill the bar."""
        if self._bar is not None:
            self._bar.n = self._bar.total
            self._bar.set_postfix_str("", refresh=True)
        self._close()
        if not self._stream.isatty():
            self.say(f"{self._label} {stage}: {seconds:.1f} s")

    def caution(self, caution: Caution) -> None:
        """Show a warning."""
        self.say(f"{self._label} {caution.stage}: {caution.message}")

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


_LINES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "relax": (
        ("volume_per_atom_a3", "volume per atom", "Å³"),
        ("energy_per_atom_ev", "energy per atom", "eV"),
    ),
    "elastic": (
        ("bulk_modulus_vrh_gpa", "bulk modulus", "GPa"),
        ("shear_modulus_vrh_gpa", "shear modulus", "GPa"),
    ),
    "phonons": (
        ("max_frequency_thz", "highest frequency", "THz"),
        ("min_frequency_thz", "lowest frequency", "THz"),
    ),
    "thermal": (
        ("gruneisen", "Grüneisen parameter", ""),
        ("valid_up_to_k", "valid up to", "K"),
    ),
}


def summary(label: str, outcome: Outcome, folder: Path) -> str:
    """Return a line for each stage, and where the files are."""
    report = outcome.report()
    head = f"{label}: {report['structure'].get('formula', '')} {outcome.status}"
    lines = [f"{head}, {folder / 'result.json'}"]
    for stage, fields in _LINES.items():
        values = [
            f"{title} {report[stage][key]:.4g} {unit}".rstrip()
            for key, title, unit in fields
            if stage in report and report[stage].get(key) is not None
        ]
        if values:
            lines.append(f"  {stage:<8} {', '.join(values)}")
    members = outcome.stages.get("committee")
    if isinstance(members, CommitteeResult):
        lines.append(f"  members  {_members(members)}")
    followed = outcome.stages.get("soft_mode")
    if isinstance(followed, SoftModeResult):
        lines.append(f"  soft mode  {_best_phase(followed)}")
    return "\n".join(lines)


def _members(result: CommitteeResult) -> str:
    """Say how many members there are and how far they agree on what people look at."""
    shown = [
        f"{one.name[:1].lower()}{one.name[1:]} {one.in_words}"
        for one in result.numbers
        if one.name in HEADLINES
    ]
    return ", ".join([f"{len(result.members)} carried through", *shown])


def _best_phase(followed: SoftModeResult) -> str:
    """Say where the imaginary modes lead to."""
    best = followed.best
    if not followed.modes:
        return "all modes are real"
    if best is None:
        return f"{len(followed.modes)} imaginary modes, no phase below the crystal found"
    return (
        f"{best.space_group_symbol} is lower by {best.gain_mev_per_atom:.3g} meV/atom "
        f"({len(followed.modes)} imaginary modes)"
    )
