"""What an imaginary mode leads to, as a frozen result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from properties.checks import Check
from properties.frozen import Frozen


@dataclass(frozen=True)
class SoftModeResult(Frozen):
    """What an imaginary mode leads to, as a frozen result."""

    checks: tuple[Check, ...]

    def summary(self) -> dict[str, Any]:
        """The block of result.json."""
        return {}
