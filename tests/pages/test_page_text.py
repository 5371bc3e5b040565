"""How numbers and times are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pages.ui import text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (154.3456, "154.3 GPa"),
        (-0.04, "0.0 GPa"),
        (-12.34, "−12.3 GPa"),
        (float("nan"), "—"),
        (None, "—"),
    ],
)
def test_fixed(value, expected):
    assert text.fixed(value, 1, "GPa") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.00123, "0.00123"),
        (1.234e-7, "1.23 × 10⁻⁷"),
        (-2.5, "−2.5"),
        (1.9999, "2.00"),
        (131.4, "131"),
        (131400.0, "131000"),
        (2.5e8, "2.5 × 10⁸"),
    ],
)
def test_short(value, expected):
    assert text.short(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(1.98, "2.0"), (2.0, "2"), (128.0, "130"), (1.26e-5, "1.3 × 10⁻⁵")]
)
def test_two_digits_stay_two(value, expected):
    assert text.short(value, digits=2) == expected


def test_one_digit_is_one_digit():
    assert text.short(1.26e-5, digits=1) == "1 × 10⁻⁵"
    assert text.short(1.26, digits=1) == "1"


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [(0.0143, "1.43 %"), (0.09994, "9.99 %"), (0.09999, "10 %"), (1.7219, "172 %")],
)
def test_shares_above_a_tenth_have_no_decimals(fraction, expected):
    assert text.share(fraction) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.4, "less than 1 s"),
        (59.6, "1 min 0 s"),
        (95, "1 min 35 s"),
        (1800, "30 min"),
        (7260, "2 h 1 min"),
    ],
)
def test_duration(seconds, expected):
    assert text.duration(seconds) == expected


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_age(ago, expected):
    assert text.age(datetime.now(UTC) - ago) == expected


def test_formula_and_space_group():
    assert text.formula("Al2O3") == "Al₂O₃"
    assert text.space_group("Fd-3m") == "Fd3\u0305m"
    assert text.space_group("R-3c") == "R3\u0305c"
    assert text.space_group("P6_3/mmc") == "P6₃/mmc"


def test_crystal_direction_and_indices_of_symbols():
    assert text.miller((1, -1, 0)) == "[1 −1 0]"
    assert text.symbols("Bulk modulus B_V (Voigt)") == r"Bulk modulus $B_{\mathrm{V}}$ (Voigt)"
    assert text.symbols("Universal anisotropy A^U") == r"Universal anisotropy $A^{\mathrm{U}}$"
    assert text.symbols("Cauchy pressure C12 − C44") == "Cauchy pressure C12 − C44"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Lowest -3.65 THz (limit -0.1 THz).", "Lowest −3.65 THz (limit −0.1 THz)."),
        (
            "Largest force 2.4e-05 eV/Å (limit 1e+03).",
            "Largest force 2.4 × 10⁻⁵ eV/Å (limit 1 × 10³).",
        ),
        ("Lowest -0.00 THz, not -0.004 or -0.", "Lowest 0.00 THz, not −0.004 or 0."),
        ("Fd-3m before, P-1 after; 10-20 atoms", "Fd-3m before, P-1 after; 10-20 atoms"),
    ],
)
def test_sentences_write_numbers_as_on_paper(written, shown):
    assert text.sentence(written) == shown
