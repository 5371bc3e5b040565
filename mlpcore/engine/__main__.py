"""``python -m mlpcore.engine [--all]``: compile the engine ahead of its first use."""

from __future__ import annotations

import argparse
import sys

from mlpcore.engine.library import INSTRUCTION_SETS, compile_ahead, supported_instruction_sets
from mlpcore.engine.network import EngineUnsupportedError


def main(arguments: list[str] | None = None) -> int:
    """Compile and name the files; 1 where there is no compiler."""
    parser = argparse.ArgumentParser(
        prog="python -m mlpcore.engine",
        description="Compile the fast engine for this processor, ahead of its first use.",
    )
    parser.add_argument(
        "--all", action="store_true", help="for every kind of processor, to be copied elsewhere"
    )
    options = parser.parse_args(arguments)
    wanted = INSTRUCTION_SETS if options.all else supported_instruction_sets()[:1]
    try:
        for path in compile_ahead(wanted):
            sys.stdout.write(f"{path}\n")
    except EngineUnsupportedError as error:
        sys.stderr.write(
            f"The fast engine cannot be compiled here: {error}. Models run on their own "
            "packages instead, with the same numbers and more slowly.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
