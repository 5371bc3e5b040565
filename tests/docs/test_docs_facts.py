"""Facts that are written down in more than one place are the same in all of them."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlpcore import registry
from properties import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
).stdout.split("\0")


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith((" ", "#"))]
    return {canonicalize_name(r.name): str(r.specifier) for r in found}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_what_is_installed_is_what_is_locked(name: str) -> None:
    for package, pin in pins(name).items():
        installed = metadata.version(package).partition("+")[0]
        assert pin == f"=={installed}", package


def test_both_locks_agree_and_hold_what_the_project_names() -> None:
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert run.items() <= dev.items()
    extra = PROJECT["optional-dependencies"]["dev"]
    for line, lock in [(x, run) for x in PROJECT["dependencies"]] + [(x, dev) for x in extra]:
        wanted = Requirement(line)
        locked = lock[canonicalize_name(wanted.name)].removeprefix("==")
        assert wanted.specifier.contains(locked), line


def test_no_gpu_libraries_are_locked() -> None:
    harmless = {"nvidia-ml-py3"}  # bindings that chgnet names, a few kilobytes
    names = set(pins("requirements-dev.lock")) - harmless
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]


def test_locks_name_no_source_of_packages() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert not re.search(r"^\s*-", text, re.MULTILINE)
        assert "+" not in text


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert __version__ == PROJECT["version"] == citation["version"]
    assert PROJECT["license"] == citation["license"] == "MIT"


def test_the_manifest_describes_the_installed_weights() -> None:
    entries = {
        e["name"]: e for e in json.loads((ROOT / "pretrained/MANIFEST.json").read_text())
    }
    assert list(entries) == [model.name for model in registry.models()]
    for model in registry.models():
        entry, path = entries[model.name], registry.weights_path(model)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert digest == entry["sha256"] == model.sha256
        assert path.stat().st_size == entry["size_bytes"]
        assert set(entry["elements"].split()) == model.elements
        assert entry["doi"] or model.own
        assert entry["licence"] == model.licence
        brought = (
            "this repository"
            if model.own
            else (f"{model.package} {metadata.version(model.package)}")
        )
        assert entry["comes_with"] == brought


def test_the_manifest_is_what_its_command_writes(tmp_path: Path) -> None:
    code = "from mlpcore.manifest import manifest; print(manifest(), end='')"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (ROOT / "pretrained/MANIFEST.json").read_text()


def test_the_image_copies_what_exists_and_runs_without_privileges() -> None:
    lines = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text()).splitlines()
    steps = [line.split(maxsplit=1) for line in lines if re.match(r"[A-Z]+ ", line)]
    users = [what for step, what in steps if step == "USER"]
    assert users == ["lattice"]
    position = next(i for i, (step, _) in enumerate(steps) if step == "USER")
    assert all("apt-get" not in what for _, what in steps[position:])
    copied = [w for s, what in steps if s == "COPY" for w in what.split()[1:-1]]
    assert all((ROOT / name).exists() for name in copied)


def test_the_build_context_holds_the_whole_program_and_no_jobs() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert all((ROOT / name).exists() for name in kept)
    assert kept >= {
        "app.py",
        "jobs",
        "mlpcore",
        "pages",
        "properties",
        "examples",
        ".streamlit",
    }
    assert not kept & {"data", "tests", ".venv", ".git"}


def test_compose_listens_on_this_machine_only_and_keeps_the_jobs() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["lattice-lab"]
    assert [port.split(":-")[1].split("}")[0] for port in service["ports"]] == ["127.0.0.1"]
    assert service["volumes"] == ["jobs:/data"]
    assert service["restart"] == "unless-stopped"
    assert "privileged" not in service


def test_nothing_that_belongs_to_one_machine_is_committed() -> None:
    own = Path(__file__).name
    words = re.compile(
        r"file:///|(?<![\w.])/(?:work|opt|home|root)/(?!nginx)|/simple/?\b|whl/cpu"
    )
    found = []
    for name in filter(None, TRACKED):
        path = ROOT / name
        if path.name == own or path.suffix not in {
            ".py",
            ".md",
            ".toml",
            ".lock",
            ".yaml",
            ".json",
        }:
            continue
        found += [name] if words.search(path.read_text(encoding="utf-8")) else []
    assert found == []
