from __future__ import annotations

import json
import os
from dataclasses import dataclass

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlpcore.errors import ModelUnavailableError, SpecError, UnsupportedElementError
from properties.crystal import Crystal
from properties.frozen import Frozen, frozen_array, plain
from properties.progress import DiskPieces, MemoryPieces
from properties.spec import EXTRA_STAGES, PRESETS, STAGES, Spec, pressure_range


@dataclass(frozen=True)
class Inner(Frozen):
    name: str
    value: float


@dataclass(frozen=True)
class Outer(Frozen):
    numbers: NDArray[np.float64]
    counts: NDArray[np.int64]
    parts: tuple[Inner, ...]
    labels: tuple[str, ...]
    table: dict[str, NDArray[np.float64]]
    crystal: Crystal
    missing: float
    perhaps: float | None


def make_crystal():
    return Crystal(4 * np.eye(3), np.array([12, 8]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


def make_outer():
    return Outer(
        numbers=np.array([[1.5, np.nan], [0.0, -2.0]]),
        counts=np.array([3, 4]),
        parts=(Inner("a", 1.0), Inner("b", float("inf"))),
        labels=("Γ", "X"),
        table={"a": np.array([1.0, 2.0])},
        crystal=make_crystal(),
        missing=float("nan"),
        perhaps=None,
    )


def test_results_go_through_json_and_back():
    before = make_outer()
    text = json.dumps(before.to_dict(), allow_nan=False)
    after = Outer.from_dict(json.loads(text))
    np.testing.assert_array_equal(after.numbers, before.numbers)
    assert after.counts.dtype == np.int64
    assert after.parts[0] == Inner("a", 1.0)
    assert np.isnan(after.parts[1].value)  # infinity has no JSON form either
    assert after.labels == before.labels
    np.testing.assert_array_equal(after.table["a"], [1.0, 2.0])
    assert after.crystal.sha256 == before.crystal.sha256
    assert np.isnan(after.missing)
    assert after.perhaps is None


def test_results_cannot_be_changed():
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    fields = {**vars(make_outer()), "numbers": values}
    result = Outer(**fields)
    values[0, 0] = 9
    assert result.numbers[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        result.numbers[0, 0] = 5


def test_unknown_keys_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword"):
        Inner.from_dict({"name": "a", "value": 1.0, "colour": "red"})


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"shape \(3, 3\), got \(2, 3\)"):
        frozen_array(np.zeros((2, 3)), float, (3, 3))
    with pytest.raises(ValueError, match=r"expected an array of shape \(2, 3\)"):
        Crystal(np.eye(3), np.array([1, 1]), np.zeros((3, 3)))
    assert frozen_array([1, 2], float, (-1,)).dtype == float


def test_plain_values():
    assert plain({"a": (np.float64(1.5), np.bool_(True), np.nan)}) == {"a": [1.5, True, None]}
    assert type(plain(np.int64(3))) is int


def test_crystal_describes_itself():
    crystal = make_crystal()
    assert (len(crystal), crystal.symbols, crystal.formula) == (2, ("Mg", "O"), "MgO")
    assert crystal.volume_a3 == pytest.approx(64)
    assert crystal.density_kg_per_m3 == pytest.approx(40.304 * 1660.539 / 64, rel=1e-4)
    left_handed = crystal.with_lattice(crystal.lattice_a[[1, 0, 2]])
    assert left_handed.volume_a3 == pytest.approx(64)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_crystals_go_through_ase_and_json(seed, count):
    rng = np.random.default_rng(seed)
    lattice = 4 * np.eye(3) + rng.uniform(-1, 1, (3, 3))
    crystal = Crystal(lattice, rng.integers(1, 90, count), rng.uniform(-2, 2, (count, 3)))
    through_ase = Crystal.from_atoms(crystal.to_atoms())
    np.testing.assert_allclose(through_ase.fractional, crystal.fractional, atol=1e-9)
    through_json = Crystal.from_dict(json.loads(json.dumps(crystal.to_dict())))
    assert through_json.sha256 == crystal.sha256
    np.testing.assert_array_equal(through_json.lattice_a, crystal.lattice_a)


def test_the_hash_of_a_structure_ignores_rounding_only():
    crystal = make_crystal()
    nearly = Crystal(crystal.lattice_a + 1e-11, crystal.numbers, crystal.fractional - 1e-12)
    assert nearly.sha256 == crystal.sha256
    assert crystal.with_lattice(crystal.lattice_a * (1 + 1e-6)).sha256 != crystal.sha256
    negative_zero = Crystal(
        crystal.lattice_a * 1.0, crystal.numbers, crystal.fractional * -0.0 + 0
    )
    assert negative_zero.sha256 != crystal.sha256  # the oxygen has moved
    swapped = Crystal(crystal.lattice_a, crystal.numbers[::-1], crystal.fractional)
    assert swapped.sha256 != crystal.sha256


def make_spec(**fields):
    return Spec(make_crystal(), **fields)


def test_a_spec_adds_the_relaxation_and_orders_its_stages():
    assert make_spec().properties == STAGES
    assert make_spec(properties=("thermal", "elastic")).properties == (
        "relax",
        "elastic",
        "thermal",
    )


def test_a_spec_goes_through_json():
    spec = make_spec(
        preset="tight",
        pressure_gpa=2.5,
        name="sample",
        model="chgnet-0.3.0",
        engine="upstream",
    )
    again = Spec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again.to_dict() == spec.to_dict()
    assert again.sha256 == spec.sha256
    assert again.name == "sample"


def test_only_what_decides_the_numbers_enters_the_hash():
    spec = make_spec()
    assert make_spec(name="other label").sha256 == spec.sha256
    for change in (
        {"model": "sevennet-0"},
        {"preset": "quick"},
        {"pressure_gpa": 1.0},
        {"properties": ("relax",)},
        {"engine": "upstream"},
        {"elastic_pressures_gpa": (0.0, 5.0)},
        {"compare_models": ("sevennet-0",)},
    ):
        assert make_spec(**change).sha256 != spec.sha256


def test_a_spec_written_by_an_older_version_is_still_the_same_calculation():
    """It names neither engines nor pressures nor models to compare with."""
    spec = make_spec(preset="tight", pressure_gpa=2.5)
    old = spec.to_dict()
    assert old.pop("engine") == "auto"
    assert old.pop("elastic_pressures_gpa") == old.pop("compare_models") == []
    assert Spec.from_dict(old).sha256 == spec.sha256
    assert spec.sha256[:16] == "c764ed8b53a6e413"  # must change only with the settings


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        (
            {"properties": ("relax", "magnetism")},
            SpecError,
            r"Unknown property magnetism\. Choose",
        ),
        ({"properties": ()}, SpecError, r"Unknown property \(none given\)"),
        ({"preset": "sloppy"}, SpecError, r"Unknown preset 'sloppy'\. Choose one of: quick"),
        ({"pressure_gpa": 500.0}, SpecError, "between -200 and 200 GPa, got 500"),
        ({"pressure_gpa": float("nan")}, SpecError, "got nan"),
        (
            {"elastic_pressures_gpa": (0.0, 300.0)},
            SpecError,
            "between -200 and 200 GPa, got 300",
        ),
        ({"elastic_pressures_gpa": range(30)}, SpecError, "at 30 pressures .* at most 21"),
        ({"properties": ("elastic_models",)}, SpecError, "elastic_models needs .* --compare"),
        ({"compare_models": ("nonesuch",)}, ModelUnavailableError, "no model called"),
        ({"engine": "steam"}, SpecError, r"Unknown engine 'steam'\. Choose one of: auto, up"),
        ({"model": "nonesuch"}, ModelUnavailableError, "no model called 'nonesuch'"),
    ],
)
def test_impossible_settings_get_a_sentence(fields, error, sentence):
    with pytest.raises(error, match=sentence):
        make_spec(**fields)


