from __future__ import annotations

import contextlib

import numpy as np
import pytest
from ase.data import atomic_numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mlpcore.errors import BornError
from properties import symmetry
from properties.crystal import Crystal
from properties.vibrations import born_library, born_sites
from properties.vibrations.born import BornCharges, for_primitive, library_born, read_born

ENTRIES = born_library.entries()
TITLES = [f"{entry['formula']}, {entry['space_group']}" for entry in ENTRIES]
PLAIN = {
    225: ((0.0, 0, 0), (0.5, 0.5, 0.5)),
    216: ((0.0, 0, 0), (0.25, 0.25, 0.25)),
    186: ((1 / 3, 2 / 3, 0), (2 / 3, 1 / 3, 0.5), (1 / 3, 2 / 3, 0.38), (2 / 3, 1 / 3, 0.88)),
}
FLUORITE = ((0.0, 0, 0), (0.25, 0.25, 0.25), (0.75, 0.75, 0.75))
FACES = 2.5 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
HEXAGONS = np.array([[3.2, 0, 0], [-1.6, 1.6 * 3**0.5, 0], [0, 0, 5.2]])
KNOWN = st.sampled_from(range(len(ENTRIES)))
SEEDS = st.integers(0, 2**32 - 1)
HALITE = "14.4\n2.4 0 0 0 2.4 0 0 0 2.4\n1.1 0 0 0 1.1 0 0 0 1.1\n-1.1 0 0 0 -1.1 0 0 0 -1.1\n"


def known(index):
    """A crystal of an entry of the library, and its charges."""
    entry = ENTRIES[index]
    if "lattice_a" in entry:
        keys = ("lattice_a", "numbers", "fractional")
        crystal = Crystal(*(np.array(entry[key]) for key in keys))
    else:
        places = FLUORITE if entry["formula"] == "CaF2" else PLAIN[entry["space_group"]]
        first, second = entry["by_element"]
        half = 2 if len(places) == 4 else 1
        symbols = [first] * half + [second] * (len(places) - half)
        numbers = np.array([atomic_numbers[symbol] for symbol in symbols])
        lattice = HEXAGONS if entry["space_group"] == 186 else FACES
        crystal = Crystal(lattice, numbers, np.array(places))
    return crystal, library_born(crystal)


def independent_atoms(crystal):
    return np.unique(born_sites.orbits(crystal))


def symmetrised(crystal, born):
    charges = born_sites.from_independent(crystal, dict(enumerate(born.charges_e)))
    dielectric = born_sites.symmetrised(crystal, born.dielectric)
    return BornCharges(dielectric, charges, born.source)


def turned_by(born, turn):
    charges = turn @ born.charges_e @ turn.T
    return BornCharges(turn @ born.dielectric @ turn.T, charges, born.source)


def by_name(title):
    return known(TITLES.index(title))


def disguised(crystal, born, seed):
    """The same crystal and charges turned, shifted, relisted and repeated."""
    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=seed).as_matrix()
    fractional = crystal.fractional + rng.random(3)
    whole = Crystal(crystal.lattice_a @ turn.T, crystal.numbers, fractional)
    atoms = whole.to_atoms()
    atoms.arrays["site"] = np.arange(len(crystal))
    atoms = atoms.repeat(rng.permutation([2, 1, 1]))
    order = rng.permutation(len(atoms))
    turned = turned_by(born, turn)
    charges = turned.charges_e[atoms.arrays["site"][order]]
    return (
        Crystal.from_atoms(atoms[order]),
        BornCharges(turned.dielectric, charges, born.source),
        turn,
    )


def in_primitive(crystal, born):
    found = symmetry.analyse(crystal)
    return found.primitive, *for_primitive(born, crystal, found.primitive, found.rotation)


def invariants(crystal, born):
    """What does not depend on axes or order: singular values by element, eigenvalues of ε."""
    values = np.linalg.svd(born.charges_e, compute_uv=False)
    rows = np.column_stack([crystal.numbers, np.round(values, 4)])
    return np.vstack([rows[np.lexsort(rows.T)], [0, *np.linalg.eigvalsh(born.dielectric)]])


def assert_fits(crystal, born):
    """The charges of `crystal` are unchanged by its symmetry."""
    again = symmetrised(crystal, born)
    np.testing.assert_allclose(again.charges_e, born.charges_e, atol=2e-4)
    np.testing.assert_allclose(again.dielectric, born.dielectric, atol=2e-4)


@pytest.mark.parametrize("index", range(len(ENTRIES)), ids=TITLES)
def test_entries_of_the_library_follow_their_symmetry_and_are_neutral(index):
    crystal, born = known(index)
    number = symmetry.analyse(crystal).number
    assert born_library.MIRROR_IMAGES.get(number, number) == ENTRIES[index]["space_group"]
    assert crystal.formula == ENTRIES[index]["formula"]
    for check in in_primitive(crystal, born)[2]:
        assert check.passed, check.message
    assert "recalled" in born.source or "of phonopy (read" in born.source


