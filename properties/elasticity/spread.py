"""The elastic constants of one crystal from several models, each with its own relaxed cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore import registry
from mlpcore.errors import Cancelled, MLPError
from properties import relax, symmetry
from properties.checks import Check
from properties.elasticity import laue, moduli, verdicts
from properties.elasticity.bare import bare_tensor
from properties.elasticity.orientation import Orientation
from properties.elasticity.series import SpreadResult
from properties.progress import Part, PiecesOf

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcore.potential import Potential
    from properties.crystal import Crystal
    from properties.elasticity.result import ElasticResult
    from properties.progress import Monitor, Pieces
    from properties.spec import Preset

FloatArray = NDArray[np.float64]

STAGE = "elastic_models"


@dataclass(frozen=True, eq=False)
class _Answer:
    """What one model says; not-a-number where it says nothing."""

    stiffness_gpa: FloatArray
    volume_per_atom_a3: float
    problem: str
    soft_ions: bool = False


def model_spread(
    crystal: Crystal,
    own: tuple[str, ElasticResult],
    others: tuple[str, ...],
    load: Callable[[str], Potential],
    settings: Preset,
    monitor: Monitor,
    pieces: Pieces,
    pressure_gpa: float = 0.0,
) -> SpreadResult:
    """Relax the crystal as it was given with each other model, and compute its tensor.

    Parameters
    ----------
    own
        Name and result of the model of the job.
    load
        Returns the potential of a name, in double precision.

    Raises
    ------
    Cancelled
        The monitor asked to stop; finished pieces are kept.
    """
    start = symmetry.analyse(crystal)
    answers = [_own(own[1])]
    known = own[1].ieee_rotation_from_input
    axes = known @ start.rotation.T if known.size else None
    for k, name in enumerate(others):
        part = Part(monitor, STAGE, k, len(others), registry.info(name).title)
        part.advance(STAGE, 0, 1, "relaxation")
        kept = PiecesOf(pieces, f"model-{name}")
        answers.append(_answer(start, name, load, settings, part, kept, pressure_gpa, axes))
    names = (own[0], *others)
    return SpreadResult(
        models=names,
        functionals=tuple(registry.info(name).functional for name in names),
        stiffness_gpa=np.array([answer.stiffness_gpa for answer in answers]),
        volume_per_atom_a3=np.array([answer.volume_per_atom_a3 for answer in answers]),
        laue_class=own[1].laue_class,
        problems=tuple(answer.problem for answer in answers),
        checks=_checks(names, answers),
    )


def _own(result: ElasticResult) -> _Answer:
    soft = any(c.code == "gamma_stable" and not c.passed for c in result.checks)
    return _Answer(result.stiffness_gpa, result.volume_per_atom_a3, "", soft)


def _answer(
    start: symmetry.Symmetry,
    name: str,
    load: Callable[[str], Potential],
    settings: Preset,
    monitor: Part,
    pieces: PiecesOf,
    pressure_gpa: float,
    axes: FloatArray | None,
) -> _Answer:
    kept = pieces.get("answer")
    if kept is not None:
        return _Answer(
            kept["stiffness_gpa"],
            float(kept["volume_per_atom_a3"]),
            str(kept["problem"]),
            bool(kept["soft_ions"]),
        )
    try:
        answer = _computed(start, load(name), settings, monitor, pieces, pressure_gpa, axes)
    except Cancelled:
        raise
    except MLPError as error:
        answer = _Answer(np.full((6, 6), np.nan), np.nan, str(error))
    pieces.put(
        "answer",
        {
            "stiffness_gpa": answer.stiffness_gpa,
            "volume_per_atom_a3": np.array(answer.volume_per_atom_a3),
            "problem": np.array(answer.problem),
            "soft_ions": np.array(float(answer.soft_ions)),
        },
    )
    return answer


def _computed(
    start: symmetry.Symmetry,
    potential: Potential,
    settings: Preset,
    monitor: Part,
    pieces: PiecesOf,
    pressure_gpa: float,
    axes: FloatArray | None,
) -> _Answer:
    found = relax.relax(start.primitive, potential, settings, monitor, pressure_gpa)
    final = symmetry.analyse(found.crystal)
    volume = found.crystal.volume_a3 / len(found.crystal)
    if laue.LAUE_CLASS[final.point_group] != laue.LAUE_CLASS[start.point_group]:
        problem = (
            f"Relaxation led to space group {final.symbol} instead of {start.symbol}; its "
            "constants have other names."
        )
        return _Answer(np.full((6, 6), np.nan), volume, problem)
    named = None if axes is None else Orientation.like(found.crystal, axes)
    tensor = bare_tensor(found.crystal, potential, monitor, pieces, pressure_gpa, named)
    problem = "" if found.converged else "The relaxation did not converge."
    return _Answer(tensor.relaxed_gpa, volume, problem, (tensor.softest_ev_per_a2 or 0.0) < 0)


def _checks(names: tuple[str, ...], answers: list[_Answer]) -> tuple[Check, ...]:
    wrong = [
        f"{name}: {answer.problem}"
        for name, answer in zip(names, answers, strict=True)
        if answer.problem
    ]
    return (
        Check(
            "models_all",
            "All models",
            not wrong,
            " ".join(wrong) or f"All {len(names)} models gave a relaxed crystal and a tensor.",
        ),
        _stable(
            "models_born",
            "Stability with each model",
            names,
            [moduli.is_unstable(answer.stiffness_gpa) for answer in answers],
        ),
        _stable("models_ions", "Ions with each model", names, [a.soft_ions for a in answers]),
    )


def _stable(code: str, label: str, names: tuple[str, ...], unstable: list[bool]) -> Check:
    wrong = [name for name, bad in zip(names, unstable, strict=True) if bad]
    message = "No model finds this instability."
    if wrong:
        message = f"With {', '.join(wrong)} the crystal is unstable, {verdicts.WOULD_TURN}"
    return Check(code, label, not wrong, message)
