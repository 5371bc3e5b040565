"""Figures of a training: what they hold follows from its files."""

import numpy as np
import pytest

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
    assert "GPa" in figure.layout.xaxis.title.text


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


def test_a_single_network_has_no_reliability():
    figure = plots.reliability({"calibration": None})
    assert "single network" in figure.layout.annotations[0].text
