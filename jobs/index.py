"""SQLite index of the jobs: quick lists and turns, always rebuildable from the folders."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobs.status import FINAL
from jobs.tasks import formula, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobs.status import Status
    from jobs.tasks import Task

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, name TEXT, formula TEXT, model TEXT, preset TEXT,
    properties TEXT, state TEXT, created REAL, queued REAL
);
CREATE INDEX IF NOT EXISTS by_created ON jobs (created);
CREATE INDEX IF NOT EXISTS by_state ON jobs (state, queued);
"""
_COLUMNS = "id, name, formula, model, preset, properties, state, created"


@dataclass(frozen=True)
class JobSummary:
    """A line of the list of jobs."""

    id: str
    name: str
    formula: str
    model: str
    preset: str
    properties: tuple[str, ...]
    state: str
    created: datetime

    @property
    def kind(self) -> str:
        """``calculation``, ``training`` or ``evaluation``."""
        return kind_of(self.properties)


def _summary(row: tuple[str, str, str, str, str, str, str, float]) -> JobSummary:
    created = datetime.fromtimestamp(row[7], tz=UTC)
    return JobSummary(*row[:5], tuple(row[5].split()), row[6], created)


class Index:
    """The table of jobs in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
            yield connection

    def create(self) -> None:
        """Make the file and its table; raise ``sqlite3.DatabaseError`` if it is damaged."""
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)

    def remove(self) -> None:
        """Delete the file and what belongs to it."""
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def put(self, job_id: str, task: Task, status: Status) -> None:
        """Insert or replace a job."""
        row = (
            job_id,
            task.name,
            formula(task),
            task.model,
            task.preset,
            " ".join(task.properties),
            status.state,
            status.created.timestamp(),
            status.queued.timestamp(),
        )
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO jobs VALUES (?,?,?,?,?,?,?,?,?)", row)

    def update(self, job_id: str, status: Status) -> None:
        """Set the state of a job and its place in the queue."""
        with self._open() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, queued = ? WHERE id = ?",
                (status.state, status.queued.timestamp(), job_id),
            )

    def delete(self, job_id: str) -> None:
        """Forget a job."""
        with self._open() as connection:
            connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def newest(self, limit: int) -> tuple[JobSummary, ...]:
        """Return the youngest jobs, newest first."""
        query = f"SELECT {_COLUMNS} FROM jobs ORDER BY created DESC, id LIMIT ?"
        with self._open() as connection:
            return tuple(_summary(row) for row in connection.execute(query, (limit,)))

    def unfinished(self) -> tuple[tuple[str, str], ...]:
        """Return (id, state) of the jobs that had not ended, in the order of their turns."""
        marks = ",".join("?" * len(FINAL))
        query = f"SELECT id, state FROM jobs WHERE state NOT IN ({marks}) ORDER BY queued, id"
        with self._open() as connection:
            return tuple(connection.execute(query, sorted(FINAL)))
