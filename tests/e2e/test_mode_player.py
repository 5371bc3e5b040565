"""The mode player in a real browser: a band is clicked, and the atoms move that way."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.pages import jobs_on_disk, lattice_waves

pytestmark = pytest.mark.browser

SCRIPT_OF_PLACE = """(plot, [label, band]) => {
    const layout = plot._fullLayout;
    const trace = plot._fullData.find((one) => one.meta === band);
    const k = layout.xaxis.ticktext.indexOf(label);
    const wanted = layout.xaxis.tickvals[k] + 1e-9;
    let at = 0;
    for (let i = 0; i < trace.x.length; i++)
        if (Math.abs(trace.x[i] - wanted) < Math.abs(trace.x[at] - wanted)) at = i;
    const frame = plot.getBoundingClientRect();
    return [
        frame.left + layout.xaxis._offset + layout.xaxis.d2p(trace.x[at]),
        frame.top + layout.yaxis._offset + layout.yaxis.d2p(trace.y[at]),
    ];
}"""


@pytest.fixture
def opened(server, open_page):
    """Open the phonons of a crystal on springs; requests to other hosts get no answer."""

    def open_modes(name: str, width: int = 1440, height: int = 1000, **changes):
        results = {
            "relax": lattice_waves.relaxed(name),
            "phonons": lattice_waves.phonons(name, **changes),
        }
        job = jobs_on_disk.ended(server.store, "finished", results)
        page = open_page(width, height)
        page.frames_sent = frames = []

        def sent(frame):  # the browser's driver refuses methods of lists
            frames.append(frame)

        page.on("websocket", lambda socket: socket.on("framesent", sent))
        page.context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda r: r.abort())
        page.goto(f"{server.url}/result?job={job}")
        page.get_by_role("tab", name="Phonons").click()
        expect(player(page).locator("canvas")).to_be_visible()
        return page

    return open_modes


def player(page):
    return page.locator(".player")


def click_band(page, label: str, band: int) -> None:
    """Click on the chart where a band is at a high-symmetry point."""
    plot = page.locator(".st-key-bands .js-plotly-plot")
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(SCRIPT_OF_PLACE, [label, band])
    page.mouse.move(x + 4, y)
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)


def choose(page, label: str, branch: int) -> None:
    """Choose a mode with the player's own lists."""
    player(page).get_by_label("Point").select_option(label=label)
    for _ in range(30):
        now = int(player(page).get_attribute("data-branch"))
        if now == branch:
            return
        name = "Higher branch" if now < branch else "Lower branch"
        player(page).get_by_role("button", name=name).click()


def atoms(page, phase: float = 0.0) -> list[dict]:
    """The atoms in view with their displacements in Å at a phase ωt."""
    return player(page).evaluate("(section, phase) => section.player.snapshot(phase)", phase)


def moves(page, phase: float = 0.0) -> np.ndarray:
    return np.array([atom["displacement"] for atom in atoms(page, phase)])


def frequency(page) -> float:
    return float(player(page).get_attribute("data-frequency-thz"))


def test_click_on_the_chart_moves_the_atoms_without_the_server(opened):
    page = opened("NaCl")
    expected = lattice_waves.phonons("NaCl")
    page.wait_for_timeout(1000)
    assert page.frames_sent
    page.frames_sent.clear()
    click_band(page, "L", 6)
    expect(player(page)).to_have_attribute("data-q", "0.5 0.5 0.5")
    branch = int(player(page).get_attribute("data-branch"))
    at = int(np.argmin(np.abs(expected.band_qpoints - 0.5).max(axis=1)))
    assert frequency(page) == pytest.approx(
        expected.band_frequency_thz[at, branch - 1], abs=1e-3
    )
    expect(page.locator(".st-key-bands .mode-player-marker")).to_be_visible()
    expect(player(page)).to_have_attribute("data-playing", "true")
    first = player(page).evaluate("section => section.player.phase")
    page.wait_for_timeout(700)
    assert player(page).evaluate("section => section.player.phase") > first
    assert page.frames_sent == []


