"""``python -m mlpcore.engine``: compile the engine ahead of its first use."""

import sys

from mlpcore.engine.library import compile_all
from mlpcore.engine.network import EngineUnsupportedError


def main() -> int:
    """Compile every variant and name the files; 1 where there is no compiler."""
    try:
        for path in compile_all():
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
