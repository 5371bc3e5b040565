"""The Brillouin zone against closed forms and what every Wigner–Seitz cell has."""

from __future__ import annotations

import numpy as np
import pytest
from ase.cell import Cell
from ase.lattice import BCC, BCT, CUB, FCC, HEX, MCL, ORC, ORCC, ORCF, ORCI, RHL, TET
from hypothesis import given, settings
from hypothesis import strategies as st

from properties.vibrations import zone
from tests.pages import sample

LATTICES = {
    "cubic": CUB(3.0),
    "fcc": FCC(4.0),
    "bcc": BCC(3.0),
    "tetragonal": TET(3.0, 4.0),
    "body-centred tetragonal, flat": BCT(4.0, 2.5),
    "body-centred tetragonal, long": BCT(3.0, 7.0),
    "orthorhombic": ORC(3.0, 4.0, 5.0),
    "face-centred orthorhombic": ORCF(3.0, 4.0, 6.0),
    "body-centred orthorhombic": ORCI(3.0, 4.0, 5.0),
    "base-centred orthorhombic": ORCC(3.0, 4.0, 5.0),
    "hexagonal": HEX(3.0, 5.0),
    "rhombohedral, sharp": RHL(4.0, 50.0),
    "rhombohedral, blunt": RHL(4.0, 100.0),
    "monoclinic": MCL(3.0, 4.0, 5.0, 70.0),
    "triclinic": Cell.fromcellpar([3.0, 4.0, 5.0, 75.0, 82.0, 67.0]),
}


def cell(name):
    lattice = LATTICES[name]
    return np.array(lattice if isinstance(lattice, Cell) else lattice.tocell())


@pytest.mark.parametrize("name", LATTICES)
def test_volume_is_that_of_the_reciprocal_cell(name):
    lattice = cell(name)
    expected = (2 * np.pi) ** 3 / abs(np.linalg.det(lattice))
    assert zone.first_zone(lattice).volume_per_a3 == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", LATTICES)
def test_faces_edges_and_corners_obey_euler(name):
    faces = zone.first_zone(cell(name)).faces_per_a
    corners = np.unique(np.round(np.concatenate(faces), 6), axis=0)
    edges = sum(len(face) for face in faces) // 2
    assert len(corners) - edges + len(faces) == 2


@pytest.mark.parametrize(
    ("name", "corners"),
    [("cubic", [4] * 6), ("fcc", [4] * 6 + [6] * 8), ("bcc", [4] * 12)],
)
def test_cubic_zones_are_cube_truncated_octahedron_and_rhombic_dodecahedron(name, corners):
    faces = zone.first_zone(cell(name)).faces_per_a
    assert sorted(len(face) for face in faces) == corners


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_point_inside_is_nearer_to_another_lattice_point(seed):
    rng = np.random.default_rng(seed)
    lattice = rng.normal(size=(3, 3)) * 3
    if abs(np.linalg.det(lattice)) < 5:
        return
    found = zone.first_zone(lattice)
    others = rng.integers(-3, 4, (60, 3))
    points = others[np.abs(others).sum(1) > 0] @ found.reciprocal_per_a
    for corner in np.concatenate(found.faces_per_a):
        apart = np.linalg.norm(points - corner, axis=1)
        assert apart.min() >= np.linalg.norm(corner) * (1 - 1e-7)


def test_faces_are_wound_as_seen_from_outside():
    for face in zone.first_zone(cell("triclinic")).faces_per_a:
        turn = np.cross(face[1] - face[0], face[2] - face[1])
        assert turn @ face.mean(axis=0) > 0


def test_path_of_silicon_ends_on_the_surface_of_its_zone():
    path = zone.path(sample.phonons(), sample.crystal().lattice_a)
    points = dict(path.points_per_a)
    found = zone.first_zone(sample.crystal().lattice_a)
    assert np.linalg.norm(points["Γ"]) == 0
    assert np.linalg.norm(points["X"]) == pytest.approx(2 * np.pi / sample.LATTICE_A)
    assert np.linalg.norm(points["W"]) == pytest.approx(found.radius_per_a)
    assert zone.segment_labels(sample.phonons())[2] == ("K", "Γ")
