from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from jobs.store import JobStore

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The store that the pages of this test use."""
    monkeypatch.setenv("LATTICE_LAB_JOBS", str(tmp_path / "jobs"))
    monkeypatch.setenv("LATTICE_LAB_MODELS", str(tmp_path / "models"))
    st.cache_resource.clear()
    return JobStore(tmp_path / "jobs")


@pytest.fixture
def page(store):
    """Open a page of the app, with a job in the address if wanted."""

    def open_page(path: str = "", job: str | None = None) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        if job is not None:
            app.query_params["job"] = job
        app.run()
        if path:
            app.switch_page(f"pages/{path}.py").run()
        assert not app.exception
        return app

    return open_page
