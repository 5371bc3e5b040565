"""What the pages show of a model with members: the tab, the bands, and every ±."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mlpcore import registry
from pages.ui import phonons_view, session, source_form, spec_form, text, thermal_view
from properties import extrapolation
from properties.checks import Check
from properties.committee.result import Calibration
from properties.spec import STAGES
from properties.vibrations.born import BornCharges
from properties.vibrations.born_charges import OWN
from tests.pages import doubts, jobs_on_disk, sample, seen

SPREAD = float(np.std(doubts.SCALES, ddof=1))
CALIBRATION = Calibration(3.0, 2.0, known=True)


@pytest.fixture(autouse=True)
def with_members(monkeypatch):
    """Every registered model is a committee of four."""
    known = registry.info

    def info(name):
        return dataclasses.replace(known(name), n_members=4)

    monkeypatch.setattr(registry, "info", info)


@pytest.fixture
def opened(page, store):
    def open_tab(tab, state=None, **options):
        job = jobs_on_disk.ended(store, "finished", doubts.all_stages(**options))
        app = page(job=job)
        app.session_state[session.TAB] = tab
        for key, value in (state or {}).items():
            app.session_state[key] = value
        app.run()
        assert not app.exception
        assert not app.error
        return app

    return open_tab


def drawn(app):
    return [json.loads(chart.proto.spec)["data"] for chart in app.get("plotly_chart")]


def test_tab_lists_every_number_with_both_parts(opened):
    app = opened("Uncertainty")
    table = next(t.value for t in app.dataframe if "± epistemic" in t.value.columns)
    table = table.set_index("Number")
    bulk = 97.9 * SPREAD
    assert float(table.loc["Bulk modulus", "± epistemic"]) == pytest.approx(bulk, abs=0.1)
    assert table.loc["Bulk modulus", "± aleatoric"] == text.NOTHING
    assert table.loc["Energy", "± aleatoric"] == "0.002"
    combined = np.hypot(5.42 * SPREAD, doubts.NOISE_EV)
    assert float(table.loc["Energy", "± combined"]) == pytest.approx(combined, abs=0.01)
    assert table.loc["Energy", "In percent"] == text.NOTHING
    assert {"C11", "C12", "C44", "Γ, modes 4–6", "Volume expansion, 300 K"} <= set(table.index)
    said = seen.words(app)
    assert "density functional" in said
    assert "no calibration" in said


def test_calibration_is_told_and_applied(opened):
    app = opened("Uncertainty", calibration=CALIBRATION)
    assert "multiplied by 2.00 for forces" in seen.words(app)
    table = next(t.value for t in app.dataframe if "± epistemic" in t.value.columns)
    found = float(table.set_index("Number").loc["C11", "± epistemic"])
    assert found == pytest.approx(2 * 154.3 * SPREAD, abs=1)


def test_a_factor_below_one_is_told_and_not_applied(opened):
    app = opened("Uncertainty", calibration=Calibration(1.5, 0.001, known=True))
    said = seen.words(app)
    assert "multiplied by 1.50 for energies" in said
    assert "For forces and all that follows from them it is not widened" in said
    assert "Measured were factors of 0.001 for forces" in said
    assert "Calibration" not in seen.figures(app)
    table = next(t.value for t in app.dataframe if "± epistemic" in t.value.columns)
    found = float(table.set_index("Number").loc["C11", "± epistemic"])
    assert found == pytest.approx(154.3 * SPREAD, abs=1)


def test_a_factor_that_would_be_written_as_one_is_not_told(opened):
    app = opened("Uncertainty", calibration=Calibration(1.001, 1.002, known=True))
    assert "The spread of the members is not widened" in seen.words(app)


def failing(code, label="Something", message="It is wrong."):
    return Check(code, label, False, message)


def labels(metrics):
    return {metric.label.replace(" :orange", ":").partition(":")[0] for metric in metrics}


def flagged(app):
    return labels(metric for metric in app.metric if ":orange[" in metric.label)


@pytest.mark.parametrize(
    ("code", "concerned"),
    [
        ("committee_all", {"Members"}),
        ("committee_agreement", {"Least sure"}),
        ("committee_other", set()),
    ],
)
def test_only_figures_that_a_check_concerns_are_marked(opened, code, concerned):
    app = opened("Uncertainty", calibration=CALIBRATION, checks=(failing(code),))
    above = {"Members", "Energy ±", "Calibration", "Least sure"}
    assert above <= labels(app.metric)
    assert flagged(app) & above == concerned


def test_outside_of_the_training_data_the_spread_is_not_called_an_error(page, store):
    stages = doubts.all_stages(calibration=CALIBRATION)
    message = f"Too far.{extrapolation.FUNCTION}Si: G² Si, η = 1 Å⁻², rₛ = 6.5 Å."
    wrong = failing("thermal_extrapolation", "Outside the training data (expansion)", message)
    stages["thermal"] = dataclasses.replace(stages["thermal"], checks=(wrong,))
    app = page(job=jobs_on_disk.ended(store, "finished", stages))
    app.session_state[session.TAB] = "Uncertainty"
    app.run()
    told = next(w.value for w in app.warning if "multiplied" in w.value)
    assert "Outside of the training data ± cannot be trusted" in told
    assert "There lie cells of the expansion" in told
    assert "displaced" not in told
    assert flagged(app) >= {"Volume expansion at 300 K"}
    assert not flagged(app) & {"Energy ±", "Calibration", "Members"}
    notice = next(w.value for w in app.warning if "a check failed" in w.value)
    assert "Too far." in notice
    assert "G²" not in notice
    badges = [m.proto.help for m in app.markdown if "Outside the training data" in m.value]
    assert any("G² Si" in hover for hover in badges)


def test_members_are_shown_at_the_least_sure_number(opened):
    wild = dataclasses.replace(
        doubts.committee().number("C44"), members=57.9 * (1 + 4 * (doubts.SCALES - 1))
    )
    known = doubts.committee().numbers
    found = tuple(wild if number.name == "C44" else number for number in known)
    app = opened("Uncertainty", numbers=found)
    assert app.selectbox(key="committee_number").value == "C44"
    assert seen.figures(app)["Least sure: C44"] == text.share(4 * SPREAD)


def test_nothing_is_said_to_reach_beyond_a_chart_that_holds_all(opened):
    assert "eyond the chart" not in seen.words(opened("Uncertainty"))
    known = doubts.committee().numbers
    wild = dataclasses.replace(known[-1], members=known[-1].members * [-9, 1, 5, 20])
    app = opened("Uncertainty", numbers=(*known[:-1], wild))
    share = text.share(wild.relative)
    assert f"Beyond the chart: {wild.name} (± {share})." in seen.words(app)


def test_a_member_that_failed_is_named(opened):
    app = opened("Uncertainty", problem="no expansion: imaginary modes")
    counted = [m.value for m in app.metric if m.label.startswith("Members")]
    assert counted == ["3 of 4"]
    said = seen.words(app)
    assert "member 4: no expansion" in said
    assert "a check failed" in said


def test_any_number_can_be_looked_at_member_by_member(opened):
    app = opened("Uncertainty")
    app.selectbox(key="committee_number").select("C44").run()
    overview, bars = drawn(app)
    assert overview[0]["orientation"] == "h"
    assert len(overview) == 1 + len(doubts.NAMES)
    assert "Energy" not in overview[0]["y"]
    np.testing.assert_allclose(bars[0]["y"], 57.9 * (doubts.SCALES - 1), atol=1e-9)


def test_numbers_above_the_tabs_have_their_doubt(opened):
    shown = seen.figures(opened("Structure"))
    assert shown["Bulk modulus"].startswith("97.9 ± 4.")
    assert shown["Volume expansion at 300 K"].startswith("(6.17 ± 0.2")
    assert shown["Highest frequency"] == "12.50 ± 0.55 THz"


def test_constants_and_moduli_have_their_doubt(opened):
    app = opened("Elastic")
    table = next(t.value for t in app.dataframe if "Constant" in t.value.columns)
    assert next(iter(table["± (GPa)"])) == text.short(154.3 * SPREAD, digits=2)
    assert "±" in seen.figures(app)["Poisson's ratio ν"]


def test_dispersion_is_banded_until_it_is_switched_off(opened):
    app = opened("Phonons", {phonons_view.SECTION: "Dispersion & modes"})
    (chart,) = drawn(app)
    assert chart[0]["name"] == "± epistemic"
    assert chart[0]["fill"] == "toself"
    app.toggle(key="phonon-doubt").set_value(False).run()
    (chart,) = drawn(app)
    assert "± epistemic" not in [trace.get("name") for trace in chart]


def test_expansion_is_banded_until_it_is_switched_off(opened):
    app = opened("Expansion", {thermal_view.SECTION: "Expansion"})
    banded = [chart[0]["name"] == "± epistemic" for chart in drawn(app)]
    assert sum(banded) == 4
    app.toggle(key=thermal_view.BANDED).set_value(False).run()
    assert not any(chart[0]["name"] == "± epistemic" for chart in drawn(app))


def test_where_the_bands_end_is_told_with_the_member(opened):
    state = {thermal_view.SECTION: "Expansion"}
    assert "bands end" not in seen.words(opened("Expansion", state))
    short = doubts.committee().alpha_volume_per_k.copy()
    short[2, 40:] = np.nan
    said = seen.words(opened("Expansion", state, alpha_volume_per_k=short))
    kelvin = doubts.committee().temperatures_k[39]
    assert f"The bands end at {kelvin:.0f} K: there member 3 leaves" in said


def test_a_band_wider_than_its_chart_is_told(opened):
    wide = 30 * (doubts.SCALES[:, None] - 1) + 1
    wild = wide * doubts.committee().bulk_modulus_gpa[1]
    app = opened("Expansion", {thermal_view.SECTION: "Expansion"}, bulk_modulus_gpa=wild)
    assert seen.words(app).count(thermal_view.BAND_IS_CUT) == 1


def test_without_a_committee_nothing_is_said_of_one(page, store):
    job = jobs_on_disk.ended(store, "finished", sample.all_stages(), committee=False)
    app = page(job=job)
    assert "±" not in "".join(seen.figures(app).values())
    app.session_state[session.TAB] = "Uncertainty"
    assert "no ±" in seen.words(app.run())
    app.button(key="compute-committee").click().run()
    further = store.get(store.list()[0].id).spec
    assert further.properties == (*STAGES, "committee")


def test_modes_at_gamma_have_their_doubt(opened):
    app = opened("Phonons", {phonons_view.SECTION: "Γ point"})
    table = next(t.value for t in app.dataframe if "Symmetry" in t.value.columns)
    assert list(table["±"]) == [text.NOTHING, f"{12.5 * SPREAD:.2f}"]


def test_charges_of_the_model_are_told_from_those_given(page, store):
    given = BornCharges(np.eye(3), np.zeros((2, 3, 3)), "a file")
    modes = dataclasses.replace(
        sample.phonons_with_modes(), born=dataclasses.replace(given, source=OWN)
    )
    stages = {**sample.all_stages(), "phonons": modes}
    app = page(job=jobs_on_disk.ended(store, "finished", stages, born=given))
    app.session_state[session.TAB] = "Phonons"
    app.session_state[phonons_view.SECTION] = "Γ point"
    said = seen.words(app.run())
    assert "These charges belong to the model" in said
    assert "charges from a file were left aside" in said
    assert not any(button.key == "compute-with-born" for button in app.button)


def test_form_asks_for_no_charges_where_the_model_has_its_own(page, monkeypatch):
    known = registry.info
    charged = {"long_range": True}
    monkeypatch.setattr(
        registry, "info", lambda name: dataclasses.replace(known(name), **charged)
    )
    app = page()
    app.segmented_control(key=session.SOURCE).set_value(source_form.EXAMPLE).run()
    assert "this model's own electrostatics" in seen.words(app)
    assert not [c for c in app.segmented_control if c.label == "Born effective charges"]
    charged["long_range"] = False
    app.run()
    assert [c for c in app.segmented_control if c.label == "Born effective charges"]


def test_form_has_a_switch_for_models_with_members(page, store):
    app = page()
    app.segmented_control(key=session.SOURCE).set_value(source_form.EXAMPLE).run()
    assert "4 members" in app.toggle(key=spec_form.COMMITTEE).label
    app.toggle(key=spec_form.COMMITTEE).set_value(False)
    app.button[0].click().run()
    spec = store.get(store.list()[0].id).spec
    assert not spec.committee
    assert "committee" not in spec.properties


@pytest.mark.parametrize(
    ("value", "half", "written"),
    [
        (97.93, 2.13, "97.9 ± 2.1 GPa"),
        (97.93, 21.3, "98 ± 21 GPa"),
        (0.2134, 0.00217, "0.2134 ± 0.0022 GPa"),
        (97.9345, None, "97.93 GPa"),
        (97.9345, float("nan"), "97.93 GPa"),
        (-5.0, 1e-9, "−5.0000 ± 0.0000 GPa"),
        (4.671, 7.98, "4.7 ± 8.0 GPa"),
        (4.671, 9.97, "5 ± 10 GPa"),
        (231.2, 2262.0, "231 ± 2300 GPa"),
    ],
)
def test_uncertainty_has_two_digits(value, half, written):
    assert text.plus_minus(value, half, "GPa") == written
