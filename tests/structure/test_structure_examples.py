"""The shipped crystals: space group, density, bonds, and words for the user."""

from __future__ import annotations

import numpy as np
import pytest
from ase.neighborlist import neighbor_list

from mlpcore import registry
from mlpcore.errors import StructureError
from properties import symmetry
from properties.examples import FOLDER, example, example_names

BONDS = {
    "Si": (("Si", "Si"), 2.352, 4),
    "diamond": (("C", "C"), 1.545, 4),
    "Al": (("Al", "Al"), 2.863, 12),
    "Cu": (("Cu", "Cu"), 2.556, 12),
    "W": (("W", "W"), 2.741, 8),
    "NaCl": (("Na", "Cl"), 2.820, 6),
    "MgO": (("Mg", "O"), 2.106, 6),
    "CaF2": (("Ca", "F"), 2.366, 8),
    "GaAs": (("Ga", "As"), 2.448, 4),
    "SrTiO3": (("Ti", "O"), 1.953, 6),
    "BaTiO3": (("Ti", "O"), 2.005, 6),
    "TiO2": (("Ti", "O"), 1.959, 6),
    "Mg": (("Mg", "Mg"), 3.203, 12),
    "ZnO": (("Zn", "O"), 1.979, 4),
    "Al2O3": (("Al", "O"), 1.914, 6),
    "SiO2": (("Si", "O"), 1.609, 4),
    "FeS2": (("Fe", "S"), 2.241, 6),
    "ZrO2": (("Zr", "O"), 2.160, 7),
}
"""Mean bond length (Å) and coordination of the first element, from crystallography."""


@pytest.mark.parametrize("name", example_names())
def test_space_group_and_density_are_the_known_ones(name: str) -> None:
    shown = example(name)
    assert symmetry.analyse(shown.crystal).number == shown.space_group_number
    density = shown.crystal.density_kg_per_m3 / 1000
    assert density == pytest.approx(shown.density_g_per_cm3, rel=0.003)


@pytest.mark.parametrize("name", example_names())
def test_bonds_are_the_known_ones(name: str) -> None:
    (first, second), length, coordination = BONDS[name]
    atoms = example(name).crystal.to_atoms()
    i, j, distance = neighbor_list("ijd", atoms, 5.5)
    symbols = np.array(atoms.get_chemical_symbols())
    bonds = distance[(i == np.flatnonzero(symbols == first)[0]) & (symbols[j] == second)]
    nearest = np.sort(bonds)[:coordination]
    assert nearest.mean() == pytest.approx(length, abs=0.01)
    assert np.sort(bonds)[coordination] > 1.15 * nearest.max()


def test_there_are_enough_of_them_across_crystal_systems() -> None:
    systems = {symmetry.analyse(example(n).crystal).crystal_system for n in example_names()}
    assert len(example_names()) >= 12
    assert systems >= {
        "cubic",
        "hexagonal",
        "trigonal",
        "tetragonal",
        "orthorhombic",
        "monoclinic",
    }


@pytest.mark.parametrize("name", example_names())
def test_each_has_a_title_a_sentence_and_elements_that_every_model_knows(name: str) -> None:
    shown = example(name)
    assert shown.title
    assert shown.source
    assert shown.note.endswith(".")
    assert not any(
        model.unsupported(shown.crystal.symbols) for model in registry.universal_models()
    )


def test_every_file_of_the_folder_is_listed() -> None:
    listed = {example(name).file.name for name in example_names()}
    assert {path.name for path in FOLDER.glob("*.cif")} == listed


def test_the_case_of_a_name_does_not_matter_and_an_unknown_one_is_refused() -> None:
    assert example("nacl").name == "NaCl"
    with pytest.raises(StructureError, match=r"no example called 'unobtainium'.*Si, diamond"):
        example("unobtainium")
