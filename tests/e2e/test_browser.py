"""The application as a person meets it: a real server, a real browser, a real result."""

from __future__ import annotations

import contextlib
import json
import re
import time

import pytest
from ase.build import bulk
from ase.io import write
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from tests.pages import doubts, jobs_on_disk, sample

pytestmark = pytest.mark.browser

SECONDS = 1000
RESULT_TIMEOUT = 420 * SECONDS
FINISHED = re.compile(r"\bfinished$")  # the badge's icon is text as well


@pytest.fixture
def silicon_cif(tmp_path):
    path = tmp_path / "silicon.cif"
    write(path, bulk("Si", a=5.43, cubic=True))
    return path


def open_tab(page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def choose(page, label: str, option: str) -> None:
    """Pick from a list; a page that is still drawing closes it again."""
    box = page.get_by_label(label, exact=True)
    entry = page.get_by_role("option", name=option, exact=True)
    for _ in range(5):
        box.scroll_into_view_if_needed()
        box.press("ArrowDown")
        with contextlib.suppress(PlaywrightTimeout):
            entry.click(timeout=5 * SECONDS)
        if box.input_value() == option:
            return
    pytest.fail(f"{option} could not be chosen from {label}")


def section(page, name: str) -> None:
    """Press one of the buttons that choose a section or a quantity."""
    page.get_by_role("radio", name=name, exact=True).click()


def drawn(page) -> list[dict]:
    """Type and number of points of every trace on the page."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(plot =>
            plot._fullData.map(trace => ({
                type: trace.type,
                points: (trace.y || trace.z || []).length,
            })))"""
    )


def chart(page, key: str):
    return page.locator(f".st-key-{key} .js-plotly-plot")