def test_crystals_are_in_the_library_once():
    cells = [(entry["formula"], entry["space_group"]) for entry in ENTRIES]
    assert len(cells) == len(set(cells))


@settings(max_examples=30, deadline=None)
@given(KNOWN, SEEDS)
def test_any_cell_of_a_crystal_gives_the_same_primitive_charges(index, seed):
    crystal, born = known(index)
    other, charges, _ = disguised(crystal, born, seed)
    cell, first, _ = in_primitive(crystal, born)
    other_cell, second, checks = in_primitive(other, charges)
    assert all(check.passed for check in checks)
    assert_fits(other_cell, second)
    np.testing.assert_allclose(second.charges_e.sum(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(
        invariants(other_cell, second), invariants(cell, first), atol=1e-3
    )


@settings(max_examples=30, deadline=None)
@given(KNOWN, SEEDS)
def test_the_library_knows_a_crystal_in_any_cell(index, seed):
    """Tensors at each atom are those that the disguise turned along."""
    crystal, born = known(index)
    other, charges, _ = disguised(crystal, born, seed)
    found = library_born(other)
    assert found is not None
    np.testing.assert_allclose(found.charges_e, charges.charges_e, atol=0.02)
    np.testing.assert_allclose(found.dielectric, charges.dielectric, atol=1e-3)


def test_both_hands_of_quartz_are_known():
    crystal, born = by_name("SiO2, 152")
    mirror = Crystal(crystal.lattice_a, crystal.numbers, -crystal.fractional)
    assert symmetry.analyse(mirror).number != symmetry.analyse(crystal).number
    np.testing.assert_allclose(library_born(mirror).charges_e, born.charges_e, atol=0.02)


def test_an_unknown_crystal_has_no_charges(silicon):
    assert library_born(silicon) is None


@pytest.fixture
def silicon():
    lattice = 2.7 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Crystal(lattice, np.array([14, 14]), np.array([[0, 0, 0], [0.25] * 3]))


def born_text(born, atoms):
    rows = [born.dielectric, *born.charges_e[atoms]]
    return "\n".join(["# made here", *(" ".join(map(str, row.ravel())) for row in rows)])


@settings(max_examples=25, deadline=None)
@given(KNOWN, SEEDS, st.booleans())
def test_born_files_of_independent_or_of_all_atoms(index, seed, all_atoms):
    crystal, born, _ = disguised(*known(index), seed)
    atoms = np.arange(len(crystal)) if all_atoms else independent_atoms(crystal)
    found = read_born(born_text(born, atoms), crystal, "BORN")
    np.testing.assert_allclose(found.charges_e, born.charges_e, atol=0.02)
    np.testing.assert_allclose(found.dielectric, born.dielectric)


def outcar(born, ionic=True):
    def block(tensor, first=""):
        return "".join(f"{first}{' '.join(f'{x:12.6f}' for x in row)}\n" for row in tensor)

    line = " -----------------\n"
    head = " MACROSCOPIC STATIC DIELECTRIC TENSOR"
    text = (
        f"{head} (including local field effects in DFT)\n{line}{block(born.dielectric)}{line}"
    )
    text += "\n BORN EFFECTIVE CHARGES (in |e|, cummulative output)\n"
    text += line
    for ion, charge in enumerate(born.charges_e, start=1):
        text += f" ion {ion:4d}\n"
        text += "".join(
            f" {i} {' '.join(f'{x:12.5f}' for x in row)}\n" for i, row in enumerate(charge, 1)
        )
    if ionic:
        text += f"\n\n{head} IONIC CONTRIBUTION\n{line}{block(9 * np.eye(3))}{line}"
    return text


def vasprun(born):
    def rows(tensor):
        return "".join(f"<v> {' '.join(f'{x:.8f}' for x in row)} </v>\n" for row in tensor)

    charges = "".join(f"<set>{rows(charge)}</set>" for charge in born.charges_e)
    return (
        f'<varray name="epsilon" >{rows(born.dielectric)}</varray>'
        f'<varray name="epsilon_ion" >{rows(9 * np.eye(3))}</varray>'
        f'<array name="born_charges" ><dimension dim="1">ion</dimension>{charges}</array>'
    )


@pytest.mark.parametrize("written", [outcar, vasprun])
def test_files_of_vasp(written):
    crystal, born = by_name("Al2O3, 167")
    found = read_born(written(born).encode(), crystal, "file")
    np.testing.assert_allclose(found.charges_e, born.charges_e, atol=1e-5)
    np.testing.assert_allclose(found.dielectric, born.dielectric, atol=1e-5)
    assert found.source == "file"


BAD = {
    "nothing": ("", "BORN holds 0 tensors"),
    "words": ("14.4\nnot a number at all\n", "'not a number at all' holds more than numbers"),
    "short line": ("14.4\n2.4 0 0\n", "3 numbers instead of 9"),
    "few charges": (HALITE.rsplit("\n", 2)[0], "charges of 1 atoms"),
    "many charges": (HALITE + HALITE.splitlines()[-1], "charges of 3 atoms"),
    "not finite": (HALITE.replace("1.1 0", "nan 0", 1), "not a finite number"),
    "charges first": (HALITE.replace("2.4", "-1"), "principal value of -1"),
    "no tensor": ("BORN EFFECTIVE CHARGES\n ion 1\n 1 1 0 0\n", "does not hold both"),
    "open xml": ('<modeling><array name="born_charges">', "does not hold both"),
}


def cubic(title):
    """The conventional cell of a salt, and its charges."""
    crystal = symmetry.analyse(by_name(title)[0]).conventional
    return crystal, library_born(crystal)


@pytest.fixture(scope="module")
def halite():
    return cubic("NaCl, 225")[0]


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_told_apart_in_sentences(name, halite):
    text, said = BAD[name]
    with pytest.raises(BornError, match=said) as error:
        read_born(text, halite, "BORN")
    assert str(error.value).endswith((".", ")."))


def test_a_cut_outcar_is_told(halite):
    crystal, born = cubic("NaCl, 225")
    whole = outcar(born, ionic=False)
    with pytest.raises(BornError, match="does not hold both"):
        read_born("\n".join(whole.splitlines()[:-1]), crystal, "OUTCAR")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["", "BORN EFFECTIVE CHARGES\n", "<modeling>"]), st.binary())