def test_further_elastic_stages_come_last_and_only_if_asked_for():
    assert make_spec().properties == STAGES
    spec = make_spec(
        properties=("phonons",),
        elastic_pressures_gpa=(5, 0.0, 5.0),
        compare_models=(make_spec().model, "chgnet-0.3.0", "chgnet-0.3.0"),
    )
    assert spec.elastic_pressures_gpa == (0.0, 5.0)
    assert spec.compare_models == ("chgnet-0.3.0",)
    assert spec.properties == ("relax", "elastic", "phonons", *EXTRA_STAGES)


def test_a_range_of_pressures_holds_both_ends():
    assert pressure_range(0.0, 1.0, 4) == (0.0, 0.3333, 0.6667, 1.0)
    assert pressure_range(-5.0, 5.0, 3) == (-5.0, 0.0, 5.0)
    assert pressure_range(2.0, 9.0, 1) == (2.0,)


@pytest.mark.parametrize(
    ("symbols", "formula"),
    [
        ("OSiO", "SiO2"),
        ("OAlOAlO", "Al2O3"),
        ("OTiOOSr", "SrTiO3"),
        ("NB", "BN"),
        ("CSi", "SiC"),
        ("ClNaNaCl", "NaCl"),
        ("HOKAl", "AlKHO"),
    ],
)
def test_formulas_are_written_as_chemists_do(symbols, formula):
    atoms = Atoms(symbols, cell=5 * np.eye(3), pbc=True)
    assert Crystal.from_atoms(atoms).formula == formula


