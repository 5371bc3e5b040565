"""The command line around a pipeline that costs nothing: inputs, folders, statuses."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcore.errors import NotConvergedError
from properties import __version__
from properties.__main__ import main
from properties.checks import Caution
from properties.examples import example
from properties.progress import Monitor, Pieces
from properties.results import Outcome
from properties.spec import Spec

Run = Callable[..., Outcome]


class FakePipeline:
    """Stands in for properties.pipeline and remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Spec, Path]] = []
        self.status = "finished"
        self.error: BaseException | None = None

    def run(
        self, spec: Spec, monitor: Monitor, pieces: Pieces, files: Path, device: str
    ) -> Outcome:
        self.calls.append((spec, files))
        sys.stdout.write("noise of a library\n")
        monitor.stage_started("relax")
        monitor.advance("relax", 1, 3, "step")
        already = pieces.get("relax")
        pieces.put(
            "relax",
            {"starts": np.array([1.0 + (0 if already is None else already["starts"][0])])},
        )
        monitor.caution(Caution("soft", "relax", "This model is soft."))
        if self.error is not None:
            raise self.error
        outcome = Outcome(self.status, {"formula": spec.structure.formula}, {}, ())
        (files / "result.json").write_text(json.dumps(outcome.report()))
        return outcome


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    pipeline = FakePipeline()
    module: Any = types.ModuleType("properties.pipeline")
    module.run = pipeline.run
    monkeypatch.setitem(sys.modules, "properties.pipeline", module)
    monkeypatch.setattr("properties.pipeline", module, raising=False)
    return pipeline


@pytest.fixture
def silicon(tmp_path: Path) -> Path:
    path = tmp_path / "Si.cif"
    path.write_bytes(example("Si").file.read_bytes())
    return path


