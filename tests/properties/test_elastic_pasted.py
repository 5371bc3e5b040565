"""Tensors from text: what is accepted, what is said, and which form is recognised."""

from __future__ import annotations

import contextlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcore.errors import TensorError
from properties.elasticity import forms, laue, pasted, voigt
from tests.properties import tensors

GPA = st.integers(-9_999, 9_999).map(lambda n: n / 10)
ROWS = st.lists(st.lists(GPA, min_size=6, max_size=6), min_size=6, max_size=6)


def written(matrix, between=" ", end="\n"):
    return end.join(between.join(f"{x:.10g}" for x in row) for row in matrix)


def check(found, code):
    (one,) = (c for c in found.checks if c.code == code)
    return one


def symmetric(rows):
    upper = np.triu(np.array(rows))
    return upper + np.triu(upper, 1).T


def each(matrix, form):
    """Rows of numbers in a format of their own."""
    return "\n".join(" ".join(form(x) for x in row) for row in matrix)


def comma(x):
    return f"{x:.1f}".replace(".", ",")


DRESSES = {
    "blanks": written,
    "tabs": lambda m: written(m, "\t", "\r\n"),
    "commas": lambda m: written(m, ","),
    "commas and blanks": lambda m: written(m, ", "),
    "semicolons": lambda m: written(m, ";"),
    "a single row": lambda m: written(m, " ", " "),
    "Python": lambda m: repr(m.tolist()),
    "numpy": lambda m: f"np.array({m.tolist()!r})",
    "numpy printed": str,
    "Mathematica": lambda m: repr(m.tolist()).replace("[", "{").replace("]", "}"),
    "LaTeX": lambda m: written(m, " & ", r" \\ "),
    "Markdown": lambda m: "\n".join("| " + " | ".join(map(str, row)) + " |" for row in m),
    "decimal commas": lambda m: each(m, comma),
    "decimal commas and semicolons": lambda m: written(m, ";").replace(".", ","),
    "decimal commas and commas": lambda m: ", ".join(comma(x) for x in m.ravel()),
    "Fortran exponents": lambda m: each(m, lambda x: f"{x:.6E}".replace("E", "D")),
    "typographic minus": lambda m: written(m).replace("-", "−"),
    "a heading": lambda m: "Stiffness in GPa:\n\n" + written(m) + "\n",
    "units": lambda m: written(m, " GPa ") + " GPa",
    "standard deviations": lambda m: each(m, lambda x: f"{x:.1f}(3)"),
    "plus or minus": lambda m: each(m, lambda x: f"{x:.1f} ± 0.3"),
}


@pytest.mark.parametrize("dress", DRESSES)
@settings(max_examples=25)
@given(rows=ROWS.filter(lambda rows: np.array(rows).any()))
def test_36_numbers_are_read_in_any_dress(dress, rows):
    matrix = symmetric(rows)
    if not matrix.any():
        return
    found = pasted.parse(DRESSES[dress](matrix))
    np.testing.assert_allclose(found.stiffness_gpa, matrix, rtol=1e-6)
    assert found.asymmetry_gpa == pytest.approx(0, abs=1e-9)


@given(ROWS)
def test_triangles_are_completed(rows):
    matrix = symmetric(rows) + 10_000 * np.eye(6)
    upper = "\n".join(" ".join(map(str, matrix[i, i:])) for i in range(6))
    lower = "\n".join(" ".join(map(str, matrix[i, : i + 1])) for i in range(6))
    for text, side in (
        (upper, "upper"),
        (lower, "lower"),
        (upper.replace("\n", " "), "upper"),
        (upper.replace(" ", "\n"), "upper"),
    ):
        found = pasted.parse(text)
        np.testing.assert_array_equal(found.stiffness_gpa, matrix)
        assert found.notes == (f"Read as the {side} triangle and completed by symmetry.",)
    half = pasted.parse(written(np.triu(matrix)))
    np.testing.assert_array_equal(half.stiffness_gpa, matrix)


@given(ROWS)
def test_the_symmetric_part_is_taken(rows):
    matrix = np.array(rows) + 100 * np.eye(6)
    if np.tril(matrix, -1).any() and np.triu(matrix, 1).any():
        found = pasted.parse(written(matrix))
        np.testing.assert_allclose(found.stiffness_gpa, (matrix + matrix.T) / 2)
        assert found.asymmetry_gpa == pytest.approx(np.abs(matrix - matrix.T).max())


def test_a_slip_on_one_side_is_named_with_both_values():
    text = written(tensors.QUARTZ).replace("11.91 11.91 105.75", "19.11 11.91 105.75")
    found = pasted.parse(text)
    one = check(found, "tensor_symmetric")
    assert not one.passed
    assert "C13 = 11.91 but C31 = 19.11" in one.message
    assert one.message.count("but") == 1
    assert found.asymmetry_gpa == pytest.approx(7.2)
    assert found.stiffness_gpa[0, 2] == found.stiffness_gpa[2, 0] == pytest.approx(15.51)


