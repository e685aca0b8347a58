from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.plots.clock import clock_ticks, staggered, time_now
from vpp_gym.plots.day import draw_day
from vpp_gym.plots.market_day import draw_market_day


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


@pytest.mark.parametrize("per_hour", [1, 4])
def test_a_repeated_hour_is_shown_twice(make_view, per_hour):
    """On 26 October 2025 the clock of Amsterdam shows 02:00 twice, and the day has 25 hours."""
    clock = np.arange(24 * per_hour)
    period = np.insert(clock, 3 * per_hour, clock[2 * per_hour : 3 * per_hour])
    now = (2, 3, 4, 14, 25)
    views = [
        make_view(dt_h=1 / per_hour, steps=25 * per_hour, period=period, now=hour * per_hour)
        for hour in now
    ]
    assert [time_now(view) for view in views] == ["02:00", "02:00", "03:00", "13:00", "24:00"]
    hours, labels = views[0].ticks
    assert [(hour, label) for hour, label in zip(hours, labels, strict=True) if hour < 8] == [
        (0, "00:00"),
        (2, "02:00"),
        (3, "02:00"),
        (4, "03:00"),
        (7, "06:00"),
    ]
    axes = draw_day(views[1]).axes
    assert axes[0].get_xlim() == (0.0, 25.0)
    drawn = [label.get_text() for label in axes[-1].get_xticklabels()]
    assert "".join(drawn).count("02:00") == 2
    assert drawn == staggered(hours, labels)
    heights = [text.count("\n") for text in drawn]
    assert heights[1] != heights[2]


def test_a_skipped_hour_is_not_shown(make_view):
    """On 30 March 2025 the clock of Amsterdam goes from 02:00 to 03:00."""
    period = np.delete(np.arange(96), range(8, 12))
    view = make_view(dt_h=0.25, steps=92, period=period, now=8)
    assert time_now(view) == "03:00"
    assert view.ticks[1][:3] == ("00:00", "03:00", "06:00")
    assert view.ticks[0][:3] == (0.0, 2.0, 5.0)


def test_a_half_hour_that_is_repeated_is_shown_twice():
    """The clock of Lord Howe Island is set by half an hour."""
    period = np.insert(np.arange(96), 8, (6, 7))
    hours, labels = clock_ticks(period, 0.25)
    assert [hour for hour, label in zip(hours, labels, strict=True) if label == "01:30"] == [1.5, 2]
    assert staggered([0.0, 0.5, 1.0, 24.0], list("abcd")) == ["a", "\nb", "c", "d"]


def test_a_market_day_is_drawn_on_the_clock():
    flat = np.zeros(25)
    figure = draw_market_day(
        da_eur_per_kwh=flat,
        im_eur_per_kwh=flat,
        da_sold_kwh=flat,
        charge_kwh=flat,
        discharge_kwh=flat,
        period=np.insert(np.arange(24), 2, 2),
    )
    texts = [label.get_text().strip() for label in figure.axes[1].get_xticklabels()]
    assert texts[:4] == ["00:00", "02:00", "02:00", "03:00"]
