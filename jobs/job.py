"""One job as it stands on disk: what was asked, how far it is, what came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.errors import JobFileError, JobStateError
from jobs.folder import JobFolder
from jobs.status import StageProgress
from jobs.tasks import EVALUATION, TRAINING, Task, Training, formula, kind_of
from jobs.training import Trained
from properties.atom_energies import AtomEnergies
from properties.checks import Caution
from properties.results import RESULT_TYPES
from properties.spec import Spec

if TYPE_CHECKING:
    from properties.results import StageResult

_ARTICLE = {"training": "a training", "evaluation": "a look at single atoms"}


@dataclass(frozen=True)
class Job:
    """One job as it stands at the moment of asking.

    Attributes
    ----------
    task
        What was asked for.
    state
        ``queued``, ``running``, ``finished``, ``failed`` or ``cancelled``.
    stages
        Progress of each stage, in the order in which they run.
    message
        Why it failed, in a plain sentence.
    queue_position
        1 for the next to start; ``None`` unless queued.
    heartbeat
        Last sign of life of its worker.
    """

    id: str
    task: Task
    state: str
    created: datetime
    stages: dict[str, StageProgress]
    message: str
    queue_position: int | None
    warnings: tuple[Caution, ...]
    folder: Path
    heartbeat: datetime | None = None

    @cached_property
    def _files(self) -> JobFolder:
        return JobFolder(self.folder.parent, self.id)

    @property
    def is_unforeseen(self) -> bool:
        """Whether it failed for a reason that nobody foresaw, whose traceback is kept."""
        return self._files.error_file.exists()

    @property
    def kind(self) -> str:
        """``calculation``, ``training`` or ``evaluation``."""
        return kind_of(self.task.properties)

    @property
    def formula(self) -> str:
        """What the job is about, in a word."""
        return formula(self.task)

    @property
    def spec(self) -> Spec:
        """What a calculation was asked for; raise :class:`JobStateError` for another kind."""
        if not isinstance(self.task, Spec):
            raise JobStateError(
                f"This job is {_ARTICLE[self.kind]}, not a calculation. Open it from the list "
                "of jobs."
            )
        return self.task

    @property
    def checkpoint(self) -> Path | None:
        """The potential that a training has made, or ``None`` while there is none."""
        if not isinstance(self.task, Training):
            return None
        return next(iter(sorted(self._files.downloads.glob("[!.]*.safetensors"))), None)

    def result(self, stage: str) -> StageResult | None:
        """Return the result of a stage, or ``None`` where there is none yet."""
        known = RESULT_TYPES.get(stage)
        result: StageResult | None = self._stored(stage, known) if known else None
        return result

    def atoms(self) -> AtomEnergies | None:
        """Return the result of an evaluation, or ``None`` while there is none."""
        result: AtomEnergies | None = self._stored(EVALUATION, AtomEnergies)
        return result

    def trained(self) -> Trained | None:
        """Return what came out of a training, or ``None`` while there is nothing."""
        result: Trained | None = self._stored(TRAINING, Trained)
        return result

    def _stored(self, stage: str, kind: Any) -> Any:
        path = self._files.stage_file(stage)
        if stage not in self.stages or not path.is_file():
            return None
        data = self._files.read_json(path)
        try:
            return kind.from_dict(data)
        except (KeyError, TypeError, ValueError) as error:
            raise JobFileError(
                f"The stored result of the stage {stage} was written by another version of "
                f"the program ({error!r}). Submit the calculation again; the files to "
                "download are still there."
            ) from error

    def report(self) -> dict[str, Any] | None:
        """Return the content of result.json, or ``None`` while there is none."""
        path = self._files.downloads / "result.json"
        return dict(self._files.read_json(path)) if path.is_file() else None

    def files(self) -> tuple[Path, ...]:
        """Return the files to download, sorted."""
        found = self._files.downloads.glob("[!.]*")
        return tuple(sorted(path for path in found if path.suffix != ".partial"))