def test_rounding_across_the_diagonal_passes():
    """The albite table has C25 = −7.7 and C52 = −7.8."""
    found = pasted.parse(tensors.ALBITE_TEXT)
    one = check(found, "tensor_symmetric")
    assert one.passed
    assert "0.1 GPa" in one.message
    assert found.stiffness_gpa[1, 4] == pytest.approx(-7.75)


def test_an_unstable_tensor_is_read_and_fails_a_check():
    found = pasted.parse(written(tensors.cubic(100, 110, 30)))
    one = check(found, "born_stable")
    assert not one.passed
    assert "-10 GPa" in one.message
    assert found.laue_class == "m-3m"


def test_numbers_in_another_unit_are_pointed_at():
    found = pasted.parse(written(tensors.QUARTZ * 1e9))
    one = check(found, "tensor_unit")
    assert not one.passed
    assert "1e9 Pa" in one.message
    assert check(pasted.parse(written(tensors.QUARTZ)), "tensor_unit").passed


def test_a_single_sequence_that_is_better_as_a_lower_triangle_says_so():
    """Upper triangle is taken; the numbers of a lower one make an unstable tensor of it."""
    lower = "\n".join(f"{x:g}" for x in tensors.QUARTZ[np.tril_indices(6)])
    found = pasted.parse(lower)
    assert not check(found, "born_stable").passed
    upper, other = found.notes
    assert upper.startswith("Read as the upper triangle")
    assert "would be stable and of the form of Laue class -3m" in other
    assert pasted.parse(lower.replace("\n", " ")).notes == found.notes
    right = " ".join(f"{x:g}" for x in tensors.QUARTZ[np.triu_indices(6)])
    assert len(pasted.parse(right).notes) == 1


def vasp_table(matrix):
    order = [0, 1, 2, 5, 3, 4]
    labels = ["XX", "YY", "ZZ", "XY", "YZ", "ZX"]
    matrix = 10 * matrix[np.ix_(order, order)]
    rows = [
        f" {name}  {each([row], '{:.4f}'.format)}"
        for name, row in zip(labels, matrix, strict=True)
    ]
    head = [
        " TOTAL ELASTIC MODULI (kBar)",
        " Direction    " + "  ".join(labels),
        " " + "-" * 60,
    ]
    return "\n".join([*head, *rows, " " + "-" * 60])


def test_the_table_of_vasp_is_put_in_our_order_and_unit():
    found = pasted.parse(vasp_table(tensors.DIOPSIDE))
    np.testing.assert_allclose(found.stiffness_gpa, tensors.DIOPSIDE)
    (note,) = found.notes
    assert "kbar" in note
    assert found.setting == "unique axis b"


def test_half_a_table_of_vasp_is_refused():
    half = "\n".join(vasp_table(tensors.DIOPSIDE).splitlines()[:6])
    with pytest.raises(TensorError, match=r"rows XX YY ZZ of 6, 6, 6 numbers"):
        pasted.parse(half)


SIX = "1 2 3 4 5 6\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The text is empty. A stiffness has 6 rows of 6 numbers"),
        (" \n\t", "The text is empty"),
        ("a cat", "holds 0 numbers"),
        (SIX * 5 + "1 2 3 4 5", "holds 35 numbers, in rows of 6, 6, 6, 6, 6, 5"),
        (SIX * 6 + "7", "holds 37 numbers"),
        ("5", "holds 1 number."),
        (SIX * 5 + "1 2 3 4 5 six", "“six” is not a number"),
        (SIX * 5 + "1 2 3 4 5 nan", "“nan” is not a finite number"),
        ("nan nan nan nan nan nan\n" + SIX * 5, "“nan” is not a finite number"),
        (SIX * 5 + "1 2 3 4 5 1e999", "“1e999” is not a finite number"),
        (SIX * 5 + "1 2 3 4 5 1.2.3", "“1.2.3” is not a number"),
        ("C11 C12 C13 C14 C15 C16\n" + SIX * 6, "“C11” is not a number"),
        ("0 0 0 0 0 0\n" * 6, "All numbers are zero"),
        ("1 2 3 4 5 6 7\n" * 3, "rows of 7, 7, 7. A triangle of 21 numbers needs rows of"),
        ("1,5 " * 15 + "1 " * 6, "decimal commas (21 numbers) or between numbers (36)"),
        ("9 " * 20_001, "40,002 characters (limit 20,000)"),
    ],
)
def test_what_is_no_tensor_is_refused_in_a_sentence(text, message):
    with pytest.raises(TensorError) as caught:
        pasted.parse(text)
    assert message in str(caught.value)
    assert str(caught.value).endswith(".")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(TensorError):
        assert pasted.parse(text).stiffness_gpa.shape == (6, 6)


