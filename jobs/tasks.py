"""What a job can be asked for: a calculation, the training of a potential, or single atoms.

A calculation is a :class:`~properties.spec.Spec`. The two other kinds have one stage of the
same name as their kind, and their files say which kind they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpcore.errors import SpecError
from properties.atom_energies import Rattle
from properties.crystal import Crystal
from properties.spec import Spec

CALCULATION, TRAINING, EVALUATION = "calculation", "training", "evaluation"

PROJECT = Path(__file__).resolve().parent.parent
SHIPPED_DATA = PROJECT / "pretrained" / "data"
_DATA_NAME = re.compile(r"[\w.+-]+")


def shipped_data() -> tuple[Path, ...]:
    """Return the data sets that come with the project."""
    return tuple(sorted(SHIPPED_DATA.glob("*.extxyz*")))


@dataclass(frozen=True)
class Training:
    """Train a committee of element networks.

    Attributes
    ----------
    config
        Fields of :class:`mlpcore.training.TrainingConfig`, without its data and output.
    data
        Name of a file in ``pretrained/data``; empty for the file that was given with the job.
    name
        A label for people, which is also the title of the potential.
    elements
        What the data are made of, for the list of jobs: ``NaCl``.
    """

    kind: ClassVar[str] = TRAINING
    properties: ClassVar[tuple[str, ...]] = (TRAINING,)
    model: ClassVar[str] = ""
    preset: ClassVar[str] = ""

    config: dict[str, Any]
    data: str = ""
    name: str = ""
    elements: str = ""

    def __post_init__(self) -> None:
        if self.data and not _DATA_NAME.fullmatch(self.data):
            raise SpecError(
                f"{self.data!r} is not the name of a data set. Choose one of those that come "
                "with the project, or give a file."
            )

    @property
    def formula(self) -> str:
        """What the potential is for."""
        return self.elements

    def data_path(self, job: Path) -> Path:
        """Return where the data are, for the job in the folder `job`."""
        if self.data:
            return SHIPPED_DATA / self.data
        return next(iter(sorted((job / "source").iterdir())))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind, **vars(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Training:
        """Inverse of :meth:`to_dict`."""
        return cls(**{key: value for key, value in data.items() if key != "kind"})


@dataclass(frozen=True)
class Evaluation:
    """Look at a crystal atom by atom, at rest and with its atoms ever further from home.

    Attributes
    ----------
    structure
        The crystal.
    model
        A name of the registry, or the path of a checkpoint.
    rattle
        Supercell and displacements.
    name
        A label for people.
    """

    kind: ClassVar[str] = EVALUATION
    properties: ClassVar[tuple[str, ...]] = (EVALUATION,)
    preset: ClassVar[str] = ""

    structure: Crystal
    model: str
    rattle: Rattle
    name: str = ""

    @property
    def formula(self) -> str:
        """What the crystal is."""
        return self.structure.formula

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "kind": self.kind,
            "structure": self.structure.to_dict(),
            "model": self.model,
            "rattle": self.rattle.to_dict(),
            "name": self.name,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Evaluation:
        """Inverse of :meth:`to_dict`."""
        return cls(
            Crystal.from_dict(data["structure"]),
            data["model"],
            Rattle.from_dict(data["rattle"]),
            data["name"],
        )


Task = Spec | Training | Evaluation

FUNCTIONS = {TRAINING: "jobs.training:run", EVALUATION: "jobs.evaluation:run"}
"""What computes each kind, with the arguments of :func:`properties.pipeline.run`."""


def kind_of(stages: tuple[str, ...]) -> str:
    """Return the kind of a job with these stages."""
    return stages[0] if stages and stages[0] in FUNCTIONS else CALCULATION


def formula(task: Task) -> str:
    """Return what a job is about, in a word for the list."""
    return task.structure.formula if isinstance(task, Spec) else task.formula


def task_from_dict(data: dict[str, Any]) -> Task:
    """Read a task; one that does not say its kind is a calculation."""
    kinds: dict[str, Any] = {TRAINING: Training, EVALUATION: Evaluation}
    task: Task = kinds.get(data.get("kind", ""), Spec).from_dict(data)
    return task
