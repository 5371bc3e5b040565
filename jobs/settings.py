"""Settings of the server, from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PORT = 65535


def whole_number(
    environment: Mapping[str, str], name: str, default: int, *, most: int = MAX_PORT
) -> int:
    """Return a positive whole number from the environment, or `default` if unset."""
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise SetupError(
            f"{name} must be a whole number from 1 to {most}, got {text!r}. Correct it or "
            f"leave it unset for {default}."
        )
    return int(text)


def jobs_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that LATTICE_LAB_JOBS names, else ``data/jobs`` here."""
    return Path(environment.get("LATTICE_LAB_JOBS") or Path("data") / "jobs").absolute()


def models_folder(jobs: Path) -> Path:
    """Return the folder of the potentials that were added here, and have everyone use it.

    LATTICE_LAB_MODELS names it; unset, it is ``models`` beside the folder of the jobs, and
    the variable is set for the registry of models, in this process and those it starts.
    """
    return Path(os.environ.setdefault("LATTICE_LAB_MODELS", str(jobs.parent / "models")))


def cores() -> int:
    """Return how many cores this process may use, a container's limit included."""
    from dask.system import CPU_COUNT

    return int(CPU_COUNT)


@dataclass(frozen=True)
class WorkerSettings:
    """How the jobs are worked off.

    Attributes
    ----------
    jobs
        Folder of the jobs.
    workers, threads
        Jobs computed at the same time, and torch threads of each.
    scheduler
        Address of a Dask scheduler to use instead of workers of our own, or ``""``.
    """

    jobs: Path
    workers: int
    threads: int
    scheduler: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> WorkerSettings:
        """Read LATTICE_LAB_JOBS, _WORKERS, _THREADS and _SCHEDULER."""
        workers = whole_number(environment, "LATTICE_LAB_WORKERS", 1)
        fair_share = max(1, cores() // workers)
        return cls(
            jobs=jobs_folder(environment),
            workers=workers,
            threads=whole_number(environment, "LATTICE_LAB_THREADS", fair_share),
            scheduler=environment.get("LATTICE_LAB_SCHEDULER", ""),
        )
