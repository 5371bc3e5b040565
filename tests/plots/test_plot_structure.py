"""The drawn crystal: geometry of the solids, atoms in view, bonds, axes."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from ase.build import bulk
from ase.data import covalent_radii
from ase.spacegroup import crystal as spaced

from properties.crystal import Crystal
from properties.plots import solids, structure


def make(name: str) -> Crystal:
    atoms = {
        "Si": lambda: bulk("Si", a=5.43, cubic=True),
        "NaCl": lambda: bulk("NaCl", "rocksalt", 5.64, cubic=True),
        "SrTiO3": lambda: spaced(
            ("Sr", "Ti", "O"),
            [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0)],
            spacegroup=221,
            cellpar=[3.905] * 3 + [90] * 3,
        ),
    }[name]()
    return Crystal.from_atoms(atoms)


@pytest.mark.parametrize("subdivisions", [0, 1, 2, 3])
def test_sphere_is_closed_round_and_faces_outward(subdivisions):
    vertices, triangles = solids.unit_sphere(subdivisions)
    edges = {tuple(sorted(pair)) for t in triangles for pair in (t[:2], t[1:], t[[2, 0]])}
    assert len(vertices) - len(edges) + len(triangles) == 2
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1)
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    assert (np.einsum("ij,ij->i", normals, a) > 0).all()


def test_sphere_area_converges_to_that_of_the_sphere():
    vertices, triangles = solids.unit_sphere(3)
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area == pytest.approx(4 * np.pi, rel=0.01)


def test_cylinder_has_its_radius_and_length():
    start, end = np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 5.0])
    mesh = solids.cylinder(start, end, 0.3, owner=7)
    along = (end - start) / np.linalg.norm(end - start)
    height = (mesh.vertices - start) @ along
    radial = mesh.vertices - start - np.outer(height, along)
    np.testing.assert_allclose(np.linalg.norm(radial, axis=1), 0.3)
    np.testing.assert_allclose(np.unique(height.round(9)), [0, np.sqrt(8)], atol=1e-8)
    assert set(mesh.owner) == {7}


@pytest.mark.parametrize(
    ("name", "atoms", "bonds"), [("Si", 18, 16), ("NaCl", 27, 54), ("SrTiO3", 15, 30)]
)
def test_atoms_on_faces_are_repeated_and_neighbours_joined(name, atoms, bonds):
    drawn = structure.atoms_in_view(make(name))
    assert (len(drawn.numbers), len(drawn.bonds)) == (atoms, bonds)
    np.testing.assert_allclose(drawn.positions_a, drawn.fractional @ make(name).lattice_a)


def test_several_cells_share_the_atoms_on_their_faces():
    drawn = structure.atoms_in_view(make("NaCl"), cells=2)
    assert len(drawn.numbers) == 5**3
    assert len(drawn.bonds) == 3 * 4 * 5**2


def test_metal_atoms_of_a_compound_are_not_joined():
    drawn = structure.atoms_in_view(make("SrTiO3"))
    pairs = {frozenset(drawn.numbers[pair]) for pair in drawn.bonds}
    assert pairs == {frozenset({38, 8}), frozenset({22, 8})}


def test_one_trace_an_element_with_its_fractional_coordinates_on_hover():
    figure = structure.figure(make("NaCl"))
    meshes = [trace for trace in figure.data if isinstance(trace, go.Mesh3d)]
    assert [mesh.name for mesh in meshes] == ["Na", "Cl"]
    for mesh in meshes:
        assert len(mesh.customdata) == len(mesh.x)
        assert "fractional" in mesh.hovertemplate
    assert meshes[0].color != meshes[1].color


def test_spheres_have_the_size_of_their_element():
    figure = structure.figure(Crystal(4 * np.eye(3), np.array([29]), np.full((1, 3), 0.5)))
    x = np.array(figure.data[0].x)
    assert np.ptp(x) / 2 == pytest.approx(structure.SPHERE_SCALE * covalent_radii[29], rel=1e-3)


def test_axes_are_named_and_tell_their_length():
    figure = structure.figure(make("Si"))
    axes = figure.data[-3:]
    letters = figure.layout.scene.annotations
    assert [letter.text for letter in letters] == ["<b>a</b>", "<b>b</b>", "<b>c</b>"]
    for letter, axis in zip(letters, axes, strict=True):
        end = np.array([axis.x[-1], axis.y[-1], axis.z[-1]])
        place = np.array([letter.x, letter.y, letter.z])
        assert np.linalg.norm(np.cross(end, place)) == pytest.approx(0)
        assert np.linalg.norm(place) > np.linalg.norm(end) > 5.43
    assert all("5.4300 Å" in trace.hovertemplate for trace in axes)
    assert len({trace.line.color for trace in axes}) == 3


def test_cell_has_twelve_edges_of_the_lattice():
    edges = next(t for t in structure.figure(make("Si")).data if t.name == "cell")
    points = np.array([edges.x, edges.y, edges.z]).T.reshape(12, 3, 3)
    np.testing.assert_allclose(np.linalg.norm(points[:, 1] - points[:, 0], axis=1), 5.43)


def test_view_is_kept_for_the_same_crystal_only():
    silicon, salt = structure.figure(make("Si")), structure.figure(make("NaCl"))
    assert silicon.layout.uirevision == structure.figure(make("Si")).layout.uirevision
    assert silicon.layout.uirevision != salt.layout.uirevision


def test_one_angstrom_is_as_long_along_every_axis():
    oblong = Crystal(np.diag([3.0, 5.0, 12.0]), np.array([29]), np.zeros((1, 3)))
    scene = structure.figure(oblong).layout.scene
    scales = [
        getattr(scene.aspectratio, axis) / np.ptp(getattr(scene, f"{axis}axis").range)
        for axis in "xyz"
    ]
    np.testing.assert_allclose(scales, scales[0])
