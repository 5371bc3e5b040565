"""The command line: ``python -m mlpcore COMMAND …``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from tqdm import tqdm

from mlpcore.errors import Cancelled, CheckpointError, MLPError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcore.training import Progress

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

KINDS = (
    ("energy_mev_per_atom", "energy", "meV/atom"),
    ("forces_mev_per_a", "forces", "meV/Å"),
    ("stress_gpa", "stress", "GPa"),
)


PASSED_ON = ("convert", "label", "pick")
"""Commands whose arguments other modules read."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and leave with status 2."""
        self.exit(
            BAD_INPUT, f"{message[:1].upper()}{message[1:]}. See --help for the options.\n"
        )


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m mlpcore",
        description="Potentials of our own: check data, train, look at what came out.",
        epilog="Exit status: 0 done, 2 bad input, 130 interrupted, 1 anything else.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add(commands, "data", _data, "check a data set and say what is in it", ("file", "FILE"))
    _add(commands, "info", _info, "show the card of a checkpoint", ("file", "CHECKPOINT"))
    _add(
        commands,
        "import",
        _import,
        "make a checkpoint of a potential in the format of n2p2 and RuNNer",
        ("folder", "FOLDER"),
        ("out", "OUT"),
    )
    join = commands.add_parser("join", help="put data sets of one oracle together")
    join.set_defaults(run=_join)
    join.add_argument("parts", nargs="+", type=Path, metavar="FILE")
    join.add_argument("--out", type=Path, required=True, metavar="FILE.extxyz.xz")
    for name, run, text in (
        ("convert", _convert, "make data sets of the examples of phonopy and phono3py"),
        ("label", _label, "label random or picked cells of a crystal with GPAW"),
        ("pick", _pick, "write the structures on which a committee's members differ most"),
    ):
        commands.add_parser(name, help=text, add_help=False).set_defaults(run=run)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser("train", help="train a committee as a TOML file says")
    train.set_defaults(run=_train)
    train.add_argument("config", type=Path, metavar="CONFIG.toml")
    train.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the files (trainings/NAME of the configuration)",
    )
    train.add_argument(
        "--resume",
        action="store_true",
        help="go on with the training that DIR holds; without this a folder in use is refused",
    )


def _add(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], None],
    text: str,
    *arguments: tuple[str, str],
) -> None:
    command = commands.add_parser(name, help=text)
    command.set_defaults(run=run)
    for argument, metavar in arguments:
        command.add_argument(argument, type=Path, metavar=metavar)


