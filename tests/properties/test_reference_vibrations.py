from __future__ import annotations

import numpy as np
import pytest

from properties import reference_vibrations as known
from properties import symmetry
from properties.examples import example, example_names

CRYSTALS = known.crystals()
POINTS = [(crystal, entry) for crystal in CRYSTALS for entry in known.points(*crystal)]
CURVES = [(crystal, entry) for crystal in CRYSTALS for entry in known.curves(*crystal)]
SHOWN = [example(name) for name in example_names()]
HEAT = "heat_capacity_p_j_per_mol_atoms_k"
DULONG_PETIT = 24.943
"""3 R, J/(mol K)."""

HIGHEST_THZ = {"C": 40.5, "SiO2": 38.0}
"""Light or strongly bound crystals reach further than the rest."""


def named(pair) -> str:
    (formula, number), entry = pair
    kind = entry.quantity if isinstance(entry, known.MeasuredCurve) else entry.label
    return f"{formula}-{number}-{kind}"


def curve(formula: str, number: int, quantity: str, kelvin: float) -> list[float]:
    """Values of every source that covers a temperature."""
    return [
        float(np.interp(kelvin, one.temperatures_k, one.values))
        for one in known.curves(formula, number)
        if one.quantity == quantity
        and one.temperatures_k[0] - 3 <= kelvin <= one.temperatures_k[-1] + 3
    ]


@pytest.mark.parametrize("pair", POINTS + CURVES, ids=named)
def test_an_entry_says_where_it_is_from(pair):
    _, entry = pair
    assert len(entry.source) > 15
    assert entry.evidence in ("stored", "textbook")
    assert ("recalled" in entry.source) == (entry.evidence == "textbook") or (
        "Ioffe" in entry.source or "line" in entry.source or "reflection" in entry.source
    )


@pytest.mark.parametrize("pair", POINTS, ids=named)
def test_frequencies_are_those_of_a_crystal(pair):
    (formula, _), entry = pair
    assert entry.q.shape == (len(entry.names), 3)
    assert entry.frequency_thz.shape == (len(entry.names),)
    assert (entry.frequency_thz > 1.5).all()
    assert (entry.frequency_thz < HIGHEST_THZ.get(formula, 28.0)).all()
    assert 4 <= entry.temperature_k <= 300
    with pytest.raises(ValueError, match="read-only"):
        entry.frequency_thz[0] = 0.0


@pytest.mark.parametrize("shown", SHOWN, ids=lambda one: one.crystal.formula)
def test_points_lie_where_the_band_path_of_the_crystal_has_them(shown):
    labels = symmetry.band_path(symmetry.analyse(shown.crystal).primitive).points
    for entry in known.points(shown.crystal.formula, shown.space_group_number):
        for name, q in zip(entry.names, entry.q, strict=True):
            point = name.split()[0].replace("Γ", "GAMMA")
            assert q == pytest.approx(labels[point]), name


@pytest.mark.parametrize("shown", SHOWN, ids=lambda one: one.crystal.formula)
def test_no_point_has_more_frequencies_than_modes(shown):
    modes = 3 * len(symmetry.analyse(shown.crystal).primitive)
    for entry in known.points(shown.crystal.formula, shown.space_group_number):
        for point in {tuple(q) for q in entry.q}:
            assert (entry.q == point).all(axis=1).sum() <= modes


@pytest.mark.parametrize("pair", CURVES, ids=named)
def test_a_curve_is_in_order_and_in_its_unit(pair):
    _, entry = pair
    assert entry.quantity in known.QUANTITIES
    assert entry.values.shape == entry.temperatures_k.shape
    assert (np.diff(entry.temperatures_k) > 0).all()
    assert entry.temperatures_k[0] > 0
    assert entry.temperatures_k[-1] <= 1000
    if entry.quantity == HEAT:
        assert (entry.values > 0.1).all()
        assert (entry.values < 1.4 * DULONG_PETIT).all()
        assert (np.diff(entry.values) > 0).all()
    else:
        assert (np.abs(entry.values) < 2e-4).all()
        assert np.abs(entry.values).max() > 4e-7


