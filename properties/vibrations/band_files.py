"""Dispersions from files: phonopy's band.yaml, our bands.csv, tables."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlpcore.errors import MLPError
from properties.vibrations import zone

if TYPE_CHECKING:
    from properties.vibrations.phonon_result import PhononResult

FloatArray = NDArray[np.float64]

_FREQUENCY = re.compile(r"\n\s+frequency:\s*(\S+)")
_LATTICE = re.compile(r"\n- (\[[^\]]*\]) # [abc]\*")

MAX_BYTES = 50_000_000
MAX_NUMBERS = 2_000_000
FORMATS = (
    "Accepted are phonopy's band.yaml, the bands.csv among the files of a calculation, and "
    "tables with a header: distance, q1, q2, q3 (any of the two), label (optional), and one "
    "column a band."
)


class BandFileError(MLPError):
    """A file is not a dispersion, or not one of this crystal and path."""


@dataclass(frozen=True)
class Bands:
    """A dispersion as it stands in a file or a result.

    Attributes
    ----------
    name
        For the legend.
    frequency_thz
        (k, b).
    qpoints
        Reduced, (k, 3); empty where the file has distances only.
    distance
        Along its own path, (k,); empty where the file has q-points only.
    labels
        Name of each point, empty for most; (k,) or nothing.
    reciprocal
        Reciprocal lattice vectors in rows, any unit of length, (3, 3), or empty.
    """

    name: str
    frequency_thz: FloatArray
    qpoints: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))
    distance: FloatArray = field(default_factory=lambda: np.zeros(0))
    labels: tuple[str, ...] = ()
    reciprocal: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))

    @property
    def is_points(self) -> bool:
        """Whether these are single frequencies at q-points, as measured ones are."""
        return self.frequency_thz.shape[1] == 1


def of_result(name: str, result: PhononResult, lattice_a: FloatArray) -> Bands:
    """Return the dispersion of a result."""
    return Bands(
        name,
        np.asarray(result.band_frequency_thz),
        np.asarray(result.band_qpoints),
        np.asarray(result.band_distance),
        reciprocal=zone.reciprocal(lattice_a),
    )


def read(data: bytes, name: str, thz_per_unit: float) -> Bands:
    """Read a file.

    Parameters
    ----------
    thz_per_unit
        Factor from the unit of its frequencies to THz; band.yaml and bands.csv of this
        project say THz themselves only by convention, so it applies to every file.

    Raises
    ------
    BandFileError
        It is none of the kinds that can be read.
    """
    if len(data) > MAX_BYTES:
        raise BandFileError(
            f"“{name}” has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB can be "
            "read. Write fewer points along the path."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BandFileError(f"“{name}” is not a text file. {FORMATS}") from None
    if name.lower().endswith((".yaml", ".yml")) or "\nphonon:" in text:
        return _read_yaml(text, name, thz_per_unit)
    return _read_table(text, name, thz_per_unit)


def _read_yaml(text: str, name: str, factor: float) -> Bands:
    """Read phonopy's band.yaml line by line, which passes over eigenvectors quickly."""
    head, _, body = text.partition("\nphonon:")
    points = body.split("- q-position:")[1:]
    try:
        qpoints = np.array([_bracket(point) for point in points], dtype=float)
        frequency = np.array([_FREQUENCY.findall(point) for point in points], dtype=float)
        reciprocal = np.array([_bracket(row) for row in _LATTICE.findall(head)], dtype=float)
    except ValueError:
        raise BandFileError(
            f"“{name}” is not a band.yaml of phonopy: each entry of “phonon” needs its "
            f"“q-position” and as many frequencies as the others. {FORMATS}"
        ) from None
    _require_table(name, frequency, qpoints)
    lattice = reciprocal if reciprocal.shape == (3, 3) else np.zeros((0, 3))
    return Bands(name, factor * frequency, qpoints, reciprocal=lattice)


