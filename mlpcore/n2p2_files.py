"""The three text files of a potential in the format of n2p2 and RuNNer, as they stand.

``input.nn`` holds keywords, ``scaling.data`` the range of each symmetry function in the
training data, ``weights.ZZZ.data`` the network of element Z. Format: A. Singraber, J. Behler
and C. Dellago, J. Chem. Theory Comput. 15, 1827 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from ase.units import Bohr, Hartree

from mlpcore.errors import CheckpointError
from mlpcore.json_checks import brief

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAX_BYTES = 64 * 1024**2

LARGEST = 1e9
"""No number of a potential is larger, in whatever unit."""

MEANT = frozenset(
    [
        "number_of_elements",
        "elements",
        "atom_energy",
        "cutoff_type",
        "symfunction_short",
        "scale_symmetry_functions",
        "scale_symmetry_functions_sigma",
        "center_symmetry_functions",
        "scale_min_short",
        "scale_max_short",
        "scale_min_short_atomic",
        "scale_max_short_atomic",
        "global_hidden_layers_short",
        "global_nodes_short",
        "global_activation_short",
        "mean_energy",
        "conv_length",
        "conv_energy",
    ]
)
"""Keywords that say what the potential is."""

OF_TRAINING = frozenset(
    [
        "random_seed",
        "test_fraction",
        "epochs",
        "use_short_forces",
        "rmse_threshold",
        "rmse_threshold_energy",
        "rmse_threshold_force",
        "rmse_threshold_charge",
        "rmse_threshold_trials",
        "rmse_threshold_trials_energy",
        "rmse_threshold_trials_force",
        "rmse_threshold_trials_charge",
        "energy_fraction",
        "force_fraction",
        "charge_fraction",
        "short_energy_fraction",
        "short_force_fraction",
        "short_energy_error_threshold",
        "short_force_error_threshold",
        "use_old_weights_short",
        "weights_min",
        "weights_max",
        "nguyen_widrow_weights_short",
        "precondition_weights",
        "main_error_metric",
        "write_trainpoints",
        "write_trainforces",
        "write_traincharges",
        "write_weights_epoch",
        "write_neuronstats",
        "write_trainlog",
        "repeated_energy_update",
        "updater_type",
        "parallel_mode",
        "jacobian_mode",
        "update_strategy",
        "selection_mode",
        "selection_mode_energy",
        "selection_mode_force",
        "selection_mode_charge",
        "task_batch_size_energy",
        "task_batch_size_force",
        "gradient_type",
        "gradient_eta",
        "gradient_adam_eta",
        "gradient_adam_beta1",
        "gradient_adam_beta2",
        "gradient_adam_epsilon",
        "kalman_type",
        "kalman_epsilon",
        "kalman_eta",
        "kalman_etatau",
        "kalman_etamax",
        "kalman_q0",
        "kalman_qtau",
        "kalman_qmin",
        "kalman_lambda_short",
        "kalman_nue_short",
        "memorize_symfunc_results",
        "force_weight",
        "remove_atom_energies",
    ]
)
"""Keywords that only say how it was trained."""

REPEATED = frozenset({"symfunction_short", "atom_energy"})


@dataclass(frozen=True)
class Units:
    """Lengths and energies of the files, in Å and eV."""

    length_a: float = Bohr
    energy_ev: float = Hartree


@dataclass(frozen=True)
class Line:
    """One keyword with its values, and where it stands."""

    path: Path
    number: int
    keyword: str
    words: tuple[str, ...]

    def refuse(self, why: str) -> NoReturn:
        """Raise an error that names file, line and keyword."""
        raise CheckpointError(
            f"{self.path.parent.name}/{self.path.name}, line {self.number}, keyword "
            f"{self.keyword}: {why}"
        )

    def numbers(self, start: int = 0) -> list[float]:
        """Return the values from `start` on as numbers."""
        try:
            found = [_number(word) for word in self.words[start:]]
        except ValueError:
            self.refuse(
                f"{brief(' '.join(self.words[start:]))} should be numbers up to {LARGEST:g}."
            )
        return found

    def number_only(self, low: float = -LARGEST, high: float = LARGEST) -> float:
        """Return the first value as a number from `low` to `high`."""
        if not self.words:
            self.refuse("a number is missing.")
        found = self.numbers()[0]
        if not low <= found <= high:
            self.refuse(f"it is {found:g}; a number from {low:g} to {high:g} is needed.")
        return found

    def counts(self, high: int) -> list[int]:
        """Return the values as whole numbers from 1 to `high`."""
        found = self.numbers()
        if not found or not all(n == int(n) and 1 <= n <= high for n in found):
            self.refuse(
                f"{brief(' '.join(self.words))} should be whole numbers from 1 to {high}."
            )
        return [int(n) for n in found]


class Settings:
    """``input.nn``, refused if any of its keywords is not understood."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[str, list[Line]] = {}
        for number, text in enumerate(read_text(path).splitlines(), start=1):
            words = text.split("#")[0].split("!")[0].split()
            if words:
                self._add(Line(path, number, words[0], tuple(words[1:])))

    def _add(self, line: Line) -> None:
        if line.keyword not in MEANT | OF_TRAINING:
            line.refuse(
                "it is not understood here. Energies would be wrong without it, so the "
                "potential is not read; remove the line if it only concerns training."
            )
        earlier = self._lines.setdefault(line.keyword, [])
        if earlier and line.keyword not in REPEATED:
            line.refuse(f"it was given in line {earlier[0].number} already.")
        earlier.append(line)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self._lines

    def all(self, keyword: str) -> list[Line]:
        """Return the lines of a keyword that may be repeated, or be missing."""
        return self._lines.get(keyword, [])

    def one(self, keyword: str) -> Line:
        """Return the line of a keyword that must be there."""
        if keyword not in self._lines:
            raise CheckpointError(
                f"{self.path.parent.name}/{self.path.name} lacks the keyword {keyword}."
            )
        return self._lines[keyword][0]

    def number(
        self, keyword: str, default: float, low: float = -LARGEST, high: float = LARGEST
    ) -> float:
        """Return the value of a keyword that may be missing, from `low` to `high`."""
        return self.one(keyword).number_only(low, high) if keyword in self else default


