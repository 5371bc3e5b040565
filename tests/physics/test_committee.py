"""Committees whose members differ by a known factor, carried through all stages."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from lennard_jones import LennardJones
from lennard_jones_committee import SCALES, LennardJonesCommittee, Stubborn

from mlpcore import registry
from mlpcore.errors import Cancelled, NotConvergedError
from properties import pipeline
from properties.committee import numbers
from properties.committee.result import CommitteeResult
from properties.progress import MemoryPieces, Silent
from properties.spec import STAGES, Spec
from properties.vibrations import born_model
from properties.vibrations.born import BornCharges
from tests.pages import sample

MODEL = dataclasses.replace(registry.info("sevennet-0"), n_members=len(SCALES))


@pytest.fixture
def run(monkeypatch, fcc):
    """Run the pipeline with a committee in the place of a registered model."""

    def with_committee(potential, crystal=None, monitor=None, pieces=None, files=None, **spec):
        monkeypatch.setattr("mlpcore.registry.load", lambda *_args, **_kwargs: potential)
        monkeypatch.setattr(registry, "info", lambda _name: MODEL)
        asked = Spec(crystal or fcc(), model="sevennet-0", preset="quick", **spec)
        keep = MemoryPieces() if pieces is None else pieces
        return pipeline.run(asked, monitor or Silent(), keep, files)

    return with_committee


@pytest.fixture(scope="module")
def whole(fcc, tmp_path_factory):
    """One run of all stages, and where its files are."""
    folder = tmp_path_factory.mktemp("committee")
    with pytest.MonkeyPatch.context() as patch:
        potential = LennardJonesCommittee()
        patch.setattr("mlpcore.registry.load", lambda *_args, **_kwargs: potential)
        patch.setattr(registry, "info", lambda _name: MODEL)
        spec = Spec(fcc(), model="sevennet-0", preset="quick")
        outcome = pipeline.run(spec, Silent(), MemoryPieces(), folder)
    return outcome, folder


@pytest.fixture
def members(whole):
    return whole[0].stages["committee"]


def test_members_come_last_and_all_answer(whole, members):
    assert list(whole[0].stages) == [*STAGES, "committee"]
    assert members.problems == ("", "", "")
    assert all(check.passed for check in members.checks)


def test_stiffness_follows_the_depth_of_the_well(whole, members):
    own = whole[0].stages["elastic"].stiffness_gpa
    expected = np.array(SCALES)[:, None, None] * own
    # Members are relaxed further than the committee, whose cell is off by some 1e-5.
    np.testing.assert_allclose(members.stiffness_gpa, expected, rtol=5e-4, atol=2e-3)
    bulk = members.number(numbers.BULK)
    assert bulk.spread == pytest.approx(0.04 * bulk.value, rel=1e-3)
    assert bulk.value == whole[0].stages["elastic"].moduli.bulk_vrh_gpa


def test_frequencies_follow_its_root_on_the_same_path(whole, members):
    own = whole[0].stages["phonons"].band_frequency_thz
    expected = np.sqrt(SCALES)[:, None, None] * own
    np.testing.assert_allclose(members.band_frequency_thz, expected, rtol=5e-4, atol=2e-3)
    share = np.std(np.sqrt(SCALES), ddof=1)
    doubt = share * np.abs(own)
    np.testing.assert_allclose(members.band_doubt_thz, doubt, rtol=1e-3, atol=2e-3)


def test_expansion_is_that_of_temperatures_scaled_by_the_depth(members):
    """The volume of classical atoms depends on temperature over depth alone."""
    kelvin, alphas = members.temperatures_k, members.alpha_volume_per_k
    scaled = [
        scale * np.interp(250.0 * scale, kelvin, alpha)
        for scale, alpha in zip(SCALES, alphas, strict=True)
    ]
    np.testing.assert_allclose(scaled, scaled[1], rtol=4e-3)
    assert np.ptp(alphas[:, 25]) > 0.05 * alphas[1, 25]
    found = members.number(numbers.ALPHA)
    assert found.value == pytest.approx(found.members[1], rel=0.02)


def test_lengths_are_those_of_all(members):
    np.testing.assert_allclose(np.ptp(members.lattice["a"]), 0, atol=1e-4)
    assert members.number("a").spread < 1e-4
    assert members.number("b") is None


def test_atoms_of_the_given_and_the_relaxed_structure(members):
    assert members.given.symbols == ("Cu",)
    assert members.given.atomic_energy_ev.shape == (3, 1)
    per_atom = members.relaxed.energy_per_atom_ev
    np.testing.assert_allclose(per_atom, np.array(SCALES) * per_atom[1], rtol=1e-9)
    np.testing.assert_allclose(members.relaxed.force_spread_ev_per_a, 0, atol=1e-12)
    assert np.isnan(members.number(numbers.ENERGY).aleatoric)


def test_result_survives_its_file(members):
    again = CommitteeResult.from_dict(json.loads(json.dumps(members.to_dict())))
    assert again.numbers[0].name == members.numbers[0].name
    np.testing.assert_array_equal(again.band_frequency_thz, members.band_frequency_thz)
    assert again.band_frequency_thz.dtype == np.float32


def test_report_and_tables_have_the_spread(whole):
    outcome, folder = whole
    report = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    found = {one["name"]: one for one in report["committee"]["numbers"]}
    assert found["C11"]["spread"] == pytest.approx(0.04 * found["C11"]["value"], rel=1e-3)
    assert found["C11"]["aleatoric"] is None
    assert len(report["committee"]["alpha_volume_per_k_epistemic"]) == 101
    assert report["provenance"]["model"]["n_members"] == 3
    with (folder / "committee.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert float(rows["C44"]["member_3"]) == pytest.approx(
        1.04 * float(rows["C44"]["value"]), rel=1e-3
    )
    assert rows["C44"]["aleatoric"] == ""
    assert {"committee_bands.csv", "committee_thermal.csv"} <= {
        p.name for p in folder.iterdir()
    }
    assert len(outcome.stages["phonons"].band_distance) + 1 == len(
        (folder / "committee_bands.csv").read_text(encoding="utf-8").splitlines()
    )


def test_a_calibration_widens_the_spread(run):
    potential = LennardJonesCommittee()
    potential.calibration = {"energy_factor": 3.0, "force_factor": 2.0}
    found = run(potential, properties=("relax", "elastic")).stages["committee"]
    bulk, energy = found.number(numbers.BULK), found.number(numbers.ENERGY)
    assert bulk.epistemic == pytest.approx(2 * 0.04 * bulk.value, rel=1e-3)
    assert energy.epistemic == pytest.approx(3 * energy.spread)
    assert found.calibration.known


def test_a_member_that_fails_is_named_and_left_out(run):
    potential = LennardJonesCommittee((0.96, 1.0, 1.04, 1.0))
    potential._members = (*potential.members[:3], Stubborn())
    potential.evaluate = potential.members[1].evaluate
    potential.evaluate_members = LennardJonesCommittee().evaluate_members
    found = run(potential, properties=("relax", "elastic")).stages["committee"]
    assert found.problems[:3] == ("", "", "")
    assert found.problems[3].startswith("no relaxed cell: the atoms would not")
    assert np.isnan(found.stiffness_gpa[3]).all()
    bulk = found.number(numbers.BULK)
    assert bulk.spread == pytest.approx(0.04 * bulk.value, rel=1e-3)
    check = next(c for c in found.checks if c.code == "committee_all")
    assert not check.passed
    assert "Member 4: no relaxed cell" in check.message


def test_members_that_disagree_fail_a_check(run):
    found = run(LennardJonesCommittee((0.7, 1.0, 1.3)), properties=("relax", "elastic"))
    (warning,) = (w for w in found.warnings if w.code == "committee_agreement")
    assert re.search(r"30(\.0)? % \(limit 15 %\)", warning.message)
    checks = {check.code: check.label for check in found.stages["committee"].checks}
    assert checks["committee_agreement"] == "Members disagree"


def test_members_relax_to_cells_of_their_own(run):
    potential = LennardJonesCommittee((1.0, 1.0), sigmas_a=(2.28, 2.32))
    found = run(potential, properties=("relax",)).stages["committee"]
    small, large = (
        run(LennardJones(sigma_a=size), properties=("relax",), committee=False)
        for size in (2.28, 2.32)
    )
    expected = [one.stages["relax"].lattice["a"] for one in (small, large)]
    np.testing.assert_allclose(found.lattice["a"], expected, atol=1e-4)


def test_it_can_be_switched_off(run):
    found = run(LennardJonesCommittee(), properties=("relax",), committee=False)
    assert list(found.stages) == ["relax"]
    assert "committee" not in found.report()


class Stopping(Silent):
    """Stops at a piece of a member's work."""

    def __init__(self, at):
        self.at, self.told = at, []

    def advance(self, stage, done, total, what):
        if stage == "committee":
            self.told.append((done, total, what))
            if what.startswith(self.at):
                raise Cancelled("Stopped by the test.")


