"""The command line: ``python -m properties FILE… [options]``."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from mlpcore import registry
from mlpcore.errors import MLPError, SpecError, StructureError
from mlpcore.model_info import ENGINES
from properties import __version__
from properties.cli_progress import Bars, summary
from properties.crystal import Crystal
from properties.examples import example, example_names
from properties.progress import DiskPieces
from properties.spec import ON_REQUEST, PRESETS, STAGES, Spec
from properties.structure import MAX_UPLOAD_BYTES, read_structure
from properties.vibrations import born
from properties.vibrations.born import BornCharges

LIBRARY, NONE = "library", "none"
"""Words for ``--born`` in the place of a file."""

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and leave with status 2."""
        self.exit(
            BAD_INPUT, f"{message[:1].upper()}{message[1:]}. See --help for the options.\n"
        )


@dataclass(frozen=True)
class _Task:
    """One structure to calculate, and the folder for its files."""

    label: str
    spec: Spec
    folder: Path


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m properties",
        description="Relaxed structure, elastic constants, phonons and thermal expansion of a "
        "crystal, from a machine-learned potential.",
        epilog="Exit status: 0 done, 2 bad input, 130 interrupted, 1 anything else. The same "
        "command again continues where an interrupted one stopped.",
    )
    _add_inputs(parser)
    _add_spec(parser)
    _add_surroundings(parser)
    return parser


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add where the structures come from."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="CIF, POSCAR, extended XYZ, …")
    parser.add_argument(
        "--example",
        action="append",
        default=[],
        metavar="NAME",
        help=f"a crystal that comes with the project: {', '.join(example_names())}",
    )


def _add_spec(parser: argparse.ArgumentParser) -> None:
    """Add what decides the numbers."""
    parser.add_argument(
        "--properties",
        nargs="+",
        default=list(STAGES),
        metavar="NAME",
        help=f"any of {', '.join(STAGES)} (all of these), {', '.join(ON_REQUEST)}",
    )
    parser.add_argument(
        "--model",
        default=Spec.model,
        metavar="NAME",
        help=f"one of {', '.join(model.name for model in registry.models())} (%(default)s)",
    )
    parser.add_argument(
        "--preset",
        default=Spec.preset,
        metavar="NAME",
        help=f"one of {', '.join(PRESETS)} (%(default)s)",
    )
    parser.add_argument(
        "--pressure", type=float, default=Spec.pressure_gpa, metavar="GPA", help="in GPa (0)"
    )
    parser.add_argument(
        "--pressures",
        nargs="+",
        type=float,
        default=[],
        metavar="GPA",
        help="also elastic constants at each of these pressures",
    )
    parser.add_argument(
        "--compare",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="also elastic constants from these models, for their disagreement",
    )
    parser.add_argument(
        "--no-committee",
        action="store_true",
        help="do not carry each member of a committee through; by default a model with "
        "members tells how far they agree on every number",
    )
    parser.add_argument(
        "--born",
        default=LIBRARY,
        metavar="FILE",
        help="Born charges and dielectric tensor: a BORN file of phonopy, an OUTCAR, "
        f"{LIBRARY!r} for those that come with the project, or {NONE!r} (%(default)s)",
    )


def _add_surroundings(parser: argparse.ArgumentParser) -> None:
    """Add where files go and what computes."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder for the files (%(default)s); several inputs get a folder each in it",
    )
    parser.add_argument(
        "--device",
        default="auto",
        choices=("auto", "cpu", "cuda"),
        help="where the potential runs (%(default)s)",
    )
    parser.add_argument(
        "--engine",
        default=Spec.engine,
        choices=ENGINES,
        help="who evaluates the potential: our own fast code where there is one, or always "
        "the package that the model comes from; the numbers are the same (%(default)s)",
    )
    parser.add_argument("--version", action="version", version=f"Lattice Lab {__version__}")


def _read(path: Path, what: str = "structure file") -> bytes:
    """Return the content of a file, at most one byte more than is accepted."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_UPLOAD_BYTES + 1)
    except OSError as error:
        raise StructureError(
            f"{path} cannot be read ({error.strerror}). Give the path of a {what}."
        ) from error


