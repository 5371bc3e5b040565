"""Figures of a training and its data: what they hold follows from its files."""

import numpy as np
import pytest
from ase.build import bulk

from mlpcore.dataset import Dataset
from mlpcore.frame import Frame
from properties.plots import ticks, training_data
from properties.plots import training as plots


def entry(stage, epoch, errors):
    both = dict.fromkeys(plots.KINDS)
    return {
        "stage": stage,
        "epoch": epoch,
        "train": {**both, plots.FORCES: errors},
        "validation": {**both, plots.FORCES: [2 * e for e in errors]},
    }


@pytest.fixture
def history():
    return {
        "entries": [
            entry("training", 1, [100.0, 300.0]),
            entry("training", 2, [50.0, 70.0]),
            entry("refinement", 1, [10.0, 30.0]),
        ]
    }


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_history_draws_the_mean_and_every_member(history):
    found = traces(plots.history(history))
    np.testing.assert_allclose(found["training frames"].y, [200, 60, 20])
    np.testing.assert_allclose(found["validation frames"].y, [400, 120, 40])
    np.testing.assert_allclose(found["validation frames, member 2"].y, [600, 140, 60])


def test_history_marks_where_the_refinement_begins(history):
    figure = plots.history(history)
    assert [shape.x0 for shape in figure.layout.shapes] == [2.5]
    assert figure.layout.annotations[0].text == "refinement"


def test_history_names_its_axis_by_what_it_counts(history):
    assert plots.history(history).layout.xaxis.title.text == "epoch, then step"
    where = traces(plots.history(history))["training frames"].customdata
    assert list(where) == ["epoch 1", "epoch 2", "step 1 of refinement"]
    only = {"entries": history["entries"][:2]}
    assert plots.history(only).layout.xaxis.title.text == "epoch"


def kept(*forces):
    return [
        {plots.ENERGY: None, plots.FORCES: {"rmse": error}, plots.STRESS: None}
        for error in forces
    ]


def test_history_marks_the_weights_that_each_member_kept(history):
    found = traces(plots.history(history, kept=kept(100.0, 60.0)))
    dots = found["weights that a member kept"]
    np.testing.assert_allclose(dots.x, [2, 3])
    np.testing.assert_allclose(dots.y, [100, 60])
    assert list(dots.customdata) == ["member 1, epoch 2", "member 2, step 1 of refinement"]


def test_weights_that_no_entry_tells_of_get_no_dot(history):
    assert plots.kept_entries(history["entries"], kept(99.0, 60.0)) == [None, 2]
    assert "weights that a member kept" not in traces(plots.history(history))


def test_history_has_the_same_ticks_however_far_it_is(history):
    axis = plots.history(history).layout.yaxis
    assert list(axis.ticktext) == ["10", "20", "50", "100", "200", "500", "1000"]
    np.testing.assert_allclose(axis.tickvals, [float(text) for text in axis.ticktext])


@pytest.mark.parametrize("entries", [{}, {"entries": []}])
def test_a_training_that_has_just_begun_says_so(entries):
    assert "no errors" in plots.history(entries).layout.annotations[0].text


def test_labels_that_the_data_lack_say_so(history):
    assert "stress" in plots.history(history, plots.STRESS).layout.annotations[0].text


@pytest.fixture
def arrays():
    label = np.array([-1.0, 0.0, 2.0, np.nan])
    return {
        "test_stress_label": label,
        "test_stress_model": label + 0.1,
        "test_stress_spread": np.full(4, 0.2),
    }


def test_parity_leaves_out_what_has_no_label(arrays):
    figure = plots.parity(arrays, "stress")
    np.testing.assert_allclose(traces(figure)["test"].x, [-1, 0, 2])
    np.testing.assert_allclose(traces(figure)["test"].y, [-0.9, 0.1, 2.1])
    assert figure.layout.xaxis.title.text == "stress by the label (GPa)"
    assert figure.layout.yaxis.title.text == "stress by the committee (GPa)"


def test_labels_that_all_frames_lack_are_known(arrays):
    assert plots.has_labels(arrays, "stress")
    assert not plots.has_labels(arrays, "energy")
    assert not plots.has_labels({"test_stress_label": np.full(3, np.nan)}, "stress")


def test_parity_of_many_points_is_thinned():
    label = np.linspace(-1, 1, 3 * plots.MOST_POINTS + 1)
    arrays = {f"train_forces_{what}": label for what in ("label", "model", "spread")}
    drawn = traces(plots.parity(arrays))["trained on"]
    assert plots.MOST_POINTS / 2 < len(drawn.x) <= plots.MOST_POINTS