def test_elements_are_checked_before_anything_runs():
    radon = Crystal(5 * np.eye(3), np.array([86]), np.zeros((1, 3)))
    with pytest.raises(UnsupportedElementError, match="was not trained on Rn"):
        Spec(radon)


def test_presets_grow_stricter():
    quick, standard, tight = (PRESETS[name] for name in ("quick", "standard", "tight"))
    for easier, harder in ((quick, standard), (standard, tight)):
        assert easier.fmax_ev_per_a > harder.fmax_ev_per_a
        assert easier.supercell_length_a < harder.supercell_length_a
        assert easier.n_volumes < harder.n_volumes
        assert easier.max_supercell_atoms < harder.max_supercell_atoms


@pytest.fixture(params=["memory", "disk"])
def pieces(request, tmp_path):
    return MemoryPieces() if request.param == "memory" else DiskPieces(tmp_path / "pieces")


def test_pieces_come_back_as_they_were(pieces):
    assert pieces.get("forces/10/+0.0000") is None
    arrays = {"forces": np.arange(6.0).reshape(2, 3), "json": np.array('{"a": "Γ"}')}
    pieces.put("forces/10/+0.0000", arrays)
    found = pieces.get("forces/10/+0.0000")
    assert set(found) == {"forces", "json"}
    np.testing.assert_array_equal(found["forces"], arrays["forces"])
    assert str(found["json"]) == '{"a": "Γ"}'
    assert pieces.get("forces/10/-0.0300") is None


def test_a_piece_can_be_replaced(pieces):
    pieces.put("a", {"x": np.array(1.0)})
    pieces.put("a", {"x": np.array(2.0)})
    assert float(pieces.get("a")["x"]) == 2.0


def test_pieces_on_disk_outlive_the_process_that_wrote_them(tmp_path):
    DiskPieces(tmp_path).put("stage/relax", {"x": np.array(1.0)})
    assert float(DiskPieces(tmp_path).get("stage/relax")["x"]) == 1.0


def broken(*_args):
    raise OSError("No space left on device")


def test_a_write_that_fails_leaves_the_old_piece_whole(tmp_path, monkeypatch):
    pieces = DiskPieces(tmp_path)
    pieces.put("a", {"x": np.array(1.0)})
    monkeypatch.setattr(os, "fsync", broken)
    for key in ("a", "b"):
        with pytest.raises(OSError, match="No space left"):
            pieces.put(key, {"x": np.array(2.0)})
    assert float(pieces.get("a")["x"]) == 1.0
    assert pieces.get("b") is None


def test_a_partial_file_is_never_read(tmp_path):
    pieces = DiskPieces(tmp_path)
    pieces.put("a", {"x": np.zeros(1000)})
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").unlink()
    (tmp_path / "a.12345.partial").write_bytes(content[: len(content) // 2])
    assert pieces.get("a") is None
