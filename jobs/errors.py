"""What can go wrong with a job as such, in sentences for its user."""

from __future__ import annotations

from mlpcore.errors import MLPError


class JobNotFoundError(MLPError):
    """There is no job with this address."""


class JobStateError(MLPError):
    """The job is not in a state in which this can be done to it."""


class JobFileError(MLPError):
    """A file of a job cannot be written or read."""


class AccessError(MLPError):
    """Only an administrator may do this, or a password was wrong."""


class SetupError(MLPError):
    """A setting of the server does not work on this machine."""
