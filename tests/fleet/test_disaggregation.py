"""One number for the fleet, one for each EV."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.fleet.disaggregation import BUCKETS, hand_out, waterline

LO = np.array([-5.0, 0.0, -3.0, 2.0])
HI = np.array([4.0, 6.0, 0.0, 8.0])
KEY = np.array([3.0, 1.0, 2.0, 1.0])


def shares(fleet_kwh, lo=LO, hi=HI, key=KEY, proportional=False):
    n = len(lo)
    result = np.full(n, np.nan)
    hand_out(fleet_kwh, n, lo, hi, key, proportional, result, *np.empty((3, n)))
    return result


@pytest.mark.parametrize(
    ("fleet", "expected"),
    [
        (2.0, [0, 0, 0, 2]),  # idle: only the fourth, which must charge
        (8.0, [0, 3, 0, 5]),  # the lowest keys first, both half full
        (14.0, [0, 6, 0, 8]),
        (16.0, [2, 6, 0, 8]),  # then the next
        (18.0, [4, 6, 0, 8]),
        (0.0, [-2, 0, 0, 2]),  # the highest key gives first
        (-5.0, [-5, 0, -2, 2]),
        (-6.0, [-5, 0, -3, 2]),
    ],
)
def test_least_urgent_waits_and_gives(fleet, expected):
    np.testing.assert_allclose(shares(fleet), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("fleet", "expected"),
    [
        (2.0, [0, 0, 0, 2]),
        (10.0, [2, 3, 0, 5]),  # half of each room
        (-2.0, [-2.5, 0, -1.5, 2]),
        (18.0, [4, 6, 0, 8]),
    ],
)
def test_proportional_shares_by_room(fleet, expected):
    np.testing.assert_allclose(shares(fleet, proportional=True), expected, atol=1e-12)


def test_an_empty_fleet_is_handed_nothing():
    assert shares(0.0, *np.empty((3, 0))).size == 0


@st.composite
def fleets(draw):
    """A few EVs, or more than there are buckets; with keys that are often the same."""
    n = draw(st.one_of(st.integers(1, 12), st.integers(BUCKETS - 1, 3 * BUCKETS)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lo = rng.choice([-11.0, -3.3, 0.0, 1.7], n)
    rise = rng.choice([0.0, 2.5, 11.0], n)
    key = rng.choice([-2.0, 0.0, 0.1, 3.0, 40.0], n)
    if draw(st.booleans()):
        key = np.where(rng.random(n) < 0.7, rng.normal(0, 10, n), key)
    hi = np.maximum(lo + rise, 0.0)
    share = draw(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)))
    fleet = lo.sum() + share * (hi.sum() - lo.sum())
    return float(np.clip(fleet, lo.sum(), hi.sum())), lo, hi, key


@given(fleets(), st.booleans())
def test_shares_sum_to_the_fleet_and_keep_to_the_limits(fleet, proportional):
    amount, lo, hi, key = fleet
    load = shares(amount, lo, hi, key, proportional)
    assert load.sum() == pytest.approx(amount, abs=1e-9)
    assert (load >= lo - 1e-9).all()
    assert (load <= hi + 1e-9).all()


@given(fleets(), st.booleans())
def test_no_ev_charges_what_another_gives(fleet, proportional):
    amount, lo, hi, key = fleet
    idle = np.clip(0.0, lo, hi)
    moved = shares(amount, lo, hi, key, proportional) - idle
    assert (moved >= -1e-12).all() or (moved <= 1e-12).all()


@given(fleets())
def test_nobody_charges_before_the_more_urgent_are_full(fleet):
    amount, lo, hi, key = fleet
    load, idle = shares(amount, lo, hi, key), np.clip(0.0, lo, hi)
    for i in np.flatnonzero(load > idle + 1e-9):
        assert (load[key < key[i]] >= hi[key < key[i]] - 1e-9).all()
    for i in np.flatnonzero(load < idle - 1e-9):
        assert (load[key > key[i]] <= lo[key > key[i]] + 1e-9).all()


@given(fleets(), st.booleans(), st.integers(0, 2**32 - 1))
def test_the_order_of_the_evs_does_not_matter(fleet, proportional, seed):
    amount, lo, hi, key = fleet
    order = np.random.default_rng(seed).permutation(len(lo))
    load = shares(amount, lo, hi, key, proportional)
    again = shares(amount, lo[order], hi[order], key[order], proportional)
    np.testing.assert_allclose(again, load[order], atol=1e-9)


@given(fleets(), st.sampled_from([0.0, 1e-9, 0.5, 1 - 1e-9]), st.floats(0, 1))
def test_rounds_end_where_sorting_ends(fleet, edge, share):
    _, lo, hi, key = fleet
    n, room = len(key), hi - lo
    for part in (edge, share):
        amount = part * room.sum()
        line, at = waterline(n, key.copy(), room.copy(), amount, np.empty(n))
        again, at_again = sorted_line(key, room, amount)
        assert filled(line, at, key, room) == pytest.approx(filled(again, at_again, key, room))


def sorted_line(key, room, amount):
    """The line by sorting: keys one after the other until the amount is reached."""
    below = 0.0
    for line in np.unique(key):
        at = room[key == line].sum()
        if below + at >= amount - 1e-12:
            return line, (amount - below) / at if at > 0 else 0.0
        below += at
    return np.inf, 0.0


def filled(line, at, key, room):
    """(n,) kWh that each EV gets."""
    return np.where(key < line, room, np.where(key == line, at * room, 0.0))


@pytest.mark.parametrize("n", [3, BUCKETS + 6])
def test_more_than_all_room_fills_everybody(n):
    """As where a sum in another order is larger by rounding."""
    line, share = waterline(n, np.arange(n, dtype=float), np.ones(n), n + 1e-9, np.empty(n))
    assert (line, share) == (np.inf, 0.0)


@given(fleets(), st.floats(0, 1))
def test_waterline_is_where_sorting_by_key_would_stop(fleet, share):
    _, lo, hi, key = fleet
    room = hi - lo
    amount = share * room.sum()
    line, part = waterline(len(key), key.copy(), room.copy(), amount, np.empty(len(key)))
    below, at = room[key < line].sum(), room[key == line].sum()
    assert below + part * at == pytest.approx(amount, abs=1e-9)
    assert 0.0 <= part <= 1.0 + 1e-12
