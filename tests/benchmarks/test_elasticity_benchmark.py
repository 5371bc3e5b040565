"""The elasticity benchmark on made-up results: what is counted, kept and written."""

from __future__ import annotations

import argparse
import json
import re
import time

import numpy as np
import pytest

from benchmarks import elasticity
from benchmarks.support import (
    elasticity_matcalc,
    elasticity_page,
    elasticity_report,
    elasticity_run,
    page,
)
from benchmarks.support import elasticity_scores as scores
from benchmarks.support.elasticity_run import Case, Deadline, Records, TimeLimitError, cases
from mlpcore import registry
from properties import reference


def case(name: str, bulk: float, shear: float, formula: str = "NaCl") -> Case:
    return Case(name, formula, 2, "", bulk, shear)


def record(relaxed=(10.0, 5.0), clamped=(12.0, 6.0), **other):
    ions = {
        name: {"bulk_gpa": bulk, "shear_gpa": shear, "stable": True}
        for name, (bulk, shear) in {"relaxed": relaxed, "clamped": clamped}.items()
    }
    whole = {"error": "", "error_type": "", "converged": True, "seconds": 1.0, **ions}
    return {**whole, "day": "2026-01-02", "failed_checks": [], **other}


def unstable(ions: str):
    found = record()
    found[ions] = {**found[ions], "stable": False}
    return found


FAILED = {
    scores.UNKNOWN: {"error": "It knows 89 elements", "error_type": "UnsupportedElementError"},
    scores.LATE: {"error": "Not finished after 900 s; stopped.", "error_type": "no_result"},
    scores.RESTLESS: {"error": "Ions in a strained cell kept", "error_type": "no_result"},
    scores.OTHER: {"error": "something else", "error_type": "RuntimeError"},
    scores.UNCONVERGED: record(converged=False),
    scores.UNSTABLE: unstable("clamped"),
}


@pytest.mark.parametrize(("reason", "found"), FAILED.items())
def test_a_failure_has_its_reason(reason, found):
    assert scores.failure(found) == reason
    assert scores.finished({"a": found, "b": record()}) == {"b"}


def test_either_tensor_makes_a_crystal_unstable():
    assert scores.failure(unstable("relaxed")) == scores.UNSTABLE
    assert scores.failure(record()) == ""


def test_common_are_those_that_every_model_finished():
    found = {
        "x": {"a": record(), "b": unstable("relaxed")},
        "y": {"a": record(), "b": record()},
    }
    assert scores.common(found) == {"a"}


def test_score_of_known_differences():
    found = scores.score([8.0, 18.0, 33.0], [10.0, 20.0, 30.0])
    assert (found.n, found.mae, found.median_error) == (3, pytest.approx(7 / 3), 2.0)
    assert found.mean_signed == pytest.approx(-1 / 3)
    assert found.median_ratio == 0.9


def test_one_factor_takes_general_softness_away():
    references = [10.0, 20.0, 50.0]
    found = scores.score([0.5 * r for r in references], references)
    assert found.scale == pytest.approx(2)
    assert found.mae_scaled == pytest.approx(0)
    assert found.correlation == pytest.approx(1)


def test_the_best_factor_is_the_best_on_a_grid():
    generator = np.random.default_rng(3)
    references, values = generator.uniform(1, 100, (2, 15))
    grid = np.linspace(0.01, 5, 20001)
    left = np.abs(grid[:, None] * values - references).mean(axis=1)
    best = scores.best_scale(references, values)
    assert np.abs(best * values - references).mean() <= left.min() + 1e-9


def test_scores_are_of_the_chosen_crystals_only():
    found = {"a": record((10.0, 5.0), (14.0, 9.0)), "b": record((99.0, 99.0))}
    chosen = [case("a", 11.0, 7.0), case("b", 1.0, 1.0)]
    by_ions = scores.scores(found, chosen, {"a"})
    assert by_ions["K", "relaxed"].mae == 1.0
    assert by_ions["K", "clamped"].mean_signed == 3.0
    assert by_ions["G", "relaxed"].mean_signed == -2.0


def test_groups_by_what_ions_do_and_by_elements():
    found = {"a": record((10.0, 5.0), (10.1, 5.05)), "b": record((10.0, 5.0), (10.0, 6.0))}
    assert scores.ions_matter(found) == {"b"}
    chosen = [case("a", 1.0, 1.0, "Fe4N"), case("b", 1.0, 1.0, "CsF"), case("c", 1, 1, "SnCo")]
    assert scores.not_magnetic(chosen) == {"b"}


def test_records_survive_and_a_rerun_measures_only_what_is_missing(tmp_path, monkeypatch):
    measured = []

    def measure(which: Case, model: str, limit_s: float):
        measured.append((model, which.id))
        return record(id=which.id)

    monkeypatch.setattr(elasticity, "measure", measure)
    records = Records(tmp_path)
    options = argparse.Namespace(models=["x", "y"], limit=2, fresh=False, seconds=1.0)
    first, second = (which.id for which in cases()[:2])
    records.put("x", second, record(id="kept"))
    elasticity.fill(records, options)
    assert measured == [("x", first), ("y", first), ("y", second)]
    assert records.get("x", second)["id"] == "kept"
    elasticity.fill(records, options)
    assert len(measured) == 3
    elasticity.fill(records, argparse.Namespace(**{**vars(options), "fresh": True}))
    assert len(measured) == 7
    assert not list(tmp_path.rglob("*.partial"))


def test_an_error_becomes_a_record(monkeypatch):
    which = next(c for c in cases() if c.formula == "PuB2")
    monkeypatch.setattr(elasticity_run.pipeline, "run", lambda *_, **__: 1 / 0)
    found = elasticity_run.measure(which, "sevennet-0", 10.0)
    assert found["error_type"] == "ZeroDivisionError"
    assert "1 / 0" in found["traceback"]
    assert scores.failure(found) == scores.OTHER


