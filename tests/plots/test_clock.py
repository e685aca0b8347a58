from __future__ import annotations

import numpy as np

from vpp_gym.plots.clock import clock_ticks
from vpp_gym.plots.day import draw_day


def test_ticks_of_a_plain_day():
    hours, labels = clock_ticks(np.arange(96), 0.25)
    assert hours == [0, 3, 6, 9, 12, 15, 18, 21, 24]
    assert labels[0] == "00:00"
    assert labels[-1] == "24:00"


def test_ticks_follow_the_clock_where_it_is_set_forward():
    hours, labels = clock_ticks(np.delete(np.arange(24), 2), 1.0)
    assert dict(zip(labels, hours, strict=True))["03:00"] == 2
    assert hours[-1] == 23


def test_ticks_follow_the_clock_where_it_is_set_back():
    hours, labels = clock_ticks(np.insert(np.arange(24), 2, 2), 1.0)
    assert dict(zip(labels, hours, strict=True))["03:00"] == 4
    assert hours[-1] == 25


def test_a_day_of_23_hours_ends_with_its_last_step(make_view):
    figure = draw_day(make_view(steps=23, period=np.delete(np.arange(24), 2)))
    assert figure.axes[0].get_xlim() == (0.0, 23.0)


def test_half_a_day_is_shown_on_the_whole_clock(make_view):
    assert draw_day(make_view(steps=13)).axes[0].get_xlim() == (0.0, 24.0)
