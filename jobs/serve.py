"""The supervisor: keeps the pages and the dispatcher running, and ends both with itself."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import administrator
from jobs.errors import SetupError
from jobs.settings import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8501
POLL_S = 0.2
STOP_TIMEOUT_S = 9.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
PR_SET_PDEATHSIG = 1


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Address:
    """Where the pages are served."""

    host: str
    port: int

    @classmethod
    def choose(
        cls, host: str | None, port: int | None, environment: Mapping[str, str] = os.environ
    ) -> Address:
        """Take what is given, else LATTICE_LAB_HOST and _PORT, else the defaults."""
        return cls(
            host or environment.get("LATTICE_LAB_HOST") or DEFAULT_HOST,
            port or whole_number(environment, "LATTICE_LAB_PORT", DEFAULT_PORT),
        )

    @property
    def url(self) -> str:
        """Address to open on this machine."""
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def require_free(self) -> None:
        """Raise :class:`SetupError` unless the pages can be served here."""
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(where)
        except OSError as error:
            raise SetupError(self._refusal(error)) from error

    def _refusal(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"Port {self.port} is in use by another program. Stop that program, or "
                f"choose another port, such as --port {self.port % 60000 + 1} or "
                "LATTICE_LAB_PORT."
            )
        return (
            f"The pages cannot be served at {self.host!r}, port {self.port}: "
            f"{error.strerror}. Choose an address of this machine and a port above 1023 "
            "with --host and --port."
        )


def streamlit_command(address: Address) -> list[str]:
    """Return the command that serves the pages; the rest is in .streamlit/config.toml."""
    page = str(PROJECT / "app.py")
    where = ["--server.address", address.host, "--server.port", str(address.port)]
    return [sys.executable, "-m", "streamlit", "run", page, *where]


def dispatcher_command() -> list[str]:
    """Return the command that works off the queue."""
    return [sys.executable, "-m", "jobs", "dispatch"]


def _tied_to_parent() -> Callable[[], None] | None:
    """Return what a child does first so that it ends when this process is killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # killed before the line above
            os._exit(1)

    return tie


@dataclass
class Child:
    """A process that is started again when it ends, ever more slowly."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    process: subprocess.Popen[bytes] | None = None
    pause_s: float = 0.0
    _started: float = field(default=0.0)
    _next: float = field(default=0.0)

    def watch(self) -> None:
        """Start the process if it does not run and its pause is over."""
        if self.process is not None and self.process.poll() is not None:
            self._ended(self.process.returncode)
        if self.process is None and time.monotonic() >= self._next:
            self._start()

    def _start(self) -> None:
        # A session of its own keeps Ctrl-C at the terminal from reaching it before us.
        self.process = subprocess.Popen(
            self.command,
            cwd=PROJECT,
            env=dict(self.environment),
            start_new_session=True,
            preexec_fn=_tied_to_parent(),  # noqa: PLW1509 - no threads here
        )
        self._started = time.monotonic()

    def _ended(self, status: int) -> None:
        lasted = time.monotonic() - self._started
        self.pause_s = 1.0 if lasted > STEADY_S else min(LONGEST_PAUSE_S, 2 * self.pause_s + 1)
        self._next = time.monotonic() + self.pause_s
        self.process = None
        say(f"The {self.name} ended (status {status}); starting it again.")

    def terminate(self) -> None:
        """Ask the process to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, until: float) -> None:
        """Wait for the end of the process; kill it if it is still there at `until`."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def is_healthy(address: Address) -> bool:
    """Return whether the pages answer."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{address.url}/_stcore/health", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def serve(address: Address) -> int:
    """Serve the pages and work off the jobs until SIGINT or SIGTERM.

    Raises
    ------
    SetupError
        The address cannot be used.
    """
    address.require_free()
    administrator.Administrator.from_environment()  # refuses a weak password at once
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    say(f"Lattice Lab is starting at {address.url}")
    children = [
        Child("web server", streamlit_command(address)),
        Child("dispatcher", dispatcher_command(), administrator.without_password(os.environ)),
    ]
    _watch(children, address, stop)
    _stop(children)
    return 0


def _watch(children: list[Child], address: Address, stop: threading.Event) -> None:
    announced = False
    while not stop.wait(POLL_S):
        for child in children:
            child.watch()
        if not announced and is_healthy(address):
            say(f"Lattice Lab is ready: {address.url}  (stop it with Ctrl-C)")
            announced = True


def _stop(children: list[Child]) -> None:
    say("Stopping; jobs under way go on when Lattice Lab is started again.")
    for child in children:
        child.terminate()
    until = time.monotonic() + STOP_TIMEOUT_S
    for child in children:
        child.wait(until)
