"""What the parts may import, each looked at in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LIBRARIES = ("streamlit", "torch", "phonopy", "distributed", "sevenn", "chgnet")
HEAVY = set(LIBRARIES) - {"streamlit"}


def modules(folder):
    """Return the dotted names of all modules below a folder."""
    return sorted(
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for path in (PROJECT / folder).rglob("*.py")
        if path.name not in ("__main__.py", "__init__.py")
    )


def imported_by(*names):
    """Return which of the libraries importing `names` brings with it."""
    code = (
        f"import importlib, json, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(json.dumps([m for m in {LIBRARIES!r} if m in sys.modules]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("folder", ["jobs", "properties", "mlpcore"])
def test_nothing_below_the_pages_imports_streamlit(folder):
    assert "streamlit" not in imported_by(*modules(folder))


@pytest.mark.parametrize(
    "name",
    [
        "jobs.store",
        "mlpcore.registry",
        "properties.reference",
        "properties.spec",
        "properties.results",
        "properties.structure",
        "properties.symmetry",
    ],
)
def test_what_the_pages_import_is_light(name):
    assert not imported_by(name) & {"streamlit", *HEAVY}


@pytest.mark.parametrize("name", ["jobs.worker", "jobs.runner", "jobs.__main__", "jobs.serve"])
def test_the_dispatcher_leaves_physics_to_its_workers(name):
    assert not imported_by(name) & {"streamlit", "torch", "phonopy", "sevenn", "chgnet"}
