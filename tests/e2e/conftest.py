"""A real server and a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from jobs.serve import Address, streamlit_command
from jobs.store import JobStore
from tests.conftest import inherited_environment

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
PATIENCE_MS = 30_000
"""Without a graphics card, drawing the first 3D chart takes some seconds."""

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Server:
    """A running server with its own jobs."""

    url: str
    store: JobStore
    process: subprocess.Popen[bytes]
    seconds_to_answer: float

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(STOP_TIMEOUT_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve_command(address: Address) -> list[str]:
    """Command of the whole server: pages and workers."""
    where = ["--host", address.host, "--port", str(address.port)]
    return [sys.executable, "-m", "jobs", "serve", *where]


def start_server(
    folder: Path, command_for: Callable[[Address], list[str]] = serve_command
) -> Server:
    address = Address("127.0.0.1", free_port())
    folder.mkdir(exist_ok=True)
    command = command_for(address)
    environment = {**inherited_environment(), "LATTICE_LAB_JOBS": str(folder / "jobs")}
    started = time.monotonic()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    url = address.url
    while time.monotonic() - started < START_TIMEOUT_S and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                seconds = time.monotonic() - started
                return Server(url, JobStore(folder / "jobs"), process, seconds)
        except urllib.error.URLError:
            time.sleep(0.05)
    process.terminate()
    raise RuntimeError((folder / "server.log").read_text(errors="replace"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = start_server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture
def new_server(tmp_path):
    running = start_server(tmp_path / "new")
    yield running
    running.stop()


@pytest.fixture
def idle_server(tmp_path):
    """Pages without workers: what is queued stays queued."""
    running = start_server(tmp_path / "idle", streamlit_command)
    yield running
    running.stop()


@dataclass
class Watch:
    """What a page may not do: complain, or talk to another host."""

    complaints: list[str] = field(default_factory=list)
    other_hosts: set[str] = field(default_factory=set)

    def follow(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _heard(self, message) -> None:
        # Streamlit's page looks for its server below its own address first, then above.
        search = "/_stcore/" in message.location.get("url", "")
        if message.type == "error" and not search:
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            self.other_hosts.add(url)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Open pages in a browser of their own; at the end none may have misbehaved."""
    contexts, watch = [], Watch()

    def new_page(width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        watch.follow(page)
        return page

    yield new_page
    for context in contexts:
        context.close()
    assert watch.other_hosts == set()
    assert watch.complaints == []