def test_goes_through_json():
    found = pasted.parse(tensors.ALBITE_TEXT)
    back = pasted.PastedTensor.from_dict(found.to_dict())
    np.testing.assert_array_equal(back.stiffness_gpa, found.stiffness_gpa)
    assert back.checks == found.checks


@pytest.mark.parametrize(
    ("stiffness", "laue_class", "names"),
    [
        (tensors.QUARTZ, "-3m", "C11 C12 C13 C33 C44 C14"),
        (tensors.CALCITE, "-3m", "C11 C12 C13 C33 C44 C14"),
        (tensors.CORUNDUM, "-3m", "C11 C12 C13 C33 C44 C14"),
        (tensors.CRISTOBALITE, "4/mmm", "C11 C12 C13 C33 C44 C66"),
        (tensors.cubic(168.4, 121.4, 75.4), "m-3m", "C11 C12 C44"),
        (tensors.uniaxial(163.7, 36.4, 53.0, 63.5, 38.8), "6/mmm", "C11 C12 C13 C33 C44"),
        (tensors.DIOPSIDE, "2/m",
         "C11 C12 C13 C15 C22 C23 C25 C33 C35 C44 C46 C55 C66"),
    ],
)  # fmt: skip
def test_published_tensors_show_their_class(stiffness, laue_class, names):
    found = pasted.parse(written(stiffness))
    assert found.laue_class == laue_class
    assert sorted(found.independent_constants()) == sorted(names.split())
    assert found.residual_gpa < 0.1


def test_a_triclinic_tensor_has_21_constants():
    found = pasted.parse(tensors.ALBITE_TEXT)
    assert (found.laue_class, found.setting) == ("-1", "")
    assert len(found.independent_constants()) == 21


@pytest.mark.parametrize("published", tensors.ELATE, ids=lambda one: one.name)
def test_tensors_of_the_materials_project_show_their_class(published):
    assert pasted.parse(written(published.stiffness)).laue_class == published.laue_class


@pytest.mark.parametrize(
    ("setting", "turn", "couplings"),
    [
        ("unique axis b", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], {"C15", "C25", "C35", "C46"}),
        ("unique axis c", [[0, 0, 1], [1, 0, 0], [0, 1, 0]], {"C16", "C26", "C36", "C45"}),
        ("unique axis a", [[0, 1, 0], [0, 0, 1], [1, 0, 0]], {"C14", "C24", "C34", "C56"}),
    ],
)
def test_a_monoclinic_tensor_in_each_setting(setting, turn, couplings):
    turned = voigt.rotate(tensors.DIOPSIDE, np.array(turn, dtype=float))
    found = pasted.parse(written(turned))
    assert (found.laue_class, found.setting) == ("2/m", setting)
    constants = found.independent_constants()
    assert len(constants) == 13
    assert couplings <= set(constants)
    assert all(abs(constants[name]) > 1 for name in couplings)


SAME_TENSOR = {"m-3": "m-3m", "6/m": "6/mmm"}


@pytest.mark.parametrize("laue_class", list(laue.INDEPENDENT))
@pytest.mark.parametrize("seed", range(5))
def test_a_random_tensor_of_each_class_is_recognised(laue_class, seed):
    half = np.random.default_rng(seed).normal(size=(6, 6))
    group = forms.rotations(laue_class, "Y" if laue_class == "2/m" else "Z")
    tensor = 100 * laue.project(half + half.T, group)
    found = forms.recognise(tensor)
    assert found.laue_class == SAME_TENSOR.get(laue_class, laue_class)
    assert found.residual_gpa < 1e-9
    noisy = forms.recognise(tensor + 0.1 * (half + half.T) / np.abs(half + half.T).max())
    assert noisy.laue_class == found.laue_class
    if laue_class != "-1":
        assert 0 < noisy.residual_gpa < 0.2


def test_in_other_axes_a_tensor_shows_a_lower_class():
    """Quartz turned about its axis has C15 as well; turned anyhow, no form at all."""
    turn = np.radians(17)
    about_z = [[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    turned = voigt.rotate(tensors.QUARTZ, np.array(about_z))
    assert forms.recognise(turned).laue_class == "-3"
    about_x = np.array(about_z)[[2, 0, 1]][:, [2, 0, 1]]
    assert forms.recognise(voigt.rotate(turned, about_x)).laue_class == "-1"


def test_classes_are_tried_from_few_to_many_constants():
    counts = [len(laue.INDEPENDENT[name]) for name, *_ in forms.TRIED]
    assert all(a <= b for a, b in itertools.pairwise(counts))