def _tasks(options: argparse.Namespace) -> list[_Task]:
    """Check everything that was asked for before anything is calculated."""
    stems = _distinct([*(Path(name).stem for name in options.files), *options.example])
    crystals = [read_structure(_read(Path(name)), name) for name in options.files]
    crystals += [example(name).crystal for name in options.example]
    if not crystals:
        raise StructureError(
            "No structure was given. Name a file, or --example Si to try it out."
        )
    single = len(crystals) == 1
    tasks = [
        _Task(
            stem, _spec(options, crystal, stem), options.out if single else options.out / stem
        )
        for stem, crystal in zip(stems, crystals, strict=True)
    ]
    for task in tasks:
        _claim(task)
    return tasks


def _spec(options: argparse.Namespace, crystal: Crystal, name: str) -> Spec:
    return Spec(
        structure=crystal,
        model=options.model,
        properties=tuple(n for words in options.properties for n in words.split(",") if n),
        preset=options.preset,
        pressure_gpa=options.pressure,
        name=name,
        engine=options.engine,
        elastic_pressures_gpa=tuple(options.pressures),
        compare_models=tuple(options.compare),
        born=_born(options.born, crystal),
        committee=not options.no_committee,
    )


def _born(wanted: str, crystal: Crystal) -> BornCharges | None:
    if wanted == NONE:
        return None
    if wanted == LIBRARY:
        return born.library_born(crystal)
    content = _read(Path(wanted), "file with Born charges")
    return born.read_born(content, crystal, Path(wanted).name)


def _distinct(stems: Sequence[str]) -> list[str]:
    """Number the repetitions, so that no two inputs share a folder."""
    used: list[str] = []
    for stem in stems:
        name, count = stem, 1
        while name.lower() in (other.lower() for other in used):
            count += 1
            name = f"{stem}-{count}"
        used.append(name)
    return used


def _claim(task: _Task) -> None:
    """Make the folder and write the Spec into it; refuse the folder of another Spec."""
    path = task.folder / "spec.json"
    try:
        task.folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and not _same(path, task.spec):
            raise SpecError(
                f"{task.folder} already holds another calculation. Choose another folder with "
                "--out, or remove that one."
            )
        path.write_text(json.dumps(task.spec.to_dict(), indent=1), encoding="utf-8")
    except OSError as error:
        raise SpecError(
            f"{task.folder} cannot be written to ({error.strerror}). Choose another folder "
            "with --out."
        ) from error


def _same(path: Path, spec: Spec) -> bool:
    try:
        kept = Spec.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, MLPError):
        return False
    return kept.sha256 == spec.sha256


@contextlib.contextmanager
def _libraries_to(log: Path) -> Iterator[None]:
    """Send what libraries print or warn into a file instead of the terminal."""
    with (
        log.open("a", encoding="utf-8") as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(file),
    ):
        yield


def _calculate(task: _Task, device: str) -> int:
    """Run one task; return the exit status."""
    log = task.folder / "log.txt"
    with Bars(task.label, sys.stderr) as bars:
        try:
            with _libraries_to(log):
                from properties import pipeline  # torch: seconds to import

                pieces = DiskPieces(task.folder / "pieces" / task.spec.sha256[:16])
                outcome = pipeline.run(
                    task.spec, bars, pieces, files=task.folder, device=device
                )
        except MLPError as error:
            bars.say(f"{task.label}: {error}")
            return FAILED
        except Exception as error:  # noqa: BLE001 - the outermost boundary; the log has it all
            with log.open("a", encoding="utf-8") as file:
                traceback.print_exc(file=file)
            bars.say(f"{task.label}: unexpected error ({error}). Details are in {log}.")
            return FAILED
    sys.stdout.write(f"{summary(task.label, outcome, task.folder)}\n")
    return DONE if outcome.status == "finished" else FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    Parameters
    ----------
    arguments
        Words after the program's name; ``None`` for those of the process.
    """
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries; what matters is an error here
            tasks = _tasks(options)
    except MLPError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    try:
        return max(_calculate(task, options.device) for task in tasks)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. The same command again continues from here.\n")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