def _bracket(text: str) -> list[float]:
    """Read the first list of numbers in brackets."""
    inside = text.partition("[")[2].partition("]")[0]
    return [float(number) for number in inside.split(",")]


def _require_table(name: str, frequency: FloatArray, qpoints: FloatArray) -> None:
    usable = frequency.ndim == 2 and len(frequency) > 1 and qpoints.shape == (len(frequency), 3)
    if not usable or not np.isfinite(frequency).all() or not np.isfinite(qpoints).all():
        raise BandFileError(
            f"“{name}” needs at least two points, each with three reduced coordinates and the "
            f"same number of frequencies; received tables of shape {frequency.shape} and "
            f"{qpoints.shape}, or entries that are not numbers."
        )


def _plain_label(label: str) -> str:
    """Return the name of a point as our path has it."""
    text = label.replace("$", "").replace("\\", "").replace("mathrm", "")
    text = text.strip(" {}").upper()
    return {"GAMMA": "Γ", "G": "Γ", "SIGMA": "Σ", "DELTA": "Δ"}.get(text, text)


def _read_table(text: str, name: str, factor: float) -> Bands:
    """Read a table with a header, separated by commas, semicolons, tabs or spaces."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3:
        raise BandFileError(
            f"“{name}” has {len(lines)} lines; a header and two points are the least. {FORMATS}"
        )
    rows = _split(lines)
    header = [cell.strip().lower().lstrip("# ") for cell in rows[0]]
    columns = _columns(header, name)
    labels = [
        _plain_label(row[columns["label"][0]]) if columns["label"] else "" for row in rows[1:]
    ]
    numbers = _numbers(rows[1:], columns["distance"] + columns["q"] + columns["bands"], name)
    n_distance, n_q = len(columns["distance"]), len(columns["q"])
    frequency = factor * numbers[:, n_distance + n_q :]
    return Bands(
        name,
        frequency,
        numbers[:, n_distance : n_distance + n_q] if n_q else np.zeros((0, 3)),
        numbers[:, 0] if n_distance else np.zeros(0),
        tuple(labels) if any(labels) else (),
    )


def _split(lines: list[str]) -> list[list[str]]:
    for separator in ",;\t":
        if separator in lines[0]:
            return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator))
    return [line.lstrip("# ").split() for line in lines]


def _columns(header: list[str], name: str) -> dict[str, list[int]]:
    """Tell the columns apart by their names."""
    place = {word: k for k, word in enumerate(header)}
    q = [place[word] for word in ("q1", "q2", "q3") if word in place]
    distance = [place["distance"]] if "distance" in place else []
    label = [place["label"]] if "label" in place else []
    bands = [k for k in range(len(header)) if k not in {*q, *distance, *label}]
    if len(q) not in {0, 3} or not (q or distance) or not bands:
        raise BandFileError(
            f"The first line of “{name}” reads “{', '.join(header)[:80]}”. Columns are told "
            "apart by their names: q1, q2 and q3, or distance, or both, and one further "
            f"column a band. {FORMATS}"
        )
    return {"q": q, "distance": distance, "label": label, "bands": bands}


def _numbers(rows: list[list[str]], columns: list[int], name: str) -> FloatArray:
    found = np.empty((len(rows), len(columns)))
    for index, row in enumerate(rows):
        try:
            found[index] = [float(row[k].replace("−", "-")) for k in columns]
        except (ValueError, IndexError):
            raise BandFileError(
                f"Line {index + 2} of “{name}” reads “{','.join(row)[:60]}”: "
                f"{len(columns)} numbers are needed there. Use a point for decimals."
            ) from None
    if not np.isfinite(found).all() or found.size > MAX_NUMBERS:
        raise BandFileError(
            f"“{name}” has {found.size} numbers, some of which may not be finite; at most "
            f"{MAX_NUMBERS} finite ones can be drawn."
        )
    return found
