"""The supervisor behind ``make run`` and the command line of the jobs."""

from __future__ import annotations

import socket
import tomllib
import urllib.request

import psutil
import pytest
from job_helpers import PROJECT, wait_for

from jobs.__main__ import main
from jobs.errors import SetupError
from jobs.serve import Address, Child, streamlit_command
from jobs.settings import WorkerSettings, cores
from properties.structure import MAX_UPLOAD_BYTES


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as r:
            return r.status == 200
    except OSError:
        return False


def child_of(process, word):
    """Return the child of a process that has `word` in its command line."""
    found = [c for c in psutil.Process(process.pid).children() if word in c.cmdline()]
    return found[0] if found else None


def test_the_server_keeps_both_parts_running_and_ends_them(store, spec, processes, free_port):
    server = processes.start("jobs", "serve", "--port", str(free_port))
    ready = f"Lattice Lab is ready: http://127.0.0.1:{free_port}"
    wait_for(lambda: ready in processes.output(server), 30)
    assert answers(free_port)
    dispatcher = child_of(server, "dispatch")
    web = child_of(server, "streamlit")

    web.kill()
    dispatcher.kill()
    wait_for(lambda: not answers(free_port))
    wait_for(lambda: answers(free_port), 30)
    replaced = wait_for(lambda: child_of(server, "dispatch"))
    assert replaced.pid != dispatcher.pid

    family = psutil.Process(server.pid).children(recursive=True)
    server.terminate()
    assert server.wait(timeout=20) == 0
    assert not psutil.wait_procs(family, timeout=5)[1]
    assert "The web server ended" in processes.output(server)


def test_nothing_outlives_a_killed_server(processes, free_port):
    server = processes.start("jobs", "serve", "--port", str(free_port))
    wait_for(lambda: answers(free_port), 30)
    wait_for(lambda: child_of(server, "dispatch").children())
    family = psutil.Process(server.pid).children(recursive=True)
    assert len(family) >= 3
    server.kill()
    assert not psutil.wait_procs(family, timeout=15)[1]


def test_a_port_in_use_is_refused_with_a_sentence(processes, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    sentence = capsys.readouterr().err
    assert f"Port {port} is in use" in sentence
    assert len(sentence.splitlines()) == 1


@pytest.mark.parametrize("port", ["0", "70000", "eighty", "-1", "²"])
def test_a_port_that_is_none_is_refused(port, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", port])
    assert ended.value.code == 2
    assert "a whole number from 1 to 65535" in capsys.readouterr().err


def test_an_address_of_another_machine_is_refused(capsys):
    assert main(["serve", "--host", "192.0.2.1", "--port", "8501"]) == 2
    assert "cannot be served at '192.0.2.1'" in capsys.readouterr().err


def test_the_address_comes_from_the_words_then_the_environment():
    environment = {"LATTICE_LAB_HOST": "0.0.0.0", "LATTICE_LAB_PORT": "9000"}
    assert Address.choose(None, None, {}) == Address("127.0.0.1", 8501)
    assert Address.choose(None, None, environment) == Address("0.0.0.0", 9000)
    assert Address.choose("::1", 80, environment).url == "http://[::1]:80"
    assert Address.choose(None, None, environment).url == "http://localhost:9000"
    with pytest.raises(SetupError, match="LATTICE_LAB_PORT must be a whole number"):
        Address.choose(None, None, {"LATTICE_LAB_PORT": "many"})


def test_streamlit_listens_where_it_is_told_and_reports_to_nobody():
    command = " ".join(streamlit_command(Address("127.0.0.1", 9000)))
    assert "--server.address 127.0.0.1 --server.port 9000" in command
    config = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())
    assert config["browser"]["gatherUsageStats"] is False
    assert config["server"]["headless"] is True
    assert config["server"]["maxUploadSize"] * 1024**2 == MAX_UPLOAD_BYTES


def test_worker_settings(tmp_path):
    settings = WorkerSettings.from_environment({"LATTICE_LAB_JOBS": str(tmp_path)})
    assert settings == WorkerSettings(tmp_path, workers=1, threads=cores())
    many = WorkerSettings.from_environment({"LATTICE_LAB_WORKERS": "64"})
    assert many.threads == 1
    with pytest.raises(SetupError, match="LATTICE_LAB_WORKERS must be a whole number"):
        WorkerSettings.from_environment({"LATTICE_LAB_WORKERS": "0"})


def test_a_child_that_keeps_ending_is_started_ever_more_slowly(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("jobs.serve.time.monotonic", lambda: clock[0])
    child = Child("test", ["/bin/false"])
    pauses = []
    for _ in range(7):
        child.watch()
        child.process.wait()
        child.watch()
        assert child.process is None
        pauses.append(child.pause_s)
        clock[0] += child.pause_s
    assert pauses == [1, 3, 7, 15, 30, 30, 30]


def test_list_cancel_and_reindex(store, spec, monkeypatch, capsys):
    monkeypatch.setenv("LATTICE_LAB_JOBS", str(store.root))
    job_id = store.submit(spec("for the course"))
    assert main(["list"]) == 0
    line = capsys.readouterr().out
    assert all(word in line for word in (job_id, "queued", "Cu", "for the course"))
    assert main(["cancel", job_id]) == 0
    assert capsys.readouterr().out == "It is cancelled.\n"
    assert main(["reindex"]) == 0
    assert capsys.readouterr().out == "1 jobs are in the index.\n"
    assert main(["cancel", "0" * 32]) == 2
    assert "There is no job" in capsys.readouterr().err
