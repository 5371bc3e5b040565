"""Files that are damaged, cut short, or say more of themselves than is there."""

from __future__ import annotations

import lzma

import numpy as np
import pytest
import training_data

from mlpcore import dataset, extxyz
from mlpcore.errors import DatasetError

LATTICE = 'Lattice="4 0 0 0 4 0 0 0 4"'
FORCES = "Properties=species:S:1:pos:R:3:forces:R:3"


def frame(words="energy=-5", columns=FORCES, atoms=("H 0 0 0 0 0 0",), count=None) -> str:
    lines = (str(count or len(atoms)), f"{LATTICE} {columns} {words}", *atoms)
    return "\n".join(lines) + "\n"


def frames(count: int, first: int = 0) -> bytes:
    return "".join(
        frame(atoms=(f"H {k / 1e3} 0 0 0 0 0",)) for k in range(first, first + count)
    ).encode()


def test_a_packed_file_that_is_cut_short_is_told_wherever_it_ends():
    content = lzma.compress(dataset.text_of(training_data.copper(12)).encode())
    assert len(dataset.read_bytes(content).frames) == 12
    for end in (*range(len(content) - 16, len(content)), len(content) // 2, 7):
        with pytest.raises(DatasetError, match=r"a\.xz is cut short\. Copy or pack it again"):
            dataset.read_bytes(content[:end], "a.xz")


def test_what_is_packed_in_parts_is_read_whole():
    content = lzma.compress(frames(3)) + bytes(8) + lzma.compress(frames(4, 3)) + bytes(4)
    assert len(dataset.read_bytes(content).frames) == 7
    with pytest.raises(DatasetError, match="cut short"):
        dataset.read_bytes(content[:-30])


@pytest.mark.parametrize(
    "content",
    [
        lzma.compress(frames(3)) + b"garbage",
        lzma.compress(frames(3)) + b"garbage of more than a header",
        b"\xfd7zXZ\x00" + b"damage" * 9,
        lzma.compress(frames(50))[:-40] + b"damage" * 8,
    ],
)
def test_damage_is_told(content):
    with pytest.raises(DatasetError, match=r"damaged xz file.* Copy or pack it again"):
        dataset.read_bytes(content)


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    with pytest.raises(DatasetError, match="packed in more than 1000 parts"):
        dataset.read_bytes(lzma.compress(b"") * 1002)
    monkeypatch.setattr(extxyz, "MOST_BYTES", 1_000_000)
    for content in (lzma.compress(bytes(30_000_000)), lzma.compress(bytes(600_000)) * 2):
        with pytest.raises(DatasetError, match="larger than 1 MB unpacked"):
            dataset.read_bytes(content)
    with pytest.raises(DatasetError, match="larger than 1 MB unpacked"):
        dataset.read_bytes(bytes(1_000_001))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            frame() + frame(count=99_999_999_999_999),
            "frame 2 says that it has 99999999999999 atoms, but only 1 lines are left",
        ),
        (frame(count=3) + "H 1 1 1 0 0 0\n", "frame 1 says that it has 3 atoms, but only 2"),
        ("5", "frame 1 says that it has 5 atoms, but only 0 lines are left"),
        (frame(count=-3), "frame 1 begins with '-3'"),
        (frame() + "VEC1 1 0 0\n", "frame 2 begins with 'VEC1 1 0 0'"),
        (frame() + frame() + "H 1 1 1 0 0 0\n", "frame 3 begins with 'H 1 1 1 0 0 0'"),
        (frame() + "\n" + frame(), "line 4 is empty, where frame 2 should begin"),
    ],
)
def test_each_frame_has_the_lines_that_it_claims(text, message):
    with pytest.raises(DatasetError, match=message):
        dataset.read_bytes(text.encode())


def test_empty_lines_at_the_end_are_none_of_its_frames():
    assert len(dataset.read_bytes(frames(2) + b"\n \n\n").frames) == 2


@pytest.mark.parametrize(
    ("limit", "most", "what"),
    [
        ("MOST_FRAMES", 4, "4 frames"),
        ("MOST_ATOMS", 9, "9 atoms in all frames"),
        ("MOST_ATOMS_EACH", 1, "1 atoms in one frame"),
        ("MOST_PROPERTIES", 300, "300 characters in lines of properties"),
    ],
)
def test_limits_hold_before_anything_is_parsed(monkeypatch, limit, most, what):
    monkeypatch.setattr(extxyz, limit, most)
    monkeypatch.setattr(extxyz, "read_xyz", None)
    text = frame(atoms=("H 0 0 0 0 0 0", "H 1 1 1 0 0 0")) * 5
    with pytest.raises(DatasetError, match=rf"more than {what} \(frame \d passes that\)"):
        dataset.read_bytes(text.encode())


@pytest.mark.parametrize("columns", ["a:R:999999999", "a:R:" + "9" * 5000, "a:R:900:b:I:200"])
def test_columns_without_end_are_refused(columns):
    with pytest.raises(DatasetError, match="frame 1: Properties has more than 1000 columns"):
        dataset.read_bytes(frame(columns=f"{FORCES}:{columns}").encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (frame("energy=T"), "Frame 1: the energy is not made of numbers"),
        (frame("energy=abc"), "Frame 1: the energy is not made of numbers"),
        (
            frame() + frame(columns=FORCES[:-3] + "L:3", atoms=("H 0 0 0 T F T",)),
            "frame 2: the forces are not real numbers .* forces:R:3 is needed",
        ),
        (
            frame(columns=FORCES[:-3] + "S:3", atoms=("H 0 0 0 0.1 0 0",)),
            "frame 1: the forces are not real numbers",
        ),
        (
            frame('energy=-5 virial="1 0 0 0 1 0 0 0 1"'),
            "Frame 1 has a virial .* but no stress.* positive in tension",
        ),
        (frame('energy=-5 dft_virial="1 0 0 0 1 0 0 0 1"'), "Frame 1 has a virial"),
    ],
)
def test_labels_that_would_be_misread_are_told(text, message):
    with pytest.raises(DatasetError, match=message):
        dataset.read_bytes(text.encode())


def test_beside_a_stress_a_virial_is_left_aside():
    words = 'energy=-5 virial="9 0 0 0 9 0 0 0 9" stress="0.1 0 0 0 0.2 0 0 0 0.3"'
    (found,) = dataset.read_bytes(frame(words).encode()).frames
    np.testing.assert_array_equal(found.stress_ev_per_a3, np.diag([0.1, 0.2, 0.3]))
    assert isinstance(found.energy_ev, float)