class _Bar:
    """A progress bar for each stage of a training."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        """Move the bar, or begin that of the next stage."""
        if self._bar is None or progress.stage != self._stage:
            self.close()
            self._stage = progress.stage
            self._bar = tqdm(total=progress.epochs, desc=progress.stage, file=sys.stderr)
        self._bar.n, self._bar.total = progress.epoch, progress.epochs
        if progress.validation is not None:
            energy, force = (
                progress.validation.energy_mev_per_atom,
                progress.validation.forces_mev_per_a,
            )
            self._bar.set_postfix_str(f"{energy:.1f} meV/atom {force:.0f} meV/Å", refresh=False)
        self._bar.update(0)

    def close(self) -> None:
        """End the present bar."""
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()


def _train(options: argparse.Namespace) -> None:
    from mlpcore.training import TrainingConfig, train
    from mlpcore.training.state import CONFIG

    config = TrainingConfig.read(options.config)
    folder = options.out or Path("trainings") / config.name
    if not options.resume and folder.is_dir() and any(folder.iterdir()):
        raise TrainingError(
            f"{folder} is not empty. Choose another folder with --out, or go on with the "
            "training in it with --resume."
        )
    if options.resume and not (folder / CONFIG).is_file():
        raise TrainingError(
            f"There is no training in {folder} to go on with. Begin it without --resume."
        )
    bar = _Bar()
    try:
        result = train(config, folder, bar)
    finally:
        bar.close()
    _say(f"{table(result.report)}\n{folder / 'model.safetensors'}")


def table(report: dict[str, Any]) -> str:
    """Return the errors of each part of the data as a table for a terminal."""
    rows = [("RMSE (MAE)", "frames", *(f"{what}, {unit}" for _, what, unit in KINDS))]
    for part, found in report["errors"].items():
        rows.append((part, str(found["n_frames"]), *_cells(found["committee"])))
    if len(report["errors"]["test"]["members"]) > 1:
        members = report["errors"]["test"]["members"]
        rows.append(("test, mean member", "", *_cells(_mean(members))))
    if report["comparison"]:
        rows.append(
            (report["comparison"]["model"], "", *_cells(report["comparison"]["errors"]))
        )
    spread = report["label_spread"]
    rows.append(("spread of labels", "", *(_number(spread[kind]) for kind, *_ in KINDS)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    factors = report["calibration"]
    if factors:
        lines.append(
            "Spread of the members times "
            f"{max(1.0, factors['energy_factor']):.2f} (energy), "
            f"{max(1.0, factors['force_factor']):.2f} (forces) is an error bar."
        )
    return "\n".join(lines)


def _cells(errors: dict[str, Any]) -> list[str]:
    found = [errors[kind] for kind, *_ in KINDS]
    return [f"{_number(e['rmse'])} ({_number(e['mae'])})" if e else "none" for e in found]


def _mean(members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        kind: {
            what: float(np.mean([member[kind][what] for member in members]))
            for what in ("rmse", "mae")
        }
        if members[0][kind]
        else None
        for kind, *_ in KINDS
    }


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _data(options: argparse.Namespace) -> None:
    from mlpcore import dataset
    from mlpcore.training import shares

    data = dataset.read(options.file)
    sizes = Counter(len(frame.atoms) for frame in data.frames)
    energies = np.array([frame.energy_ev / len(frame.atoms) for frame in data.frames])
    forces = np.concatenate([frame.forces_ev_per_a.ravel() for frame in data.frames])
    lines = [
        f"{len(data.frames)} frames of {' '.join(shares.elements(data))}, from "
        f"{len({frame.source for frame in data.frames})} sources",
        "atoms a frame: " + ", ".join(f"{n} ({k} frames)" for n, k in sorted(sizes.items())),
        f"energy: mean {energies.mean():.4f} eV/atom, spread {energies.std() * 1e3:.1f} "
        "meV/atom",
        f"forces: RMS {np.sqrt((forces**2).mean()):.3f} eV/Å, largest component "
        f"{np.abs(forces).max():.2f} eV/Å",
        f"stress: {sum(f.stress_ev_per_a3 is not None for f in data.frames)} frames",
        *(f"{name}: {value}" for name, value in data.settings.items()),
        f"sha256: {data.sha256}",
    ]
    _say("\n".join(lines))


def _join(options: argparse.Namespace) -> None:
    from mlpcore import dataset

    found = dataset.joined([dataset.read(path) for path in options.parts])
    dataset.check(found)
    dataset.write(options.out, found)
    _say(f"{len(found.frames)} frames: {options.out}")


def _info(options: argparse.Namespace) -> None:
    from mlpcore import checkpoint

    described = checkpoint.describe_file(options.file)
    card, header = described.card, described.header
    network = header["network"]
    lines = [f"{card.title} ({card.name})"]
    lines += [
        f"{name}: {getattr(card, name)}"
        for name in (
            "functional",
            "training_set",
            "licence",
            "citation",
            "character",
            "caution",
        )
        if getattr(card, name)
    ]
    lines += [
        f"elements: {' '.join(card.elements)}",
        f"members: {network['n_members']}, hidden layers {network['hidden']}",
        f"baseline: {header['baseline'] or 'none'}",
        f"electrostatics: {header['electrostatics'] or 'none'}",
    ]
    if "errors" in header["training"]:
        lines.append(table({**header["training"], "calibration": header["calibration"]}))
    _say("\n".join(lines))


def _import(options: argparse.Namespace) -> None:
    from mlpcore import checkpoint, n2p2

    try:
        checkpoint.write(options.out, n2p2.read(options.folder))
    except OSError as error:
        raise CheckpointError(
            f"{options.out} cannot be written ({error.strerror}). Choose another place."
        ) from error
    _say(str(options.out))


def _convert(options: argparse.Namespace) -> None:
    from mlpcore import public_data

    _leave(public_data.main(options.rest))


def _label(options: argparse.Namespace) -> None:
    from mlpcore import oracle

    _leave(oracle.main(options.rest))


def _pick(options: argparse.Namespace) -> None:
    from mlpcore import picking

    _leave(picking.main(options.rest))


def _leave(status: int) -> None:
    if status:
        raise SystemExit(status)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    Parameters
    ----------
    arguments
        Words after the program's name; ``None`` for those of the process.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command not in PASSED_ON:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        options.run(options)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. The same command with --resume goes on from here.\n")
        return INTERRUPTED
    except Cancelled as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except MLPError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    return DONE


if __name__ == "__main__":
    sys.exit(main())
