"""Labels against each other: works of forces and stresses, single frames; atoms too near."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.units import GPa, Hartree, kJ, mol

from mlpcore import dataset, label_pairs, label_work
from mlpcore.dataset import Dataset
from mlpcore.errors import DatasetError
from mlpcore.frame import Frame

DATA = Path(__file__).resolve().parents[2] / "pretrained" / "data"
NAMES = ("kcl_pbesol", "nacl_pbe", "nacl_pbesol", "si_pbe")


@cache
def shipped(name: str) -> tuple[Frame, ...]:
    return dataset.read(DATA / f"{name}.extxyz.xz").frames


def check(frames) -> None:
    dataset.check(Dataset(tuple(frames)))


def energy(factor):
    return lambda frame: replace(frame, energy_ev=frame.energy_ev * factor)


def forces(factor):
    return lambda frame: replace(frame, forces_ev_per_a=frame.forces_ev_per_a * factor)


def stress(factor):
    return lambda frame: replace(frame, stress_ev_per_a3=frame.stress_ev_per_a3 * factor)


def springs(count=20, n_atoms=4, seed=0, noise=0.0, size=0.05) -> list[Frame]:
    """Atoms on springs in a cell with a bulk modulus, so that the trapezium rule is exact."""
    rng = np.random.default_rng(seed)
    frames = []
    for k in range(count):
        u = rng.normal(scale=size, size=(n_atoms, 3))
        u -= u.mean(axis=0)
        atoms = Atoms(
            f"Cu{n_atoms}", 2.5 * np.eye(4, 3)[:n_atoms] * 1.4, cell=[6, 6, 6], pbc=True
        )
        atoms.positions += u
        value = -80.0 + 3.0 * float((u**2).sum()) + rng.normal(scale=noise) * (noise > 0)
        frames.append(Frame(atoms, value, -6.0 * u, None, f"draw {k}"))
    return frames


@pytest.mark.parametrize("name", NAMES)
def test_right_labels_pass_however_few(name):
    frames = shipped(name)
    for size in (5, 10, 20, 50):
        for draw in range(6):
            rng = np.random.default_rng([draw, 7])
            check(frames[i] for i in rng.choice(len(frames), size, replace=False))


def test_works_of_springs_are_exact():
    pairs = label_pairs.pairs_of(springs(12))
    assert len(pairs) == 66
    np.testing.assert_allclose(pairs.rest, 0, atol=1e-12)
    fit = label_work.fitted(pairs)
    assert fit.factors[0] == pytest.approx(1.0, abs=1e-9)
    assert np.isnan(fit.factors[1])


def test_works_of_a_crystal_are_exact_to_third_order():
    """Half the step leaves an eighth of the rest, for strains and displacements at once."""
    from ase.calculators.emt import EMT

    rng = np.random.default_rng(1)
    strain, moves = rng.normal(scale=0.02, size=(3, 3)), rng.normal(scale=0.04, size=(4, 3))
    rests = []
    for size in (1.0, 0.5, 0.25):
        frames = []
        for sign in (0.3, 1.3):
            atoms = bulk("Cu", cubic=True)
            step = sign * size
            atoms.positions += step * moves
            atoms.set_cell(
                atoms.cell.array @ (np.eye(3) + step * (strain + strain.T)), scale_atoms=True
            )
            atoms.calc = EMT()
            known = (atoms.get_potential_energy(), atoms.get_forces())
            frames.append(Frame(atoms, *known, atoms.get_stress(voigt=False), f"{sign}"))
        rests.append(float(label_pairs.pairs_of(frames).rest[0]))
    assert rests[0] / rests[1] == pytest.approx(8, rel=0.25)
    assert rests[1] / rests[2] == pytest.approx(8, rel=0.25)


def test_errors_of_factors_are_those_of_repeated_draws():
    fits = [
        label_work.fitted(label_pairs.pairs_of(springs(14, seed=k, noise=0.01)))
        for k in range(60)
    ]
    factors = np.array([fit.factors[0] for fit in fits])
    told = np.median([fit.errors[0] for fit in fits])
    assert abs(factors.mean() - 1) < 3 * factors.std() / np.sqrt(len(factors))
    assert 0.7 < told / factors.std() < 1.6


@pytest.mark.parametrize("name", ["nacl_pbe", "si_pbe"])
@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (-1.0, "have the opposite sign"),
        (1 / GPa, "are in GPa"),
        (10 / GPa, "are in kbar"),
        (-1 / GPa, "are in GPa, of the opposite sign"),
        (-10 / GPa, "are in kbar, of the opposite sign"),
    ],
)
def test_stresses_in_another_unit_or_sign_are_told(name, factor, words):
    with pytest.raises(
        DatasetError, match=f"Energy and stress do not belong.* stresses {words}"
    ):
        check(map(stress(factor), shipped(name)))
    with pytest.raises(DatasetError, match="stress"):
        check(map(stress(factor), shipped(name)[::4]))


def mixed(frames, way):
    """Give forces to the wrong axes, atoms, or frames; turn them; or leave them out."""
    for k, frame in enumerate(frames):
        known = frame.forces_ev_per_a
        new = {
            "other axes": known[:, [1, 2, 0]],
            "other atoms": known[::-1],
            "none": 0 * known,
            "one in five turned": -known if k % 5 == 0 else known,
        }[way]
        yield replace(frame, forces_ev_per_a=new)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["other axes", "other atoms", "none", "one in five turned"])
def test_forces_that_explain_nothing_are_refused(name, way):
    message = "do not fit together: between like frames, such as|the forces do not fit"
    message = "forces of these frames are zero" if way == "none" else message
    rng = np.random.default_rng(3)
    frames = shipped(name)
    for some in (frames, [frames[i] for i in rng.choice(len(frames), 50, replace=False)]):
        with pytest.raises(DatasetError, match=message):
            check(mixed(some, way))


def test_zero_forces_are_refused_where_energies_hardly_differ():
    frames = [replace(f, forces_ev_per_a=0 * f.forces_ev_per_a) for f in springs(5, size=0.01)]
    with pytest.raises(DatasetError, match="All forces of these frames are zero"):
        check(frames)
    still = [
        Frame(bulk("Cu", a=a), -14.0 + (a - 3.6) ** 2, np.zeros((1, 3)), None, f"{a}")
        for a in np.linspace(3.5, 3.7, 20)
    ]
    check(still)


ONE = [
    ("energy", energy(0.0)),
    ("energy", energy(-1.0)),
    ("energy", energy(mol / kJ)),
    ("energy", energy(2 / Hartree)),
    ("forces", forces(1000.0)),
    ("stress", stress(1 / GPa)),
]


@pytest.mark.parametrize(("label", "change"), ONE)
@pytest.mark.parametrize("name", ["nacl_pbe", "nacl_pbesol", "si_pbe"])
def test_a_single_bad_frame_is_named_with_its_field(name, label, change):
    if label == "stress" and shipped(name)[0].stress_ev_per_a3 is None:
        return
    frames = [f for f in shipped(name) if len(f.atoms) in (8, 64)][:60]
    for number in (1, 17, 60):
        some = [change(f) if k == number else f for k, f in enumerate(frames, start=1)]
        with pytest.raises(DatasetError, match=rf"^Frame {number}: the {label}"):
            check(some)


@pytest.mark.parametrize(("label", "change"), ONE[:5])
def test_single_frames_are_named_where_energies_have_no_unit_to_be_seen(label, change):
    """Energies near zero, in a set whose forces reach 1900 eV/Å: only works can tell."""
    frames = [f for f in shipped("kcl_pbesol") if np.abs(f.forces_ev_per_a).max() < 10][:30]
    some = [change(f) if k == 6 else f for k, f in enumerate(frames)]
    with pytest.raises(DatasetError, match=rf"^Frame 7: the {label}"):
        check(some)


def test_what_the_energy_should_be_is_told():
    frames = springs()
    frames[8] = replace(frames[8], energy_ev=frames[8].energy_ev + 5)
    right = frames[8].energy_ev - 5
    with pytest.raises(DatasetError, match=rf"Frame 9: the energy of .* lead to {right:.4g}"):
        check(frames)


def test_several_bad_frames_are_listed():
    frames = springs(40)
    for k in (3, 11, 30):
        frames[k] = replace(frames[k], energy_ev=frames[k].energy_ev + k)
    with pytest.raises(DatasetError, match=r"^Frame 4: the energy .* fails for 12, 31\.$"):
        check(frames)


@pytest.mark.parametrize("name", ["nacl_pbe", "si_pbe"])
def test_noise_and_a_shifted_pressure_are_no_errors(name):
    """Converged to an meV a cell, 20 meV/Å, and 2 GPa off as with few plane waves."""
    rng = np.random.default_rng(0)
    noisy = [
        replace(
            f,
            energy_ev=f.energy_ev + rng.normal(scale=1e-3),
            forces_ev_per_a=f.forces_ev_per_a + rng.normal(scale=0.02, size=(len(f.atoms), 3)),
            stress_ev_per_a3=f.stress_ev_per_a3 + 2 * GPa * np.eye(3),
        )
        for f in shipped(name)
    ]
    for some in (noisy, noisy[::7], noisy[:20]):
        check(some)


def test_energies_near_zero_that_rise_are_no_other_unit():
    """A crystal that is heated: energies per atom from 0.03 to 0.3 eV above a zero."""
    frames = springs(30, size=0.02)
    hot = springs(30, size=0.2, seed=1)
    check([replace(f, energy_ev=f.energy_ev + 80.1) for f in frames + hot])


def cell(positions, side=4.0, **labels) -> Frame:
    atoms = Atoms(f"H{len(positions)}", positions, cell=[side] * 3, pbc=True)
    known = {"energy_ev": -5.0, "forces_ev_per_a": np.zeros((len(positions), 3))}
    return Frame(atoms, **{**known, "stress_ev_per_a3": None, "source": "", **labels})


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([[0, 0, 0], [2, 2, 2], [2, 2, 2.2]], r"atoms 2 and 3 are 0\.2 Å apart"),
        ([[1, 1, 1], [0, 3.95, 0.05], [4.05, 0, 0]], r"atoms 2 and 3 are 0\.0866 Å apart"),
        ([[1, 1, 1], [1, 1, 1]], "atoms 1 and 2 are 0 Å apart"),
        ([[1, 1, 1], [1, -15, 1.29]], r"atoms 1 and 2 are 0\.29 Å apart"),
        ([[1, 1, 1], [1, 1e300, 1]], r"the positions of 1e\+300 Å at atom 2 cannot be meant"),
    ],
)
def test_atoms_on_top_of_each_other_are_refused(positions, message):
    with pytest.raises(DatasetError, match=f"Frame 2: {message}"):
        check([cell([[0, 0, 0], [1, 1, 1]]), cell(positions)])


def test_near_atoms_pass_as_long_as_they_are_not_on_top_of_each_other():
    check([cell([[0, 0, 0], [0, 0, 3.69], [0, 0.31, 0]])])
    skew = Atoms("Cu", cell=[[2.5, 0, 0], [10.0, 2.2, 0], [0, 0, 2.0]], pbc=True)
    check([Frame(skew, -3.0, np.zeros((1, 3)), None, "")])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"side": 2e4}, r"the cell of 2e\+04 Å cannot be meant"),
        ({"energy_ev": -1e300}, r"the energy of 1e\+300 eV an atom"),
        ({"energy_ev": True}, r"the energy is not made of numbers \(True\)"),
        ({"energy_ev": "-5"}, "the energy is not made of numbers"),
        ({"forces_ev_per_a": np.full((1, 3), 1e6)}, r"the forces of 1e\+06 eV/Å at atom 1"),
        (
            {"forces_ev_per_a": np.ones((1, 3), dtype=bool)},
            "the forces are not made of numbers",
        ),
        ({"stress_ev_per_a3": np.full((3, 3), 1e9)}, r"the stress of 1e\+09 eV/Å³"),
        ({"stress_ev_per_a3": [[1, 2], [3]]}, "the stress is not made of numbers"),
    ],
)
def test_labels_that_cannot_be_meant_are_refused(labels, message):
    with pytest.raises(DatasetError, match=f"Frame 1: {message}"):
        check([cell([[0, 0, 0]], **labels)])


def test_a_cell_that_is_flat_is_refused():
    atoms = Atoms("H", cell=[[40, 0, 0], [39.9, 0.1, 0], [0, 0, 40]], pbc=True)
    with pytest.raises(DatasetError, match=r"Frame 1: the cell is only 0\.1 Å high"):
        check([Frame(atoms, -5.0, np.zeros((1, 3)), None, "")])