@pytest.mark.parametrize(
    ("crystal", "kelvin"),
    [(("Si", 227), 298.15), (("Si", 227), 800), (("Al", 225), 298.15)],
)
def test_two_sources_of_a_heat_capacity_agree(crystal, kelvin):
    values = curve(*crystal, HEAT, kelvin)
    assert max(values) / min(values) < 1.02


@pytest.mark.parametrize(
    ("crystal", "tabulated"),
    [
        (("Al", 225), 24.2),
        (("Cu", 225), 24.44),
        (("NaCl", 225), 50.5 / 2),
        (("MgO", 225), 37.4 / 2),
        (("CaF2", 225), 67.0 / 3),
        (("TiO2", 136), 55.0 / 3),
        (("Al2O3", 167), 79.0 / 5),
        (("SiO2", 154), 44.4 / 3),
        (("Mg", 194), 24.87),
    ],
)
def test_heat_capacities_from_polynomials_are_those_of_the_handbook(crystal, tabulated):
    """A coefficient with a wrong exponent or a cell counted wrongly would show."""
    assert curve(*crystal, HEAT, 298.15)[0] == pytest.approx(tabulated, rel=0.01)


@pytest.mark.parametrize(
    ("crystal", "kelvin", "rel"),
    [
        (("Al", 225), 298, 0.02),
        (("Cu", 225), 298, 0.02),
        (("W", 229), 298, 0.02),
        (("Si", 227), 293, 0.03),
        (("Si", 227), 200, 0.05),
    ],
)
def test_two_sources_of_an_expansion_agree(crystal, kelvin, rel):
    values = curve(*crystal, "alpha_linear_a", kelvin)
    assert len(values) == 2
    assert values[0] == pytest.approx(values[1], rel=rel)


@pytest.mark.parametrize(
    ("crystal", "axes"),
    [(("NaCl", 225), "aaa"), (("Al2O3", 167), "aac"), (("Mg", 194), "aac")],
)
def test_linear_expansions_add_up_to_that_of_the_volume(crystal, axes):
    linear = sum(curve(*crystal, f"alpha_linear_{axis}", 298)[0] for axis in axes)
    volume = np.mean(curve(*crystal, "alpha_volume", 298))
    assert linear == pytest.approx(volume, rel=0.04)


def test_two_sources_of_the_volume_expansion_of_magnesia_agree():
    first, second = curve("MgO", 225, "alpha_volume", 300)
    assert first == pytest.approx(second, rel=0.02)


def test_silicon_contracts_on_warming_when_it_is_cold():
    cold = curve("Si", 227, "alpha_linear_a", 80)
    assert cold == [pytest.approx(-0.472e-6)]
    assert min(curve("Si", 227, "alpha_linear_a", 200)) > 1e-6


@pytest.mark.parametrize("formula", ["NaCl", "MgO", "GaAs"])
def test_longitudinal_modes_lie_above_transverse_ones(formula):
    number = 216 if formula == "GaAs" else 225
    values = {
        name: float(frequency)
        for entry in known.points(formula, number)
        for name, frequency in zip(entry.names, entry.frequency_thz, strict=True)
    }
    assert values["Γ LO"] > values["Γ TO"]


def test_the_raman_line_of_silicon_in_terahertz():
    _, raman = known.points("Si", 227)
    assert raman.frequency_thz == pytest.approx([15.604], abs=1e-3)


@pytest.mark.parametrize("formula", ["TiO2", "O2Ti", "Ti2O4"])
def test_a_formula_may_be_written_in_any_order(formula):
    assert len(known.points(formula, 136)) == 1
    assert {one.quantity for one in known.curves(formula, 136)} == {
        HEAT,
        "alpha_linear_a",
        "alpha_linear_c",
    }


def test_another_polymorph_has_none_and_both_hands_of_quartz_the_same():
    assert known.points("TiO2", 141) == known.curves("TiO2", 141) == ()
    left, right = (known.curves("SiO2", number) for number in (152, 154))
    assert [one.source for one in left] == [one.source for one in right]


def test_every_crystal_is_an_example():
    examples = {(one.crystal.formula, one.space_group_number) for one in SHOWN}
    assert {crystal for crystal in CRYSTALS if crystal != ("SiO2", 152)} <= examples
