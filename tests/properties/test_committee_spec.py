"""When members are carried through, and what that changes in a calculation's name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlpcore import registry
from mlpcore.errors import SpecError
from properties.crystal import Crystal
from properties.reuse import stages_that_hold
from properties.spec import STAGES, Spec
from properties.vibrations.born import BornCharges

CRYSTAL = Crystal(3.0 * np.eye(3), np.array([29]), np.zeros((1, 3)))


@pytest.fixture
def members(monkeypatch):
    """Give every registered model four members."""
    known = registry.info
    monkeypatch.setattr(registry, "info", lambda name: replace(known(name), n_members=4))


def test_a_single_model_has_no_such_stage():
    assert Spec(CRYSTAL).properties == STAGES
    assert not Spec(CRYSTAL).has_members


def test_asking_for_members_of_a_single_model_is_refused():
    with pytest.raises(SpecError, match="is a single model, and a committee needs at least 2"):
        Spec(CRYSTAL, properties=("relax", "committee"))


@pytest.mark.usefixtures("members")
def test_members_come_last_unless_they_are_switched_off():
    whole = Spec(CRYSTAL, elastic_pressures_gpa=(5.0,))
    assert whole.properties == (*STAGES, "elastic_pressure", "committee")
    assert replace(whole, committee=False).properties == (*STAGES, "elastic_pressure")
    assert replace(whole, committee=False).sha256 != whole.sha256
    assert Spec.from_dict(whole.to_dict()).sha256 == whole.sha256


def test_calculations_keep_the_names_that_they_had_before():
    spec = Spec(CRYSTAL)
    assert replace(spec, committee=False).sha256 == spec.sha256
    older = spec.to_dict()
    del older["committee"]
    assert Spec.from_dict(older).sha256 == spec.sha256


@pytest.mark.usefixtures("members")
def test_what_was_computed_without_members_holds_with_them():
    without = Spec(CRYSTAL, committee=False)
    assert stages_that_hold(without, replace(without, committee=True)) == STAGES


@pytest.mark.usefixtures("members")
def test_members_are_asked_anew_for_other_charges_and_further_stages():
    before = Spec(CRYSTAL, properties=("relax", "phonons"))
    more = replace(before, properties=(*before.properties, "elastic"))
    assert stages_that_hold(before, more) == ("relax", "phonons")
    born = BornCharges(np.eye(3), np.zeros((1, 3, 3)), "a test")
    assert stages_that_hold(before, replace(before, born=born)) == ("relax",)
