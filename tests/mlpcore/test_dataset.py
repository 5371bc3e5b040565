from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from hypothesis import given
from hypothesis import strategies as st

from mlpcore import dataset
from mlpcore.dataset import Dataset
from mlpcore.errors import DatasetError
from mlpcore.frame import Frame
from mlpcore.oracle import Oracle

ORACLE = Oracle(lambda _atoms: EMT(), {"oracle": "EMT", "functional": "none"})


def cells(count: int, n_atoms: int = 4) -> list:
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        atoms = bulk("Cu", cubic=True) if n_atoms == 4 else bulk("Cu") * (n_atoms, 1, 1)
        strain = rng.uniform(-0.02, 0.02, (3, 3))
        atoms.set_cell(
            atoms.cell.array @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True
        )
        atoms.positions += rng.normal(0, 0.08, atoms.positions.shape)
        found.append(atoms)
    return found


@pytest.fixture(scope="module")
def data() -> Dataset:
    frames = [ORACLE.label(a, f"draw {i // 3}") for i, a in enumerate(cells(18))]
    return Dataset(tuple(frames), ORACLE.settings)


def changed(data: Dataset, number: int | None = None, **change) -> bytes:
    """The data as a file, with labels of one frame, or of all, put through functions."""
    frames = [
        replace(f, **{name: change[name](getattr(f, name), len(f.atoms)) for name in change})
        if number in (None, i)
        else f
        for i, f in enumerate(data.frames, start=1)
    ]
    return dataset.text_of(Dataset(tuple(frames))).encode()


@pytest.mark.parametrize("name", ["a.extxyz", "a.extxyz.xz"])
def test_what_is_written_is_read(data, tmp_path, name):
    dataset.write(tmp_path / name, data)
    found = dataset.read(tmp_path / name)
    assert found.settings == data.settings
    assert found.elements == ("Cu",)
    for one, other in zip(data.frames, found.frames, strict=True):
        assert other.source == one.source
        assert other.atoms.calc is None
        assert other.energy_ev == pytest.approx(one.energy_ev, abs=1e-9)
        np.testing.assert_allclose(other.atoms.positions, one.atoms.positions, atol=1e-8)
        np.testing.assert_allclose(other.atoms.cell.array, one.atoms.cell.array, atol=1e-12)
        np.testing.assert_allclose(other.forces_ev_per_a, one.forces_ev_per_a, atol=1e-8)
        np.testing.assert_allclose(other.stress_ev_per_a3, one.stress_ev_per_a3, atol=1e-9)


def test_packing_does_not_change_the_hash(data, tmp_path):
    for name in ("a.extxyz", "b.extxyz.xz"):
        dataset.write(tmp_path / name, data)
    plain, packed = (dataset.read(tmp_path / n) for n in ("a.extxyz", "b.extxyz.xz"))
    assert plain.sha256 == packed.sha256 != ""
    other = dataset.read_bytes(changed(data, 2, energy_ev=lambda e, _n: e + 1e-3))
    assert other.sha256 != plain.sha256


def test_labels_without_stress_are_fine(data):
    found = dataset.read_bytes(changed(data, stress_ev_per_a3=lambda _s, _n: None))
    assert all(frame.stress_ev_per_a3 is None for frame in found.frames)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"energy_ev": lambda e, n: e + 3.5 * n}, None),
        ({"energy_ev": lambda e, n: e / n}, "energies are per atom"),
        ({"energy_ev": lambda e, _n: e / 27.2114}, "energies are in Hartree"),
        (
            {
                "energy_ev": lambda e, _n: e / 27.2114,
                "forces_ev_per_a": lambda f, _n: f / 51.4221,
                "stress_ev_per_a3": lambda _s, _n: None,
            },
            None,
        ),
        ({"forces_ev_per_a": lambda f, _n: f / 51.4221}, "forces are in Hartree/Bohr"),
        ({"forces_ev_per_a": lambda f, _n: -f}, "without the minus"),
        ({"stress_ev_per_a3": lambda s, _n: s * 160.2177}, "stresses are in GPa"),
        ({"stress_ev_per_a3": lambda s, _n: s * 1602.177}, "stresses are in .*kbar"),
    ],
)
def test_units_that_do_not_belong_together_are_told(data, change, message):
    if message is None:
        dataset.read_bytes(changed(data, **change))  # a zero of energy, or too little to tell
        return
    with pytest.raises(DatasetError, match=message):
        dataset.read_bytes(changed(data, **change))


