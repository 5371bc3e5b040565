from __future__ import annotations

import numpy as np
import pytest
import spglib

from mlpcore.errors import SpecError
from properties import reference, symmetry
from properties.elasticity import laue, moduli, voigt
from properties.elasticity.patterns import stiffness_gpa
from properties.examples import example, example_names

ENTRIES = reference.references()
MEASURED = [entry for entry in ENTRIES if entry.kind == "experiment"]


def named(entry: reference.Reference) -> str:
    return f"{entry.formula}-{entry.space_group_numbers[0]}-{entry.kind}"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_says_what_it_is_and_where_it_is_from(entry):
    assert len(entry.source) > 20
    assert entry.evidence in ("stored", "textbook")
    assert entry.kind in ("experiment", "PBE")
    assert (entry.temperature_k is None) == (entry.kind == "PBE")
    assert entry.bulk_modulus_gpa > 0
    classes = {reference.laue_class(number) for number in entry.space_group_numbers}
    assert classes == {entry.laue_class}


def test_no_crystal_has_two_entries_of_a_kind():
    keys = [(e.formula, n, e.kind) for e in ENTRIES for n in e.space_group_numbers]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("entry", MEASURED, ids=named)
def test_constants_suffice_for_the_class_and_are_stable(entry):
    tensor = stiffness_gpa(entry.constants_gpa, entry.laue_class)
    assert moduli.is_stable(tensor)
    assert laue.independent_constants(tensor, entry.laue_class) == entry.constants_gpa
    assert set(entry.sign_undecided) <= set(entry.constants_gpa)


@pytest.mark.parametrize("entry", MEASURED, ids=named)
def test_constants_whose_sign_depends_on_axes_are_marked(entry):
    signed = set(entry.constants_gpa) & {"C14", "C15", "C16", "C25", "C35", "C46"}
    assert signed == set(entry.sign_undecided)


PUBLISHED_MODULI = {
    ("SiO2", 15): (113.7, 61.6),  # Weidner & Carleton 1977
    ("MgO", 225): (163.9, 131.0),  # Sumino 1976: K; G within its spread
    ("C", 227): (442.0, 535.0),  # Ioffe Institute: K
    ("MgAl2O4", 227): (197.9, 108.5),  # Bass 1995
    ("GaN", 186): (210.0, 120.0),  # Polian 1996: K
    ("ZrO2", 14): (187.0, 93.0),  # Chan 1991
}


@pytest.mark.parametrize(("crystal", "published"), PUBLISHED_MODULI.items())
def test_moduli_from_the_constants_are_those_that_the_papers_state(crystal, published):
    (found,) = (r for r in reference.matches(*crystal) if r.kind == "experiment")
    assert (found.bulk_modulus_gpa, found.shear_modulus_gpa) == pytest.approx(
        published, rel=0.01
    )


@pytest.mark.parametrize("entry", MEASURED, ids=named)
def test_measured_and_pbe_bulk_moduli_are_alike(entry):
    """A number that slipped, a factor of ten say, would show."""
    for pbe in reference.matches(entry.formula, entry.space_group_numbers[0]):
        assert pbe.bulk_modulus_gpa == pytest.approx(entry.bulk_modulus_gpa, rel=0.25)


@pytest.mark.parametrize("formula", ["TiO2", "O2Ti", "Ti2O4"])
def test_a_formula_may_be_written_in_any_order(formula):
    kinds = [found.kind for found in reference.matches(formula, 136)]
    assert kinds == ["PBE", "experiment"]


def test_another_polymorph_or_another_crystal_is_none():
    assert reference.matches("TiO2", 141) == ()
    assert reference.matches("CO", 227) == ()


def test_both_hands_of_quartz_are_found():
    assert reference.matches("SiO2", 152) == reference.matches("SiO2", 154)
    assert len(reference.matches("SiO2", 152)) == 2


@pytest.mark.parametrize("name", sorted(set(example_names()) - {"FeS2", "BaTiO3"}))
def test_an_example_has_its_measurement(name):
    shown = example(name)
    found = reference.matches(shown.crystal.formula, shown.space_group_number)
    assert "experiment" in {entry.kind for entry in found}
    assert {entry.laue_class for entry in found} == {
        laue.LAUE_CLASS[symmetry.analyse(shown.crystal).point_group]
    }


def test_laue_class_of_every_space_group():
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        expected = laue.LAUE_CLASS[kind.pointgroup_international]
        assert reference.laue_class(kind.number) == expected


def test_differences_are_relative_to_the_reference():
    (silicon,) = (r for r in reference.matches("Si", 227) if r.kind == "experiment")
    (first, last) = reference.compare({"C11": 2 * 165.7, "B": 1.0, "other": 3.0}, silicon)
    assert (first.name, first.reference) == ("C11", 165.7)
    assert first.percent == pytest.approx(100)
    assert last.name == "B"
    assert last.percent == pytest.approx(-98.98, abs=0.01)


def test_an_undecided_sign_is_compared_by_magnitude():
    (quartz,) = (r for r in reference.matches("SiO2", 154) if r.kind == "experiment")
    for sign in (1, -1):
        (difference,) = reference.compare({"C14": sign * 20.0}, quartz)
        assert difference == reference.Difference(
            "|C14|", 20.0, 17.8, pytest.approx(12.36, 1e-3)
        )


STANDARD_GROUP = {
    **{"-1": 1, "2/m": 3, "mmm": 16, "4/m": 75, "4/mmm": 89, "-3": 143},
    **{"-3m": 150, "6/m": 168, "6/mmm": 177, "m-3": 195, "m-3m": 207},
}
"""A space group of each class whose axes lie as the standard wants: 321, not 312."""


def standard_rotations(laue_class):
    """Proper rotations of a class as Cartesian matrices in its IEEE axes."""
    number = STANDARD_GROUP[laue_class]
    hall = next(h for h in range(1, 531) if spglib.get_spacegroup_type(h).number == number)
    rotations = spglib.get_symmetry_from_database(hall)["rotations"]
    hexagonal = laue_class in ("-3", "-3m", "6/m", "6/mmm")
    columns = np.array([[1, -0.5, 0], [0, np.sqrt(0.75), 0], [0, 0, 1]])
    lattice = columns if hexagonal else np.eye(3)
    cartesian = [lattice @ w @ np.linalg.inv(lattice) for w in rotations]
    return np.array([r for r in cartesian if np.linalg.det(r) > 0])


@pytest.mark.parametrize("laue_class", laue.INDEPENDENT)
def test_the_tensor_of_a_class_has_its_symmetry_and_nothing_more(laue_class):
    random = np.random.default_rng(1)
    constants = {f"C{ij}": float(random.normal()) for ij in laue.INDEPENDENT[laue_class]}
    tensor = stiffness_gpa(constants, laue_class)
    rotations = standard_rotations(laue_class)
    for rotation in rotations:
        np.testing.assert_allclose(voigt.rotate(tensor, rotation), tensor, atol=1e-12)
    assert len(laue.invariant_basis(rotations)) == len(constants)


@pytest.mark.parametrize(
    "constants", [{}, {"C11": 1.0}, dict.fromkeys(("C11", "C12", "C13", "C44"), 1.0)]
)
def test_missing_or_foreign_constants_are_refused(constants):
    with pytest.raises(SpecError, match="needs C11, C12, C44; got"):
        stiffness_gpa(constants, "m-3m")