def test_any_bytes_are_charges_or_a_sentence(start, data):
    crystal = cubic("NaCl, 225")[0]
    with pytest.raises(BornError):
        read_born(start.encode() + data, crystal, "upload")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_file_is_charges_or_a_sentence(data):
    crystal, born = cubic("MgO, 225")
    writer = data.draw(st.sampled_from([outcar, vasprun, lambda b: born_text(b, slice(None))]))
    text = writer(born)
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 200)))
    damaged = text[:start] + data.draw(st.text(max_size=5)) + text[stop:]
    with contextlib.suppress(BornError):
        found = read_born(damaged, crystal, "upload")
        assert found.charges_e.shape == (8, 3, 3)
        assert np.isfinite(found.charges_e).all()


def test_charges_in_other_axes_are_noticed():
    crystal, born = by_name("ZnO, 186")
    wrong = turned_by(born, Rotation.from_euler("x", 90, degrees=True).as_matrix())
    _, _, checks = in_primitive(crystal, wrong)
    assert [c.passed for c in checks if c.code == "born_symmetry"] == [False]


def test_charges_that_do_not_cancel_are_noticed():
    crystal, born = cubic("MgO, 225")
    charged = BornCharges(born.dielectric, born.charges_e + 0.2 * np.eye(3), "")
    _, made, checks = in_primitive(crystal, charged)
    assert [c.passed for c in checks] == [True, False]
    np.testing.assert_allclose(made.charges_e.sum(axis=0), 0, atol=1e-12)


def test_charges_survive_relaxation():
    """Strained and with moved atoms, the cell is still that of the charges."""
    crystal, born = by_name("SiO2, 152")
    found = symmetry.analyse(crystal)
    even = for_primitive(born, crystal, found.primitive, found.rotation)[0]
    strained = found.primitive.with_lattice(found.primitive.lattice_a * [1.03, 1.03, 0.98])
    made, checks = for_primitive(born, crystal, strained, found.rotation)
    assert all(check.passed for check in checks)
    np.testing.assert_allclose(made.charges_e, even.charges_e, atol=0.05)


def test_charges_of_another_crystal_are_refused():
    crystal, born = cubic("MgO, 225")
    other = symmetry.analyse(cubic("NaCl, 225")[0]).primitive
    with pytest.raises(BornError, match="could not be found"):
        for_primitive(born, crystal, other, np.eye(3))
    with pytest.raises(BornError, match="charges for 1 atoms"):
        for_primitive(
            BornCharges(born.dielectric, born.charges_e[:1], ""), crystal, other, np.eye(3)
        )


@settings(max_examples=10, deadline=None)
@given(KNOWN, SEEDS)
def test_symmetrising_is_a_projection(index, seed):
    crystal = symmetry.analyse(known(index)[0]).primitive
    noise = np.random.default_rng(seed).normal(size=(len(crystal), 3, 3))
    once = symmetrised(crystal, BornCharges(np.eye(3) + noise[0] / 9, noise, ""))
    assert_fits(crystal, once)
    for rotation, image in born_sites.operations(crystal):
        turned = turned_by(once, rotation)
        np.testing.assert_allclose(turned.charges_e, once.charges_e[image], atol=1e-9)
