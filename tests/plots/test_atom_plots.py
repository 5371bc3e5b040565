"""Atoms coloured by what a committee says of them, and symmetry functions as curves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ase.build import bulk

from mlpcore.descriptors.functions import Angular, Radial
from properties import symmetry_functions as curves
from properties.crystal import Crystal
from properties.plots import atom_energies as plots
from properties.plots import symmetry_functions as function_plots
from tests.pages import committee_sample


def test_atoms_in_view_have_the_colours_of_their_originals():
    result = committee_sample.result()
    figure = plots.figure(result, 2, "force_spread")
    meshes = [trace for trace in figure.data if trace.type == "mesh3d"]
    expected = result.force_spread_ev_per_a[2]
    for mesh in meshes:
        atom, value = np.asarray(mesh.customdata, dtype=float).T
        np.testing.assert_allclose(value, expected[atom.astype(int) - 1], rtol=1e-5)
        np.testing.assert_allclose(mesh.intensity, np.log10(value), atol=1e-4)
    highest = result.force_spread_ev_per_a.max()
    assert 10**figure.layout.coloraxis.cmax == pytest.approx(highest)


def test_colours_mean_the_same_at_every_amplitude():
    result = committee_sample.result()
    for name in plots.QUANTITIES:
        axes = [plots.figure(result, k, name).layout.coloraxis for k in (0, 2)]
        limits = {(axis.cmin, axis.cmax) for axis in axes}
        assert len(limits) == 1
        low, high = limits.pop()
        if plots.QUANTITIES[name].logarithmic:
            assert low == pytest.approx(high - plots.DECADES)
        else:
            assert low == (-high if plots.QUANTITIES[name].diverging else 0.0)


def test_energies_are_counted_from_rest():
    result = committee_sample.result()
    np.testing.assert_allclose(result.from_rest_ev[0].sum(), 0, atol=1e-12)
    np.testing.assert_allclose(
        result.from_rest_ev.sum(axis=1),
        result.total_energy_ev - result.total_energy_ev[0],
        atol=1e-9,
    )


def test_growth_is_largest_and_mean():
    result = committee_sample.result()
    largest, mean = plots.growth(result, "force_spread", 1).data
    np.testing.assert_allclose(largest.y, result.force_spread_ev_per_a.max(axis=1))
    np.testing.assert_allclose(mean.y, result.force_spread_ev_per_a.mean(axis=1))


def test_a_single_network_has_no_spread_to_draw():
    assert plots.offered(committee_sample.result(n_members=1)) == ("energy", "excess")


def test_sticks_end_on_the_curve_with_their_counts():
    silicon = Crystal.from_atoms(bulk("Si", a=5.43))
    view = curves.radial(silicon, 0, Radial("Si", 1.0, 2.35, 5.0), "cosine")
    figure = function_plots.over_distance(view.curve, view.cutoff, view.sticks, 5.0)
    heads = next(trace for trace in figure.data if trace.name == "Si neighbours")
    assert list(heads.text) == ["×4", "×12", "×12"]
    np.testing.assert_allclose(
        heads.y, np.interp(heads.x, view.curve.x, view.curve.y), atol=1e-3
    )


def heads(places, counts, heights, end=6.6):
    sticks = curves.Sticks("s", np.array(places), np.array(heights), np.array(counts))
    return function_plots._counts(sticks, np.ones(len(places), dtype=bool), (end, 1.12))


def test_sticks_that_look_like_one_share_a_count():
    written = heads([3.21, 3.25, 5.0], [6, 6, 2], [0.16, 0.14, 0.0])
    assert written == ["×12", "", "×2"]


def test_counts_without_room_are_left_out_and_the_larger_share_is_kept():
    assert heads([4.5, 4.7, 5.6], [6, 12, 1], [0.1, 0.1, 0.1]) == ["", "×12", "×1"]
    assert heads([4.5, 4.7, 5.6], [6, 12, 1], [0.6, 0.1, 0.1]) == ["×6", "×12", "×1"]


@pytest.mark.parametrize("spacing", [0.02, 0.05, 0.1, 0.2])
def test_written_counts_never_touch(spacing):
    places = np.arange(2.0, 10.0, spacing)
    written = heads(places, [6] * len(places), 0.3 * np.exp(-places), end=10.6)
    kept = places[[bool(one) for one in written]]
    assert len(kept) > 3
    assert np.diff(kept).min() > function_plots.ROOM[0] * 10.6 - 1e-9


def test_raw_indices_do_not_reach_the_reader():
    silicon = Crystal.from_atoms(bulk("Si", a=5.43))
    view = curves.automatic_set(silicon, 0, 5.0, "small", "cosine")
    figure = function_plots.family(view.radial, view.distances, "r", "adds")
    assert not any("r_s" in trace.hovertemplate for trace in figure.data)


def test_the_last_colour_says_that_it_stands_for_more():
    result = committee_sample.result()
    excess = np.zeros_like(result.excess)
    excess[2] = np.linspace(0, 5, excess.shape[1])
    excess[2, -1] = 38.0
    wide = dataclasses.replace(result, excess=excess)
    axis = plots.figure(wide, 2, "excess").layout.coloraxis
    assert axis.colorbar.ticktext[-1] == f"≥ {axis.cmax:g}"
    assert axis.colorbar.tickvals[-1] == axis.cmax < 38
    assert axis.colorbar.ticktext[0] == "0"
    level = dataclasses.replace(result, excess=np.full_like(excess, 3.3))
    axis = plots.figure(level, 2, "excess").layout.coloraxis
    assert axis.colorbar.ticktext is None
    assert axis.cmax == 3.3


def test_angles_that_add_nothing_are_not_labelled():
    silicon = Crystal.from_atoms(bulk("Si", a=5.43))
    function = Angular(("Si", "Si"), 0.3, 8.0, -1, 0.0, 5.0, "G4")
    view = curves.angular(silicon, 0, function, "cosine")
    figure = function_plots.over_angle(view.curve, view.positions, view.contributions)
    heads = next(trace for trace in figure.data if trace.name == "angles of the crystal")
    labelled = [x for x, text in zip(heads.x, heads.text, strict=True) if text]
    np.testing.assert_allclose(labelled, [109.4712], atol=1e-3)
