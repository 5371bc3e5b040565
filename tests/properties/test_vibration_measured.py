from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcore.errors import MLPError
from properties.reference_vibrations import QUANTITIES
from properties.vibrations.measured import MAX_BYTES, read_curve, read_points

HEAT = "heat_capacity_p_j_per_mol_atoms_k"
LABELS = {"GAMMA": (0, 0, 0), "X": (0.5, 0, 0.5), "L": (0.5, 0.5, 0.5)}


@pytest.mark.parametrize(
    "text",
    [
        "T (K); alpha (1e-6/K)\n100; 1.5\n300; 2.5\n",
        "T (K), alpha (10^-6/K)\n300, 2.5\n100, 1.5\n",
        "T (K),alpha (10⁻⁶/K)\n100,1.5\n300,2.5",
        "T [K]\talpha [ppm/K]\n100\t1,5\n300\t2,5\n",
        "# T (K)  alpha (1e-6/K)\n100 1,5\n300 2,5\n",
        "﻿T/K; alpha/10⁻⁶/K\r\n\r\n% first\r\n100;1,5;0,1\r\n300;2,5;0,1\r\n",
        "T (K); alpha (1/K)\n100; 1.5e-6\n300; 2.5D-6\n",
        '"T (°C)";"alpha (1e-6/K)"\n−173,15;1,5\n26,85;2,5\n',
        "T_C;alpha (µ/K)\n-173.15;1.5\n26.85;2.5\n",
    ],
)
def test_the_same_curve_in_many_spellings(text):
    for given_text in (text, text.encode()):
        found = read_curve(given_text, "alpha_linear_a", "mine")
        assert found.temperatures_k == pytest.approx([100, 300])
        assert found.values == pytest.approx([1.5e-6, 2.5e-6])
        assert found.source == "mine"


def test_latin_letters_of_an_old_program_are_read():
    found = read_curve("T (°C); Cp (J/mol/K)\n25; 24,2\n".encode("latin-1"), HEAT)
    assert found.temperatures_k == pytest.approx([298.15])
    assert found.values == pytest.approx([24.2])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row of numbers"),
        ("T (K); alpha\n", "no row of numbers"),
        ("100; 1.5\n", "K or °C"),
        ("T; alpha (ppm)\n100; 1.5\n", "K or °C"),
        ("T (K); alpha\n100; 1.5\n", "write 1e-6/K in the header"),
        ("T (K); alpha (ppm)\n-5; 1.5\n", "-5 K is not a temperature"),
        ("T (°C); alpha (ppm)\n-300; 1.5\n", "is not a temperature"),
        ("T (K); alpha (ppm)\n100; 1.5\n200; n/a\n", "Line 3: 'n/a' is not a number"),
        ("T (K); alpha (ppm)\n100; 1.5\n200\n", "Line 3: 2 columns are needed, got 1"),
        ("T (K), alpha (ppm)\n100,5,2,5\n", "semicolons"),
        ("T (K); alpha (ppm)\n100; 1e999\n", "is not a number"),
        ("T (K)\n" + "1; 1e-6\n" * (MAX_BYTES // 8 + 1), "at most"),
    ],
)
def test_a_bad_curve_is_told_what_is_wrong(text, said):
    with pytest.raises(MLPError, match=said):
        read_curve(text, "alpha_linear_a")


def test_a_heat_capacity_out_of_reach_and_an_unknown_quantity():
    with pytest.raises(MLPError, match="per mole of atoms"):
        read_curve("T (K); Cp\n300; 24200\n", HEAT)
    with pytest.raises(MLPError, match="not a quantity"):
        read_curve("T (K); Cp\n300; 24\n", "colour")


@pytest.mark.parametrize(
    "text",
    [
        "q1; q2; q3; frequency (THz)\n0; 0; 0; 15.5\n0,5; 0; 0,5; 4.5\n",
        "point, frequency (THz)\nΓ, 15.5\nX TA, 4.5\n",
        "# label  THz\nG 15,5\nX 4,5\n",
        "point; meV\nGAMMA; 64.1028\nx; 18.6105\n",
        "point; wavenumber (cm-1)\nΓ optical; 517.024\nX; 150.104\n",
    ],
)
def test_the_same_points_in_many_spellings(text):
    found = read_points(text, LABELS)
    assert found.q == pytest.approx(np.array([[0, 0, 0], [0.5, 0, 0.5]]))
    assert found.frequency_thz == pytest.approx([15.5, 4.5], rel=1e-4)
    assert len(found.names) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("point; frequency\nX; 4.5\n", "unit of the frequencies"),
        ("point; THz\nW; 4.5\n", "Its points are GAMMA, L, X"),
        ("point; THz\n0; 0; 4.5\n", "got 3 columns"),
        ("q; THz\n0; 0; 0; 4500\n", "Check the unit"),
        ("THz\nX; 4\n0; a; 0; 4\n", "Line 3: 'a' is not a number"),
    ],
)
def test_bad_points_are_told_what_is_wrong(text, said):
    with pytest.raises(MLPError, match=said):
        read_points(text, LABELS)


PIECES = st.sampled_from(
    (
        *("T (K)", "°C", "THz", "alpha", ";", ",", "\t", " ", "\n", "#", "1", "2.5", "-", "e"),
        *("−", "1e-6", "Γ", "X", "nan", "inf", '"', "\x00", "٣", "1,5", "300", "."),
    )
)


def outcome(read):
    """The sentence of a refusal, or the numbers."""
    try:
        return read()
    except MLPError as error:
        return str(error)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.binary(), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_gives_numbers_or_a_sentence(text):
    for read in (
        lambda: read_curve(text, "alpha_volume").values,
        lambda: read_points(text, LABELS).frequency_thz,
    ):
        found = outcome(read)
        if isinstance(found, str):
            assert found.endswith(".")
        else:
            assert found.ndim == 1
            assert np.isfinite(found).all()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 5000), st.floats(-900, 900)), min_size=1, max_size=20),
    st.sampled_from([";", "\t", ", ", " "]),
    st.booleans(),
)
def test_what_is_written_is_read(rows, separator, decimal_comma):
    lines = [f"{t!r}{separator}{value!r}" for t, value in rows]
    if decimal_comma and separator != ", ":
        lines = [line.replace(".", ",") for line in lines]
    found = read_curve("\n".join(["T (K)", *lines]), HEAT)
    order = np.argsort([t for t, _ in rows], kind="stable")
    assert found.temperatures_k == pytest.approx(np.array(rows)[order, 0])
    assert found.values == pytest.approx(np.array(rows)[order, 1])
    assert found.quantity in QUANTITIES
