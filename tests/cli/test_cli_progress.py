"""What the command line draws, on a terminal and into a pipe."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from properties.checks import Caution
from properties.cli_progress import Bars, summary
from properties.results import Outcome


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


RELAXED: Any = None  # the bars do not look at results


def calculate(stream: io.StringIO) -> str:
    with Bars("Si", stream) as bars:
        bars.stage_started("relax")
        for step in range(4):
            bars.advance("relax", step, 0 if step == 0 else 3, "step")
        bars.caution(Caution("soft", "relax", "This model is soft."))
        bars.stage_finished("relax", RELAXED, 1.23)
        bars.advance("phonons", 1, 2, "displacement")
    return stream.getvalue()


def test_a_terminal_shows_a_bar_for_each_stage_that_ends_full() -> None:
    shown = calculate(Terminal())
    last = {line[:10]: line for line in shown.replace("\n", "\r").split("\r") if line.strip()}
    assert "100 %" in last["Si relax  "]
    assert "50 %" in last["Si phonons"]
    assert "displacement" in last["Si phonons"]
    assert "Si relax: This model is soft." in shown


def test_a_pipe_gets_one_line_a_stage_and_no_bars() -> None:
    assert calculate(io.StringIO()) == "Si relax: This model is soft.\nSi relax: 1.2 s\n"


def test_the_summary_names_the_file_and_leaves_out_what_is_missing() -> None:
    structure = {"formula": "Si"}
    outcome = Outcome("incomplete", structure, {}, (Caution("no_result", "thermal", "No."),))
    assert summary("Si", outcome, Path("results")) == "Si: Si incomplete, results/result.json"
