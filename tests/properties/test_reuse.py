"""What of one calculation holds for another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlpcore.errors import SpecError
from properties.crystal import Crystal
from properties.reuse import stages_that_hold
from properties.spec import STAGES, Spec
from properties.vibrations.born import BornCharges

CRYSTAL = Crystal(3.0 * np.eye(3), np.array([29]), np.zeros((1, 3)))
SPEC = Spec(CRYSTAL, elastic_pressures_gpa=(5.0,), compare_models=("chgnet-0.3.0",))
BORN = BornCharges(np.eye(3), np.zeros((1, 3, 3)), "a test")


def test_the_same_calculation_holds_whole():
    assert stages_that_hold(SPEC, replace(SPEC, name="another label")) == SPEC.properties


def test_charges_change_all_that_vibrates():
    assert stages_that_hold(SPEC, replace(SPEC, born=BORN)) == (
        *("relax", "elastic", "elastic_pressure", "elastic_models"),
    )


def test_other_pressures_and_models_change_their_own_stage_only():
    others = replace(SPEC, elastic_pressures_gpa=(7.0,))
    assert set(SPEC.properties) - set(stages_that_hold(SPEC, others)) == {"elastic_pressure"}
    others = replace(SPEC, compare_models=("sevennet-0",))
    assert set(SPEC.properties) - set(stages_that_hold(SPEC, others)) == {"elastic_models"}


def test_one_stage_more_leaves_all_others():
    more = replace(SPEC, properties=(*SPEC.properties, "soft_mode"))
    assert stages_that_hold(SPEC, more) == SPEC.properties


def test_expansion_is_computed_anew_once_there_are_elastic_constants():
    before = Spec(CRYSTAL, properties=("relax", "phonons", "thermal"))
    assert stages_that_hold(before, replace(before, properties=STAGES)) == ("relax", "phonons")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "sevennet-0"),
        ("preset", "quick"),
        ("pressure_gpa", 1.0),
        ("engine", "upstream"),
        ("structure", Crystal(3.1 * np.eye(3), np.array([29]), np.zeros((1, 3)))),
    ],
)
def test_nothing_holds_for_another_crystal_or_model(name, value):
    with pytest.raises(SpecError, match=f"differ in {name}: nothing"):
        stages_that_hold(SPEC, replace(SPEC, **{name: value}))
