"""What the documents tell people to type works, and what they point at is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.__main__ import _parser as jobs_parser
from mlpcore.__main__ import _parser as potentials_parser
from properties.__main__ import _parser as properties_parser

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "pretrained").glob("*.md"),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(*languages: str) -> list[object]:
    found = []
    for document in sorted(DOCUMENTS):
        for number, match in enumerate(BLOCK.finditer(document.read_text(encoding="utf-8"))):
            if match[1] in languages:
                found.append(pytest.param(match[2], id=f"{document.name}-{number}"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "LATTICE_LAB_JOBS": str(tmp_path / "jobs")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def words_of(line: str) -> list[str]:
    words = shlex.split(line)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    return words


@pytest.mark.parametrize("code", blocks("console", "sh"))
def test_commands_exist_and_their_options_too(code: str) -> None:
    for line in code.strip().splitlines():
        words = words_of(line.removeprefix("$ ").replace("<address>", "address"))
        match words:
            case ["make", *rest]:
                targets = [word for word in rest if "=" not in word]
                makefile = (ROOT / "Makefile").read_text()
                assert all(re.search(rf"^{t}:", makefile, re.MULTILINE) for t in targets)
                settings = [word.split("=")[0] for word in rest if "=" in word]
                assert all(re.search(rf"^{s} \?=", makefile, re.MULTILINE) for s in settings)
            case [python, "-m", "properties", *rest] if python.endswith("python"):
                options = properties_parser().parse_args(rest)
                given = [ROOT / name for name in options.files if "/" in name]
                assert all(path.is_file() for path in given)
            case [python, "-m", "jobs", *rest] if python.endswith("python"):
                jobs_parser().parse_args(rest)
            case [python, "-m", "mlpcore", *rest] if python.endswith("python"):
                potentials_parser().parse_known_args(rest)
                given = [ROOT / name for name in rest if name.startswith("pretrained/")]
                assert all(path.is_file() for path in given)
            case [python, "-m", module] if python.endswith("python"):
                assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
            case [python, script, *rest] if python.endswith("python"):
                assert script.startswith("benchmarks/")
                source = (ROOT / script).read_text(encoding="utf-8")
                options = [word for word in rest if word.startswith("--")]
                assert all(f'"{option}"' in source for option in options)
            case ["docker", "compose", *_] | [".venv/bin/dask", *_]:
                assert (ROOT / "compose.yaml").is_file()
            case _:
                pytest.fail(f"the documents show an unknown command: {line}")


@pytest.mark.parametrize("document", sorted(DOCUMENTS), ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []
