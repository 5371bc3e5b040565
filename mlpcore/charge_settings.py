"""What the settings of charges can be. Importing this module never imports torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from mlpcore.errors import CheckpointError
from mlpcore.json_checks import SYMBOLS, brief, is_count, is_number

MODES = ("fixed", "fitted", "flow")
FIELDS = frozenset({"mode", "charges_e", "background", "cutoff_a", "n_radial", "flow_e"})
FLOW_CUTOFF_A, N_RADIAL = 5.0, 6
LARGEST_E = 20.0
SHORTEST_A, LONGEST_A = 0.1, 12.0
MOST_RADIAL = 50


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that do not describe charges.

    Parameters
    ----------
    settings
        As in :meth:`mlpcore.electrostatics.ChargeModel.from_dict`.

    Raises
    ------
    CheckpointError
        A field is missing, unknown, or cannot be meant.
    """
    unknown = sorted(set(settings) - FIELDS)
    if unknown:
        raise CheckpointError(
            f"The electrostatics has no setting {brief(unknown)}; known are "
            f"{', '.join(sorted(FIELDS))}."
        )
    if settings.get("mode") not in MODES:
        raise CheckpointError(
            f"The mode of the electrostatics is {brief(settings.get('mode'))}; it must be one "
            f"of {', '.join(MODES)}."
        )
    background = settings.get("background", False)
    if not isinstance(background, bool):
        raise CheckpointError(
            f"The background of the electrostatics is {brief(background)}; true or false is "
            "needed."
        )
    _check_charges(settings.get("charges_e"))
    _check_flow(settings)


def _check_charges(charges: Any) -> None:
    if not isinstance(charges, Mapping) or not charges or not set(charges) <= SYMBOLS:
        raise CheckpointError(
            f"The charges of the electrostatics are {brief(charges)}; they must be given by "
            'chemical symbol, such as charges_e = {"Na": 0.7, "Cl": -0.7}.'
        )
    _check_numbers("a charge", charges.values())


def _check_flow(settings: Mapping[str, Any]) -> None:
    flows, flow = settings["mode"] == "flow", settings.get("flow_e", {})
    names = {"-".join(p) for p in itertools.combinations(sorted(settings["charges_e"]), 2)}
    if not isinstance(flow, Mapping) or (flows and not set(flow) <= names):
        raise CheckpointError(
            f"The flow of charge is {brief(flow)}; a table is needed, and the elements' "
            f"pairs are {', '.join(sorted(names)) or 'none'}."
        )
    if flow and not flows:
        raise CheckpointError(
            f"The electrostatics has a flow of charge, but mode {settings['mode']!r}. Leave "
            'out flow_e, or choose mode "flow".'
        )
    if flows:
        n_radial = _check_reach(settings)
        for name, coefficients in flow.items():
            _check_coefficients(name, coefficients, n_radial)


def _check_reach(settings: Mapping[str, Any]) -> int:
    """Return the number of functions of a pair, if it and the cut-off are possible."""
    n_radial: int = settings.get("n_radial", N_RADIAL)
    cutoff_a = settings.get("cutoff_a", FLOW_CUTOFF_A)
    if not is_count(n_radial, 1, MOST_RADIAL):
        raise CheckpointError(
            f"n_radial of the flow of charge is {brief(n_radial)}; 1 to {MOST_RADIAL} are "
            "possible."
        )
    if not is_number(cutoff_a, SHORTEST_A, LONGEST_A):
        raise CheckpointError(
            f"The flow of charge ends at {brief(cutoff_a)} Å; from {SHORTEST_A:g} up to "
            f"{LONGEST_A:g} Å are possible."
        )
    return n_radial


def _check_coefficients(name: str, coefficients: Any, n_radial: int) -> None:
    if not isinstance(coefficients, list | tuple) or len(coefficients) != n_radial:
        raise CheckpointError(
            f"The flow of charge {name} is {brief(coefficients)}; it must have {n_radial} "
            "coefficients."
        )
    _check_numbers(f"a coefficient of {name}", coefficients)


def _check_numbers(what: str, numbers: Iterable[Any]) -> None:
    for number in numbers:
        if not is_number(number, -LARGEST_E, LARGEST_E):
            raise CheckpointError(
                f"In the electrostatics, {what} is {brief(number)}; a number in units of e is "
                f"needed, at most {LARGEST_E:g}."
            )