def test_a_deadline_ends_a_calculation():
    monitor = Deadline(0.0)
    time.sleep(0.01)
    with pytest.raises(TimeLimitError, match="Not finished after 0 s"):
        monitor.advance("elastic", 1, 2, "strains")
    Deadline(60.0).checkpoint()


def test_the_benchmark_knows_every_model_and_its_crystals():
    assert set(elasticity.MODELS) == {model.name for model in registry.universal_models()}
    assert len({which.id for which in cases()}) == len(cases()) == 60
    for which in cases():
        (known,) = (r for r in reference.references() if f", {which.id};" in r.source)
        assert known.bulk_modulus_gpa == which.bulk_modulus_vrh_gpa
        assert known.shear_modulus_gpa == which.shear_modulus_vrh_gpa


@pytest.fixture
def found():
    chosen = cases()[:4]
    good = {
        c.id: record(
            (c.bulk_modulus_vrh_gpa + 2, 0.8 * c.shear_modulus_vrh_gpa), (200 + k, 30 + k)
        )
        for k, c in enumerate(chosen[:3])
    }
    bad = unstable("relaxed")
    return {name: {**good, chosen[3].id: bad} for name in ("sevennet-0", "chgnet-0.3.0")}


def test_tables_count_what_failed(found):
    chosen = cases()[:4]
    text = elasticity_report.block(found, chosen, {})
    assert "8 calculations" in text
    assert re.search(r"\| SevenNet-0 \| 3 \| 1 \| 2\.0 / ", text)
    assert f"| 1 | {chosen[3].formula} |" in text
    assert "nan" not in text
    assert "15.6" in text


def test_a_run_without_any_result_still_has_its_tables():
    chosen = cases()[:2]
    found = {"sevennet-0": {c.id: unstable("relaxed") for c in chosen}}
    assert "| SevenNet-0 | 0 | 2 | – / – | – / – |" in elasticity_report.block(
        found, chosen, {}
    )


def test_matcalc_is_asked_for_the_checkpoint_that_we_use(tmp_path):
    asked = elasticity_matcalc.request("sevennet-mf-0-pbe", cases()[:2], tmp_path)
    info = registry.info("sevennet-mf-0-pbe")
    assert (asked["sha256"], asked["modal"]) == (info.sha256, "PBE")
    assert [c["poscar"] for c in asked["cases"]] == [c.poscar for c in cases()[:2]]
    assert asked["folder"] == str(tmp_path / "matcalc" / "sevennet-mf-0-pbe")


def test_matcalc_is_compared_on_what_both_finished_and_alone_on_the_rest():
    chosen = [case("a", 10.0, 10.0), case("b", 10.0, 10.0), case("c", 10.0, 10.0)]
    ours = {"a": record((11.0, 9.0), (12.0, 8.0)), "b": unstable("relaxed"), "c": record()}
    theirs = {
        "a": {"error": "", "bulk_gpa": 13.0, "shear_gpa": 13.0},
        "b": {"error": "", "bulk_gpa": 15.0, "shear_gpa": -10.0},
        "c": {"error": "no"},
    }
    models = {"sevennet-0": ours}, {"sevennet-0": theirs}
    row = elasticity_matcalc.table(*models, chosen).splitlines()[-1]
    assert row == "| SevenNet-0 | 1 | 1.0 / 2.0 / 3.0 | 1.0 / 2.0 / 3.0 | 2 | 4.0 | 11.5 |"
    assert elasticity_matcalc.table({"sevennet-0": ours}, {}, chosen).count("\n") == 1


def test_matcalc_measures_only_what_is_missing(tmp_path, capfd):
    worker = tmp_path / "python"
    worker.write_text("#!/bin/sh\ncp $3 " + str(tmp_path / "asked.json") + "\nexit 3\n")
    worker.chmod(0o755)
    first, second = cases()[:2]
    Records(tmp_path / "matcalc").put("sevennet-0", first.id, {"error": ""})
    elasticity_matcalc.fill(str(worker), tmp_path, ["sevennet-0"], [first, second])
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert [c["id"] for c in asked["cases"]] == [second.id]
    assert "no result for sevennet-0: exit status 3" in capfd.readouterr().out


def test_the_page_holds_every_record_and_needs_no_network(found, tmp_path):
    elasticity_page.write(tmp_path / "report.html", found, cases()[:4])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("<tr>") == 1 + 8
    assert text.count(f"failed: {scores.UNSTABLE}") == 2
    head = text[: text.index("plotly.js")]
    assert not re.search(r"<(script|link)[^>]+(src|href)=", head)


def test_a_report_of_everything_writes_the_markers_and_the_plot(found, tmp_path):
    where = tmp_path / "accuracy.md"
    where.write_text("<!-- elasticity: begin --><!-- elasticity: end -->", encoding="utf-8")
    options = argparse.Namespace(
        html=None, kept=tmp_path / "kept", page=where, limit=4, models=list(found)
    )
    elasticity.report(found, options)
    assert "SevenNet-0" in where.read_text(encoding="utf-8")
    assert (tmp_path / "images" / elasticity_report.PICTURE.name).stat().st_size > 1000


def test_the_page_in_docs_has_the_markers():
    text = elasticity_report.PAGE.read_text(encoding="utf-8")
    assert "new" in page.replace_block(text, "elasticity", "new")


def test_kept_records_are_plain_json(tmp_path):
    Records(tmp_path).put("x", "a", record())
    assert json.loads((tmp_path / "x" / "a.json").read_text()) == record()
    assert Records(tmp_path).get("x", "b") is None
