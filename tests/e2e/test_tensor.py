"""The tensor page in a real browser: quartz is pasted, turned, and sent as a link."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

QUARTZ = """86.80   7.04  11.91 -18.04   0      0
 7.04  86.80  11.91  18.04   0      0
11.91  11.91 105.75   0      0      0
-18.04 18.04   0     58.20   0      0
 0      0      0      0     58.20 -18.04
 0      0      0      0    -18.04  39.88"""
LINK = (
    "c=86.8+7.04+11.91+-18.04+0+0%0A86.8+11.91+18.04+0+0%0A105.75+0+0+0%0A58.2+0+0%0A"
    "58.2+-18.04%0A39.88"
)


def chart(page, key: str):
    return page.locator(f".st-key-{key} .js-plotly-plot")


def metric(page, label: str):
    return page.get_by_test_id("stMetric").filter(has_text=label)


def largest_distance(page) -> float:
    """How far the surface reaches from the centre, in its unit."""
    return page.evaluate(
        """() => {
            const plots = document.querySelectorAll('.st-key-directions-3d .js-plotly-plot');
            const surface = plots[0]._fullData.find(trace => trace.type === 'surface');
            let most = 0;
            for (let i = 0; i < surface.x.length; i++)
                for (let j = 0; j < surface.x[i].length; j++)
                    most = Math.max(most,
                        Math.hypot(surface.x[i][j], surface.y[i][j], surface.z[i][j]));
            return most;
        }"""
    )


def test_pasted_quartz_shows_its_moduli_and_directions(server, open_page):
    page = open_page()
    page.goto(f"{server.url}/tensor")
    field = page.get_by_role("textbox", name="Stiffness in GPa")
    field.fill(QUARTZ)
    field.press("Control+Enter")
    expect(metric(page, "Bulk modulus B")).to_contain_text("37.7 GPa")
    expect(metric(page, "Shear modulus G")).to_contain_text("44.4 GPa")
    expect(page.get_by_text("(trigonal)")).to_be_visible()
    expect(chart(page, "directions-3d")).to_be_visible()
    for plane in ("xy", "xz", "yz"):
        expect(chart(page, f"section-{plane}")).to_be_visible()
    assert largest_distance(page) == pytest.approx(130.0, abs=0.3)
    assert LINK in page.url


def test_link_shows_the_same_tensor_and_every_quantity(server, open_page):
    page = open_page()
    page.goto(f"{server.url}/tensor?{LINK}&density=2649")
    expect(metric(page, "Bulk modulus B")).to_contain_text("37.7 GPa")
    for quantity, said in (
        ("Poisson's ratio ν", "auxetic"),
        ("Sound velocity", "How fast wave fronts travel"),
    ):
        page.get_by_role("radio", name=quantity, exact=True).click()
        expect(page.get_by_text(said)).to_be_visible()
        expect(chart(page, "directions-3d")).to_have_count(1)


def test_text_that_is_no_tensor_is_a_sentence(server, open_page):
    page = open_page()
    page.goto(f"{server.url}/tensor")
    field = page.get_by_role("textbox", name="Stiffness in GPa")
    field.fill("86.8 7.04 quartz")
    field.press("Control+Enter")
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("“quartz” is not a number")
    assert "Traceback" not in page.content()
