"""Load of the hours ahead of cars that charge at once, or as late as they can."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.fleet.profile import RAMPS, add_charging, hourly_loads_kwh

HOURS = 6


def loads_of(*cars):
    """(H,) loads of cars (hours of charging, hours left, power), at the earliest and latest."""
    ramps, load = np.zeros((HOURS + 2, RAMPS)), np.full(2 * HOURS + 2, np.nan)
    for full_h, left_h, power in cars:
        add_charging(full_h, left_h, power, ramps)
    hourly_loads_kwh(sum(power for _, _, power in cars), ramps, load, 1, HOURS + 1)
    assert np.isnan(load[[0, -1]]).all()
    return load[1:-1].reshape(2, HOURS)


@pytest.mark.parametrize(
    ("car", "earliest", "latest"),
    [
        ((2.5, 2.5, 10.0), [10, 10, 5, 0, 0, 0], [10, 10, 5, 0, 0, 0]),
        ((0.5, 1.75, 10.0), [5, 0, 0, 0, 0, 0], [0, 5, 0, 0, 0, 0]),
        ((2.0, 3.5, 10.0), [10, 10, 0, 0, 0, 0], [0, 5, 10, 5, 0, 0]),
        ((4.5, 9.0, 10.0), [10, 10, 10, 10, 5, 0], [0, 0, 0, 0, 5, 10]),
        ((7.5, 9.0, 10.0), [10] * 6, [0, 5, 10, 10, 10, 10]),
        ((2.0, 9.0, 10.0), [10, 10, 0, 0, 0, 0], [0] * 6),
        ((0.0, 2.0, 10.0), [0] * 6, [0] * 6),
    ],
)
def test_one_car(car, earliest, latest):
    np.testing.assert_allclose(loads_of(car), [earliest, latest], atol=1e-12)


def test_nobody():
    assert loads_of().tolist() == [[0.0] * HOURS] * 2


INSTANT = st.one_of(st.sampled_from([0.0, 1.0, 2.0, 5.75, 6.0]), st.floats(0, 9))


def _within(start, end, hour):
    return max(0.0, min(end, hour + 1) - max(start, hour))


@given(st.lists(st.tuples(INSTANT, INSTANT, st.floats(0.1, 50)), max_size=8))
def test_cars_add_up(cars):
    cars = [(min(a, b), max(a, b), power) for a, b, power in cars]
    expected = [
        [sum(p * _within(0.0, full, h) for full, _, p in cars) for h in range(HOURS)],
        [sum(p * _within(left - full, left, h) for full, left, p in cars) for h in range(HOURS)],
    ]
    loads = loads_of(*cars)
    np.testing.assert_allclose(loads, expected, atol=1e-9)
    assert (loads >= 0).all()
