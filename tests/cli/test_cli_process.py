"""The command line as a process: quick to refuse, and a real calculation at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_bad_input_is_refused_before_torch_is_imported(tmp_path: Path) -> None:
    empty = tmp_path / "empty.cif"
    empty.touch()
    done = run("-X", "importtime", "-m", "properties", str(empty))
    assert done.returncode == 2
    names = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "empty.cif is empty. Choose a file with a crystal structure in it." in names
    assert not names & {"torch", "streamlit", "distributed"}


@pytest.mark.slow
def test_copper_is_relaxed_and_nothing_but_the_result_is_shown(tmp_path: Path) -> None:
    done = run(
        "-m", "properties", "--example", "Cu", "--properties", "relax", "--preset", "quick",
        "--model", "sevennet-0", "--out", str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "result.json").read_text())
    assert report["relax"]["converged"]
    assert report["relax"]["lattice"]["a"] == pytest.approx(3.61, rel=0.02)
    assert {path.name for path in tmp_path.iterdir()} >= {"relaxed.cif", "POSCAR", "spec.json"}
    assert all(line.startswith("Cu ") for line in done.stderr.splitlines())
    assert done.stdout.splitlines()[0].startswith("Cu: Cu finished")
