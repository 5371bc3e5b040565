from __future__ import annotations

import os

# before numpy and torch are imported: beside other tests, several threads mostly wait for
# each other, and a 3 × 3 linear solve takes milliseconds
for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def inherited_environment() -> dict[str, str]:
    """Environment for programs under test: theirs is the choice of threads."""
    return {name: v for name, v in os.environ.items() if not name.endswith("_NUM_THREADS")}
