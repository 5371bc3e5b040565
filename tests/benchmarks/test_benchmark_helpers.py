from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms

from benchmarks import end_to_end
from benchmarks.support import end_to_end_report, force_report, page
from benchmarks.support.cases import CASES, RATTLE_A, crystal, rattled
from benchmarks.support.kept import Kept, stamp
from benchmarks.support.numbers import figures, growth_exponent, paired_ratio
from mlpcore import registry
from properties import symmetry
from properties.examples import example
from properties.spec import PRESETS
from properties.vibrations.phonons import displaced


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.01234, "0.0123"),
        (0.99999, "1.00"),
        (99.96, "100"),
        (45132.4, "45132"),
        (-2.5, "-2.50"),
        (0.0, "0"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_figures_have_no_exponent(value: float | None, written: str) -> None:
    assert figures(value) == written


def test_growth_exponent_of_a_power_law() -> None:
    sizes = [2, 8, 64, 512]
    assert growth_exponent(sizes, [3e-4 * n**1.5 for n in sizes]) == pytest.approx(1.5)


def test_paired_ratio_is_not_the_ratio_of_medians() -> None:
    assert paired_ratio([2, 40, 6], [1, 10, 6]) == 2  # medians: 6 / 6


def test_a_block_is_replaced_and_the_rest_kept() -> None:
    text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n"
    once = page.replace_block(text, "x", r"new \1")
    assert once == "a\n<!-- x: begin -->\n\nnew \\1\n\n<!-- x: end -->\nb\n"
    assert page.replace_block(once, "x", r"new \1") == once


@pytest.mark.parametrize("text", ["", "<!-- x: begin -->", "<!-- x: end --><!-- x: begin -->"])
def test_a_page_without_its_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="x: begin"):
        page.replace_block(text, "x", "new")


@pytest.mark.parametrize("name", ["forces", "end-to-end"])
def test_the_page_has_the_markers(name: str) -> None:
    assert "new" in page.replace_block(page.PAGE.read_text(encoding="utf-8"), name, "new")


def test_kept_values_survive_and_other_code_discards_them(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    kept = Kept(path).put("a", "this code", {"seconds": 1.5})
    assert kept["seconds"] == 1.5
    again = Kept(path)
    assert again.get("a", "this code") == kept
    assert again.get("a", "other code") is None
    assert Kept(path, fresh=True).get("a", "this code") is None


def test_stamp_depends_on_the_code() -> None:
    assert stamp("benchmarks/support") == stamp("benchmarks/support")
    assert stamp("benchmarks/support/page.py") != stamp("benchmarks/support/kept.py")
    assert stamp("benchmarks/support") != stamp()


@pytest.mark.parametrize(("name", "n_atoms"), [(c, n) for c in CASES for n in CASES[c]])
def test_cases_have_the_size_they_say(name: str, n_atoms: int) -> None:
    assert len(crystal(name, n_atoms)) == n_atoms


def test_rattled_cells_are_turned_and_otherwise_the_same_crystal() -> None:
    atoms = crystal("Al2O3", 10)
    first, second = rattled(atoms, 1), rattled(atoms, 2)
    assert np.abs(first.cell.array - second.cell.array).max() > 0.1
    np.testing.assert_allclose(first.cell.cellpar(), atoms.cell.cellpar())
    moves = first.get_scaled_positions(wrap=False) - atoms.get_scaled_positions(wrap=False)
    assert 0.5 * RATTLE_A < np.std(moves @ atoms.cell.array) < 2 * RATTLE_A


def test_matcalc_is_asked_for_the_supercell_that_we_take() -> None:
    start = symmetry.analyse(example("Mg").crystal).primitive
    matrix = np.array([[2, 1, 0], [-1, 1, 0], [0, 0, 1]])
    asked = end_to_end.matcalc_request(
        registry.info("sevennet-0"),
        PRESETS["quick"],
        {"start": start.to_dict(), "supercell_matrix": matrix.tolist()},
    )
    cell = PhonopyAtoms(
        numbers=asked["numbers"], cell=asked["lattice_a"], scaled_positions=asked["fractional"]
    )
    theirs = Phonopy(cell, asked["supercell_matrix"], primitive_matrix="P")
    ours = displaced(start, matrix, asked["displacement_a"])
    np.testing.assert_allclose(theirs.supercell.cell, ours.supercell.cell, atol=1e-12)
    volumes = np.array(asked["scale_factors"]) ** 3 - 1
    assert len(volumes) == PRESETS["quick"].n_volumes
    assert np.abs(volumes).min() < 1e-12
    assert volumes.max() - volumes.min() == pytest.approx(0.09)


def side(seconds: dict[str, float], failure: str = "") -> dict[str, object]:
    return {"seconds": seconds, "whole_s": sum(seconds.values()) + 5.0, "failure": failure}


def test_the_extra_stage_of_matcalc_counts_only_where_results_are_to_be_the_same() -> None:
    theirs = side({"relax": 1.0, "elastic": 2.0, "elastic_relaxed": 100.0, "phonons": 4.0})
    assert end_to_end_report.stage_sum(theirs) == 7.0
    assert end_to_end_report.same_result(theirs) == 105.0
    assert end_to_end_report.whole(theirs) == pytest.approx(12.0)


def test_a_crystal_that_one_side_failed_is_left_out() -> None:
    good, bad = side({"relax": 1.0}), side({}, "exit status 1: out of memory")
    found = {"Si": {"ours": good, "matcalc": good}, "Mg": {"ours": good, "matcalc": bad}}
    assert list(end_to_end_report.complete(found)) == ["Si"]


def test_a_failing_worker_is_told_by_its_last_words() -> None:
    found = end_to_end.run(["python3", "-c", "raise SystemExit('no such model')"], {}, {})
    assert found["failure"] == "exit status 1: no such model"
    assert found["whole_s"] > 0


def test_force_tables_hold_medians_and_ratios(tmp_path: Path) -> None:
    def case(scale: float) -> dict[str, object]:
        slow, fast = [2.0 * scale, 3.0 * scale, 4.0 * scale], [0.1 * scale] * 3
        return {
            "seconds": {"upstream": slow, "ours": fast, "ours_double": slow},
            "difference": {"ours": 2e-6},
            "engine": "ours",
            "day": "2026-03-01",
        }

    times = {("sevennet-0", 1): {f"Si:{n}": case(n / 64) for n in (8, 64, 216)}}
    rates = {1: {"gflop_per_s": 50.0, "gb_per_s": 10.0}}
    block = force_report.write(times, {}, rates, tmp_path / "images" / "drawn.svg")
    assert block.startswith("Measured on 1 March 2026: ")
    (picture,) = re.findall(r"!\[.*\]\((.*)\)", block)
    assert (tmp_path / picture).read_text().startswith("<?xml")
    assert "| SevenNet-0, 1 thread | ours | 30.0 | 30.0 | 1.00 | 1.00 |" in block
    assert "| Si | 64 | – | 3000 | 100 | **30.0** | 1562 | 3000 | 1.00 | 2e-06 |" in block