def test_hartree_and_hartree_per_bohr_are_told_where_the_cell_stays(data):
    cell = bulk("Cu", cubic=True)
    frames = []
    for seed in range(10):
        atoms = cell.copy()
        atoms.positions += np.random.default_rng(seed).normal(0, 0.05, (4, 3))
        frame = ORACLE.label(atoms, f"draw {seed}")
        frames.append(
            replace(
                frame,
                energy_ev=frame.energy_ev / 27.2114,
                forces_ev_per_a=frame.forces_ev_per_a / 51.4221,
                stress_ev_per_a3=None,
            )
        )
    with pytest.raises(DatasetError, match=r"in Hartree and forces in Hartree/Bohr"):
        dataset.check(Dataset(tuple(frames)))


def test_stresses_of_the_other_sign_are_told_where_cells_are_only_strained():
    frames = []
    for seed in range(10):
        strain = np.random.default_rng(seed).uniform(-0.02, 0.02, (3, 3))
        atoms = bulk("Cu", cubic=True)
        deformation = np.eye(3) + (strain + strain.T) / 2
        atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
        frames.append(ORACLE.label(atoms, f"draw {seed}"))
    dataset.check(Dataset(tuple(frames)))
    wrong = [replace(f, stress_ev_per_a3=-f.stress_ev_per_a3) for f in frames]
    with pytest.raises(DatasetError, match="opposite sign"):
        dataset.check(Dataset(tuple(wrong)))


@pytest.mark.parametrize("name", ["si_pbe", "nacl_pbe"])
def test_real_data_raise_no_false_alarm_however_few(name):
    path = Path(__file__).resolve().parents[2] / "pretrained" / "data" / f"{name}.extxyz.xz"
    frames = dataset.read(path).frames
    rng = np.random.default_rng(0)
    for _ in range(40):
        some = rng.permutation(len(frames))[: rng.integers(6, 40)]
        dataset.check(Dataset(tuple(frames[i] for i in some)))


def test_energies_alike_for_cells_of_different_sizes_are_per_atom():
    frames = [
        Frame(bulk("Cu") * (n, 1, 1), -3.7 + 0.001 * n, np.zeros((n, 3)), None, f"cell {n}")
        for n in (1, 2, 3)
    ]
    with pytest.raises(DatasetError, match=r"frame 1 with 1 atoms .* frame 3 with 3 atoms"):
        dataset.check(Dataset(tuple(frames)))
    right = [replace(f, energy_ev=-3.7 * len(f.atoms)) for f in frames]
    dataset.check(Dataset(tuple(right)))


@pytest.mark.parametrize(
    ("factor", "words"), [(1 / 4, "per atom"), (1 / 27.2114, "in Hartree")]
)
def test_one_frame_in_another_unit_is_named(data, factor, words):
    shifted = [replace(f, energy_ev=f.energy_ev - 14.0) for f in data.frames]
    shifted[6] = replace(shifted[6], energy_ev=shifted[6].energy_ev * factor)
    with pytest.raises(DatasetError, match=f"Frame 7: the energy .* seems to be {words}"):
        dataset.check(Dataset(tuple(shifted)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"energy_ev": lambda _e, _n: np.nan}, "Frame 5: the energy is not finite"),
        (
            {"forces_ev_per_a": lambda f, _n: np.where(np.arange(4)[:, None] == 2, np.nan, f)},
            "Frame 5: the forces are not finite at atom 3",
        ),
        (
            {"stress_ev_per_a3": lambda s, _n: s + np.inf},
            "Frame 5: the stress is not finite",
        ),
        (
            {"forces_ev_per_a": lambda f, _n: f[:3]},
            r"Frame 5: the forces have the shape \(3, 3\)",
        ),
    ],
)
def test_a_damaged_frame_is_named_with_its_field(data, change, message):
    frames = list(data.frames)
    for name, make in change.items():
        frames[4] = replace(frames[4], **{name: make(getattr(frames[4], name), 4)})
    with pytest.raises(DatasetError, match=message):
        dataset.check(Dataset(tuple(frames)))


