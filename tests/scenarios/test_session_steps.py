"""Recorded stays on steps: none overlaps another on its connector, all keep their length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import examples
from vpp_gym.scenarios.session_steps import most_at_once, stays_on_steps

HOUR, QUARTER = 3600, 900


def steps(*stays, step_s=HOUR, need_h=None, plug="a"):
    """(arrival, departure) of stays of (start, end) in hours, on one connector."""
    begin_s, end_s = np.round(3600 * np.transpose(stays)).astype(int)
    need = np.zeros(len(stays)) if need_h is None else np.array(need_h)
    found = stays_on_steps(begin_s, end_s - begin_s, step_s, need, [plug] * len(stays))
    return found, list(zip(found.arrival.tolist(), found.departure.tolist(), strict=True))


def test_cars_back_to_back_follow_one_another_on_steps():
    _, found = steps((8.5, 10.5), (10.5, 12.25), (12.3, 15.0), (15.0, 15.99))
    assert found == [(8, 10), (10, 12), (12, 15), (15, 16)]


def test_stays_within_one_step_wait_for_the_charger():
    found, places = steps((10.1, 10.3), (10.4, 10.6), (10.9, 14.0), (14.2, 16))
    assert places == [(10, 11), (11, 12), (12, 14), (14, 16)]
    assert found.waited.tolist() == [False, True, True, False]


def test_the_last_step_is_kept_where_energy_needs_it_and_nobody_else_comes():
    found, places = steps((8.5, 10.7), (12.5, 13.9), need_h=[2.2, 1.0])
    assert places == [(8, 11), (12, 13)]
    assert found.lengthened.tolist() == [True, False]
    _, places = steps((8.5, 10.7), (10.8, 13.0), need_h=[2.2, 2.2])
    assert places == [(8, 10), (10, 13)]


def test_durations_in_hundredths_of_an_hour_lose_no_step():
    """47 minutes are 0.78 h, which end 12 seconds early."""
    _, found = steps((10 + 13 / 60, 10 + 13 / 60 + 0.78), step_s=QUARTER)
    assert found == [(40, 44)]


def test_starts_are_in_the_step_that_contains_them():
    begin_s = np.array([0, 3599, 3600, 7199])
    found = stays_on_steps(begin_s, np.full(4, 9000), HOUR, np.zeros(4), [None] * 4)
    assert found.arrival.tolist() == [0, 0, 1, 1]


def test_no_stays():
    none = np.zeros(0, dtype=int)
    assert len(stays_on_steps(none, none, HOUR, np.zeros(0), []).arrival) == 0


@pytest.mark.parametrize(("end", "most"), [(5, 1), (6, 2)])
def test_most_at_once(end, most):
    assert most_at_once(np.array([0, 5]), np.array([end, 9])) == most


@st.composite
def sites(draw):
    """Cars on up to four connectors, each with one car at a time."""
    begin, end, plug = [], [], []
    longest = draw(st.sampled_from([20, 200, 2000]))
    for name in "abcd"[: draw(st.integers(1, 4))]:
        at = draw(st.integers(0, 300))
        for _ in range(draw(st.integers(1, 8))):
            stay = draw(st.integers(1, longest))
            begin, end, plug = [*begin, at], [*end, at + stay], [*plug, name]
            at += stay + draw(st.sampled_from([0, 0, 1, 7, 200]))
    return 60 * np.array(begin), 60 * np.array(end), plug


@examples(150)
@given(site=sites(), step_s=st.sampled_from([HOUR, QUARTER]), needs=st.floats(0, 1), known=...)
def test_no_more_cars_at_once_than_recorded_and_one_on_a_connector(
    site, step_s, needs, known: bool
):
    begin, end, plug = site
    stay_s = end - begin
    plugs = plug if known else [None] * len(plug)
    found = stays_on_steps(begin, stay_s, step_s, needs * stay_s / 3600, plugs)
    connected = np.zeros(found.departure.max())
    for arrival, departure in zip(found.arrival, found.departure, strict=True):
        connected[arrival:departure] += 1
    assert connected.max() <= most_at_once(begin, end)
    for name in set(plug) if known else ():
        own = np.flatnonzero(np.array(plug) == name)
        order = own[np.argsort(begin[own])]
        assert (found.arrival[order[1:]] >= found.departure[order[:-1]]).all()
    in_time = ~found.waited
    np.testing.assert_array_equal(found.arrival[in_time], begin[in_time] // step_s)
    assert (found.arrival >= begin // step_s).all()
    length = found.departure - found.arrival
    assert (length >= 1).all()
    within = np.abs(length - stay_s / step_s) < 1
    assert within[in_time].all()
    short = begin // step_s == end // step_s
    if not short.any():
        assert in_time.all()


@examples(20)
@given(seed=st.integers(0, 2**32 - 1), step_s=st.sampled_from([HOUR, QUARTER]))
def test_the_mean_stay_is_the_recorded_one(seed, step_s):
    rng = np.random.default_rng(seed)
    begin, stay_s = 60 * rng.integers(0, 500_000, 2000), 60 * rng.integers(60, 1500, 2000)
    found = stays_on_steps(begin, stay_s, step_s, np.zeros(2000), [None] * 2000)
    mean_s = step_s * (found.departure - found.arrival).mean()
    assert mean_s == pytest.approx(stay_s.mean(), abs=0.05 * step_s)