def test_what_a_member_finished_is_taken_up_again(run):
    pieces, potential = MemoryPieces(), LennardJonesCommittee()
    asked = ("elastic",)
    with pytest.raises(Cancelled):
        run(potential, monitor=Stopping("member 3 of 3"), pieces=pieces, properties=asked)
    kept = set(pieces._kept)
    assert {"member1/relaxed", "member2/second/strain0"} <= kept
    assert not any(key.startswith("member3") for key in kept)
    calls = potential.members[0].calls
    whole = run(potential, pieces=pieces, properties=asked).stages["committee"]
    again = potential.members[0].calls - calls
    fresh = LennardJonesCommittee()
    expected = run(fresh, properties=asked).stages["committee"]
    assert again < fresh.members[0].calls / 2
    np.testing.assert_array_equal(whole.stiffness_gpa, expected.stiffness_gpa)


def test_progress_names_the_member_and_only_grows(run):
    monitor = Stopping("nothing")
    run(LennardJonesCommittee(), monitor=monitor, properties=("relax", "elastic"))
    done = [entry[0] for entry in monitor.told]
    assert done == sorted(done)
    assert {entry[1] for entry in monitor.told} == {3 * 2 * 100}
    assert monitor.told[-1][2].startswith("member 3 of 3")


def test_extrapolation_is_told_of_each_structure(run, fcc):
    known = LennardJonesCommittee((1.0,), range_a=(2.0, 3.0))
    inside = run(known, properties=("relax",), committee=False)
    (check,) = (c for c in inside.stages["relax"].checks if c.code == "relax_extrapolation")
    assert (check.label, check.passed) == ("Inside the training data", True)
    known = LennardJonesCommittee((1.0,), range_a=(2.53, 2.55))
    outside = run(known, fcc(a=3.8), properties=("phonons", "thermal"), committee=False)
    messages = {w.code: w.message for w in outside.warnings}
    assert messages["relax_extrapolation"].startswith("The given cell reaches ")
    assert "(limit 1 %), most in the nearest distance" in messages["relax_extrapolation"]
    assert messages["phonons_extrapolation"].startswith("The displaced supercells reach ")
    volumes = "The cells of the expansion's volumes reach "
    assert messages["thermal_extrapolation"].startswith(volumes)
    labels = [c.label for s in outside.stages.values() for c in s.checks if not c.passed]
    assert len(labels) == len(set(labels))


