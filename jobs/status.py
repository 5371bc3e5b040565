"""The state of a job and its changes, as values; the files are kept elsewhere.

A job goes from ``queued`` to ``running`` and ends ``finished``, ``failed`` or
``cancelled``. Only :mod:`jobs.folder` writes a status down.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from properties.checks import Caution

if TYPE_CHECKING:
    from collections.abc import Iterable

FINAL = frozenset({"finished", "failed", "cancelled"})
MAX_DEATHS = 5
"""Deaths of the worker, without a new piece of work in between, that end a job."""

DEATH_MESSAGE = (
    f"The calculation was stopped {MAX_DEATHS} times by the death of its worker process "
    "without getting any further. Most often the machine has run out of memory: choose a "
    "smaller cell or the preset 'quick', or ask the administrator for more memory."
)


def now() -> datetime:
    """Return the time with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is.

    Attributes
    ----------
    state
        ``waiting``, ``running``, ``finished``, ``failed`` or ``cancelled``.
    done, total
        Pieces of work; `total` is 0 until it is known.
    what
        The piece in hand, in a word for people.
    seconds
        Working time of all attempts so far.
    remaining_s
        Estimate for the rest of the stage, ``None`` until there is something to go by.
    """

    state: str = "waiting"
    done: int = 0
    total: int = 0
    what: str = ""
    seconds: float = 0.0
    remaining_s: float | None = None


Stages = dict[str, StageProgress]


@dataclass(frozen=True)
class Status:
    """All that changes while a job lives.

    Attributes
    ----------
    queued
        When it was (re)submitted; decides its turn.
    heartbeat
        Last sign of life of the worker.
    attempts, deaths
        Starts of the worker, and how many of the last ones ended in its death.
    """

    state: str
    created: datetime
    queued: datetime
    stages: Stages
    message: str = ""
    heartbeat: datetime | None = None
    attempts: int = 0
    deaths: int = 0
    warnings: tuple[Caution, ...] = field(default=())

    @classmethod
    def new(cls, stages: Iterable[str]) -> Status:
        """Return the status of a job just submitted."""
        moment = now()
        return cls("queued", moment, moment, {name: StageProgress() for name in stages})

    def begun(self) -> Status:
        """A worker starts on it; stages finished before stay so until they come again."""
        stages = {
            name: progress
            if progress.state == "finished"
            else StageProgress(seconds=progress.seconds)
            for name, progress in self.stages.items()
        }
        return replace(
            self,
            state="running",
            stages=stages,
            message="",
            heartbeat=now(),
            attempts=self.attempts + 1,
            warnings=(),
        )

    def ended(self, state: str, message: str = "") -> Status:
        """It ends; what was under way ends with it, what was waiting is called off."""
        fate = {"running": "failed" if state == "finished" else state, "waiting": "cancelled"}
        stages = {
            name: replace(
                progress, state=fate.get(progress.state, progress.state), remaining_s=None
            )
            for name, progress in self.stages.items()
        }
        return replace(self, state=state, stages=stages, message=message)

    def requeued(self, *, died: bool) -> Status:
        """Its worker is gone: back to its place in the queue, or the end after many deaths."""
        deaths = self.deaths + died
        if deaths >= MAX_DEATHS:
            return replace(self, deaths=deaths).ended("failed", DEATH_MESSAGE)
        return replace(self, state="queued", deaths=deaths)

    def resubmitted(self) -> Status:
        """The user wants it tried again, at the end of the queue."""
        stages = {name: StageProgress(seconds=p.seconds) for name, p in self.stages.items()}
        return replace(
            self, state="queued", queued=now(), stages=stages, message="", deaths=0, warnings=()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **vars(self),
            "created": self.created.isoformat(),
            "queued": self.queued.isoformat(),
            "heartbeat": self.heartbeat and self.heartbeat.isoformat(),
            "stages": {name: vars(progress) for name, progress in self.stages.items()},
            "warnings": [caution.to_dict() for caution in self.warnings],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Status:
        """Inverse of :meth:`to_dict`."""
        fields = dict(data)
        for key in ("created", "queued", "heartbeat"):
            fields[key] = data[key] and datetime.fromisoformat(data[key])
        fields["stages"] = {k: StageProgress(**v) for k, v in data["stages"].items()}
        fields["warnings"] = tuple(Caution.from_dict(item) for item in data["warnings"])
        return cls(**fields)