def read_text(path: Path) -> str:
    """Return the text of a file; raise :class:`CheckpointError` if it is none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{path.name} is larger than {MAX_BYTES // 1024**2} MiB.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(
            f"{path.parent.name}/{path.name} cannot be read as text. A potential of n2p2 "
            "needs input.nn, scaling.data and one file weights.ZZZ.data for each element."
        ) from error


def read_scaling(path: Path, counts: tuple[int, ...]) -> NDArray[np.float64]:
    """Return min, max, mean and standard deviation of each function, (e, d, 4).

    Functions that an element does not have stay NaN.
    """
    found = np.full((len(counts), max(counts), 4), np.nan)
    for number, words in _rows(path):
        if len(words) < 5:
            continue  # the last line holds the range of energies
        try:
            e, d = int(words[0]) - 1, int(words[1]) - 1
            values = [_number(word) for word in words[2:6]]
            inside = 0 <= e < len(counts) and 0 <= d < counts[e] and values[0] <= values[1]
        except ValueError:
            inside = False
        if not inside:
            raise _bad_row(
                path, number, "function of an element in input.nn, its minimum and maximum"
            )
        found[e, d, : len(values)] = values
    for e, count in enumerate(counts):
        if np.isnan(found[e, :count, :3]).any():
            raise CheckpointError(
                f"{path.parent.name}/{path.name} lacks functions of element {e + 1}: "
                f"{count} are needed, as in input.nn."
            )
    return found


def _place(word: str, least: int) -> int:
    """Return a number of a layer or node, counted from 0; layer 0 is −1."""
    found = int(word)
    if found < least:
        raise IndexError(word)
    return found - 1


def read_weights(
    path: Path, layers: tuple[tuple[int, int], ...]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return weights (inputs, outputs) and biases (outputs,) of each layer."""
    weights = [np.full(layer, np.nan) for layer in layers]
    biases = [np.full(outputs, np.nan) for _, outputs in layers]
    for number, words in _rows(path):
        try:
            value = _number(words[0])
            first = 0 if words[1] == "a" else 1
            places = [_place(word, first if k == 0 else 1) for k, word in enumerate(words[3:7])]
            if words[1] == "a":
                weights[places[0] + 1][places[1], places[3]] = value
            else:
                biases[places[0]][places[1]] = value
        except (ValueError, IndexError) as error:
            raise _bad_row(path, number, "weight of the layers that input.nn states") from error
    if any(np.isnan(array).any() for array in (*weights, *biases)):
        shape = " → ".join(str(n) for n in (layers[0][0], *(n for _, n in layers)))
        raise CheckpointError(
            f"{path.parent.name}/{path.name} lacks weights: input.nn states layers {shape}."
        )
    return weights, biases


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    lines = enumerate(read_text(path).splitlines(), start=1)
    return [(n, words) for n, text in lines if (words := text.split("#")[0].split())]


def _bad_row(path: Path, number: int, what: str) -> CheckpointError:
    return CheckpointError(
        f"{path.parent.name}/{path.name}, line {number}, cannot be read as a {what}."
    )


def _number(word: str) -> float:
    value = float(word.replace("D", "E").replace("d", "e"))
    if not abs(value) <= LARGEST:  # not a number is no more than that either
        raise ValueError(word)
    return value
