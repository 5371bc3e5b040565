"""Errors that a user can act on.

Every message says what was wrong, the value received, the value needed and
what to do about it; the pages and the command line show it as it stands.
"""

from __future__ import annotations


class MLPError(Exception):
    """Base of every error that is meant to be read by a user."""


class StructureError(MLPError):
    """The input is not a usable crystal structure."""


class UnsupportedElementError(MLPError):
    """The structure holds an element that the potential was not trained on."""


class ModelUnavailableError(MLPError):
    """The potential's name, package or weights cannot be found."""


class SpecError(MLPError):
    """A setting of the calculation is not one of those possible."""


class TensorError(MLPError):
    """A pasted table is not an elastic tensor."""


class BornError(MLPError):
    """Born charges are unreadable, or belong to another crystal."""


class DatasetError(MLPError):
    """Training data are unreadable, incomplete, or not in the units that they claim."""


class CheckpointError(MLPError):
    """A checkpoint is unreadable, damaged, or not of a kind that is safe to open."""


class TrainingError(MLPError):
    """A training cannot be set up as configured, or came to nothing."""


class NotConvergedError(MLPError):
    """An iteration ended before its convergence criterion was met."""


class FitError(MLPError):
    """A fit is impossible or too poor to be reported."""


class Cancelled(MLPError):  # noqa: N818  a wish, not an error
    """The user asked for the calculation to stop."""
