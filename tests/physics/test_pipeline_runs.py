"""The pipeline as a whole: documented keys, cancelling and taking up, no result."""

from __future__ import annotations

import csv
import json

import numpy as np
import phonopy
import pytest
from ase.io import read
from lennard_jones import LennardJones

from mlpcore.errors import Cancelled, FitError, StructureError
from properties import pipeline
from properties.crystal import Crystal
from properties.progress import DiskPieces, MemoryPieces, Silent
from properties.results import RESULT_TYPES
from properties.spec import PRESETS, STAGES, Spec


class Ledger(DiskPieces):
    """Remembers what was put into it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.keys = []

    def put(self, key, arrays):
        self.keys.append(key)
        super().put(key, arrays)


class Recorder(Silent):
    """Remembers what it is told; stops the calculation at one of its calls."""

    def __init__(self, stop_at=None):
        self.events, self.stages, self.cautions = [], [], []
        self._stop_at = stop_at

    def _next(self, event):
        self.events.append(event)
        if len(self.events) == self._stop_at:
            raise Cancelled("Stopped by the test.")

    def stage_started(self, stage):
        self.stages.append(stage)

    def advance(self, stage, done, total, what):
        self._next((stage, done, total, what))

    def checkpoint(self):
        self._next((self.stages[-1], None, None, "checkpoint"))

    def caution(self, caution):
        self.cautions.append(caution)


@pytest.fixture
def run(run_with, fcc):
    def with_lennard_jones(potential=None, crystal=None, **fields):
        return run_with(potential or LennardJones(), crystal or fcc(), **fields)

    return with_lennard_jones


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def whole(fcc, folder):
    """One run of all stages, its files in `folder`, and what the monitor heard."""
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlpcore.registry.load", lambda *_args, **_kwargs: LennardJones())
        spec = Spec(fcc(), model="sevennet-0", preset="quick")
        outcome = pipeline.run(spec, recorder, MemoryPieces(), folder)
    return outcome, recorder


DOCUMENTED = {
    "structure": "formula n_atoms space_group_number space_group_symbol",
    "relax": "converged energy_per_atom_ev volume_per_atom_a3 lattice max_force_ev_per_a "
    "max_stress_gpa",
    "elastic": "stiffness_gpa stiffness_clamped_gpa bulk_modulus_voigt_gpa "
    "bulk_modulus_reuss_gpa bulk_modulus_vrh_gpa shear_modulus_voigt_gpa "
    "shear_modulus_reuss_gpa shear_modulus_vrh_gpa young_modulus_vrh_gpa poisson_ratio_vrh "
    "universal_anisotropy born_stable debye_temperature_k finite_strain_max_deviation_gpa",
    "phonons": "supercell_matrix n_displacements max_frequency_thz min_frequency_thz "
    "imaginary gamma_frequencies_thz heat_capacity_300k_j_per_mol_atoms_k "
    "acoustic_sum_rule_residual_thz",
    "thermal": "temperatures_k volume_per_atom_a3 alpha_volume_per_k alpha_linear_per_k "
    "bulk_modulus_gpa heat_capacity_p_j_per_mol_atoms_k gruneisen valid_up_to_k",
}


@pytest.mark.parametrize("block", DOCUMENTED)
def test_result_json_has_every_documented_key(whole, block):
    found = whole[0].report()[block]
    assert set(DOCUMENTED[block].split()) <= set(found)
    assert all(found[key] is not None for key in DOCUMENTED[block].split())


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def test_result_json_is_strict_json_and_equals_the_report(whole, folder):
    outcome, _ = whole
    text = (folder / "result.json").read_text(encoding="utf-8")
    read = json.loads(text, parse_constant=no_constant)
    assert read == outcome.report()
    assert read["schema"] == 1
    assert read["status"] == "finished"
    assert read["structure"]["space_group_symbol"] == "Fm-3m"
    assert list(read["relax"]["lattice"]) == ["a", "b", "c", "alpha", "beta", "gamma"]
    assert set(read["thermal"]["alpha_linear_per_k"]) == {"a", "b", "c"}
    assert np.shape(read["elastic"]["stiffness_gpa"]) == (6, 6)


def test_provenance_says_how_to_repeat_it(whole, fcc):
    outcome, _ = whole
    found = outcome.report()["provenance"]
    assert found["model"]["name"] == "lennard-jones"
    assert found["model"]["dtype"] == found["model"]["supercell_dtype"] == "float64"
    assert found["model"]["engine"] == "test"
    assert Spec.from_dict(found["spec"]).sha256 == found["spec_sha256"]
    assert found["structure_sha256"] == fcc().sha256
    assert {"torch", "sevenn", "phonopy", "spglib"} <= set(found["versions"])


def test_warnings_are_exactly_the_failed_checks(whole):
    outcome, _ = whole
    report = outcome.report()
    failed = {
        (check["code"], stage)
        for stage in outcome.stages
        for check in report[stage]["checks"]
        if not check["passed"]
    }
    assert {(w["code"], w["stage"]) for w in report["warnings"]} == failed


def middle(events, stage, what):
    found = [i for i, e in enumerate(events) if e[0] == stage and e[3].startswith(what)]
    return found[len(found) // 2] + 1


@pytest.mark.parametrize(
    ("what", "last"),
    [
        ("checkpoint", "relax"),
        ("second derivatives", "elastic"),
        ("finite strains", "elastic"),
        ("displacements", "phonons"),
        ("relaxing", "thermal"),
        ("displaced", "thermal"),
    ],
)
def test_cancelled_anywhere_it_goes_on_to_the_same_numbers(run, whole, tmp_path, what, last):
    outcome, recorder = whole
    pieces, stages = Ledger(tmp_path), STAGES[: STAGES.index(last) + 1]
    stop = Recorder(stop_at=middle(recorder.events, last, what))
    with pytest.raises(Cancelled, match="Stopped by the test"):
        run(monitor=stop, pieces=pieces, properties=stages)
    again = Recorder()
    resumed = run(monitor=again, pieces=pieces, properties=stages)
    for stage in stages:
        assert resumed.report()[stage] == outcome.report()[stage]
    assert {e[0] for e in again.events} == {last}
    assert len(pieces.keys) == len(set(pieces.keys))  # no piece of work was done twice
    finished = LennardJones()
    assert run(finished, pieces=pieces, properties=stages).report() == resumed.report()
    assert finished.calls == 0


def test_progress_never_goes_back_within_a_kind_of_work(whole):
    _, recorder = whole
    assert recorder.stages == list(STAGES)
    for stage in ("elastic", "phonons", "thermal"):
        steps = [e for e in recorder.events if e[0] == stage and e[1] is not None]
        assert steps[-1][1] == steps[-1][2] > 0
        for total in {e[2] for e in steps}:
            done = [e[1] for e in steps if e[2] == total]
            assert done == sorted(done)


def test_results_survive_their_json(whole):
    outcome, _ = whole
    for stage, result in outcome.stages.items():
        text = json.dumps(result.to_dict(), allow_nan=False)
        again = RESULT_TYPES[stage].from_dict(json.loads(text))
        assert again.to_dict() == result.to_dict()
        assert again.summary().keys() == result.summary().keys()


def test_a_stage_without_result_leaves_the_others(run, monkeypatch):
    def no_fit(*_args, **_kwargs):
        raise FitError("There is no minimum.")

    monkeypatch.setattr(pipeline.thermal, "thermal_expansion", no_fit)
    recorder = Recorder()
    outcome = run(monitor=recorder)
    assert outcome.status == "incomplete"
    assert list(outcome.stages) == ["relax", "elastic", "phonons"]
    (reason,) = [c for c in outcome.warnings if c.code == "no_result"]
    assert (reason.stage, reason.message) == ("thermal", "There is no minimum.")
    assert recorder.cautions == list(outcome.warnings)


def simple_cubic():
    return Crystal(2.6 * np.eye(3), np.array([29]), np.zeros((1, 3)))


def test_an_unstable_crystal_says_so_and_does_not_expand(run):
    """Simple cubic is no minimum of a pair potential: soft shear, imaginary modes."""
    outcome = run(crystal=simple_cubic())
    report = outcome.report()
    assert outcome.status == "incomplete"
    assert report["phonons"]["imaginary"] is True
    assert report["phonons"]["min_frequency_thz"] < -0.1
    assert "thermal" not in report
    found = {(w["stage"], w["code"]): w["message"] for w in report["warnings"]}
    assert "imaginary modes" in found["thermal", "no_result"]
    assert ("phonons", "no_imaginary_modes") in found
    assert ("elastic", "born_stable") in found
    assert report["elastic"]["born_stable"] is False
    assert report["elastic"]["debye_temperature_k"] is None  # not-a-number is not JSON
    json.dumps(report, allow_nan=False)


def test_relax_alone_is_enough(run):
    outcome = run(properties=("relax",))
    assert list(outcome.report())[-1] == "relax"
    assert outcome.provenance["model"]["supercell_dtype"] is None
    assert outcome.status == "finished"


def test_a_potential_is_built_once_for_jobs_that_want_the_same(fcc, monkeypatch):
    built = []

    def load(name, **wanted):
        built.append((name, *wanted.values()))
        return LennardJones()

    monkeypatch.setattr("mlpcore.registry.load", load)
    for engine in ("auto", "auto", "upstream"):
        spec = Spec(fcc(), "sevennet-0", ("relax",), "quick", engine=engine)
        pipeline.run(spec, Silent(), MemoryPieces())
    double = ("sevennet-0", "auto", "float64")
    assert built == [(*double, "auto"), (*double, "upstream")]


def test_large_supercells_get_single_precision_from_the_same_engine(fcc, monkeypatch):
    built = []

    def load(name, device, dtype, engine):
        built.append((dtype, engine))
        potential = LennardJones()
        potential.memory_per_atom_mb = 1000.0
        return potential

    monkeypatch.setattr("mlpcore.registry.load", load)
    spec = Spec(fcc(), "sevennet-0", ("phonons",), "quick", engine="upstream")
    outcome = pipeline.run(spec, Silent(), MemoryPieces())
    assert built == [("float64", "upstream"), ("float32", "upstream")]
    assert outcome.provenance["model"]["supercell_dtype"] == "float32"


def test_pressure_reaches_every_stage(run):
    report = run(pressure_gpa=5.0, properties=("relax", "elastic", "thermal")).report()
    assert report["relax"]["pressure_gpa"] == 5.0
    constants = report["elastic"]["independent_constants"]
    assert constants["C12"] - constants["C44"] == pytest.approx(10.0, abs=0.1)
    at_zero = report["thermal"]["volume_per_atom_a3"][0]
    assert at_zero == pytest.approx(report["relax"]["volume_per_atom_a3"], rel=0.02)
    assert at_zero > report["relax"]["volume_per_atom_a3"]  # zero-point motion expands


def test_too_many_atoms_are_refused(run):
    rng = np.random.default_rng(0)
    crystal = Crystal(20 * np.eye(3), np.full(201, 29), rng.random((201, 3)))
    with pytest.raises(StructureError, match="has 201 atoms; at most 200"):
        run(crystal=crystal)


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


def column(path, name):
    header, rows = table(path)
    return np.array([float(row[header.index(name)]) for row in rows])


def test_files_hold_the_results(whole, folder):
    outcome, _ = whole
    stages = outcome.stages
    header, rows = table(folder / "elastic.csv")
    assert header[:2] == ["ions", "row"]
    assert [row[:2] for row in rows[:2]] == [["relaxed", "C_xx"], ["relaxed", "C_yy"]]
    tensor = np.array([row[2:] for row in rows[:6]], dtype=float)
    np.testing.assert_allclose(tensor, stages["elastic"].stiffness_gpa, atol=1e-4)
    for file, name, values in (
        ("bands.csv", "band_3_thz", stages["phonons"].band_frequency_thz[:, 2]),
        ("dos.csv", "states_per_thz", stages["phonons"].dos_per_thz),
        (
            "phonon_thermal.csv",
            "entropy_j_per_mol_k",
            stages["phonons"].entropy_j_per_mol_k,
        ),
        ("thermal.csv", "alpha_volume_per_k", stages["thermal"].alpha_volume_per_k),
        ("thermal.csv", "alpha_c_per_k", stages["thermal"].alpha_linear_per_k["c"]),
        (
            "volumes.csv",
            "energy_per_atom_ev",
            stages["thermal"].sampled_energy_per_atom_ev,
        ),
    ):
        np.testing.assert_allclose(column(folder / file, name), values, rtol=1e-7, atol=1e-12)


@pytest.mark.filterwarnings("ignore::UserWarning")  # ASE's, on the spelling of space groups
def test_structure_files_hold_the_relaxed_cell(whole, folder):
    relaxed = whole[0].stages["relax"]
    for name, crystal in (("POSCAR", relaxed.primitive), ("relaxed.cif", relaxed.conventional)):
        atoms = read(folder / name)
        assert len(atoms) == len(crystal)
        assert atoms.cell.volume == pytest.approx(crystal.volume_a3, rel=1e-5)


def test_phonopy_opens_its_file(whole, folder):
    found = phonopy.load(folder / "phonopy_params.yaml", log_level=0)
    at_gamma = found.run_qpoints([[0, 0, 0]]).frequencies[0]
    own = whole[0].stages["phonons"].gamma_frequencies_thz
    np.testing.assert_allclose(at_gamma, own, atol=1e-3)
    at_x = found.run_qpoints([[0.5, 0, 0.5]]).frequencies[0].max()
    qpoints = whole[0].stages["phonons"].band_qpoints
    index = np.argmin(np.abs(qpoints - [0.5, 0, 0.5]).sum(axis=1))
    band = whole[0].stages["phonons"].band_frequency_thz[index].max()
    assert at_x == pytest.approx(band, rel=1e-5)


def test_nothing_but_finished_files_is_left(whole, folder):
    volumes = range(1, PRESETS["quick"].n_volumes + 1)
    assert {path.name for path in folder.iterdir()} == {
        *("POSCAR", "relaxed.cif", "elastic.csv", "result.json"),
        *("bands.csv", "dos.csv", "phonon_thermal.csv", "thermal.csv", "volumes.csv"),
        *("phonopy_params.yaml", "phonopy_disp.yaml", "FORCE_SETS", "band.yaml", "mesh.hdf5"),
        *("total_dos.dat", "projected_dos.dat", "thermal_properties.yaml", "e-v.dat"),
        *(f"thermal_properties.yaml-{number:02d}" for number in volumes),
    }