def test_upload_becomes_a_real_result_that_any_browser_finds(server, open_page, silicon_cif):
    page = open_page()
    page.goto(server.url)
    page.locator("input[type=file]").set_input_files(silicon_cif)
    expect(page.get_by_text("Fd3\u0305m")).to_be_visible()
    expect(chart(page, "structure-input")).to_be_visible()

    choose(page, "Model", "SevenNet-0")
    page.get_by_role("button", name="Compute").click()
    page.wait_for_url(re.compile(r"/result\?.*job=[0-9a-f]{32}"))
    address = page.url

    expect(page.get_by_text("Bulk modulus").first).to_be_visible(timeout=RESULT_TIMEOUT)
    page.reload()
    expect(page.get_by_text(FINISHED)).to_be_visible(timeout=RESULT_TIMEOUT)
    expect(page.get_by_text("Grüneisen γ").first).to_be_visible()

    open_tab(page, "Elastic")
    expect(chart(page, "stiffness-Relaxed")).to_be_visible()
    assert {"type": "heatmap", "points": 6} in drawn(page)
    section(page, "Directions")
    expect(chart(page, "directions-3d")).to_be_visible()
    open_tab(page, "Phonons")
    expect(chart(page, "bands")).to_be_visible()
    bands = [trace for trace in drawn(page) if trace["points"] > 100]
    assert len(bands) >= 7
    open_tab(page, "Expansion")
    expect(chart(page, "expansion")).to_be_visible()
    section(page, "Grüneisen")
    expect(chart(page, "gruneisen-bands")).to_be_visible()

    elsewhere = open_page()
    elsewhere.goto(address)
    expect(elsewhere.get_by_text(FINISHED)).to_be_visible()
    open_tab(elsewhere, "Files")
    with elsewhere.expect_download() as download:
        elsewhere.get_by_role("button", name="result.json").click()
    report = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert report["elastic"]["stiffness_gpa"][0][0] == pytest.approx(154.3, rel=0.01)
    assert report["phonons"]["max_frequency_thz"] == pytest.approx(12.5, abs=0.4)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.cif", b"\n"),
        ("junk.cif", bytes(range(256)) * 20),
        ("short.cif", b"data_x\n_cell_length_a 5.4\n"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    ],
)
def test_bad_upload_is_a_sentence(server, open_page, tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    page = open_page()
    page.goto(server.url)
    page.locator("input[type=file]").set_input_files(tmp_path / name)
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_be_visible()
    expect(alert).to_contain_text(name)
    assert "Traceback" not in page.content()


def test_new_server_answers_at_once_and_shows_a_job_before_any_other_page(
    new_server, open_page
):
    job = jobs_on_disk.ended(new_server.store, "finished", sample.all_stages())
    assert new_server.seconds_to_answer < 5
    page = open_page()
    page.goto(f"{new_server.url}/result?job={job}")
    expect(page.get_by_text("12.50 THz")).to_be_visible()
    expect(page.get_by_role("link", name="New calculation")).to_be_visible()
    assert page.title() == "Lattice Lab"


def test_stored_result_opens_within_two_seconds(server, open_page):
    job = jobs_on_disk.ended(server.store, "finished", sample.all_stages())
    page = open_page()
    times = [float("inf")]
    while min(times) > 2 and len(times) < 6:  # other programs may have the cores
        page.goto(f"{server.url}/models")
        page.get_by_role("heading", name="Potentials").wait_for()
        started = time.monotonic()
        page.goto(f"{server.url}/result?job={job}")
        page.get_by_text("12.50 THz").wait_for()
        times.append(time.monotonic() - started)
        expect(chart(page, "structure-relaxed")).to_be_visible()
    assert min(times) < 3, times


def test_members_of_a_committee_are_told_apart(server, open_page):
    job = jobs_on_disk.ended(server.store, "finished", doubts.all_stages(), model="si-bp")
    page = open_page()
    page.goto(f"{server.url}/result?job={job}")
    open_tab(page, "Uncertainty")
    expect(chart(page, "committee-all")).to_be_visible()
    expect(chart(page, "committee-all")).to_contain_text("± epistemic")
    points = [trace for trace in drawn(page) if trace["type"] == "scatter"]
    assert len(points) >= len(doubts.NAMES)
    open_tab(page, "Phonons")
    expect(chart(page, "bands")).to_contain_text("± epistemic")


def test_job_is_cancelled_and_started_again_without_reloading(idle_server, open_page):
    job = jobs_on_disk.queued(idle_server.store)
    page = open_page()
    page.goto(f"{idle_server.url}/?job={job}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_text("Next in the queue")).to_be_visible()
    assert idle_server.store.get(job).state == "queued"


def test_result_appears_by_itself_while_the_page_stays(idle_server, open_page):
    job = jobs_on_disk.running(idle_server.store, {})
    page = open_page()
    page.goto(f"{idle_server.url}/?job={job}")
    expect(page.get_by_text("Being computed now")).to_be_visible()
    page.evaluate("window.never_reloaded = true")
    jobs_on_disk.store_results(idle_server.store, job, {"relax": sample.relax()})
    expect(chart(page, "structure-relaxed")).to_be_visible()
    assert page.evaluate("window.never_reloaded")


def test_job_is_deleted_only_after_a_question(server, open_page):
    job = jobs_on_disk.ended(server.store, "finished", {"relax": sample.relax()})
    page = open_page()
    page.goto(f"{server.url}/jobs")
    row = page.locator(f".st-key-job-{job}")
    row.get_by_role("button", name="Delete").click()
    page.locator(f".st-key-confirm-{job}").get_by_role("button").click()
    expect(row).to_have_count(0)
    assert job not in {summary.id for summary in server.store.list()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "jobs", "models", "result", "tensor"])
def test_nothing_sticks_out_on_a_phone(server, open_page, path, scheme):
    page = open_page(390, 844, scheme)
    page.goto(f"{server.url}/{path}")
    page.get_by_role("heading", level=1).wait_for()
    widths = page.evaluate(
        "[document.documentElement.scrollWidth,"
        " document.querySelector('[data-testid=stMain]').scrollWidth]"
    )
    assert max(widths) <= 390


@pytest.mark.parametrize(
    "tab", ["Structure", "Elastic", "Phonons", "Expansion", "Uncertainty", "Checks"]
)
def test_results_fit_a_phone(server, open_page, tab):
    job = jobs_on_disk.ended(server.store, "finished", doubts.all_stages(), model="si-bp")
    page = open_page(390, 844)
    page.goto(f"{server.url}/?job={job}")
    open_tab(page, tab)
    page.wait_for_timeout(1 * SECONDS)
    width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 390