def test_optical_mode_of_nacl_is_opposed_with_the_ratio_of_masses(opened):
    page = opened("NaCl")  # begins with the highest mode at Γ
    expect(player(page)).to_have_attribute("data-q", "0 0 0")
    found = atoms(page)
    along = {atom["symbol"]: atom["displacement"][2] for atom in found}
    mass = {atom["symbol"]: atom["mass"] for atom in found}
    assert along["Na"] / along["Cl"] == pytest.approx(-mass["Cl"] / mass["Na"], rel=1e-3)
    assert np.linalg.norm(moves(page), axis=1).max() == pytest.approx(0.3, abs=1e-4)
    for atom in found:
        assert atom["displacement"][2] == pytest.approx(along[atom["symbol"]], abs=1e-5)
    assert moves(page, math.pi) == pytest.approx(-moves(page), abs=1e-5)
    assert moves(page, math.pi / 2) == pytest.approx(0.0, abs=1e-5)


def test_acoustic_mode_at_gamma_moves_everything_alike(opened):
    page = opened("NaCl")
    choose(page, "Γ", 1)
    found = moves(page)
    assert found == pytest.approx(np.tile(found[0], (len(found), 1)), abs=1e-4)
    assert np.linalg.norm(found[0]) == pytest.approx(0.3, abs=1e-4)
    expect(player(page)).to_contain_text("moves as a whole")


def test_zone_boundary_mode_alternates_between_cells(opened):
    page = opened("Si")
    choose(page, "X", 1)
    player(page).get_by_label("Cell", exact=True).select_option("Primitive cell")
    player(page).get_by_role("button", name="Commensurate").click()
    assert [
        player(page).get_by_label(f"Cells along {axis}").input_value() for axis in "abc"
    ] == ["2", "1", "2"]
    by_place = {
        (atom["kind"], *atom["shift"]): np.array(atom["displacement"]) for atom in atoms(page)
    }
    compared = 0
    for (kind, i, j, k), moved in by_place.items():
        for step in ((1, 0, 0), (0, 0, 1)):
            following = by_place.get((kind, i + step[0], j, k + step[2]))
            if following is not None:
                assert following == pytest.approx(-moved, abs=1e-4)
                compared += np.linalg.norm(moved) > 0.1
    assert compared > 4


def test_wave_at_a_general_point_runs_through_the_crystal(opened):
    page = opened("Si")
    expected = lattice_waves.phonons("Si")
    player(page).get_by_label("Along the path").fill("9")
    choose_q = np.array([float(x) for x in player(page).get_attribute("data-q").split()])
    assert choose_q == pytest.approx(expected.band_qpoints[9], abs=1e-5)
    cell = lattice_waves.crystal("Si")
    branch = int(player(page).get_attribute("data-branch"))
    vector = expected.band_eigenvectors[9][:, branch - 1].reshape(-1, 3)
    seen = [moves(page, phase) for phase in (0.0, math.pi / 2)]  # real and imaginary part
    complex_moves = seen[0] + 1j * seen[1]
    places = np.array([atom["home"] for atom in atoms(page)]) @ np.linalg.inv(cell.lattice_a)
    kinds = [atom["kind"] for atom in atoms(page)]
    wave = vector[kinds] * np.exp(2j * np.pi * places @ choose_q)[:, None]
    factor = np.vdot(wave, complex_moves) / np.vdot(wave, wave)
    assert np.abs(complex_moves - factor * wave).max() < 2e-3


def test_imaginary_mode_is_drawn_in_and_out_and_says_so(opened):
    page = opened("NaCl", softened=5.0)
    assert frequency(page) < -0.1
    expect(player(page)).to_contain_text("This mode is imaginary")
    assert np.linalg.norm(moves(page), axis=1).max() == pytest.approx(0.3, abs=1e-3)
    assert moves(page, 1.0) == pytest.approx(math.cos(1.0) * moves(page), abs=1e-5)