def twins(data: Dataset, **changes) -> Dataset:
    """The data, and its third frame again with changes."""
    return Dataset((*data.frames, replace(data.frames[2], **changes)), data.settings)


def test_the_same_structure_with_other_labels_is_refused(data):
    third = data.frames[2]
    for changes, label in (
        ({"energy_ev": third.energy_ev + 0.01}, "energy"),
        ({"forces_ev_per_a": third.forces_ev_per_a * 1.01}, "forces"),
        ({"stress_ev_per_a3": None}, "stress"),
    ):
        with pytest.raises(DatasetError, match=rf"Frames 3 and 19 .* labels \({label};"):
            dataset.check(twins(data, **changes))


def test_the_same_structure_is_of_one_source(data):
    moved = data.frames[2].atoms.copy()
    moved.positions += 4e-7
    with pytest.raises(DatasetError, match=r"Frames 3 and 19 .* 'draw 0' and 'other'.* source"):
        dataset.check(twins(data, source="other", atoms=moved))
    dataset.check(twins(data))
    moved.positions += 1e-4
    dataset.check(twins(data, source="other", atoms=moved))


FRAME = (
    '1\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3{forces} '
    '{energy} pbc="T T T"\n{symbol} 0 0 0{zeros}\n'
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FRAME.format(forces="", energy="energy=1", symbol="H", zeros=""), "1 has no forces"),
        (
            FRAME.format(forces=":forces:R:3", energy="", symbol="H", zeros=" 0 0 0"),
            "1 has no energy",
        ),
        (
            FRAME.format(forces=":forces:R:3", energy="energy=1", symbol="Qq", zeros=" 0 0 0"),
            "cannot be read as extended XYZ",
        ),
        (
            FRAME.format(forces=":forces:R:3", energy="energy=1", symbol="X", zeros=" 0 0 0"),
            "atoms of no element",
        ),
        ("", "no structures"),
        ("hello\nworld\n", "cannot be read as extended XYZ"),
        ("5\nenergy=1\nH 0 0 0\n", "cannot be read as extended XYZ"),
        ("1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=1\nH 0 0 0 0 0 0\n", "periodic"),
    ],
)
def test_incomplete_files_are_told(text, message):
    with pytest.raises(DatasetError, match=message):
        dataset.read_bytes(text.encode(), "upload.extxyz")


def test_files_that_are_none_are_told(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        dataset.read(tmp_path / "missing.extxyz")
    with pytest.raises(DatasetError, match="not a text file"):
        dataset.read_bytes(b"\x80\x04\x95\xff")


@given(
    sizes=st.lists(st.integers(1, 5), min_size=3, max_size=20),
    seed=st.integers(0, 2**31),
    by=st.sampled_from(["source", "frame"]),
)
def test_a_split_has_every_frame_once_and_keeps_sources_together(sizes, seed, by):
    atoms, zero = bulk("Cu"), np.zeros((1, 3))
    frames = tuple(
        Frame(atoms, 0.0, zero, None, f"source {k}")
        for k, n in enumerate(sizes)
        for _ in range(n)
    )
    split = dataset.split(Dataset(frames), (0.8, 0.1, 0.1), seed, by)
    parts = [split.train, split.validation, split.test]
    assert all(parts)
    assert sorted(i for part in parts for i in part) == list(range(len(frames)))
    if by == "source":
        sources = [{frames[i].source for i in part} for part in parts]
        assert not any(a & b for i, a in enumerate(sources) for b in sources[:i])
    assert dataset.split(Dataset(frames), (0.8, 0.1, 0.1), seed, by) == split


def test_a_split_has_the_sizes_asked_for():
    atoms, zero = bulk("Cu"), np.zeros((1, 3))
    frames = tuple(Frame(atoms, 0.0, zero, None, f"source {k}") for k in range(200))
    split = dataset.split(Dataset(frames), (0.7, 0.2, 0.1), 1)
    assert [len(split.train), len(split.validation), len(split.test)] == [140, 40, 20]


def test_too_few_sources_are_told(data):
    few = Dataset(data.frames[:6])
    with pytest.raises(DatasetError, match=r'2 sources; .* Split by "frame"'):
        dataset.split(few, (0.8, 0.1, 0.1), 0)
