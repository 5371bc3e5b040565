"""A class trains a potential in a real browser, watches it, and looks where it is unsure."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.pages import training_sample

pytestmark = pytest.mark.browser
LONG_MS = 90_000


def chart(page, key: str):
    return page.locator(f".st-key-{key} .js-plotly-plot")


def test_from_data_to_a_map_of_doubt(server, open_page):
    page = open_page()
    page.goto(f"{server.url}/training")
    page.get_by_text("Upload a file").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {
            "name": "springs.extxyz",
            "mimeType": "text/plain",
            "buffer": training_sample.file_of(),
        }
    )
    expect(chart(page, "training-data")).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page).to_have_url(re.compile(r"job=[0-9a-f]{32}"))
    expect(chart(page, "training-errors")).to_be_visible(timeout=LONG_MS)
    page.reload()
    expect(page.get_by_text("Split and errors", exact=True)).to_be_visible(timeout=LONG_MS)
    expect(chart(page, "training-parity-forces")).to_be_visible()

    page.get_by_role("button", name="See where it is unsure").click()
    expect(page.get_by_role("button", name="Look", exact=True)).to_be_visible()
    page.get_by_role("button", name="Look", exact=True).click()
    expect(chart(page, "atoms-3d")).to_be_visible(timeout=LONG_MS)
    expect(chart(page, "atoms-growth")).to_be_visible()


def test_a_slider_of_symmetry_functions_answers(server, open_page):
    page = open_page(390, 844)
    page.goto(f"{server.url}/models")
    page.get_by_text("Symmetry functions", exact=True).click()
    expect(chart(page, "functions-radial")).to_be_visible()
    value = page.get_by_test_id("stMetric").filter(has_text="G of this atom")
    before = value.inner_text()
    page.get_by_role("slider").first.press("ArrowRight")
    expect(value).not_to_have_text(before)
