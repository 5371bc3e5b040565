"""Dispersions from files land on the path where they belong, or are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from properties.vibrations import band_files, band_overlay, band_paths, zone
from properties.vibrations.band_files import BandFileError
from tests.pages import sample

RESULT, CRYSTAL = sample.phonons(), sample.crystal()


def table(result=RESULT, *, factor=1.0, distance=True, qpoints=True) -> bytes:
    """The dispersion of a result as our bands.csv has it."""
    columns = {"distance": result.band_distance[:, None]} if distance else {}
    names = ["distance"] * distance + ["q1", "q2", "q3"] * qpoints
    parts = [*columns.values(), *([result.band_qpoints] if qpoints else [])]
    bands = factor * result.band_frequency_thz
    rows = np.hstack([*parts, bands])
    header = ",".join([*names, *(f"band_{k}" for k in range(bands.shape[1]))])
    return "\n".join([header, *(",".join(f"{x:.8g}" for x in row) for row in rows)]).encode()


def band_yaml(result=RESULT) -> bytes:
    """The same as phonopy writes it."""
    vectors = zone.reciprocal(CRYSTAL.lattice_a) / (2 * np.pi)
    lines = ["nqpoint: 9", "reciprocal_lattice:"]
    lines += [
        f"- [ {a:.8f}, {b:.8f}, {c:.8f} ] # {n}*"
        for (a, b, c), n in zip(vectors, "abc", strict=True)
    ]
    lines += ["natom: 2", "", "phonon:", ""]
    for q, bands in zip(result.band_qpoints, result.band_frequency_thz, strict=True):
        lines += [f"- q-position: [ {q[0]:.7f}, {q[1]:.7f}, {q[2]:.7f} ]", "  band:"]
        for k, frequency in enumerate(bands, start=1):
            lines += [f"  - # {k}", f"    frequency: {frequency:.10f}"]
    return "\n".join(lines).encode()


def placed(data, name="other.csv", factor=1.0):
    return band_paths.place(band_files.read(data, name, factor), RESULT, CRYSTAL)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (table(), "bands.csv"),
        (table(distance=False), "q.csv"),
        (table(qpoints=False), "distance.csv"),
        (band_yaml(), "band.yaml"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_own_dispersion_comes_back_onto_itself(data, name):
    found = placed(data, name)
    assert set(found.segment) == set(range(len(RESULT.band_segment_start)))
    apart = band_overlay.difference(found, RESULT)
    assert apart.largest < 1e-5
    assert apart.common == 1


def test_unit_of_the_file_is_taken_off():
    found = placed(table(factor=33.35641), factor=1 / 33.35641)
    assert band_overlay.difference(found, RESULT).largest < 1e-5


def test_difference_has_size_and_sign():
    raised = replace(RESULT, band_frequency_thz=RESULT.band_frequency_thz + 0.25)
    found = band_overlay.difference(placed(table(raised)), RESULT)
    assert (found.mean, found.mean_absolute, found.largest) == pytest.approx(
        (0.25,) * 3, abs=1e-5
    )


def test_path_walked_backwards_is_recognised():
    backward = replace(
        RESULT,
        band_qpoints=RESULT.band_qpoints[::-1],
        band_frequency_thz=RESULT.band_frequency_thz[::-1],
    )
    assert (
        band_overlay.difference(placed(table(backward, distance=False)), RESULT).largest < 1e-5
    )


def test_equivalent_path_is_recognised():
    """Another X and another L, one of them a reciprocal lattice vector away."""
    turned = band_paths.images(CRYSTAL)[17]
    moved = RESULT.band_qpoints @ turned + np.array([1.0, 0.0, -1.0])
    other = replace(RESULT, band_qpoints=moved)
    assert band_overlay.difference(placed(table(other, distance=False)), RESULT).largest < 1e-5


def test_part_of_the_path_is_enough():
    first = slice(0, int(RESULT.band_segment_start[1]))
    part = replace(
        RESULT,
        band_distance=RESULT.band_distance[first],
        band_qpoints=RESULT.band_qpoints[first],
        band_frequency_thz=RESULT.band_frequency_thz[first],
    )
    found = placed(table(part))
    assert set(found.segment) == {0}
    assert 0 < band_overlay.difference(found, RESULT).common < 0.5


def test_jump_between_segments_is_not_drawn_as_a_piece():
    pieces = band_paths.straight_pieces(RESULT.band_qpoints)
    assert len(pieces) == len(RESULT.band_segment_start)


def test_labels_say_which_part_a_distance_belongs_to():
    last = int(RESULT.band_segment_start[1]) - 1
    rows = range(last, -1, -1)
    start = RESULT.band_distance[last]
    lines = ["label,distance," + ",".join("abcdef")]
    for k in rows:
        label = {0: "GAMMA", last: "X"}.get(k, "")
        numbers = [7 * (start - RESULT.band_distance[k]), *RESULT.band_frequency_thz[k]]
        lines.append(",".join([label, *(f"{x:.8g}" for x in numbers)]))
    found = placed("\n".join(lines).encode())
    assert set(found.segment) == {0}
    assert band_overlay.difference(found, RESULT).largest < 1e-5


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"\xff\xfe\x00", "x.csv", "not a text file"),
        (b"a,b\n1,2\n3,4\n", "x.csv", "told apart by their names"),
        (b"q1,q2,q3,w\n0,0,0,1\n0,0,zero,1\n", "x.csv", "Line 3"),
        (b"q1,q2,q3,w\n", "x.csv", "1 lines"),
        (b"phonon: 3\n", "band.yaml", "needs at least two points"),
        (
            b"a\nphonon:\n- q-position: [ 0, 0 ]\n    frequency: x\n",
            "b.yaml",
            "band.yaml of phonopy",
        ),
    ],
)
def test_unreadable_files_are_refused_with_a_sentence(data, name, said):
    with pytest.raises(BandFileError, match=said):
        band_files.read(data, name, 1.0)


def test_other_number_of_bands_is_refused():
    fewer = replace(RESULT, band_frequency_thz=RESULT.band_frequency_thz[:, :3])
    with pytest.raises(BandFileError, match="has 3 bands, and the primitive cell here, of 2"):
        placed(table(fewer))


def test_other_path_is_refused():
    other = replace(
        RESULT, band_qpoints=RESULT.band_qpoints * 0.3 + np.array([0.13, 0.31, 0.07])
    )
    with pytest.raises(BandFileError, match="No piece of"):
        placed(table(other))


def test_other_cell_is_refused():
    found = band_files.read(band_yaml(), "band.yaml", 1.0)
    with pytest.raises(BandFileError, match="in another basis"):
        band_paths.place(replace(found, reciprocal=np.diag([1.0, 1.0, 2.0])), RESULT, CRYSTAL)


def test_measured_point_is_found_at_equivalent_places():
    """(0, 0, ½, ...) of one X point as in the literature, and a point off the path."""
    name, q, thz = (
        "neutrons",
        np.array([[0.5, 0.5, 0.0], [0.11, 0.23, 0.37]]),
        np.array([5.0, 9.0]),
    )
    found = band_paths.place_points(name, q, thz, RESULT, CRYSTAL)
    x_places = [
        d
        for d, n in zip(RESULT.band_tick_distance, RESULT.band_tick_label, strict=True)
        if n == "X"
    ]
    np.testing.assert_allclose(np.unique(found.distance), x_places, atol=1e-3)
    assert set(found.frequency_thz) == {5.0}


def test_points_of_a_file_may_be_given_in_the_conventional_cell():
    conventional = sample.relax().conventional
    points = band_files.read(b"q1,q2,q3,w\n0,0,1,5\n0.5,0.5,0.5,6\n", "x.csv", 1.0)
    assert points.is_points
    turned = band_paths.from_conventional(points, conventional, sample.relax().primitive)
    found = band_paths.place_all_points(turned, RESULT, CRYSTAL)
    labels = dict(zip(RESULT.band_tick_label, RESULT.band_tick_distance, strict=True))
    assert {5.0, 6.0} == set(found.frequency_thz)
    assert found.distance[found.frequency_thz == 6.0] == pytest.approx(labels["L"], abs=1e-3)
