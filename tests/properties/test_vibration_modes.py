from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from properties.vibrations.modes import kept_points

POINTS = st.integers(1, 400)
BANDS = st.integers(1, 60)
ROOM = st.integers(1, 200_000)


@given(POINTS, BANDS, ROOM, st.data())
def test_kept_points_fit_in_the_room_and_hold_the_wanted_ones(n_points, n_bands, most, data):
    wanted = np.array(data.draw(st.lists(st.integers(0, n_points - 1), max_size=20)), dtype=int)
    kept = kept_points(n_points, n_bands, wanted, most)
    room = max(1, most // n_bands**2)
    assert 1 <= len(kept) <= min(room, n_points)
    assert (np.diff(kept) > 0).all()
    assert kept.min() >= 0
    assert kept.max() < n_points
    distinct = list(dict.fromkeys(wanted.tolist()))
    assert set(distinct[:room]) <= set(kept.tolist())


def test_all_points_are_kept_where_there_is_room():
    np.testing.assert_array_equal(kept_points(5, 3, np.array([2]), 45), np.arange(5))


def test_others_are_spread_over_the_path():
    kept = kept_points(101, 1, np.array([50]), 5)
    assert {0, 50, 100} <= set(kept.tolist())
    assert np.diff(kept).max() <= 50