def test_parity_without_labels_says_so(arrays):
    assert "no labels" in plots.parity(arrays, "energy").layout.annotations[0].text


def test_learning_curve_takes_the_mean_member():
    def point(count, *errors):
        return {
            "n_train": count,
            "members": [{plots.FORCES: {"rmse": e, "mae": e}} for e in errors],
        }

    figure = plots.learning_curve({"learning_curve": [point(10, 90.0, 110.0), point(40, 50.0)]})
    np.testing.assert_allclose(traces(figure)["mean member"].x, [10, 40])
    np.testing.assert_allclose(traces(figure)["mean member"].y, [100, 50])
    assert len(traces(figure)["members"].y) == 3


def test_no_learning_curve_says_so():
    figure = plots.learning_curve({"learning_curve": []})
    assert "No learning curve" in figure.layout.annotations[0].text


def test_reliability_is_drawn_before_and_after():
    curve = {"expected": [0.5], "observed": [0.25], "miscalibration_area": 0.1}
    both = {"before": curve, "after": {**curve, "observed": [0.5]}}
    known = {"energy_factor": 2.0, "force_factor": 1.5, "test": {"energy": both, "force": both}}
    found = traces(plots.reliability({"calibration": known}))
    np.testing.assert_allclose(found["test, as the members differ"].y, [0, 0.25, 1])
    np.testing.assert_allclose(found["test, times 1.50"].y, [0, 0.5, 1])
    assert found["test, times 1.50"].line.dash == "solid"


def test_a_factor_below_one_is_drawn_as_not_applied():
    curve = {"expected": [0.5], "observed": [0.75]}
    both = {"before": curve, "after": {**curve, "observed": [0.5]}}
    known = {"energy_factor": 1.0, "force_factor": 0.66, "test": {"force": both}}
    found = traces(plots.reliability({"calibration": known}))
    assert found["test, as the members differ"].line.dash == "solid"
    assert found["test, times 0.66 (measured, not applied)"].line.dash == "dot"


def test_a_single_network_has_no_reliability():
    figure = plots.reliability({"calibration": None})
    assert "single network" in figure.layout.annotations[0].text


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (20, 1800, ["20", "50", "100", "200", "500", "1000", "2000"]),
        (0.004, 0.03, ["0.002", "0.005", "0.01", "0.02", "0.05"]),
        (5, 5, ["2", "5", "10"]),
        (3, 3, ["2", "5"]),
        (110, 180, ["100", "120", "140", "160", "180"]),
        (2, 4e5, ["1", "10", "100", "1000", "10000", "100000", "1000000"]),
    ],
)
def test_ticks_are_whole_numbers_around_the_range(low, high, expected):
    assert [ticks.words(tick) for tick in ticks.logarithmic(low, high)] == expected


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (2, 1), (1, np.inf)])
def test_a_logarithmic_scale_needs_positive_ends_in_order(low, high):
    with pytest.raises(ValueError, match="cannot reach"):
        ticks.logarithmic(low, high)


@pytest.mark.parametrize("lost", [np.nan, np.inf, 0.0])
def test_a_training_that_diverged_is_drawn_all_the_same(lost):
    """Its page shows how far the errors fell, and no error of the figure."""
    entry = {"stage": "training", "train": {plots.FORCES: [30.0, lost]}}
    entries = [entry | {"epoch": k, "validation": {plots.FORCES: [40.0, 50.0]}} for k in (1, 2)]
    figure = plots.history({"entries": entries})
    shown = [float(words) for words in figure.layout.yaxis.ticktext]
    assert shown[0] <= 30.0 < 50.0 <= shown[-1]
    assert ticks.axis([lost, lost]) == {"type": "log"}


def with_forces(*forces):
    """Frames of growing volume with these largest forces."""
    frames = []
    for number, force in enumerate(forces):
        atoms = bulk("Si", a=5.4 + 0.1 * number)
        forces_of_frame = np.array([[force, 0, 0], [-force, 0, 0]])
        frames.append(Frame(atoms, -10.0, forces_of_frame, None, f"source {number}"))
    return Dataset(tuple(frames))


@pytest.mark.parametrize("forces", [(2.3, 4.1), (3.0, 3.0), (0.02, 7.0)])
def test_colours_of_forces_have_numbers_beside_them(forces):
    (points,) = training_data.labels(with_forces(*forces)).data
    bar, marker = points.marker.colorbar, points.marker
    inside = [t for t in bar.tickvals if marker.cmin <= t <= marker.cmax]
    assert len(inside) == len(bar.ticktext) >= 2
    assert marker.cmin <= np.log10(min(forces)) <= np.log10(max(forces)) <= marker.cmax
