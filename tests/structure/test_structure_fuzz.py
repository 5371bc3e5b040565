"""Whatever the bytes are, the reader gives a crystal or a StructureError, nothing else."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcore.errors import StructureError
from properties.examples import example, example_names
from properties.structure import read_all

SEEDS = [example(name).file.read_bytes() for name in ("Mg", "Al2O3", "ZrO2")] + [
    b"Cu\n1.0\n0 1.8 1.8\n1.8 0 1.8\n1.8 1.8 0\nCu\n1\nSelective\nDirect\n0 0 0 T T T\n",
    b'1\nLattice="0 1.8 1.8 1.8 0 1.8 1.8 1.8 0" Properties=species:S:1:pos:R:3\nCu 0 0 0\n'
    * 2,
    b"CRYSTAL\nPRIMVEC\n0 1.8 1.8\n1.8 0 1.8\n1.8 1.8 0\nPRIMCOORD\n1 1\nCu 0 0 0\n",
    b"ANIMSTEPS 1\nCRYSTAL\nPRIMVEC 1\n0 2 2\n2 0 2\n2 2 0\nPRIMCOORD 1\n1 1\nCu 0 0 0\n",
    b"2 F\nGa As\n1 1 0 0 0\n2 2 .25 .25 .25\n0 0 0\n0 2.8 2.8\n2.8 0 2.8\n2.8 2.8 0\n",
    b"lattice_vector 0 2 2\nlattice_vector 2 0 2\nlattice_vector 2 2 0\natom_frac 0 0 0 Cu\n",
]
WORDS = [
    b"nan", b"inf", b"-1", b"0", b"1e308", b"1e-308", b"999999999", b"?", b".", b"'", b'"',
    b";", b"\n", b"\n;", b"loop_", b"data_", b"_cell_length_a", b"1/0", b"\xc2\xb2", b"\xff",
    b"\x00", b"\xe2\x85\xa7", b"D", b"Xx", b"=", b"1_0",
]  # fmt: skip


def survives(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with contextlib.suppress(StructureError):
            for crystal in read_all(data, "fuzz"):
                assert np.isfinite(crystal.lattice_a).all()
                assert np.linalg.det(crystal.lattice_a) > 0
                assert ((crystal.fractional >= 0) & (crystal.fractional <= 1)).all()


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_random_content(data: bytes) -> None:
    survives(data)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), seed=st.sampled_from(SEEDS))
def test_mutations_of_valid_files(data: st.DataObject, seed: bytes) -> None:
    text = seed
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 12))
        text = text[:start] + data.draw(st.sampled_from(WORDS)) + text[end:]
    survives(text)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_every_truncation_of_short_files(seed: bytes) -> None:
    for end in range(0, len(seed), max(1, len(seed) // 150)):
        survives(seed[:end])


@pytest.mark.parametrize("name", example_names())
def test_a_file_cut_between_lines_never_passes_for_another_crystal(name: str) -> None:
    whole = example(name)
    lines = whole.file.read_bytes().split(b"\n")
    for end in range(len(lines) - 1):
        with contextlib.suppress(StructureError):
            (crystal,) = read_all(b"\n".join(lines[:end]), "cut.cif")
            assert crystal.sha256 == whole.crystal.sha256