def test_keys_and_buttons(opened):
    page = opened("NaCl")
    canvas = player(page).locator("canvas")
    canvas.focus()
    canvas.press(" ")
    expect(player(page)).to_have_attribute("data-playing", "false")
    before = player(page).evaluate("section => section.player.camera.turn.flat()")
    canvas.press("ArrowLeft")
    assert player(page).evaluate("section => section.player.camera.turn.flat()") != before
    player(page).get_by_role("button", name="View along a").click()
    back = player(page).evaluate("section => section.player.camera.turn[2]")
    assert np.abs(back) == pytest.approx([1, 0, 0], abs=1e-6)
    player(page).get_by_label("Amplitude").fill("0.8")
    assert np.linalg.norm(moves(page), axis=1).max() == pytest.approx(0.8, abs=1e-3)


def test_player_follows_the_chart_when_it_is_drawn_anew(opened):
    page = opened("NaCl")
    page.get_by_role("radio", name="meV", exact=True).click()
    expect(page.locator(".st-key-bands").get_by_text("frequency (meV)").first).to_be_visible()
    page.wait_for_timeout(1000)
    click_band(page, "L", 6)
    expect(player(page)).to_have_attribute("data-q", "0.5 0.5 0.5")


def kept(page, button: str):
    with page.expect_download(timeout=120_000) as download:
        player(page).get_by_role("button", name=button, exact=True).click()
    return download.value


def test_gif_moves_and_repeats(opened):
    page = opened("NaCl")
    player(page).get_by_label("Speed").fill("1")
    found = kept(page, "GIF")
    assert found.suggested_filename == "NaCl_q_0_0_0_branch_6.gif"
    assert found.path().read_bytes()[:6] == b"GIF89a"
    with Image.open(found.path()) as film:
        assert film.n_frames == 20
        assert film.info["loop"] == 0
        assert film.info["duration"] == 50
        pictures = []
        for k in range(film.n_frames):
            film.seek(k)
            pictures.append(np.asarray(film.convert("RGB"), dtype=int))
    half = np.abs(pictures[10] - pictures[0]).mean()
    assert half > 3 * np.abs(pictures[1] - pictures[0]).mean()
    assert half > np.abs(pictures[19] - pictures[0]).mean()


def test_picture_is_a_png_of_the_atoms(opened):
    page = opened("NaCl")
    found = kept(page, "PNG")
    with Image.open(found.path()) as picture:
        assert picture.format == "PNG"
        assert picture.width == 1600
        assert len(picture.convert("RGB").getcolors(10**7)) > 500


@pytest.mark.parametrize("button", ["HTML", "HTML, all modes"])
def test_page_of_its_own_opens_without_the_server(opened, browser, tmp_path, button):
    page = opened("NaCl")
    seen = moves(page)
    path = tmp_path / "modes.html"
    kept(page, button).save_as(path)
    assert "http" not in path.read_text(encoding="utf-8")
    context = browser.new_context(offline=True)
    alone = context.new_page()
    problems = []
    alone.on("pageerror", lambda error: problems.append(str(error)))
    alone.goto(path.as_uri())
    expect(player(alone).locator("canvas")).to_be_visible()
    assert moves(alone) == pytest.approx(seen, abs=1e-4)
    expect(player(alone).get_by_label("Point")).to_be_visible(visible=button != "HTML")
    expect(player(alone).get_by_role("button", name="GIF")).to_be_visible()
    assert problems == []
    context.close()


def test_player_fits_a_phone_and_respects_reduced_motion(opened):
    page = opened("NaCl", 390, 844)
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    page.get_by_role("tab", name="Phonons").click()
    expect(player(page)).to_have_attribute("data-playing", "false")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