def test_a_model_that_knows_no_range_says_nothing(run):
    found = run(LennardJonesCommittee(), properties=("relax",))
    assert not any("extrapolation" in c.code for c in found.stages["relax"].checks)


def test_own_electrostatics_come_before_charges_that_were_given(run, hcp):
    charged = LennardJonesCommittee((1.0,), charge_e=0.3)
    given = BornCharges(2 * np.eye(3), np.zeros((2, 3, 3)), "a file")
    own = run(charged, hcp(), properties=("phonons",), born=given, committee=False)
    born = own.stages["phonons"].born
    assert born.source == born_model.OWN
    assert own.provenance["born_source"] == born_model.OWN
    np.testing.assert_allclose(born.charges_e.sum(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize(("charge_e", "source"), [(0.3, born_model.OWN), (None, None)])
def test_soft_modes_are_followed_with_own_charges_alone(
    run, hcp, monkeypatch, charge_e, source
):
    heard = []

    def follow(**options):
        heard.append(options["born"])
        raise NotConvergedError("Heard enough.")

    monkeypatch.setattr(pipeline.soft_mode, "follow", follow)
    phonons = SimpleNamespace(phonons=lambda **_options: (sample.phonons(), None))
    monkeypatch.setattr(pipeline, "phonons", phonons)
    given = BornCharges(2 * np.eye(3), np.zeros((2, 3, 3)), "a file")
    monkeypatch.setattr(pipeline._Run, "_displaced_potential", None)
    charged = LennardJonesCommittee((1.0,), charge_e=charge_e)
    monkeypatch.setattr(pipeline._Run, "outcome", lambda self, _found: self)
    run(charged, hcp(), properties=("soft_mode",), born=given, committee=False)
    assert [born and born.source for born in heard] == [source]