def test_members_can_be_left_out(fake: FakePipeline, silicon: Path, tmp_path: Path) -> None:
    words = [str(silicon), "--no-committee", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert not fake.calls[0][0].committee


def test_a_file_gives_result_json_and_status_0(
    fake: FakePipeline, silicon: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = [str(silicon), "--properties", "elastic", "--preset", "quick", "--pressure", "2.5"]
    assert main([*words, "--model", "sevennet-0", "--out", str(out)]) == 0
    spec, files = fake.calls[0]
    assert spec.engine == "auto"
    assert (spec.properties, spec.preset, spec.pressure_gpa, spec.model, spec.name) == (
        ("relax", "elastic"), "quick", 2.5, "sevennet-0", "Si",
    )  # fmt: skip
    assert files == out
    assert json.loads((out / "result.json").read_text())["status"] == "finished"
    shown = capsys.readouterr()
    assert shown.out.startswith(f"Si: Si finished, {out / 'result.json'}")
    assert "This model is soft." in shown.err


def test_the_upstream_package_can_be_asked_for(
    fake: FakePipeline, silicon: Path, tmp_path: Path
) -> None:
    assert main([str(silicon), "--engine", "upstream", "--out", str(tmp_path / "o")]) == 0
    assert fake.calls[0][0].engine == "upstream"
    kept = json.loads((tmp_path / "o" / "spec.json").read_text())
    assert kept["engine"] == "upstream"


def test_what_libraries_print_goes_to_the_log(
    fake: FakePipeline, silicon: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(silicon), "--out", str(tmp_path / "o")]) == 0
    shown = capsys.readouterr()
    assert "noise" not in shown.out + shown.err
    assert "noise of a library" in (tmp_path / "o" / "log.txt").read_text()


def test_several_inputs_get_a_folder_each_even_with_equal_names(
    fake: FakePipeline, silicon: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "si.cif"
    other.parent.mkdir()
    other.write_bytes(example("MgO").file.read_bytes())
    out = tmp_path / "out"
    assert main([str(silicon), str(other), "--example", "NaCl", "--out", str(out)]) == 0
    folders = [files for _, files in fake.calls]
    assert folders == [out / "Si", out / "si-2", out / "NaCl"]
    formulas = [json.loads((f / "result.json").read_text())["structure"] for f in folders]
    assert [entry["formula"] for entry in formulas] == ["Si", "MgO", "NaCl"]


def test_the_same_command_again_finds_the_pieces(
    fake: FakePipeline, silicon: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(silicon), "--out", str(tmp_path / "o")]
    fake.error = KeyboardInterrupt()
    assert main(words) == 130
    assert "continues" in capsys.readouterr().err
    fake.error = None
    assert main(words) == 0
    (kept,) = (tmp_path / "o" / "pieces").glob("*/relax.npz")
    assert np.load(kept)["starts"].tolist() == [2.0]


def test_the_folder_of_another_calculation_is_left_alone(
    fake: FakePipeline, silicon: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "o")]
    assert main([str(silicon), *out]) == 0
    before = (tmp_path / "o" / "spec.json").read_bytes()
    for other in (["--pressure", "1"], ["--engine", "upstream"]):
        assert main([str(silicon), *other, *out]) == 2
        assert "already holds another calculation" in capsys.readouterr().err
    assert (tmp_path / "o" / "spec.json").read_bytes() == before
    (tmp_path / "o" / "spec.json").write_text("not JSON")
    assert main([str(silicon), *out]) == 2
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "No structure was given"),
        (["absent.cif"], "absent.cif cannot be read"),
        (["."], "cannot be read"),
        (["FILE", "--preset", "fast"], "Unknown preset 'fast'"),
        (["FILE", "--model", "gpt"], "no model called 'gpt'"),
        (["FILE", "--properties", "colour"], "Unknown property colour"),
        (["FILE", "--pressure", "nan"], "pressure must be between"),
        (["FILE", "--pressure", "high"], "--pressure: invalid float value"),
        (["FILE", "--device", "abacus"], "--device: invalid choice"),
        (["FILE", "--engine", "steam"], "--engine: invalid choice"),
        (["FILE", "--colour", "red"], "Unrecognized arguments: --colour red"),
        (["--example", "unobtainium"], "no example called 'unobtainium'"),
        (["FILE", "--out", "FILE"], "cannot be written to"),
        (["FILE", "BROKEN"], "broken.cif could not be read as CIF"),
        (["POLONIUM"], "was not trained on Po"),
        (["FILE", "--born", "absent"], "Give the path of a file with Born charges"),
        (["FILE", "--born", "BROKEN"], "broken.cif"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    words: list[str],
    sentence: str,
    fake: FakePipeline,
    silicon: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.cif").write_bytes(silicon.read_bytes()[:700])
    Path("POSCAR").write_text("Po\n1\n3.3 0 0\n0 3.3 0\n0 0 3.3\nPo\n1\nDirect\n0 0 0\n")
    names = {"FILE": str(silicon), "BROKEN": "broken.cif", "POLONIUM": "POSCAR"}
    try:
        status = main([names.get(word, word) for word in words])
    except SystemExit as leaving:
        status = leaving.code
    shown = capsys.readouterr()
    assert status == 2
    assert sentence in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    assert not fake.calls


def test_a_stage_without_result_is_status_1_and_still_written(
    fake: FakePipeline, silicon: Path, tmp_path: Path
) -> None:
    fake.status = "incomplete"
    assert main([str(silicon), "--out", str(tmp_path / "o")]) == 1
    assert (tmp_path / "o" / "result.json").exists()


def test_pressures_and_models_to_compare_with(
    fake: FakePipeline, silicon: Path, tmp_path: Path
) -> None:
    words = ["--properties", "elastic", "--pressures", "10", "0", "-2.5"]
    words += ["--compare", "chgnet-0.3.0", "sevennet-0", "--out", str(tmp_path / "o")]
    assert main([str(silicon), *words]) == 0
    (spec, _), *_ = fake.calls
    assert spec.elastic_pressures_gpa == (-2.5, 0.0, 10.0)
    assert spec.compare_models == ("chgnet-0.3.0", "sevennet-0")
    assert spec.properties == ("relax", "elastic", "elastic_pressure", "elastic_models")


ROCK_SALT_CHARGES = """# epsilon and Z* of Mg and O
3.1 0 0 0 3.1 0 0 0 3.1
1.9 0 0 0 1.9 0 0 0 1.9
-1.9 0 0 0 -1.9 0 0 0 -1.9
"""


@pytest.mark.parametrize(
    ("words", "dielectric"),
    [([], 3.381), (["--born", "none"], None), (["--born", "BORN"], 3.1)],
)
def test_born_charges_are_those_of_the_library_of_a_file_or_none(
    words: list[str],
    dielectric: float | None,
    fake: FakePipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("BORN").write_text(ROCK_SALT_CHARGES)
    assert main(["--example", "MgO", *words, "--out", "o"]) == 0
    (spec, _), *_ = fake.calls
    if dielectric is None:
        assert spec.born is None
    else:
        assert spec.born is not None
        assert spec.born.dielectric[0, 0] == pytest.approx(dielectric, abs=0.01)
        assert len(spec.born.charges_e) == len(spec.structure)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotConvergedError("The relaxation did not converge."), "Si: The relaxation did not"),
        (RuntimeError("boom"), "Si: unexpected error (boom). Details are in"),
    ],
)
def test_a_failure_is_a_sentence_and_status_1(
    error: Exception,
    sentence: str,
    fake: FakePipeline,
    silicon: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake.error = error
    assert main([str(silicon), "--out", str(tmp_path / "o")]) == 1
    shown = capsys.readouterr().err
    assert sentence in shown
    assert "Traceback" not in shown
    log = (tmp_path / "o" / "log.txt").read_text()
    assert ("Traceback" in log) == isinstance(error, RuntimeError)


def test_one_failure_does_not_keep_the_others_from_being_calculated(
    fake: FakePipeline, tmp_path: Path
) -> None:
    fake.error = NotConvergedError("No.")
    assert main(["--example", "Si", "--example", "Al", "--out", str(tmp_path)]) == 1
    assert [spec.name for spec, _ in fake.calls] == ["Si", "Al"]


def test_the_version_is_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert leaving.value.code == 0
    assert capsys.readouterr().out == f"Lattice Lab {__version__}\n"
