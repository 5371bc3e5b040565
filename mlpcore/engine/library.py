"""The engine's C code: compiled where it runs, kept in a cache, loaded with ctypes.

Nothing is compiled for the machine at hand by name: each instruction set has its own
library, and the one that the processor can run is taken. Where there is no compiler
there is no engine, and the models' own packages compute.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcore.engine.network import EngineUnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCES = ("engine.c", "geometry.h", "convolution.h", "network.h", "vector.h")
CACHE_VARIABLE = "LATTICE_LAB_CACHE"
COMPILERS = ("cc", "gcc", "clang")
X86_MACHINES = ("x86_64", "AMD64")


@dataclass(frozen=True)
class InstructionSet:
    """How to compile for a class of processors, and how to know one.

    Attributes
    ----------
    name
        As it appears in the provenance of results.
    options
        For the compiler.
    vector_bytes
        Width of a register.
    features
        What ``/proc/cpuinfo`` must list.
    """

    name: str
    options: tuple[str, ...]
    vector_bytes: int
    features: frozenset[str]


INSTRUCTION_SETS = (
    InstructionSet(
        "avx512",
        ("-march=x86-64-v4", "-mprefer-vector-width=512"),
        64,
        frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma"}),
    ),
    InstructionSet(
        "avx2", ("-march=x86-64-v3",), 32, frozenset({"avx2", "fma", "bmi2", "f16c"})
    ),
    InstructionSet("baseline", (), 16, frozenset()),
)


def supported_instruction_sets() -> tuple[InstructionSet, ...]:
    """Return those that this processor runs, the fastest first."""
    features = _processor_features()
    return tuple(found for found in INSTRUCTION_SETS if found.features <= features)


def load_library(
    dtype: Any, instruction_set: InstructionSet | None = None
) -> tuple[ctypes.CDLL, InstructionSet]:
    """Return the compiled engine, for the fastest instruction set unless one is given.

    Raises
    ------
    EngineUnsupportedError
        There is no compiler, or it fails.
    """
    wanted = (instruction_set,) if instruction_set else supported_instruction_sets()
    failures = []
    for candidate in wanted:
        try:
            return _load(np.dtype(dtype).name, candidate), candidate
        except EngineUnsupportedError as error:
            failures.append(f"{candidate.name}: {error}")
    raise EngineUnsupportedError("; ".join(failures))


def compile_ahead(wanted: Sequence[InstructionSet]) -> Iterator[Path]:
    """Compile for some instruction sets in both precisions; yield the libraries.

    Sets that this machine's compiler cannot make, being those of another family of
    processors, are left out.
    """
    foreign = platform.machine() not in X86_MACHINES
    for found in wanted:
        if not (foreign and found.features):
            yield from (_compiled(dtype, found) for dtype in ("float32", "float64"))


@functools.cache
def _load(dtype: str, instruction_set: InstructionSet) -> ctypes.CDLL:
    library = ctypes.CDLL(str(_compiled(dtype, instruction_set)))
    library.evaluate.restype = ctypes.c_int
    return library


def _compiled(dtype: str, instruction_set: InstructionSet) -> Path:
    """Return the path of the compiled library; compile it on first use."""
    options = (
        *("-std=gnu11", "-O3", "-fPIC", "-shared", *instruction_set.options),
        f"-DVECTOR_BYTES={instruction_set.vector_bytes}",
        *(("-DSINGLE_PRECISION",) if dtype == "float32" else ()),
    )
    folder = Path(__file__).parent
    text = b"".join((folder / name).read_bytes() for name in SOURCES)
    digest = hashlib.sha256(text + repr(options).encode()).hexdigest()[:16]
    path = _cache() / f"engine-{instruction_set.name}-{dtype}-{digest}.so"
    if not path.exists():
        _compile(_require_compiler(), options, folder / SOURCES[0], path)
    return path


def _compile(compiler: str, options: tuple[str, ...], source: Path, path: Path) -> None:
    """Compile with threads if the compiler can, into place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        for threads in (("-fopenmp",), ()):
            command = [compiler, *options, *threads, str(source), "-o", str(made), "-lm"]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode == 0:
                made.replace(path)
                return
    raise EngineUnsupportedError(f"{compiler} failed: {run.stderr.strip()[-500:]}")


def find_compiler() -> str | None:
    """Return the C compiler of this machine, ``$CC`` before others."""
    names = [name for name in (os.environ.get("CC"), *COMPILERS) if name]
    return next(filter(None, map(shutil.which, names)), None)


def _require_compiler() -> str:
    found = find_compiler()
    if found is None:
        raise EngineUnsupportedError(
            f"there is no C compiler (looked for {', '.join(COMPILERS)} and $CC)"
        )
    return found


def _cache() -> Path:
    """Return the folder of compiled libraries: owned by the user, as they are executed."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "lattice-lab"


@functools.cache
def _processor_features() -> frozenset[str]:
    path = Path("/proc/cpuinfo")
    if platform.machine() not in X86_MACHINES or not path.exists():
        return frozenset()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            return frozenset(line.partition(":")[2].split())
    return frozenset()
