"""Every kind of file that a user may bring: read right, or refused with a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcore.errors import StructureError
from properties import symmetry
from properties.examples import example
from properties.spec import MAX_INPUT_ATOMS
from properties.structure import MAX_UPLOAD_BYTES, read_all, read_structure, safe_name

SILICON = example("Si").file.read_text()
CORUNDUM = example("Al2O3").file.read_text()
ZINCITE = example("ZnO").file.read_text()

HCP = """data_m
_cell_length_a 3.2094(2)
_cell_length_b 3.2094
_cell_length_c 5.2107
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_symmetry_space_group_name_H-M '{group}'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{site}
"""

CUBE = "comment\n1.0\n5 0 0\n0 5 0\n0 0 5\n"
FCC = "0 1.8 1.8\n1.8 0 1.8\n1.8 1.8 0\n"


def poscar(
    symbols: str, counts: str, *rows: str, cell: str = CUBE, mode: str = "Direct"
) -> bytes:
    return "\n".join([cell + symbols, counts, mode, *rows, ""]).encode()


COPPER = {
    "poscar": "Cu\n1.0\n" + FCC + "Cu\n1\nDirect\n0 0 0\n",
    "poscar without final newline": "Cu\n1.0\n" + FCC + "Cu\n1\nDirect\n0 0 0",
    "poscar, scale and selective dynamics": "Cu\n1.8\n0 1 1\n1 0 1\n1 1 0\nCu\n1\nSelective\n"
    "Cartesian\n0 0 0 T T F\n",
    "poscar, volume as scale": "Cu\n-11.664\n0 1 1\n1 0 1\n1 1 0\nCu\n1\nDirect\n0 0 0\n",
    "poscar, potential names": "Cu\n1.0\n" + FCC + "Cu_pv/6a2f546d\n1 ! one\nDirect\n0 0 0\n",
    "xyz": '1\nLattice="0 1.8 1.8 1.8 0 1.8 1.8 1.8 0" '
    "Properties=species:S:1:pos:R:3\nCu 0 0 0\n",
    "xyz, other columns": '1\nProperties=tag:I:1:pos:R:3:species:S:1 pbc="T T T" '
    'Lattice="0 1.8 1.8 1.8 0 1.8 1.8 1.8 0"\n7 0 0 0 Cu\n',
    "xsf": "CRYSTAL\nPRIMVEC\n" + FCC + "PRIMCOORD\n1 1\nCu 0 0 0\n",
    "gen": "1 F\nCu\n1 1 0 0 0\n0 0 0\n" + FCC,
    "aims": "".join(f"lattice_vector {row}\n" for row in FCC.splitlines()) + "atom 0 0 0 Cu\n",
    "aims, fractional": "# copper\n"
    + "".join(f"lattice_vector {row}\n" for row in FCC.splitlines())
    + "atom_frac 0 0 0 Cu\n",
}


@pytest.mark.parametrize("kind", COPPER)
def test_every_format_gives_the_same_copper(kind: str) -> None:
    crystal = read_structure(COPPER[kind].encode(), "copper.txt")
    assert crystal.symbols == ("Cu",)
    assert crystal.volume_a3 == pytest.approx(2 * 1.8**3)
    assert symmetry.analyse(crystal).symbol == "Fm-3m"


@pytest.mark.parametrize("name", ["x.cif", "x.vasp", "POSCAR", "x.png", "", "..", "../../x"])
def test_the_content_decides_whatever_the_name_is(name: str) -> None:
    crystal = read_structure(SILICON.encode(), name)
    assert crystal.sha256 == example("Si").crystal.sha256


@pytest.mark.parametrize(
    "data",
    [
        SILICON.replace("\n", "\r\n").encode(),
        SILICON.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + SILICON.encode(),
        SILICON.encode("utf-16"),
        SILICON.replace("# Silicon", "# \xc5ngstr\xf6m").encode("latin-1"),
        SILICON.replace("data_Si", "DATA_Si").replace("loop_", "LOOP_").encode(),
    ],
    ids=["CRLF", "CR", "BOM", "UTF-16", "Latin-1", "upper case"],
)
def test_line_ends_and_encodings_do_not_matter(data: bytes) -> None:
    assert read_structure(data, "a.cif").sha256 == example("Si").crystal.sha256


def test_the_cif_may_name_its_space_group_instead_of_listing_operations() -> None:
    data = HCP.format(group="P 63/m m c", site="Mg1 0.333 0.667 0.25").encode()
    crystal = read_structure(data, "mg.cif")
    assert len(crystal) == 2
    assert symmetry.analyse(crystal).number == 194


@pytest.mark.parametrize(
    ("group", "site", "atoms"),
    [
        ("F d -3 m S", "Mg 0 0 0", 8),
        ("F d -3 m :2", "Mg 0.125 0.125 0.125", 8),
        ("R -3 m", "Mg 0 0 0", 3),
        ("R -3 m H", "Mg 0 0 0", 3),
        ("R-3m:H", "Mg 0 0 0", 3),
        ("P 63/m m c", "Mg 0 0 0", 2),
        ("P6_3/mmc", "Mg 0 0 0", 2),
    ],
)
def test_names_of_space_groups_are_written_in_many_ways(
    group: str, site: str, atoms: int
) -> None:
    text = HCP.format(group=group, site=site)
    if group.startswith("F"):
        text = text.replace("gamma 120", "gamma 90").replace("5.2107", "3.2094")
    assert len(read_structure(text.encode(), "x.cif")) == atoms


def test_rounded_thirds_do_not_double_an_atom() -> None:
    data = HCP.format(group="P 63/m m c", site="Mg1 0.3333 0.6667 0.2500").encode()
    found = read_structure(data, "mg.cif").fractional
    np.testing.assert_allclose(sorted(found[:, 0]), [1 / 3, 2 / 3], atol=1e-12)


def test_a_coordinate_with_its_uncertainty_is_taken_as_it_stands() -> None:
    data = HCP.format(group="P 1", site="Mg1 0.333(1) 0 0.25").encode()
    assert read_structure(data, "mg.cif").fractional[0, 0] == pytest.approx(0.333, abs=1e-12)


def test_a_left_handed_cell_becomes_right_handed_and_keeps_its_distances() -> None:
    cell = "x\n1\n0 0 6\n0 5 0\n4 0 0\n"
    crystal = read_structure(poscar("Na Cl", "1 1", "0 0 0", ".5 .5 .3", cell=cell), "P")
    assert np.linalg.det(crystal.lattice_a) == pytest.approx(120)
    assert crystal.to_atoms().get_distance(0, 1, mic=True) == pytest.approx(
        np.sqrt(3**2 + 2.5**2 + 1.2**2)
    )


def test_handedness_of_quartz_is_kept() -> None:
    quartz = example("SiO2").crystal
    swapped = quartz.lattice_a[[1, 0, 2]]
    rows = [" ".join(map(repr, map(float, x[[1, 0, 2]]))) for x in quartz.fractional]
    cell = "x\n1\n" + "".join(" ".join(map(repr, map(float, v))) + "\n" for v in swapped)
    crystal = read_structure(poscar("Si O", "3 6", *rows, cell=cell), "POSCAR")
    assert symmetry.analyse(crystal).number == symmetry.analyse(quartz).number == 154


def test_several_structures_are_all_read_when_asked_for() -> None:
    both = (SILICON + ZINCITE).encode()
    assert [crystal.formula for crystal in read_all(both, "two.cif")] == ["Si", "ZnO"]
    frames = (COPPER["xyz"] * 3).encode()
    assert len(read_all(frames, "md.xyz")) == 3


def test_a_block_without_atoms_is_passed_over() -> None:
    data = ("data_global\n_journal_year 1999\n" + SILICON).encode()
    assert read_structure(data, "a.cif").formula == "Si"


def test_the_largest_primitive_cell_is_read_and_a_supercell_counts_as_its_primitive_cell() -> (
    None
):
    rng = np.random.default_rng(1)
    for n, fits in [(MAX_INPUT_ATOMS, True), (MAX_INPUT_ATOMS + 1, False)]:
        grid = np.indices((7, 7, 7)).reshape(3, -1).T[:n] / 7
        places = grid + rng.uniform(0, 0.03, (n, 3))
        rows = [" ".join(f"{x:.6f}" for x in place) for place in places]
        data = poscar("Cu", str(n), *rows, cell="x\n1\n18 0 0\n0 18 0\n0 0 18\n")
        if fits:
            assert len(read_structure(data, "P")) == n
        else:
            with pytest.raises(
                StructureError, match="primitive cell holds 201 atoms, and at most"
            ):
                read_structure(data, "P")
    grid = [" ".join(f"{x / 6}" for x in place) for place in np.ndindex(6, 6, 6)]
    data = poscar("Po", "216", *grid, cell="x\n1\n18 0 0\n0 18 0\n0 0 18\n")
    assert len(read_structure(data, "P")) == 216


BAD = {
    "empty": (b"", "is empty"),
    "only blanks": (b" \n\n", "is empty"),
    "binary": (bytes(range(256)) * 4, "binary file"),
    "zip": (b"PK\x03\x04abc", "zip archive"),
    "picture": (b"\x89PNG\r\n\x1a\n", "PNG image"),
    "prose": (b"Dear editor,\nplease find\n", "not recognised"),
    "too large": (b"a" * (MAX_UPLOAD_BYTES + 1), "larger than 10 MB"),
    "CIF cut within a row": (CORUNDUM[:-20].encode(), "ends within a row"),
    "CIF cut between rows": (CORUNDUM.rsplit("\n", 2)[0].encode(), "states the formula Al2 O3"),
    "CIF cut within a word": (CORUNDUM[:700].encode(), "quoted text has no end"),
    "CIF with a lost operation": (
        SILICON.replace("  '-x,-y,z'\n", "").replace("  'y,x,z'\n", "").encode(),
        "incomplete",
    ),
    "CIF cut after the cell": (SILICON.split("loop_")[0].encode(), "no atoms with positions"),
    "CIF without a cell": (
        "\n".join(x for x in SILICON.split("\n") if "_cell_length_a" not in x).encode(),
        "_cell_length_a is missing",
    ),
    "CIF with an unknown cell": (SILICON.replace("a 5.431", "a ?").encode(), "is missing"),
    "CIF with a cell of not-a-number": (SILICON.replace("a 5.431", "a nan").encode(), "'nan'"),
    "CIF with an infinite cell": (SILICON.replace("a 5.431", "a 1e999").encode(), "'1e999'"),
    "CIF with a zero cell": (SILICON.replace("a 5.431", "a 0").encode(), "not positive"),
    "CIF with impossible angles": (
        ZINCITE.replace("alpha 90", "alpha 20").encode(),
        "no cell has these three angles",
    ),
    "CIF with a flat angle": (ZINCITE.replace("gamma 120", "gamma 180").encode(), "180°"),
    "CIF with partial occupancy": (
        CORUNDUM.replace(" 0.25 1", " 0.25 0.5").encode(),
        "O1 has an occupancy of 0.5",
    ),
    "CIF with an unknown element": (CORUNDUM.replace("Al1 Al", "Q1 Qq").encode(), "'Qq'"),
    "CIF with deuterium": (CORUNDUM.replace("O1 O", "D1 D").encode(), "deuterium"),
    "CIF with a label that may be two elements": (
        HCP.format(group="P 1", site="CO1 0 0 0").encode(),
        "may be Co or C",
    ),
    "CIF with an unknown space group": (
        HCP.format(group="P 99", site="Mg 0 0 0").encode(),
        "'P 99' is not known",
    ),
    "CIF with two origins": (
        HCP.format(group="F d -3 m", site="Mg 0 0 0").encode(),
        "two choices of origin",
    ),
    "CIF with a broken operation": (SILICON.replace("'x,y,z'", "'x,y,w'").encode(), "'x,y,w'"),
    "two structures": ((SILICON + ZINCITE).encode(), r"holds 2 structures \(Si, ZnO\)"),
    "too many structures": ((COPPER["xyz"] * 60).encode(), "at most 50"),
    "POSCAR without symbols": (b"x\n1\n5 0 0\n0 5 0\n0 0 5\n1\nDirect\n0 0 0\n", "VASP 4"),
    "POSCAR cut off": (poscar("Si", "2", "0 0 0")[:-1], "ends before the position of atom 2"),
    "POSCAR with an absurd count": (poscar("Si", "999999999", "0 0 0"), "999999999 atoms"),
    "POSCAR with no atoms": (poscar("Si", "0", ""), "holds 0 atoms"),
    "POSCAR with a missing count": (poscar("Si O", "1", "0 0 0"), "names 2 elements"),
    "POSCAR without a mode": (poscar("Si", "1", "0 0 0", mode="0 0 0"), "Direct or Cartesian"),
    "POSCAR of a dummy": (poscar("X", "1", "0 0 0"), "'X', which is no chemical element"),
    "POSCAR without a cell": (
        poscar("Si", "1", "0 0 0", cell="x\n1\n0 0 0\n0 0 0\n0 0 0\n"),
        "has no cell",
    ),
    "POSCAR with a flat cell": (
        poscar("Si", "1", "0 0 0", cell="x\n1\n5 0 0\n0 5 0\n5 5 0\n"),
        "cell has no volume",
    ),
    "POSCAR with a cell of not-a-number": (
        poscar("Si", "1", "0 0 0", cell="x\n1\nnan 0 0\n0 5 0\n0 0 5\n"),
        "'nan' was found",
    ),
    "XDATCAR": (
        poscar(
            "Cu",
            "1",
            "0 0 0",
            "Direct configuration= 2",
            "0 0 0",
            mode="Direct configuration= 1",
        ),
        "XDATCAR",
    ),
    "Cartesian positions called direct": (poscar("Si", "1", "250 0 0"), "far outside the cell"),
    "atoms on top of each other": (
        poscar("Si O", "1 1", "0 0 0", "0.99 0 0.01"),
        r"Si \(atom 1\) and O \(atom 2\) are only 0.07 Å apart",
    ),
    "doubled atom": (poscar("Si", "2", "0 0 0", "1 1 1"), "only 0.00 Å apart"),
    "molecule in a box": (
        poscar("O H", "1 2", "0 0 0", ".064 0 0", "-.016 .062 0", cell=CUBE.replace("5", "15")),
        "molecule or an atom in a box",
    ),
    "molecule in a small box": (
        poscar("H", "2", "0 0 0", "0.12 0 0", cell=CUBE.replace("5", "6.2")),
        "molecule or an atom in a box",
    ),
    "slab": (
        poscar("Al", "2", "0 0 0", ".5 .5 .08", cell="x\n1\n2.9 0 0\n0 2.9 0\n0 0 25\n"),
        "surface slab or a sheet beside 23.0 Å",
    ),
    "wire": (
        poscar("Al", "1", "0 0 0", cell="x\n1\n2.9 0 0\n0 20 0\n0 0 20\n"),
        "a wire beside 20.0 Å",
    ),
    "XYZ of a molecule": (b"2\nhydrogen\nH 0 0 0\nH 0 0 0.74\n", "has no cell"),
    "XYZ that is not periodic": (
        COPPER["xyz"].replace('" Prop', '" pbc="T T F" Prop').encode(),
        "not periodic in three",
    ),
    "XYZ cut off": (COPPER["xyz"].replace("1\n", "4\n", 1).encode(), "announces 4 atoms"),
    "XYZ with a wrong count": (
        (COPPER["xyz"] + "Cu 1 1 1\n").encode(),
        "line 4 should be the number of atoms",
    ),
    "XYZ with a short row": (
        COPPER["xyz"].replace("Cu 0 0 0", "Cu 0 0").encode(),
        "2 were found",
    ),
    "XSF of a molecule": (b"MOLECULE\nATOMS\nH 0 0 0\nH 0 0 0.7\n", "not periodic"),
    "XSF cut off": (COPPER["xsf"][:30].encode(), "missing or malformed"),
    "gen of a cluster": (b"1 C\nCu\n1 1 0 0 0\n", "not periodic"),
    "aims with two vectors": (
        b"lattice_vector 1 0 0\nlattice_vector 0 1 0\n",
        "2 lattice vectors",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_a_sentence(case: str) -> None:
    data, words = BAD[case]
    with pytest.raises(StructureError, match=words) as caught:
        read_structure(data, "../../etc/sub\\my file.cif")
    message = str(caught.value)
    assert "my file.cif" in message
    assert "etc" not in message
    assert message.endswith(".")
    assert "\n" not in message


def test_a_layered_bulk_crystal_is_not_taken_for_a_slab() -> None:
    graphite = "x\n1\n2.46 0 0\n-1.23 2.1304 0\n0 0 6.708\n"
    data = poscar(
        "C",
        "4",
        "0 0 .25",
        "0 0 .75",
        ".333333 .666667 .25",
        ".666667 .333333 .75",
        cell=graphite,
    )
    assert len(read_structure(data, "graphite")) == 4


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\Si.cif", "Si.cif"),
        ("..", "the file"),
        ("", "the file"),
        ("a\x00b\n.cif", "ab.cif"),
        ("x" * 300, "x" * 80),
    ],
)
def test_only_the_last_part_of_a_name_is_shown(given: str, kept: str) -> None:
    assert safe_name(given) == kept
