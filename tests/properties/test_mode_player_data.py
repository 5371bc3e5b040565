"""What the player in the browser is told."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk

from properties import symmetry
from properties.crystal import Crystal
from properties.vibrations import player
from tests.pages import lattice_waves, sample


def unpacked(data: dict) -> np.ndarray:
    """Eigenvectors as the browser reads them, (k, b, 3 n)."""
    numbers = np.frombuffer(base64.b64decode(data["vectors"]), dtype="<i2")
    shape = (len(data["qpoints"]), data["branches"], 3 * len(data["atoms"]), 2)
    parts = numbers.reshape(shape) / player.FULL_SCALE
    return parts[..., 0] + 1j * parts[..., 1]


@pytest.fixture(params=["NaCl", "Si"])
def packed(request):
    cell = lattice_waves.crystal(request.param)
    result = lattice_waves.phonons(request.param)
    return cell, result, json.loads(json.dumps(player.payload(result, cell)))


def test_unpacked_vectors_are_eigenvectors(packed):
    cell, result, data = packed
    vectors = unpacked(data)
    for k, q in enumerate(result.band_qpoints):
        matrix = lattice_waves.dynamical_matrix(cell, q)
        squares = result.band_frequency_thz[k] ** 2
        assert (
            np.abs(matrix @ vectors[k].T - vectors[k].T * squares).max() < 2e-3 * matrix.max()
        )


def test_frequencies_and_points_of_the_path(packed):
    _, result, data = packed
    frequencies = np.frombuffer(base64.b64decode(data["frequencies_thz"]), dtype="<f4")
    assert frequencies == pytest.approx(result.band_frequency_thz.ravel(), rel=1e-6)
    found = {point["label"]: data["qpoints"][point["at"]] for point in data["points"]}
    assert found["Γ"] == [0, 0, 0]
    assert found["X"] == pytest.approx([0.5, 0, 0.5])
    assert found["L"] == pytest.approx([0.5, 0.5, 0.5])


def test_first_mode_is_the_highest_at_gamma_or_the_softest(packed):
    cell, result, data = packed
    assert data["qpoints"][data["first"]["point"]] == [0, 0, 0]
    assert data["first"]["branch"] == data["branches"]
    soft = result.band_frequency_thz.copy()
    soft[40, 0] = -2.0
    changed = player.payload(replace(result, band_frequency_thz=soft), cell)
    assert changed["first"] == {"point": 40, "branch": 1}


def test_one_atom_has_no_optical_mode_to_begin_with():
    cell = symmetry.analyse(Crystal.from_atoms(bulk("Cu"))).primitive
    result = sample.phonons()
    axes = np.broadcast_to(np.eye(3), (len(result.band_qpoints), 3, 3))
    single = replace(
        result,
        band_frequency_thz=result.band_frequency_thz[:, :3],
        band_eigenvectors=axes.astype(np.complex64),
        band_eigenvector_index=np.arange(len(axes)),
    )
    first = player.payload(single, cell)["first"]
    assert result.band_frequency_thz[first["point"], first["branch"] - 1] == pytest.approx(
        result.band_frequency_thz[:, :3].max()
    )


def test_degenerate_modes_are_turned_back_to_the_axes():
    generator = np.random.default_rng(5)
    space = np.zeros((6, 3), complex)
    space[:3], space[3:] = 0.8 * np.eye(3), -0.6 * np.eye(3)
    mixed = generator.normal(size=(3, 3)) + 1j * generator.normal(size=(3, 3))
    turned = space @ np.linalg.qr(mixed)[0]
    found = player.settled(
        turned[None].astype(np.complex64),
        np.full((1, 3), 5.0),
        np.zeros((1, 3)),
        np.zeros((2, 3)),
    )[0]
    assert np.abs(found.imag).max() < 1e-6
    assert np.sort(np.abs(found), axis=0)[:-2].max() < 1e-6
    assert found @ found.conj().T == pytest.approx(space @ space.conj().T, abs=1e-6)


def test_modes_that_are_not_degenerate_only_change_their_phase(packed):
    _, result, data = packed
    before, after = result.band_eigenvectors, unpacked(data)
    gaps = np.diff(result.band_frequency_thz, axis=1)
    alone = gaps.min(axis=1) > 0.05
    assert alone.sum() > 5
    overlap = np.abs(np.einsum("kib,kbi->kb", before.conj(), after))
    assert overlap[alone] == pytest.approx(1.0, abs=1e-3)


def test_at_the_zone_boundary_the_motion_is_in_step():
    cell, result = lattice_waves.crystal("Si"), lattice_waves.phonons("Si")
    data = player.payload(result, cell)
    at = next(point["at"] for point in data["points"] if point["label"] == "X")
    phase = np.exp(2j * np.pi * cell.fractional @ np.array(data["qpoints"][at]))
    motion = unpacked(data)[at] * np.repeat(phase, 3)
    assert np.abs(motion.imag).max() < 1e-3


@pytest.mark.parametrize(("name", "neighbours"), [("NaCl", 6), ("Si", 4)])
def test_each_bond_is_listed_once(name, neighbours):
    found = player.bonds(lattice_waves.crystal(name))
    assert len(found) == neighbours
    mirrored = {(j, i, *(-x for x in shift)) for i, j, *shift in found}
    assert mirrored.isdisjoint(tuple(bond) for bond in found)


def test_conventional_cell_is_offered_where_it_differs():
    cells = player.payload(lattice_waves.phonons("Si"), lattice_waves.crystal("Si"))["cells"]
    assert abs(np.linalg.det(cells["Conventional cell"])) == pytest.approx(4)
    lattice = np.array(cells["Conventional cell"]) @ lattice_waves.crystal("Si").lattice_a
    assert np.linalg.norm(lattice, axis=1) == pytest.approx([5.43] * 3)


def test_only_some_points_may_be_kept():
    result = lattice_waves.phonons("NaCl", every=3)
    data = player.payload(result, lattice_waves.crystal("NaCl"))
    assert data["index"][:3] == [0, 3, 6]
    assert data["qpoints"][2] == pytest.approx(result.band_qpoints[6].tolist(), abs=1e-5)


def test_older_results_have_no_modes():
    assert not player.has_modes(
        replace(lattice_waves.phonons("Si"), band_eigenvectors=np.zeros(0))
    )
