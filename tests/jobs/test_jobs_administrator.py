"""Who is the administrator, and what guessing leads to."""

from __future__ import annotations

import pytest

from jobs.administrator import MOST_WRONG, WINDOW_S, Administrator, without_password
from jobs.errors import AccessError, SetupError

RIGHT = "correct horse battery"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_right_password_is_accepted_and_any_other_is_not():
    known = Administrator(RIGHT)
    known.admit(RIGHT)
    for wrong in ("", RIGHT[:-1], f"{RIGHT} ", "корова", "\ud800"[:0]):
        with pytest.raises(AccessError, match="not the administrator's password"):
            Administrator(RIGHT).admit(wrong)


def test_without_a_password_nobody_is_administrator():
    nobody = Administrator.from_environment({})
    assert not nobody.exists
    with pytest.raises(AccessError):
        nobody.admit("")


def test_guessing_ends_after_a_few_tries_even_for_the_right_word():
    clock = Clock()
    known = Administrator(RIGHT, clock)
    for _ in range(MOST_WRONG):
        with pytest.raises(AccessError, match="not the administrator"):
            known.admit("guess")
    clock.now = 20.0
    with pytest.raises(AccessError, match=r"Try again in 4[01] s"):
        known.admit(RIGHT)
    clock.now = WINDOW_S + 0.1
    known.admit(RIGHT)


def test_the_password_may_be_in_a_file(tmp_path):
    file = tmp_path / "password"
    file.write_text(f"{RIGHT}\n")
    Administrator.from_environment({"LATTICE_LAB_ADMIN_PASSWORD_FILE": str(file)}).admit(RIGHT)
    file.write_text("\n")
    with pytest.raises(SetupError, match="is empty"):
        Administrator.from_environment({"LATTICE_LAB_ADMIN_PASSWORD_FILE": str(file)})
    with pytest.raises(SetupError, match="cannot be read"):
        Administrator.from_environment({"LATTICE_LAB_ADMIN_PASSWORD_FILE": str(tmp_path)})


def test_a_short_password_is_refused_without_being_repeated():
    with pytest.raises(SetupError, match="has 6 characters; it needs at least 12") as told:
        Administrator.from_environment({"LATTICE_LAB_ADMIN_PASSWORD": "secret"})
    assert "secret" not in str(told.value)


def test_processes_that_compute_never_get_the_password():
    environment = {"LATTICE_LAB_ADMIN_PASSWORD": RIGHT, "PATH": "/bin"}
    assert without_password(environment) == {"PATH": "/bin"}


def test_the_password_is_not_kept_in_words():
    assert RIGHT not in repr(vars(Administrator(RIGHT)))
