"""The page that takes a tensor: good ones, bad ones, links and examples."""

from __future__ import annotations

import pytest
from scipy.spatial.transform import Rotation
from streamlit.testing.v1 import AppTest

from pages.ui import session, tensor_form
from properties.elasticity import tensors, voigt
from properties.elasticity.moduli import compliance_per_gpa
from tests.pages import seen
from tests.pages.conftest import APP
from tests.properties.tensors import CRISTOBALITE, QUARTZ, cubic

SECTION, QUANTITY, WAVE = "tensor-section", "directional-quantity", "directional-wave"
UNSTABLE = tensors.as_text(cubic(100, 150, 50))


def pasted(page, text: str):
    app = page("tensor")
    app.text_area(key=tensor_form.TEXT).set_value(text).run()
    assert not app.exception
    return app


def opened(address: dict):
    """The page as somebody sees it who follows a link."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params.update(address)
    app.run()
    app.switch_page(session.TENSOR_PAGE).run()
    assert not app.exception
    return app


def figures_of(app) -> dict[str, str]:
    return {metric.label.split(" :orange")[0]: metric.value for metric in app.metric}


def chosen(app, key: str, value: str):
    app.segmented_control(key=key).set_value(value).run()
    assert not app.exception
    assert not app.error
    return app


def test_empty_page_invites(page):
    app = page("tensor")
    assert "Paste an elastic tensor" in seen.words(app)
    assert not app.error
    assert not app.metric


def test_pasted_tensor_is_analysed_at_once(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    assert not app.error
    assert figures_of(app)["Bulk modulus B"] == "37.7 GPa"
    assert figures_of(app)["Shear modulus G"] == "44.4 GPa"
    assert "trigonal" in seen.words(app)
    assert len(seen.charts(app)) == 5


@pytest.mark.parametrize(
    "quantity", ["Compressibility β", "Shear modulus G", "Poisson's ratio ν"]
)
def test_every_quantity_is_drawn(page, quantity):
    app = chosen(pasted(page, tensors.as_text(QUARTZ)), QUANTITY, quantity)
    assert len(seen.charts(app)) == 5


def test_sound_needs_a_density(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    assert "Sound velocity" not in app.segmented_control(key=QUANTITY).options
    chosen(app, SECTION, "Sound")
    assert "need the density" in seen.words(app)
    app.number_input(key=tensor_form.DENSITY).set_value(2649.0).run()
    assert "longitudinal" in app.dataframe[0].value["Wave"][0]
    chosen(app, SECTION, "Directions")
    chosen(app, QUANTITY, "Sound velocity")
    for wave in ("Phase velocity", "Group velocity", "Slowness"):
        assert len(seen.charts(chosen(app, WAVE, wave))) == 5


def test_direction_of_sound_is_read_or_refused_in_a_sentence(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    app.number_input(key=tensor_form.DENSITY).set_value(2649.0).run()
    chosen(app, SECTION, "Sound")
    app.text_input(key="sound-direction").set_value("0, 0, 2").run()
    assert app.dataframe[0].value["Phase velocity (km/s)"][0] == "6.318"
    for bad, said in (
        ("1 0", "three numbers"),
        ("0 0 0", "points nowhere"),
        ("a b c", "three"),
    ):
        app.text_input(key="sound-direction").set_value(bad).run()
        assert said in seen.words(app)
        assert not app.exception


def test_common_direction_fills_the_field(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    app.number_input(key=tensor_form.DENSITY).set_value(2649.0).run()
    chosen(app, SECTION, "Sound")
    app.pills(key="sound-common").set_value("0 0 1").run()
    assert app.text_input(key="sound-direction").value == "0 0 1"
    assert app.dataframe[0].value["Phase velocity (km/s)"][0] == "6.318"


def sound(page, stiffness, density: float, direction: str):
    app = pasted(page, tensors.as_text(stiffness))
    app.number_input(key=tensor_form.DENSITY).set_value(density).run()
    chosen(app, SECTION, "Sound")
    app.text_input(key="sound-direction").set_value(direction).run()
    assert not app.exception
    return app


def test_rays_along_an_acoustic_axis_are_shown_as_a_cone(page):
    app = sound(page, cubic(168.4, 121.4, 75.4), 8960.0, "1 1 1")
    table = app.dataframe[0].value
    assert list(table["Group velocity (km/s)"][1:]) == ["2.488"] * 2
    assert list(table["Ray to n (°)"]) == ["0.0", "30.9", "30.9"]
    assert list(table["Ray along"][1:]) == ["a cone"] * 2
    assert "2.134 km/s along (0.577, 0.577, 0.577)" in seen.words(app)


def test_wave_that_grows_has_a_dash_for_its_ray(page):
    app = sound(page, cubic(100, 150, 50), 5000.0, "1 1 0")
    last = app.dataframe[0].value.iloc[-1]
    assert last["Wave"] == "slow shear, unstable"
    assert [last[name] for name in ("Phase velocity (km/s)", "Ray to n (°)", "Ray along")] == [
        "—"
    ] * 3
    assert "grows instead of travelling" in seen.words(app)


def test_derived_properties_carry_formula_and_source(page):
    app = chosen(pasted(page, tensors.as_text(QUARTZ)), SECTION, "Derived")
    (one,) = [metric for metric in app.metric if metric.label.startswith("Pugh")]
    assert "B / G" in one.help
    assert "1954" in one.help


def test_criteria_of_stability_are_listed_with_their_verdicts(page):
    app = chosen(pasted(page, UNSTABLE), SECTION, "Stability")
    constants, criteria, eigenvalues = (table.value for table in app.dataframe)
    assert list(constants["Constant"]) == ["C11", "C12", "C44"]
    verdicts = dict(zip(criteria["Born's criterion"], criteria[""], strict=True))
    assert verdicts == {"C11 − C12 > 0": "✗ fails", "C11 + 2 C12 > 0": "✓", "C44 > 0": "✓"}
    assert list(eigenvalues[""]).count("✗ fails") == 2


@pytest.mark.parametrize("text", ["1 2 3", "hello", "nan " * 36, "0 " * 36])
def test_what_is_no_tensor_is_one_sentence(page, text):
    app = pasted(page, text)
    assert len(app.error) == 1
    assert not seen.charts(app)
    assert "c" not in app.query_params


def test_asymmetric_table_is_said_and_the_rest_is_shown(page):
    wrong = QUARTZ.copy()
    wrong[0, 1] = 17.0
    app = pasted(page, tensors.as_text(wrong))
    assert "C12 = 17 but C21 = 7.04" in seen.words(app)
    assert len(seen.charts(app)) == 5


def test_link_to_an_asymmetric_table_keeps_the_warning(page):
    wrong = QUARTZ.copy()
    wrong[0, 1] = 17.0
    sender = pasted(page, tensors.as_text(wrong))
    other = opened(dict(sender.query_params))
    assert "C12 = 17 but C21 = 7.04" in seen.words(other)
    assert figures_of(other) == figures_of(sender)


@pytest.mark.parametrize(
    ("stiffness", "said"),
    [
        (10 * QUARTZ, ""),
        (20 * QUARTZ, "1 GPa is 10 kbar"),
        (1000 * compliance_per_gpa(QUARTZ), "form of Laue class -3m"),
        (compliance_per_gpa(QUARTZ), "compliance in 1/GPa"),
    ],
)
def test_numbers_of_another_kind_are_said_and_the_rest_is_shown(page, stiffness, said):
    app = pasted(page, tensors.as_text(stiffness))
    assert len(app.warning) == bool(said)
    assert said.replace("-3m", "−3m") in seen.words(app)
    assert figures_of(app)["Bulk modulus B"] != "—"


def test_density_in_g_per_cm3_is_said_and_the_rest_is_shown(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    app.number_input(key=tensor_form.DENSITY).set_value(2.65).run()
    assert "enter 2650" in app.warning[0].value
    assert "Bulk modulus B" in [metric.label for metric in app.metric]
    app.number_input(key=tensor_form.DENSITY).set_value(2650.0).run()
    assert not app.warning
    app.number_input(key=tensor_form.VOLUME).set_value(12.55 * 18).run()
    assert "361 u" in app.warning[0].value


@pytest.mark.parametrize(("turn", "said"), [(0, False), (17, True)])
def test_turned_quartz_may_still_be_of_the_higher_class(page, turn, said):
    about_z = Rotation.from_euler("z", turn, degrees=True).as_matrix()
    found = seen.words(pasted(page, tensors.as_text(voigt.rotate(QUARTZ, about_z))))
    assert ("cannot tell 3̅ from 3̅m" in found) is said


def test_what_was_done_to_the_numbers_is_said(page):
    triangle = "166 64 64 0 0 0\n166 64 0 0 0\n166 0 0 0\n80 0 0\n80 0\n80"
    assert "Read as the upper triangle" in seen.words(pasted(page, triangle))


def test_unstable_tensor_is_said_and_the_rest_is_shown(page):
    app = pasted(page, UNSTABLE)
    assert "Born stability" in seen.words(app)
    assert "gives way by itself" in seen.words(app)
    assert figures_of(app)["Bulk modulus B"] == "—"
    assert len(seen.charts(app)) == 1


def test_address_holds_tensor_density_and_volume(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    app.number_input(key=tensor_form.DENSITY).set_value(2649.0).run()
    app.number_input(key=tensor_form.VOLUME).set_value(12.56).run()
    kept = dict(app.query_params)
    assert kept["density"] == "2649"
    other = opened(kept)
    assert figures_of(other)["Bulk modulus B"] == "37.7 GPa"
    assert other.number_input(key=tensor_form.VOLUME).value == pytest.approx(12.56)


@pytest.mark.parametrize("density", ["-5", "x", "inf", "1e9", ""])
def test_nonsense_in_the_address_is_left_out(page, density):
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params.update({"c": tensors.compact(QUARTZ), "density": density})
    app.run()
    app.switch_page(session.TENSOR_PAGE).run()
    assert not app.exception
    assert not app.error
    assert app.number_input(key=tensor_form.DENSITY).value is None


@pytest.mark.parametrize("name", tensors.known())
def test_example_fills_everything_and_names_its_source(page, name):
    app = page("tensor")
    app.selectbox(key=tensor_form.EXAMPLE).set_value(name).run()
    known = tensors.known()[name]
    assert not app.error
    assert known.source in seen.words(app)
    assert app.number_input(key=tensor_form.DENSITY).value == known.density_kg_per_m3
    app.text_area(key=tensor_form.TEXT).set_value(tensors.as_text(CRISTOBALITE + 1)).run()
    assert known.source not in seen.words(app)


def test_table_shows_the_same_tensor_and_text_stays(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    app.segmented_control(key=tensor_form.WAY).set_value(tensor_form.TABLE).run()
    assert not app.exception
    assert figures_of(app)["Bulk modulus B"] == "37.7 GPa"
    app.segmented_control(key=tensor_form.WAY).set_value(tensor_form.PASTE).run()
    assert app.text_area(key=tensor_form.TEXT).value == tensors.as_text(QUARTZ)


def test_tensor_and_report_can_be_taken_away(page):
    app = pasted(page, tensors.as_text(QUARTZ))
    assert [b.label for b in app.download_button] == ["Tensor as CSV", "Everything as JSON"]
