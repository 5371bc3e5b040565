"""What the web process may not do: import what computes, or write out tracebacks."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import jobs_on_disk, sample

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "phonopy",
    "sevenn",
    "chgnet",
    "safetensors",
    "distributed",
    "e3nn",
    "pymatgen",
)
OPEN_EVERYTHING = """
import json, sys
from streamlit.testing.v1 import AppTest
job = sys.argv[1]
for path in ("structure", "jobs", "models", "training", "result"):
    app = AppTest.from_file("app.py", default_timeout=60)
    app.run()
    app.switch_page(f"pages/{path}.py").run()
    assert not app.exception, path
for tab in ("Structure", "Elastic", "Phonons", "Expansion", "Checks", "Files"):
    app = AppTest.from_file("app.py", default_timeout=60)
    app.query_params["job"] = job
    app.session_state["tab"] = tab
    app.run()
    assert not app.exception and not app.error, tab
for section in ("Symmetry functions", "Atom by atom"):
    app = AppTest.from_file("app.py", default_timeout=60)
    app.session_state["potentials_section"] = section
    app.run()
    app.switch_page("pages/models.py").run()
    assert not app.exception and not app.error, section
for section in ("Second derivatives", "Derived", "Directions", "Sound"):
    app = AppTest.from_file("app.py", default_timeout=60)
    app.query_params["job"] = job
    app.session_state["tab"], app.session_state["elastic_section"] = "Elastic", section
    app.run()
    assert not app.exception and not app.error, section
app = AppTest.from_file("app.py", default_timeout=60)
app.query_params["c"] = "2 0 0 0 0 0 2 0 0 0 0 2 0 0 0 1 0 0 1 0 1"
app.run()
app.switch_page("pages/tensor.py").run()
assert not app.exception and not app.error and app.metric, "tensor"
print(json.dumps(sorted(set(sys.modules) & set(sys.argv[2:]))))
"""


def test_pages_never_import_what_computes(store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages())
    found = subprocess.run(
        [sys.executable, "-c", OPEN_EVERYTHING, job, *HEAVY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(found.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda p: p.stem)
def test_pages_only_draw(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & {"numpy", "ase", "torch", "scipy", "pandas"}
    allowed = (ast.Mod,)
    sums = [
        n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and not isinstance(n.op, allowed)
    ]
    assert not sums


def test_entry_is_short():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 60
