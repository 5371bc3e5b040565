"""Who may change what all visitors see: whoever knows the password of the server.

Lattice Lab has no accounts. A web server in front decides who gets in; the password here
sets one of those apart from the others.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import AccessError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PASSWORD, PASSWORD_FILE = "LATTICE_LAB_ADMIN_PASSWORD", "LATTICE_LAB_ADMIN_PASSWORD_FILE"
SHORTEST = 12
MOST_WRONG, WINDOW_S = 5, 60.0


def without_password(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for processes that have no use for the password."""
    return {k: v for k, v in environment.items() if k not in (PASSWORD, PASSWORD_FILE)}


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()


class Administrator:
    """Recognises the administrator; after some wrong passwords nobody, for a while.

    The limit holds for all visitors together, for behind a proxy they cannot be told apart.
    Only a digest of the password is kept, and nothing of what visitors enter.

    Parameters
    ----------
    password
        Empty if the server was started without one: then there is no administrator.
    clock
        Seconds, from any beginning.
    """

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        if password and len(password) < SHORTEST:
            raise SetupError(
                f"The administrator's password has {len(password)} characters; it needs at "
                f"least {SHORTEST}. Choose a longer one, or unset {PASSWORD} to have none."
            )
        self._digest = _digest(password) if password else None
        self._clock = clock
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)
        self._lock = threading.Lock()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Administrator:
        """Read LATTICE_LAB_ADMIN_PASSWORD, or the file LATTICE_LAB_ADMIN_PASSWORD_FILE.

        Raises
        ------
        SetupError
            The file cannot be read, or the password is too short.
        """
        file = environment.get(PASSWORD_FILE, "")
        if not file:
            return cls(environment.get(PASSWORD, ""))
        try:
            password = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(
                f"{PASSWORD_FILE} names {file!r}, which cannot be read: {error}. Correct it "
                "or unset it."
            ) from error
        if not password:
            raise SetupError(f"The file {file!r} that {PASSWORD_FILE} names is empty.")
        return cls(password)

    @property
    def exists(self) -> bool:
        """Whether the server was started with a password."""
        return self._digest is not None

    def admit(self, password: str) -> None:
        """Accept the right password.

        Raises
        ------
        AccessError
            It is wrong, there is none, or too many wrong ones came lately.
        """
        with self._lock:
            self._require_patience()
            if self._digest is None or not hmac.compare_digest(self._digest, _digest(password)):
                self._wrong.append(self._clock())
                raise AccessError("This is not the administrator's password.")
            self._wrong.clear()

    def _require_patience(self) -> None:
        if len(self._wrong) < MOST_WRONG:
            return
        wait_s = self._wrong[0] + WINDOW_S - self._clock()
        if wait_s > 0:
            raise AccessError(
                f"There were {MOST_WRONG} wrong passwords within a minute. Try again in "
                f"{wait_s + 0.5:.0f} s."
            )
